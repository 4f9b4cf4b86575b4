"""What the detector answers to whoever asks how things are, and what it tells of what is stored."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from t3actors.messages import PointChange
from t3actors.points import DeviceStatus, Reading, Rules, Status
from t3actors.questions import (
    ChangesStored,
    DetectorCountsRequested,
    DeviceStanding,
    PointTrace,
    StandingsRequested,
    TraceRequested,
)
from tests.detect.speech import Recorder, announced, point, stored, turned
from tests.detect.test_detector import House, house

RULES = Rules(poll_interval_s=1.0, stale_after=3, down_after=6, deadband=0.5, max_interval_s=60.0)
A = announced("a", point("IN1", RULES), complete=True)


async def trace(h: House, point_id: str = "IN1", device: str = "a") -> PointTrace | None:
    asked = TraceRequested(device=device, point_id=point_id)
    answer = await h.registry.ask("detector", asked)
    assert answer is None or isinstance(answer, PointTrace)
    return answer


async def standings(h: House) -> dict[str, DeviceStanding]:
    return {each.device: each for each in await h.registry.ask("detector", StandingsRequested())}


async def test_a_trace_says_what_is_stored_what_was_seen_and_when_something_happens(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0)
        await trio.sleep(2)
        h.poll(2, 20.25)
        await trio.sleep(1)
        seen = await trace(h)
        assert seen is not None
        assert (seen.stored.value, seen.seen) == (20.0, Reading("IN1", 20.25))
        assert (seen.read_ago_s, seen.emitted_ago_s, seen.repeat_in_s) == (1.0, 3.0, 57.0)
        assert seen.ages_in_s is not None
        assert seen.ages_in_s > 0
        assert (seen.waits, seen.rules) == (False, RULES)


async def test_a_change_waits_until_it_is_acknowledged(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.writer.answers = False
        h.poll(1, 20.0)
        for at_s in (0.1, 5.0):  # for its batch, then in it
            await trio.sleep(at_s)
            seen = await trace(h)
            assert seen is not None
            assert seen.waits


async def test_what_is_not_known_has_no_trace(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        await trio.sleep(1)
        assert await trace(h, "IN9") is None
        assert await trace(h, device="b") is None


async def test_standings_are_newer_than_the_database(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.writer.answers = False
        h.tell(turned("a", DeviceStatus.ONLINE, DeviceStatus.OFFLINE, "connection refused"))
        seen = (await standings(h))["a"]
        assert (seen.status, seen.reason, seen.points) == (DeviceStatus.OFFLINE, "connection refused", 1)
        assert (seen.poll_interval_s, seen.since_at_ms is not None) == (1.0, True)


async def test_a_device_whose_serial_number_is_another_s_is_in_conflict_whatever_it_says_of_itself(
    autojump_clock: MockClock,
) -> None:
    h, live = house(), Recorder()
    async with h.at_work():
        h.registry.register("live", live)  # type: ignore[arg-type]
        h.tell(A)
        h.writer.conflicts = {"a": "serial number 1 is already that of b"}
        h.tell(turned("a", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE, ""))
        await trio.sleep(2.5)
        seen = (await standings(h))["a"]
        assert (seen.status, seen.reason) == (DeviceStatus.CONFLICT, "serial number 1 is already that of b")
        assert (await h.registry.ask("detector", DetectorCountsRequested())).devices_online == 0
        assert isinstance(live.heard[0], ChangesStored)
        assert live.heard[0].conflicts == h.writer.conflicts
        h.writer.conflicts = {}
        h.poll(1, 20.0)
        await trio.sleep(2.5)
        assert (await standings(h))["a"].status is DeviceStatus.ONLINE
        assert (await h.registry.ask("detector", DetectorCountsRequested())).devices_online == 1


async def test_what_is_stored_is_told_to_whoever_plays_live_and_only_then(autojump_clock: MockClock) -> None:
    h, live = house(), Recorder()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0)
        await trio.sleep(2.5)
        assert h.registry.dead_letters["live"] == 0
        h.registry.register("live", live)  # type: ignore[arg-type]
        h.writer.answers = False
        h.poll(2, 30.0)
        await trio.sleep(2.4)
        assert live.heard == []
        h.writer.answers = True
        h.writer.dropped = (("a", "IN1"),)
        h.writer.recover()
        await trio.sleep(0.5)
        told = live.heard[0]
        assert isinstance(told, ChangesStored)
        values = [item.reading.value for item in told.batch.items if isinstance(item, PointChange)]
        assert (values, told.dropped) == ([30.0], (("a", "IN1"),))


async def test_a_device_known_from_the_store_alone_is_not_known_to_be_as_it_was(autojump_clock: MockClock) -> None:
    h = house(
        stored("old", "IN1", 20.0), stored("a", "IN1", 20.0),
        device_status={"old": DeviceStatus.ONLINE, "a": DeviceStatus.ONLINE, "off": DeviceStatus.DISABLED},
    )  # fmt: skip
    async with h.at_work():
        h.tell(A)
        await trio.sleep(1)
        seen = await standings(h)
        old = seen["old"]
        assert (old.status, old.since_at_ms, old.poll_interval_s) == (DeviceStatus.UNKNOWN, None, None)
        assert (old.reason, old.points_by_status) == ("nobody has spoken for it since the start", {Status.UNKNOWN: 1})
        assert (seen["a"].status, seen["a"].points_by_status) == (DeviceStatus.ONLINE, {Status.UNKNOWN: 1})
        assert seen["off"].status is DeviceStatus.DISABLED
        counts = await h.registry.ask("detector", DetectorCountsRequested())
        assert (counts.devices, counts.devices_online) == (3, 1)
