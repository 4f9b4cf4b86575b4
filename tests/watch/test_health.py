"""Live is what makes progress, not what answers a timer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.control import Override
from t3actors.messages import DetectorCounts, PollCounts
from t3actors.points import DeviceStatus
from t3actors.questions import DeviceStanding, StandingsRequested
from t3actors.watch.health import Health, HealthBoard, HealthReport, Identity, Part
from t3actors.watch.tree import ChildRow

WHO = Identity(name="riverside", version="1", boot_id="b", started_at=0)
OVERRIDES = {"ahu-2": Override(poll_interval_s=5.0)}
WELL = DetectorCounts(loaded=True, devices=3, devices_online=2, batches_stored=1)


def standing(device: str, status: DeviceStatus = DeviceStatus.ONLINE, reason: str = "") -> DeviceStanding:
    return DeviceStanding(
        device=device, status=status, reason=reason, since_at_ms=7, last_ok_at_ms=None, poll_interval_s=30.0,
        counts=PollCounts(), points=1,
    )  # fmt: skip


class Detector(TrioActor):
    """Answers with what it is told to."""

    counts = WELL
    silent = False
    standings = (standing("ahu-1"), standing("ahu-2"), standing("ahu-3", DeviceStatus.OFFLINE, "connection refused"))

    async def on_receive(self, message: object) -> object:
        if self.silent:
            await trio.sleep_forever()
        return self.standings if isinstance(message, StandingsRequested) else self.counts


def child(name: str, state: str) -> ChildRow:
    return ChildRow(supervisor="gateway", child=name, kind="task", state=state, incarnation=1, restarts=0, last_exit="")


def now_ms() -> int:
    return round(trio.current_time() * 1000)


@asynccontextmanager
async def looking(*children: ChildRow) -> AsyncIterator[tuple[Detector, Callable[[], dict[str, Any]]]]:
    detector, board = Detector(), HealthBoard()
    specs = (
        ChildSpec("detector", lambda: detector),
        ChildSpec("health", lambda: Health(WHO, board, now_ms, children=lambda: children, overrides=OVERRIDES)),
    )
    supervisor = Supervisor(SupervisorSpec("tree", specs))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        yield detector, lambda: msgspec.json.decode(board.shown().body)
        nursery.cancel_scope.cancel()


async def test_what_the_detector_counts_is_shown(autojump_clock: MockClock) -> None:
    async with looking() as (_, shown):
        await trio.sleep(1.5)
        assert shown()["live"] is True
        assert shown()["devices"] == {"online": 2, "offline": 1}
        assert shown()["troubled"] == [
            {"device": "ahu-3", "status": "offline", "reason": "connection refused", "since_at": 7}
        ]
        assert shown()["overrides"] == {"ahu-2": {"stopped": False, "poll_interval_s": 5.0}}
        assert shown()["actors"]["state"] == "ok"


async def test_an_actor_that_does_not_run_is_named_and_the_gateway_is_live_all_the_same(
    autojump_clock: MockClock,
) -> None:
    async with looking(child("device/ahu-1", "restarting"), child("writer", "running")) as (_, shown):
        await trio.sleep(1.5)
        assert shown()["live"] is True
        assert (shown()["actors"]["state"], shown()["actors"]["reason"]) == ("degraded", "device/ahu-1 (restarting)")


async def test_a_detector_that_does_not_answer_is_stuck_since_then(autojump_clock: MockClock) -> None:
    async with looking() as (detector, shown):
        await trio.sleep(10.5)
        detector.silent = True
        await trio.sleep(10)
        assert shown()["live"] is False
        assert shown()["detector"]["state"] == "stuck"
        since_at = shown()["detector"]["since_at"]
        await trio.sleep(30)
        assert shown()["detector"]["since_at"] == since_at


async def test_a_writer_that_stores_nothing_while_changes_wait_is_stuck(autojump_clock: MockClock) -> None:
    async with looking() as (detector, shown):
        detector.counts = msgspec.structs.replace(WELL, in_flight=5)
        await trio.sleep(30)
        assert shown()["live"] is True
        await trio.sleep(10)
        assert shown()["live"] is False
        assert "nothing was stored for" in shown()["store"]["reason"]
        detector.counts = msgspec.structs.replace(WELL, in_flight=5, batches_stored=2)
        await trio.sleep(2)
        assert shown()["live"] is True


async def test_a_writer_with_nothing_to_store_is_well(autojump_clock: MockClock) -> None:
    async with looking() as (_, shown):
        await trio.sleep(1000)
        assert shown()["live"] is True


async def test_before_the_store_is_open_the_gateway_is_starting(autojump_clock: MockClock) -> None:
    async with looking() as (detector, shown):
        detector.counts = DetectorCounts()
        await trio.sleep(200)
        assert (shown()["live"], shown()["store"]["state"]) == (False, "starting")


async def test_a_document_that_nobody_replaces_is_not_believed(mock_clock: MockClock) -> None:
    board = HealthBoard()
    assert not board.shown().live
    part = Part(state="ok", reason="", since_at=0)
    report = HealthReport(
        name="a", version="1", boot_id="b", live=True, at=0, started_at=0, detector=part, store=part,
        actors=part, devices={}, troubled=[], overrides={}, points=0, pending_changes=0,
    )  # fmt: skip
    board.hang(report)
    assert board.shown().live
    mock_clock.jump(10.5)
    assert not board.shown().live
