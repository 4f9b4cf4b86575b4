from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from supervision.registry import Registry
from supervision.testing import running
from t3actors.config import StoreConfig
from t3actors.cycles import CycleEnded
from t3actors.detect.delivery import PROGRESS_EVERY_S
from t3actors.detect.detector import ChangeDetector
from t3actors.events import LogEvent
from t3actors.messages import (
    BatchItem,
    ClockStep,
    DeviceAnnounced,
    DeviceProgress,
    DeviceRemoved,
    DeviceStatusChanged,
    EventHappened,
    GatewayPaused,
    PointChange,
    PointsChanged,
    PollCounts,
    PollMissed,
    ReadingsTaken,
    StateRequested,
    StoreRenewed,
)
from t3actors.pauses import Pauses
from t3actors.points import DeviceStatus, Reading, Rules, Status
from t3actors.questions import DetectorCounts, DetectorCountsRequested, StandingsRequested
from tests.detect.speech import Recorder, Writer, announced, objects, point, random_stream, read, stored, turned

A = announced("a", point("IN1"), point("IN2"))


class House:
    """A detector between a recording writer and recording devices."""

    def __init__(self, registry: Registry, writer: Writer) -> None:
        self.registry = registry
        self.writer = writer
        self.device = Recorder()
        self.log: list[tuple[str, dict[str, object]]] = []
        self.lost: list[int] = []
        self.asleep_ms = 0
        self.pauses = Pauses(self.wall_ms, self.wall_ms)
        registry.register("writer", writer)  # type: ignore[arg-type]
        registry.register("device/a", self.device)  # type: ignore[arg-type]

    def note(self, event: LogEvent, /, **keys: object) -> None:
        self.log.append((event.name, keys))

    def wall_ms(self) -> int:
        """The machine's time, too: it goes on while it is suspended."""
        return int(trio.current_time() * 1000) + self.asleep_ms

    def said(self, name: str) -> list[object]:
        return [keys.get("points") for event, keys in self.log if event == name]

    def tell(self, *messages: object) -> None:
        for message in messages:
            assert self.registry.send("detector", message)

    def poll(self, poll_no: int, *values: float) -> None:
        self.tell(read("a", poll_no, *(Reading(f"IN{n}", value) for n, value in enumerate(values, 1))))

    async def counts(self) -> DetectorCounts:
        answer = await self.registry.ask("detector", DetectorCountsRequested())
        assert isinstance(answer, DetectorCounts)
        return answer

    @property
    def sent(self) -> list[PointsChanged]:
        return [message for message in self.writer.heard if isinstance(message, PointsChanged)]

    @asynccontextmanager
    async def at_work(self, store: StoreConfig | None = None) -> AsyncIterator[None]:
        detector = ChangeDetector(
            store or StoreConfig(),
            wall_ms=self.wall_ms,
            log=self.note,
            stream_id=random_stream,
            on_lost=self.lost.append,
            pauses=self.pauses,
        )
        async with running(detector, name="detector", registry=self.registry):
            yield


def changes_of(batch: PointsChanged) -> list[PointChange]:
    return [item for item in batch.items if isinstance(item, PointChange)]


def house(*points: object, device_status: dict[str, DeviceStatus] | None = None) -> House:
    registry = Registry()
    return House(registry, Writer(registry, *points, device_status=device_status))  # type: ignore[arg-type]


async def test_readings_become_one_batch_with_the_device_before_its_points(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE))
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3)
        kinds = [type(item) for item in h.writer.batches[0].items]
        assert kinds.index(DeviceAnnounced) < kinds.index(DeviceStatusChanged)
        assert len(h.writer.batches) == 1
        assert h.writer.samples("IN1") == [20.0]
        assert h.writer.events() == ["device.online", "point.ok", "point.ok"]
        assert h.device.heard == [ReadingsTaken(device="a", poll_no=1, incarnation=h.sent[0].incarnation, known=True)]


