"""T3000's scan as octets. The offsets are written here by number on purpose."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.scan import (
    OPTIONAL,
    QUESTION,
    ScannedPanel,
    SubnetStatus,
    decode,
    encode,
    encode_subnet,
)
from t3actors.errors import BadResponse


def octets(length: int, at: dict[int, int]) -> bytes:
    """An answer with these octets, 0 elsewhere, and what every answer needs."""
    frame = bytearray(length)
    for offset, octet in ({0: 0x65, 4: 1, 12: 74} | at).items():
        frame[offset] = octet
    return bytes(frame)


def panel(length: int = 68, at: dict[int, int] | None = None) -> ScannedPanel:
    found = decode(octets(length, at or {}))
    assert isinstance(found, ScannedPanel)
    return found


def test_the_question_is_five_octets() -> None:
    assert QUESTION == b"\x64\x00\x00\x00\x00"


def test_serial_number_product_unit_and_address_lie_in_every_second_octet() -> None:
    found = panel(at={4: 0x78, 6: 0x56, 8: 0x34, 10: 0x12, 12: 43, 14: 9, 16: 192, 18: 168, 20: 1, 22: 5, 5: 99, 7: 99})
    assert (found.serial_number, found.product, found.modbus_id, found.ip_address) == (0x12345678, 43, 9, "192.168.1.5")


def test_words_are_low_octet_first() -> None:
    found = panel(at={24: 0xF6, 25: 0x01, 26: 0x83, 27: 0x02, 28: 7, 29: 1, 60: 0xC0, 61: 0xBA})
    assert (found.modbus_port, found.version, found.hardware, found.bacnet_port) == (502, 643, 263, 47808)


def test_the_object_instance_is_split_and_high_octet_first_in_each_part() -> None:
    assert panel(at={57: 0x01, 58: 0x02, 34: 0x03, 35: 0x04}).object_instance == 0x01020304


def test_the_other_fields_are_where_the_panel_puts_them() -> None:
    found = panel(at={30: 1, 31: 2, 32: 3, 33: 4, 36: 5, 59: 3, 62: 6, 63: 12, 64: 8, 65: 2, 66: 9, 67: 15})
    assert found.parent_serial == 0x04030201
    assert (found.panel_number, found.isp_mode, found.hardware_info, found.subnet_protocol) == (5, 3, 6, 12)
    assert (found.command_version, found.subnet_port, found.subnet_baud, found.mini_type) == (8, 2, 9, 15)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"AHU roof", "AHU roof"),
        (b"AHU\0junk", "AHU"),
        (b"\xff" * 20, ""),
        (b"", ""),
        (b"caf\xe9", "caf�"),
        (b" x ", "x"),
    ],
)
def test_a_name_ends_at_its_nul_and_an_unwritten_one_is_none(raw: bytes, name: str) -> None:
    assert panel(at=dict(enumerate(raw, 37))).name == name


def test_four_equal_octets_are_no_parent() -> None:
    assert panel(at={30: 7, 31: 7, 32: 7, 33: 7}).parent_serial == 0
    assert panel(at={30: 7, 31: 7, 32: 7}).parent_serial == 0x070707


@pytest.mark.parametrize(("mode", "resting"), [(0, False), (1, True), (2, True), (3, False)])
def test_only_modes_1_and_2_are_a_boot_loader(mode: int, resting: bool) -> None:
    assert panel(at={59: mode}).in_boot_loader is resting


def test_what_an_answer_does_not_reach_is_none() -> None:
    assert (panel(60).isp_mode, panel(60).bacnet_port, panel(60).mini_type) == (0, None, None)
    assert (panel(67).subnet_baud, panel(67).mini_type) == (0, None)
    assert [value for value in msgspec.structs.astuple(panel(26))[5:] if value is not None] == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "it is empty"),
        (b"\x64\0\0\0\0", "it begins with 0x64"),
        (octets(26, {})[:25], "an answer of 25 octets, the shortest has 26"),
        (octets(60, {4: 0}), "the serial number 0"),
        (octets(60, {12: 0}), "the product number 0"),
        (b"\x2f\x02" + bytes(22), "a list of 2 subnet devices in 24 octets"),
        (b"\x2f", "a list of 0 subnet devices in 1 octets"),
    ],
)
def test_what_is_no_answer_says_what_is_wrong_with_it(raw: bytes, said: str) -> None:
    with pytest.raises(BadResponse, match=said) as refused:
        decode(raw)
    assert refused.value.raw == raw


def test_a_list_of_the_subnet_says_who_is_on_line() -> None:
    raw = b"\x2f\x02\x01\x02\x03\x04" + bytes(15) + b"\x01\x05\x00\x06" + bytes(115)
    assert decode(raw) == SubnetStatus(0x04030201, ((5, True), (6, False)))


OCTET = st.integers(0, 255)
NUMBERS = {field.name: st.integers(0, 256 ** len(field.octets) - 1) for field in OPTIONAL if field.name != "name"}


@st.composite
def panels(draw: st.DrawFn) -> ScannedPanel:
    """Any answer: it ends after some of the optional fields."""
    held = OPTIONAL[: draw(st.integers(0, len(OPTIONAL)))]
    values = {field.name: draw(NUMBERS[field.name]) for field in held if field.name != "name"}
    parent = values.get("parent_serial", 0).to_bytes(4, "little")
    if parent == parent[:1] * 4:
        values.update({"parent_serial": 0} if "parent_serial" in values else {})
    if "name" in {field.name for field in held}:
        named = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)
        values["name"] = draw(named.filter(lambda text: len(text.encode()) <= 20))
    return ScannedPanel(
        serial_number=draw(st.integers(1, 2**32 - 1)),
        product=draw(st.integers(1, 255)),
        modbus_id=draw(OCTET),
        modbus_port=draw(st.integers(0, 65535)),
        ip_address=".".join(str(draw(OCTET)) for _ in range(4)),
        **values,
    )


@given(panels())
def test_what_is_written_is_read_again(one: ScannedPanel) -> None:
    assert decode(encode(one)) == one


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(OCTET, st.booleans()), max_size=255))
def test_a_list_that_is_written_is_read_again(parent: int, devices: list[tuple[int, bool]]) -> None:
    assert decode(encode_subnet(SubnetStatus(parent, tuple(devices)))) == SubnetStatus(parent, tuple(devices))


@given(
    st.binary(max_size=700)
    | st.binary(max_size=700).map(lambda tail: b"\x65" + tail)
    | st.binary().map(lambda t: b"\x2f" + t)
)
def test_no_octets_make_it_raise_anything_but_its_own_error(raw: bytes) -> None:
    with contextlib.suppress(BadResponse):
        decode(raw)
