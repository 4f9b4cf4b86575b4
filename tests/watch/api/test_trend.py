"""One point's curve, of samples and of aggregates, read by a reader that has what the test gives it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

import pytest

from t3actors.rows import AggregateRow, AggregateRun, EventRow, PointRow, SampleRow, SampleRun
from t3actors.watch.api import trend
from t3actors.watch.api.trend import HOUR_MS, _Curve

NOW = 2_000_000 * 1000 * 1000
ROW = cast(
    "PointRow", type("Row", (), {"name": "ahu-1", "point_id": "IN1", "units": "°C"})
)  # all that a curve asks of it


def sample(at: int, value: float | None, units: str = "°C") -> SampleRow:
    return SampleRow(
        name="ahu-1", point_id="IN1", sampled_at=at, value=value, text=None, units=units, data_source=1,
        status="down" if value is None else "ok", created_by="t3actors",
    )  # fmt: skip


def aggregate(at: int, low: float, high: float, count: int = 5, *, held: bool = True) -> AggregateRow:
    return AggregateRow(
        name="ahu-1", point_id="IN1", at=at, minimum=low, maximum=high, mean=low, last=high, count=count, time_mean=low,
        known_s=3600, units="°C", data_source=1, held=held,
    )  # fmt: skip


def sample_run(samples: list[SampleRow]) -> SampleRun:
    """Samples in one unit as columns."""
    status = [each.status for each in samples]
    return SampleRun(
        name="ahu-1", point_id="IN1", units=samples[0].units, data_source=1, created_by="t3actors", text=None,
        sampled_at=[each.sampled_at for each in samples], value=[each.value for each in samples],
        status=status if set(status) != {"ok"} else None, clock_trusted=None,
    )  # fmt: skip


def aggregate_run(row: AggregateRow) -> AggregateRun:
    """One row as columns."""
    columns = {
        name: [getattr(row, name)]
        for name in ("at", "minimum", "maximum", "mean", "last", "count", "time_mean", "known_s", "held")
    }
    return AggregateRun(name="ahu-1", point_id="IN1", units=row.units, data_source=1, **columns)


class Shelf:
    """A reader of what lies on it."""

    def __init__(self, samples: Sequence[SampleRow], hours: Sequence[AggregateRow] = (), minutes: Any = ()) -> None:
        self._samples, self._hours, self._minutes = samples, hours, minutes
        self.asked: list[str] = []

    def history_runs(self, _device: str, _point: str, since: int, until: int, limit: int) -> list[SampleRun]:
        found = [each for each in self._samples if since <= each.sampled_at <= until][-limit:]
        return [sample_run(list(some)) for _, some in groupby(found, key=attrgetter("units"))]

    def hour_runs(self, _device: str, _point: str, since: int, until: int) -> list[AggregateRun]:
        self.asked.append("hours")
        return [aggregate_run(each) for each in self._hours if since <= each.at <= until]

    def minute_runs(self, _device: str, _point: str, since: int, until: int) -> list[AggregateRun]:
        self.asked.append("minutes")
        return [aggregate_run(each) for each in self._minutes if since <= each.at <= until]

    def absences(self, _since: int, _until: int) -> list[Any]:
        return []

    def events(self, device: str, _since: int, _limit: int) -> list[EventRow]:
        more: dict[str, Any] = {"name": device, "point": None, "from_status": "", "to_status": "", "reason": ""}
        kinds = [("child.restarted", NOW - 5), ("device.online", NOW - 4), ("child.restarted", NOW + 5)]
        return [EventRow(id=number, at=at, event=kind, **more) for number, (kind, at) in enumerate(kinds)]


def curve(shelf: Shelf, since: int, most: int = 100) -> trend.TrendAnswer:
    return _Curve(cast("Any", shelf), ROW, since, NOW).told("ahu-1/IN1", most)


def test_few_samples_come_as_they_are_and_the_one_before_comes_along() -> None:
    samples = [sample(NOW - 9000, 1.0), sample(NOW - 5000, 2.0), sample(NOW - 4000, None), sample(NOW - 1000, 3.0)]
    told = curve(Shelf(samples), NOW - 8000)
    assert (told.at, told.last) == ([each.sampled_at for each in samples], [1.0, 2.0, None, 3.0])
    assert told.status == ["ok", "ok", "down", "ok"]
    assert (told.step_ms, told.samples, told.aggregated_until) == (0, 3, None)


def test_many_samples_become_as_many_pieces_as_were_asked_for_and_keep_their_extremes() -> None:
    samples = [sample(NOW - 100_000 + place, float(place % 977)) for place in range(0, 100_000, 7)]
    told = curve(Shelf(samples), NOW - 100_000, most=100)
    assert len(told.at) <= 101
    assert told.step_ms == 1000
    assert max(each for each in told.high if each is not None) == 976.0


def test_before_the_oldest_sample_hours_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trend, "MOST_SAMPLES", 3)
    begin = NOW - 100 * HOUR_MS
    samples = [sample(NOW - place * 1000, 20.0) for place in range(10, 0, -1)]
    hours = [aggregate(begin + place * HOUR_MS, 10.0 + place, 12.0 + place) for place in range(100)]
    shelf = Shelf(samples, hours)
    told = curve(shelf, begin, most=1000)
    assert shelf.asked == ["hours"]
    assert told.samples == 3
    assert told.aggregated_until == NOW - 3000
    assert (told.low[0], told.high[0], told.last[0]) == (10.0, 12.0, 12.0)
    assert told.at == sorted(told.at)
    assert told.at[-4] + HOUR_MS <= told.at[-3], "the hour in which samples begin is told by them"


def test_minutes_are_taken_where_there_are_any_and_the_time_is_short() -> None:
    minutes = [aggregate(NOW - place * 60_000, 1.0, 2.0) for place in range(90, 30, -1)]
    shelf = Shelf([sample(NOW - 1000, 5.0)], minutes=minutes)
    told = curve(shelf, NOW - 2 * HOUR_MS, most=1000)
    assert (shelf.asked, len(told.at)) == (["minutes"], 61)


def test_an_hour_that_did_not_end_well_has_no_value_at_its_end() -> None:
    hours = [aggregate(NOW - 5 * HOUR_MS, 1.0, 3.0, held=False), aggregate(NOW - 4 * HOUR_MS, 2.0, 2.0)]
    told = curve(Shelf([], hours), NOW - 10 * HOUR_MS)
    assert (told.last, told.status, told.high) == ([None, 2.0], ["unknown", "ok"], [3.0, 2.0])


def test_an_hour_in_which_a_value_only_held_is_a_piece_and_another_unit_is_counted_and_left_out() -> None:
    hours = [aggregate(NOW - 5 * HOUR_MS, 1.0, 1.0, count=0)]
    samples = [sample(NOW - 2000, 70.0, "°F"), sample(NOW - 1000, 21.0)]
    told = curve(Shelf(samples, hours), NOW - 10 * HOUR_MS)
    assert (told.last, told.left_out) == ([1.0, 21.0], 1)
    assert told.aggregated_until is None, "no sample of that hour is kept back"


def test_the_restarts_of_what_polls_it_are_those_within_the_time() -> None:
    assert [each.at for each in curve(Shelf([]), NOW - 1000).restarts] == [NOW - 5]
