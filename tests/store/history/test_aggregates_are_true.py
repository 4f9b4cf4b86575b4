"""Whatever a point does over days, and however often the gateway ends: its aggregates are those of its samples."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.points import Rules, Status
from t3actors.store.history.aggregates import Gap
from t3actors.store.reader import open_reader
from tests.store.building import announced, change, point
from tests.store.history import brute
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told

SECOND_MS = 1000

# A step of a point's life: what happens, after how many seconds.
VALUES = st.sampled_from([0.0, 1.0, 20.5, -3.0, 1e6])
PAUSES = st.sampled_from([0, 1, 59, 1200, 3599, 3600, 3601, 7200]) | st.integers(0, 30 * 3600)
STEPS = st.lists(
    st.tuples(PAUSES, VALUES | st.sampled_from(["down", "stop", "kill", "other", "tidy", "anew"])),
    min_size=1,
    max_size=25,
)


AGES_S = st.sampled_from([1, 3600, 5 * 3600 + 7, 86_400, 3 * 86_400]) | st.integers(0, 5 * 86_400)
LATE = st.tuples(PAUSES, AGES_S.map(lambda age_s: ("late", age_s)))
BACK = st.tuples(st.integers(0, 7200), st.integers(3700, 4 * 86_400).map(lambda by_s: ("back", by_s)))
FORTH = st.tuples(st.integers(0, 90_000), st.just("forth"))
Step = tuple[int, float | str | tuple[str, int]]


class Life:
    """A house in which IN1 lives by steps; IN2 says something now and then, or nothing at all."""

    def __init__(self, folder: Path, **config: object) -> None:
        self.told = Told(folder, **config)
        self.told.opened()
        self.said: list[tuple[int, float | None, str]] = []
        self.gaps: list[Gap] = []
        self.units = "°C"
        self.behind_ms = 0
        self.ended: list[int] = []
        self.announce()

    def announce(self) -> None:
        rules = Rules(minutes_s=30 * 86400.0)
        self.told.put(announced([point(1, rules=rules, units=self.units), point(2)]))

    def samples(self, units: str) -> list[tuple[int, float | None]]:
        """Those in one unit, in order of time; in another it has none from then on."""
        said = sorted(self.said, key=lambda one: one[0])
        return [(at_ms, value if unit == units else None) for at_ms, value, unit in said]

    def live(self, steps: Sequence[Step]) -> None:
        for pause_s, what in steps:
            self.go_on(pause_s * SECOND_MS)
            while any(self.told.now_ms == at_ms for at_ms, *_ in self.said):
                self.told.now_ms += 1
            now_ms = self.told.now_ms
            if isinstance(what, float):
                self.said.append((now_ms, what, self.units))
                self.told.put(change(what, at_ms=now_ms))
            elif what == "down":
                self.said.append((now_ms, None, self.units))
                self.told.put(change(None, at_ms=now_ms, status=Status.DOWN))
            elif what == "other":
                self.told.put(change(1.0, "IN2", at_ms=now_ms))
            elif isinstance(what, tuple) and what[0] == "back":
                self.set_back(what[1] * SECOND_MS)
            elif what == "forth":
                self.put_right()
            elif isinstance(what, tuple):
                self.come_late(what[1] * SECOND_MS)
            elif what == "tidy":
                self.told.tidy()
            elif what == "anew":
                self.units = {"°C": "K", "K": "°C"}[self.units]
                self.announce()
            else:
                self.end(is_clean=what == "stop")
            self.told.now_ms += 1

    def come_late(self, age_ms: int) -> None:
        """Store a sample of a time long past, in whatever it is packed by now; never one of the same time as another."""
        self.told.tidy()
        at_ms = max(MIDNIGHT_MS, self.told.now_ms - age_ms) + 2
        while any(at_ms == other for other, *_ in self.said):
            at_ms += 1
        if at_ms >= self.told.now_ms:
            return
        self.said = sorted([*self.said, (at_ms, 7.5, self.units)], key=lambda one: one[0])
        self.told.put(change(7.5, at_ms=at_ms))

    def set_back(self, by_ms: int) -> None:
        """Set the clock back when all is packed, but not to before the house was built; what is told is told on at each commit."""
        self.told.tidy()
        by_ms = min(by_ms, self.told.now_ms - MIDNIGHT_MS - MINUTE_MS)
        packed_ms = self.told.tidying.desk.frontiers.packed_until * 1000
        if (
            packed_ms > (self.told.now_ms - by_ms) // HOUR_MS * HOUR_MS + HOUR_MS
        ):  # else it is late, and not lived through again
            self.behind_ms += by_ms
            self.told.now_ms -= by_ms
            self.looking()

    def put_right(self) -> None:
        self.told.now_ms += self.behind_ms
        self.behind_ms = 0
        self.looking()

    def looking(self) -> None:
        """Tidy; at each commit each hour of a point that has samples is there once, and none of them is lost."""
        before = self.once()

        def look() -> None:
            assert before <= self.once()

        self.told.tidy_looking(look)

    def once(self) -> set[tuple[object, ...]]:
        self.told.shown()
        assert self.told.looking is not None
        rows = self.told.looking.execute(
            "SELECT units, logging_time FROM TRENDLOG_HOURLY WHERE point_id = 'IN1' AND count > 0"
        )
        found = rows.fetchall()
        assert len(set(found)) == len(found)
        return set(found)

    def go_on(self, for_ms: int) -> None:
        """Time passes; the gateway says now and then that it lives."""
        until_ms = self.told.now_ms + for_ms
        while self.told.now_ms < until_ms:
            self.told.now_ms = min(until_ms, self.told.now_ms + 7 * HOUR_MS)
            self.told.store.heartbeat()

    def end(self, *, is_clean: bool) -> None:
        told = self.told
        gone = told.now_ms
        if is_clean:
            told.store.close()
        else:
            told.store.heartbeat()
            gone = int(str(told.one("SELECT heartbeat_at FROM GATEWAY")))
            told.store.abandon_connection()
        told.now_ms += 40 * MINUTE_MS
        told.boot_id += "'"
        # where the clock had been set back, an earlier life went on for longer
        lived = max([gone, *(other for other in self.ended if gone < other < told.now_ms)])
        self.ended.append(gone)
        self.gaps.append((lived, told.now_ms))
        told.store = told.new_store()
        told.opened()
        self.announce()

    def close(self) -> None:
        """Let a day go by, so that all is packed."""
        self.put_right()
        self.go_on(26 * HOUR_MS)
        self.told.tidy()

    def shown(self, view: str, units: str) -> dict[int, brute.Told]:
        """Return what a view says of IN1 in some unit, by plain SQL."""
        rows = self.told.rows(
            f"SELECT logging_time * 1000, count, minimum, maximum, time_mean, known_s * 1000, last FROM {view}"
            " WHERE point_id = 'IN1' AND units = ?",
            units,
        )
        made = {at: brute.Told(*row) for at, *row in rows}  # type: ignore[arg-type]
        assert len(made) == len(rows)  # each span once
        return made

    def wanted(self, span_ms: int, until_ms: int, units: str) -> dict[int, brute.Told]:
        found = brute.told(self.samples(units), self.gaps, span_ms, until_ms)
        return {at: row for at, row in found.items() if row.n or row.known_ms >= SECOND_MS}

    def is_true(self) -> None:
        """Each hour and minute that is packed is what the samples say, by SQL and as the gateway reads; so is whether it held on."""
        packed_ms = self.told.tidying.desk.frontiers.packed_until * 1000
        with open_reader(self.told.path) as reader:
            hours = reader.hours("ahu-1", "IN1", until_ms=packed_ms - 1)
        for units in ("°C", "K"):
            wanted = self.wanted(HOUR_MS, packed_ms, units)
            same(self.shown("TRENDLOG_HOURLY", units), wanted)
            same(self.shown("TRENDLOG_MINUTELY", units), self.wanted(MINUTE_MS, packed_ms, units))
            pieces = brute.held(self.samples(units), self.gaps, packed_ms)
            ends = {at for at in wanted for since, until, _ in pieces if since < at + HOUR_MS <= until}
            assert {row.at: row.held for row in hours if row.units == units} == {at: at in ends for at in wanted}


def same(shown: dict[int, brute.Told], wanted: dict[int, brute.Told]) -> None:
    assert sorted(shown) == sorted(wanted)
    for at, row in wanted.items():
        one = shown[at]
        assert (one.n, one.least, one.most, one.last) == (row.n, row.least, row.most, row.last)
        assert one.known_ms == row.known_ms // SECOND_MS * SECOND_MS
        assert one.time_mean == pytest.approx(row.time_mean, abs=(row.most - row.least) / 131_070 + 1e-9)


@settings(max_examples=12)
@given(STEPS, st.booleans())
def test_every_hour_and_minute_in_the_file_is_what_its_samples_say(
    steps: list[tuple[int, float | str]], whole: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        life = Life(Path(name), recent_s=3600.0 if whole else 7 * 86400.0)
        life.live(steps)
        if whole:
            life.close()
        life.told.tidy()
        life.is_true()
        life.told.store.close()


@settings(max_examples=12)
@given(
    st.lists(STEPS.map(lambda steps: steps[:4]) | LATE.map(lambda step: [step]), min_size=2, max_size=6), st.booleans()
)
def test_what_comes_late_corrects_hours_and_minutes_however_long_they_are_packed(
    lives: list[list[Step]], whole: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        life = Life(Path(name), recent_s=3600.0)
        life.live([step for steps in lives for step in steps])
        life.told.tidy()
        if whole:
            life.close()
        life.is_true()
        packed_ms = life.told.tidying.desk.frontiers.packed_until * 1000
        assert life.told.one("SELECT count(*) FROM late_samples WHERE logging_time < ?", packed_ms // 1000) == 0
        life.told.store.close()


@settings(max_examples=8)
@given(
    st.lists(
        STEPS.map(lambda steps: steps[:6])
        | st.tuples(BACK, STEPS.map(lambda steps: steps[:3])).map(lambda one: [one[0], *one[1]])
        | FORTH.map(lambda step: [step]),
        min_size=2,
        max_size=4,
    ),
    st.booleans(),
)
def test_a_clock_that_is_set_back_by_days_and_put_right_loses_no_hour(lives: list[list[Step]], archived: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        life = Life(Path(name), recent_s=3600.0 if archived else 7 * 86400.0)
        life.live([step for steps in lives for step in steps])
        life.close()
        life.is_true()
        life.told.store.close()


@settings(max_examples=12)
@given(STEPS, st.sampled_from([7 * SECOND_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS]), st.integers(0, 3 * 86400))
def test_spans_of_any_length_are_what_the_samples_say(
    steps: list[tuple[int, float | str]], every_ms: int, since_s: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        life = Life(Path(name), recent_s=3600.0)
        life.live(steps)
        heard_ms = int(str(life.told.one("SELECT heartbeat_at FROM GATEWAY")))
        end_ms = max([heard_ms, *(at_ms for at_ms, *_ in life.said[-1:])])
        since_ms = MIDNIGHT_MS + since_s * SECOND_MS
        with open_reader(life.told.path) as reader:
            rows = reader.spans("ahu-1", "IN1", since_ms, life.told.now_ms, every_ms)
        life.told.store.close()
    for units in ("°C", "K"):
        found = [
            (row.at, brute.Told(row.count, row.minimum, row.maximum, row.time_mean, row.known_s * 1000, row.last))
            for row in rows
            if row.units == units
        ]
        assert len(dict(found)) == len(found)
        wanted = brute.told(life.samples(units), life.gaps, every_ms, end_ms + 1)
        same_spans(dict(found), {at: row for at, row in wanted.items() if at >= since_ms // every_ms * every_ms})


def same_spans(found: dict[int, brute.Told], wanted: dict[int, brute.Told]) -> None:
    assert {at for at in set(found) ^ set(wanted) if (found.get(at) or wanted[at]).known_ms >= SECOND_MS} == set()
    for at in set(found) & set(wanted):
        one, row = found[at], wanted[at]
        assert (one.n, one.least, one.most) == (row.n, row.least, row.most)
        assert abs(one.known_ms - row.known_ms) <= 24 * SECOND_MS  # hours tell whole seconds
        if row.known_ms > HOUR_MS:
            assert one.time_mean == pytest.approx(row.time_mean, abs=(row.most - row.least) / 50)


@given(STEPS)
@settings(max_examples=8)
def test_the_mean_of_the_means_weighed_by_what_was_known_is_the_true_mean(steps: list[tuple[int, float | str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        life = Life(Path(name), recent_s=3600.0)
        life.live(steps)
        life.close()
        packed_ms = life.told.tidying.desk.frontiers.packed_until * 1000
        connection = sqlite3.connect(life.told.path)
        ((mean, known_s),) = connection.execute(
            "SELECT SUM(time_mean * known_s) / SUM(known_s), SUM(known_s) FROM TRENDLOG_HOURLY"
            " WHERE point_id = 'IN1' AND units = '°C'"
        )
        connection.close()
        life.told.store.close()
    pieces = brute.held(life.samples("°C"), life.gaps, packed_ms)
    known_ms = sum(until - since for since, until, _ in pieces)
    if known_ms >= HOUR_MS:
        values = [value for _, _, value in pieces]
        true = sum((until - since) * value for since, until, value in pieces) / known_ms
        assert known_s == pytest.approx(known_ms / 1000, abs=2 * len(steps) + 2)
        reach = max(values) - min(values)
        assert mean == pytest.approx(true, abs=reach * (2 * len(steps) + 2) * 1000 / known_ms + reach / 65_535 + 1e-9)
