from __future__ import annotations

from t3actors.simulator.counts import Counts


def test_totals_are_added_field_by_field() -> None:
    total = Counts(1, 2, 3, 4, 5, 6, 7)
    total.add(Counts(10, 20, 30, 40, 50, 60, 70))
    assert total == Counts(11, 22, 33, 44, 55, 66, 77)
