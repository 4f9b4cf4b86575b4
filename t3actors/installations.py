"""A T3000's panels by name, and how the store keeps which ones there are: of its installation, under KEY, their serial numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

KEY = "t3000.panels"


def panel_name(installation: str, serial: int) -> str:
    """Return the device name of a panel."""
    return f"{installation}:{serial}"


def split_name(name: str) -> tuple[str, int] | None:
    """Return the installation and the serial number; None where no panel can be named so."""
    installation, _, serial = name.rpartition(":")
    if not installation or not serial.isascii() or not serial.isdecimal() or len(serial) > len(str(2**32)):
        return None
    return installation, int(serial)


def kept(serials: Iterable[int]) -> bytes:
    """Return what the store is to keep."""
    return msgspec.msgpack.encode(list(serials))


def serials_kept(value: bytes) -> list[int]:
    """Return the serial numbers; none where these are some other version's words."""
    try:
        return msgspec.msgpack.decode(value, type=list[int])
    except msgspec.DecodeError:
        return []
