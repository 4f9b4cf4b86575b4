from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t3actors.messages import DeviceProgress, PollCounts
from t3actors.points import Kind, Rules, Status
from tests.store.building import T0_MS, House, announced, change, point


def test_a_change_brings_the_row_up_to_date_and_stores_one_sample(house: House) -> None:
    house.put(announced(), change(21.5, auto_manual=1, flags=4))
    assert house.rows(
        "SELECT serial_number, value, units, status, sampled_at, changed_at, auto_manual, flags, mode FROM INPUT_POINTS"
    ) == [(12345, 21.5, "°C", "ok", T0_MS, T0_MS, 1, 4, "poll")]
    assert house.rows(
        "SELECT serial_number, point_id, point_type, point_index, logging_time, value, units, status, data_source,"
        " sync_interval, created_by, sampled_at, name FROM TRENDLOG_DATA"
    ) == [(12345, "IN1", "INPUT", 1, T0_MS // 1000, 21.5, "°C", "ok", 3, 30, "realtime_sync", T0_MS, "ahu-1")]


def test_a_change_without_a_sample_leaves_history_alone(house: House) -> None:
    house.put(announced(), change(sample=False))
    assert house.one("SELECT value FROM INPUT_POINTS") == 21.5
    assert house.one("SELECT count(*) FROM samples") == 0


def test_a_bad_status_keeps_the_last_good_value_and_its_time_and_leaves_a_gap_in_history(house: House) -> None:
    house.put(announced(), change(21.5))
    house.put(change(None, at_ms=T0_MS + 5000, status=Status.STALE, reason="3 polls missed"))
    assert house.rows("SELECT value, sampled_at, status, status_reason, status_at FROM INPUT_POINTS") == [
        (21.5, T0_MS, "stale", "3 polls missed", T0_MS + 5000)
    ]
    assert house.rows("SELECT value, status FROM TRENDLOG_DATA ORDER BY sampled_at") == [(21.5, "ok"), (None, "stale")]


def test_changed_at_moves_only_when_the_value_does(house: House) -> None:
    """The detector says a change anew of what the store had to drop: below min_free that is every poll."""
    house.put(announced(), change(21.5))
    house.put(change(21.5, at_ms=T0_MS + 1000))
    assert house.rows("SELECT changed_at, sampled_at FROM INPUT_POINTS") == [(T0_MS, T0_MS + 1000)]
    house.put(change(22, at_ms=T0_MS + 2000))
    assert house.one("SELECT changed_at FROM INPUT_POINTS") == T0_MS + 2000
    house.put(change("on", at_ms=T0_MS + 3000), change("off", at_ms=T0_MS + 4000))
    assert house.one("SELECT changed_at FROM INPUT_POINTS") == T0_MS + 4000


def test_status_at_moves_only_when_the_status_does(house: House) -> None:
    house.put(announced(), change(1, at_ms=T0_MS + 1), change(2, at_ms=T0_MS + 2))
    assert house.rows("SELECT status_at, changed_at FROM INPUT_POINTS") == [(T0_MS + 1, T0_MS + 2)]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_a_fault_and_keeps_the_last_value(house: House, number: float) -> None:
    house.put(announced(), change(21.5), change(number, at_ms=T0_MS + 1))
    assert house.rows("SELECT value, status, sampled_at FROM INPUT_POINTS") == [(21.5, "fault", T0_MS)]
    assert house.rows("SELECT value, status FROM TRENDLOG_DATA ORDER BY sampled_at")[1] == (None, "fault")


@pytest.mark.parametrize("number", [0, 1, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
def test_an_integer_stays_an_integer(house: House, number: int) -> None:
    house.put(announced(), change(number))
    for sql in ("SELECT value FROM INPUT_POINTS", "SELECT value FROM TRENDLOG_DATA"):
        stored = house.one(sql)
        assert stored == number
        assert isinstance(stored, int)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_an_integer_beyond_64_bits_is_the_nearest_real_with_its_digits_beside_it(house: House, number: int) -> None:
    house.put(announced(), change(number))
    expected = [(float(number), str(number))]
    assert house.rows("SELECT value, text FROM INPUT_POINTS") == expected
    assert house.rows("SELECT value, text FROM TRENDLOG_DATA") == expected
    assert house.store.load_state(1).points[0].reading.value == number


def test_text_stands_in_text_and_value_is_null(house: House) -> None:
    house.put(announced(), change("auto, 3"))
    for table in ("INPUT_POINTS", "TRENDLOG_DATA"):
        assert house.rows(f"SELECT value, text FROM {table}") == [(None, "auto, 3")]
    assert house.store.load_state(1).points[0].reading.value == "auto, 3"


def test_text_that_looks_like_a_number_stays_text(house: House) -> None:
    house.put(announced(), change("007"))
    assert house.store.load_state(1).points[0].reading.value == "007"


def test_a_clashing_time_moves_by_a_millisecond(house: House) -> None:
    house.put(announced(), *(change(value, at_ms=T0_MS + 999) for value in (1, 2, 3)))
    assert house.rows("SELECT sampled_at, value FROM TRENDLOG_DATA ORDER BY sampled_at") == [
        (T0_MS + 999, 1), (T0_MS + 1000, 2), (T0_MS + 1001, 3)
    ]  # fmt: skip


def test_a_clash_with_what_was_stored_before_a_restart_moves_too(house: House) -> None:
    house.put(announced(), change(1), change(2))
    house.reopened().put(announced(), change(3))
    assert house.rows("SELECT sampled_at, value FROM TRENDLOG_DATA ORDER BY sampled_at") == [
        (T0_MS, 1), (T0_MS + 1, 2), (T0_MS + 2, 3)
    ]  # fmt: skip


def test_a_clock_that_steps_back_loses_nothing(house: House) -> None:
    house.put(announced(), change(1, at_ms=T0_MS + 3_600_000), change(2), change(3))
    assert house.one("SELECT count(*) FROM samples") == 3


def test_two_points_may_share_a_millisecond(house: House) -> None:
    house.put(announced([point(1), point(2)]), change(1), change(2, point_id="IN2"))
    assert house.one("SELECT count(DISTINCT sampled_at) FROM TRENDLOG_DATA") == 1


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 3)), max_size=6), max_size=5),
    restart=st.booleans(),
)
def test_every_sample_is_stored_once_whatever_the_clock_does(
    house: House, batches: list[list[tuple[int, int]]], restart: bool
) -> None:
    house.put(announced([point(1), point(2)]))
    before = house.one("SELECT count(*) FROM samples")
    assert isinstance(before, int)
    for batch in batches:
        house.put(*(change(1, point_id=f"IN{number}", at_ms=T0_MS + ms) for number, ms in batch))
        if restart:
            house.reopened()
            house.put(announced([point(1), point(2)]))
    assert house.one("SELECT count(*) FROM samples") == before + sum(map(len, batches))


