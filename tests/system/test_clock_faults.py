"""T23 through the whole gateway: a clock that starts in 1970 or at the last shutdown, steps, sleeps, or goes through a change of
summer time. Polls keep their cadence by the loop's own clock, each poll is one sample, none is lost, twice or out of order, all say
whether their clock was trusted, and what was stamped wrong is stamped anew, once.

Each poll is answered with its own number, so that a sample says which poll it is of and when it must have been taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio

from t3actors import clock, pauses
from t3actors.detect import detector
from t3actors.pipeline import Gateway
from t3actors.points import Rules
from t3actors.simulator.frames import Request
from t3actors.store.writer import Tidy
from tests.system.building_in_memory import INPUTS, Building
from tests.system.house import RecordedLog, config_of
from tests.system.time_lapse import TimeLapse

NOW_MS = 1_795_000_000_000
HOUR_S, DAY_S = 3600, 86_400
INTERVAL_S = 30.0
BEFORE_S, AFTER_S = 2500.0, 2600.0
AWAKE_AGAIN_AT_S = BEFORE_S
EACH_POLL = Rules(poll_interval_s=INTERVAL_S, max_interval_s=0.0, trend="always")
ROWS = "SELECT name, value, sampled_at, clock_trusted FROM TRENDLOG_ALL WHERE point_id = 'IN1' ORDER BY name, value"
USUAL = {"gateway.started", "gateway.stopped", "device.connecting", "device.online", "point.ok"}
STEPPED = {"clock.left", "clock.stepped"}
"""Put forward, a clock leaves a time that nobody lived through."""


class Machine:
    """What its clocks say. `loop_s` is the loop's own (CLOCK_MONOTONIC), which nothing moves but time awake."""

    def __init__(self, now_ms: int, loop_s: Callable[[], float]) -> None:
        self._true_ms = now_ms
        self._loop_s = loop_s
        self._began_s = loop_s()
        self._asleep_ms = 0
        self.wrong_ms = 0
        self.trusted = True

    def true_ms(self) -> int:
        """What a clock that was never wrong would say."""
        return self._true_ms + self.machine_ms()

    def wall_ms(self) -> int:
        return self.true_ms() + self.wrong_ms

    def machine_ms(self) -> int:
        return round(1000 * (self._loop_s() - self._began_s)) + self._asleep_ms

    def is_trusted(self) -> bool:
        return self.trusted

    def set_to(self, now_ms: int, *, trusted: bool) -> None:
        self.wrong_ms = now_ms - self.true_ms()
        self.trusted = trusted

    def step(self, seconds: float) -> None:
        self.wrong_ms += round(1000 * seconds)

    def sleep(self, seconds: float) -> None:
        """Suspend: the machine's time and the wall clock go on, the loop's clock stands still."""
        self._asleep_ms += round(1000 * seconds)


