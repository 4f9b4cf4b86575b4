"""What goes: rows that are older than `recent`, parts that have served their time, what hides nothing any more.

All of it by ranges of the leading key, in small steps. What is to go is hidden first, in one transaction; then it is
deleted, and its pages are used again. Never a VACUUM: it only wears the flash (storage study, section 5).
"""

from __future__ import annotations

from t3actors.events import history as events
from t3actors.store.history import parts
from t3actors.store.history.desk import Desk, Job, Pace
from t3actors.store.history.frontiers import DAY_S, hour_of
from t3actors.store.history.parts import TABLES, Kind, Part, State

_HIDE_SECONDS = "DELETE FROM sample_seconds WHERE logging_time < ?"
_STRADDLE = "SELECT MIN(from_s) FROM parts WHERE kind = 0 AND state = 1 AND from_s < ?1 AND until_s > ?1"
_ARCHIVE = "UPDATE parts SET state = 2 WHERE kind = 0 AND state = 1 AND until_s <= ?"
_FIRST_ROW = "SELECT MIN(logging_time) FROM samples WHERE logging_time < ?"
_SWEEP = "DELETE FROM samples WHERE logging_time < ?"
_FIRST_HOUR = "SELECT MIN(hour) FROM hours WHERE hour < ?"
_SWEEP_HOURS = "DELETE FROM hours WHERE hour < ?"
_OLDEST = "kind = ? AND state = 2 ORDER BY day, part LIMIT 1"


# ----------------------------------------------------------------------------------------------------- recent rows


def archivable(desk: Desk, until_s: int) -> int:
    """Return up to when rows may go: not beyond what is packed, and no part half-way."""
    until_s = min(hour_of(until_s), desk.frontiers.packed_until)
    while (straddled := desk.connection.execute(_STRADDLE, (until_s,)).get) is not None:
        until_s = straddled
    return until_s


def archive(desk: Desk, until_s: int) -> Job:
    """Show what is before `until_s` as archive, not as rows."""
    with desk.moving(desk.frontiers._replace(recent_from=until_s)):
        desk.connection.execute(_ARCHIVE, (until_s,))
        desk.connection.execute(_HIDE_SECONDS, (until_s,))
    yield


def has_hidden_rows(desk: Desk) -> bool:
    """Say whether rows are to be deleted that are not shown any more."""
    first_row, first_hour = desk.frontiers.recent_from, desk.frontiers.hours_from - 1
    execute = desk.connection.execute
    return execute(_FIRST_ROW, (first_row,)).get is not None or execute(_FIRST_HOUR, (first_hour,)).get is not None


def sweep(desk: Desk) -> Job:
    """Delete the rows that are not shown any more."""
    pace = Pace(60, 1, DAY_S)
    while (first := desk.connection.execute(_FIRST_ROW, (desk.frontiers.recent_from,)).get) is not None:
        with pace.step() as seconds, desk.transaction():
            desk.connection.execute(_SWEEP, (min(first + seconds, desk.frontiers.recent_from),))
        yield
    while (hour := desk.connection.execute(_FIRST_HOUR, (desk.frontiers.hours_from - 1,)).get) is not None:
        with desk.transaction():
            desk.connection.execute(_SWEEP_HOURS, (hour + 1,))
        yield


# ----------------------------------------------------------------------------------------------------------- parts


def going(desk: Desk) -> Part | None:
    """Return a part that is to be deleted."""
    return next(iter(parts.find(desk.connection, "kind IN (0, 1, 2) AND state = 9 ORDER BY part LIMIT 1")), None)


def clear(desk: Desk, part: Part) -> Job:
    """Delete a part that is hidden: its blocks by their range, then its runs, then itself."""
    table = TABLES[Kind(part.kind)]
    delete = f"DELETE FROM {table} WHERE id >= ? AND id < ?"  # noqa: S608
    pace = Pace(200, 16, 20_000)
    done, end = part.first_block, part.first_block + part.blocks
    while done < end:
        with pace.step() as most, desk.transaction():
            desk.connection.execute(delete, (done, min(done + most, end)))
            done += most
        yield
    series = -1
    while True:
        found = parts.series_after(desk.connection, (part,), series, 4000)
        if not found:
            break
        with desk.transaction():
            desk.connection.execute("DELETE FROM runs WHERE part = ? AND series_id <= ?", (part.part, found[-1]))
        series = found[-1]
        yield
    with desk.transaction():
        desk.connection.execute("DELETE FROM parts WHERE part = ?", (part.part,))
    yield


def outlived(desk: Desk, now_s: int) -> Part | None:
    """Return a part that has been kept for as long as was asked for."""
    defaults = {Kind.SAMPLES: desk.config.raw_s, Kind.MINUTES: desk.config.minutes_s, Kind.HOURS: desk.config.hours_s}
    for kind, keep_s in defaults.items():
        keeping = list(
            desk.connection.execute("SELECT DISTINCT keep_s FROM parts WHERE kind = ? AND state = 2", (kind,))
        )
        for (own_s,) in keeping:
            limit_s = keep_s if own_s is None else own_s
            if limit_s:
                where = "kind = ? AND state = 2 AND keep_s IS ? AND day <= ? AND until_s <= ? ORDER BY day LIMIT 1"
                oldest_s = now_s - int(limit_s)
                found = parts.find(desk.connection, where, (kind, own_s, oldest_s // DAY_S, oldest_s))
                if found:
                    return found[0]
    return None


def oldest(desk: Desk, kind: Kind) -> Part | None:
    """Return the oldest part of a kind that stands alone."""
    return next(iter(parts.find(desk.connection, _OLDEST, (kind,))), None)


def let_go(desk: Desk, part: Part, reason: str) -> Job:
    """Hide a part; `clear` deletes it."""
    with desk.transaction():
        parts.set_state(desk.connection, (part.part,), State.GOING)
    what = ("samples", "minutes", "hours")[part.kind]
    desk.log(
        events.HISTORY_EXPIRED,
        what=what,
        from_at=part.from_s * 1000,
        until_at=part.until_s * 1000,
        rows=part.samples,
        reason=reason,
    )
    yield
