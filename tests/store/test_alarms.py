from __future__ import annotations

import pytest

from t3actors.messages import AlarmsRead, DeviceRemoved
from t3actors.objects import Alarm
from t3actors.rows import AlarmRow
from t3actors.store import alarms
from t3actors.store.alarms import FIELDS, YEAR_MS
from t3actors.store.reader import open_reader
from tests.store.building import T0_MS, House, announced

EVENTS = "SELECT event, point, from_status, to_status, reason FROM EVENTS WHERE event LIKE 'alarm%' ORDER BY id"


def alarm(source: str = "AI1", state: str = "high limit", **more: object) -> Alarm:
    return Alarm(**({"source": source, "alarm_state": state} | more))  # type: ignore[arg-type]


def read(*alarms: Alarm, at_ms: int = T0_MS, complete: bool = True, device: str = "ahu-1") -> AlarmsRead:
    return AlarmsRead(device=device, at_ms=at_ms, alarms=alarms, complete=complete)


def test_every_field_of_an_alarm_is_a_column(house: House) -> None:
    columns = {row[1] for row in house.rows("PRAGMA table_info(ALARMS)")}
    assert {*FIELDS, "raised_at", "acked_at", "cleared_at"} <= columns
    assert set(Alarm.__struct_fields__) - set(FIELDS) == {"raised_at_ms"}


def test_an_alarm_is_raised_once_and_cleared_when_a_complete_list_has_it_no_more(house: House) -> None:
    seen = alarm(message="too warm", alarm_type="out of range", priority=3, high_limit=30.0)
    house.put(announced(), read(seen), read(seen, at_ms=T0_MS + 1))
    house.put(read(alarm("BI2", "fault"), at_ms=T0_MS + 2, complete=False))
    house.put(read(alarm("BI2", "fault"), at_ms=T0_MS + 3))
    assert house.rows("SELECT source, raised_at, cleared_at, priority, high_limit FROM ALARMS ORDER BY id") == [
        ("AI1", T0_MS, T0_MS + 3, 3, 30.0),
        ("BI2", T0_MS + 2, None, None, None),
    ]
    assert house.rows(EVENTS) == [
        ("alarm.raised", "AI1", "", "high limit", "too warm"),
        ("alarm.raised", "BI2", "", "fault", ""),
        ("alarm.cleared", "AI1", "high limit", "", ""),
    ]


def test_an_alarm_that_comes_again_is_another_row(house: House) -> None:
    house.put(announced(), read(alarm()), read(at_ms=T0_MS + 1), read(alarm(), at_ms=T0_MS + 2))
    assert house.rows("SELECT raised_at, cleared_at FROM ALARMS ORDER BY id") == [(T0_MS, T0_MS + 1), (T0_MS + 2, None)]


def test_another_state_of_the_same_object_is_another_occurrence(house: House) -> None:
    house.put(announced(), read(alarm()), read(alarm(state="fault"), at_ms=T0_MS + 1))
    assert house.rows("SELECT alarm_state, cleared_at FROM ALARMS ORDER BY id") == [
        ("high limit", T0_MS + 1),
        ("fault", None),
    ]


def test_what_changes_of_an_open_alarm_is_brought_up_to_date(house: House) -> None:
    house.put(announced(), read(alarm(message="warm")), read(alarm(message="hot", low_limit=1.5), at_ms=T0_MS + 1))
    assert house.rows("SELECT message, low_limit, raised_at FROM ALARMS") == [("hot", 1.5, T0_MS)]
    assert house.store.store(house.batch(read(alarm(message="hot", low_limit=1.5)))).rows == 0


def test_an_alarm_is_acknowledged_when_that_is_first_seen(house: House) -> None:
    acked = alarm(acknowledged=True)
    house.put(announced(), read(alarm()))
    for later in (1, 2, 3):
        house.put(read(acked if later < 3 else alarm(acknowledged=True, message="new"), at_ms=T0_MS + later))
    assert house.rows("SELECT acknowledged, acked_at FROM ALARMS") == [(1, T0_MS + 1)]
    house.put(read(alarm(), at_ms=T0_MS + 4))
    assert house.rows("SELECT acknowledged, acked_at FROM ALARMS") == [(0, None)]


def test_an_alarm_first_told_acknowledged_was_acknowledged_by_then(house: House) -> None:
    house.put(announced(), read(alarm(acknowledged=True)))
    assert house.rows("SELECT raised_at, acked_at FROM ALARMS") == [(T0_MS, T0_MS)]


@pytest.mark.parametrize(
    ("said_ms", "raised_at"),
    [
        (None, T0_MS),
        (T0_MS, T0_MS),
        (T0_MS + 1, T0_MS),
        (T0_MS - YEAR_MS, T0_MS - YEAR_MS),
        (T0_MS - YEAR_MS - 1, T0_MS),
        (2**70, T0_MS),
        (-1, T0_MS),
    ],
)
def test_a_devices_clock_is_believed_where_it_can_be_right(house: House, said_ms: int | None, raised_at: int) -> None:
    house.put(announced(), read(alarm(raised_at_ms=said_ms)))
    assert house.one("SELECT raised_at FROM ALARMS") == raised_at


