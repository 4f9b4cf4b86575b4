"""Newest values lie in two places, and are shown as if in one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.messages import PointChange
from t3actors.points import Kind, Status, Value
from t3actors.store import newest
from t3actors.store.store import Store
from tests.store.building import T0_MS, House, announced, change, point

POINTS = 24
SHOWN = (
    "SELECT point_id, value, text, sampled_at, changed_at, updated_at, status FROM INPUT_POINTS ORDER BY point_index"
)


@pytest.fixture
def many(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house of so many points that a few of them are few, and of which 10 may be fresh."""
    monkeypatch.setattr(newest, "LEAST_FRESH", 10)
    monkeypatch.setattr(newest, "MOST_FRESH", 10)
    house.put(announced([point(number) for number in range(1, POINTS + 1)]))
    return house


def fresh(house: House) -> object:
    return house.one("SELECT COUNT(*) FROM fresh_values")


def folded(house: House) -> object:
    return house.one("SELECT COUNT(*) FROM newest_values")


def few(*values: float, at_ms: int = T0_MS) -> list[PointChange]:
    return [change(value, f"IN{number}", at_ms=at_ms) for number, value in enumerate(values, 1)]


def test_few_changes_are_added_behind_and_many_go_to_their_places(many: House) -> None:
    limit = POINTS // newest.FEW
    many.put(*few(*range(limit - 1)))
    assert (fresh(many), folded(many)) == (limit - 1, 0)
    many.put(*few(*range(1, limit + 1), at_ms=T0_MS + 1000))
    assert (fresh(many), folded(many)) == (0, limit)
    assert many.rows("SELECT value FROM INPUT_POINTS WHERE value IS NOT NULL") == [(n,) for n in range(1, limit + 1)]


def test_once_more_are_fresh_than_may_be_all_are_folded(many: House) -> None:
    for second in range(newest.MOST_FRESH):
        many.put(change(second, at_ms=T0_MS + 1000 * second))
    assert (fresh(many), folded(many)) == (newest.MOST_FRESH, 0)
    many.put(change(99, "IN2", at_ms=T0_MS + 99_000))
    assert (fresh(many), folded(many)) == (0, 2)
    assert many.rows("SELECT value FROM INPUT_POINTS WHERE value IS NOT NULL") == [(newest.MOST_FRESH - 1,), (99,)]


def test_of_a_point_that_changes_twice_in_a_batch_the_last_value_is_shown(many: House) -> None:
    many.put(change(1, at_ms=T0_MS), change(2, at_ms=T0_MS + 1), change(2, at_ms=T0_MS + 2))
    assert fresh(many) == 1
    shown = many.rows("SELECT value, changed_at, sampled_at, updated_at FROM INPUT_POINTS WHERE point_id = 'IN1'")
    assert shown == [(2, T0_MS + 1, T0_MS + 2, T0_MS + 2)]


def test_where_only_points_find_room_nothing_is_added_behind(many: House) -> None:
    many.put(change(1))
    many.free = 0
    many.store = Store(
        many.config.__class__(database=many.path, min_free_bytes=1), "test", "1.0", "boot", many.log,
        lambda: many.now_ms, lambda _path: 0, clock_trusted=True,
    )  # fmt: skip
    many.opened().put(change(2, at_ms=T0_MS + 1))
    assert (fresh(many), folded(many)) == (0, 1)
    assert many.one("SELECT value FROM INPUT_POINTS WHERE point_id = 'IN1'") == 2


