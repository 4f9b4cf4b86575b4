"""`[bacnet]` and the `[[devices]]` tables of protocol "bacnet": their own keys, and the keys of Modbus that say nothing there. Pure."""

from __future__ import annotations

import re
from typing import Any

from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.config import BacnetConfig, BacnetNetwork, DeviceConfig, Discover
from t3actors.configure import keys
from t3actors.configure.faults import NotAllowed, Place
from t3actors.stations import DEFAULT_PORT, STATION_FORM, station

MOST_INSTANCE = 4_194_302  # ANSI/ASHRAE 135, 12.11.1: 4194303 stands for any device
LINK_DEFAULTS = {"timeout": 3.0, "retries": 2}
COV_FORM = "true, false, or an array of at least one point id, each once and " + keys.NAME_FORM
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
ROUTER_FORM = '"IP" or "IP:port" of the router, on our own network'


def _address(text: str) -> str:
    station(text)
    return text


def _router(text: str) -> str:
    if station(text).network is not None:
        raise ValueError
    return text


def _scale(value: int | str) -> int | str:
    if isinstance(value, bool) or value not in ("auto", 1, 1000):
        raise ValueError
    return value


def _cov(value: bool | list[str]) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    named = tuple(keys.name().read(point_id) for point_id in value)
    if not named or len({point_id.lower() for point_id in named}) < len(named):
        raise NotAllowed(COV_FORM)
    return named


def _who_is_range(limits: list[int]) -> tuple[int, int]:
    low, high = limits
    if not 0 <= low <= high <= 4194303:
        raise ValueError
    return low, high


ADDRESS = keys.needed(keys.Key(str, STATION_FORM, _address))
OWN_KEYS: dict[str, keys.Key] = {
    "instance": keys.whole(0, MOST_INSTANCE),
    "scale": keys.Key(int | str, '"auto", 1 or 1000', _scale),
    "cov": keys.Key(bool | list[str], COV_FORM, _cov),
    "cov_max": keys.whole(0, 100, " subscriptions"),
    "private_transfer": keys.flag(),
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
SECTION_KEYS: dict[str, keys.Key] = {
    "interface": keys.text(64),
    "port": keys.whole(1, 65535),
    "discover": keys.one_of(Discover),
    "instance": keys.whole(0, MOST_INSTANCE),
    "bbmd": keys.Key(str, ADDRESS_FORM, lambda text: join_address(*split_address(text, DEFAULT_PORT))),
    "bbmd_ttl": keys.duration(30, 65535),
    "who_is_range": keys.Key(list[int], "[low, high], each from 0 to 4194303", _who_is_range),
    "who_is_rate": keys.number(0.01, 100),
    "cov_max_per_device": keys.whole(0, 100, " subscriptions"),
    "cov_lifetime": keys.duration(60, 86400),
    "cov_verify": keys.duration(1, 3600),
    "networks": keys.Key(dict[str, Any], "tables [bacnet.networks.N]"),
}
NETWORK_KEYS: dict[str, keys.Key] = {
    "router": keys.Key(str, ROUTER_FORM, _router),
    "in_flight": keys.whole(1, 16),
    "busy_limit": keys.number(0.01, 1),
    "min_gap": keys.duration(0, 10),
}
_SECONDS = {name: f"{name}_s" for name in ("bbmd_ttl", "cov_lifetime", "cov_verify", "min_gap")}


def read_section(raw: object, place: Place) -> BacnetConfig:
    """Convert `[bacnet]`."""
    values = keys.read_table(raw, SECTION_KEYS, place)
    networks = []
    for name, table in values.pop("networks", {}).items():
        where = place.key("networks").key(name)
        if _NUMBER.fullmatch(name) is None or int(name) > 65534:
            where.refuse(name, "a network number from 1 to 65534")
            continue
        networks.append(BacnetNetwork(number=int(name), **_fields(keys.read_table(table, NETWORK_KEYS, where))))
    return BacnetConfig(**_fields(values), networks=tuple(networks))


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


def refuse_too_many(cov: bool | tuple[str, ...], cov_max: int, place: Place) -> None:
    """Refuse more points to be told of than there may be subscriptions."""
    if not isinstance(cov, bool) and len(cov) > cov_max:
        place.key("cov").say(f"{len(cov)} points; allowed: at most cov_max, which is {cov_max}")


def refuse_shared(devices: list[tuple[Place, DeviceConfig]]) -> None:
    """Refuse two enabled devices of one instance on one network, wherever they are said to answer: one of them is not who it says.

    On two networks it is against the standard too (12.11.1), but buildings have it: trunks whose stations were all left at the
    factory's number. Each is asked at its own address and has a name of its own, so nothing is mixed up; discovery says it once.
    """
    taken: dict[tuple[int | None, int | None], DeviceConfig] = {}
    for place, device in devices:
        network = station(device.address).network
        first = taken.setdefault((network, device.instance), device)
        if first is not device:
            where = "our own network" if network is None else f"network {network}"
            place.key("instance").refuse(
                device.instance, f'one device for each instance of {where}; "{first.name}" at {first.address} has it'
            )


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    return {_SECONDS.get(name, name): value for name, value in values.items()}