async def test_a_device_that_was_not_heard_yet_is_told_when_it_last_answered_in_an_earlier_life(
    autojump_clock: MockClock,
) -> None:
    h = house(stored("a", "IN1", 20.0), device_status={"a": DeviceStatus.ONLINE})
    h.writer.last_ok_at_ms = {"a": 1_234}
    async with h.at_work():
        h.tell(A)
        await trio.sleep(1)
        stream = (await h.counts()).incarnation
        told = ReadingsTaken(device="a", poll_no=-1, incarnation=stream, last_ok_at_ms=1_234)
        assert h.device.heard[-1] == told
        h.tell(turned("a", DeviceStatus.CONNECTING, DeviceStatus.OFFLINE))
        await trio.sleep(1)
        assert [keys["last_ok_at"] for event, keys in h.log if event == "points.down"] == [1_234]
        h.poll(1, 20.0, 21.0)
        h.tell(replace(A, address="elsewhere"))
        await trio.sleep(1)
        assert h.device.heard[-1].poll_no == 1, "it knows better by now"  # type: ignore[attr-defined]


async def test_repeats_are_dropped_and_counted_as_readings(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        for n in range(1, 6):
            h.poll(n, 20.0, 21.0)
            await trio.sleep(1)
        counts = await h.counts()
        assert (counts.polls, counts.readings, counts.changes, counts.samples) == (5, 10, 2, 2)


async def test_a_device_that_was_not_announced_is_told_so_and_not_used(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 1.0))
    async with h.at_work():
        h.poll(1, 20.0)
        h.tell(turned("b", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE))
        await trio.sleep(3)
        taken = [message for message in h.device.heard if isinstance(message, ReadingsTaken)]
        assert [message.poll_no for message in taken] == [-1, 1]  # asked at the start, and told of its poll
        assert not any(message.known for message in taken)
        assert h.sent == []


async def test_what_devices_say_is_held_until_the_store_is_known(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 20.0), device_status={"a": DeviceStatus.ONLINE})
    h.writer.loads = False
    async with h.at_work():
        h.tell(A)
        h.poll(1, 19.0, 21.0)
        h.poll(2, 20.0, 21.0)
        await trio.sleep(12)
        asked = [m for m in h.writer.heard if isinstance(m, StateRequested)]
        assert len(asked) == 3
        assert h.device.heard == []
        h.writer.loads = True
        h.writer.recover()
        await trio.sleep(3)
        assert [taken.poll_no for taken in h.device.heard if isinstance(taken, ReadingsTaken)] == [2]
        assert [(change.point_id, change.changed) for change in h.writer.changes()] == [("IN1", False), ("IN2", True)]


async def test_a_batch_is_sent_again_under_its_number_until_it_is_acknowledged(autojump_clock: MockClock) -> None:
    h = house()
    h.writer.answers = False
    async with h.at_work():
        h.tell(A)
        await trio.sleep(65)
        assert [batch.batch_no for batch in h.sent] == [1, 1, 1]
        h.writer.recover()
        await trio.sleep(1)
        assert h.sent == [h.sent[0]] * 4
        h.writer.answers = True
        h.writer.recover()
        await trio.sleep(3)
        assert h.writer.batches[0] == h.sent[0]
        assert (await h.counts()).in_flight == 0


async def test_a_writer_that_is_not_there_is_tried_every_second(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        await trio.sleep(0.1)
        h.registry.unregister("writer", h.writer)  # type: ignore[arg-type]
        h.tell(A)
        await trio.sleep(5)
        h.registry.register("writer", h.writer)  # type: ignore[arg-type]
        await trio.sleep(1.5)
        assert [batch.batch_no for batch in h.writer.batches] == [1]


async def test_a_stop_stores_everything_that_was_accepted(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work(StoreConfig(batch_rows=1)):
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        h.poll(2, 22.0, 21.0)
    assert h.writer.samples("IN1") == [20.0, 22.0]
    assert h.writer.samples("IN2") == [21.0]


async def test_a_stop_stores_what_a_compressed_point_held_back(autojump_clock: MockClock) -> None:
    h = house()
    described = announced("a", point("IN1", replace(A.points[0].rules, compress=0.5)), point("IN2"))
    async with h.at_work(StoreConfig(batch_rows=1)):
        h.tell(described)
        for n in range(1, 5):
            h.poll(n, 20.0 + n, 21.0)
            await trio.sleep(1)
    assert h.writer.samples("IN1") == [21.0, 24.0]


async def test_a_stop_does_not_wait_for_ever_for_a_writer_that_is_silent(autojump_clock: MockClock) -> None:
    h = house()
    h.writer.answers = False
    async with h.at_work():
        h.tell(A)
        await trio.lowlevel.checkpoint()
    assert len(h.sent) == 1


async def test_what_a_stop_cannot_hand_over_is_counted_said_and_told(autojump_clock: MockClock) -> None:
    h = house()
    h.writer.answers = False
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE))
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3)
        h.poll(2, 22.0, 21.0)
    assert h.lost == [4]
    assert [keys["changes"] for name, keys in h.log if name == "changes.lost"] == [4]