def test_alarms_are_known_again_after_a_restart(house: House) -> None:
    house.put(announced(), read(alarm(), alarm("AI2")))
    house.reopened().put(read(alarm(), at_ms=T0_MS + 1))
    assert house.rows("SELECT source, cleared_at FROM ALARMS ORDER BY id") == [("AI1", None), ("AI2", T0_MS + 1)]


def test_the_alarms_of_devices_are_apart(house: House) -> None:
    house.put(announced(), announced(device="other", serial=2), read(alarm()), read(alarm(), device="other"))
    house.put(read(device="other", at_ms=T0_MS + 1))
    assert house.rows("SELECT serial_number, cleared_at FROM ALARMS ORDER BY id") == [(12345, None), (2, T0_MS + 1)]


def test_the_alarms_that_stand_are_found_without_a_look_at_all_there_ever_were(house: House) -> None:
    sql = "SELECT source, alarm_state, id FROM ALARMS WHERE serial_number = ? AND cleared_at IS NULL"
    assert [row[3] for row in house.rows(f"EXPLAIN QUERY PLAN {sql}", 1)] == [
        "SEARCH ALARMS USING INDEX open_alarms (serial_number=?)"
    ]


def test_so_many_alarms_stand_open_and_that_there_are_more_is_said_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "MOST_OPEN", 3)
    many = [alarm(f"AI{n}") for n in range(5)]
    house.put(announced(), read(*many[:3]))
    assert house.one("SELECT count(*) FROM EVENTS WHERE event = 'alarms.left_out'") == 0
    for _ in range(2):
        house.put(read(*many))
        assert house.one("SELECT count(*) FROM ALARMS WHERE cleared_at IS NULL") == 3
    assert house.rows("SELECT reason FROM EVENTS WHERE event = 'alarms.left_out'") == [
        ("2 more alarms stand than the 3 that are kept of one device",)
    ]
    house.put(read(*many[2:]))  # room for all again
    assert house.rows("SELECT source FROM ALARMS WHERE cleared_at IS NULL ORDER BY id") == [
        ("AI2",),
        ("AI3",),
        ("AI4",),
    ]
    house.put(read(*many))
    assert house.one("SELECT count(*) FROM EVENTS WHERE event = 'alarms.left_out'") == 2


def test_alarms_of_a_device_that_was_never_announced_are_let_go(house: House) -> None:
    assert house.put(read(alarm())) == ()
    assert house.put(read(alarm("\udcff"))) == ()
    assert house.rows("SELECT * FROM ALARMS") == []


@pytest.mark.parametrize("poison", [alarm("\udcff"), alarm("AI2", message="\udcff"), alarm("AI2", priority=2**70)])
def test_a_poisoned_alarm_costs_itself_only(house: House, poison: Alarm) -> None:
    house.put(announced(), read(alarm("AI9")))
    house.put(read(alarm("AI1"), poison, alarm("AI3"), at_ms=T0_MS + 1))
    assert house.rows("SELECT source, cleared_at FROM ALARMS ORDER BY id") == [
        ("AI9", T0_MS + 1),
        ("AI1", None),
        ("AI3", None),
    ]
    assert [row[:2] for row in house.rows(EVENTS)] == [
        ("alarm.raised", "AI9"),
        ("alarm.cleared", "AI9"),
        ("alarm.raised", "AI1"),
        ("alarm.raised", "AI3"),
    ]
    assert len(house.logged("row.poisoned")) == 1


def test_a_poisoned_alarm_takes_nobodys_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "MOST_OPEN", 1)
    house.put(announced(), read(alarm("AI1", message="\udcff"), alarm("AI2")))
    assert house.rows("SELECT source FROM ALARMS") == [("AI2",)]


def listed(house: House, *, standing: bool = True) -> list[tuple[str, str | None]]:
    with open_reader(house.path) as reader:
        return [(row.name, row.source) for row in reader.alarms(standing=standing)]


def test_a_reader_lists_the_alarms_that_stand_or_all_there_were(house: House) -> None:
    second = alarm("AI2", acknowledged=True, clock_off_s=-120)
    house.put(announced(), announced(device="other", serial=2), read(alarm("AI1"), second))
    house.put(read(second, at_ms=T0_MS + 5), read(alarm(), device="other", at_ms=T0_MS + 6))
    assert listed(house) == [("ahu-1", "AI2"), ("other", "AI1")]
    assert listed(house, standing=False) == [("ahu-1", "AI1"), ("ahu-1", "AI2"), ("other", "AI1")]
    with open_reader(house.path) as reader:
        assert reader.alarms("ahu-1") == [
            AlarmRow(
                id=2, name="ahu-1", source="AI2", alarm_state="high limit", alarm_type="", message="", description="",
                priority=None, notification_id=None, acknowledged=True, low_limit=None, high_limit=None, raised_at=T0_MS,
                clock_off_s=-120, acked_at=T0_MS, cleared_at=None, device_status="unknown",
            )
        ]  # fmt: skip
        assert [row.source for row in reader.alarms(limit=1, standing=False)] == ["AI1"]


def test_the_alarms_of_a_removed_device_do_not_stand_for_ever_in_a_readers_list(house: House) -> None:
    house.put(announced(), read(alarm()), DeviceRemoved(device="ahu-1", at_ms=T0_MS, reason="gone"))
    assert listed(house) == []
    assert listed(house, standing=False) == [("ahu-1", "AI1")]
