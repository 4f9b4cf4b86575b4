"""Whose fault is it, the file's or the disk's? A disk that fails for a moment (EIO) is no reason to give a sound file up.

What failed is tried again, with the file opened anew. Where the same goes on failing, again and again for PATIENCE_S, it is asked whose
fault that is. Of a read: the file is read from end to end in the background (unreadable.py), and is to blame where a place of it cannot be
read however often it is tried, while the rest can. Of anything else: the file is to blame where the disk takes another one beside it.
Then it is set aside like any damaged one. Where the disk takes nothing at all, there is nothing to be begun anew on: it is waited for.
What failed now and then, and long apart, does not go on failing; and what the machine lacks is nobody's fault.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apsw

from t3actors.errors import StoreBusy, StoreDamaged, StoreFailing, StoreHindered, StoreUnreachable
from t3actors.store.holders import WRITER, holders_of
from t3actors.store.probe import takes_another_file
from t3actors.store.unreadable import Searching

PATIENCE_S = 30.0
APART_S = 300.0  # longer than until anything is tried again: a device asks each 72 s at most, tidying looks each 5 s
OURS = "this process"
FAILURES = 5  # a disk that fails once a minute is no file that goes on failing
_OF_READING = {apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_CORRUPTFS, apsw.SQLITE_IOERR_SHORT_READ}


class _Failing:
    """Something that fails: how often, since when, and last."""

    def __init__(self, now_s: float) -> None:
        self.since_s = self.last_s = now_s
        self.times = 0
        self.is_of_reading = False

    def again(self, now_s: float, *, is_of_reading: bool) -> None:
        self.times += 1
        self.last_s, self.is_of_reading = now_s, is_of_reading


class Failures:
    """What fails at present: "open", "batch", "tidying", "heartbeat", "question". **Thread**: the store's.

    `close` lets go of the file, which is to be opened anew.
    """

    def __init__(
        self,
        path: Path,
        close: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
        searching: Searching | None = None,
        held_by: Callable[[], str] | None = None,
    ) -> None:
        self._path = path
        self._close = close
        self._now_s = now_s
        self._failing: dict[str, _Failing] = {}
        self._busy_since_s: dict[str, float] = {}
        self._searching = searching or Searching(path)
        self._asked_s = now_s()
        self._held_by = held_by or partial(holders_of, path, WRITER, ours=OURS)

    @contextlib.contextmanager
    def of(self, what: str, *, in_part: bool = False) -> Iterator[None]:
        """Do it in here; or some of it, which says nothing of what may be unreadable in the rest.

        **Raises**: StoreDamaged in the place of StoreFailing once the fault is known to be the file's.
        """
        try:
            yield
        except (StoreUnreachable, StoreHindered):
            self._close()
            raise
        except StoreFailing as failing:
            self._close()
            if self._goes_on(what, failing):
                self._blame(what, failing)
            raise
        except StoreBusy:
            waits_s = self._now_s() - self._busy_since_s.setdefault(what, self._now_s())
            if waits_s >= PATIENCE_S and self._held_by() == OURS:
                self._close()  # SQLite forgets a lock that the system did not take back: with the file it is given back
            raise
        self._busy_since_s.pop(what, None)
        if not in_part or (what in self._failing and not self._failing[what].is_of_reading):
            self.succeeded(what)

    def succeeded(self, what: str) -> None:
        """It went well, all of it."""
        self._failing.pop(what, None)

    def forget(self) -> None:
        """There is another file now."""
        self._failing.clear()
        self._searching.forget()

    def _goes_on(self, what: str, error: StoreFailing) -> bool:
        now_s = self._now_s()
        failing = self._failing.get(what)
        if failing is None or now_s - failing.last_s > APART_S:
            failing = self._failing[what] = _Failing(now_s)
        extended = getattr(error.__cause__, "extendedresult", 0)
        is_of_reading = extended in _OF_READING or extended & 0xFF == apsw.SQLITE_CORRUPT
        failing.again(now_s, is_of_reading=is_of_reading)
        return failing.times >= FAILURES and now_s - failing.since_s >= PATIENCE_S

    def _blame(self, what: str, error: StoreFailing) -> None:
        """Find out whose fault it is. **Raises**: StoreDamaged where it is the file's."""
        if self._failing[what].is_of_reading:
            now_s = self._now_s()
            if now_s - self._asked_s > APART_S:
                self._searching.forget()  # what was found in another trouble says nothing of this one
            self._asked_s = now_s
            found = self._searching.found()
            if found is None:
                return  # not known yet
            self.succeeded(what)
            if found:
                raise StoreDamaged(f"{error}; {found}") from error
        elif takes_another_file(self._path):
            self._failing.clear()
            raise StoreDamaged(f"{error}; another file can be written there") from error
