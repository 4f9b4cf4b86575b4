"""Spans are told alike, however many windows the samples are read in; and no window is longer than memory allows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.rows import AggregateRow
from t3actors.store.history import windows
from t3actors.store.history.samples import Run
from t3actors.store.reader import open_reader
from tests.store.building import announced, point
from tests.store.history.telling import DAY_MS, HOUR_MS, MIDNIGHT_MS, MINUTE_MS, Told
from tests.store.history.test_aggregates_are_true import STEPS, Life

WHOLE, HALF_HOURS = 10_000, 48


def spans(path: Path, since_ms: int, until_ms: int, every_ms: int) -> list[AggregateRow]:
    with open_reader(path) as reader:
        return reader.spans("ahu-1", "IN1", since_ms, until_ms, every_ms)


@settings(max_examples=15)
@given(
    STEPS,
    st.sampled_from([7000, 10 * MINUTE_MS, 90 * MINUTE_MS, 5 * HOUR_MS + 1000]),
    st.integers(-86400, 3 * 86400),
    st.booleans(),
)
def test_many_windows_tell_what_one_tells(
    steps: list[tuple[int, float | str]], every_ms: int, since_s: int, gone: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        life = Life(Path(name), recent_s=3600.0, raw_s=86400.0 if gone else 0.0)
        life.live(steps)
        if gone:
            life.close()
        where = life.told.path, MIDNIGHT_MS + since_s * 1000, life.told.now_ms, every_ms
        patched.setattr(windows, "WHOLE_DAYS", WHOLE)
        patched.setattr(windows, "MOST_DAYS", WHOLE)
        patched.setattr(windows, "DAY_MS", WHOLE * DAY_MS)
        at_once = spans(*where)
        patched.setattr(windows, "MOST_DAYS", 3)
        patched.setattr(windows, "DAY_MS", every_ms)
        assert spans(*where) == at_once
        patched.setattr(windows, "WHOLE_DAYS", 0)  # spans are cut
        patched.setattr(windows, "DAY_MS", max(1000, every_ms * 2 // 7))
        cut = spans(*where)
        life.told.store.close()
    assert [list_of(row) for row in cut] == [list_of(row) for row in at_once]
    for one, whole in zip(cut, at_once, strict=True):
        assert (one.mean, one.time_mean) == (pytest.approx(whole.mean), pytest.approx(whole.time_mean))


def list_of(row: AggregateRow) -> list[object]:
    return [row.at, row.minimum, row.maximum, row.last, row.count, row.units, row.held]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Ten days of a point."""
    made = Told(tmp_path, recent_s=3600.0)
    made.opened()
    made.put(announced([point(1), point(2)]))
    made.live(240, 30 * MINUTE_MS)
    made.tidy()
    return made


def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many samples each look will bring."""
    looks: list[int] = []
    newest = windows.newest

    def counted(*args: object) -> list[Run]:
        found = newest(*args)  # type: ignore[arg-type]
        looks.append(sum(len(run.times) for run in found))
        return found

    monkeypatch.setattr(windows, "newest", counted)
    return looks


@pytest.mark.parametrize("every_ms", [90 * MINUTE_MS, 7000, 8 * DAY_MS + 1000])
def test_windows_of_many_samples_stay_short(told: Told, monkeypatch: pytest.MonkeyPatch, every_ms: int) -> None:
    monkeypatch.setattr(windows, "FEW", 0)
    looks = read(monkeypatch)
    rows = spans(told.path, MIDNIGHT_MS, told.now_ms, every_ms)
    assert sum(row.count for row in rows) == 10 * HALF_HOURS
    assert max(looks) == HALF_HOURS


def test_windows_of_few_samples_grow(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = read(monkeypatch)
    rows = spans(told.path, MIDNIGHT_MS, told.now_ms, 90 * MINUTE_MS)
    assert sum(row.count for row in rows) == 10 * HALF_HOURS
    assert [count // HALF_HOURS for count in looks if count > 1] == [1, 1, 2, 4, 3]  # the first is looked for before


def test_years_before_the_first_sample_are_not_looked_through(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = read(monkeypatch)
    rows = spans(told.path, 0, told.now_ms, 90 * MINUTE_MS)
    assert sum(row.count for row in rows) == 10 * HALF_HOURS
    assert len(looks) < 10