class Lived:
    """A gateway that polls two panels, its machine, and what it was asked: of each poll when by the loop's clock, and by all clocks."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, now_ms: int = NOW_MS, **gateway: Any) -> None:
        self.lapse = TimeLapse(patch)
        patch.setattr(detector, "TICKS_S", (10.0, 10.0))  # to notice that it stood still
        patch.setattr(pauses, "EVERY_S", 10.0)
        patch.setattr(pauses, "LIMIT_S", 20.0)
        self.machine = Machine(now_ms, self.lapse.clock.current_time)
        self.log = RecordedLog()
        self.polls: dict[str, list[tuple[float, int, int]]] = {}
        for name in ("wall_ms", "machine_ms", "is_trusted"):
            patch.setattr(clock, name, getattr(self.machine, name))
        self._patch = patch
        self._folder = folder
        self.database = folder / "t3actors.db"

    def live(self, fault: Callable[[], object], look: Callable[[], object] = lambda: None) -> None:
        """Live, look, have the fault happen, live on, stop in order."""

        async def lived() -> None:
            with Building(2, self._patch) as building:
                for name in building.panels:
                    self._number(building, name)
                devices = building.devices(rules=EACH_POLL)
                gateway = Gateway(config_of(devices, self._folder), self.log)
                async with trio.open_nursery() as nursery:
                    building.nursery = nursery
                    await nursery.start(gateway.run)
                    nursery.start_soon(self._tidy, gateway.registry.send)
                    await trio.sleep(BEFORE_S)
                    look()
                    fault()
                    await trio.sleep(AFTER_S)
                    gateway.stop("the test is over")
                    await gateway.ended.wait()
                    nursery.cancel_scope.cancel()

        trio.run(lived, clock=self.lapse.clock)

    def _number(self, building: Building, name: str) -> None:
        """Have a panel answer each poll with the number of it."""
        server, panel = building._servers[name], building.panels[name]
        polls = self.polls[name] = []
        answer = server.answer

        def numbered(request: Request) -> bytes | None:
            if request.pdu[-1] == 2 * INPUTS:  # the first request only asks whether it is there
                polls.append((trio.current_time(), self.machine.wall_ms(), self.machine.true_ms()))
                panel.set_raw("IN1", 1000 * len(polls))
            return answer(request)

        server.answer = numbered  # type: ignore[method-assign]

    @staticmethod
    async def _tidy(send: Callable[[str, object], object]) -> None:
        while True:
            await trio.sleep(INTERVAL_S)
            send("writer", Tidy())

    def rows(self, sql: str = ROWS) -> list[tuple[Any, ...]]:
        with closing(apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            return list(connection.execute(sql))

    def stamps(self) -> dict[str, list[tuple[int, bool]]]:
        """Of each device the time and the trust of each poll's sample, in the order of the polls; none is lost, none there twice."""
        found: dict[str, list[tuple[int, bool]]] = {}
        for name, polls in self.polls.items():
            rows = [row for row in self.rows() if row[0] == name]
            assert [value for _, value, *_ in rows] == list(range(1, len(polls) + 1))
            found[name] = [(at_ms, bool(trusted)) for *_, at_ms, trusted in rows]
        return found

    def cadence(self) -> set[float]:
        """Every pause between two polls but the first: what is met at once is polled on its grid from then on."""
        return {
            round(after[0] - before[0], 3) for polls in self.polls.values() for before, after in pairwise(polls[1:])
        }

    def off_the_grid(self, name: str) -> int:
        """How many polls of a device, but the first, did not come after the usual pause."""
        times = [at_s for at_s, *_ in self.polls[name][1:]]
        return sum(abs(after - before - INTERVAL_S) > 0.001 for before, after in pairwise(times))

    def first_poll_after(self, name: str, at_s: float) -> float:
        """When, by the loop's clock since the start."""
        began_s = self.machine._began_s
        return min(polled_s - began_s for polled_s, *_ in self.polls[name] if polled_s - began_s >= at_s)

    def knows_nothing_of(self, gap_s: float) -> None:
        """No value holds over the one time that nobody looked, and whatever is known around it is."""
        (said,) = self.log.of("gateway.stood_still")
        assert said["lasted_s"] == pytest.approx(gap_s, abs=20.0)
        (gone,) = self.rows(
            "SELECT ended_at, started_at FROM GATEWAY_ENDS WHERE ended_at > 0 AND started_at > ended_at"
        )
        assert said["since"] == gone[0]
        assert gone[1] - gone[0] == pytest.approx(1000 * gap_s, abs=20_000)
        spans = self.rows(
            "SELECT name, sampled_at, until_at FROM TRENDLOG_SPANS WHERE point_id = 'IN1' AND value IS NOT NULL ORDER BY 1, 2"
        )
        for name in self.polls:
            mine = [(since, until) for device, since, until in spans if device == name]
            assert [until for since, until in mine if since < gone[0]][-1] == gone[0]
            assert min(since for since, _ in mine if since >= gone[0]) - gone[1] <= 20_000
            assert max(until - since for since, until in mine) <= 1500 * INTERVAL_S

    def events(self) -> set[str]:
        return {event for (event,) in self.rows("SELECT DISTINCT event FROM EVENTS")}

    def said(self) -> list[str]:
        """What of the clock was logged."""
        return [
            name
            for name, _ in self.log.lines
            if name.startswith(("clock.", "history.", "child.")) and name != "child.started"
        ]


@pytest.fixture
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lived:
    return Lived(tmp_path, monkeypatch)


