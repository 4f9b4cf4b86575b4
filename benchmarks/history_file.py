"""Makes a large packed history quickly, for the benchmarks: some days are really lived through, then their parts are copied.

A copied day has the very blocks of the original under another day's number; nothing reads a day out of a block.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from benchmarks.history_data import DAY_MS, T0_MS, Gateway, Signal, change, changes, devices_of, signals

LIVED_DAYS = 2
PART_OF_A_DAY = 0.55
"""The file ends at ten past one in the afternoon: of the day at work there are rows by the hour and samples that are not packed yet."""
MOST_EVENTS = 250_000
"""As many as the store keeps."""


def made_file(folder: Path, gigabytes: float, scale: float = 1.0) -> tuple[Path, int]:
    """Make a file of about that size. **Returns**: it, and when its history ends (Unix milliseconds)."""
    path = folder / "history.db"
    points = signals(scale)
    gateway = Gateway(path, devices_of(points), recent_s=3600.0)
    _live(gateway, points, 0, LIVED_DAYS)
    gateway.now_ms = T0_MS + LIVED_DAYS * DAY_MS + 7_200_000
    gateway.tidy()
    gateway.store.close()
    copied = _copied(path, int(gigabytes * 1e9))
    gateway = Gateway(path, devices_of(points), 2, T0_MS + LIVED_DAYS * DAY_MS + 7_200_000, recent_s=3600.0)
    _live(gateway, points, LIVED_DAYS + 2 / 24, LIVED_DAYS + PART_OF_A_DAY)  # what is older would come late
    gateway.store.close()
    _tell(path, copied)
    return path, gateway.now_ms


def _live(gateway: Gateway, points: list[Signal], since_days: float, until_days: float) -> None:
    """Have all of it happen that does between two days."""
    items: list[object] = []
    for at_ms, signal, value in changes(points, until_days):
        if at_ms < since_days * DAY_MS:
            continue
        items.append(change(signal.device, signal.point_id, T0_MS + at_ms, value))
        if len(items) == 5000:
            gateway.now_ms = T0_MS + at_ms
            gateway.put(items)
            items = []
            gateway.store.tidy(0.05)
    gateway.now_ms = T0_MS + int(until_days * DAY_MS)
    gateway.put(items)
    gateway.tidy()


def _tell(path: Path, days: int) -> None:
    """Fill EVENTS: devices that come and go, evenly over so many days before."""
    connection = apsw.Connection(str(path))
    first, devices = connection.execute("SELECT (SELECT MAX(id) + 1 FROM EVENTS), (SELECT count(*) FROM DEVICES)").get
    step_ms = days * DAY_MS // MOST_EVENTS
    rows = (
        (
            first + number,
            T0_MS - days * DAY_MS + number * step_ms,
            number % devices + 1,
            None if number % 3 else f"IN{number % 50 + 1}",
            ("device.offline", "device.online", "child.restarted")[number % 3],
            "192.0.2.1:502: no answer within 1 s, asked twice",
        )
        for number in range(MOST_EVENTS)
    )
    with connection:
        connection.executemany(
            "INSERT INTO EVENTS (id, at, device_id, point, event, reason) VALUES (?, ?, ?, ?, ?, ?)", rows
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _copied(path: Path, size: int) -> int:
    """Copy the first day under earlier days until the file is as large. **Returns**: how many."""
    connection = apsw.Connection(str(path))
    connection.pragma("synchronous", "off")
    day = T0_MS // DAY_MS
    originals = list(
        connection.execute(
            "SELECT kind, part, first_block, blocks FROM parts WHERE day = ? AND ((kind = 0 AND level = 2) OR kind = 2)",
            (day,),
        )
    )
    back = 0
    for back in range(1, 36_500):
        if connection.pragma("page_count") * connection.pragma("page_size") >= size:
            break
        with connection:
            for kind, part, first, blocks in originals:
                _copy(connection, "blocks" if kind == 0 else "aggregate_blocks", part, first, blocks, back)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return back


def _copy(connection: apsw.Connection, table: str, part: int, first: int, blocks: int, back: int) -> None:
    columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "id")
    begin = connection.execute(f"SELECT MAX(id) + 1 FROM {table}").get
    connection.execute(
        f"INSERT INTO {table} (id, {columns}) SELECT id - ? + ?, {columns} FROM {table} WHERE id >= ? AND id < ?",
        (first, begin, first, first + blocks),
    )
    connection.execute(
        "INSERT INTO parts SELECT (SELECT MAX(part) + 1 FROM parts), kind, 2, level, day - ?1, from_s - ?1 * 86400,"
        " until_s - ?1 * 86400, NULL, ?2, blocks, samples, made_at FROM parts WHERE part = ?3",
        (back, begin, part),
    )
    connection.execute(
        "INSERT INTO runs SELECT (SELECT MAX(part) FROM parts), series_id, first, blocks FROM runs WHERE part = ?",
        (part,),
    )
