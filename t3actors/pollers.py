"""Who asks the devices, built from a configuration: the links, an actor per device, and who looks for more of them.

links     one ModbusLink per address, whose units share its connection; one BacnetLink for all BACnet devices
devices   one DeviceActor per configured device; one InstallationActor per T3000, with all its panels
found     Discovery, and one DeviceActor per device that it has found
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.supervisor import Supervisor
from t3actors import clock
from t3actors.collect.bacnet.discover.discovery import Discovery
from t3actors.collect.bacnet.discover.found import FoundDevices
from t3actors.collect.bacnet.driver import BacnetDriver
from t3actors.collect.bacnet.link.actor import BacnetLink, load_stack
from t3actors.collect.bacnet.link.requests import DISCOVERY
from t3actors.collect.bacnet.link.requests import LINK as BACNET_LINK
from t3actors.collect.bacnet.meeting import facts_at
from t3actors.collect.device import DeviceActor
from t3actors.collect.driver import Driver
from t3actors.collect.modbus.driver import ModbusDriver
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.listed import item
from t3actors.collect.modbus.requests import LinkSettings, role_of
from t3actors.collect.pace import Pace
from t3actors.collect.t3000.doors import door_of
from t3actors.collect.t3000.installation import InstallationActor
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.configure.difference import speaks_bacnet
from t3actors.control import Control
from t3actors.events import Log
from t3actors.messages import DeviceRemoved, EventHappened
from t3actors.pauses import Pauses
from t3actors.points import DeviceFacts
from t3actors.specs import actor_spec, pool_spec


class Pollers:
    """Thread: the trio loop. `config` is what holds now: it may be replaced, and later starts follow it.

    `pool_of`: the supervisor of that name; `tell`: the detector.
    """

    def __init__(
        self,
        config: Config,
        log: Log,
        pool_of: Callable[[str], Supervisor],
        tell: Callable[[EventHappened | DeviceRemoved], object],
        pauses: Pauses,
    ) -> None:
        self.config = config
        self._pauses = pauses
        self.pace = Pace()
        self.found = FoundDevices(lambda: pool_of("found"), self.found_device_spec, tell, clock.wall_ms)
        self.control = Control(config.devices, lambda: self.found.devices, pool_of, tell, clock.wall_ms, log)
        self._log = log

    @property
    def finds_and_polls(self) -> bool:
        """Whether somebody looks for devices, and those that he finds are polled."""
        return self.config.bacnet is not None and self.config.bacnet.discover in {"temco", "all"}

    def pools(self) -> tuple[SupervisorSpec, ...]:
        """Give the pools of them all, in the order in which they are started."""
        devices = tuple(self.device_spec(device, ordinal) for ordinal, device in enumerate(self.config.devices))
        return (
            pool_spec("links", tuple(self.link_specs())),
            pool_spec("devices", devices),
            pool_spec("found", tuple(self.discovery_specs())),
        )

    # -- devices

    def device_spec(self, device: DeviceConfig, ordinal: int) -> ChildSpec:
        """The child that polls one device, or a T3000 with all its panels."""
        start = self._installation if device.protocol == "t3000" else self._device
        return actor_spec(f"device/{device.name}", partial(start, device, ordinal))

    def found_device_spec(self, device: DeviceConfig) -> ChildSpec:
        """The child that polls a device that was found."""
        return self.device_spec(device, len(self.config.devices) + len(self.found.devices))

    def _device(self, device: DeviceConfig, ordinal: int) -> DeviceActor:
        device = self.control.present(device)
        return DeviceActor(
            device,
            lambda registry, alive: self._driver(device, registry, alive),
            tuple(item(point).point for point in device.points),
            ordinal=ordinal,
            wall_ms=clock.wall_ms,
            log=self._log,
            pace=self.pace,
            random=random.random,
            auto_start=self.config.gateway.auto_start,
            pauses=self._pauses,
            known_facts=facts_at(device.address, device.instance) if device.protocol == "bacnet" else DeviceFacts(),
        )

    def _installation(self, device: DeviceConfig, ordinal: int) -> InstallationActor:
        return InstallationActor(
            self.control.present(device),
            door_of,
            ordinal=ordinal,
            wall_ms=clock.wall_ms,
            log=self._log,
            pace=self.pace,
            random=random.random,
            auto_start=self.config.gateway.auto_start,
            pauses=self._pauses,
        )

    def _driver(self, device: DeviceConfig, registry: Registry, alive: Callable[[], None]) -> Driver:
        if device.protocol == "bacnet":
            bacnet = self.config.bacnet or BacnetConfig()
            return BacnetDriver(
                device, registry, self._log, time.monotonic, alive, bacnet=bacnet, wall_ms=clock.wall_ms
            )
        return ModbusDriver(device, registry, self._log, time.monotonic, alive)

    # -- links

    def link_specs(self) -> list[ChildSpec]:
        """The links that the enabled devices need, and who looks for devices."""
        links = [
            self._link_spec(role_of(address), partial(ModbusLink, address, settings, log=self._log))
            for address, settings in self.lines().items()
        ]
        return [*links, self.bacnet_link_spec()] if speaks_bacnet(self.config) else links

    def lines(self) -> dict[str, LinkSettings]:
        """How patient each Modbus address's link is to be: as the most patient of its units."""
        sharing: dict[str, list[DeviceConfig]] = {}
        for device in self.config.devices:
            if device.enabled and device.protocol == "modbus":
                sharing.setdefault(device.address, []).append(device)
        return {
            address: LinkSettings(
                connect_timeout_s=max(device.timeout_s for device in units),
                min_pause_s=max(device.min_pause_s for device in units),
                per_poll=any(device.connection == "per_poll" for device in units),
            )
            for address, units in sharing.items()
        }

    def links(self) -> dict[str, list[str]]:
        """Name the devices on each link, by its role; a T3000 has a door of its own and no link."""
        on: dict[str, list[str]] = {}
        for device in (*self.config.devices, *self.found.devices.values()):
            if device.enabled and device.protocol != "t3000":
                role = role_of(device.address) if device.protocol == "modbus" else BACNET_LINK
                on.setdefault(role, []).append(device.name)
        return on

    def installations(self) -> list[str]:
        """Name the installations of T3000 that are asked."""
        return [device.name for device in self.config.devices if device.enabled and device.protocol == "t3000"]

    def bacnet_link_spec(self) -> ChildSpec:
        """The link of all BACnet devices."""
        load_stack()
        return self._link_spec(BACNET_LINK, partial(BacnetLink, self.config.bacnet or BacnetConfig(), log=self._log))

    @staticmethod
    def _link_spec(role: str, start: Callable[[], ModbusLink | BacnetLink]) -> ChildSpec:
        return actor_spec(role, start, one_message_within_s=None)

    # -- who looks for devices

    def discovery_specs(self) -> list[ChildSpec]:
        """The child that looks for devices, where the configuration asks for it."""
        bacnet = self.config.bacnet
        if bacnet is None or bacnet.discover == "off":
            return []
        start = partial(
            Discovery,
            bacnet,
            log=self._log,
            wall_ms=clock.wall_ms,
            template=self.config.found_devices,
            configured=self.config.devices,
            polled=self.found,
        )
        return [actor_spec(DISCOVERY, start)]
