"""Reads the configuration: one TOML file and those it includes, into a checked `Config` or a list of every fault.

    load(path) -> Config          raises ConfigError: a line for each fault, of all files at once

Which files these are and what stands in them, gathered.py finds out; what each key takes stands in devices.py, points.py, a file for
each section, and, for `[gateway]`, here. Nothing is created or connected: a directory or device that cannot be reached is found when
the gateway runs. Called by the command line.
"""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path

from t3actors.config import (
    ApiConfig,
    BacnetConfig,
    Config,
    DeviceConfig,
    GatewayConfig,
    LogConfig,
    StoreConfig,
)
from t3actors.configure import api, bacnet, keys, log, store, webview
from t3actors.configure.claims import refuse_same_files
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
from t3actors.configure.faults import NotAllowed, Place
from t3actors.configure.gathered import TOP_KEYS, Gathered
from t3actors.configure.points import POINT_KEYS
from t3actors.errors import ConfigError


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


GATEWAY_KEYS: dict[str, keys.Key] = {
    "name": keys.name(),
    "data_dir": keys.path(),
    "time_zone": keys.Key(str, "a time zone", _time_zone),
    "auto_start": keys.flag(),
}
ALL_KEYS: dict[str, tuple[str, ...]] = {
    "": TOP_KEYS,
    "gateway": tuple(GATEWAY_KEYS),
    "defaults": tuple(DEFAULT_KEYS),
    "store": tuple(store.SECTION_KEYS),
    "store.webview": tuple(webview.SECTION_KEYS),
    "api": tuple(api.SECTION_KEYS),
    "log": tuple(log.SECTION_KEYS),
    "bacnet": tuple(bacnet.SECTION_KEYS),
    "bacnet.networks.N": tuple(bacnet.NETWORK_KEYS),
    "devices": tuple(DEVICE_KEYS),
    "devices.points": tuple(POINT_KEYS),
}
"""Every key there is, by its table: the samples and documents are tested against it."""


def load(path: str | os.PathLike[str]) -> Config:
    """Read and check the configuration at `path` with all it includes.

    Raises: ConfigError, with every fault of every file.
    """
    gathered = Gathered()
    gathered.read_toml(os.fspath(path), within=())
    config = _Reading(gathered).config()
    if gathered.faults:
        raise ConfigError(gathered.faults)
    return config


def said_data_dir(path: str | os.PathLike[str]) -> Path | None:
    """Where a configuration says that it keeps its things, whatever else is wrong with it; None where it does not say so."""
    gathered = Gathered()
    gathered.read_toml(os.fspath(path), within=())
    said = len(gathered.faults)
    settled = _Reading(gathered).gateway() if "gateway" in gathered.sections else None
    return settled.data_dir if settled is not None and len(gathered.faults) == said else None


class _Reading:
    """Converts what was gathered, section by section."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered

    def config(self) -> Config:
        """Convert all that was gathered."""
        settled = self.gateway()
        kept, line = self._store(settled.data_dir), self._bacnet()
        place, raw = self._gathered.section("defaults")
        defaults = read_defaults(raw, place, line or BacnetConfig())
        config = Config(
            gateway=settled,
            store=kept,
            api=self._api(),
            log=self._log(settled.data_dir),
            bacnet=line,
            devices=self._devices(defaults),
            found_devices=found_devices(defaults),
            added_panels=added_panels(defaults),
            source_hash=self._gathered.source_hash,
        )
        refuse_same_files(self._gathered, config)
        return config

    def gateway(self) -> GatewayConfig:
        """Convert `[gateway]`."""
        place, raw = self._gathered.section("gateway")
        values = keys.read_table(raw, GATEWAY_KEYS, place)
        if "data_dir" in values:
            values["data_dir"] = Path(os.path.abspath(os.path.join(_folder(place), values["data_dir"])))
        return GatewayConfig(**values)

    def _store(self, data_dir: Path) -> StoreConfig:
        place, raw = self._gathered.section("store")
        return store.read_section(raw, place, data_dir)

    def _api(self) -> ApiConfig:
        place, raw = self._gathered.section("api")
        return api.read_section(raw, place, _folder(place))

    def _log(self, data_dir: Path) -> LogConfig:
        place, raw = self._gathered.section("log")
        return log.read_section(raw, place, data_dir)

    def _bacnet(self) -> BacnetConfig | None:
        if "bacnet" not in self._gathered.sections:
            return None
        place, raw = self._gathered.sections["bacnet"]
        return bacnet.read_section(raw, place)

    def _devices(self, defaults: Defaults) -> tuple[DeviceConfig, ...]:
        found: list[tuple[Place, DeviceConfig]] = []
        for place, raw in self._gathered.devices:
            device = read_device(raw, place, defaults, self._read_csv)
            if device is not None:
                found.append((place, device))
        refuse_shared(found)
        return tuple(device for _, device in found)

    def _read_csv(self, name: str, place: Place) -> tuple[str, str] | None:
        if not name or not name.isprintable():
            place.refuse(name, DEVICE_KEYS["points"].allowed)
            return None
        file = os.path.join(_folder(place), name)
        text = self._gathered.read_text(file, place)
        return None if text is None else (file, text)


def _folder(place: Place) -> str:
    return os.path.dirname(place.file)
