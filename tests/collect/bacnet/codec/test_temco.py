"""Temco's command 98: what may be sent, and what any answer amounts to."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.temco import (
    RAW_KEPT,
    READING_COMMANDS,
    SETTING_LENGTH,
    Setting,
    decode_setting,
    must_be_reading,
    read_setting_parameters,
)
from t3actors.errors import BadResponse

HEADER = struct.pack("<HBBBH", 7 + SETTING_LENGTH, 98, 0, 0, SETTING_LENGTH)


def block(panel: int = 3, serial: int = 240_488, instance: int = 1001) -> bytes:
    octets = bytearray(SETTING_LENGTH)
    octets[73] = panel
    octets[177:181] = serial.to_bytes(4, "little")
    octets[198:202] = instance.to_bytes(4, "little")
    return bytes(octets)


def test_the_settings_are_asked_for_in_one_header() -> None:
    assert read_setting_parameters() == bytes.fromhex("0700 62 00 00 9001")
    must_be_reading(260, 1, read_setting_parameters())


@pytest.mark.parametrize("command", sorted(set(range(256)) - READING_COMMANDS))
def test_no_other_command_may_be_sent_not_even_below_100(command: int) -> None:
    """28 clears the panel."""
    with pytest.raises(ValueError, match=f"saw command {command}; allowed: 98"):
        must_be_reading(260, 1, struct.pack("<HBBBH", 7, command, 0, 0, 400))


@pytest.mark.parametrize(
    ("vendor", "service", "parameters"),
    [
        (148, 1, read_setting_parameters()),
        (260, 2, read_setting_parameters()),
        (260, 1, b""),
        (260, 1, read_setting_parameters()[:-1]),
        (260, 1, read_setting_parameters() + b"\0"),
        (260, 1, struct.pack("<HBBBH", 407, 98, 0, 0, 400)),
        (260, 1, struct.pack("<HBBBH", 7, 98, 1, 0, 400)),
    ],
)
def test_what_is_not_exactly_a_reading_header_may_not_be_sent(vendor: int, service: int, parameters: bytes) -> None:
    with pytest.raises(ValueError, match="allowed"):
        must_be_reading(vendor, service, parameters)


def test_a_panel_says_its_number_its_serial_number_and_its_instance() -> None:
    assert decode_setting(HEADER + block()) == Setting(3, 240_488, 1001)


def test_a_longer_block_of_a_newer_firmware_is_read_all_the_same() -> None:
    assert decode_setting(HEADER + block() + bytes(50)) == Setting(3, 240_488, 1001)


@pytest.mark.parametrize("panel", [0, 255])
def test_a_panel_number_that_stands_for_none_is_none(panel: int) -> None:
    assert decode_setting(HEADER + block(panel=panel)).panel_number is None


@pytest.mark.parametrize("serial", [0, 0xFFFFFFFF])
def test_a_serial_number_that_was_never_written_is_none(serial: int) -> None:
    assert decode_setting(HEADER + block(serial=serial)).serial_number is None


@pytest.mark.parametrize("instance", [0, 4194303, 0xFFFFFFFF])
def test_an_instance_that_stands_for_none_is_none(instance: int) -> None:
    assert decode_setting(HEADER + block(instance=instance)).instance is None


@pytest.mark.parametrize("content", [b"", HEADER, HEADER + block()[:201], b"\x97\x01\x63" + HEADER[3:] + block()])
def test_what_does_not_hold_the_settings_is_a_bad_response(content: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_setting(content)


def test_a_bad_answer_keeps_no_password_for_the_log() -> None:
    with pytest.raises(BadResponse) as bad:
        decode_setting(HEADER + block()[:150])
    assert len(bad.value.raw) == RAW_KEPT < 7 + 74


@given(st.binary(max_size=300) | st.binary(max_size=420).map(lambda rest: HEADER + rest))
def test_no_octets_raise_anything_but_bad_response(content: bytes) -> None:
    try:
        found = decode_setting(content)
    except BadResponse:
        return
    assert found.panel_number is None or 1 <= found.panel_number <= 254
    assert found.serial_number is None or 0 < found.serial_number < 2**32
