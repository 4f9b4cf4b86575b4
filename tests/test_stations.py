"""BACnet addresses as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.stations import EVERYWHERE, Station, destination, known_station, station, written


@pytest.mark.parametrize(
    ("text", "network", "mac"),
    [
        ("192.168.1.5", None, "c0a80105bac0"),
        ("192.168.1.5:47809", None, "c0a80105bac1"),
        ("50:7", 50, "07"),
        ("65534:255", 65534, "ff"),
        ("50:0x0102", 50, "0102"),
        ("50:192.168.1.5", 50, "c0a80105bac0"),
        ("50:192.168.1.5:1", 50, "c0a801050001"),
    ],
)
def test_a_station_is_a_network_and_a_mac(text: str, network: int | None, mac: str) -> None:
    assert station(text) == (network, bytes.fromhex(mac))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ahu-1",
        "50:256",
        "0:7",
        "65535:7",
        "50:",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "1.2.3.256",
        "1.2.3",
        "50:0x1",
        "*",
        "eth0:1",
        "١:7",
    ],
)
def test_what_is_no_station_is_refused_by_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="network:station"):
        station(text)


def test_the_default_port_is_the_caller_s() -> None:
    assert station("1.2.3.4", 5) == station("1.2.3.4:5")
    assert known_station("50:1.2.3.4", 5) == (station("50:1.2.3.4:5"), "50:1.2.3.4:5")


@given(st.none() | st.integers(1, 65534), st.binary(min_size=1, max_size=18))
def test_what_is_written_is_read_back(network: int | None, mac: bytes) -> None:
    if network is None:
        mac = (mac * 6)[:4] + b"\x12\x34"
    if len(mac) == 6 and mac[4:] == b"\0\0":
        return
    assert station(written(Station(network, mac)), 1) == (network, mac)


def test_many_are_asked_by_a_star() -> None:
    assert destination("*:*") == (EVERYWHERE, b"")
    assert destination("*") == (None, b"")
    assert destination("50:*") == (50, b"")
    assert destination("1.2.3.4:5") == station("1.2.3.4:5")
    for text in ("0:*", "65535:*", "000001234:*", ":*", "x:*"):
        with pytest.raises(ValueError, match="allowed"):
            destination(text)
