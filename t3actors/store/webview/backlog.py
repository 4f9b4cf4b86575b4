"""Where we are in the outbox: what is read of it, what is delivered, and what may be let go of.

A row is reported as delivered only SETTLED_AFTER_S after its commit. T3000's file is synchronised to the disk as lazily as ours
(synchronous = NORMAL), and not together with it: a power cut may take the last commits from that file, and leave our deletion of what
they had brought. By then the system has long written both down. Bounded by MOST_ROWS rows, and the rows of a minute.
"""

from __future__ import annotations

from collections import deque

from t3actors.store.webview.posting import Posting, unpack
from t3actors.store.webview.source import Row, Source

SETTLED_AFTER_S = 60.0


class Backlog:
    """The outbox of one database of ours."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.has_gap = False
        self.newest = 0
        self.delivered = 0
        self.progress = 0
        """How many changes of the head are committed."""
        self._last = 0
        self._rows: deque[Row] = deque()
        self._posting: Posting | None = None
        self._committed: deque[tuple[float, int]] = deque()

    def posted(self, newest: int) -> None:
        """The outbox has grown to this id."""
        self.newest = max(self.newest, newest)

    def head(self, source: Source) -> tuple[Row, Posting] | None:
        """Return the oldest row that is not done, and what it says; None when all is done.

        **Raises**: StoreError; Unreadable: then that row is `skip`ped.
        """
        if not self._rows:
            self._load(source)
        if not self._rows:
            return None
        row = self._rows[0]
        if self._posting is None:
            self._posting = unpack(row.content)
        return row, self._posting

    def reached(self, progress: int, now_s: float) -> None:
        """So many changes of the head are committed; with all of them it is done."""
        self.progress = progress
        if self._posting is not None and progress >= len(self._posting.changes):
            self._done(now_s)

    def skip(self, now_s: float) -> None:
        """The head is not to be had: its points are to be brought from our tables."""
        self.has_gap = True
        self._done(now_s)

    def settled(self, now_s: float) -> int | None:
        """Return up to which id the outbox may be let go of, when there is more than was said before."""
        found = None
        while self._committed and now_s - self._committed[0][0] >= SETTLED_AFTER_S:
            found = self._committed.popleft()[1]
        return found

    def _done(self, now_s: float) -> None:
        self.delivered = self._rows.popleft().id
        self._posting, self.progress = None, 0
        self._committed.append((now_s, self.delivered))

    def _load(self, source: Source) -> None:
        for row in source.postings(self._last):
            self.has_gap |= 0 < self._last != row.id - 1
            self._last = row.id
            self._rows.append(row)
        if not self._rows and self.newest > self._last:
            self.has_gap, self._last = True, self.newest
