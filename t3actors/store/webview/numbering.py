"""Which numbers devices and points have in T3000's tables, for good. Kept in our own database (webview_surrogates, webview_numbers).

A device's serial number is its key there; one that is too large for T3000's reader, or none, is stood in for by 2,000,000,000 + device_id.

A point's number is the n of its "IN<n>".

A point that is called so on its device (IN5) has its own number. T3000 knows no other names, so every other point gets one: the
next that is free, from 1, or from 1001 on a panel, where the numbers below belong to the panel's own points, in use or not.
Once given, a number stays with (device, kind, point_index), whatever comes and goes around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import apsw

from t3actors.stations import TEMCO
from t3actors.store.known import KINDS, ROWS
from t3actors.store.webview.shape import MOST_SERIAL, PREFIXES, SURROGATE

BESIDE_PANEL = 1000
_OWN = re.compile(r"(IN|OUT|VAR)([1-9][0-9]{0,2}|1000)")

_MISSING = tuple(
    f"SELECT point_index, point_id FROM {ROWS[kind]} p WHERE serial_number = ?1 AND NOT EXISTS"  # noqa: S608
    f" (SELECT 1 FROM webview_numbers n WHERE n.device_id = ?2 AND n.kind = {number} AND n.point_index = p.point_index)"
    " ORDER BY point_index"
    for number, kind in enumerate(KINDS)
)
_TAKEN = "SELECT number FROM webview_numbers WHERE device_id = ? AND kind = ?"
_STAND_IN = "INSERT OR IGNORE INTO webview_surrogates (device_id, serial_number) VALUES (?, ?)"
_GIVE = "INSERT INTO webview_numbers (device_id, kind, point_index, number) VALUES (?, ?, ?, ?)"
_IS_PANEL = "SELECT vendor_id IS ? OR protocol = 't3000' FROM DEVICES WHERE device_id = ?"
_HAS_OWN = "SELECT 1 FROM {table} WHERE serial_number = ? AND point_id GLOB '{prefix}[1-9]*' LIMIT 1"


def own_number(kind: int, point_id: str) -> int | None:
    """Return the n of a point that is called "IN<n>" on its device, 1 to 1000; None for any other."""
    match = _OWN.fullmatch(point_id)
    return int(match[2]) if match is not None and match[1] == PREFIXES[kind] else None


def give(
    kind: int, missing: Iterable[tuple[int, str]], taken: Iterable[int], *, is_panel: bool
) -> list[tuple[int, int]]:
    """Give each (point_index, point_id) a number that is not taken. **Returns**: (point_index, number). Pure."""
    used, given, others = set(taken), [], []
    for index, point_id in missing:
        own = own_number(kind, point_id)
        if own is None or own in used:
            others.append(index)
        else:
            used.add(own)
            given.append((index, own))
    first = BESIDE_PANEL + 1 if is_panel else 1
    number = max((each for each in used if each >= first), default=first - 1)
    for index in others:
        number += 1
        given.append((index, number))
    return given


def number_device(connection: apsw.Connection, device_id: int, serial: int) -> None:
    """Give the device, and each of its points that has none, its number, inside the caller's transaction."""
    if serial > MOST_SERIAL:
        connection.execute(_STAND_IN, (device_id, SURROGATE + device_id))
    for kind, sql in enumerate(_MISSING):
        missing: list[Any] = connection.execute(sql, (serial, device_id)).fetchall()
        if missing:
            taken = [number for (number,) in connection.execute(_TAKEN, (device_id, kind))]
            given = give(kind, missing, taken, is_panel=_is_panel(connection, device_id, serial))
            connection.executemany(_GIVE, [(device_id, kind, index, number) for index, number in given])


def _is_panel(connection: apsw.Connection, device_id: int, serial: int) -> bool:
    if connection.execute(_IS_PANEL, (TEMCO, device_id)).get:
        return True
    return any(
        connection.execute(_HAS_OWN.format(table=ROWS[kind], prefix=prefix), (serial,)).get
        for kind, prefix in zip(KINDS, PREFIXES, strict=True)
    )
