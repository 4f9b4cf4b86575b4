"""What the database takes, and when what is left is used up."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.watch.api.storage import DAY_MS, Sizes, forecast, measured

MB = 1_000_000
NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("grows", "budget", "min_free", "said"),
    [
        (None, 100 * MB, 0, (None, None)),
        (0.0, 100 * MB, 0, (None, None)),
        (-1.0, 100 * MB, 0, (None, None)),
        (10.0 * MB, 100 * MB, 0, (NOW + 9 * DAY_MS, "budget")),
        (10.0 * MB, 100 * MB, 450 * MB, (NOW + 5 * DAY_MS, "disk")),
        (10.0 * MB, 0, 0, (NOW + 50 * DAY_MS, "disk")),
        (10.0 * MB, 5 * MB, 0, (NOW, "budget")),
        (1000.0, 0, 0, (None, None)),
    ],
)
def test_what_is_used_up_first_and_when(
    grows: float | None, budget: int, min_free: int, said: tuple[int | None, str | None]
) -> None:
    assert forecast(NOW, Sizes(10 * MB, 500 * MB), grows, budget, min_free) == said


def test_the_database_is_measured_with_its_log_and_one_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    assert measured(database).database == 0
    database.write_bytes(b"x" * 1000)
    Path(f"{database}-wal").write_bytes(b"x" * 200)
    assert measured(database).database == 1200
    assert measured(database).free > 0
    assert measured(tmp_path / "no" / "a.db") == (0, 0)