def test_what_a_point_is_is_not_written_when_its_value_changes(many: House) -> None:
    many.put(*few(1, 2))
    before = many.rows("SELECT * FROM input_rows")
    many.put(*few(3, 4, at_ms=T0_MS + 1000))
    assert many.rows("SELECT * FROM input_rows") == before
    many.put(change(4, flags=1, at_ms=T0_MS + 2000))
    assert many.one("SELECT flags FROM INPUT_POINTS WHERE point_id = 'IN1'") == 1
    many.put(change(4, status=Status.FAULT, reason="open", at_ms=T0_MS + 3000))
    seen = "SELECT value, status, status_reason, status_at, sampled_at FROM INPUT_POINTS WHERE point_id = 'IN1'"
    assert many.rows(seen) == [(4, "fault", "open", T0_MS + 3000, T0_MS + 3000)]


def test_a_batch_that_is_refused_leaves_no_trace_of_what_was_newest(many: House) -> None:
    many.put(change(1, at_ms=T0_MS))
    many.put(change("\ud800", "IN2", at_ms=T0_MS + 1), change(5, at_ms=T0_MS + 1))  # no UTF-8: that row is left out
    assert fresh(many) == 2
    many.put(change(5, at_ms=T0_MS + 2))
    assert many.rows("SELECT value, changed_at FROM INPUT_POINTS WHERE value IS NOT NULL") == [(5, T0_MS + 1)]


def test_points_of_all_kinds_with_the_largest_index_keep_their_own_values(house: House) -> None:
    indexes = (1, 2**31, 2**32 - 1)
    points = [
        point(1, kind, point_id=f"{kind}-{index}", point_index=index) for kind in Kind for index in indexes
    ]  # fmt: skip
    for serial in (1, 2):
        house.put(announced(points, device=f"d{serial}", serial=serial))
    told = {(f"d{s}", each.point_id): s * 100 + place for s in (1, 2) for place, each in enumerate(points)}
    for (device, point_id), value in told.items():
        house.put(change(value, point_id, device))
    assert {(name, id_): value for name, id_, value in house.rows("SELECT name, point_id, value FROM POINTS")} == told


VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.integers(0, 3), st.sampled_from([0.5, -0.0, 2**63, 2**64 - 1, "", "on", "off"])
)
CHANGES = st.tuples(
    st.integers(1, 8),
    VALUES,
    st.sampled_from(["ok", "ok", "fault", "stale"]),
    st.booleans(),
    st.sampled_from([None, 0, 1]),
)


@given(st.lists(st.lists(CHANGES, min_size=1, max_size=7), max_size=12), st.integers(0, 12))
def test_each_commit_shows_what_was_told_last(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Any]], restart: int
) -> None:
    house = House(tmp_path_factory.mktemp("house")).opened()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newest, "LEAST_FRESH", 4)
        patch.setattr(newest, "MOST_FRESH", 4)
        house.put(announced([point(number) for number in range(1, 13)]))
        model = {f"IN{number}": [None, None, None, None, None, "unknown"] for number in range(1, 13)}
        for step, batch in enumerate(batches):
            items = []
            for place, (number, value, said, changed, auto) in enumerate(batch):
                at_ms, good = T0_MS + step * 1000 + place, said == "ok" and value is not None
                status = said if good or said != "ok" else "fault"
                item = change(value, f"IN{number}", at_ms=at_ms, status=Status(status), auto_manual=auto)
                items.append(PointChange(item.device, item.point_id, item.reading, at_ms, at_ms, changed, True))
                row = model[f"IN{number}"]
                as_row = [float(value), str(value)] if isinstance(value, int) and value >= 2**63 else (
                    [None, value] if isinstance(value, str) else [value, None]
                )  # fmt: skip
                if good and changed and not (row[3] and row[:2] == as_row):
                    row[3] = at_ms
                if value is not None:
                    row[:3] = [*as_row, at_ms]
                row[4:] = [auto if auto is not None else row[4], status]
            house.put(*items)
            if step == restart:
                house.reopened()
            shown = house.rows(
                "SELECT value, text, sampled_at, changed_at, auto_manual, status, point_id FROM INPUT_POINTS"
            )
            assert {str(row[-1]): list(row[:-1]) for row in shown} == model
    house.store.abandon_connection()
