"""T3000's own program, as far as it matters to a second writer: it fills its file with its own rows, in short transactions and long ones.

    python -m tests.system.other_writer FILE HOLD_S      until its standard input ends; then it prints how many details it wrote

Its 30 s busy time-out and its 30 s transactions are those of the real one; HOLD_S shortens the latter. With the SQLite of the standard
library, which is another than the gateway's.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path

SERIAL = 777
AT_A_START = (
    "DROP TABLE IF EXISTS seaql_migrations",
    "CREATE TABLE seaql_migrations (version TEXT PRIMARY KEY, applied_at BIGINT)",
    "UPDATE INPUTS SET Filter_Field = NULL, Calibration = NULL",
    "UPDATE OUTPUTS SET Filter_Field = NULL, Calibration = NULL",
    "UPDATE VARIABLES SET Filter_Field = NULL, Calibration = NULL",
)


def main(path: Path, hold_s: float) -> None:
    """Write until nobody wants more."""
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    parents = [_parent(connection, number) for number in range(1, 9)]
    written = rounds = 0
    sys.stdout.write("writing\n")
    sys.stdout.flush()
    while not over.wait(0.02):
        rounds += 1
        connection.execute("BEGIN IMMEDIATE")
        for parent in parents:
            connection.execute(
                "INSERT INTO TRENDLOG_DATA_DETAIL VALUES (?, ?, datetime('now', 'localtime'))", (parent, str(rounds))
            )
            written += 1
        connection.execute(
            "INSERT INTO T3_APP_LOG (ts_unix, ts_fmt, message) VALUES (unixepoch(), datetime('now'), 'saved a batch')"
        )
        if rounds % 10 == 0:
            over.wait(hold_s)
        connection.execute("COMMIT")
        if rounds % 25 == 0:
            for statement in AT_A_START:
                connection.execute(statement)
    sys.stdout.write(f"{written}\n")


def _parent(connection: sqlite3.Connection, number: int) -> int:
    cursor = connection.execute(
        "INSERT INTO TRENDLOG_DATA (SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (?, 1, ?, ?, 'INPUT')",
        (SERIAL, f"IN{number}", number),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
