"""What a new configuration changes of the running one. Pure; it names keys, never values: a difference may be logged.

    settled(running, wanted) -> Config         what is to hold: `wanted`, but for the keys that only a restart can change
    difference(running, settled) -> Difference  who is added, removed, changed
    unsettled(wanted, settled) -> keys          what waits for a restart

So what waits for a restart is said again at each reload until there was one.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from t3actors.config import BacnetConfig, Config, DeviceConfig, ModbusPoint
from t3actors.points import Rules

FIXED_SECTIONS = ("gateway", "store", "api", "log")
"""A part of these is built into an actor, a lock or a file that lives as long as the gateway does."""
FIXED_OF_BACNET = ("interface", "port", "instance", "bbmd", "bbmd_ttl_s", "networks")
"""The one link of all BACnet devices is opened by these."""
SEARCHED_BY = ("discover", "who_is_range", "who_is_rate")
POLLED_BY = ("cov_lifetime_s", "cov_verify_s")
WIDTH = {"off": 0, "list": 0, "temco": 1, "all": 2}
"""How many of those who are found are polled."""


class Changed(msgspec.Struct, frozen=True):
    """A device whose configuration is another one now, and in which keys."""

    device: DeviceConfig
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.device.name} ({', '.join(self.keys)})"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`added` and `changed` in the order of the new configuration.

    `found`: the keys in which devices that are found are polled otherwise. `search_changed`: who looks for devices has to begin anew.
    `found_let_go`: those who were found are not polled as they were; who still fits is found again.
    """

    added: tuple[DeviceConfig, ...] = ()
    removed: tuple[DeviceConfig, ...] = ()
    changed: tuple[Changed, ...] = ()
    found: tuple[str, ...] = ()
    search_changed: bool = False
    found_let_go: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.found or self.search_changed)


def settled(running: Config, wanted: Config) -> Config:
    """Return what can hold from now on: `wanted`, with those keys as they run that only a restart changes."""
    kept = {name: getattr(running, name) for name in FIXED_SECTIONS}
    return replace(wanted, **kept, bacnet=_settled_bacnet(running, wanted))


def unsettled(wanted: Config, holding: Config) -> tuple[str, ...]:
    """Name the keys of `wanted` that do not hold: they wait for a restart."""
    keys: list[str] = []
    for section in FIXED_SECTIONS:
        fields = _fields_that_differ(getattr(wanted, section), getattr(holding, section))
        keys.extend(f"{section}.{_key(field)}" for field in fields)
    fields = _fields_that_differ(wanted.bacnet or BacnetConfig(), holding.bacnet or BacnetConfig())
    keys.extend(f"bacnet.{_key(field)}" for field in fields)
    return tuple(keys)


def difference(running: Config, holding: Config) -> Difference:
    """Say who is added, removed and changed when `holding` takes the place of `running`.

    A device is known by its name: another name is another device. Where its table stands is no difference.
    """
    before = {device.name: device for device in running.devices}
    after = {device.name: device for device in holding.devices}
    was, now = running.bacnet or BacnetConfig(), holding.bacnet or BacnetConfig()
    link_keys = tuple(f"bacnet.{_key(name)}" for name in POLLED_BY if getattr(was, name) != getattr(now, name))
    changed = []
    for name, device in after.items():
        if name in before:
            keys = changed_keys(before[name], device) + (link_keys if device.protocol == "bacnet" else ())
            if keys:
                changed.append(Changed(device, keys))
    template = (running.found_devices, holding.found_devices)
    searched_by = [name for name in SEARCHED_BY if getattr(was, name) != getattr(now, name)]
    searches = was.discover != "off" or now.discover != "off"
    return Difference(
        added=tuple(device for name, device in after.items() if name not in before),
        removed=tuple(device for name, device in before.items() if name not in after),
        changed=tuple(changed),
        found=changed_keys(*template) + link_keys if WIDTH[now.discover] else (),
        search_changed=searches
        and bool(searched_by or _known(running) != _known(holding) or template[0] != template[1]),
        found_let_go=WIDTH[now.discover] < WIDTH[was.discover],
    )


def changed_keys(was: DeviceConfig, now: DeviceConfig) -> tuple[str, ...]:
    """Name the keys in which a device's configuration differs, as the file spells them.

    A rule that its points inherit is named once; `points` when they differ beside that.
    """
    keys = [_key(name) for name in _fields_that_differ(was, now) if name not in {"rules", "points"}]
    rules = _fields_that_differ(was.rules, now.rules)
    keys.extend(_key(name) for name in rules)
    if tuple(_inheriting(point, was.rules, now.rules, rules) for point in was.points) != now.points:
        keys.append("points")
    return tuple(keys)


def speaks_bacnet(config: Config) -> bool:
    """Say whether a configuration needs the link of all BACnet devices."""
    searches = config.bacnet is not None and config.bacnet.discover != "off"
    return searches or any(device.enabled and device.protocol == "bacnet" for device in config.devices)


def _settled_bacnet(running: Config, wanted: Config) -> BacnetConfig | None:
    if not (speaks_bacnet(running) and speaks_bacnet(wanted)):
        return wanted.bacnet  # its link is not open, or will be closed
    was = running.bacnet or BacnetConfig()
    kept = {name: getattr(was, name) for name in FIXED_OF_BACNET}
    return replace(wanted.bacnet or BacnetConfig(), **kept)


def _known(config: Config) -> set[tuple[str, str, int | None]]:
    """What the search is told of the configured devices, so that none of them is found once more."""
    devices = (device for device in config.devices if device.protocol == "bacnet")
    return {(device.name, device.address, device.instance) for device in devices}


def _inheriting(point: ModbusPoint, was: Rules, now: Rules, fields: Iterable[str]) -> ModbusPoint:
    """Give a point the new value of each of these rules that it had from its device."""
    inherited = {name: getattr(now, name) for name in fields if getattr(point.rules, name) == getattr(was, name)}
    return replace(point, rules=replace(point.rules, **inherited)) if inherited else point


def _fields_that_differ(one: msgspec.Struct, other: msgspec.Struct) -> tuple[str, ...]:
    return tuple(name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name))


def _key(field: str) -> str:
    """Spell a field of config.py as its key in the file: there the unit stands with the value."""
    return field.removesuffix("_s").removesuffix("_ms").removesuffix("_bytes")
