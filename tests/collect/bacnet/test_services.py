"""The link's own few services: as the standard's examples have them, and nothing but BadResponse from any octets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet import services
from t3actors.errors import BadResponse


def test_subscribe_cov_is_encoded_as_annex_f_has_it() -> None:
    """ANSI/ASHRAE 135, F.1.11, of the service parameters."""
    assert services.subscribe_cov(18, 0, 10, confirmed=True, lifetime_s=0) == bytes.fromhex("09121c0000000a29013900")


def test_read_property_is_encoded_as_annex_f_has_it() -> None:
    """ANSI/ASHRAE 135, F.3.5."""
    assert services.read_property(0, 5, 85, None) == bytes.fromhex("0c000000051955")
    value, _ = services.property_read(bytes.fromhex("0c0000000519553e444290999a3f"), bytes.fromhex("0c000000051955"))
    assert value == pytest.approx(72.3)


def test_a_notification_is_read_as_annex_f_has_it() -> None:
    """ANSI/ASHRAE 135, F.1.2."""
    heard = services.cov(
        bytes.fromhex(
            "09121c020000041c0000000a39004e09552e44428200002f096f2e8204002f4f".replace("1c0000000a", "2c0000000a")
        )
    )
    assert (heard.process_id, heard.device_instance, heard.object_type, heard.object_instance) == (18, 4, 0, 10)
    assert heard.values[0] == (85, None, 65.0)


@given(st.integers(0, 4194302), st.integers(50, 65535), st.integers(0, 65535))
def test_an_i_am_is_read_back(instance: int, max_apdu: int, vendor_id: int) -> None:
    assert services.i_am(services.encode_i_am(instance, max_apdu, vendor_id)) == services.IAm(
        instance, max_apdu, 0, vendor_id
    )


@pytest.mark.parametrize(
    ("data", "meant"), [("", True), ("09011905", True), ("09061907", False), ("0905", False), ("ff", False)]
)
def test_a_who_is_means_those_in_its_range(data: str, meant: bool) -> None:
    assert services.asks_for(bytes.fromhex(data), 5) is meant


def test_a_wrapped_error_is_read_as_a_bare_one() -> None:
    assert services.error(bytes.fromhex("9102911f")) == services.error(bytes.fromhex("0e9102911f0f")) == (2, 31)


@given(st.binary(max_size=60))
def test_no_octets_raise_anything_but_bad_response(data: bytes) -> None:
    for read in (services.i_am, services.cov, services.error, lambda d: services.property_read(d, b"\x0c")):
        with contextlib.suppress(BadResponse):
            read(data)
    services.asks_for(data, 1)
