"""A clock that is set back, wrongly or rightly: nothing that is stored is lost, and what is silent is known still."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.points import Rules
from t3actors.store.history import trimming
from tests.store.building import announced, change, point
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told
from tests.store.test_clockwatch import Box

HOURS = "SELECT point_id, logging_time, count, minimum, maximum, last, known_s FROM TRENDLOG_HOURLY"

KNOWN = "SELECT logging_time, known_s FROM TRENDLOG_HOURLY WHERE point_id = 'IN1' ORDER BY logging_time"


def hours(told: Told) -> dict[tuple[object, object], tuple[object, ...]]:
    rows = told.rows(HOURS)
    made = {(point_id, at): tuple(rest) for point_id, at, *rest in rows}
    assert len(made) == len(rows)
    return made


def live(box: Box, hours: int) -> None:
    """Some samples an hour."""
    for _ in range(hours):
        for _ in range(3):
            box.up_ms += 19 * MINUTE_MS
            box.run(1)
        box.tidy()


@pytest.mark.parametrize("recent_s", [3600.0, 7 * 86_400.0])
def test_a_clock_set_back_by_days_and_put_right_loses_no_hour_nor_minute(tmp_path: Path, recent_s: float) -> None:
    told = Told(tmp_path, recent_s=recent_s)
    told.opened()
    told.put(announced([point(1, rules=Rules(minutes_s=90 * 86_400.0)), point(2)]))
    told.live(6 * 24, every_ms=HOUR_MS)
    told.now_ms += 2 * MINUTE_MS
    told.tidy()
    before, minutes = hours(told), told.one("SELECT SUM(count) FROM TRENDLOG_MINUTELY")
    told.now_ms -= 3 * DAY_MS
    told.tidy_looking(told.is_whole, every=20)
    if recent_s < DAY_MS // 1000:
        assert hours(told).keys() == before.keys()  # told on while the clock is behind
    told.live(2, every_ms=HOUR_MS)
    told.tidy()
    told.now_ms += 3 * DAY_MS
    told.tidy_looking(told.is_whole, every=20)
    after = hours(told)
    lived = range((MIDNIGHT_MS + 3 * DAY_MS) // HOUR_MS, (MIDNIGHT_MS + 3 * DAY_MS) // HOUR_MS + 3)
    assert {key: row for key, row in after.items() if key in before and key[1] // 3600 not in lived} == {  # type: ignore[operator]
        key: row
        for key, row in before.items()
        if key[1] // 3600 not in lived  # type: ignore[operator]
    }
    assert after.keys() >= before.keys()
    assert told.one("SELECT SUM(count) FROM TRENDLOG_MINUTELY") == minutes + 2  # type: ignore[operator]


def test_hours_whose_samples_are_gone_stay_when_they_are_lived_through_again(tmp_path: Path) -> None:
    told = Told(tmp_path, recent_s=3600.0, raw_s=86_400.0)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(6 * 24, every_ms=HOUR_MS)
    told.now_ms += 2 * MINUTE_MS
    told.tidy()
    assert told.one("SELECT MIN(sampled_at) FROM TRENDLOG_ALL") > MIDNIGHT_MS + 4 * DAY_MS  # type: ignore[operator]
    before = hours(told)
    told.now_ms -= 4 * DAY_MS
    told.live(2, every_ms=HOUR_MS)
    told.tidy()
    told.now_ms += 4 * DAY_MS
    told.tidy()
    after = hours(told)
    again = {(MIDNIGHT_MS + 2 * DAY_MS) // 1000 + hour * 3600 for hour in range(3)}
    assert {key: row for key, row in after.items() if key in before and key[1] not in again} == {
        key: row for key, row in before.items() if key[1] not in again
    }
    assert after.keys() >= before.keys()


def test_a_point_that_says_nothing_is_known_after_the_clock_stood_weeks_ahead(tmp_path: Path) -> None:
    """`max_interval` 0, and the step forward has ended what it held: it is taken back with it."""
    box = Box(tmp_path, MIDNIGHT_MS + HOUR_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced([point(1), point(2)]))
    box.put(change(21.5, "IN2", at_ms=box.now_ms))
    live(box, 5)
    box.set_clock(box.now_ms + 20 * DAY_MS, trusted=True)
    live(box, 10)
    box.set_clock(box.now_ms - 20 * DAY_MS, trusted=True)
    live(box, 30)
    known = box.rows(
        "SELECT logging_time, known_s FROM TRENDLOG_HOURLY WHERE point_id = 'IN2' AND last = 21.5 ORDER BY logging_time"
    )
    packed = box.tidying.desk.frontiers.packed_until
    assert [row for row in known if row[0] < packed] == [  # type: ignore[operator]
        (second, 3600) for second in range(MIDNIGHT_MS // 1000 + 3600, packed, 3600)
    ]


def test_what_was_lived_through_before_a_clock_was_set_back_is_no_gap_when_it_is_put_right(tmp_path: Path) -> None:
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced())
    live(box, 30)
    before = dict(box.rows("SELECT logging_time, known_s FROM TRENDLOG_HOURLY"))
    box.set_clock(box.now_ms - DAY_MS, trusted=True)
    live(box, 2)
    box.set_clock(box.now_ms + DAY_MS, trusted=True)
    live(box, 2)
    after = dict(box.rows("SELECT logging_time, known_s FROM TRENDLOG_HOURLY"))
    assert {second: after[second] for second in before} == before
    spans = box.rows("SELECT until_at - from_at FROM TRENDLOG_SPANS")
    assert all(span <= 20 * MINUTE_MS for (span,) in spans)  # type: ignore[operator]


def test_a_restart_with_a_clock_that_was_set_back_makes_no_gap_of_what_was_lived_through(tmp_path: Path) -> None:
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True)
    box.opened().put(announced())
    live(box, 30)
    lived_ms = box.now_ms
    box.set_clock(box.now_ms - DAY_MS, trusted=True)
    box.run(60)
    box.store.close()
    box.boot_id = "second"
    box.set_clock(box.now_ms + DAY_MS + HOUR_MS, trusted=True)
    box.store = box.new_store()
    box.opened()
    (gap,) = box.rows("SELECT ended_at, started_at FROM GATEWAY_ENDS ORDER BY started_at DESC LIMIT 1")
    assert lived_ms <= gap[0] <= lived_ms + MINUTE_MS  # the step is seen with the next batch
    assert gap[1] == box.now_ms


def test_a_wrong_clock_of_long_ago_does_not_have_all_since_packed_anew(tmp_path: Path) -> None:
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced())
    box.run(90)
    box.set_clock(box.now_ms + 400 * DAY_MS, trusted=True)
    box.run(130)
    box.tidy()
    box.set_clock(box.now_ms - 400 * DAY_MS, trusted=True)
    for _ in range(4):
        box.run(6 * 60)
        box.tidy()
    box.set_clock(box.now_ms - 5 * HOUR_MS, trusted=True)
    box.run(1)
    least = []
    box.tidying._look_again_s = 0.0
    while box.tidying.step():
        least.append(box.tidying.desk.frontiers.packed_until)
    assert min(least) == box.now_ms // HOUR_MS * 3600


def test_a_clock_that_once_was_ahead_makes_no_life_of_the_time_before_it(tmp_path: Path) -> None:
    """It was ahead for an hour, and right again; then the gateway is off until long after the times that it was put to."""
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced([point(1), point(2)]))
    box.run(60)
    box.set_clock(box.now_ms + 3 * DAY_MS, trusted=True)
    box.run(60)
    ahead_ms = box.now_ms
    box.set_clock(box.now_ms - 3 * DAY_MS, trusted=True)
    for _ in range(4):
        box.run(60)
    box.store.close()
    left_ms, box.boot_id = box.now_ms, "second"
    box.set_clock(box.now_ms + 5 * DAY_MS, trusted=True)
    box.store = box.new_store()
    box.opened().put(announced([point(1), point(2)]))
    box.run(60)
    box.up_ms += 2 * HOUR_MS
    box.run(1)
    box.tidy()
    gaps = box.rows("SELECT ended_at, started_at FROM GATEWAY_ENDS ORDER BY started_at")
    assert [started - ended for ended, started in gaps[1:]] == [  # type: ignore[operator]
        ahead_ms - HOUR_MS - left_ms,
        left_ms + 5 * DAY_MS - ahead_ms - MINUTE_MS,
    ]
    known = [hour // 3600 - MIDNIGHT_MS // HOUR_MS for hour, s in box.rows(KNOWN) if s]  # type: ignore[operator]
    assert known == [0, 1, 2, 3, 4, 5, 73, 74, 126, 127]


def test_a_gap_that_was_made_of_several_goes_on_until_a_clock_is_set_back_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "MOST_GAP_ROWS", 4)
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced([point(1), point(2)]))
    box.run(60)
    left_ms = box.now_ms
    box.store.close()
    box.up_ms += 5 * HOUR_MS
    box.boot_id = "second"
    box.store = box.new_store()
    box.opened().put(announced([point(1), point(2)]))
    box.set_clock(box.now_ms + 3 * DAY_MS, trusted=True)
    box.run(60)
    box.tidy()
    box.set_clock(box.now_ms - 3 * DAY_MS, trusted=True)
    box.run(60)
    box.tidy()
    ((ended, started),) = box.rows("SELECT ended_at, started_at FROM GATEWAY_ENDS WHERE ended_at > 0")
    assert (ended, started) == (left_ms, box.now_ms - HOUR_MS)


def test_a_clock_that_is_set_back_to_the_middle_of_a_gap_leaves_what_is_before_it_unknown(tmp_path: Path) -> None:
    box = Box(tmp_path, MIDNIGHT_MS, trusted=True, recent_s=3600.0)
    box.opened().put(announced([point(1), point(2)]))
    box.run(2 * 60)
    left_ms = box.now_ms
    box.set_clock(left_ms + 3 * DAY_MS, trusted=True)
    box.run(60)
    box.set_clock(left_ms + DAY_MS, trusted=True)
    box.run(130)
    box.tidy()
    ((ended, started),) = box.rows("SELECT ended_at, started_at FROM GATEWAY_ENDS WHERE ended_at > 0")
    assert ended <= left_ms + MINUTE_MS  # the step is seen with the next batch
    assert left_ms + DAY_MS <= started <= left_ms + DAY_MS + MINUTE_MS  # type: ignore[operator]
    assert box.one("SELECT MAX(until_at - from_at) FROM TRENDLOG_SPANS WHERE until_at <= ?", box.now_ms) == MINUTE_MS
    known = [hour // 3600 - MIDNIGHT_MS // HOUR_MS for hour, s in box.rows(KNOWN) if s]  # type: ignore[operator]
    assert [hour for hour in known if hour < 28] == [0, 1, 2, 26, 27]