async def test_what_a_stop_finds_before_the_store_is_known_is_counted_too(autojump_clock: MockClock) -> None:
    h = house()
    h.writer.loads = False
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3)
    assert h.lost == [2]


async def test_a_stop_that_stores_everything_loses_nothing_and_writes_the_counters(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        for n in range(1, 4):
            h.poll(n, 20.0, 21.0)
            await trio.sleep(1)
    assert h.lost == []
    progress = [item for item in h.writer.items if isinstance(item, DeviceProgress)]
    assert progress[-1].counts.polls_ok == 3


async def test_what_happened_elsewhere_goes_into_a_batch(autojump_clock: MockClock) -> None:
    h = house()
    h.writer.loads = False
    happened = EventHappened(at_ms=7, event="child.restarted", device="a", reason="ValueError")
    async with h.at_work():
        h.tell(happened)
        await trio.sleep(1)
        h.writer.loads = True
        h.writer.recover()
        await trio.sleep(5)
        assert h.writer.items == [happened]


async def test_a_gateway_that_stood_still_itself_blames_no_device(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2)
        autojump_clock.jump(4)
        await trio.sleep(1)
        h.poll(2, 20.0, 21.0)
        await trio.sleep(3)
        assert h.writer.statuses("IN1") == [Status.OK]
        await trio.sleep(6)
        assert h.writer.statuses("IN1") == [Status.OK, Status.STALE, Status.DOWN]


@pytest.mark.parametrize("asleep", [False, True])
async def test_no_value_holds_over_a_time_in_which_the_gateway_itself_did_not_run(
    autojump_clock: MockClock, asleep: bool
) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2.1)
        if asleep:
            h.asleep_ms += 600_000
        else:
            autojump_clock.jump(600)
        await trio.sleep(1)
        h.tell(read("a", 2, Reading("IN1", 20.0), at_ms=h.wall_ms()))
        await trio.sleep(3)
        (ended,) = [
            item for item in h.writer.items if isinstance(item, EventHappened) and item.event == "clock.stepped"
        ]
        assert ended.since_ms is not None
        assert (ended.since_ms, ended.at_ms) == pytest.approx((2_100, 602_100), abs=500)
        assert [(c.reading.status, c.sample) for c in h.writer.changes("IN1")] == [
            (Status.OK, True), (Status.STALE, False), (Status.OK, True),
        ]  # fmt: skip
        assert "point.stale" not in h.writer.events()
        assert h.said("points.stale") == h.said("points.recovered") == []
        (said,) = [keys for name, keys in h.log if name == "gateway.stood_still"]
        assert (said["lasted_s"], said["asleep_s"]) == pytest.approx((600, 600 if asleep else 0), abs=1)
        assert said["points_stale"] == 2
        assert h.device.heard.count(GatewayPaused(device="a")) == 1


async def test_a_poll_that_was_on_its_way_when_the_gateway_stood_still_says_nothing_of_now(
    autojump_clock: MockClock,
) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2)
        h.asleep_ms += 600_000
        h.tell(read("a", 2, Reading("IN1", 22.0), at_ms=2_000))
        await trio.sleep(2.5)
        assert h.device.heard[-1] == ReadingsTaken(device="a", poll_no=2, incarnation=h.sent[0].incarnation)
        assert h.writer.statuses("IN1") == [Status.OK, Status.STALE]
        h.tell(read("a", 3, Reading("IN1", 22.0), at_ms=h.wall_ms()))
        await trio.sleep(3)
        assert h.writer.samples("IN1")[-1] == 22.0


