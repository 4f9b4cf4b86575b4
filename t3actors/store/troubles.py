"""What keeps the writer from storing or tidying: said once when it begins, once per kind of trouble, and once when it is over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from t3actors.errors import (
    SchemaTooNew,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFailing,
    StoreFull,
    StoreHindered,
    StoreUnreachable,
)
from t3actors.events import Log, history
from t3actors.events import store as events
from t3actors.store.holders import WRITER, holders_of
from t3actors.store.room import RoomKeeper

_OF_THE_DISK = {error.__name__ for error in (StoreFailing, StoreHindered, StoreUnreachable, StoreDamaged, SchemaTooNew)}


HANGS = "a thread of this gateway that hangs"


class Troubles:
    """One per writer. `waits_for`: what is waited for now, in the words of the error; empty when nothing is."""

    def __init__(self, path: Path, log: Log, room: RoomKeeper, held_by: Callable[[], str] | None = None) -> None:
        self._path = path
        self._held_by = held_by or partial(holders_of, path, WRITER, ours=HANGS)
        self._log = log
        self._room = room
        self._trouble = ""
        self._tidy_trouble = ""
        self.waits_for = ""

    @property
    def is_the_disk(self) -> bool:
        """Whether the disk failed: that is not over before something is stored again."""
        return self._trouble in _OF_THE_DISK

    @property
    def waits_for_lock(self) -> bool:
        """Whether what is waited for is a lock."""
        return bool(self.waits_for) and self._trouble == StoreBusy.__name__

    def say(self, error: StoreError) -> None:
        """Something has to wait because of this error."""
        self.waits_for = str(error)
        if isinstance(error, StoreFull):
            self._room.refused(self._path, str(error))
            return
        trouble = type(error).__name__
        if trouble != self._trouble:
            self._trouble = trouble
            if self.is_the_disk:
                self._log(events.STORE_FAILING, database=str(self._path), reason=str(error))
            else:
                self._log(events.STORE_BUSY, database=str(self._path), reason=str(error), held_by=self._held_by())

    def say_over(self) -> None:
        """Nothing waits any more."""
        self.waits_for = ""
        if self._trouble:
            self._trouble = ""
            self._log(events.STORE_RECOVERED, database=str(self._path), reason="it takes batches again", lost_samples=0)

    def say_untidy(self, error: Exception | None) -> None:
        """History could not be tidied because of this error; None: it could."""
        trouble = "" if error is None else type(error).__name__
        if error is not None and trouble != self._tidy_trouble:
            self._log(history.TIDYING_FAILED, database=str(self._path), reason=_words(error))
        self._tidy_trouble = trouble


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
