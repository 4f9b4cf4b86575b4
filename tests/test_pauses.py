from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from t3actors.pauses import LIMIT_S, Away, Pauses, no_pauses

T0_MS = 1_795_000_000_000


class Machine:
    """Its clocks: `up_ms` goes on while it is suspended, `loop_s` does not."""

    def __init__(self) -> None:
        self.up_ms = 50_000
        self.loop_s = 7.0
        self.ahead_ms = T0_MS
        self.pauses = Pauses(lambda: self.up_ms, lambda: self.up_ms + self.ahead_ms, lambda: self.loop_s)

    def runs(self, seconds: float) -> Away:
        """Awake, and looking at the end of it."""
        self.loop_s += seconds
        return self.sleeps(seconds)

    def sleeps(self, seconds: float) -> Away:
        """Suspended, and looking at the end of it."""
        self.up_ms += round(1000 * seconds)
        return self.pauses.look()


@pytest.fixture
def machine() -> Machine:
    made = Machine()
    made.pauses.look()
    made.pauses._ahead_ms = made.up_ms - 1000 * made.loop_s
    return made


@pytest.mark.parametrize(("seconds", "is_one"), [(LIMIT_S - 0.001, False), (LIMIT_S, False), (LIMIT_S + 0.001, True)])
@pytest.mark.parametrize("how", ["runs", "sleeps"])
def test_a_look_that_comes_too_late_was_a_pause(machine: Machine, how: str, seconds: float, is_one: bool) -> None:
    before = machine.pauses.away
    after = getattr(machine, how)(seconds)
    assert (after is not before) == is_one == bool(machine.pauses.take())
    assert machine.pauses.look() is after


def test_looks_in_time_are_no_pause_however_many(machine: Machine) -> None:
    before = machine.pauses.away
    for _ in range(1000):
        assert machine.runs(LIMIT_S) is before
    assert machine.pauses.take() == []


def test_the_first_look_comes_when_it_comes() -> None:
    assert Machine().sleeps(1e6) == Away()


def test_a_pause_says_from_when_to_when_and_whether_the_machine_slept(machine: Machine) -> None:
    since_ms = machine.up_ms + T0_MS
    machine.sleeps(7200.0)
    (slept,) = machine.pauses.take()
    assert (slept.since_ms, slept.until_ms) == (since_ms, since_ms + 7_200_000)
    assert (slept.lasted_s, slept.asleep_s, slept.stood_s) == (7200.0, 7200.0, 0.0)
    assert slept.reason == "the machine was suspended for 2 h"
    machine.runs(12.5)
    (stood,) = machine.pauses.take()
    assert (stood.lasted_s, stood.asleep_s, stood.stood_s) == (12.5, 0.0, 12.5)
    assert stood.reason == "the gateway stood still for 12 s"


def test_each_pause_is_told_once_and_all_are_summed_up(machine: Machine) -> None:
    machine.sleeps(10.0)
    machine.runs(1.0)
    machine.runs(20.0)
    assert [pause.lasted_s for pause in machine.pauses.take()] == [10.0, 20.0]
    assert machine.pauses.take() == []
    assert machine.pauses.away == Away(2, 30.0, 20.0)


def test_a_clock_that_is_set_is_no_pause(machine: Machine) -> None:
    before = machine.pauses.away
    for step_ms in (3_600_000, -7_200_000):
        machine.ahead_ms += step_ms
        assert machine.runs(1.0) is before


def test_who_runs_alone_never_pauses() -> None:
    pauses = no_pauses()
    assert pauses.look() is pauses.look()


async def test_it_looks_all_the_time_and_tells_a_suspend_from_a_standstill(mock_clock: MockClock) -> None:
    machine = Machine()
    pauses = Pauses(
        lambda: machine.up_ms + round(1000 * trio.current_time()), lambda: T0_MS + round(1000 * trio.current_time())
    )
    mock_clock.autojump_threshold = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pauses.keep_looking)
        await trio.sleep(3600)
        assert pauses.take() == []
        machine.up_ms += 60_000
        await trio.sleep(10)
        mock_clock.jump(30)
        await trio.sleep(10)
        slept, stood = pauses.take()
        nursery.cancel_scope.cancel()
    assert slept.asleep_s == pytest.approx(60, abs=1)
    assert slept.lasted_s == pytest.approx(60, abs=1)
    assert stood.asleep_s == pytest.approx(0, abs=1)
    assert stood.lasted_s == pytest.approx(30, abs=1)
