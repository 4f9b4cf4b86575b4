from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.simulator.bacnet import bvll
from t3actors.simulator.bacnet.bbmd import GRACE_S, MOST_FOREIGN, ForeignDevices
from t3actors.simulator.bacnet.bvll import BadLink

CLIENT = ("127.0.0.1", 40_000)
DONE = bvll.encode_result(0)


def registered(ttl_s: int = 60) -> ForeignDevices:
    table = ForeignDevices()
    assert table.answer(bvll.REGISTER_FOREIGN_DEVICE, ttl_s.to_bytes(2, "big"), CLIENT, 0.0) == DONE
    return table


def test_a_registration_holds_for_its_time_and_the_grace_of_the_standard() -> None:
    table = registered(60)
    assert table.addresses(60 + GRACE_S - 0.1) == [CLIENT]
    assert table.addresses(60 + GRACE_S) == []


def test_a_renewal_starts_the_time_anew() -> None:
    table = registered(60)
    table.answer(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c", CLIENT, 80.0)
    assert table.addresses(160.0) == [CLIENT]


def test_a_full_table_refuses_a_new_client_and_renews_an_old_one() -> None:
    table = registered()
    for port in range(1, MOST_FOREIGN):
        assert table.answer(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c", ("127.0.0.1", port), 0.0) == DONE
    refusal = bvll.encode_result(0x0030)
    assert table.answer(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c", ("127.0.0.1", 60_000), 0.0) == refusal
    assert table.answer(bvll.REGISTER_FOREIGN_DEVICE, b"\x00\x3c", CLIENT, 0.0) == DONE


def test_the_table_is_read_and_an_entry_deleted() -> None:
    table = registered()
    entry = bvll.encode_address(CLIENT) + b"\x00\x3c" + (90 - 10).to_bytes(2, "big")
    assert table.answer(bvll.READ_FDT, b"", CLIENT, 10.0) == bvll.encode_link(bvll.READ_FDT_ACK, entry)
    assert table.answer(bvll.DELETE_FDT_ENTRY, bvll.encode_address(CLIENT), CLIENT, 10.0) == DONE
    again = table.answer(bvll.DELETE_FDT_ENTRY, bvll.encode_address(CLIENT), CLIENT, 10.0)
    assert again == bvll.encode_result(0x0050)


def test_its_broadcast_table_cannot_be_written() -> None:
    assert ForeignDevices().answer(bvll.WRITE_BDT, b"", CLIENT, 0.0) == bvll.encode_result(0x0010)


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x00\x3c\x00"])
def test_a_registration_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(BadLink):
        ForeignDevices().answer(bvll.REGISTER_FOREIGN_DEVICE, content, CLIENT, 0.0)


@given(st.integers(0, 255), st.binary(max_size=20))
def test_no_bytes_make_it_raise_anything_but_its_own_error(function: int, content: bytes) -> None:
    with contextlib.suppress(BadLink):
        ForeignDevices().answer(function, content, CLIENT, 0.0)
