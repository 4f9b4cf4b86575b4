"""BACnet addresses as people write them, and as a network and a MAC on it. Pure: no name is resolved, no vendor is asked.

"192.168.1.5", "192.168.1.5:47809": a station on our own network. "50:7", "50:192.168.1.5:47808", "50:0x0102": a station on
network 50, behind a router, by its decimal MAC, its IP address, or its MAC in hex. For questions to many: "*" our own network,
"50:*" network 50, "*:*" everybody.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

STATION_FORM = (
    '"IP" or "IP:port" of the device, or behind a router "network:station" with a network of 1 to 65534 and a station of '
    '0 to 255, "IP:port" or "0x" and hex digits'
)
TEMCO = 148  # ASHRAE's list of BACnet vendor identifiers: what T3000 panels say that they are
DEFAULT_PORT = 47808  # ANSI/ASHRAE 135, J.1.2
EVERYWHERE = 65535  # 6.2.2: the network number of a global broadcast
STATIONS_KEPT = 4096

_IP = r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?"
_NETWORK = re.compile(r"([0-9]{1,5}):\*")
_LOCAL = re.compile(_IP)
_REMOTE = re.compile(rf"([0-9]{{1,5}}):(?:([0-9]{{1,3}})|0x((?:[0-9a-fA-F]{{2}}){{1,18}})|{_IP})")


class Station(NamedTuple):
    """Where a device is: its network (None: our own) and its MAC there. Without a MAC: all that are there."""

    network: int | None
    mac: bytes


def station(text: str, default_port: int = DEFAULT_PORT) -> Station:
    """Read the address of one device.

    **Raises**: ValueError when it has not the form of one.
    """
    if found := _LOCAL.fullmatch(text):
        return Station(None, _ip_mac(text, found[1], found[2], default_port))
    found = _REMOTE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= 65534 or int(found[2] or 0) > 255:
        raise _no_station(text)
    if found[2] is not None:
        mac = bytes([int(found[2])])
    elif found[3] is not None:
        mac = bytes.fromhex(found[3])
    else:
        mac = _ip_mac(text, found[4], found[5], default_port)
    return Station(int(found[1]), mac)


@lru_cache(maxsize=STATIONS_KEPT)
def known_station(text: str, default_port: int = DEFAULT_PORT) -> tuple[Station, str]:
    """Read the address of one device, and write it in its one form; those read before are remembered. **Raises**: ValueError."""
    found = station(text, default_port)
    return found, written(found)


def destination(text: str, default_port: int = DEFAULT_PORT) -> Station:
    """Read where a question goes: to a station, or to many. **Raises**: ValueError."""
    if text == "*:*":
        return Station(EVERYWHERE, b"")
    if text == "*":
        return Station(None, b"")
    found = _NETWORK.fullmatch(text)
    if found is not None and 1 <= int(found[1]) <= 65534:
        return Station(int(found[1]), b"")
    return station(text, default_port)


def written(at: Station) -> str:
    """Write a station's address so that `station` reads it back, whatever the default port."""
    prefix = "" if at.network is None else f"{at.network}:"
    if len(at.mac) == 6:
        return f"{prefix}{ipaddress.IPv4Address(at.mac[:4])}:{int.from_bytes(at.mac[4:], 'big')}"
    if prefix and len(at.mac) == 1:
        return f"{prefix}{at.mac[0]}"
    return f"{prefix}0x{at.mac.hex()}"


def _ip_mac(text: str, host: str, port: str | None, default_port: int) -> bytes:
    number = default_port if port is None else int(port)
    if not 1 <= number <= 65535:
        raise _no_station(text)
    try:
        return ipaddress.IPv4Address(host).packed + number.to_bytes(2, "big")
    except ValueError:
        raise _no_station(text) from None


def _no_station(text: str) -> ValueError:
    return ValueError(f"saw {text!r}; allowed: {STATION_FORM}")
