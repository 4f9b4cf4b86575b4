"""Builds the tree: the only file that knows all stages.

     device 1 --+  PointsRead                  PointsChanged
     device 2 --+--------------> ChangeDetector --------------> DatabaseWriter --> t3actors.db
     device N --+<-------------- drops repeats <--------------- one transaction per batch
                  ReadingsTaken                 BatchStored

    gateway (one_for_one)
      writer                 DatabaseWriter, an actor with a thread
      webview (one_for_one)  WebviewWriter, where T3000's own database is to be kept filled: a thread too
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
from collections.abc import Sequence
from functools import partial

import trio

from supervision.errors import ChildStartFailed
from supervision.intensity import Intensity
from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.supervisor import Supervisor
from supervision.watchdog import LoopWatchdog
from t3actors import __version__, clock
from t3actors.collect import products
from t3actors.config import Config
from t3actors.detect.detector import ChangeDetector
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_STARTED, GATEWAY_STOPPED, GATEWAY_STOPPING
from t3actors.messages import DeviceRemoved, EventHappened, SyncFinished
from t3actors.pauses import LIMIT_S, Pauses
from t3actors.pollers import Pollers
from t3actors.reload import Reload, Source
from t3actors.specs import actor_spec, pool_spec
from t3actors.starting import Up, keep_collections_short, keep_hold, short_turns
from t3actors.store.lock import data_dir_locked
from t3actors.store.reader import open_reader
from t3actors.store.webview.actor import WEBVIEW, webview_writer
from t3actors.store.writer import DatabaseWriter
from t3actors.watch.api.inside import Reach
from t3actors.watch.health import HealthBoard
from t3actors.watch.summary import Summary
from t3actors.watch.supervised import SupervisionLog
from t3actors.watch.sync import ANSWERED_WITHIN_S, Syncs
from t3actors.watch.unit import Unit
from t3actors.watch.watchers import watchers

LOOP_STALL_LIMIT_S = LIMIT_S
CYCLE_WITHIN_S = 1800.0
"""Longest wait for a requested cycle of a T3000: 100 panels over HTTP, some of them dead."""
SEARCHED_WITHIN_S = 900.0
"""Longest wait for the first three sweeps: at one Who-Is a second, those of a building with a few dozen networks."""
WRITER_STARTS_WITHIN_S = 120.0  # it checks a file of up to 64 MB first, and brings it up to date: slow from an SD card
WRITER_STOPS_WITHIN_S = 15.0
DETECTOR_FLUSHES_WITHIN_S = 12.0
DETECTOR_STOPS_WITHIN_S = 15.0


class Gateway:
    """One gateway: its tree, its registry, its counters. `run` it inside trio."""

    def __init__(self, config: Config, log: Log, unit: Unit | None = None, source: Source | None = None) -> None:
        """`unit`: who tells the service manager how it goes; nobody, where none started us. `source`: where `config` was read."""
        self.log = log
        self.unit = unit or Unit()
        self.board = HealthBoard()
        self.registry = Registry()
        self.supervision_log = SupervisionLog(log, clock.wall_ms, self._tell_detector)
        self.pauses = Pauses(clock.machine_ms, clock.wall_ms)
        self.pollers = Pollers(config, log, self._pool_of, self._tell_detector, self.pauses)
        self.pace, self.found, self.control = self.pollers.pace, self.pollers.found, self.pollers.control
        self.syncs = Syncs(lambda: self._pool_of("watch"), self._tell_detector, clock.wall_ms, self._answers_within_s)
        self.reload = Reload(source, self.pollers, lambda: self.supervisor, self._tell_detector, clock.wall_ms, log)
        self.reload.began, self.reload.ended = self.unit.reloading, self.unit.reloaded
        self.unstored = 0
        self.ended = trio.Event()
        self._reason = ""
        self.boot_id = f"{clock.wall_ms():x}-{os.getpid():x}"
        self.supervisor = Supervisor(
            self.tree(), registry=self.registry, on_event=self.supervision_log, random=random.random
        )

    @property
    def config(self) -> Config:
        """The configuration that holds now."""
        return self.pollers.config

    def tree(self) -> SupervisorSpec:
        """The whole supervision tree, as data."""
        return SupervisorSpec(
            name="gateway",
            intensity=Intensity(restarts=10, period_s=60.0),
            children=(
                actor_spec(
                    "writer", self._writer, stop_within_s=WRITER_STOPS_WITHIN_S, start_within_s=WRITER_STARTS_WITHIN_S
                ),
                pool_spec("webview", tuple(self._webview())),
                actor_spec("detector", self._detector, stop_within_s=DETECTOR_STOPS_WITHIN_S),
                *self.pollers.pools(),
                pool_spec("watch", tuple(self._watchers())),
            ),
        )

    def _webview(self) -> list[ChildSpec]:
        """The child that fills T3000's own database, where it is asked for. Whatever befalls it is its own affair."""
        start = webview_writer(self.config, self.log, clock.wall_ms, random.random, products.NAMES)
        return [] if start is None else [actor_spec(WEBVIEW, start, stop_within_s=WRITER_STOPS_WITHIN_S)]

    async def search(self) -> str:
        """Wait until those who look for devices have asked everybody once, where somebody is to be found and polled.

        **Returns**: why not everybody was found; nothing when all went well.
        """
        return await self.found.first_round(SEARCHED_WITHIN_S) if self.pollers.finds_and_polls else ""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`; started once every actor of the tree is up, or once a stop that came before that is over.

        Raises: AlreadyRunning; StoreError when the database cannot be had; RestartLimitReached when the tree gave up.
        """
        try:
            with data_dir_locked(self.config.gateway.data_dir) as held, short_turns():
                async with trio.open_nursery() as nursery:
                    up = Up(partial(self._is_up, nursery), task_status)
                    watchdog = LoopWatchdog(LOOP_STALL_LIMIT_S, self.supervision_log)
                    nursery.start_soon(watchdog.run)
                    nursery.start_soon(self.pauses.keep_looking)
                    nursery.start_soon(keep_collections_short)
                    nursery.start_soon(keep_hold, held.renew, self.log)
                    nursery.start_soon(self.unit.attend, self.board)
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
        self.unit.stopping()
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

    def _writer(self) -> DatabaseWriter:
        return DatabaseWriter(
            self.config.store,
            self.config.gateway.name,
            __version__,
            self.boot_id,
            self.log,
            clock.wall_ms,
            clock_trusted=clock.is_trusted(),
            kernel=clock,
        )

    def _detector(self) -> ChangeDetector:
        return ChangeDetector(
            self.config.store,
            wall_ms=clock.wall_ms,
            log=self.log,
            stream_id=lambda: secrets.randbits(62),
            flush_within_s=DETECTOR_FLUSHES_WITHIN_S,
            on_lost=self._count_unstored,
            pauses=self.pauses,
        )

    def _watchers(self) -> list[ChildSpec]:
        reach = Reach(
            registry=self.registry,
            supervisor=lambda: self.supervisor,
            control=self.control,
            devices=self.control.named,
            links=self.pollers.links,
            installations=self.pollers.installations,
            sync=self.sync,
            reload=self.reload.ask,
            lateness=self.pace.histogram,
            supervision=self.supervision_log.counts,
        )
        made = watchers(
            self.config,
            self.boot_id,
            self.log,
            reach=reach,
            open_reader=open_reader,
            summary=self._summary,
            board=self.board,
        )
        return [actor_spec(name, start) for name, start in made.items()]

    def _summary(self) -> Summary:
        return Summary(
            log=self.log,
            take_pace=self.pace.take,
            restarts=lambda: self.supervision_log.counts["restarts"],
            database=self.config.store.database,
            devices_total=lambda: len(self.config.devices) + len(self.found.devices),
        )

    def _is_up(self, nursery: trio.Nursery) -> None:
        self._say_started()
        nursery.start_soon(self.reload.serve)

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
        self.unit.ready()
