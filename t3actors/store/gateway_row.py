"""The one row of GATEWAY: who holds the file, since when, whether he lives, and how he left."""

from __future__ import annotations

import apsw
import msgspec

from t3actors.store.stretches import lived, say_left

HEARTBEAT_MS = 10_000
IDLE_HEARTBEAT_MS = 20_000  # POINTS calls a heartbeat old after 35 s

_TAKE_OVER = (
    "INSERT INTO GATEWAY (id, name, version, boot_id, started_at, heartbeat_at, clock_trusted, schema, clean_stop, writer_epoch)"
    " VALUES (1, ?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 1) ON CONFLICT (id) DO UPDATE SET name = ?1, version = ?2,"
    " started_at = CASE boot_id WHEN ?3 THEN started_at ELSE ?4 END, boot_id = ?3, heartbeat_at = ?4, clock_trusted = ?5,"
    " schema = ?6, clean_stop = 0, writer_epoch = writer_epoch + 1"
)
_NOTHING_COUNTED = "UPDATE DEVICES SET unheard = 1, polls_ok = 0, polls_failed = 0, achieved_interval_s = NULL"
_NOBODY_HEARD = (
    "UPDATE DEVICES SET status_before = status, status = 'unknown', status_at = ?, status_reason = rtrim("
    "'not heard of since the gateway was started; it was ' || status || ': ' || status_reason, ': ')"
    " WHERE status IN ('online', 'connecting', 'offline')"
)
"""What an earlier life knew of the devices is said as that, until somebody has spoken for them in this one."""
_EVENT = "INSERT INTO EVENTS (at, event, reason) VALUES (?, ?, ?)"


class Holder(msgspec.Struct, frozen=True):
    """Who opens the file. `boot_id` is new with each start of the gateway; the clock is trusted on the kernel's word."""

    name: str
    version: str
    boot_id: str
    clock_trusted: bool = False


def take_over(connection: apsw.Connection, holder: Holder, now_ms: int, schema: int) -> int:
    """Become the holder. **Returns**: the epoch by which an older writer knows that it is over."""
    before = connection.execute("SELECT boot_id, heartbeat_at, clean_stop FROM GATEWAY").fetchone()
    if before is not None and before[0] == holder.boot_id:
        connection.execute(_EVENT, (now_ms, "writer.restarted", ""))
    else:
        lives = [] if before is None else lived(connection, before[1], now_ms)
        if before is not None and not before[2]:
            reason = "it ended without a clean stop; this is when it was last heard"
            connection.execute(_EVENT, (before[1], "gateway.lost", reason))
        if (
            before is not None and lives
        ):  # its clock had been set back: nobody listened from then on, not from its end on
            say_left(connection, before[1], lives)
        connection.execute(_EVENT, (now_ms, "gateway.started", f"version {holder.version}"))
        connection.execute(_NOTHING_COUNTED)
        connection.execute(_NOBODY_HEARD, (now_ms,))
    bindings = (holder.name, holder.version, holder.boot_id, now_ms, holder.clock_trusted, schema)
    connection.execute(_TAKE_OVER, bindings)
    return epoch(connection)


def epoch(connection: apsw.Connection) -> int:
    """Return how often the file was taken over."""
    counted: int = connection.execute("SELECT writer_epoch FROM GATEWAY").get
    return counted


def beat(connection: apsw.Connection, now_ms: int) -> None:
    """Say that the gateway lives."""
    connection.execute("UPDATE GATEWAY SET heartbeat_at = ?", (now_ms,))


def leave(connection: apsw.Connection, now_ms: int) -> None:
    """Note the clean stop."""
    connection.execute(_EVENT, (now_ms, "gateway.stopped", ""))
    connection.execute("UPDATE GATEWAY SET clean_stop = 1, heartbeat_at = ?", (now_ms,))


def was_left_cleanly(connection: apsw.Connection) -> bool:
    """Say how the last holder left."""
    return bool(connection.execute("SELECT clean_stop FROM GATEWAY").get)
