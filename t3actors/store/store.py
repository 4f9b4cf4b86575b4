"""The database as its one writer sees it: open, store batches, tell what is stored, close. No thread, no actor.

It raises what its caller must act on: StoreBusy (the same batch again), StoreFull (likewise; not even points can be
written), StoreFailing (likewise, behind `open`: the disk failed), StoreDamaged (`begin_anew`), Interrupted (this writer is
over). Fullness that it can bear, because only history must wait, it bears and counts.

An older writer that was given up on can never commit beside a newer one: fence.py. Between batches `tidy` keeps history small.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw
from msgspec.structs import replace

from t3actors.config import StoreConfig
from t3actors.errors import StoreDamaged, StoreFull
from t3actors.events import Log
from t3actors.events import store as events
from t3actors.messages import BatchStored, PointsChanged, StateLoaded
from t3actors.questions import Remembered
from t3actors.store import cycles, gateway_row, memory, stored_state
from t3actors.store.clockwatch import ClockWatch
from t3actors.store.connection import aside_of, make_durable, open_for_writing, read_only, set_aside
from t3actors.store.failing import Failures
from t3actors.store.fence import Fence
from t3actors.store.folding import Folding
from t3actors.store.gateway_row import Holder
from t3actors.store.history.tidying import Tidying
from t3actors.store.integrity import SMALL_BYTES, Checking, FileChecked, quick_check
from t3actors.store.migrate import migrate, schema_files, schema_of
from t3actors.store.on_disk import OnDisk
from t3actors.store.opened import Opened
from t3actors.store.place import Place
from t3actors.store.refusals import Refusals
from t3actors.store.room import Room, RoomKeeper, free_bytes_of
from t3actors.store.sqlite_errors import Interrupted, translated
from t3actors.store.stretches import KernelClock
from t3actors.store.syncing import Syncing
from t3actors.store.webview.outbox import Outbox

Answer = TypeVar("Answer")


class Store:
    """One opening of the database. **Thread**: the one that opened it; `interrupt` and `give_up`: any."""

    def __init__(
        self,
        config: StoreConfig,
        gateway_name: str,
        version: str,
        boot_id: str,
        log: Log,
        wall_ms: Callable[[], int],
        free_bytes: Callable[[Path], int] = free_bytes_of,
        *,
        clock_trusted: bool = False,
        outbox: Outbox | None = None,
        kernel: KernelClock | None = None,
    ) -> None:
        self.path = config.database
        self._outbox = outbox or Outbox(None, log, lambda _posted: None)
        self._config = config
        self._holder = Holder(gateway_name, version, boot_id, clock_trusted)
        self._log = log
        self._wall_ms = wall_ms
        self.room = RoomKeeper(config, log, free_bytes)
        self._clock = ClockWatch(kernel, boot_id, wall_ms, log)
        self._connection: apsw.Connection | None = None
        """As soon as there is one: also while it is being taken over."""
        self._opened: Opened | None = None
        self._fence = Fence(self.path)
        self._syncing = Syncing(config.durability)
        self._failures = Failures(self.path, self.abandon_connection)
        self.checking = Checking(self.path)
        self._place, self._folding = Place(self.path), Folding(self.path, log)
        self._on_disk: OnDisk | None = None
        self._damage = ""
        self._aside: Path | None = None
        self._is_aside = False
        self._refusals = Refusals(log)
        self.batches_stored = 0
        self.samples_stored = 0

    # ------------------------------------------------------------------------------------------------- open, close

    def open(self, report: Callable[[FileChecked], object]) -> bool:
        """Open the database, checked and brought up to date; a damaged one is set aside and a new one begun.

        May be called again when it failed, or when `begin_anew` did. `report` hears of a check in the background.
        **Returns**: True when it is not the file that was open before: a new one in the place of a damaged one, or one that somebody put
        there.
        **Raises**: StoreUnreachable, SchemaTooNew, StoreBusy, StoreFailing, StoreFull.
        """
        if self._damage:
            self.begin_anew(self._damage)
            return True
        is_other = self._on_disk is not None and self._on_disk.is_replaced
        try:
            with self._failures.of("open"):
                self._open(report)
        except StoreDamaged as damage:
            self.begin_anew(str(damage))
            return True
        except StoreFull as refusal:
            if isinstance(refusal.__cause__, apsw.ReadOnlyError):
                raise read_only(self.path) from refusal
            raise
        return is_other

    def begin_anew(self, reason: str) -> None:
        """Set the file aside and begin a new one; may be called again when that failed half-way.

        **Raises**: StoreError.
        """
        self.abandon_connection()
        self._fence.check()
        self._damage = reason or "damaged"
        if not self._is_aside:
            self._aside = self._aside or aside_of(self.path, self._wall_ms())
            there = str(self._aside) if set_aside(self.path, self._aside) else "nothing"
            self._is_aside = True
            self._forget_file()
            self._log(events.STORE_DAMAGED, database=str(self.path), set_aside=there, reason=reason)
        self._open(lambda _checked: None)
        self._is_aside, self._damage, self._aside = False, "", None

    @property
    def is_open(self) -> bool:
        """False before `open`, and after `begin_anew` failed."""
        return self._connection is not None

    @property
    def tidying(self) -> Tidying:
        """What keeps history small. **Raises**: StoreDamaged while it is not open."""
        return self._at_work().tidying

    def _open(self, report: Callable[[FileChecked], object]) -> None:
        self._fence.check()
        self._place.must_be_there()
        if self._on_disk is not None:
            self._on_disk.leave()
        with translated(self.path):
            newest = schema_files()[-1].number
            before = schema_of(self.path, newest)
            size = self.path.stat().st_size if before else 0
        connection = self._connection = open_for_writing(self.path)
        try:
            with translated(self.path, connection):
                clean = not before or gateway_row.was_left_cleanly(connection)
            make_durable(connection, self.path, self._config.durability)
            if before and size < SMALL_BYTES:
                quick_check(connection, self.path)
            migrate(connection, self.path)
            with translated(self.path, connection):
                self._take_over(connection, newest)
                self._place.remember()
                self._on_disk = OnDisk(self.path, self._place, self._holder.boot_id)
        except BaseException:
            self.abandon_connection()
            raise
        if before and before < newest:
            self._log(events.STORE_MIGRATED, database=str(self.path), from_schema=before, to_schema=newest)
        size_mb = round(size / 1e6, 1)
        self._log(events.STORE_OPENED, database=str(self.path), schema=newest, size_mb=size_mb, clean=clean)
        if not clean and size >= SMALL_BYTES:
            self.checking.begin(report)

    def _take_over(self, connection: apsw.Connection, schema: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._fence.epoch = gateway_row.take_over(connection, self._holder, self._wall_ms(), schema)
            parts = (self._fence, self._syncing, self._clock, self._outbox)
            opened = Opened(connection, self._config, *parts, self._log, self._wall_ms)
            self._fence.check()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite may have rolled it back itself
                connection.execute("ROLLBACK")
            raise
        self._opened = opened

    def close(self) -> None:
        """Note the clean stop, fold the WAL into the file and close. **Raises**: StoreError."""
        connection = self._connection
        if connection is None:
            return
        try:
            with translated(self.path, connection):
                self._fence.begin(connection)
                gateway_row.leave(connection, self._wall_ms())
                self._outbox.leave(connection)
                connection.execute("COMMIT")
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except Interrupted:
            pass
        finally:
            self.abandon_connection()

    def abandon_connection(self) -> None:
        """Close without ceremony: an open transaction is rolled back."""
        connection, self._connection = self._connection, None
        self._opened = None
        if connection is not None:
            with contextlib.suppress(apsw.Error):  # it has said what is wrong before
                connection.close(True)

    def give_up(self) -> None:
        """Fence this store off: it commits nothing any more. Never blocks. **Thread**: any."""
        self._fence.give_up()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(apsw.ConnectionClosedError):
                connection.interrupt()

    # ------------------------------------------------------------------------------------------------------- work

    def store(self, batch: PointsChanged) -> BatchStored:
        """Commit a batch, or acknowledge one that is committed. **Raises**: StoreError; then nothing of it is stored."""
        with self._failures.of("batch"):
            return self._store(batch)

    def _store(self, batch: PointsChanged) -> BatchStored:
        began_s = time.perf_counter()
        opened = self._at_work()
        connection, known, watermarks = opened.connection, opened.known, opened.watermarks
        if watermarks.has(batch):
            with translated(self.path, connection):
                stored = watermarks.acknowledgement(connection, batch)
                told = cycles.again(connection, known, batch.items, stored.dropped)
                return replace(stored, conflicts=known.conflicts(), cycles=told)
        with translated(self.path, connection):
            self._clock.look(connection, self._fence)
        room = self.room.look(
            self.path,
            over_budget=opened.tidying.governor.is_stuck,
            reusable_bytes=lambda: connection.pragma("freelist_count") * connection.pragma("page_size"),
        )
        try:
            tally = opened.commit(batch, room)
        except StoreFull as full:
            self.room.refused(self.path, str(full))
            room = Room.POINTS_ONLY
            # Points alone may still find room: in pages that they have, and in a WAL that begins again.
            with contextlib.suppress(apsw.Error):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            tally = opened.commit(batch, room)
        self.room.stored(self.path, room, tally.lost_samples)
        watermarks.committed(batch)
        self._clock.stored(batch.at_ms)
        self._outbox.committed()
        self._refusals.tell(tally)
        self.batches_stored += 1
        self.samples_stored += tally.samples
        took_s = time.perf_counter() - began_s
        counts = {"batch_no": batch.batch_no, "rows": tally.rows, "samples": tally.samples}
        self._log(events.BATCH_STORED, **counts, took_ms=round(took_s * 1000, 3))
        return BatchStored(
            incarnation=batch.incarnation,
            **counts,
            dropped=tuple(tally.dropped),
            conflicts=known.conflicts(),
            cycles=tuple(replace(cycle, took_s=took_s) for cycle in tally.cycles.values()),
            took_s=took_s,
            clock_step=self._clock.take_step(),
        )

    def tidy(self, for_s: float) -> bool:
        """Pack, merge and let go of history for about so long. **Returns**: False when there is nothing more to do now.

        **Raises**: StoreError; what was begun is begun anew by a later call.
        """
        opened = self._at_work()
        with self._failures.of("tidying", in_part=True), translated(self.path, opened.connection):
            is_more = opened.tidy(for_s)
        if not is_more:
            self._failures.succeeded("tidying")
        return is_more

    def heartbeat(self) -> bool:
        """Say that the gateway lives, if no batch has said so lately; see that the files are still those we opened.

        **Returns**: True when the database was closed, to be opened anew: its log was lost, and what stood in it is saved; another file
        took its place; or readers would not see what is written.
        **Raises**: StoreError.
        """
        opened, on_disk = self._at_work(), self._on_disk
        with self._failures.of("heartbeat"):
            if on_disk is not None and on_disk.look(opened.connection, self._log, self.abandon_connection):
                if on_disk.is_replaced:
                    self._forget_file()
                return True
            with translated(self.path, opened.connection):
                self._clock.look(opened.connection, self._fence)
                opened.beat()
            self._folding.look(opened.connection)
        return False

    def load_state(self, incarnation: int) -> StateLoaded:
        """Return what is stored of every point. **Raises**: StoreError."""
        return self._ask(lambda connection: stored_state.load(connection, incarnation))

    def learned(self, device: str) -> dict[str, bytes]:
        """Return what its driver learned of a device. **Raises**: StoreError."""
        return self._ask(lambda connection: memory.learned_of(connection, device))

    def remembered(self) -> tuple[Remembered, ...]:
        """Return the devices that were discovered. **Raises**: StoreError."""
        return self._ask(memory.remembered)

    # -------------------------------------------------------------------------------------------------- internals

    def _forget_file(self) -> None:
        """There is another one now: what failed of the last one, or is found of it, is not held against it."""
        self._failures.forget()
        self.checking.forget()

    def _ask(self, question: Callable[[apsw.Connection], Answer]) -> Answer:
        opened = self._at_work()
        with self._failures.of("question"), translated(self.path, opened.connection):
            return question(opened.connection)

    def _at_work(self) -> Opened:
        self._fence.check()
        if self._opened is None:
            raise StoreDamaged(f"{self.path}: is not open")
        return self._opened
