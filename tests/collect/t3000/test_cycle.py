"""What a cycle makes of panels that are silent, half read, or over which T3000 falls: on a mock clock, the actor around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from t3actors.collect.t3000.cycle import READ_AGAIN_AFTER_S
from t3actors.collect.t3000.known_panels import KEY
from t3actors.collect.t3000.trend_log_round import AGAIN_AFTER_S
from t3actors.errors import LinkDown, RequestRefused, RequestTimedOut, StoreBusy
from t3actors.messages import DeviceAnnounced, DeviceLearned, DeviceStatusChanged, PointsRead, PollMissed, SyncRequested
from t3actors.points import DeviceStatus
from tests.collect.t3000.test_installation import START_MS, ScriptedDoor, Writer, lists, panel, site
from tests.system.t3000_answers import real

INTERVAL_S = 30.0
LISTS: dict[str, Any] = {"method": "webview_list"}


def failing(faults: dict[int, Exception]) -> Callable[[int, dict[str, Any]], str | Exception]:
    """A T3000 with three panels; asked for one of these, it fails."""
    healthy = lists(set())
    return lambda action, request: faults.get(request.get("panelId", 0)) or healthy(action, request)


def without(*ids: str) -> Callable[[int, dict[str, Any]], str | Exception]:
    """A T3000 that leaves points out of its lists, as it does where a panel did not answer for them."""
    healthy = lists(set())

    def reply(action: int, request: dict[str, Any]) -> str | Exception:
        said = healthy(action, request)
        if action == 4 or isinstance(said, Exception):
            return said
        answer = json.loads(said)
        answer["data"]["device_data"] = [point for point in answer["data"]["device_data"] if point["id"] not in ids]
        return json.dumps(answer)

    return reply


def door_of(reply: Callable[[int, dict[str, Any]], str | Exception]) -> ScriptedDoor:
    door = ScriptedDoor()
    door.reply = reply
    return door


def memory() -> ScriptedDoor:
    door = ScriptedDoor()
    door.has_memory = True
    return door


def silence(door: ScriptedDoor, fault: Exception) -> None:
    async def fail() -> Any:
        await trio.lowlevel.checkpoint()
        raise fault

    door.read_memory = fail  # type: ignore[method-assign]


async def test_a_panel_over_which_t3000_falls_costs_itself_alone(autojump_clock: MockClock) -> None:
    async with site(door=door_of(failing({2: LinkDown("the library crashed")})), **LISTS) as at:
        await trio.sleep(INTERVAL_S * 1.5)
        assert {read.device for read in at.detector.of(PointsRead)} == {"plant", "plant:1001", "plant:1003"}
        assert at.events("cycle.failed") == []


async def test_a_t3000_that_falls_twice_running_is_gone(autojump_clock: MockClock) -> None:
    faults: dict[int, Exception] = {}
    async with site(door=door_of(failing(faults)), **LISTS) as at:
        await trio.sleep(5)
        before = len(at.door.calls)
        faults.update(dict.fromkeys((1, 2, 3), LinkDown("the library crashed")))
        await trio.sleep(INTERVAL_S - 2)
        assert [request["panelId"] for _, action, request in at.door.calls[before:] if action == 17] == [1, 2]
        assert len(at.events("cycle.failed")) == 1


async def test_a_cycle_that_ends_early_is_one_miss_for_each_panel(autojump_clock: MockClock) -> None:
    faults: dict[int, Exception] = {}
    async with site(door=door_of(failing(faults)), **LISTS) as at:
        await trio.sleep(5)
        faults.update({1: RequestTimedOut("silent"), 2: LinkDown("no way"), 3: LinkDown("no way")})
        await trio.sleep(INTERVAL_S - 2)
        assert len(at.events("cycle.failed")) == 1
        assert [len(at.detector.of(PollMissed, f"plant:{1000 + n}")) for n in (1, 2, 3)] == [1, 1, 1]


async def test_a_point_that_was_not_read_this_time_is_still_on_the_panel(autojump_clock: MockClock) -> None:
    async with site(door=door_of(lists(set())), **LISTS) as at:
        await trio.sleep(5)
        at.door.reply = without("IN2")
        await trio.sleep(INTERVAL_S)
        inputs = [read for read in at.detector.of(PointsRead, "plant:1001") if read.part == "inputs"]
        assert [[reading.point_id for reading in read.readings] for read in inputs] == [["IN1", "IN2"], ["IN1"]]
        assert {point.point_id for point in at.detector.of(DeviceAnnounced, "plant:1001")[-1].points} == {
            "IN1", "IN2", "OUT1", "VAR1",
        }  # fmt: skip


async def test_a_first_list_in_which_points_are_missing_makes_no_point_of_an_earlier_life_go(
    autojump_clock: MockClock,
) -> None:
    async with site(door=door_of(without("IN2")), **LISTS) as at:
        await trio.sleep(5)
        assert [said.complete for said in at.detector.of(DeviceAnnounced, "plant:1001")] == [False, False]


async def test_the_panel_of_a_memory_keeps_its_points_when_it_falls_silent(autojump_clock: MockClock) -> None:
    async with site(door=memory(), method="memory") as at:
        await trio.sleep(5)
        silence(at.door, RequestTimedOut("no answer"))
        await trio.sleep(INTERVAL_S * 2)
        assert at.detector.of(PollMissed)
        assert [point.point_id for point in at.detector.of(DeviceAnnounced)[-1].points] == ["IN1"]
        assert len(at.events("device.connecting")) == 1


@pytest.mark.parametrize("method", ["memory", "auto"])
async def test_a_memory_that_cannot_be_read_is_a_device_that_does_not_answer(
    autojump_clock: MockClock, method: str
) -> None:
    door = memory()
    silence(door, RequestTimedOut("no answer"))
    async with site(door=door, method=method) as at:
        await trio.sleep(5)
        assert [said.device for said in at.detector.of(DeviceAnnounced)] == ["plant"]
        assert at.detector.of(DeviceStatusChanged)[-1].status is DeviceStatus.CONNECTING
        assert at.detector.of(PollMissed)


async def test_an_installation_whose_points_came_out_of_memory_never_takes_another_panels(
    autojump_clock: MockClock,
) -> None:
    async with site(door=memory()) as at:
        await trio.sleep(5)
        at.door.has_memory = False
        await trio.sleep(INTERVAL_S * 2)
        assert at.door.calls == []
        assert {said.device for said in at.detector.of(DeviceAnnounced)} == {"plant"}


async def test_a_sync_says_ok_only_of_points_that_are_stored_as_ok(autojump_clock: MockClock) -> None:
    door = door_of(lambda *_: real(panel(1, START_MS / 1000 - 80_000)))
    async with site(door=door) as at:  # T3000's cache has not moved since yesterday
        await trio.sleep(5)
        at.registry.send("device/plant", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(5)
        (finished,) = at.asker.finished
        assert (finished.points_ok, finished.points_failed) == (0, 4)


async def test_a_sync_with_a_silent_panel_waits_for_the_others_to_be_stored_all_the_same(
    autojump_clock: MockClock,
) -> None:
    faults: dict[int, Exception] = {}
    async with site(door=door_of(failing(faults)), **LISTS) as at:
        await trio.sleep(5)
        faults[2] = RequestTimedOut("silent")
        at.detector.stores = False
        at.registry.send("device/plant", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(20)
        assert at.asker.finished == []
        await trio.sleep(20)
        (finished,) = at.asker.finished
        assert (finished.points_ok, finished.points_failed, finished.error) == (8, 4, "plant:1002: silent")


async def test_cycles_that_take_longer_than_their_interval_are_said_once(autojump_clock: MockClock) -> None:
    async with site() as at:
        at.door.takes_s = INTERVAL_S * 1.5
        await trio.sleep(INTERVAL_S * 20)
        assert [said["device"] for said in at.events("poll.overrun")] == ["plant"]


async def test_a_panel_that_has_died_is_not_asked_for_its_trend_logs(autojump_clock: MockClock) -> None:
    silent_ones: set[int] = set()
    door = door_of(lists(silent_ones))
    asked: list[int] = []

    async def fail(panel_id: int, **_: object) -> None:
        await trio.lowlevel.checkpoint()
        asked.append(panel_id)
        raise RequestTimedOut("no answer")

    door.trend_logs = fail  # type: ignore[assignment,method-assign]
    async with site(door=door, **LISTS) as at:
        await trio.sleep(INTERVAL_S - 5)
        assert asked == [1, 2, 3]
        silent_ones.add(2)
        await trio.sleep(AGAIN_AFTER_S + 2 * INTERVAL_S)
        assert asked == [1, 2, 3, 1, 3]
        assert at.events("cycle.failed") == []


async def test_the_panels_of_an_answer_are_counted_without_those_that_are_skipped(autojump_clock: MockClock) -> None:
    nobody = panel(1, START_MS / 1000) | {"panel_serial_number": 0}
    async with site(door=door_of(lambda *_: real(nobody, panel(2), panel(3)))) as at:
        await trio.sleep(5)
        assert [(read["panel"], read["number"]) for read in at.events("panel.read")] == [
            ("plant:1002", 1),
            ("plant:1003", 2),
        ]


async def test_panels_of_an_earlier_life_are_asked_for_until_the_store_says_them(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [True]

    async def answer(writer: Writer, _message: object) -> object:
        await trio.lowlevel.checkpoint()
        if busy:
            raise StoreBusy("another program holds it")
        return writer.learned

    monkeypatch.setattr(Writer, "on_receive", answer)
    async with site(learned={KEY: msgspec.msgpack.encode([1009])}) as at:
        await trio.sleep(5)
        assert at.detector.of(DeviceLearned) == [], "the ones of earlier lives would be forgotten"
        busy.clear()
        await trio.sleep(INTERVAL_S)
        assert at.detector.of(DeviceAnnounced, "plant:1009")
        (kept,) = at.detector.of(DeviceLearned)
        assert msgspec.msgpack.decode(kept.value or b"") == [1001, 1009]


async def test_a_t3000_that_was_asked_twice_within_15_s_is_not_asked_another_way(autojump_clock: MockClock) -> None:
    refuses: list[bool] = []
    healthy = lists(set())

    def reply(action: int, request: dict[str, Any]) -> str | Exception:
        if action != 15:
            return healthy(action, request)
        return RequestRefused("returned empty response", code=0) if refuses else real(panel(1))

    async with site(door=door_of(reply)) as at:
        await trio.sleep(5)
        refuses.append(True)
        at.registry.send("device/plant", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(1)
        assert at.asker.finished[0].error == "returned empty response"
        refuses.clear()
        await trio.sleep(INTERVAL_S)
        assert at.events("t3000.method_changed") == []
        assert len(at.events("cycle.recovered")) == 1
        refuses.append(True)  # now its operator has switched that off
        await trio.sleep(INTERVAL_S * 2 + READ_AGAIN_AFTER_S)
        assert len(at.events("t3000.method_changed")) == 1


async def test_when_a_panel_was_heard_is_told_by_our_own_clock(autojump_clock: MockClock) -> None:
    ahead_s = START_MS // 1000 + 7200
    async with site(door=door_of(lambda *_: real(panel(1, ahead_s)))) as at:
        await trio.sleep(5)
        heard = {(read.sampled_at_ms, read.heard_at_ms) for read in at.detector.of(PointsRead, "plant:1001")}
        assert heard == {(ahead_s * 1000, START_MS + 100)}


async def test_trend_logs_that_take_long_are_no_overrun_of_the_cycles(autojump_clock: MockClock) -> None:
    asked: list[int] = []

    async def slow(panel_id: int, **_: object) -> None:
        asked.append(panel_id)
        await trio.sleep(INTERVAL_S * 2.5)

    door = door_of(lists(set()))
    door.trend_logs = slow  # type: ignore[assignment,method-assign]
    async with site(door=door, **LISTS) as at:
        await trio.sleep(INTERVAL_S * 15)
        assert asked == [1, 2, 3]
        assert at.events("poll.overrun") == []
