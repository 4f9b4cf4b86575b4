"""A gateway's store that lives fast, to be killed: a child process of the kill tests and of benchmarks/history_kills.py.

    python -m tests.store.history.living DATABASE

Each batch is ten simulated minutes of three points whose value is the number of the batch; between batches history is
packed, merged, archived and let go of. After each commit it prints the number of the batch.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import apsw

from t3actors.config import StoreConfig
from t3actors.events import silent
from t3actors.messages import PointsChanged
from t3actors.store.reader import open_reader
from t3actors.store.store import Store
from tests.store.building import announced, change, point

T0_MS = 1_794_960_000_000
BATCH_MS = 600_000
RAW_S = 3 * 86400.0
POINTS = ("IN1", "IN2", "IN3")


def live(path: Path) -> None:
    """Live until killed."""
    now_ms = T0_MS
    config = StoreConfig(database=path, min_free_bytes=0, recent_s=4 * 3600.0, raw_s=RAW_S)
    store = Store(config, "living", "0", "boot", silent, lambda: now_ms, clock_trusted=True)
    store.open(lambda _checked: None)
    number = last_of(path) + 1
    incarnation = number
    while True:
        now_ms = T0_MS + number * BATCH_MS
        items = [change(number, point_id, at_ms=now_ms + which) for which, point_id in enumerate(POINTS)]
        first = [announced([point(1), point(2), point(3)])] if number == incarnation else []
        batch = PointsChanged(incarnation=incarnation, batch_no=number, at_ms=now_ms, items=(*first, *items))
        store.store(batch)
        print(number, flush=True)
        number += 1
        tidying = store.tidying
        assert tidying is not None
        tidying._look_again_s = 0.0
        store.tidy(0.0)  # a step between two batches: most kills find a job half done
        store.tidy(0.0)


def last_of(path: Path) -> int:
    """Return the number of the newest batch in the file; -1 for none."""
    with open_reader(path) as reader:
        rows = reader.history("ahu-1", "IN1", limit=1)
    return int(rows[-1].value or 0) if rows else -1


def faults_in(path: Path, acknowledged: int) -> list[str]:
    """Look for what was lost, is there twice, or wrong: in the views, and as the gateway itself reads."""
    connection = apsw.Connection(str(path))
    found = []
    check = connection.execute("PRAGMA integrity_check").get
    if check != "ok":
        found.append(f"integrity_check: {check}")
    newest = connection.execute("SELECT MAX(value) FROM TRENDLOG_ALL").get
    if newest is None or newest < acknowledged:
        found.append(f"batch {acknowledged} was acknowledged; the newest in the file is {newest}")
    shown: list[tuple[str, int, float]] = list(
        connection.execute("SELECT point_id, sampled_at, value FROM TRENDLOG_ALL")
    )
    connection.close()
    found += _faults("the view", shown, int(newest or 0))
    with open_reader(path) as reader:
        rows = [row for point_id in POINTS for row in reader.history("ahu-1", point_id, limit=10_000_000)]
    found += _faults("the reader", ((row.point_id, row.sampled_at, row.value) for row in rows), int(newest or 0))
    return found


def _faults(who: str, rows: Iterable[tuple[str, int, object]], newest: int) -> list[str]:
    seen = Counter(rows)
    twice = [row for row, count in seen.items() if count > 1]
    oldest = min((number for _, _, number in seen if isinstance(number, int)), default=0)
    kept_from = newest - int(RAW_S * 1000 / BATCH_MS) + 1
    wanted = {
        (point_id, T0_MS + number * BATCH_MS + which, number)
        for number in range(min(oldest, max(0, kept_from)), newest + 1)
        for which, point_id in enumerate(POINTS)
    }
    lost, strange = wanted - set(seen), set(seen) - wanted
    return [
        f"{who}: {what}: {sorted(rows)[:3]}"
        for what, rows in (("twice", set(twice)), ("lost", lost), ("strange", strange))
        if rows
    ]


if __name__ == "__main__":
    live(Path(sys.argv[1]))
