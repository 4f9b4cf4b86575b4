"""The detector's part in what devices tell beside readings, and in conflicts."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from t3actors.messages import AlarmsRead, BatchItem, DeviceLearned, DeviceRemoved, DeviceStatusChanged, ObjectsRead
from t3actors.points import DeviceStatus
from tests.detect.speech import alarms, learned, objects, stored, turned
from tests.detect.test_detector import A, House, house

# ------------------------------------------------------------------------------------------------- beside readings


def beside(h: House) -> list[BatchItem]:
    return [item for item in h.writer.items if isinstance(item, ObjectsRead | AlarmsRead | DeviceLearned)]


async def test_what_is_told_beside_readings_goes_to_the_writer_behind_its_device(autojump_clock: MockClock) -> None:
    h = house()
    told = (objects("a", "1 Heat"), alarms("a", "AI1 fault hot"), learned("a", "x"))
    async with h.at_work():
        h.tell(A, *told)
        await trio.sleep(3)
        assert h.writer.items[:4] == [A, *told]


async def test_a_repeat_is_dropped_whatever_its_time_but_not_what_was_learned(autojump_clock: MockClock) -> None:
    h = house()
    told = (objects("a", "1 Heat"), objects("a", table="HOLIDAYS"), alarms("a", "AI1 fault hot"), learned("a", "x"))
    async with h.at_work():
        h.tell(A, *told)
        await trio.sleep(3)
        h.tell(
            objects("a", "1 Heat", at_ms=9), objects("a", table="HOLIDAYS", at_ms=9), learned("a", "x"),
            alarms("a", "AI1 fault hot", at_ms=9),
        )  # fmt: skip
        h.tell(objects("a", "1 Heat", at_ms=9, complete=False), objects("a", "1 Cool"), objects("a", "1 Heat"))
        await trio.sleep(3)
        assert beside(h) == [*told, learned("a", "x"), objects("a", "1 Cool"), objects("a", "1 Heat")]


async def test_what_is_told_beside_readings_is_held_until_the_store_is_known(autojump_clock: MockClock) -> None:
    h = house(stored("a", "IN1", 20.0))
    h.writer.loads = False
    async with h.at_work():
        h.tell(objects("a", "1 Heat"), objects("a", "1 Cool"), alarms("a"), learned("a", "x"), A)
        await trio.sleep(3)
        h.writer.loads = True
        h.writer.recover()
        await trio.sleep(3)
        assert beside(h) == [objects("a", "1 Cool"), alarms("a"), learned("a", "x")]


async def test_a_new_detector_takes_everything_for_news(autojump_clock: MockClock) -> None:
    h = house()
    for _ in range(2):
        async with h.at_work():
            h.tell(A, objects("a", "1 Heat"))
            await trio.sleep(3)
    assert beside(h) == [objects("a", "1 Heat")] * 2


async def test_a_fresh_database_gets_what_was_told_beside_readings_again(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A, objects("a", "1 Heat", "2 Cool"), alarms("a", "AI1 fault hot"), learned("a", "x"))
        h.tell(objects("a", "2 Fan", complete=False))
        await trio.sleep(3)
        h.writer.batches.clear()
        h.writer.recover(fresh=True)
        await trio.sleep(3)
        assert h.writer.items[0] == A
        assert beside(h) == [objects("a", "1 Heat", "2 Fan"), alarms("a", "AI1 fault hot")]


async def test_what_a_removed_or_unknown_device_tells_is_let_go(autojump_clock: MockClock) -> None:
    h = house()
    told = (objects("a", "1 Heat"), alarms("a", "AI1 fault hot"), learned("a", "x"))
    async with h.at_work():
        h.tell(*told, A, *told, DeviceRemoved(device="a", at_ms=1, reason="gone"), *told)
        h.tell(DeviceRemoved(device="b", at_ms=1, reason="gone"), objects("b", "1 Heat"))
        await trio.sleep(3)
        assert beside(h) == [*told]
        h.tell(A, *told)  # and back
        await trio.sleep(3)
        assert beside(h) == [*told] * 2


# ------------------------------------------------------------------------------------------------------- conflicts


def transitions(h: House) -> list[tuple[DeviceStatus, DeviceStatus]]:
    return [(item.was, item.status) for item in h.writer.items if isinstance(item, DeviceStatusChanged)]


async def test_what_a_device_says_of_itself_never_says_that_it_was_a_conflict(autojump_clock: MockClock) -> None:
    h = house(device_status={"a": DeviceStatus.CONFLICT})
    async with h.at_work():
        h.tell(A)
        h.poll(1, 20.0, 21.0)
        h.poll(2, 20.0, 21.0)
        h.tell(turned("a", DeviceStatus.ONLINE, DeviceStatus.CONFLICT, "two answer"))
        h.tell(turned("a", DeviceStatus.CONNECTING, DeviceStatus.OFFLINE))
        await trio.sleep(3)
        assert transitions(h) == [
            (DeviceStatus.UNKNOWN, DeviceStatus.ONLINE),
            (DeviceStatus.ONLINE, DeviceStatus.CONFLICT),
            (DeviceStatus.CONNECTING, DeviceStatus.OFFLINE),
        ]


async def test_who_found_a_conflict_ends_it_whatever_the_device_said_since(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONFLICT))
        h.poll(1, 20.0, 21.0)
        h.tell(turned("a", DeviceStatus.CONFLICT, DeviceStatus.UNKNOWN))
        h.poll(2, 20.0, 21.0)
        await trio.sleep(3)
        assert transitions(h)[-2:] == [
            (DeviceStatus.CONFLICT, DeviceStatus.UNKNOWN),
            (DeviceStatus.UNKNOWN, DeviceStatus.ONLINE),
        ]


async def test_a_fresh_database_is_told_of_a_conflict_again(autojump_clock: MockClock) -> None:
    h = house()
    async with h.at_work():
        h.tell(A, turned("a", DeviceStatus.UNKNOWN, DeviceStatus.CONFLICT))
        await trio.sleep(3)
        h.writer.batches.clear()
        h.writer.recover(fresh=True)
        await trio.sleep(3)
        assert transitions(h) == [(DeviceStatus.UNKNOWN, DeviceStatus.CONFLICT)]
