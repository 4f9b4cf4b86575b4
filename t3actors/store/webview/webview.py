"""T3000's file as its second writer sees it: one step at a time, each at most one short transaction. No thread, no actor.

After a start, and whenever the file or our own database is another one, every device is synchronised from our tables; then the
outbox is worked off in order. A device's points are written from a posting only where that is newer than what was synchronised; its
trend rows always. What the other writer may have changed is put right by a synchronisation every ten minutes, if it wrote at all; half
a minute after it has changed the file's schema, as T3000's program does at each start.

Every step may raise a StoreError: nothing is lost by it, and the same step is done again by the next call.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import apsw

from t3actors.config import WebviewConfig
from t3actors.errors import StoreError, StoreUnreachable
from t3actors.events import Log
from t3actors.events import webview as events
from t3actors.store.sqlite_errors import RowRefused
from t3actors.store.webview.backlog import Backlog
from t3actors.store.webview.file import WebviewFile
from t3actors.store.webview.filling import Filling, nobody
from t3actors.store.webview.local_time import LocalTime
from t3actors.store.webview.mail import Delivered, Posted
from t3actors.store.webview.metadata import SyncLog
from t3actors.store.webview.posting import Change, Unreadable
from t3actors.store.webview.showing import Showing
from t3actors.store.webview.source import Row, Source
from t3actors.store.webview.spelling import product_ids
from t3actors.store.webview.watermark import Place, Watermark

MOST_CHANGES = 2000
"""In one transaction: with four indexes on TRENDLOG_DATA_DETAIL that is some 20 ms."""
STATUS_EVERY_S = 60.0
RESYNC_EVERY_S = 600.0
GAP_RESYNC_EVERY_S = 30.0
WAITED_FOR_S = 10.0
"""A file that was removed under us may be on its way back (T3000 restores a copy): only after so long is a new one made."""


class Webview:
    """Both databases and the way from one to the other. **Thread**: one; `give_up`: any."""

    def __init__(
        self,
        config: WebviewConfig,
        database: Path,
        time_zone: str,
        log: Log,
        wall_ms: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
        *,
        products: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self.path = config.database
        self._log = log
        self._wall_ms = wall_ms
        self._now_s = now_s
        self._times = LocalTime(time_zone)
        self._file = WebviewFile(config.database, config.busy_timeout_s)
        self._source = Source(database)
        self._sync_log = SyncLog(self._times)
        self._product_ids = product_ids(products)
        self._filling: Filling | None = None
        self._backlog = Backlog("")
        self._watermark = Watermark("", has_table=False)
        self._showing = Showing("", has_table=False)
        self._shown_before: dict[int, int] = {}
        self._is_shown_anew = False
        self._is_begun = False
        self._streams: set[int] = set()
        self._unsure_to = 0
        self._queue: dict[int, None] = {}
        self._announced = False
        self._lacks: list[str] | None = None
        self._removed_s: float | None = None
        self._others_wrote = False
        self._status_s = self._resync_s = float("-inf")
        self._most_changes = MOST_CHANGES
        self._refused: set[tuple[str, str]] = set()

    def posted(self, message: Posted) -> None:
        """The outbox has grown."""
        if message.identity == self._backlog.identity:
            self._backlog.posted(message.newest)

    def step(self) -> bool:
        """Do the next thing. **Returns**: True when there is more to do at once. **Raises**: StoreError: call again later."""
        self._look()
        if self._queue:
            self._synchronise(next(iter(self._queue)))
            return True
        if self._is_shown_anew:
            self._note_shown()
        if not self._announced:
            self._say_synchronised()
        if self._work_off():
            return True
        self._keep_up()
        return bool(self._queue)

    @property
    def behind(self) -> int:
        """About how many rows of the outbox are to come, without a look."""
        return max(0, self._backlog.newest - self._backlog.delivered)

    def waiting(self) -> int:
        """Return how many rows of the outbox are to come; 0 where that cannot be told."""
        with contextlib.suppress(StoreError):
            return self._source.waiting(self._backlog.delivered)
        return 0

    def settled(self, *, at_the_end: bool = False) -> Delivered | None:
        """Return what the writer may let go of, if that is more than before; `at_the_end`: all that is delivered."""
        up_to = self._backlog.settled(float("inf") if at_the_end else self._now_s())
        return None if up_to is None else Delivered(self._backlog.identity, up_to)

    def close(self) -> None:
        """Let go of both files."""
        self._file.close()
        self._source.close()

    def give_up(self) -> None:
        """Commit nothing any more. Never blocks. **Thread**: any."""
        self._file.give_up()

    # -------------------------------------------------------------------------------------------------- both files

    def _look(self) -> None:
        """See that both files are open, and the right ones; begin anew where one is not."""
        how = self._file.moved()
        if how is not None:
            self._file.close()
            self._log(events.WEBVIEW_REPLACED, database=str(self.path), how=how)
            self._lacks = None
            self._removed_s = self._now_s()
        elif self._file.is_outdated and self._now_s() - self._resync_s >= GAP_RESYNC_EVERY_S:
            self._file.close()
        is_other = self._source.refresh()
        if not self._file.is_open:
            self._open_file()
            is_other = True
        if is_other or not self._is_begun:
            self._begin()

    def _open_file(self) -> None:
        if self._removed_s is not None and not self.path.exists() and self._now_s() - self._removed_s < WAITED_FOR_S:
            raise StoreUnreachable(f"{self.path}: was removed; one that comes back is waited for")
        self._file.open()
        self._removed_s = None
        lacks = self._file.lacks()
        if lacks != self._lacks:
            self._lacks = lacks
            self._log(events.WEBVIEW_OPENED, database=str(self.path), created=self._file.was_created, lacks=lacks)

    def _begin(self) -> None:
        self._is_begun = False
        columns = self._file.columns
        self._filling = Filling(columns, self._times, self._sync_log, self._product_ids)
        self._backlog = Backlog(self._source.identity)
        has_table = bool(columns["APPLICATION_CONFIG"])
        self._watermark = Watermark(self._source.identity, has_table=has_table)
        self._showing = Showing(self._source.identity, has_table=has_table)
        with self._transaction() as connection:
            self._shown_before = self._showing.read(connection)
        self._unsure_to, self._streams = self._source.outbox()
        self._queue = dict.fromkeys([*self._shown_before, *self._source.shown()])
        self._is_shown_anew = True
        self._announced = False
        self._resync_s = self._now_s()
        self._is_begun = True

    def _opened(self) -> Filling:
        if self._filling is None:
            raise StoreUnreachable(f"{self.path}: is not open")
        return self._filling

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        filling = self._opened()
        try:
            with self._file.transaction() as connection:
                if self._file.others_wrote():
                    self._others_wrote = True
                    filling.forget()
                yield connection
        except BaseException:
            filling.forget()
            raise

    # ------------------------------------------------------------------------------------------------------- steps

    def _synchronise(self, device_id: int) -> None:
        filling = self._opened()
        snapshot = self._source.snapshot(device_id)
        mirror = nobody(snapshot)
        before = filling.mirrors.get(device_id)
        shown_as = self._shown_before.get(device_id, 0) if before is None else before.serial
        try:
            with self._transaction() as connection:
                mirror = filling.synchronise(connection, snapshot, shown_as, self._now())
        except RowRefused as refused:
            self._say_refused("points", device_id, refused)
        filling.mirrors[device_id] = mirror
        self._is_shown_anew = self._is_shown_anew or mirror.serial != shown_as
        del self._queue[device_id]

    def _note_shown(self) -> None:
        """All devices are synchronised: write down under which number each is shown, if that is news."""
        serials = {device_id: mirror.serial for device_id, mirror in self._opened().mirrors.items() if mirror.serial}
        if serials != self._shown_before:
            with self._transaction() as connection:
                self._showing.write(connection, serials)
            self._shown_before = serials
        self._is_shown_anew = False

    def _work_off(self) -> bool:
        """Write what is next in the outbox. **Returns**: False when nothing is."""
        try:
            head = self._backlog.head(self._source)
        except Unreadable as fault:
            self._say_refused("webview_outbox", None, fault)
            self._backlog.skip(self._now_s())
            return True
        if head is None:
            return False
        row, posting = head
        first = self._opened().missing(posting.devices, row.id)
        if first:
            self._queue.update(dict.fromkeys(first))
            return True
        reached = self._write(row, posting.changes)
        if self._file.moved() is None:
            self._backlog.reached(reached, self._now_s())
        return True

    def _write(self, row: Row, changes: tuple[Change, ...]) -> int:
        """Write a part of a posting, at most so many changes. **Returns**: how many are in now.

        Without a watermark it cannot be told which rows of the outbox, of those that were there when we began, are in: until they
        are done none is written, or what came behind the first of them would be taken for new.
        """
        begun = end = self._backlog.progress
        incomplete: set[int] = set()
        try:
            with self._transaction() as connection:
                places = self._watermark.read(connection)
                begun = max(begun, _in_already(places, row, len(changes)))
                end = min(begun + self._most_changes, len(changes))
                if begun < end:
                    part, unsure = changes[begun:end], places is None and row.id <= self._unsure_to
                    incomplete = self._opened().write(connection, row.id, part, self._now(), only_new=unsure)
                    if not unsure or (row.id == self._unsure_to and end == len(changes)):
                        kept = {stream: place for stream, place in (places or {}).items() if stream in self._streams}
                        self._watermark.write(connection, {**kept, row.stream: (row.id, end)})
        except RowRefused as refused:
            if end - begun > 1:
                self._most_changes = (end - begun) // 2
                return begun
            device_id = changes[begun].device_id
            self._say_refused("trend", device_id, refused)
            incomplete = {device_id}
        self._streams.add(row.stream)
        self._most_changes = MOST_CHANGES
        self._queue.update(dict.fromkeys(incomplete))
        return end

    def _keep_up(self) -> None:
        """Do what falls due from time to time."""
        now_s = self._now_s()
        since_s = now_s - self._resync_s
        if (self._backlog.has_gap and since_s >= GAP_RESYNC_EVERY_S) or (
            self._others_wrote and since_s >= RESYNC_EVERY_S
        ):
            self._queue = dict.fromkeys(self._source.shown())
            self._backlog.has_gap = self._others_wrote = False
            self._resync_s = now_s
        elif now_s - self._status_s >= STATUS_EVERY_S:
            shown = self._source.shown()
            with self._transaction() as connection:
                self._opened().write_statuses(connection, shown, self._now())
            self._sync_log.written()
            self._status_s = now_s

    def _now(self) -> int:
        return self._wall_ms() // 1000

    def _say_synchronised(self) -> None:
        mirrors = self._opened().mirrors.values()
        points = sum(len(mirror.points) for mirror in mirrors)
        devices = sum(bool(mirror.serial) for mirror in mirrors)
        database = str(self.path)
        self._log(
            events.WEBVIEW_SYNCHRONISED, database=database, devices=devices, points=points, waiting=self.waiting()
        )
        self._announced = True

    def _say_refused(self, table: str, device_id: int | None, refused: Exception) -> None:
        reason = f"{type(refused).__name__}: {refused}"
        if (table, reason) not in self._refused:
            self._refused.add((table, reason))
            self._log(
                events.WEBVIEW_ROW_REFUSED, database=str(self.path), table=table, device_id=device_id, reason=reason
            )


def _in_already(places: dict[int, Place] | None, row: Row, changes: int) -> int:
    """Return how many changes of this row the file has."""
    place = (places or {}).get(row.stream)
    if place is None or row.id > place[0]:
        return 0
    return place[1] if row.id == place[0] else changes