def test_a_change_of_a_point_that_was_never_announced_is_handed_back(house: House) -> None:
    assert house.put(announced(), change(point_id="IN9"), change(device="nobody")) == (
        ("ahu-1", "IN9"),
        ("nobody", "IN1"),
    )
    assert not house.logged("row.poisoned")


@pytest.mark.parametrize(
    "described_anew",
    [
        point(units="°F"),
        point(range_code=4),
        point(states=("Off", "On")),
        point(source="holding 100 float32 ABCD x0.1"),
    ],
)
def test_a_new_meaning_starts_a_new_series_and_old_history_keeps_its_own(house: House, described_anew: object) -> None:
    house.put(announced(), change(21.5))
    assert house.put(announced([described_anew])) == (("ahu-1", "IN1"),)  # type: ignore[list-item]
    assert house.rows("SELECT value, status FROM INPUT_POINTS") == [(None, "unknown")]
    house.put(change(70.7, at_ms=T0_MS + 1))
    assert house.one("SELECT count(*) FROM series") == 2
    assert house.rows("SELECT value, units FROM TRENDLOG_DATA ORDER BY sampled_at")[0] == (21.5, "°C")


def test_a_description_that_comes_back_goes_on_with_its_series(house: House) -> None:
    for units in ("°C", "°F", "°C", "°F"):
        house.put(announced([point(units=units)]), change())
    assert house.one("SELECT count(*) FROM series") == 2


def test_a_restart_knows_a_description_that_came_back_for_the_one_that_stands(house: House) -> None:
    celsius, fahrenheit = announced([point()]), announced([point(units="°F")])
    house.put(celsius, change(20), fahrenheit, change(68), celsius, change(21))
    assert house.reopened().put(celsius) == ()
    assert house.rows("SELECT value, status FROM INPUT_POINTS") == [(21, "ok")]


def test_a_restart_knows_a_description_that_has_no_history(house: House) -> None:
    house.put(announced(), change(20))
    scaled = announced([point(source="holding:0:uint16:ABCD:x2+0")])
    house.put(scaled, change(40, sample=False))
    assert house.reopened().put(scaled) == ()
    assert house.rows("SELECT value, status FROM INPUT_POINTS") == [(40, "ok")]


