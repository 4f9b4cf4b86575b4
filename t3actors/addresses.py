"""Network addresses as people write them: "host", "host:port", "[IPv6]:port". Pure; no name is resolved here."""

from __future__ import annotations

import ipaddress
import re

ADDRESS_FORM = '"host:port" with a name or IP address (IPv6 in brackets) and a port from 1 to 65535'

_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_PARTS = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")


def split_address(text: str, default_port: int) -> tuple[str, int]:
    """Take an address apart: (host without brackets, port).

    Raises: ValueError when it has not the form of one.
    """
    found = _PARTS.fullmatch(text)
    port = default_port if found is None or found["port"] is None else int(found["port"])
    if found is None or not 1 <= port <= 65535:
        raise ValueError(f"not {ADDRESS_FORM}")
    if found["ipv6"] is not None:
        return str(ipaddress.IPv6Address(found["ipv6"])), port
    host = found["host"].lower()
    if re.fullmatch(r"[0-9.]+", host):
        return str(ipaddress.IPv4Address(host)), port
    if _HOST.fullmatch(host) is None:
        raise ValueError(f"not {ADDRESS_FORM}")
    return host, port


def join_address(host: str, port: int) -> str:
    """Put an address together again, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
