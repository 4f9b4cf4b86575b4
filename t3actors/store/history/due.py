"""Decides which hour is packed next, and passes over those that have nothing to tell. The writer's thread."""

from __future__ import annotations

from typing import NamedTuple

from t3actors.store.history import again, holding
from t3actors.store.history.desk import Desk, Job
from t3actors.store.history.frontiers import DAY_S, HOUR_S, hour_of

_NEXT_SECOND = "SELECT MIN(logging_time) FROM sample_seconds WHERE logging_time >= ?"
_FIRST_HOUR = "SELECT MIN(hour) FROM hours WHERE hour >= ?"
_MINUTES_KEPT = "SELECT 1 FROM series WHERE minutes_s > 0 LIMIT 1"


class Due(NamedTuple):
    """What is to be packed: the hour that began then; or, `is_calm`, nothing: no hour before that time has anything to tell."""

    hour_s: int
    is_calm: bool = False


def due(desk: Desk, until_s: int, *, may_skip: bool) -> Due | None:
    """Return what is to be packed next of the hours that end by `until_s`. `may_skip`: hours without rows are over as well.

    An hour without rows has something to tell where what held in it ended with the gateway; and of each point by the minute.
    """
    packed_until, rows_s = desk.frontiers.packed_until, next_hour(desk)
    is_due = rows_s is not None and rows_s < until_s
    calm_until = rows_s if rows_s is not None and rows_s < until_s else until_s if may_skip else packed_until
    if 0 < packed_until < calm_until:
        hour_s = holding.end_of_holding(desk.connection, packed_until, calm_until)
        if hour_s != packed_until and _keeps_minutes(desk):
            hour_s = holding.back_again(desk.connection, packed_until, calm_until)
        if hour_s is not None and hour_s < calm_until:
            return Due(hour_s)
    if rows_s is not None and is_due:
        return Due(rows_s)
    return Due(calm_until, is_calm=True) if 0 < packed_until < calm_until else None


def _keeps_minutes(desk: Desk) -> bool:
    return desk.config.minutes_s > 0 or desk.connection.execute(_MINUTES_KEPT).get is not None


def skip(desk: Desk, until_s: int) -> Job:
    """Call what is before that time packed: there is nothing in it."""
    before = desk.frontiers
    sealed_until, first = max(before.sealed_until, until_s), hours_from(desk, until_s - HOUR_S)
    moved = before._replace(packed_until=until_s, sealed_until=sealed_until, hours_from=first)
    with desk.moving(moved):
        holding.clean(desk.connection, desk.frontiers.packed_until // HOUR_S, until_s // HOUR_S - 1)
    yield


def next_hour(desk: Desk) -> int | None:
    """Return the first hour that has rows, or something that is packed already, and is not packed; None when there are none."""
    second, packed = desk.connection.execute(_NEXT_SECOND, (desk.frontiers.packed_until,)).get, again.first_hour(desk)
    return min((hour_of(each) for each in (second, packed) if each is not None), default=None)


def hours_from(desk: Desk, hour_s: int) -> int:
    """Return from where on `hours` tells once that hour is packed.

    Days are packed one after the other while a value is held; where none is, those without rows are passed over.
    """
    first = desk.frontiers.hours_from
    if holding.is_any_held(desk.connection, first):
        return first
    found = desk.connection.execute(_FIRST_HOUR, (first,)).get
    begun = hour_s // DAY_S * 24  # a day that is at work is never passed over: what comes late for it corrects it
    return max(first, begun if found is None else min(found // 24 * 24, begun))