async def test_the_first_batch_that_is_closed_behind_a_pause_says_so_whatever_comes_first(
    autojump_clock: MockClock,
) -> None:
    h = house()
    async with h.at_work(StoreConfig(batch_rows=1)):
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3.1)  # between two looks of its own
        h.asleep_ms += 600_000
        h.tell(objects("a", "1 Heat"))
        await trio.sleep(3)
        behind = next(batch for batch in h.writer.batches if batch.at_ms >= 600_000)
        assert [item.event for item in behind.items if isinstance(item, EventHappened)] == ["clock.stepped"]


async def test_a_clock_that_was_put_forward_has_each_value_said_once_more(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.writer.clock_step = ClockStep(600_000, 600_000)
        for poll_no in range(1, 5):
            h.poll(poll_no, 20.0, 21.0)
            await trio.sleep(3)
        assert [(change.changed, change.sample) for change in h.writer.changes("IN1")] == [(True, True), (False, True)]


async def test_a_clock_that_is_set_back_after_a_pause_makes_no_poll_one_of_before(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2)
        h.asleep_ms += 600_000
        await trio.sleep(10)
        h.tell(read("a", 2, Reading("IN1", 22.0), at_ms=5_000))
        await trio.sleep(3)
        assert h.writer.statuses("IN1")[-1] is Status.OK


async def test_a_pause_before_the_store_is_known_is_told_once_it_is(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 20.0), device_status={"a": DeviceStatus.ONLINE})
    h.writer.loads = False
    async with h.at_work():
        h.tell(A)
        await trio.sleep(2)
        h.asleep_ms += 600_000
        await trio.sleep(2)
        h.writer.loads = True
        h.writer.recover()
        await trio.sleep(3)
        assert h.writer.events().count("clock.stepped") == 1
        h.tell(read("a", 1, Reading("IN1", 20.0), at_ms=h.wall_ms()))
        await trio.sleep(3)
        assert h.writer.samples("IN1") == [20.0]


