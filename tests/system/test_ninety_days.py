"""T17: ninety days with one device in ten faulty, in which nothing of the gateway grows: no task, timer, file or table.

The whole tree but the API's listener's guests: real actors, real store, real log; panels at socket pairs (building_in_memory.py), on a
clock that jumps (time_lapse.py). What is there on day 90 is held, by name, against what was there on day 5 (census.py).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from t3actors import clock
from t3actors.collect.modbus.link import ModbusLink
from t3actors.config import BacnetConfig
from t3actors.events import LogEvent
from t3actors.pipeline import Gateway
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.store.reader import open_reader
from t3actors.watch.log import LogWriter
from t3actors.watch.log_file import LogFile
from t3actors.watch.tree import rows_of
from tests.system.bacnet_in_memory import Stations
from tests.system.building_in_memory import Building
from tests.system.census import Census, grown, least, take
from tests.system.house import config_of
from tests.system.time_lapse import DAY_S, HOUR_S, TimeLapse

PANELS = 2
PRESETS = {"bacnet-1": Preset.GENERIC}
POLLS_EVERY_S = 2 * HOUR_S
FIRST_LOOK_DAY, LAST_LOOK_DAY = 5, 90
FAULTY_S, WELL_S = 4 * HOUR_S, 36 * HOUR_S  # one in ten, in the mean
CALM_S = 26 * HOUR_S  # before each look nobody is faulty: a register that was refused is asked for again after a day
LOOKS, LOOKS_APART_S = 3, 437.0
BUDGET = 1_320_000
FAULTS = (
    Fault(FaultKind.STALL), Fault(FaultKind.DROP), Fault(FaultKind.DROP_MID_FRAME), Fault(FaultKind.GARBAGE),
    Fault(FaultKind.EXCEPTION, code=6), Fault(FaultKind.SLOW, delay_s=0.4), Fault(FaultKind.LATE), Fault(FaultKind.WRONG_ID),
    Fault(FaultKind.ZERO_ID), Fault(FaultKind.SHORT), Fault(FaultKind.OVERLONG), Fault(FaultKind.REFUSE), Fault(FaultKind.BLACKHOLE),
    Fault(FaultKind.ILLEGAL_RANGES, registers=((7484, 7490),)),
)  # fmt: skip
BACNET_FAULTS = tuple(
    BacnetFault(BacnetFaultKind(kind))
    for kind in (
        "stall", "drop", "late", "reject", "abort", "error", "malformed", "garbage", "half_answer", "duplicate", "wrong_invoke_id",
        "cov_silent", "cov_refuse", "undecodable",
    )
)  # fmt: skip
NO_BACNET_FAULT = BacnetFault(BacnetFaultKind.NONE)
BACNET = BacnetConfig(cov_lifetime_s=DAY_S, cov_verify_s=6 * HOUR_S)
LOG_FILE, LOG_KEPT = 100_000, 2
LIMITS = {
    "Growth._seen": 145, "Registry.dead_letters": 2 * PANELS + 10, "Repeats._kinds": 1000, "_Flapping.written": 3000,
    "t3actors.watch.repeats.classed (cached)": 4096, "Content.batches": 16, "Watermarks._newest": 16,
    "Asking._spoilers": 32, "Seen._seen": 100, "Told._told": 20, "Pending._items": 16, "Polling._polls": 8, "Poll.items": 64,
    "Answers._objects": 64, "Answers._wanted": 128,
}  # fmt: skip
"""Tables that fill up for longer than some days, and the most that they may hold (here)."""
MORE_OBJECTS = 50  # of a type: fewer than there are faults, crashes or polls in the months between
MORE_BLOCKS = 8000  # of 400,000
CRASHES = ("detector", "writer", "health", "summary")


class Crash:
    """A message that nobody understands."""


class Months:
    """A gateway in time lapse, its building and its log."""

    def __init__(self, building: Building, stations: Stations, gateway: Gateway, said: Counter[str]) -> None:
        self.building, self.stations, self.gateway, self.said = building, stations, gateway, said
        self.faults = 0
        self.crashes: Counter[str] = Counter()
        self._chance = random.Random(90)
        self._calm = False
        self._calm_begins = trio.Event()

    async def keep_striking(self, name: str) -> None:
        """First every fault once: what is kept of each is there on the first look. Then one in ten, in the mean."""
        strikes: Callable[[Any], None] = partial(self.building.strike, name)
        faults: Sequence[Any] = FAULTS
        if name in PRESETS:
            strikes, faults = partial(self.stations.strike, name), BACNET_FAULTS
        for fault in faults:
            await trio.sleep(3 * HOUR_S)
            await self._strike(strikes, fault, 3 * HOUR_S)
        while True:
            await trio.sleep(self._chance.uniform(0.0, 2 * WELL_S))
            if not self._calm:
                await self._strike(strikes, self._chance.choice(faults), self._chance.uniform(0.0, 2 * FAULTY_S))

    async def _strike(self, strikes: Callable[[Any], None], fault: Fault | BacnetFault, seconds: float) -> None:
        strikes(fault)
        self.faults += 1
        with trio.move_on_after(seconds):
            await self._calm_begins.wait()
        strikes(NO_FAULT if isinstance(fault, Fault) else NO_BACNET_FAULT)

    async def keep_moving(self) -> None:
        while True:
            await trio.sleep(POLLS_EVERY_S)
            self.building.advance(POLLS_EVERY_S)
            self.stations.advance(POLLS_EVERY_S)

    async def keep_crashing(self) -> None:
        """Send each actor what it does not understand, quickly at first, then one a day."""
        roles = (
            *CRASHES,
            *(f"device/{name}" for name in (*self.building.panels, *PRESETS)),
            *self.gateway.pollers.links(),
        )
        pause_s = 3 * HOUR_S
        while True:
            for role in roles:
                await trio.sleep(pause_s)
                if not self._calm:
                    assert self.gateway.registry.send(role, Crash())
                    self.crashes[role] += 1
            pause_s = 0.7 * DAY_S

    async def until_day(self, day: float) -> Census:
        """Go on to the end of that day, be calm for its last hours, and count."""
        await trio.sleep_until(self._began_s + day * DAY_S - CALM_S)
        self._calm = True
        self._calm_begins.set()
        await trio.sleep(CALM_S)
        looks = []
        for _ in range(LOOKS):
            await trio.sleep(LOOKS_APART_S)
            looks.append(take(self.gateway))
        self._calm, self._calm_begins = False, trio.Event()
        return least(looks[1:])

    def begin(self) -> None:
        self._began_s = trio.current_time()


@asynccontextmanager
async def months(directory: Path, patch: pytest.MonkeyPatch, lapse: TimeLapse) -> AsyncIterator[Months]:
    rules = Rules(poll_interval_s=POLLS_EVERY_S, max_interval_s=0.0)
    log = LogWriter(
        LogFile(directory / "t3actors.log", LOG_FILE, LOG_KEPT), human=False, now_s=lapse.clock.current_time
    )
    said: Counter[str] = Counter()

    def counted(event: LogEvent, /, **keys: Any) -> None:
        said[event.name] += 1
        log(event, **keys)

    with Building(PANELS, patch) as building:
        stations = Stations(PRESETS, patch)
        devices = [*building.devices(rules=rules), *stations.devices(rules=rules, cov=True)]
        config = config_of(devices, directory, recent_s=DAY_S, budget_bytes=BUDGET, minutes_s=DAY_S)
        gateway = Gateway(msgspec.structs.replace(config, bacnet=BACNET), counted)
        lived = Months(building, stations, gateway, said)
        async with trio.open_nursery() as nursery:
            building.nursery = nursery
            await nursery.start(gateway.run)
            lived.begin()
            nursery.start_soon(lapse.keep_the_writer_tidy, gateway.registry.send)
            nursery.start_soon(lived.keep_moving)
            nursery.start_soon(lived.keep_crashing)
            for name in (*building.panels, *PRESETS):
                nursery.start_soon(lived.keep_striking, name)
            yield lived
            gateway.stop("the test is over")
            await gateway.ended.wait()
            nursery.cancel_scope.cancel()
    log.close()


def what_grew(early: Census, late: Census) -> dict[str, tuple[int, int]]:
    """Name all that is more than it was: each table, unless it has a limit and is within it; each type of object by many."""
    grew = {
        name: (getattr(early, name), getattr(late, name))
        for name in ("tasks", "timers", "threads", "files", "actors")
        if getattr(late, name) > getattr(early, name)
    }
    tables = grown(early.tables, late.tables).items()
    grew |= {name: sizes for name, sizes in tables if sizes[1] > LIMITS.get(name, 0)}
    grew |= grown(early.objects, late.objects, by=MORE_OBJECTS)
    if late.memory_blocks > early.memory_blocks + MORE_BLOCKS:
        grew["memory blocks"] = (early.memory_blocks, late.memory_blocks)
    return grew


@pytest.mark.takes_long
def test_nothing_has_grown_between_the_fifth_and_the_ninetieth_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lapse = TimeLapse(monkeypatch)

    async def live() -> None:
        async with months(tmp_path, monkeypatch, lapse) as lived:
            early = await lived.until_day(FIRST_LOOK_DAY)
            late = await lived.until_day(LAST_LOOK_DAY)
            assert what_grew(early, late) == {}
            every_restart_is_explained(lived)
            the_log_is_bounded(lived, tmp_path)
            the_database_is_within_its_budget(lived, tmp_path / "t3actors.db")

    trio.run(live, clock=lapse.clock)


def every_restart_is_explained(lived: Months) -> None:
    restarts = Counter({row.child: row.restarts for row in rows_of(lived.gateway.supervisor) if row.restarts})
    assert restarts == lived.crashes
    assert lived.gateway.supervision_log.counts["restarts"] == lived.said["child.restarted"] == lived.crashes.total()
    assert min(lived.crashes.values()) >= 5
    assert lived.gateway.supervision_log.counts["abandoned"] == 0
    assert lived.faults > 120


def the_log_is_bounded(lived: Months, directory: Path) -> None:
    files = list(directory.glob("t3actors.log*"))
    assert len(files) == 1 + LOG_KEPT
    assert sum(file.stat().st_size for file in files) <= (1 + LOG_KEPT) * LOG_FILE
    assert lived.said["log.dropped"] == 0


def the_database_is_within_its_budget(lived: Months, database: Path) -> None:
    assert database.stat().st_size <= BUDGET
    assert lived.said["history.expired"] > 50
    with open_reader(database) as reader:
        for name in lived.building.panels:
            oldest, newest = (row.sampled_at for row in itemgetter(0, -1)(reader.history(name, "IN1", limit=1_000_000)))
            assert 10 < days_ago(oldest) < LAST_LOOK_DAY - 1, "the oldest samples went, for the budget"
            assert days_ago(newest) < 0.1
            assert days_ago(reader.hours(name, "IN1")[0].at) > LAST_LOOK_DAY - 1, "and left their hours"
            assert days_ago(reader.minutes(name, "IN1")[0].at) < 1.1


def days_ago(at_ms: int) -> float:
    return (clock.wall_ms() - at_ms) / 1000 / DAY_S


def test_a_leak_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lapse = TimeLapse(monkeypatch)
    leaked: list[object] = []
    monkeypatch.setattr("t3actors.collect.modbus.link._planted", leaked, raising=False)
    lose = ModbusLink._lose

    def leaking(link: ModbusLink, *how: Any) -> None:
        leaked.append(bytearray(1000))
        trio.lowlevel.spawn_system_task(trio.sleep_forever)
        lose(link, *how)

    monkeypatch.setattr(ModbusLink, "_lose", leaking)

    async def live() -> None:
        async with months(tmp_path, monkeypatch, lapse) as lived:
            early = await lived.until_day(2)
            late = await lived.until_day(4)
            grew = what_grew(early, late)
            assert {"tasks", "t3actors.collect.modbus.link._planted"} <= grew.keys(), grew

    trio.run(live, clock=lapse.clock)
