"""Which batches are stored: (detector incarnation, batch number), written in the batch's own transaction.

So a resend is acknowledged and not written, also after a restart, and says again what had been dropped.
"""

from __future__ import annotations

import json  # not msgspec: a poisoned name may hold a lone surrogate
from collections.abc import Iterable

import apsw

from t3actors.messages import BatchStored, PointsChanged

KEPT = 16  # detector incarnations

_NOTE = (
    "INSERT INTO stored_batches (incarnation, batch_no, stored_at, dropped) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (incarnation) DO UPDATE SET batch_no = ?2, stored_at = ?3, dropped = ?4"
)
_FORGET = (
    "DELETE FROM stored_batches WHERE incarnation NOT IN"  # the one at work stays, whatever the clock says
    " (SELECT incarnation FROM stored_batches ORDER BY incarnation = ?1 DESC, stored_at DESC, incarnation DESC LIMIT ?2)"
)
_DROPPED = "SELECT dropped FROM stored_batches WHERE incarnation = ? AND batch_no = ?"


class Watermarks:
    """The newest stored batch of each incarnation. Bounded by KEPT, as the table is."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._newest: dict[int, int] = dict(
            connection.execute("SELECT incarnation, batch_no FROM stored_batches ORDER BY stored_at, incarnation")
        )

    def has(self, batch: PointsChanged) -> bool:
        """Say whether it is stored."""
        return batch.batch_no <= self._newest.get(batch.incarnation, -1)

    def note(
        self, connection: apsw.Connection, batch: PointsChanged, at_ms: int, dropped: Iterable[tuple[str, str]]
    ) -> None:
        """Write it, inside the batch's transaction."""
        listed = list(dropped)
        text = json.dumps(listed) if listed else None
        connection.execute(_NOTE, (batch.incarnation, batch.batch_no, at_ms, text))
        if batch.incarnation not in self._newest:
            connection.execute(_FORGET, (batch.incarnation, KEPT))

    def committed(self, batch: PointsChanged) -> None:
        """Remember it: its transaction is over."""
        self._newest.pop(batch.incarnation, None)
        self._newest[batch.incarnation] = batch.batch_no  # the last to be written stands last
        if len(self._newest) > KEPT:
            del self._newest[next(iter(self._newest))]

    def acknowledgement(self, connection: apsw.Connection, batch: PointsChanged) -> BatchStored:
        """Answer a resend."""
        dropped = connection.execute(_DROPPED, (batch.incarnation, batch.batch_no)).get
        return BatchStored(
            incarnation=batch.incarnation,
            batch_no=batch.batch_no,
            rows=0,
            samples=0,
            dropped=tuple((device, point_id) for device, point_id in json.loads(dropped or "[]")),
        )
