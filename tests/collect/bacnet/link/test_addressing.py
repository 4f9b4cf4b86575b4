"""Stations as bacpypes3 holds them."""

from __future__ import annotations

import pytest
from bacpypes3.pdu import Address

from t3actors.collect.bacnet.link.addressing import addressed, heard_from, key
from t3actors.stations import destination, station


@pytest.mark.parametrize("text", ["1.2.3.4:5", "50:7", "65534:0x0102", "50:1.2.3.4:5"])
def test_a_station_comes_back_from_bacpypes3_as_it_went(text: str) -> None:
    address = addressed(station(text))
    assert heard_from(address) == key(address) == station(text)
    assert hash(heard_from(address)) == hash(key(address))
    assert addressed(station(text)) is address


@pytest.mark.parametrize("text", ["*:*", "*", "50:*", "1.2.3.4:5", "50:7"])
def test_it_is_the_address_that_bacpypes3_reads_from_the_same_text(text: str) -> None:
    assert addressed(destination(text)) == Address(text)
