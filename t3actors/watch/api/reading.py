"""Asks the database in a thread of its own, so that no question holds the loop; each within a time, and one at a time per lane.

Two lanes, so that a long history does not keep `GET /devices` waiting: a thread that works on rows takes turns with the loop for the
interpreter (a millisecond each: starting.py), and two of them take no more than two such turns. A reader is kept open between
questions; when the database was set aside and begun anew, the next question opens the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import trio

from t3actors.errors import StoreError
from t3actors.rows import (
    AbsenceRow,
    AggregateRun,
    AlarmRow,
    DeviceRow,
    EventRow,
    PointCount,
    PointRow,
    SampleRow,
    SampleRun,
    StorageUsage,
)
from t3actors.watch.api.refusals import Refused

ANSWERS_WITHIN_S = 5.0
WAITS_AT_MOST_S = 10.0
Answer = TypeVar("Answer")


class Reader(Protocol):
    """What is asked of the store's reader. **Raises**: StoreError."""

    def device(self, name: str) -> DeviceRow | None:
        """Return one device."""

    def devices(self) -> list[DeviceRow]:
        """Return the devices by name."""

    def points(
        self,
        device: str | None = None,
        *,
        point_id: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        words: Sequence[str] = (),
        limit: int = -1,
        offset: int = 0,
    ) -> list[PointRow]:
        """Return points."""

    def point_counts(self, device: str | None = None) -> list[PointCount]:
        """Count points by status."""

    def alarms(self, device: str | None = None, limit: int = 1000, *, standing: bool = True) -> list[AlarmRow]:
        """Return alarms."""

    def history(self, device: str, point_id: str, since_ms: int, until_ms: int, limit: int) -> list[SampleRow]:
        """Return samples, the newest `limit`, oldest first."""

    def history_runs(self, device: str, point_id: str, since_ms: int, until_ms: int, limit: int) -> list[SampleRun]:
        """Return them as columns."""

    def hour_runs(self, device: str, point_id: str, since_ms: int, until_ms: int) -> list[AggregateRun]:
        """Return aggregates by the hour as columns, oldest first."""

    def minute_runs(self, device: str, point_id: str, since_ms: int, until_ms: int) -> list[AggregateRun]:
        """Return aggregates by the minute, where there are any."""

    def storage(self) -> StorageUsage:
        """Return what history takes, and of whom."""

    def absences(self, since_ms: int, until_ms: int) -> list[AbsenceRow]:
        """Return when no gateway ran, oldest first."""

    def events(self, device: str | None = None, since_ms: int = 0, limit: int = 1000) -> list[EventRow]:
        """Return events, the newest `limit`, oldest first."""

    def interrupt(self) -> None:
        """End the present question. **Thread**: any."""

    def close(self) -> None:
        """Let go of the file."""


class Lane:
    """One reader and its turn."""

    def __init__(self, database: Path, open_reader: Callable[[Path], Reader], within_s: float) -> None:
        self._database = database
        self._open = open_reader
        self._within_s = within_s
        self._turn = trio.CapacityLimiter(1)
        self._reader: Reader | None = None
        self._file: tuple[int, int] | None = None
        self._log: tuple[int, int] | None = None
        self._index: tuple[int, int] | None = None

    async def read(self, question: Callable[[Reader], Answer]) -> Answer:
        """Answer a question in the lane's thread. **Raises**: Refused, when the database cannot answer now or in time."""
        with trio.move_on_after(WAITS_AT_MOST_S) as patience:
            await self._turn.acquire()
        if patience.cancelled_caught:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many questions wait for the database", retry_after="5")
        try:
            return await self._ask(question)
        finally:
            self._turn.release()

    async def _ask(self, question: Callable[[Reader], Answer]) -> Answer:
        late = False
        answers: list[Answer] = []
        troubles: list[StoreError | Refused] = []

        def work() -> None:
            try:
                answers.append(question(self._reading()))
            except (StoreError, Refused) as error:
                troubles.append(error)

        async def lose_patience() -> None:
            nonlocal late
            try:
                await trio.sleep(self._within_s)
                late = True
            finally:  # also when whoever asked is gone
                if self._reader is not None:
                    self._reader.interrupt()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lose_patience)
            await trio.to_thread.run_sync(work)
            nursery.cancel_scope.cancel()
        if answers:
            return answers[0]
        if isinstance(troubles[0], Refused):
            raise troubles[0]
        self.close()
        why = f"it took longer than {self._within_s:g} s: ask for less" if late else str(troubles[0])
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"the database: {why}")

    def _reading(self) -> Reader:
        """Return the reader; another one where the file is not the one that it reads. Thread: the lane's."""
        file, log, index = (
            _identity(self._database.with_name(self._database.name + end)) for end in ("", "-wal", "-shm")
        )
        if self._reader is not None and log is not None and index != self._index:
            self.close()  # a removed index stays in use as long as anybody has it: the writer gets a new one once all let go
        if index is None and log is not None:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "the database: its -shm is gone; it is opened anew", retry_after="10"
            )
        # While its log is gone (somebody removed it) a reader that has it open sees more than one that is opened anew.
        if self._reader is None or file != self._file or log not in {None, self._log}:
            self.close()
            self._reader, self._file, self._log, self._index = self._open(self._database), file, log, index
        return self._reader

    def let_go(self) -> None:
        """Let go of the file until the next question, unless somebody is asking."""
        if not self._turn.borrowed_tokens:
            self.close()

    def close(self) -> None:
        """Let go of the file; nobody may be asking."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class Reading:
    """The lanes: `quick` for what is now, `slow` for what was. Thread: the trio loop."""

    def __init__(
        self, database: Path, open_reader: Callable[[Path], Reader], within_s: float = ANSWERS_WITHIN_S
    ) -> None:
        self.quick = Lane(database, open_reader, within_s)
        self.slow = Lane(database, open_reader, within_s)

    def let_go(self) -> None:
        """Let go of the file where nobody is asking."""
        self.quick.let_go()
        self.slow.let_go()

    def close(self) -> None:
        """Let go of the file."""
        self.quick.close()
        self.slow.close()


def encoded(question: Callable[[Reader], object]) -> Callable[[Reader], bytes]:
    """Have the answer made into JSON in the thread that asks."""
    return lambda reader: msgspec.json.encode(question(reader))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
