"""A device behind a time in which the gateway itself did not run: a suspended machine, a stopped process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from supervision.testing import running
from t3actors.collect.afresh import MET_AGAIN_AFTER_S, PAUSED, WITHIN_S
from t3actors.errors import RequestTimedOut
from t3actors.messages import GatewayPaused, PointsRead, PollMissed, SyncFinished, SyncRequested
from t3actors.pauses import Pauses
from t3actors.points import DeviceStatus
from tests.collect.test_device import Detector, House, ScriptedDriver, house
from tests.waiting import until

POLL_S = 10.0


class Machine:
    """Its own time: the loop's, and what it slept."""

    def __init__(self, clock: MockClock) -> None:
        self.asleep_ms = 0
        self.pauses = Pauses(self.now_ms, self.now_ms)
        self._clock = clock

    def now_ms(self) -> int:
        return round(1000 * trio.current_time()) + self.asleep_ms

    def pause(self, seconds: float, *, asleep: bool) -> None:
        if asleep:
            self.asleep_ms += round(1000 * seconds)
        else:
            self._clock.jump(seconds)


@asynccontextmanager
async def paused_house(machine: Machine, driver: ScriptedDriver | None = None) -> AsyncIterator[House]:
    """A device that was polled for a while."""
    async with trio.open_nursery() as nursery, house(driver=driver, pauses=machine.pauses, ordinal=1) as built:
        nursery.start_soon(machine.pauses.keep_looking)
        await trio.sleep(35)
        yield built
        nursery.cancel_scope.cancel()


async def resume(machine: Machine, built: House) -> None:
    """As the detector does: who sleeps until his next poll must be woken."""
    await trio.sleep(0.5)
    machine.pauses.look()
    built.registry.send("device/ahu-1", GatewayPaused(device="ahu-1"))


async def asked(driver: ScriptedDriver, *, in_flight: int) -> None:
    await until(lambda: driver.in_flight == in_flight, within_s=100.0)


@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("lasted_s", [MET_AGAIN_AFTER_S - 1, 6 * 3600.0])
async def test_everything_is_read_once_soon_and_a_long_pause_has_the_device_met_anew(
    autojump_clock: MockClock, asleep: bool, lasted_s: float
) -> None:
    machine = Machine(autojump_clock)
    async with paused_house(machine) as built:
        opened, reads = built.driver.opened, len(built.driver.reads)
        machine.pause(lasted_s, asleep=asleep)
        resumed_s = trio.current_time()
        await resume(machine, built)
        await trio.sleep(2 * WITHIN_S)
        first, *others = built.driver.reads[reads:]
        assert first[0] - resumed_s <= WITHIN_S
        assert first[1] == ("temp", "slow"), "also what is due later"
        assert len(others) <= 2, "what was missed is not made up for"
        assert built.driver.opened - opened == (lasted_s >= MET_AGAIN_AFTER_S)
        assert built.detector.of(PollMissed) == []
        assert built.statuses()[-1] is DeviceStatus.ONLINE


@pytest.mark.parametrize("asleep", [False, True])
async def test_an_answer_that_was_asked_for_before_the_pause_is_not_believed(
    autojump_clock: MockClock, asleep: bool
) -> None:
    machine = Machine(autojump_clock)
    async with paused_house(machine) as built:
        built.driver.takes_s = 2.0
        await asked(built.driver, in_flight=1)
        handed_over = len(built.detector.of(PointsRead))
        machine.pause(20.0, asleep=asleep)
        await trio.sleep(0.1)
        machine.pauses.look()
        await asked(built.driver, in_flight=0)
        assert len(built.detector.of(PointsRead)) == handed_over
        await trio.sleep(WITHIN_S + 3)
        assert len(built.detector.of(PointsRead)) > handed_over


async def test_a_time_out_over_the_pause_is_no_silence_of_the_device(autojump_clock: MockClock) -> None:
    machine = Machine(autojump_clock)
    async with paused_house(machine) as built:
        built.driver.takes_s, built.driver.fault = 2.0, RequestTimedOut("no answer within 1 s")
        await asked(built.driver, in_flight=1)
        machine.pause(600.0, asleep=False)
        machine.pauses.look()
        await asked(built.driver, in_flight=0)
        built.driver.takes_s, built.driver.fault = 0.0, None
        await trio.sleep(WITHIN_S + 3)
        assert built.detector.of(PollMissed) == []
        assert built.statuses() == [DeviceStatus.CONNECTING, DeviceStatus.ONLINE]


async def test_a_device_that_is_silent_behind_the_pause_is_not_offline_for_having_been_silent_over_it(
    autojump_clock: MockClock,
) -> None:
    machine = Machine(autojump_clock)
    async with paused_house(machine) as built:
        machine.pause(6 * 3600.0, asleep=False)
        built.driver.fault = RequestTimedOut("no answer")
        await resume(machine, built)
        await trio.sleep(WITHIN_S + 1)
        assert DeviceStatus.OFFLINE not in built.statuses()
        await trio.sleep(12 * POLL_S)
        assert built.statuses()[-1] is DeviceStatus.OFFLINE


async def test_the_pause_is_no_interval_that_its_line_achieves(autojump_clock: MockClock) -> None:
    machine = Machine(autojump_clock)
    async with paused_house(machine) as built:
        machine.pause(6 * 3600.0, asleep=False)
        await resume(machine, built)
        await trio.sleep(5 * POLL_S)
        assert built.detector.of(PointsRead)[-1].counts.achieved_interval_s <= 1.5 * POLL_S


async def test_a_sync_over_the_pause_says_so(autojump_clock: MockClock) -> None:
    machine = Machine(autojump_clock)
    asker = Detector()
    async with paused_house(machine) as built, running(asker, name="sync/1", registry=built.registry):
        built.driver.takes_s = 1.0
        built.registry.send("device/ahu-1", SyncRequested(request_id=7, reply_to="sync/1"))
        await trio.sleep(0.5)
        machine.pause(20.0, asleep=True)
        await trio.sleep(1)
        (finished,) = asker.of(SyncFinished)
        assert finished.error == PAUSED


async def test_a_device_that_nobody_started_is_not_polled_for_a_pause(autojump_clock: MockClock) -> None:
    machine = Machine(autojump_clock)
    async with house(auto_start=False, pauses=machine.pauses) as built:
        machine.pauses.look()
        machine.pause(600.0, asleep=True)
        await resume(machine, built)
        await trio.sleep(100)
        assert built.driver.reads == []
