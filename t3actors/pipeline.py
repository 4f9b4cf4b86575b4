"""Builds the tree: the only file that knows all stages.

     device 1 --+  PointsRead                  PointsChanged
     device 2 --+--------------> ChangeDetector --------------> DatabaseWriter --> t3actors.db
     device N --+<-------------- drops repeats <--------------- one transaction per batch
                  ReadingsTaken                 BatchStored

    gateway (one_for_one)
      writer                 DatabaseWriter, the one actor with a thread
      detector               ChangeDetector
      links (one_for_one)    one ModbusLink per address; one BacnetLink for all
      devices (one_for_one)  one DeviceActor per configured device; one InstallationActor per T3000, with all its panels
      found (one_for_one)    Discovery, and one DeviceActor per device that it has found
      watch (one_for_one)    Summary, Health, Live, ApiServer

Started in this order, stopped in reverse: devices first, then the detector's last batch, then the writer, so nothing accepted is
lost. Actors find each other by role: "writer", "detector", "device/<name>", "link/modbus/<address>", "link/bacnet", "discovery",
"live", "api".
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import trio

from supervision.actor import ThreadActor, TrioActor
from supervision.backoff import Backoff
from supervision.errors import ChildStartFailed
from supervision.intensity import Intensity
from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.supervisor import Supervisor
from supervision.watchdog import LoopWatchdog
from t3actors import __version__, clock
from t3actors.collect.bacnet.discover.discovery import Discovery
from t3actors.collect.bacnet.discover.found import FoundDevices
from t3actors.collect.bacnet.driver import BacnetDriver
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.requests import DISCOVERY
from t3actors.collect.bacnet.link.requests import LINK as BACNET_LINK
from t3actors.collect.bacnet.meeting import facts_at
from t3actors.collect.device import DeviceActor
from t3actors.collect.driver import Driver
from t3actors.collect.modbus.driver import ModbusDriver
from t3actors.collect.modbus.link import ModbusLink, role_of
from t3actors.collect.modbus.listed import item
from t3actors.collect.pace import Pace
from t3actors.collect.t3000.doors import door_of
from t3actors.collect.t3000.installation import InstallationActor
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.control import Control
from t3actors.detect.detector import ChangeDetector
from t3actors.events import GATEWAY_STARTED, GATEWAY_STOPPED, GATEWAY_STOPPING, Log
from t3actors.messages import DeviceRemoved, EventHappened, SyncFinished
from t3actors.points import DeviceFacts
from t3actors.starting import Up, keep_collections_short
from t3actors.store.lock import data_dir_locked
from t3actors.store.reader import open_reader
from t3actors.store.writer import DatabaseWriter
from t3actors.watch.api.inside import Reach
from t3actors.watch.summary import Summary
from t3actors.watch.supervised import SupervisionLog
from t3actors.watch.sync import ANSWERED_WITHIN_S, Syncs
from t3actors.watch.watchers import watchers

LOOP_STALL_LIMIT_S = 5.0
CYCLE_WITHIN_S = 1800.0
"""Longest wait for a requested cycle of a T3000: 100 panels over HTTP, some of them dead."""
SEARCHED_WITHIN_S = 900.0
"""Longest wait for the first three sweeps: at one Who-Is a second, those of a building with a few dozen networks."""
WRITER_STARTS_WITHIN_S = 120.0  # it checks a file of up to 64 MB first, and brings it up to date: slow from an SD card
WRITER_STOPS_WITHIN_S = 15.0
DETECTOR_FLUSHES_WITHIN_S = 12.0
DETECTOR_STOPS_WITHIN_S = 15.0
RESTARTS_APART_S = 0.05
RARE_PIECES_A_SECOND = 50
"""Requests for rarely used objects, of all devices together: at a start they must not cost the polls their time."""
RESTART_AFTER = Backoff(initial_s=0.2, factor=2.0, cap_s=30.0, jitter=0.2)
ONE_MESSAGE_TAKES_AT_MOST_S = 60.0
"""An actor that works longer on one message hangs and is restarted. Not a link: it says itself how long a request may take."""


class Gateway:
    """One gateway: its tree, its registry, its counters. `run` it inside trio."""

    def __init__(self, config: Config, log: Log) -> None:
        self.config = config
        self.log = log
        self.registry = Registry()
        self.pace = Pace()
        self.supervision_log = SupervisionLog(log, clock.wall_ms, self._tell_detector)
        self.found = FoundDevices(
            lambda: self.supervisor.find("found"), self._found_device_spec, self._tell_detector, clock.wall_ms
        )
        self.unstored = 0
        self.ended = trio.Event()
        self._reason = ""
        self.syncs = Syncs(lambda: self._pool_of("watch"), self._tell_detector, clock.wall_ms, self._answers_within_s)
        self.control = Control(
            config.devices,
            lambda: self.found.devices,
            self._pool_of,
            self._tell_detector,
            clock.wall_ms,
            log,
        )
        self.boot_id = f"{clock.wall_ms():x}-{os.getpid():x}"
        self.supervisor = Supervisor(
            self.tree(), registry=self.registry, on_event=self.supervision_log, random=random.random
        )

    def tree(self) -> SupervisorSpec:
        """The whole supervision tree, as data."""
        devices = tuple(self.device_spec(device, ordinal) for ordinal, device in enumerate(self.config.devices))
        return SupervisorSpec(
            name="gateway",
            intensity=Intensity(restarts=10, period_s=60.0),
            children=(
                replace(
                    self._actor("writer", self._writer, WRITER_STOPS_WITHIN_S), start_timeout_s=WRITER_STARTS_WITHIN_S
                ),
                self._actor("detector", self._detector, DETECTOR_STOPS_WITHIN_S),
                _pool("links", tuple(self.link_specs())),
                _pool("devices", devices),
                _pool("found", tuple(self.discovery_specs())),
                _pool("watch", tuple(self._watchers())),
            ),
        )

    def device_spec(self, device: DeviceConfig, ordinal: int) -> ChildSpec:
        """The child that polls one device, or a T3000 with all its panels."""
        start = self._installation if device.protocol == "t3000" else self._device
        return self._actor(f"device/{device.name}", partial(start, device, ordinal))

    def _device(self, device: DeviceConfig, ordinal: int) -> DeviceActor:
        device = self.control.present(device)
        return DeviceActor(
            device,
            lambda registry, alive: self._driver(device, registry, alive),
            tuple(item(point).point for point in device.points),
            ordinal=ordinal,
            wall_ms=clock.wall_ms,
            log=self.log,
            pace=self.pace,
            random=random.random,
            auto_start=self.config.gateway.auto_start,
            known_facts=facts_at(device.address, device.instance) if device.protocol == "bacnet" else DeviceFacts(),
        )

    def _installation(self, device: DeviceConfig, ordinal: int) -> InstallationActor:
        return InstallationActor(
            self.control.present(device),
            door_of,
            ordinal=ordinal,
            wall_ms=clock.wall_ms,
            log=self.log,
            pace=self.pace,
            random=random.random,
            auto_start=self.config.gateway.auto_start,
        )

    def _driver(self, device: DeviceConfig, registry: Registry, alive: Callable[[], None]) -> Driver:
        if device.protocol == "bacnet":
            bacnet = self.config.bacnet or BacnetConfig()
            return BacnetDriver(device, registry, self.log, time.monotonic, alive, bacnet=bacnet, wall_ms=clock.wall_ms)
        return ModbusDriver(device, registry, self.log, time.monotonic, alive)

    def link_specs(self) -> list[ChildSpec]:
        """One link per distinct Modbus address, whose units share its connection; one for all BACnet devices."""
        sharing: dict[str, list[DeviceConfig]] = {}
        enabled = [device for device in self.config.devices if device.enabled]
        for device in enabled:
            if device.protocol == "modbus":
                sharing.setdefault(role_of(device.address), []).append(device)
        links = [self._actor(role, partial(self._link, devices)) for role, devices in sharing.items()]
        if any(device.protocol == "bacnet" for device in enabled) or self.discovery_specs():
            links.append(self.bacnet_link_spec())
        return [replace(link, heartbeat_timeout_s=None) for link in links]

    def bacnet_link_spec(self) -> ChildSpec:
        """The link of all BACnet devices."""
        link = self._actor(BACNET_LINK, partial(BacnetLink, self.config.bacnet or BacnetConfig(), log=self.log))
        return replace(link, heartbeat_timeout_s=None)

    def discovery_specs(self) -> list[ChildSpec]:
        """The child that looks for devices, where the configuration asks for it."""
        bacnet = self.config.bacnet
        if bacnet is None or bacnet.discover == "off":
            return []
        start = partial(
            Discovery,
            bacnet,
            log=self.log,
            wall_ms=clock.wall_ms,
            template=self.config.found_devices,
            configured=self.config.devices,
            polled=self.found,
        )
        return [self._actor(DISCOVERY, start)]

    def _found_device_spec(self, device: DeviceConfig) -> ChildSpec:
        return self.device_spec(device, len(self.config.devices) + len(self.found.devices))

    async def search(self) -> str:
        """Wait until those who look for devices have asked everybody once, where somebody is to be found and polled.

        **Returns**: why not everybody was found; nothing when all went well.
        """
        polls_found = self.config.bacnet is not None and self.config.bacnet.discover in {"temco", "all"}
        return await self.found.first_round(SEARCHED_WITHIN_S) if polls_found else ""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`; started once every actor of the tree is up, or once a stop that came before that is over.

        Raises: AlreadyRunning; StoreError when the database cannot be had; RestartLimitReached when the tree gave up.
        """
        up = Up(self._say_started, task_status)
        try:
            with data_dir_locked(self.config.gateway.data_dir):
                async with trio.open_nursery() as nursery:
                    watchdog = LoopWatchdog(LOOP_STALL_LIMIT_S, self.supervision_log)
                    nursery.start_soon(watchdog.run)
                    nursery.start_soon(keep_collections_short)
                    await self._run_tree(up)
                    nursery.cancel_scope.cancel()
        finally:
            self.ended.set()
        if not up.is_told:
            task_status.started()

    async def _run_tree(self, up: Up) -> None:
        try:
            await self.supervisor.run(task_status=up)
        except ChildStartFailed as failed:
            raise failed.cause from failed
        abandoned = self.supervisor.threads_abandoned
        self.log(GATEWAY_STOPPED, reason=self._reason, unstored=self.unstored, threads_abandoned=abandoned)

    def stop(self, reason: str) -> None:
        """Ask the whole tree to stop: devices, detector, writer, in this order. Thread: trio."""
        self._reason = reason
        self.log(GATEWAY_STOPPING, reason=reason)
        self.supervisor.request_stop()

    async def sync(self, devices: Sequence[str] | None = None) -> list[SyncFinished]:
        """Poll these devices (all, when None) once, now; return what came of it when the detector has the readings.

        It ends within ANSWERED_WITHIN_S; a device that has not answered by then has failed.
        """
        return await self.syncs.run(self.control.polled() if devices is None else devices)

    def _pool_of(self, name: str) -> Supervisor:
        return self.supervisor.find(name)

    def _answers_within_s(self, name: str) -> float:
        """A whole T3000 takes its time, panel by panel."""
        installations = {device.name for device in self.config.devices if device.protocol == "t3000"}
        return CYCLE_WITHIN_S if name.partition(":")[0] in installations else ANSWERED_WITHIN_S

    def _tell_detector(self, happened: EventHappened | DeviceRemoved) -> None:
        self.registry.send("detector", happened)

    def _count_unstored(self, changes: int) -> None:
        self.unstored += changes

    # ---------------------------------------------------------------------------------------------- the actors

    def _actor(self, name: str, start: Callable[[], TrioActor | ThreadActor], stop_within_s: float = 5.0) -> ChildSpec:
        return ChildSpec(
            name,
            start,
            stop_timeout_s=stop_within_s,
            heartbeat_timeout_s=ONE_MESSAGE_TAKES_AT_MOST_S,
            backoff=RESTART_AFTER,
        )

    def _writer(self) -> DatabaseWriter:
        return DatabaseWriter(
            self.config.store,
            self.config.gateway.name,
            __version__,
            self.boot_id,
            self.log,
            clock.wall_ms,
            clock_trusted=clock.is_trusted(),
        )

    def _detector(self) -> ChangeDetector:
        return ChangeDetector(
            self.config.store,
            wall_ms=clock.wall_ms,
            log=self.log,
            stream_id=lambda: secrets.randbits(62),
            flush_within_s=DETECTOR_FLUSHES_WITHIN_S,
            on_lost=self._count_unstored,
        )

    def _link(self, devices: list[DeviceConfig]) -> ModbusLink:
        return ModbusLink(
            devices[0].address,
            connect_timeout_s=max(device.timeout_s for device in devices),
            min_pause_s=max(device.min_pause_s for device in devices),
            per_poll=any(device.connection == "per_poll" for device in devices),
            log=self.log,
        )

    def _watchers(self) -> list[ChildSpec]:
        reach = Reach(
            registry=self.registry,
            supervisor=lambda: self.supervisor,
            control=self.control,
            devices=self.control.named,
            sync=self.sync,
            lateness=self.pace.histogram,
            supervision=self.supervision_log.counts,
        )
        made = watchers(
            self.config, self.boot_id, self.log, reach=reach, open_reader=open_reader, summary=self._summary
        )
        return [self._actor(name, start) for name, start in made.items()]

    def _summary(self) -> Summary:
        return Summary(
            log=self.log,
            take_pace=self.pace.take,
            restarts=lambda: self.supervision_log.counts["restarts"],
            database=self.config.store.database,
            devices_total=lambda: len(self.config.devices) + len(self.found.devices),
        )

    def _say_started(self) -> None:
        points = sum(len(device.points) for device in self.config.devices)
        self.log(
            GATEWAY_STARTED,
            version=__version__,
            boot_id=self.boot_id,
            pid=os.getpid(),
            devices=len(self.config.devices),
            listed_points=points,
            database=str(self.config.store.database),
            writable_points=0,
            clock_trusted=clock.is_trusted(),
            config_hash=self.config.source_hash,
        )


def _pool(name: str, children: tuple[ChildSpec, ...]) -> SupervisorSpec:
    """A one_for_one supervisor whose children know nothing of each other; its intensity grows with their number.

    It is generous: a child that can never come up again must not take its siblings along for a long time (decision 4).
    """
    return SupervisorSpec(
        name=name,
        children=children,
        intensity=Intensity(restarts=10, restarts_per_child=10, period_s=60.0),
        spacing_s=RESTARTS_APART_S,
        stop_together=True,
    )
