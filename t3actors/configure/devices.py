"""The `[[devices]]` tables: defaults handed down, points read, and what two devices must not share.

Pure but for the CSV file that `points = "ahu-1.csv"` names: its reader is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.config import BacnetConfig, Connection, DeviceConfig, ModbusPoint, Profile, Protocol
from t3actors.configure import bacnet, keys, t3000
from t3actors.configure.faults import NotAllowed, Place
from t3actors.configure.points import (
    KEEP_KEYS,
    RULE_KEYS,
    read_points,
    read_points_csv,
    refuse_doubles,
    rules_of,
    words_of,
)
from t3actors.points import Rules

ReadText = Callable[[str, Place], tuple[str, str] | None]
"""(path as written, its place) -> (name of the file, its text), or None when a fault was said."""


def _modbus_address(text: str) -> str:
    if text.startswith(("rtu:", "rtu+tcp:")):
        raise NotAllowed(f"{ADDRESS_FORM}; this version does not speak Modbus RTU yet")
    return join_address(*split_address(text, 502))


def _profile(word: str) -> str:
    if word not in get_args(Profile):
        raise NotAllowed("a profile of this version: " + ", ".join(f'"{name}"' for name in get_args(Profile)))
    return word


def _unit_id(value: int) -> int:
    if not (1 <= value <= 247 or value == 255):
        raise ValueError
    return value


LINK_KEYS: dict[str, keys.Key] = {"timeout": keys.duration(0.05, 600), "retries": keys.whole(0, 10)}

DEFAULT_KEYS: dict[str, keys.Key] = {**RULE_KEYS, **LINK_KEYS}

DEVICE_KEYS: dict[str, keys.Key] = {
    "name": keys.needed(keys.name()),
    "protocol": keys.needed(keys.one_of(Protocol)),
    "address": keys.needed(keys.Key(str, ADDRESS_FORM, _modbus_address)),
    "enabled": keys.flag(),
    "unit_id": keys.Key(int, "1 to 247, or 255 (0 is broadcast: nothing answers it)", _unit_id),
    "serial_number": keys.whole(1, 2**32 - 1),
    "connection": keys.one_of(Connection),
    "profile": keys.Key(str, "the name of a profile", _profile),
    "points": keys.Key(list[Any] | str, "[[devices.points]] tables, or the name of a CSV file"),
    "max_registers": keys.whole(1, 125),
    "max_gap": keys.whole(0, 124, " registers"),
    "min_pause": keys.duration(0, 10),
    **bacnet.OWN_KEYS,
    **t3000.OWN_KEYS,
    **DEFAULT_KEYS,
    **KEEP_KEYS,
}
_BACNET_KEYS: dict[str, keys.Key] = {
    **{name: key for name, key in DEVICE_KEYS.items() if name not in (*bacnet.NOT_BACNET, *t3000.OWN_KEYS)},
    "address": bacnet.ADDRESS,
    "instance": keys.needed(bacnet.OWN_KEYS["instance"]),
}

_SECONDS = {"timeout": "timeout_s", "min_pause": "min_pause_s"}


class Defaults(msgspec.Struct, frozen=True):
    """`[defaults]`, in two parts: what points inherit, and what only devices do. Of `[bacnet]` its devices' own default."""

    rules: Rules = Rules()
    link: dict[str, Any] = {}
    cov_max: int = 5


def read_defaults(raw: object, place: Place, line: BacnetConfig) -> Defaults:
    """Convert `[defaults]`."""
    values = keys.read_table(raw, DEFAULT_KEYS, place)
    return Defaults(rules_of(values, Rules(), place), values, line.cov_max_per_device)


def read_device(raw: object, place: Place, defaults: Defaults, read_text: ReadText) -> DeviceConfig | None:
    """Convert one `[[devices]]` table; None where a fault was found."""
    if isinstance(raw, dict) and raw.get("protocol") == "t3000":
        return t3000.read(raw, place, DEVICE_KEYS, defaults.rules)
    if isinstance(raw, dict) and raw.get("protocol") == "bacnet":
        return _read_bacnet(raw, place, defaults)
    before = len(place.lines)
    values = {**defaults.link, **keys.read_table(raw, DEVICE_KEYS, place)}
    if not isinstance(raw, dict):
        return None
    rules = rules_of(values, defaults.rules, place)
    points = _points(values.pop("points", []), place.key("points"), rules, read_text)
    _check_points(raw, points, values.get("max_registers", 125), place)
    if values.get("protocol") == "modbus":
        bacnet.refuse_own(raw, place)
        t3000.refuse_own(raw, place)
    if len(place.lines) > before:
        return None
    fields = {_SECONDS.get(name, name): value for name, value in values.items()}
    return DeviceConfig(**fields, points=tuple(point for _, point in points), rules=rules)


