"""The link's own few services: as the standard's examples have them, and nothing but BadResponse from any octets."""

from __future__ import annotations

import contextlib

import pytest
from bacpypes3.apdu import ConfirmedPrivateTransferRequest
from bacpypes3.constructeddata import Any
from bacpypes3.primitivedata import OctetString
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.codec.temco import read_setting_parameters
from t3actors.errors import BadResponse


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


def test_a_private_transfer_is_a_vendor_a_service_and_an_octet_string() -> None:
    """The frame as ANSI/ASHRAE 135, F.4.2, has it: tags 0, 1 and, opened, 2."""
    data = services.private_transfer(260, 1, b"12345")
    assert data == bytes.fromhex("0a0104" + "1901" + "2e" + "65053132333435" + "2f")
    assert services.private_result(data, 260, 1) == b"12345"


def test_a_private_transfer_is_written_as_bacpypes3_writes_it() -> None:
    asked = ConfirmedPrivateTransferRequest(
        vendorID=260, serviceNumber=1, serviceParameters=Any(OctetString(read_setting_parameters()))
    )
    assert services.private_transfer(260, 1, read_setting_parameters()) == bytes(asked.encode().pduData)


@pytest.mark.parametrize("octets", [4, 254])
def test_an_octet_string_of_another_length_is_not_written(octets: int) -> None:
    with pytest.raises(ValueError, match="allowed: 5 to 253"):
        services.private_transfer(260, 1, bytes(octets))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("0a0104 1902 2e 6461626364 2f", "another private transfer"),
        ("0994 1901 2e 6461626364 2f", "another private transfer"),
        ("0a0104 1901", "no result"),
        ("0a0104 1901 2e 2105 2f", "no octet string"),
        ("0a0104 1901 2e 6131 6132 2f", "no octet string"),
        ("0a0104 1901 2e 0e6131 0f 2f", "no octet string"),
        ("0a0104 1901 2e 6131 2f 00", "no octet string"),
        ("0a0104 1901 2e 6131", "no result"),
    ],
)
def test_a_private_result_that_is_none_is_a_bad_response(data: str, says: str) -> None:
    with pytest.raises(BadResponse, match=says):
        services.private_result(bytes.fromhex(data), 260, 1)


def test_of_a_bad_private_result_no_more_is_kept_than_can_go_into_a_log() -> None:
    with pytest.raises(BadResponse) as bad:
        services.private_result(bytes.fromhex("0a0104 1901 2e 65c8") + b"secret--" * 25, 260, 1)
    assert len(bad.value.raw) == services.RAW_KEPT


@given(st.binary(max_size=60))
def test_no_octets_raise_anything_but_bad_response(data: bytes) -> None:
    for read in (services.i_am, services.cov, lambda d: services.private_result(d, 260, 1)):
        with contextlib.suppress(BadResponse):
            read(data)
    services.asks_for(data, 1)
