"""What a cycle of a T3000 installation left in the database, counted there."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from t3actors.cycles import CycleEnded, CycleStored, PanelCount
from t3actors.messages import BatchItem
from t3actors.points import Kind
from t3actors.store.room import Room, RoomKeeper
from tests.store.building import T0_MS, House, announced, change, point

POINTS = (point(1), point(2), point(1, Kind.OUTPUT), point(1, Kind.VARIABLE))
SECOND = T0_MS // 1000


def ended(group: str = "g1", *, requested: bool = False, at_ms: int = T0_MS) -> CycleEnded:
    return CycleEnded(device="plant", at_ms=at_ms, group=group, panels=("plant:12345",), requested=requested)


def panel(at_ms: int = T0_MS) -> list[BatchItem]:
    ids = ("IN1", "IN2", "OUT1", "VAR1")
    return [
        announced(POINTS, device="plant:12345", created_by="ffi_sync_service", data_source=1),
        *(change(0.0, point_id, "plant:12345", at_ms=at_ms) for point_id in ids),
    ]


def test_a_cycle_is_counted_by_the_rows_that_are_committed_with_it(house: House) -> None:
    (cycle,) = house.store.store(house.batch(announced((), device="plant", serial=None), *panel(), ended())).cycles
    assert (cycle.device, cycle.group) == ("plant", "g1")
    assert cycle.panels == (
        PanelCount(device="plant:12345", serial_number=12345, devices=1, inputs=2, outputs=1, variables=1, samples=4),
    )
    assert house.rows(
        "SELECT serial_number, data_source, created_by, count(*) FROM TRENDLOG_DATA GROUP BY 1, 2, 3"
    ) == [(12345, 1, "ffi_sync_service", 4)]


def test_the_counts_stand_in_events_once_and_again_when_they_change_or_somebody_asked(house: House) -> None:
    house.put(announced((), device="plant", serial=None), *panel(), ended())
    for cycle in (1, 2):
        house.put(*panel(T0_MS + cycle * 30_000), ended(f"g{cycle}", at_ms=T0_MS + cycle * 30_000))
    counted = "SELECT reason FROM EVENTS WHERE event = 'cycle.stored'"
    words = "1 record(s) in DEVICES table; 2 INPUT points; 1 OUTPUT points; 1 VARIABLE points; 4 trend rows"
    assert house.rows(counted) == [(words,)]
    house.put(*panel(T0_MS + 90_000), ended("g3", requested=True, at_ms=T0_MS + 90_000))
    assert house.rows(counted) == [(words,), (words,)]
    house.put(change(1.0, "IN1", "plant:12345", at_ms=T0_MS + 120_000), ended("g4", at_ms=T0_MS + 120_000))
    assert house.rows(counted) == [(words,), (words,)], "where changes are stored, the samples differ each time"
    house.put(announced((*POINTS, point(3)), device="plant:12345"), ended("g5", at_ms=T0_MS + 150_000))
    assert house.rows(counted)[-1] == (words.replace("2 INPUT", "3 INPUT").replace("4 trend", "0 trend"),)


def test_a_row_that_is_refused_has_no_other_counted_twice(house: House) -> None:
    first = change(0.0, "IN1", "plant:12345", at_ms=T0_MS + 1)
    poisoned = change("\udcff", "IN2", "plant:12345", at_ms=T0_MS + 1)
    house.put(announced((), device="plant", serial=None), *panel())
    stored = house.store.store(house.batch(first, announced((), device="plant", serial=None), poisoned, ended()))
    (count,) = stored.cycles[0].panels
    assert (count.samples, stored.samples) == (1, 1)


def test_counts_for_which_events_had_no_room_stand_there_when_it_has(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = "SELECT count(*) FROM EVENTS WHERE event = 'cycle.stored'"
    with monkeypatch.context() as full:
        full.setattr(RoomKeeper, "look", lambda *_, **__: Room.POINTS_ONLY)
        (cycle,) = house.store.store(house.batch(announced((), device="plant", serial=None), *panel(), ended())).cycles
        assert (cycle.panels[0].inputs, cycle.panels[0].samples, house.one(counted)) == (2, 0, 0)
    house.put(ended("g2"))
    assert house.one(counted) == 1


def test_the_counts_agree_with_what_anybody_counts_in_the_database(house: House) -> None:
    (cycle,) = house.store.store(house.batch(announced((), device="plant", serial=None), *panel(), ended())).cycles
    (count,) = cycle.panels
    assert house.one("SELECT count(*) FROM INPUT_POINTS WHERE serial_number = 12345") == count.inputs
    assert house.one("SELECT count(*) FROM OUTPUT_POINTS WHERE serial_number = 12345") == count.outputs
    assert house.one("SELECT count(*) FROM VARIABLE_POINTS WHERE serial_number = 12345") == count.variables
    assert house.one(f"SELECT count(*) FROM TRENDLOG_DATA WHERE logging_time = {SECOND}") == count.samples


def test_a_panel_that_is_not_known_is_not_counted(house: House) -> None:
    stored = house.store.store(house.batch(announced((), device="plant", serial=None), ended()))
    assert stored.cycles == (CycleStored(device="plant", group="g1", panels=(), took_s=stored.took_s),)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_batch_that_is_sent_again_says_the_same_of_its_cycles(house: House, *, restarts: bool) -> None:
    first_cycle = (announced((), device="plant", serial=None), *panel(), ended("g1"))
    batch = house.batch(*first_cycle, change(1.0, "IN1", "plant:12345", at_ms=T0_MS + 1), ended("g2"))
    said = house.store.store(batch).cycles
    assert [(cycle.group, cycle.panels[0].samples) for cycle in said] == [("g1", 4), ("g2", 1)]
    if restarts:
        house.reopened()
    again = house.store.store(batch)
    assert (again.rows, again.samples) == (0, 0)
    assert [replace(cycle, took_s=0.0) for cycle in said] == list(again.cycles)


def test_a_batch_that_is_sent_again_counts_no_sample_that_was_dropped(house: House) -> None:
    stranger = change(1.0, "IN9", "plant:12345")
    batch = house.batch(announced((), device="plant", serial=None), *panel(), stranger, ended())
    assert house.store.store(batch).dropped == (("plant:12345", "IN9"),)
    assert house.store.store(batch).cycles[0].panels[0].samples == 4
