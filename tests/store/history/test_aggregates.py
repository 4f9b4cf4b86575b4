from __future__ import annotations

import math

import pytest
from hypothesis import given

from t3actors.store.history import aggregate_block
from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.aggregates import Aggregate, aggregated
from t3actors.store.history.block import DAY_MS, TARGET_BYTES
from t3actors.store.history.unpacking import MOST, BlockDamaged, Samples, Value
from tests.store.history.values import each_span, samples

HOUR_MS = 3_600_000


def run(*samples: tuple[float, Value]) -> Samples:
    """(minute, value) pairs."""
    return Samples(
        [round(minute * 60_000) for minute, _ in samples], [value for _, value in samples], [0] * len(samples)
    )


def hour(*samples: tuple[float, Value], **more: object) -> Aggregate:
    (made,) = aggregated(run(*samples), HOUR_MS, HOUR_MS, **more)  # type: ignore[arg-type]
    return made


def test_an_hour_has_least_most_mean_last_and_count() -> None:
    made = hour((0, 20.0), (30, 23.0), (45, 21.0))
    assert (made.at_ms, made.n, made.least, made.most, made.last) == (0, 3, 20.0, 23.0, 21.0)
    assert made.mean == pytest.approx(64 / 3)


def test_the_mean_over_time_weighs_each_value_by_how_long_it_held() -> None:
    assert hour((0, 20.0), (45, 24.0)).time_mean == 21.0


def test_a_value_that_was_held_counts_until_the_first_sample_of_the_hour() -> None:
    made = hour((54, 30.0), held=20.0)
    assert (made.time_mean, made.least, made.most, made.mean, made.n) == (21.0, 20.0, 30.0, 30.0, 1)
    assert made.known_ms == HOUR_MS