@pytest.mark.parametrize("began_ms", [5000, NOW_MS - 30 * DAY_S * 1000], ids=["1970", "the last shutdown"])
def test_what_a_clock_stamped_that_was_not_known_yet_is_stamped_anew_once_it_is(lived: Lived, began_ms: int) -> None:
    lived.machine.set_to(began_ms, trusted=False)
    before: list[Any] = []

    def look() -> None:
        before.extend(lived.rows())

    lived.live(lambda: lived.machine.set_to(lived.machine.true_ms(), trusted=True), look)
    assert {trusted for *_, trusted in before} == {0}
    assert all(at_ms < began_ms + 1000 * BEFORE_S for _, _, at_ms, _ in before)
    for name, stamps in lived.stamps().items():
        assert stamps == [(true_ms, True) for _, _, true_ms in lived.polls[name]]
    assert lived.cadence() == {INTERVAL_S}
    assert lived.said() == ["clock.stepped", "clock.trusted", "clock.settled"]
    assert lived.events() <= USUAL | STEPPED
    (started,) = lived.rows("SELECT at FROM EVENTS WHERE event = 'gateway.started'")
    assert abs(started[0] - NOW_MS) < 1000


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 30 * DAY_S, -30 * DAY_S], ids=["+1 h", "-1 h", "+30 d", "-30 d"])
def test_a_step_of_the_clock_moves_no_poll_and_loses_no_sample(lived: Lived, step_s: int) -> None:
    lived.live(lambda: lived.machine.step(step_s))
    for name, stamps in lived.stamps().items():
        times = [at_ms for at_ms, _ in stamps]
        assert {trusted for _, trusted in stamps} == {True}
        # set back by an hour it comes to the very times of polls before: each of these samples takes the next millisecond
        moved = {at_ms - wall_ms for at_ms, (_, wall_ms, _) in zip(times, lived.polls[name], strict=True)}
        assert moved == ({0, 1} if step_s == -HOUR_S else {0})
        assert len(set(times)) == len(times)
    assert lived.cadence() == {INTERVAL_S}
    assert lived.said()[0] == "clock.stepped"
    assert lived.said().count("clock.stepped") == 1
    assert lived.events() <= USUAL | (STEPPED if step_s > 0 else set())
    assert lived.rows("SELECT count(*) FROM CLOCK_STRETCHES") == [(2,)]


def test_a_machine_that_slept_for_six_hours_blames_nobody_and_makes_up_for_nothing(lived: Lived) -> None:
    lived.live(lambda: lived.machine.sleep(6 * HOUR_S))
    for name, stamps in lived.stamps().items():
        assert stamps == [(true_ms, True) for _, _, true_ms in lived.polls[name]]
        assert AWAKE_AGAIN_AT_S <= lived.first_poll_after(name, AWAKE_AGAIN_AT_S) <= AWAKE_AGAIN_AT_S + 20.0
        assert lived.off_the_grid(name) <= 2, "one poll at once, and the grid goes on"
    assert lived.said() == []
    assert lived.events() <= USUAL | STEPPED
    lived.knows_nothing_of(6 * HOUR_S)


def test_a_process_that_stood_still_for_six_hours_begins_again_with_one_poll(lived: Lived) -> None:
    """SIGSTOP, or a virtual machine that was paused: the loop's clock goes on, nobody looks at it."""
    lived.live(lambda: lived.lapse.clock.jump(6 * HOUR_S))
    for name, stamps in lived.stamps().items():
        assert stamps == [(true_ms, True) for _, _, true_ms in lived.polls[name]]
        pauses = [after[0] - before[0] for before, after in pairwise(lived.polls[name])]
        (gap,) = [place for place, pause in enumerate(pauses) if pause > 6 * HOUR_S - INTERVAL_S]
        assert pauses[gap + 2 :] == pytest.approx([INTERVAL_S] * len(pauses[gap + 2 :]))
        assert pauses[gap + 1] <= 1.5 * INTERVAL_S
    assert "clock.stepped" not in lived.said()
    assert lived.events() <= USUAL | STEPPED
    lived.knows_nothing_of(6 * HOUR_S)


@pytest.fixture
def _in_london(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/London")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("change_ms", [1_774_746_000_000, 1_792_890_000_000], ids=["spring", "autumn"])
@pytest.mark.usefixtures("_in_london")
def test_a_change_of_summer_time_is_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change_ms: int) -> None:
    assert time.localtime(change_ms / 1000).tm_isdst != time.localtime(change_ms / 1000 - 1).tm_isdst
    lived = Lived(tmp_path, monkeypatch, change_ms - int(1000 * BEFORE_S))
    lived.live(lambda: None)
    for name, stamps in lived.stamps().items():
        assert stamps == [(true_ms, True) for _, _, true_ms in lived.polls[name]]
    assert lived.cadence() == {INTERVAL_S}
    assert lived.said() == []
    assert lived.events() <= USUAL
