"""Reads the configuration: one TOML file and those it includes, into a checked `Config` or a list of every fault.

    load(path) -> Config          raises ConfigError: a line for each fault, of all files at once

What each key takes stands in devices.py, points.py, bacnet.py, api.py and, for the other sections, here. Nothing is created or
connected: a directory or device that cannot be reached is found when the gateway runs. Called by the command line.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import tomllib
import zoneinfo
from pathlib import Path

from t3actors.config import (
    ApiConfig,
    BacnetConfig,
    Config,
    DeviceConfig,
    Durability,
    GatewayConfig,
    LogConfig,
    Stamp,
    StoreConfig,
)
from t3actors.configure import api, bacnet, keys, log, webview
from t3actors.configure.devices import (
    DEFAULT_KEYS,
    DEVICE_KEYS,
    Defaults,
    added_panels,
    found_devices,
    read_defaults,
    read_device,
    refuse_shared,
)
from t3actors.configure.durations import duration_s, duration_text, size_bytes
from t3actors.configure.faults import NotAllowed, Place, shown_path
from t3actors.configure.points import KEEP, POINT_KEYS
from t3actors.errors import ConfigError

LARGEST_FILE = 16_000_000


def _time_zone(name: str) -> str:
    if name == "UTC":
        return name
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as fault:
        known = 'a time zone such as "Europe/London"'
        if not zoneinfo.available_timezones():
            known = '"UTC": this machine has no time zones installed (package tzdata)'
        raise NotAllowed(known) from fault
    return name


LEAST_BUDGET = 20_000_000  # points, events and a day or two of a small building


def _budget(text: str) -> int:
    budget = size_bytes(text)
    if 0 < budget < LEAST_BUDGET:
        raise ValueError
    return budget


GATEWAY_KEYS: dict[str, keys.Key] = {
    "name": keys.name(),
    "data_dir": keys.path(),
    "time_zone": keys.Key(str, "a time zone", _time_zone),
    "auto_start": keys.flag(),
}
STORE_KEYS: dict[str, keys.Key] = {
    "database": keys.path(),
    "durability": keys.one_of(Durability),
    "batch_rows": keys.whole(1, 200_000),
    "batch_age": keys.duration(0.01, 60),
    "recent": keys.duration(3600, 366 * 86400),
    "min_free": keys.size(),
    "webview": webview.TABLE,
    "budget": keys.Key(str, 'a size from "20MB", or "0B" for no limit but the disk', _budget),
    "raw": KEEP,
    "minutes": KEEP,
    "hours": KEEP,
    "stamp": keys.one_of(Stamp),
}
SECTIONS = ("gateway", "defaults", "store", "api", "log", "bacnet")
TOP_KEYS = ("include", *SECTIONS, "devices")
ALL_KEYS: dict[str, tuple[str, ...]] = {
    "": TOP_KEYS,
    "gateway": tuple(GATEWAY_KEYS),
    "defaults": tuple(DEFAULT_KEYS),
    "store": tuple(STORE_KEYS),
    "store.webview": tuple(webview.SECTION_KEYS),
    "api": tuple(api.SECTION_KEYS),
    "log": tuple(log.SECTION_KEYS),
    "bacnet": tuple(bacnet.SECTION_KEYS),
    "bacnet.networks.N": tuple(bacnet.NETWORK_KEYS),
    "devices": tuple(DEVICE_KEYS),
    "devices.points": tuple(POINT_KEYS),
}
"""Every key there is, by its table: the samples and documents are tested against it."""

_INCLUDE = keys.Key(list[str], 'an array of file patterns such as ["conf.d/*.toml"]')


def load(path: str | os.PathLike[str]) -> Config:
    """Read and check the configuration at `path` with all it includes.

    Raises: ConfigError, with every fault of every file.
    """
    reading = _Reading()
    reading.read_toml(os.fspath(path), within=())
    config = reading.config()
    if reading.faults:
        raise ConfigError(reading.faults)
    return config


def said_data_dir(path: str | os.PathLike[str]) -> Path | None:
    """Where a configuration says that it keeps its things, whatever else is wrong with it; None where it does not say so."""
    reading = _Reading()
    reading.read_toml(os.fspath(path), within=())
    said = len(reading.faults)
    settled = reading.gateway() if "gateway" in reading.sections else None
    return settled.data_dir if settled is not None and len(reading.faults) == said else None


class _Reading:
    """What was gathered from the files so far: sections with the place they stand at, devices, and the faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.sections: dict[str, tuple[Place, object]] = {}
        self.devices: list[tuple[Place, object]] = []
        self.digest = hashlib.sha256()
        self.read: set[str] = set()

    def read_toml(self, file: str, within: tuple[str, ...]) -> None:
        """Read one file and what it includes; `within` are the files that led here."""
        place = Place(self.faults, file)
        content = self.read_text(file, place)
        self.read.add(os.path.realpath(file))
        if content is None:
            return
        try:
            document = tomllib.loads(content.replace("\r\n", "\n"))
        except RecursionError:
            place.say("not TOML: nested too deeply")
            return
        except ValueError as fault:
            place.say(f"not TOML: {_one_line(fault)}")
            return
        for name, value in document.items():
            self._take(name, value, place)
        self._include(document.get("include", []), file, place.key("include"), (*within, os.path.realpath(file)))

    def read_text(self, file: str, place: Place) -> str | None:
        """Read a file as UTF-8 text; say at `place` what is wrong with it and return None."""
        named = "" if file == place.file else f'"{shown_path(file)}" '
        try:
            found = os.stat(file)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
                place.say(f"{named}cannot be read; allowed: a regular file of at most {LARGEST_FILE // 10**6} MB")
                return None
            raw = Path(file).read_bytes()
        except (OSError, ValueError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
            place.say(f"{named}cannot be read: {reason}")
            return None
        self.digest.update(len(raw).to_bytes(8) + raw)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = raw.count(b"\n", 0, fault.start) + 1
            place.say(f"{named}is not UTF-8: saw byte 0x{raw[fault.start]:02x} in line {line}; allowed: UTF-8 text")
            return None

    def config(self) -> Config:
        """Convert all that was gathered."""
        settled = self.gateway()
        store, line = self._store(settled.data_dir), self._bacnet()
        place, raw = self._section("defaults")
        defaults = read_defaults(raw, place, line or BacnetConfig())
        return Config(
            gateway=settled,
            store=store,
            api=self._api(),
            log=self._log(settled.data_dir),
            bacnet=line,
            devices=self._devices(defaults),
            found_devices=found_devices(defaults),
            added_panels=added_panels(defaults),
            source_hash=self.digest.hexdigest()[:12],
        )

    def gateway(self) -> GatewayConfig:
        """Convert `[gateway]`."""
        place, raw = self._section("gateway")
        values = keys.read_table(raw, GATEWAY_KEYS, place)
        if "data_dir" in values:
            values["data_dir"] = Path(os.path.abspath(os.path.join(self._folder(place), values["data_dir"])))
        return GatewayConfig(**values)

    def _take(self, name: str, value: object, place: Place) -> None:
        if name not in TOP_KEYS:
            place.unknown(name, TOP_KEYS)
        elif name in self.sections:
            first = self.sections[name][0].file
            place.key(name).say(f"[{name}] stands in {first} already; allowed: once in all files")
        elif name in SECTIONS:
            self.sections[name] = (place.key(name), value)
        elif name == "devices" and isinstance(value, list):
            for number, table in enumerate(value, 1):
                named = table.get("name") if isinstance(table, dict) else None
                self.devices.append((place.key("devices").item(number, named), table))
        elif name == "devices":
            place.key("devices").refuse(value, "[[devices]] tables")

    def _include(self, raw: object, file: str, place: Place, within: tuple[str, ...]) -> None:
        try:
            patterns = _INCLUDE.read(raw)
        except NotAllowed as fault:
            place.refuse(raw, fault.allowed)
            return
        folder = os.path.dirname(file)
        for pattern in patterns:
            for match in self._matches(pattern, folder, place):
                real = os.path.realpath(match)
                if real in within:
                    place.refuse(pattern, f"files that do not lead back here; {shown_path(match)} does")
                elif real not in self.read:
                    self.read_toml(match, within)

    @staticmethod
    def _matches(pattern: str, folder: str, place: Place) -> list[str]:
        try:
            found = glob.glob(pattern, root_dir=folder or None)
        except (OSError, ValueError):
            found = []
        files = [path for path in (os.path.join(folder, match) for match in sorted(found)) if os.path.isfile(path)]
        if not files:
            place.refuse(pattern, f'patterns that match at least one file, seen from "{shown_path(folder or ".")}"')
        return files

    def _section(self, name: str) -> tuple[Place, object]:
        return self.sections.get(name, (Place(self.faults, "", name), {}))

    @staticmethod
    def _folder(place: Place) -> str:
        return os.path.dirname(place.file)

    def _store(self, data_dir: Path) -> StoreConfig:
        place, raw = self._section("store")
        values = keys.read_table(raw, STORE_KEYS, place)
        values["database"] = data_dir / values.get("database", StoreConfig().database)
        if "webview" in values:
            table = values.pop("webview")
            values["webview"] = webview.read_section(table, place.key("webview"), data_dir, values["database"])
        fields = {
            "batch_age": "batch_age_s",
            "recent": "recent_s",
            "min_free": "min_free_bytes",
            "budget": "budget_bytes",
        }
        fields |= {name: f"{name}_s" for name in ("raw", "minutes", "hours")}
        if "stamp" in values:
            values["stamp_ms"] = round(duration_s(values.pop("stamp")) * 1000)
        store = StoreConfig(**{fields.get(name, name): value for name, value in values.items()})
        if 0 < store.raw_s < store.recent_s:
            place.key("raw").refuse(raw.get("raw"), f'at least recent, which is "{duration_text(store.recent_s)}"')  # type: ignore[attr-defined]
        return store

    def _api(self) -> ApiConfig:
        place, raw = self._section("api")
        return api.read_section(raw, place, self._folder(place))

    def _log(self, data_dir: Path) -> LogConfig:
        place, raw = self._section("log")
        return log.read_section(raw, place, data_dir)

    def _bacnet(self) -> BacnetConfig | None:
        if "bacnet" not in self.sections:
            return None
        place, raw = self.sections["bacnet"]
        return bacnet.read_section(raw, place)

    def _devices(self, defaults: Defaults) -> tuple[DeviceConfig, ...]:
        found: list[tuple[Place, DeviceConfig]] = []
        for place, raw in self.devices:
            device = read_device(raw, place, defaults, self._read_csv)
            if device is not None:
                found.append((place, device))
        refuse_shared(found)
        return tuple(device for _, device in found)

    def _read_csv(self, name: str, place: Place) -> tuple[str, str] | None:
        if not name or not name.isprintable():
            place.refuse(name, DEVICE_KEYS["points"].allowed)
            return None
        file = os.path.join(self._folder(place), name)
        text = self.read_text(file, place)
        return None if text is None else (file, text)


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())