def test_before_the_first_sample_nothing_is_known() -> None:
    made = hour((45, 10.0))
    assert (made.time_mean, made.known_ms) == (10.0, HOUR_MS // 4)


def test_a_sample_that_is_not_ok_ends_what_is_known() -> None:
    made = hour((0, 10.0), (15, None), (30, 20.0))
    assert (made.n, made.time_mean, made.known_ms) == (2, pytest.approx((10 * 15 + 20 * 30) / 45), HOUR_MS * 3 // 4)
    assert (made.held, hour((0, 10.0), (15, None)).held) == (True, False)


def test_a_value_does_not_hold_while_no_gateway_ran() -> None:
    minute = 60_000
    made = hour((0, 10.0), (50, 20.0), gaps=[(20 * minute, 40 * minute)])
    assert (made.time_mean, made.known_ms) == (pytest.approx((10 * 20 + 20 * 10) / 30), 30 * minute)


@pytest.mark.parametrize(("gone", "back"), [(59, 61), (30, 60), (10, 90)])
def test_a_value_is_not_carried_over_a_gap_into_the_next_hour(gone: int, back: int) -> None:
    first, second = aggregated(run((0, 10.0), (100, 20.0)), HOUR_MS, 2 * HOUR_MS, gaps=[(gone * 60_000, back * 60_000)])
    assert (first.known_ms, second.known_ms) == (gone * 60_000, 20 * 60_000)
    assert second.least == 20.0


def test_of_a_digital_point_the_mean_over_time_is_the_share_of_on() -> None:
    assert hour((0, 0), (15, 1), (30, 0), (45, 1)).time_mean == 0.5


def test_of_more_states_each_has_its_share() -> None:
    assert hour((0, 2), (15, 0), (45, 2), states=True).shares == {0: 0.5, 2: 0.5}


@pytest.mark.parametrize("values", [[0.5], list(range(65))])
def test_what_is_no_state_has_no_shares(values: list[float]) -> None:
    assert hour(*((index / 2, value) for index, value in enumerate(values)), states=True).shares is None


def test_a_span_in_which_nothing_was_known_has_no_row() -> None:
    made = aggregated(run((5, 1.0), (60, "text"), (70, None), (130, 2.0)), HOUR_MS, 3 * HOUR_MS)
    assert [row.at_ms // HOUR_MS for row in made] == [0, 2]
    assert made[1].least == 2.0  # what is not a number ended what was held


def test_a_span_that_a_value_came_into_and_ended_in_has_a_row_without_a_sample() -> None:
    _, made = aggregated(run((5, 1.0), (65, "text")), HOUR_MS, 2 * HOUR_MS)
    assert (made.at_ms, made.n, made.known_ms, made.held) == (HOUR_MS, 0, 5 * 60_000, False)
    assert {made.least, made.most, made.mean, made.last, made.time_mean} == {1.0}


def test_spans_through_which_a_value_held_are_one_row() -> None:
    first, calm, last = aggregated(run((5, 1.0), (60 * 30 + 30, 2.0)), HOUR_MS, 31 * HOUR_MS)
    assert (calm.at_ms, calm.spans, calm.n, calm.known_ms, calm.held) == (HOUR_MS, 29, 0, HOUR_MS, True)
    assert (first.spans, last.spans, last.time_mean) == (1, 1, 1.5)


def test_a_value_is_carried_from_the_beginning_to_the_end_without_a_sample() -> None:
    (made,) = aggregated(Samples([], [], []), HOUR_MS, 7 * HOUR_MS, 5.0, since_ms=2 * HOUR_MS)
    assert (made.at_ms, made.spans, made.time_mean, made.held) == (2 * HOUR_MS, 5, 5.0, True)


@pytest.mark.parametrize(
    ("gone", "rows"),
    [
        (180, [(1, 1, True), (2, 1, False)]),  # at the end of a span
        (181, [(1, 2, True), (3, 1, False)]),
        (60, []),
        (30, []),
        (400, [(1, 3, True)]),
    ],
)
def test_a_gap_ends_what_is_carried(gone: int, rows: list[tuple[int, int, bool]]) -> None:
    made = aggregated(Samples([], [], []), HOUR_MS, 4 * HOUR_MS, 5.0, [(gone * 60_000, 500 * 60_000)], since_ms=HOUR_MS)
    assert [(row.at_ms // HOUR_MS, row.spans, row.held) for row in made] == rows
    assert sum(row.known_ms * row.spans for row in made) == (min(gone, 240) - min(gone, 60)) * 60_000


def test_what_begins_within_a_span_is_told_from_there_on() -> None:
    first, second = aggregated(run((100, 2.0)), HOUR_MS, 2 * HOUR_MS, 1.0, since_ms=30 * 60_000)
    assert (first.at_ms, first.known_ms, first.n) == (0, HOUR_MS // 2, 0)
    assert (second.n, second.known_ms, second.least) == (1, HOUR_MS, 1.0)
    (made,) = aggregated(run((45, 2.0)), HOUR_MS, HOUR_MS, 1.0, since_ms=30 * 60_000)
    assert (made.at_ms, made.known_ms, made.time_mean) == (0, HOUR_MS // 2, 1.5)


def test_the_last_span_ends_where_it_is_told() -> None:
    assert hour((0, 1.0)).known_ms == HOUR_MS
    (made,) = aggregated(run((0, 1.0)), HOUR_MS, 60_000)
    assert made.known_ms == 60_000


@given(samples())
def test_means_lie_between_least_and_most(run: Samples) -> None:
    for row in aggregated(run, HOUR_MS, DAY_MS):
        assert row.least <= row.mean <= row.most
        assert row.least <= row.time_mean <= row.most
        assert row.least <= row.last <= row.most
        assert math.isfinite(row.mean)


@given(samples())
def test_packed_aggregates_come_back_with_means_rounded(run: Samples) -> None:
    rows = aggregated(run, 60_000, DAY_MS, states=True)
    blocks = aggregate_block.encode(rows, 60)
    back = [row for block in blocks for row in aggregate_block.decode(block)]
    assert all(row.spans <= MOST for row in back)  # what the views can count
    back, rows = each_span(back, 60_000), each_span(rows, 60_000)
    assert [row[:4] for row in back] == [row[:4] for row in rows]
    assert [(row.last, row.known_ms, row.shares) for row in back] == [
        (row.last, row.known_ms // 1000 * 1000, row.shares) for row in rows
    ]
    for one, row in zip(back, rows, strict=True):
        allowed = (row.most / 131_070 - row.least / 131_070) * (1 + 1e-6) + 1e-15 * max(abs(row.least), abs(row.most))
        allowed += math.ulp(0.0)  # there is nothing between 0 and it
        assert abs(one.mean - row.mean) <= allowed
        assert abs(one.time_mean - row.time_mean) <= allowed
    assert all(len(block.d) <= TARGET_BYTES for block in blocks)


@given(samples())
def test_a_block_of_aggregates_that_was_cut_short_is_damaged(run: Samples) -> None:
    for block in aggregate_block.encode(aggregated(run, HOUR_MS, DAY_MS), 3600):
        if block.d:
            with pytest.raises(BlockDamaged):
                aggregate_block.decode(block._replace(d=block.d[:-1]))


def test_a_month_of_a_temperature_takes_ten_bytes_an_hour() -> None:
    rows = [
        Aggregate(
            index * HOUR_MS, 12 + index % 5, 20 + index % 9 / 10, 21 + index % 7 / 10, 20.95, 21.0, 20.97, HOUR_MS, True
        )
        for index in range(744)
    ]
    blocks = aggregate_block.encode(rows, 3600)
    assert sum(len(block.d) for block in blocks) <= 744 * 10
    assert isinstance(blocks[0], AggregateBlock)
