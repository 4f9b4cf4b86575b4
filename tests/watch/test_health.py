"""Live is what makes progress, not what answers a timer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.control import Override
from t3actors.messages import PollCounts
from t3actors.points import DeviceStatus, Status
from t3actors.questions import DetectorCounts, DeviceStanding, StandingsRequested, WriterStanding
from t3actors.watch.advice import advice_on
from t3actors.watch.health import Health, HealthBoard, Identity, Moved
from t3actors.watch.tree import ChildRow
from tests.watch.reports import report

WHO = Identity(name="riverside", version="1", boot_id="b", started_at=0)
OVERRIDES = {"ahu-2": Override(poll_interval_s=5.0)}
WELL = DetectorCounts(loaded=True, devices=3, devices_online=2, batches_stored=1)


def standing(device: str, status: DeviceStatus = DeviceStatus.ONLINE, reason: str = "") -> DeviceStanding:
    return DeviceStanding(
        device=device, status=status, reason=reason, since_at_ms=7, last_ok_at_ms=None, poll_interval_s=30.0,
        counts=PollCounts(), points=1, points_by_status={Status.OK if status == "online" else Status.DOWN: 4},
    )  # fmt: skip


class Detector(TrioActor):
    """Answers with what it is told to."""

    counts = WELL
    silent = False
    standings = (standing("ahu-1"), standing("ahu-2"), standing("ahu-3", DeviceStatus.OFFLINE, "connection refused"))

    looks = 0
    ticks = True

    async def on_receive(self, message: object) -> object:
        if self.silent:
            await trio.sleep_forever()
        if isinstance(message, StandingsRequested):
            return self.standings
        self.looks += self.ticks
        return msgspec.structs.replace(self.counts, looks=self.looks)


class Writer(TrioActor):
    """Answers with what it is told to."""

    standing = WriterStanding()
    silent = False

    async def on_receive(self, message: object) -> object:
        if self.silent:
            await trio.sleep_forever()
        return self.standing


def child(name: str, state: str) -> ChildRow:
    return ChildRow(supervisor="gateway", child=name, kind="task", state=state, incarnation=1, restarts=0, last_exit="")


def now_ms() -> int:
    return round(trio.current_time() * 1000)


class Looked:
    """A Health at work between a detector and a writer."""

    def __init__(self) -> None:
        self.detector, self.writer, self.board = Detector(), Writer(), HealthBoard()
        self.supervisor: Supervisor
        self.let_go = 0

    def lets_go(self) -> None:
        self.let_go += 1

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.json.decode(self.board.shown().body)
        return shown

    async def moves_within(self, seconds: float) -> Moved:
        """How far each part moves on in that time."""
        before = self.board.moved
        await trio.sleep(seconds)
        return Moved(*(now - then for now, then in zip(self.board.moved, before, strict=True)))


@asynccontextmanager
async def looking(*children: ChildRow, links: dict[str, list[str]] | None = None) -> AsyncIterator[Looked]:
    looked = Looked()
    specs = (
        ChildSpec("writer", lambda: looked.writer),
        ChildSpec("detector", lambda: looked.detector),
        ChildSpec(
            "health",
            lambda: Health(
                WHO,
                looked.board,
                now_ms,
                children=lambda: children,
                overrides=OVERRIDES,
                links=lambda: links or {},
                let_go=looked.lets_go,
            ),
        ),
    )
    supervisor = looked.supervisor = Supervisor(SupervisorSpec("tree", specs))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        yield looked
        nursery.cancel_scope.cancel()


async def test_what_the_detector_counts_is_shown(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(1.5)
        assert looked.shown()["live"] is True
        assert looked.shown()["devices"] == {"online": 2, "offline": 1}
        assert looked.shown()["troubled"] == [
            {
                "device": "ahu-3",
                "status": "offline",
                "reason": "connection refused",
                "since_at": 7,
                "look_at": advice_on("connection refused"),
            }
        ]
        assert looked.shown()["overrides"] == {"ahu-2": {"stopped": False, "poll_interval_s": 5.0}}
        assert looked.shown()["actors"]["state"] == "ok"


async def test_while_the_writer_waits_for_a_lock_the_database_is_not_kept_open(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        looked.writer.standing = WriterStanding(waits_for="the disk")
        await trio.sleep(3)
        assert looked.let_go == 0
        looked.writer.standing = WriterStanding(waits_for="database is locked", waits_for_lock=True)
        await trio.sleep(3)
        assert looked.let_go == 3


async def test_an_actor_that_does_not_run_is_named_and_the_gateway_is_live_all_the_same(
    autojump_clock: MockClock,
) -> None:
    async with looking(child("device/ahu-1", "restarting"), child("writer", "running")) as looked:
        await trio.sleep(1.5)
        assert looked.shown()["live"] is True
        assert (looked.shown()["actors"]["state"], looked.shown()["actors"]["reason"]) == (
            "degraded",
            "device/ahu-1 (restarting)",
        )


async def test_a_detector_that_does_not_answer_is_stuck_since_then(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(10.5)
        looked.detector.silent = True
        await trio.sleep(10)
        assert looked.shown()["live"] is False
        assert looked.shown()["detector"]["state"] == "stuck"
        since_at = looked.shown()["detector"]["since_at"]
        await trio.sleep(30)
        assert looked.shown()["detector"]["since_at"] == since_at


async def test_a_detector_that_answers_but_looks_at_nothing_is_stuck(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(10.5)
        looked.detector.ticks = False
        await trio.sleep(4)
        assert looked.shown()["live"] is True
        await trio.sleep(4)
        assert (looked.shown()["live"], looked.shown()["detector"]["state"]) == (False, "stuck")
        looked.detector.ticks = True
        await trio.sleep(1.5)
        assert looked.shown()["live"] is True


async def test_a_detector_that_is_started_again_is_not_stuck_meanwhile(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(10.5)
        await looked.supervisor.stop_child("detector")
        await trio.sleep(4)
        assert looked.shown()["live"] is True
        await trio.sleep(4)
        assert (looked.shown()["live"], looked.shown()["detector"]["state"]) == (False, "stuck")


async def test_a_writer_that_stores_nothing_while_changes_wait_is_stuck(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        looked.detector.counts = msgspec.structs.replace(WELL, in_flight=5)
        await trio.sleep(30)
        assert looked.shown()["live"] is True
        await trio.sleep(10)
        assert looked.shown()["live"] is False
        assert "nothing was stored for" in looked.shown()["store"]["reason"]
        looked.detector.counts = msgspec.structs.replace(WELL, in_flight=5, batches_stored=2)
        await trio.sleep(2)
        assert looked.shown()["live"] is True


async def test_a_writer_with_nothing_to_store_is_well(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(1000)
        assert looked.shown()["live"] is True


async def test_before_the_store_is_open_the_gateway_is_starting(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        looked.detector.counts = DetectorCounts()
        await trio.sleep(200)
        assert (looked.shown()["live"], looked.shown()["store"]["state"]) == (False, "starting")


async def test_a_document_that_nobody_replaces_is_not_believed(mock_clock: MockClock) -> None:
    board = HealthBoard()
    assert not board.shown().live
    board.hang(report())
    assert board.shown().live
    mock_clock.jump(10.5)
    assert not board.shown().live


async def test_the_store_is_stuck_when_the_writer_takes_no_mail_and_well_again_when_it_does(
    autojump_clock: MockClock,
) -> None:
    async with looking() as looked:
        await trio.sleep(1.5)
        looked.writer.silent = True
        await trio.sleep(30)
        assert looked.shown()["live"] is True, "a slow disk is not stuck yet"
        await trio.sleep(10)
        assert (looked.shown()["live"], looked.shown()["store"]["state"]) == (False, "stuck")
        assert looked.shown()["gateway"]["reason"].startswith("store: the writer has not answered for ")


async def test_a_store_that_waits_for_another_program_is_blocked_with_its_reason_and_not_stuck(
    autojump_clock: MockClock,
) -> None:
    async with looking() as looked:
        looked.writer.standing = WriterStanding(waits_for="t3actors.db: another program holds it")
        looked.detector.counts = msgspec.structs.replace(WELL, in_flight=5)
        await trio.sleep(20)
        store = looked.shown()["store"]
        assert (store["state"], store["reason"]) == ("blocked", "t3actors.db: another program holds it")
        assert looked.shown()["live"] is True
        assert await looked.moves_within(60) == Moved(60, 60, 60), "a restart would not mend it"
        assert looked.shown()["live"] is False, "nothing is stored all the same"


async def test_a_store_without_room_for_history_is_degraded_and_lives(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        looked.writer.standing = WriterStanding(history_waits=True)
        await trio.sleep(2.5)
        assert (looked.shown()["live"], looked.shown()["store"]["state"]) == (True, "degraded")


async def test_each_part_moves_on_only_as_it_makes_progress(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(1.5)
        assert await looked.moves_within(10) == Moved(10, 10, 10)
        looked.detector.ticks = False
        assert await looked.moves_within(10) == Moved(10, 0, 10), "it answers, but looks at nothing"
        looked.detector.ticks = True
        looked.writer.silent = True
        assert (await looked.moves_within(10)).writer <= 1, "what it answered before may be counted yet"
        assert await looked.moves_within(10) == Moved(10, 10, 0)


async def test_a_detector_that_hangs_does_not_count_and_is_not_blamed_on_the_writer(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(1.5)
        looked.detector.silent = True
        await trio.sleep(100)
        moved = await looked.moves_within(50)
        assert (moved.detector, moved.writer > 0) == (0, True)
        assert looked.shown()["store"]["state"] == "ok"


async def test_a_link_is_down_when_nobody_on_it_answers_and_well_when_one_does(autojump_clock: MockClock) -> None:
    links = {"link/modbus/a:502": ["ahu-3"], "link/modbus/b:502": ["ahu-1", "ahu-3"], "link/bacnet": ["ahu-2"]}
    async with looking(child("link/bacnet", "restarting"), links=links) as looked:
        await trio.sleep(1.5)
        assert looked.shown()["links"] == {"down": 1, "ok": 1, "degraded": 1}
        told = {each["link"]: (each["state"], each["reason"]) for each in looked.shown()["troubled_links"]}
        assert told == {
            "link/modbus/a:502": ("down", "connection refused"),
            "link/bacnet": ("degraded", "it is restarting"),
        }


async def test_points_are_counted_by_status(autojump_clock: MockClock) -> None:
    async with looking() as looked:
        await trio.sleep(1.5)
        assert looked.shown()["points_by_status"] == {"ok": 8, "down": 4}


async def test_a_loop_that_stood_still_is_told_for_a_minute(mock_clock: MockClock) -> None:
    async with looking() as looked:
        for _ in range(5):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(1.0)
        assert looked.shown()["loop"]["state"] == "ok"
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(4.0)
        await trio.testing.wait_all_tasks_blocked()
        assert (looked.shown()["loop"]["state"], looked.shown()["gateway"]["state"]) == ("degraded", "degraded")
        assert looked.shown()["loop"]["reason"].startswith("it stood still for 3.0 s")
        assert looked.shown()["live"] is True
        mock_clock.jump(100.0)
        await trio.testing.wait_all_tasks_blocked()
        assert looked.shown()["store"]["state"] == "ok", "nobody is blamed for it"
        assert looked.shown()["live"] is True
        for _ in range(62):
            mock_clock.jump(1.0)
            await trio.testing.wait_all_tasks_blocked()
        assert looked.shown()["loop"]["state"] == "ok"
