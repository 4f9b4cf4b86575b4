"""How far what lies in the database file itself has come, its log left aside: content that was copied in there is older, or not ours.

SQLite cannot know: it keeps pages in memory and in the log, and would go on writing them between those of the copy.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec


class Content(msgspec.Struct, frozen=True):
    """How often the file was taken over, and the newest batch of each detector, of which the oldest are forgotten: both only grow.
    `boot_id`: the start of the gateway that took it over last."""

    epoch: int
    boot_id: str
    batches: dict[int, int]

    def is_behind(self, other: Content, boot_id: str) -> bool:
        """Say whether this cannot have come after the other, in a file that this start of the gateway writes."""
        return (
            self.epoch < other.epoch
            or (self.boot_id not in {other.boot_id, boot_id} and not self._follows(other))
            or any(batch_no < other.batches.get(detector, batch_no) for detector, batch_no in self.batches.items())
        )

    def _follows(self, other: Content) -> bool:
        """Say whether another gateway may have opened the file itself and gone on from there: the fence stops us, and the file is his."""
        return self.epoch > other.epoch and (not other.batches or not other.batches.keys().isdisjoint(self.batches))


def content_of(path: Path) -> Content | None:
    """Look into the file as it lies there. **Returns**: None where nothing can be told of it."""
    uri = f"{path.absolute().as_uri()}?immutable=1"
    try:
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            row = connection.execute("SELECT writer_epoch, boot_id FROM GATEWAY").fetchone()
            batches = dict(connection.execute("SELECT incarnation, batch_no FROM stored_batches"))
        finally:
            connection.close(True)
    except apsw.SQLError:
        return Content(0, "", {})  # there are no such tables: it is none of ours
    except apsw.Error:
        return None
    if row is None:
        return None
    epoch, boot_id = row
    return Content(epoch, boot_id, batches)
