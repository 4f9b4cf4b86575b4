"""BACnet addresses as people write them, and as bacpypes3 holds them. No name is resolved here.

"192.168.1.5", "192.168.1.5:47809": a station on our own network. "50:7", "50:192.168.1.5:47808", "50:0x0102": a station on
network 50, behind a router, by its decimal MAC, its IP address, or its MAC in hex. For questions to many: "*" our own network,
"50:*" network 50, "*:*" everybody.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from functools import lru_cache

from bacpypes3.pdu import Address, GlobalBroadcast, IPv4Address, LocalBroadcast, RemoteBroadcast, RemoteStation

ADDRESS_FORM = (
    '"host", "host:port", or behind a router "network:mac" with a MAC of 0 to 255, "host:port" or "0x" and hex digits'
)
DEFAULT_PORT = 47808  # ANSI/ASHRAE 135, J.1.2
STATIONS_KEPT = 4096

_IP = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_LOCAL = re.compile(rf"({_IP})(?::([0-9]{{1,5}}))?")
_REMOTE = re.compile(rf"([0-9]{{1,5}}):(?:([0-9]{{1,3}})|0x((?:[0-9a-fA-F]{{2}}){{1,18}})|({_IP})(?::([0-9]{{1,5}}))?)")


def station(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """Read the address of one device.

    **Raises**: ValueError when it has not the form of one.
    """
    if found := _LOCAL.fullmatch(text):
        mac = _ip_mac(found[1], found[2], default_port)
        return IPv4Address((str(ipaddress.IPv4Address(mac[:4])), int.from_bytes(mac[4:], "big")))
    found = _REMOTE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= 65534:
        raise ValueError(f"saw {text!r}; allowed: {ADDRESS_FORM}")
    if found[2] is not None:
        if int(found[2]) > 255:
            raise ValueError(f"saw {text!r}; allowed: {ADDRESS_FORM}")
        mac = bytes([int(found[2])])
    elif found[3] is not None:
        mac = bytes.fromhex(found[3])
    else:
        mac = _ip_mac(found[4], found[5], default_port)
    return RemoteStation(int(found[1]), mac)


@lru_cache(maxsize=STATIONS_KEPT)
def known_station(text: str, default_port: int = DEFAULT_PORT) -> tuple[Address, str]:
    """Read the address of one device, and write it in its one form; those read before are remembered. **Raises**: ValueError."""
    address = station(text, default_port)
    return address, written(address)


def destination(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """Read where a question goes: to a station, or to many. **Raises**: ValueError."""
    if text == "*:*":
        return GlobalBroadcast()
    if text == "*":
        return LocalBroadcast()
    network = text.removesuffix(":*")
    if network != text and network.isascii() and network.isdigit() and 1 <= int(network[:6]) <= 65534:
        return RemoteBroadcast(int(network))
    return station(text, default_port)


def network_of(address: Address) -> int | None:
    """Give the number of the network behind a router, None for our own."""
    network: int | None = address.addrNet
    return network


def written(address: Address) -> str:
    """Write a station's address so that `station` reads it back, whatever the default port."""
    mac = bytes(address.addrAddr)
    prefix = "" if address.addrNet is None else f"{address.addrNet}:"
    if len(mac) == 6:
        return f"{prefix}{ipaddress.IPv4Address(mac[:4])}:{int.from_bytes(mac[4:], 'big')}"
    if prefix and len(mac) == 1:
        return f"{prefix}{mac[0]}"
    return f"{prefix}0x{mac.hex()}"


def key(address: Address) -> tuple[int | None, bytes]:
    """Give what tells one station from another: hashing bacpypes3's own addresses is dear."""
    return address.addrNet, address.addrAddr


def _ip_mac(host: str, port: str | None, default_port: int) -> bytes:
    number = default_port if port is None else int(port)
    if not 1 <= number <= 65535:
        raise ValueError(f"saw port {number}; allowed: 1 to 65535")
    return ipaddress.IPv4Address(host).packed + struct.pack(">H", number)