def found_devices(defaults: Defaults) -> DeviceConfig:
    """Give what a BACnet device that is found, not configured, is polled by."""
    values = {**bacnet.LINK_DEFAULTS, **defaults.link, "cov_max": defaults.cov_max}
    link = {_SECONDS.get(name, name): value for name, value in values.items()}
    return DeviceConfig(name="found", protocol="bacnet", address="", **link, rules=defaults.rules)


def added_panels(defaults: Defaults) -> DeviceConfig:
    """Give what a Modbus panel that is added while the gateway runs is polled by."""
    link = {_SECONDS.get(name, name): value for name, value in defaults.link.items()}
    return DeviceConfig(
        name="added", protocol="modbus", address="", profile="t3-controller", **link, rules=defaults.rules
    )


def _read_bacnet(raw: dict[str, Any], place: Place, defaults: Defaults) -> DeviceConfig | None:
    before = len(place.lines)
    bacnet.refuse_foreign(raw, place)
    t3000.refuse_own(raw, place)
    given = {name: value for name, value in raw.items() if name not in (*bacnet.NOT_BACNET, *t3000.OWN_KEYS)}
    inherited = {**bacnet.LINK_DEFAULTS, **defaults.link, "cov_max": defaults.cov_max}
    values = {**inherited, **keys.read_table(given, _BACNET_KEYS, place)}
    rules = rules_of(values, defaults.rules, place)
    bacnet.refuse_too_many(values.get("cov", False), values["cov_max"], place)
    if len(place.lines) > before:
        return None
    return DeviceConfig(**{_SECONDS.get(name, name): value for name, value in values.items()}, rules=rules)


def refuse_shared(devices: list[tuple[Place, DeviceConfig]]) -> None:
    """Refuse two devices of one name; of one serial number; of one address and unit id, or two kinds of connection.

    Of BACnet: two of one instance.
    """
    names: dict[str, str] = {}
    serials: dict[int, str] = {}
    units: dict[tuple[str, int], str] = {}
    lines: dict[str, DeviceConfig] = {}
    for place, device in devices:
        name, unit = device.name.lower(), (device.address, device.unit_id)
        if name in names:
            place.key("name").refuse(device.name, f"a name not yet used, in any case; it stands at {names[name]}")
        names.setdefault(name, str(place))
        if not device.enabled or device.protocol != "modbus":
            continue
        if unit in units:
            place.key("unit_id").refuse(
                device.unit_id, f'one device for each unit at {device.address}; "{units[unit]}" has it'
            )
        units.setdefault(unit, device.name)
        if device.serial_number is not None:
            owner = serials.setdefault(device.serial_number, device.name)
            if owner != device.name:
                place.key("serial_number").refuse(device.serial_number, f'a serial number of its own; "{owner}" has it')
        first = lines.setdefault(device.address, device)
        if device.connection != first.connection:
            place.key("connection").refuse(
                device.connection, f'"{first.connection}", as "{first.name}" at the same address {device.address}'
            )
    bacnet.refuse_shared([(place, one) for place, one in devices if one.enabled and one.protocol == "bacnet"])
    t3000.refuse_shared([(place, one) for place, one in devices if one.enabled and one.protocol == "t3000"])


def _points(
    raw: list[object] | str, place: Place, rules: Rules, read_text: ReadText
) -> list[tuple[Place, ModbusPoint]]:
    if isinstance(raw, str):
        found = read_text(raw, place)
        points = [] if found is None else read_points_csv(found[1], place.lines, found[0], rules)
    else:
        points = read_points(raw, place, rules)
    refuse_doubles(points)
    return points


def _check_points(raw: dict[str, Any], points: list[tuple[Place, ModbusPoint]], most: int, place: Place) -> None:
    is_empty = raw.get("points", []) == []
    if "profile" in raw and not is_empty:
        place.key("points").say("given beside profile; allowed: one of the two")
    if "profile" not in raw and is_empty:
        place.key("points").say("missing; needed: a profile, at least one [[devices.points]] table, or a CSV file")
    for where, point in points:
        if point.table in ("holding", "input") and words_of(point) > most:
            where.key("type").say(
                f"{words_of(point)} registers long; allowed: at most the device's max_registers, {most}"
            )
