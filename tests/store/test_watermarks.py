"""Which batches are stored: as many detector incarnations are remembered in memory as in the table, and the one at work always."""

from __future__ import annotations

import apsw
import pytest

from t3actors.messages import PointsChanged
from t3actors.store.watermarks import KEPT, Watermarks

TABLE = (
    "CREATE TABLE stored_batches (incarnation INTEGER PRIMARY KEY, batch_no INTEGER, stored_at INTEGER, dropped TEXT)"
)


@pytest.fixture
def connection() -> apsw.Connection:
    made = apsw.Connection(":memory:")
    made.execute(TABLE)
    return made


def batch(incarnation: int, batch_no: int = 1) -> PointsChanged:
    return PointsChanged(incarnation=incarnation, batch_no=batch_no, at_ms=0, items=())


def store(marks: Watermarks, connection: apsw.Connection, stored: PointsChanged, at_ms: int) -> None:
    marks.note(connection, stored, at_ms, ())
    marks.committed(stored)


def test_a_detector_that_was_restarted_for_years_leaves_only_the_newest_incarnations_in_memory(
    connection: apsw.Connection,
) -> None:
    marks = Watermarks(connection)
    for incarnation in range(KEPT + 3):
        store(marks, connection, batch(incarnation), incarnation)
    known = [incarnation for incarnation in range(KEPT + 3) if marks.has(batch(incarnation))]
    assert known == list(range(3, KEPT + 3))
    assert known == [
        row[0] for row in connection.execute("SELECT incarnation FROM stored_batches ORDER BY incarnation")
    ]


def test_the_incarnation_at_work_is_remembered_though_it_is_the_oldest(connection: apsw.Connection) -> None:
    marks = Watermarks(connection)
    for turn in range(KEPT + 3):
        store(marks, connection, batch(1, turn), 2 * turn)
        store(marks, connection, batch(100 + turn), 2 * turn + 1)
    assert marks.has(batch(1, KEPT + 2))
    assert not marks.has(batch(1, KEPT + 3))


def test_after_a_restart_the_same_are_remembered(connection: apsw.Connection) -> None:
    marks = Watermarks(connection)
    for incarnation in range(KEPT):
        store(marks, connection, batch(incarnation), 1000 - incarnation)
    again = Watermarks(connection)
    store(again, connection, batch(500), 2000)
    assert not again.has(batch(KEPT - 1)), "it was stored longest ago"
    assert all(again.has(batch(incarnation)) for incarnation in (*range(KEPT - 1), 500))
