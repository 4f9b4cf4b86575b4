"""How far what lies in the database file itself has come, its log left aside: content that was copied in there is older, or not ours.

SQLite cannot know: it keeps pages in memory and in the log, and would go on writing them between those of the copy.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec


class Content(msgspec.Struct, frozen=True):
    """Both only grow: how often the file was taken over, and the newest batch of each detector, of which the oldest are forgotten."""

    epoch: int
    batches: dict[int, int]

    def is_behind(self, other: Content) -> bool:
        """Say whether this cannot have come after the other."""
        return self.epoch < other.epoch or any(
            batch_no < other.batches.get(detector, batch_no) for detector, batch_no in self.batches.items()
        )


def content_of(path: Path) -> Content | None:
    """Look into the file as it lies there. **Returns**: None where nothing can be told of it."""
    uri = f"{path.absolute().as_uri()}?immutable=1"
    try:
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            epoch = connection.execute("SELECT writer_epoch FROM GATEWAY").get
            batches = dict(connection.execute("SELECT incarnation, batch_no FROM stored_batches"))
        finally:
            connection.close(True)
    except apsw.SQLError:
        return Content(0, {})  # there are no such tables: it is none of ours
    except apsw.Error:
        return None
    return None if epoch is None else Content(epoch, batches)
