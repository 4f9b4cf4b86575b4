"""The less used objects of a device fill their tables, a piece at a time, and cost nothing where there are none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio

from t3actors.collect.bacnet import meeting
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Bits, Enumerated, ObjectId, Several
from t3actors.collect.bacnet.rare.alarm_rounds import FACTS_EVERY_S
from t3actors.collect.bacnet.rare.rarely import MOST_ROWS, PIECE_EVERY_S, TABLES_EVERY_S, Rarely
from t3actors.config import DeviceConfig
from t3actors.errors import LinkDown, RequestTimedOut
from t3actors.messages import AlarmsRead, ObjectsRead
from t3actors.objects import Alarm, Holiday, ObjectRow, PidController, Program, Schedule, TrendLog
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer
from tests.collect.bacnet.asked import Held
from tests.collect.bacnet.peer import Logged, link_up

INSTANCE = 1001
AT_MS = 1_767_225_600_000  # as the simulated device has it
TABLES = {"PROGRAMS", "SCHEDULES", "HOLIDAYS", "TRENDLOGS", "PID_CONTROLLERS"}


class Stepped:
    """A Rarely, and the time that its steps take."""

    def __init__(self, asking: Asking) -> None:
        self.log = Logged()
        self.now_ms = AT_MS
        self.rarely = Rarely(asking, device="d", instance=INSTANCE, wall_ms=lambda: self.now_ms, log=self.log)
        self.now_s = 1000.0
        self.said_at_first: tuple[ObjectsRead | AlarmsRead, ...] = ()

    async def until_idle(self) -> tuple[ObjectsRead | AlarmsRead, ...]:
        """Step until nothing is due at once."""
        told: list[ObjectsRead | AlarmsRead] = []
        for _ in range(500):
            wait_s = await self.rarely.step(self.now_s)
            told += self.rarely.take()
            if wait_s is None or wait_s > PIECE_EVERY_S:
                return tuple(told)
            self.now_s += wait_s
        raise AssertionError("it never ends")


class Met(Stepped):
    """A simulated device, and its less used objects."""

    def __init__(self, responder: Responder, asking: Asking) -> None:
        super().__init__(asking)
        self.asking = asking
        self.responder = responder
        self.device = responder.device


@asynccontextmanager
async def met(preset: Preset) -> AsyncIterator[Met]:
    responder = Responder(build_device(preset, 1, INSTANCE, PointCounts(8, 4, 8)))
    server = BacnetServer(Router(responder))
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        async with link_up() as house:
            where = f"127.0.0.1:{server.port}"
            config = DeviceConfig(
                name="d", protocol="bacnet", address=where, instance=INSTANCE, timeout_s=30.0, retries=0
            )
            made = Met(responder, Asking(config, house.registry, lambda: made.now_s, lambda: None))
            facts = (await meeting.meet(made.asking, where, INSTANCE)).facts
            listed = [ObjectId(each >> 22, each & 0x3FFFFF) for each in made.device.objects]
            made.rarely.listed(listed, vendor_id=facts.vendor_id)
            made.rarely.in_alarm(frozenset())
            yield made
        nursery.cancel_scope.cancel()


def rows_of(told: tuple[ObjectsRead | AlarmsRead, ...]) -> dict[str, tuple[ObjectRow, ...]]:
    assert all(each.complete and (each.device, each.at_ms) == ("d", AT_MS) for each in told)
    tables = [each for each in told if isinstance(each, ObjectsRead)]
    assert len({each.table for each in tables}) == len(tables)
    return {each.table: each.rows for each in tables}


def alarms_of(told: tuple[ObjectsRead | AlarmsRead, ...]) -> tuple[Alarm, ...]:
    (read,) = [each for each in told if isinstance(each, AlarmsRead)]
    return read.alarms


EVERY = [each for each in Preset if each is not Preset.LARGE]


@pytest.mark.parametrize("preset", EVERY)
async def test_every_kind_of_device_fills_every_table(preset: Preset) -> None:
    async with met(preset) as one:
        told = await one.until_idle()
        rows = rows_of(told)
        assert {table: len(each) for table, each in rows.items()} == dict.fromkeys(TABLES, 2) | {"HOLIDAYS": 1}
        assert len(alarms_of(told)) == 1


async def test_a_panels_tables_say_what_the_panel_has() -> None:
    async with met(Preset.T3000) as one:
        told = await one.until_idle()
        rows = rows_of(told)
        assert rows["HOLIDAYS"] == (
            Holiday(
                index=1,
                holiday_id="HOL1",
                holiday_label="HOL1",
                description="Simulated holidays 1",
                holiday_value="2026-12-25\n2026-12-28..2027-01-01\n*-05 days 1-7 Monday",
                status="inactive",
            ),
        )
        (schedule, _) = rows["SCHEDULES"]
        assert isinstance(schedule, Schedule)
        assert schedule.monday_time == "07:00 active; 18:30 inactive"
        assert (schedule.sunday_time, schedule.controls) == ("", "VAR8 present-value")
        assert (schedule.exceptions or "").splitlines() == [
            "HOL1: 00:00 inactive (priority 5)",
            "2026-12-24: 00:00 inactive (priority 10)",
            "2026-08-01..2026-08-14: 09:00 active; 12:00 inactive (priority 12)",
        ]
        (log, loop, program) = (rows[each][0] for each in ("TRENDLOGS", "PID_CONTROLLERS", "PROGRAMS"))
        assert isinstance(log, TrendLog)
        assert (log.trendlog_id, log.interval_seconds, log.status, log.logs) == ("MON1", 900, "ON", "IN1 present-value")
        assert isinstance(loop, PidController)
        assert (loop.loop_field, loop.input_field, loop.set_value) == ("PID1", "IN1 present-value", 21.5)
        assert loop.input_value == pytest.approx(one.device.value("IN1"), rel=1e-6)
        assert isinstance(program, Program)
        assert (program.program_id, program.program_status) == ("PRG1", "running")
        (alarm,) = alarms_of(told)
        assert (alarm.source, alarm.alarm_state, alarm.priority, alarm.acknowledged) == ("EE2", "high limit", 64, False)
        assert (alarm.alarm_type, alarm.message) == ("out of range", "IN1 is out of its limits")
        assert alarm.high_limit == pytest.approx(one.device.value("IN1") - 1.0, rel=1e-6)
        assert alarm.raised_at_ms == int(one.device.at_s * 1000)


async def test_that_a_devices_clock_is_wrong_is_said_once_and_when_it_is_right_again() -> None:
    async with met(Preset.T3000) as one:
        one.now_ms += 3_600_000
        (alarm,) = alarms_of(await one.until_idle())
        assert (alarm.raised_at_ms, alarm.clock_off_s) == (one.now_ms, -3600)
        for _ in range(2):
            one.now_s += FACTS_EVERY_S
            await one.until_idle()
        assert one.log.lines == [("device.clock_off", {"device": "d", "off_s": -3600})]
        one.now_ms -= 3_600_000
        one.now_s += FACTS_EVERY_S
        await one.until_idle()
        assert one.log.lines[1:] == [("device.clock_right", {"device": "d"})]


async def test_alarms_of_a_device_come_and_go() -> None:
    async with met(Preset.T3000) as one:
        await one.until_idle()
        one.device.point("IN1").set_flags(in_alarm=True)
        one.rarely.in_alarm(frozenset({ObjectId(0, 1)}))
        one.now_s += 60.0
        assert {each.source for each in alarms_of(await one.until_idle())} == {"IN1", "EE2"}
        one.device.set("IN1", -2000.0)
        one.rarely.in_alarm(frozenset())
        one.now_s += 60.0
        told = [each for each in await one.until_idle() if isinstance(each, AlarmsRead)]
        assert [(each.source, each.alarm_state) for each in told[-1].alarms] == [
            ("EE1", "low limit"),
            ("EE2", "low limit"),
        ]


async def test_a_table_is_told_again_after_a_quarter_of_an_hour() -> None:
    async with met(Preset.T3000) as one:
        await one.until_idle()
        asked = one.responder.counts.requests
        one.now_s += TABLES_EVERY_S
        assert {each.table for each in await one.until_idle() if isinstance(each, ObjectsRead)} == TABLES
        assert one.responder.counts.requests - asked <= 20


async def test_a_device_that_goes_away_is_read_on_when_it_is_back() -> None:
    async with met(Preset.GENERIC) as one:
        for _ in range(4):
            await one.rarely.step(one.now_s)
        one.responder.set_fault(BacnetFault(BacnetFaultKind.STALL), 0.0)
        patient = one.asking._config
        one.asking._config = msgspec.structs.replace(patient, timeout_s=0.2)
        with pytest.raises(RequestTimedOut):
            await one.rarely.step(one.now_s)
        one.asking._config = patient
        one.responder.set_fault(BacnetFault(BacnetFaultKind.NONE), 0.0)
        assert set(rows_of(await one.until_idle())) == TABLES


async def test_one_device_shares_its_link_with_what_it_is_asked_at_each_poll() -> None:
    async with met(Preset.APDU_206) as one:
        before = one.asking.limits
        await one.until_idle()
        after = one.asking.limits
        assert (after.octets.bad, after.count.bad, after.read_multiple) == (None, None, before.read_multiple)


# -- without a network

PROGRAM, OTHER, CALENDAR, INPUT = ObjectId(16, 1), ObjectId(16, 2), ObjectId(6, 1), ObjectId(0, 1)
SAID: dict[ObjectId, dict[int, Answer]] = {
    PROGRAM: {77: "one", 92: Enumerated(2)},
    OTHER: {77: "two", 92: Enumerated(0)},
    CALENDAR: {77: "closed", 85: False, 23: Several(())},
}


def without_network(*objects: ObjectId) -> tuple[Held, Stepped]:
    device = Held({each: dict(SAID.get(each, {})) for each in objects})
    one = Stepped(device.asking)
    one.rarely.listed(objects, vendor_id=None)
    one.said_at_first = one.rarely.take()
    return device, one


def tables(told: tuple[ObjectsRead | AlarmsRead, ...]) -> list[tuple[str, list[str], bool]]:
    return [
        (each.table, [row.program_id if isinstance(row, Program) else "row" for row in each.rows], each.complete)
        for each in told
        if isinstance(each, ObjectsRead)
    ]


async def test_a_device_without_such_objects_is_never_asked() -> None:
    device, one = without_network(INPUT, ObjectId(8, 1001), ObjectId(15, 1), ObjectId(56, 1))
    assert await one.rarely.step(0.0) is None
    one.rarely.in_alarm(frozenset())
    assert await one.rarely.step(0.0) is None
    assert one.rarely.take() == (AlarmsRead(device="d", at_ms=AT_MS, alarms=()),)
    assert await one.rarely.step(0.0) is None
    assert one.rarely.take() == ()
    assert device.requests == []


async def test_tables_that_the_device_has_not_are_told_as_empty_at_first_for_an_earlier_gateway_may_have_filled_them() -> (
    None
):
    device, one = without_network(INPUT, PROGRAM, OTHER, CALENDAR)
    assert sorted(tables(one.said_at_first)) == [
        (name, [], True) for name in ("PID_CONTROLLERS", "SCHEDULES", "TRENDLOGS")
    ]
    assert tables(await one.until_idle()) == [("HOLIDAYS", ["row"], True), ("PROGRAMS", ["PRG1", "PRG2"], True)]
    assert device.asked == {PROGRAM, OTHER, CALENDAR}
    assert await one.rarely.step(one.now_s) == pytest.approx(TABLES_EVERY_S, abs=2 * PIECE_EVERY_S)


async def test_pieces_keep_their_distance() -> None:
    _, one = without_network(PROGRAM, CALENDAR)
    assert one.rarely.until_next(50.0) == 0.0
    assert await one.rarely.step(50.0) == PIECE_EVERY_S


async def test_the_same_list_again_changes_nothing() -> None:
    device, one = without_network(PROGRAM)
    await one.until_idle()
    device.requests.clear()
    one.rarely.listed([PROGRAM], vendor_id=None)
    await one.until_idle()
    assert device.requests == []


async def test_a_table_that_has_no_rows_any_more_is_told_as_empty_once() -> None:
    _, one = without_network(PROGRAM, CALENDAR)
    await one.until_idle()
    one.rarely.listed([CALENDAR], vendor_id=None)
    assert tables(one.rarely.take()) == [("PROGRAMS", [], True)]
    assert tables(await one.until_idle()) == [("HOLIDAYS", ["row"], True)]
    one.rarely.listed([INPUT], vendor_id=None)
    assert tables(one.rarely.take()) == [("HOLIDAYS", [], True)]
    assert await one.rarely.step(one.now_s) is None


async def test_an_object_that_the_device_says_it_has_not_is_no_row() -> None:
    device, one = without_network(PROGRAM, OTHER)
    await one.until_idle()
    del device.objects[OTHER]
    one.now_s += TABLES_EVERY_S
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1"], True)]


async def test_an_object_that_is_not_answered_keeps_its_row_or_leaves_the_table_incomplete() -> None:
    device, one = without_network(PROGRAM, OTHER)
    device.unanswered = {(*OTHER, which, None) for which in (77, 28, 92, 100, 81, 103, 29)}
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1"], False)]
    device.unanswered.clear()
    one.now_s += TABLES_EVERY_S
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1", "PRG2"], True)]
    device.unanswered = {(*OTHER, which, None) for which in (77, 28, 92, 100, 81, 103, 29)}
    one.now_s += TABLES_EVERY_S
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1", "PRG2"], True)]


async def test_what_a_device_is_silent_about_costs_two_time_outs_and_not_again_soon() -> None:
    device, one = without_network(PROGRAM, CALENDAR)
    device.silent[(*CALENDAR, 23, None)] = RequestTimedOut("silence")
    told: list[ObjectsRead | AlarmsRead] = []
    raised = 0
    for _ in range(20):
        try:
            await one.rarely.step(one.now_s)
        except RequestTimedOut:
            raised += 1
        told += one.rarely.take()
    assert raised == 2
    assert [each.table for each in told if isinstance(each, ObjectsRead)] == ["HOLIDAYS", "PROGRAMS"]
    assert isinstance(told[0], ObjectsRead)
    assert isinstance(told[0].rows[0], Holiday)
    assert told[0].rows[0].holiday_value is None
    one.now_s += TABLES_EVERY_S
    assert len(tables(await one.until_idle())) == 2


async def test_a_link_that_is_down_stops_nothing_for_good() -> None:
    device, one = without_network(PROGRAM)
    device.down = LinkDown("nobody")
    for _ in range(5):
        with pytest.raises(LinkDown):
            await one.rarely.step(one.now_s)
    device.down = None
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1"], True)]


async def test_a_device_with_very_many_alarms_has_its_tables_read_all_the_same() -> None:
    enrollments = [ObjectId(9, number) for number in range(900)]
    device, one = without_network(PROGRAM, *enrollments)
    for each in enrollments:
        device.objects[each] = {36: Enumerated(3), 0: Bits(0, 3)}
    one.rarely.in_alarm(frozenset())
    for _ in range(10):
        await one.rarely.step(one.now_s)
        one.now_s += PIECE_EVERY_S
    assert tables(one.rarely.take()) == [("PROGRAMS", ["PRG1"], True)]


async def test_an_object_that_was_away_has_no_row_of_old() -> None:
    device, one = without_network(PROGRAM, OTHER)
    await one.until_idle()
    one.rarely.listed([PROGRAM], vendor_id=None)
    device.unanswered = {(*OTHER, which, None) for which in (77, 28, 92, 100, 81, 103, 29)}
    one.rarely.listed([PROGRAM, OTHER], vendor_id=None)
    assert tables(await one.until_idle()) == [("PROGRAMS", ["PRG1"], False)]


async def test_a_table_has_a_bounded_number_of_rows() -> None:
    _, one = without_network(*(ObjectId(6, number) for number in range(MOST_ROWS + 1)))
    told: list[ObjectsRead | AlarmsRead] = []
    while not told:
        await one.rarely.step(one.now_s)
        told += one.rarely.take()
    assert isinstance(told[0], ObjectsRead)
    assert len(told[0].rows) == MOST_ROWS
