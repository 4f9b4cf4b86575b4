"""What the database takes. When what is left is used up is in test_forecast.py."""

from __future__ import annotations

from pathlib import Path

from t3actors.watch.api.storage import measured


def test_the_database_is_measured_with_its_log_and_one_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    assert measured(database).database == 0
    database.write_bytes(b"x" * 1000)
    Path(f"{database}-wal").write_bytes(b"x" * 200)
    assert measured(database).database == 1200
    assert measured(database).free > 0
    assert measured(tmp_path / "no" / "a.db") == (0, 0)