def test_a_new_label_is_no_new_series(house: House) -> None:
    house.put(announced(), change())
    assert house.put(announced([point(label="SAT", full_label="Supply air")])) == ()
    house.put(change(22, at_ms=T0_MS + 1))
    assert house.one("SELECT count(*) FROM series") == 1
    assert house.rows("SELECT label, full_label, value FROM INPUT_POINTS") == [("SAT", "Supply air", 22)]


def test_a_restart_goes_on_with_the_series(house: House) -> None:
    house.put(announced(), change())
    house.reopened().put(announced(), change(22, at_ms=T0_MS + 1))
    assert house.one("SELECT count(*) FROM series") == 1


def test_one_device_keeps_its_series_in_one_range_of_numbers(house: House) -> None:
    house.put(announced([point(1), point(1, Kind.OUTPUT), point(1, Kind.VARIABLE)]))
    house.put(*(change(1, point_id=name) for name in ("IN1", "OUT1", "VAR1")))
    assert house.rows("SELECT series_id >> 20, series_id >> 18 & 3, series_id & 65535 FROM series") == [
        (1, 0, 1), (1, 1, 1), (1, 2, 1)
    ]  # fmt: skip


def test_data_source_and_author_are_those_of_the_announcement(house: House) -> None:
    house.put(announced(data_source=1, created_by="ffi_sync_service"), change())
    assert house.rows("SELECT data_source, created_by FROM TRENDLOG_DATA") == [(1, "ffi_sync_service")]


def test_a_point_polled_at_its_own_interval_says_so_in_history(house: House) -> None:
    house.put(announced([point(rules=Rules(poll_interval_s=2.5))]), change())
    assert house.one("SELECT sync_interval FROM TRENDLOG_DATA") == 2.5


def test_a_group_of_series_that_is_used_up_costs_the_sample_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t3actors.store.changes.SERIES_PER_GROUP", 2)
    points = [point(1), point(2), point(3)]
    dropped = house.put(announced(points), *(change(1, p.point_id) for p in points))
    assert dropped == (("ahu-1", "IN3"),)
    assert "used up" in str(house.logged("row.poisoned")[0]["reason"])


def test_hand_off_auto_is_kept_for_outputs(house: House) -> None:
    house.put(
        announced([point(1, Kind.OUTPUT, low_voltage=0.0, high_voltage=10.0)]), change(1, point_id="OUT1", hw_switch=2)
    )
    assert house.rows("SELECT hw_switch_status, low_voltage, high_voltage FROM OUTPUT_POINTS") == [(2, 0.0, 10.0)]


def test_what_is_stored_is_what_the_detector_gets_back(house: House) -> None:
    house.put(
        announced([point(1), point(1, Kind.OUTPUT)]),
        change(21.5),
        change(1, point_id="OUT1", hw_switch=1, auto_manual=0),
    )
    house.put(change(None, at_ms=T0_MS + 9, status=Status.FAULT, reason="open"))
    assert house.reopened().store.load_state(7).last_ok_at_ms == {}
    house.put(DeviceProgress(device="ahu-1", last_ok_at_ms=T0_MS, counts=PollCounts(1)))
    state = house.reopened().store.load_state(7)
    assert (state.incarnation, state.last_ok_at_ms) == (7, {"ahu-1": T0_MS})
    stored = {item.point_id: item for item in state.points}
    assert (stored["IN1"].reading.value, stored["IN1"].reading.status, stored["IN1"].reading.reason) == (
        21.5,
        "fault",
        "open",
    )
    assert (stored["IN1"].sampled_at_ms, stored["IN1"].status_at_ms) == (T0_MS, T0_MS + 9)
    assert (stored["OUT1"].reading.hw_switch, stored["OUT1"].reading.auto_manual) == (1, 0)


def test_a_point_that_is_gone_from_its_device_gets_a_last_sample_and_then_none(house: House) -> None:
    """What it was holds no longer; one that never had a sample needs none."""
    house.put(announced([point(1), point(2), point(3)]), change(7), change(8, "IN2"))
    for _ in range(2):
        house.now_ms += 1000
        house.put(announced([point(2)]))
    asked = "SELECT point_id, value, status, sampled_at - ? FROM TRENDLOG_DATA ORDER BY sampled_at, point_id"
    assert house.rows(asked, T0_MS) == [
        ("IN1", 7, "ok", 0),
        ("IN2", 8, "ok", 0),
        ("IN1", None, "disabled", 1000),
    ]