async def test_points_turn_stale_then_down_with_a_log_line_each_and_come_back(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(10)
        h.tell(PollMissed(device="a", at_ms=0, reason="timed out", counts=PollCounts(1, 3, 1.0)))
        h.poll(2, 20.0, 21.0)
        await trio.sleep(3)
        assert h.writer.statuses("IN1") == [Status.OK, Status.STALE, Status.DOWN, Status.OK]
        assert h.writer.samples("IN1") == [20.0, None, None, 20.0]
        assert [h.said(f"points.{word}") for word in ("stale", "down", "recovered")] == [[2], [2], [2]]
        assert [event for event in h.writer.events() if event != "point.ok"] == [
            "point.stale",
            "point.stale",
            "point.down",
            "point.down",
        ]


async def test_a_device_that_falls_silent_for_ever_is_said_to_be_down_once(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(1000)
        assert h.said("points.down") == [2]
        assert h.writer.statuses("IN1") == [Status.OK, Status.STALE, Status.DOWN]


async def test_an_offline_device_takes_its_points_down_at_once(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        h.tell(turned("a", DeviceStatus.ONLINE, DeviceStatus.OFFLINE, "refused"))
        await trio.sleep(2.5)
        assert h.writer.statuses("IN1") == [Status.OK, Status.DOWN]
        assert h.said("points.down") == [2]


async def test_a_device_that_has_missed_a_poll_or_two_leaves_points_to_their_age(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        h.tell(turned("a", DeviceStatus.ONLINE, DeviceStatus.CONNECTING, "timed out"))
        await trio.sleep(2.5)
        assert h.writer.statuses("IN1") == [Status.OK]


async def test_a_removed_device_has_disabled_points_and_is_not_known_any_more(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        h.tell(turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE))
        h.tell(DeviceRemoved(device="a", at_ms=5, reason="not in the configuration"))
        h.poll(2, 22.0, 23.0)
        await trio.sleep(100)
        assert h.writer.statuses("IN1") == [Status.OK, Status.DISABLED]
        assert [each.was for each in h.writer.items if isinstance(each, DeviceRemoved)] == [DeviceStatus.ONLINE]
        last = h.device.heard[-1]
        assert isinstance(last, ReadingsTaken)
        assert not last.known


async def test_what_the_store_dropped_comes_back_with_the_next_reading(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.writer.dropped = (("a", "IN1"),)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2.5)
        h.poll(2, 20.0, 21.0)
        await trio.sleep(2.4)
        assert h.writer.samples("IN1") == [20.0, 20.0]
        assert h.writer.samples("IN2") == [21.0]
        assert (await h.counts()).changes_dropped == 1


async def test_a_fresh_database_gets_rows_first_then_what_was_not_stored_then_everything(
    autojump_clock: MockClock,
) -> None:
    h = house()
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.ONLINE))
        h.poll(1, 20.0, 21.0)
        await trio.sleep(2.5)
        h.writer.answers = False
        h.poll(2, 22.0, 21.0)
        await trio.sleep(2.5)
        h.writer.answers = True
        h.writer.batches.clear()
        h.writer.recover(fresh=True)
        h.poll(3, 22.0, 21.0)
        await trio.sleep(2.5)
        assert h.writer.items[0] == A
        assert h.writer.samples("IN1") == [22.0]
        assert h.writer.samples("IN2") == [21.0]
        assert StoreRenewed(device="a") in h.device.heard, "what it had the store keep, it tells again"


async def test_a_batch_is_stored_every_ten_seconds_while_anything_is_announced(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        await trio.sleep(60)
        assert h.sent == []
        h.tell(A)
        for n in range(1, 61):
            h.poll(n, 20.0, 21.0)
            await trio.sleep(1)
        assert 6 <= len(h.sent) <= 8
        progress = [item for item in h.writer.items if isinstance(item, DeviceProgress)]
        assert 5 <= len(progress) <= 7
        assert progress[-1].counts.polls_ok > 50


async def test_the_last_value_survives_a_writer_that_is_behind_and_losses_are_said_once(
    autojump_clock: MockClock,
) -> None:
    h = house()
    async with h.at_work(StoreConfig(batch_rows=4)):
        h.tell(A)
        h.writer.answers = False
        for n in range(1, 50):
            h.poll(n, float(n), 21.0)
            await trio.sleep(0.1)
        counts = await h.counts()
        assert counts.pending <= 4 + 2 * 2
        assert counts.lost_samples > 30
        h.writer.answers = True
        h.writer.recover()
        await trio.sleep(5)
        assert h.writer.samples("IN1")[-1] == 49.0
        assert [name for name, _ in h.log if name.startswith("changes.")] == ["changes.coalesced", "changes.caught_up"]
        assert (await h.counts()).lost_samples == counts.lost_samples


async def test_a_group_is_one_batch_whatever_batch_rows_says(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work(StoreConfig(batch_rows=5)):
        h.tell(*(announced(f"p{n}", point("IN1"), point("IN2")) for n in range(10)))
        await trio.sleep(3)
        before = len(h.writer.batches)
        for n in range(10):
            h.tell(read(f"p{n}", 1, Reading("IN1", 1), Reading("IN2", 2), group="answer 1"))
            await trio.sleep(0.01)
        await trio.sleep(3)
        (batch,) = h.writer.batches[before:]
        assert len(h.writer.changes()) == 20
        assert len(batch.items) >= 20


async def test_a_heartbeat_that_falls_due_within_a_group_does_not_tear_it(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        slow = Rules(poll_interval_s=60.0, max_interval_s=0.0)
        h.tell(*(announced(f"p{n}", point("IN1", slow)) for n in range(10)))
        await trio.sleep(3)
        before = len(h.writer.batches)
        for _ in range(100):
            if len(h.writer.batches) == before:
                await trio.sleep(PROGRESS_EVERY_S / 100)
        await trio.sleep(PROGRESS_EVERY_S - 0.35)
        for n in range(10):
            h.tell(read(f"p{n}", 1, Reading("IN1", 1), group="answer"))
            await trio.sleep(0.05)
        h.tell(CycleEnded(device="plant", at_ms=0, group="answer", panels=()))
        await trio.sleep(3)
        counts = [len(changes_of(batch)) for batch in h.writer.batches[before:]]
        assert [count for count in counts if count] == [10]


async def test_that_a_device_answered_for_the_first_time_is_stored_with_what_it_said(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 20.0), stored("a", "IN2", 21.0), device_status={"a": DeviceStatus.ONLINE})
    async with h.at_work():
        h.tell(A)
        await trio.sleep(3)  # a batch has gone: the next progress of all would be in 10 s
        h.poll(4, 20.0, 21.0)
        await trio.sleep(3)
        progress = [item for item in h.writer.items if isinstance(item, DeviceProgress)]
        assert [item.last_ok_at_ms for item in progress] == [None, 4000]
        h.poll(7, 20.0, 21.0)
        await trio.sleep(3)
        assert [item for item in h.writer.items if isinstance(item, DeviceProgress)] == progress


async def test_points_that_come_back_in_several_parts_of_one_answer_are_told_of_once(
    autojump_clock: MockClock,
) -> None:
    h = house(stored("a", "IN1", 20.0, Status.DOWN), stored("a", "IN2", 21.0, Status.DOWN))
    async with h.at_work():
        h.tell(A)
        for place in (1, 2):
            h.tell(read("a", place, Reading(f"IN{place}", 5.0), group="answer"))
        h.tell(CycleEnded(device="plant", at_ms=0, group="answer", panels=("a",)))
        await trio.sleep(1)
        assert h.said("points.recovered") == [2]
        for place in (1, 2):
            h.tell(read("a", 2 + place, Reading(f"IN{place}", 6.0), group="next"))
        h.tell(CycleEnded(device="plant", at_ms=0, group="next", panels=("a",)))
        await trio.sleep(1)
        assert h.said("points.recovered") == [2]


async def test_each_start_has_a_batch_stream_of_its_own(autojump_clock: MockClock) -> None:
    h = house()
    for _ in range(2):
        async with h.at_work():
            h.tell(A)
            await trio.sleep(3)
    assert len({batch.incarnation for batch in h.sent}) == 2


async def test_a_device_that_answers_is_online_though_its_word_on_that_was_lost(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 20.0, Status.DOWN), device_status={"a": DeviceStatus.OFFLINE})
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3)
        said = [item for item in h.writer.items if isinstance(item, DeviceStatusChanged)]
        assert [(item.was, item.status) for item in said] == [(DeviceStatus.OFFLINE, DeviceStatus.ONLINE)]


async def test_what_another_says_of_a_device_makes_its_points_stale_and_does_not_bring_it_online(
    autojump_clock: MockClock,
) -> None:
    h = house()
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        await trio.sleep(3)
        h.tell(turned("a", DeviceStatus.ONLINE, DeviceStatus.CONNECTING))
        stale = (Reading(point_id, None, Status.STALE, "T3000 reads it no more") for point_id in ("IN1", "IN2"))
        h.tell(replace(read("a", 2, *stale), is_hearsay=True))
        await trio.sleep(3)
        said = [item.status for item in h.writer.items if isinstance(item, DeviceStatusChanged)]
        assert said[-1] is DeviceStatus.CONNECTING
        marked = [item for item in h.writer.items if isinstance(item, PointChange)][-2:]
        assert {(change.reading.status, change.reading.reason) for change in marked} == {
            (Status.STALE, "T3000 reads it no more")
        }
        (standing,) = await h.registry.ask("detector", StandingsRequested(), 1.0)
        assert standing.last_ok_at_ms == 1000, "when it was heard itself"


async def test_nothing_accepted_is_lost_however_often_the_writer_crashes(autojump_clock: MockClock) -> None:
    for seed in range(20):
        chance = Random(seed)
        h = house()
        h.writer.loses = lambda chance=chance: chance.random() < 0.4  # type: ignore[misc]
        async with h.at_work(StoreConfig(batch_rows=10, batch_age_s=0.1)):
            h.tell(A)
            for n in range(1, 40):
                h.poll(n, float(n), float(-n))
                await trio.sleep(chance.random() * 0.3)
                if chance.random() < 0.5:
                    h.writer.recover()
            h.writer.loses = lambda: False
            h.writer.recover()
        _stored_in_order(h.writer.items)
        lost = 39 * 2 - sum(change.sample for change in h.writer.changes())
        assert h.writer.samples("IN1")[-1] == 39.0
        assert lost == 0 or any(name == "changes.coalesced" for name, _ in h.log)
        numbers = [batch.batch_no for batch in h.writer.batches]
        assert numbers == list(range(1, len(numbers) + 1))


def _stored_in_order(items: list[BatchItem]) -> None:
    assert isinstance(items[0], DeviceAnnounced)
    at_ms = [item.at_ms for item in items if isinstance(item, PointChange) and item.point_id == "IN1"]
    assert at_ms == sorted(at_ms)


async def test_devices_known_from_the_store_are_asked_at_once_to_announce_themselves(autojump_clock: MockClock) -> None:
    """A slow device would say nothing to a new detector for an interval, and be taken for dead by the default rules."""
    h = house(stored("a", "IN1", 20.0), device_status={"a": DeviceStatus.ONLINE})
    async with h.at_work():
        await trio.sleep(1)
        (asked,) = h.device.heard
        assert isinstance(asked, ReadingsTaken)
        assert not asked.known


async def test_a_stored_device_that_nobody_polls_is_disabled_with_its_points(autojump_clock: MockClock) -> None:
    points = (stored("a", "IN1", 20.0), stored("gone", "IN1", 20.0), stored("off", "IN1", 20.0, Status.DISABLED))
    status = {"a": DeviceStatus.ONLINE, "gone": DeviceStatus.ONLINE, "off": DeviceStatus.DISABLED}
    h = house(*points, device_status=status)
    async with h.at_work():
        h.tell(announced("a", point("IN1", Rules())))
        await trio.sleep(30)
        assert h.writer.changes() == []
        await trio.sleep(60)
        assert [item.device for item in h.writer.items if isinstance(item, DeviceRemoved)] == ["gone"]
        changes = [change for change in h.writer.changes() if change.device != "a"]
        assert [(change.device, change.reading.status) for change in changes] == [("gone", Status.DISABLED)]


async def test_after_a_restart_a_devices_transitions_begin_where_the_stored_ones_ended(
    autojump_clock: MockClock,
) -> None:
    h = house(device_status={"a": DeviceStatus.ONLINE})
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONNECTING))
        h.tell(turned("a", DeviceStatus.CONNECTING, DeviceStatus.ONLINE))
        await trio.sleep(3)
        said = [(item.from_status, item.to_status) for item in h.writer.items if isinstance(item, EventHappened)]
        assert said == [("online", "connecting"), ("connecting", "online")]


async def test_a_device_that_is_as_it_was_before_the_restart_is_no_event(autojump_clock: MockClock) -> None:
    h = house(device_status={"a": DeviceStatus.OFFLINE})
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.OFFLINE, "refused"))
        await trio.sleep(3)
        assert set(h.writer.events()) == {"point.down"}, "they were never read; of the device it says nothing new"
        assert [item.status for item in h.writer.items if isinstance(item, DeviceStatusChanged)] == [
            DeviceStatus.OFFLINE
        ]


async def test_when_a_device_was_heard_is_by_our_own_clock_whatever_its_samples_say(autojump_clock: MockClock) -> None:
    h = house(device_status={"a": DeviceStatus.OFFLINE})
    async with h.at_work():
        h.tell(A, replace(read("a", 1, Reading("IN1", 1.0), at_ms=7_200_000), came_at_ms=500))
        await trio.sleep(3)
        progress = [item for item in h.writer.items if isinstance(item, DeviceProgress)]
        assert [item.last_ok_at_ms for item in progress] == [500]
        online = [item for item in h.writer.items if isinstance(item, DeviceStatusChanged)]
        assert [item.at_ms for item in online] == [500]
        assert h.writer.changes()[-1].at_ms == 7_200_000
