"""A `[[devices]]` table of protocol "bacnet": its own keys, and the keys of Modbus that say nothing there. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from t3actors.configure import keys
from t3actors.configure.faults import Place

BACNET_ADDRESS_FORM = (
    '"IP" or "IP:port" of the device, or behind a router "network:station" with a network of 1 to 65534 and a station of '
    '0 to 255, "IP:port" or "0x" and hex digits'
)
MOST_INSTANCE = 4_194_302  # ANSI/ASHRAE 135, 12.11.1: 4194303 stands for any device
LINK_DEFAULTS = {"timeout": 3.0, "retries": 2}

_IP = re.compile(r"([0-9.]{7,15})(?::([0-9]{1,5}))?")
_REMOTE = re.compile(r"([0-9]{1,5}):(?:([0-9]{1,3})|0x(?:[0-9a-fA-F]{2}){1,18}|([0-9.]{7,15}(?::[0-9]{1,5})?))")


def address(text: str) -> str:
    """Check the form of a BACnet address. Raises: ValueError."""
    remote = _REMOTE.fullmatch(text)
    if remote is None:
        _check_ip(text)
    elif not 1 <= int(remote[1]) <= 65534 or int(remote[2] or 0) > 255:
        raise ValueError
    elif remote[3] is not None:
        _check_ip(remote[3])
    return text


def _check_ip(text: str) -> None:
    found = _IP.fullmatch(text)
    if found is None or not 1 <= int(found[2] or 1) <= 65535:
        raise ValueError
    ipaddress.IPv4Address(found[1])


def _scale(value: int | str) -> int | str:
    if isinstance(value, bool) or value not in ("auto", 1, 1000):
        raise ValueError
    return value


ADDRESS = keys.needed(keys.Key(str, BACNET_ADDRESS_FORM, address))
OWN_KEYS: dict[str, keys.Key] = {
    "instance": keys.whole(0, MOST_INSTANCE),
    "scale": keys.Key(int | str, '"auto", 1 or 1000', _scale),
}
NOT_BACNET = (
    "unit_id",
    "serial_number",
    "connection",
    "profile",
    "points",
    "max_registers",
    "max_gap",
    "min_pause",
)


def refuse_foreign(raw: dict[str, Any], place: Place) -> None:
    """Refuse the keys that only a Modbus device has, each for what it is."""
    for name in NOT_BACNET:
        if name in raw:
            place.key(name).say(
                'given with protocol "bacnet"; allowed: only with "modbus" (a BACnet device is known by its instance and lists '
                "its points itself)"
            )


def refuse_own(raw: dict[str, Any], place: Place) -> None:
    """Refuse on a Modbus device the keys that only a BACnet device has."""
    for name in OWN_KEYS:
        if name in raw:
            place.key(name).say('given with protocol "modbus"; allowed: only with "bacnet"')
