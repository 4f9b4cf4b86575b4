"""The database as its one writer sees it: open, store batches, tell what is stored, close. No thread, no actor.

It raises what its caller must act on: StoreBusy (the same batch again), StoreFull (likewise; not even points can be
written), StoreDamaged (`begin_anew`), Interrupted (this writer is over). Fullness that it can bear, because only history
must wait, it bears and counts.

An older writer that was given up on can never commit beside a newer one: each opening counts GATEWAY.writer_epoch up in
its own transaction, and each batch's transaction looks at it first.
"""

from __future__ import annotations

import contextlib
import json  # not msgspec: a poisoned name may hold a lone surrogate
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
from t3actors import events
from t3actors.config import StoreConfig
from t3actors.errors import StoreDamaged, StoreFull
from t3actors.events import Log
from t3actors.messages import BatchStored, PointsChanged, StateLoaded
from t3actors.store import stored_state
from t3actors.store.connection import (
    Interrupted,
    make_durable,
    open_for_writing,
    set_aside,
    store_error,
    translated,
)
from t3actors.store.integrity import SMALL_BYTES, FileChecked, check_in_background, quick_check
from t3actors.store.known import Known
from t3actors.store.migrate import migrate, schema_files, schema_of
from t3actors.store.room import Room, RoomKeeper
from t3actors.store.tally import Tally
from t3actors.store.transaction import write

HEARTBEAT_MS = 10_000
IDLE_HEARTBEAT_MS = 20_000  # POINTS calls a heartbeat old after 35 s
WATERMARKS_KEPT = 16
TRUSTED_FROM_MS = 1_735_689_600_000  # 2025-01-01: a clock before this was never set

_OPENED = (
    "INSERT INTO GATEWAY (id, name, version, boot_id, started_at, heartbeat_at, clock_trusted, schema, clean_stop, writer_epoch)"
    " VALUES (1, ?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 1) ON CONFLICT (id) DO UPDATE SET name = ?1, version = ?2,"
    " started_at = CASE boot_id WHEN ?3 THEN started_at ELSE ?4 END, boot_id = ?3, heartbeat_at = ?4, clock_trusted = ?5,"
    " schema = ?6, clean_stop = 0, writer_epoch = writer_epoch + 1"
)
_WATERMARK = (
    "INSERT INTO stored_batches (incarnation, batch_no, stored_at, dropped) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (incarnation) DO UPDATE SET batch_no = ?2, stored_at = ?3, dropped = ?4"
)
_FORGET = (
    "DELETE FROM stored_batches WHERE incarnation NOT IN"
    " (SELECT incarnation FROM stored_batches ORDER BY stored_at DESC, incarnation DESC LIMIT ?)"
)


def free_bytes_of(path: Path) -> int:
    """Return what an ordinary user may still write beside this file."""
    return shutil.disk_usage(path.parent).free


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
    ) -> None:
        self.path = config.database
        self._config = config
        self._who = (gateway_name, version, boot_id)
        self._log = log
        self._wall_ms = wall_ms
        self._room = RoomKeeper(config, log, free_bytes)
        self._connection: apsw.Connection | None = None
        self._known: Known | None = None
        self._watermarks: dict[int, int] = {}
        self._epoch = 0
        self._heartbeat_ms = 0
        self._given_up = False
        self._is_aside = False
        self._poisoned: set[tuple[str, str]] = set()
        self.batches_stored = 0
        self.samples_stored = 0

    # ------------------------------------------------------------------------------------------------- open, close

    def open(self, report: Callable[[FileChecked], object]) -> bool:
        """Open the database, checked and brought up to date; a damaged one is set aside and a new one begun.

        **Returns**: True when it is a new file in the place of a damaged one. `report` hears of a check in the background.
        **Raises**: StoreUnreachable, SchemaTooNew, StoreBusy, StoreFull.
        """
        try:
            self._open(report)
        except StoreDamaged as damage:
            self.begin_anew(str(damage))
            return True
        return False

    def begin_anew(self, reason: str) -> None:
        """Set the file aside and begin a new one; may be called again when that failed half-way.

        **Raises**: StoreUnreachable when it cannot be set aside, StoreError.
        """
        self.abandon_connection()
        self._check_alive()
        if not self._is_aside:
            stamp = datetime.fromtimestamp(self._wall_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
            aside = set_aside(self.path, stamp)
            self._is_aside = True
            self._log(events.STORE_DAMAGED, database=str(self.path), set_aside=str(aside), reason=reason)
        self._open(lambda _checked: None)
        self._is_aside = False

    @property
    def is_open(self) -> bool:
        """False after `begin_anew` failed: then it is to be called again."""
        return self._connection is not None

    def _open(self, report: Callable[[FileChecked], object]) -> None:
        self._check_alive()
        newest = schema_files()[-1].number
        before = schema_of(self.path, newest)
        size = self.path.stat().st_size if before else 0
        connection = self._connection = open_for_writing(self.path)
        try:
            clean = not before or self._was_closed_cleanly(connection)
            make_durable(connection, self.path, self._config.durability)
            if before and size < SMALL_BYTES:
                quick_check(connection, self.path)
            migrate(connection, self.path)
            with translated(self.path, connection):
                self._take_over(connection, newest)
        except BaseException:
            self.abandon_connection()
            raise
        if before and before < newest:
            self._log(events.STORE_MIGRATED, database=str(self.path), from_schema=before, to_schema=newest)
        mega = round(size / 1e6, 1)
        self._log(events.STORE_OPENED, database=str(self.path), schema=newest, size_mb=mega, clean=clean)
        if not clean and size >= SMALL_BYTES:
            check_in_background(self.path, report)

    def _was_closed_cleanly(self, connection: apsw.Connection) -> bool:
        with translated(self.path, connection):
            return bool(connection.execute("SELECT clean_stop FROM GATEWAY").get)

    def _take_over(self, connection: apsw.Connection, schema: int) -> None:
        now_ms = self._wall_ms()
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_OPENED, (*self._who, now_ms, now_ms >= TRUSTED_FROM_MS, schema))
            self._epoch = connection.execute("SELECT writer_epoch FROM GATEWAY").get
            self._known = Known(connection)
            self._watermarks = dict(connection.execute("SELECT incarnation, batch_no FROM stored_batches"))
            self._check_alive()
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        self._heartbeat_ms = now_ms

    def close(self) -> None:
        """Note the clean stop, fold the WAL into the file and close. **Raises**: StoreError."""
        connection = self._connection
        if connection is None:
            return
        try:
            with translated(self.path, connection):
                self._begin(connection)
                connection.execute("UPDATE GATEWAY SET clean_stop = 1, heartbeat_at = ?", (self._wall_ms(),))
                connection.execute("COMMIT")
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except Interrupted:
            pass
        finally:
            self.abandon_connection()

    def abandon_connection(self) -> None:
        """Close without ceremony: an open transaction is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)

    def give_up(self) -> None:
        """Fence this store off: it commits nothing any more. Never blocks. **Thread**: any."""
        self._given_up = True
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(apsw.ConnectionClosedError):
                connection.interrupt()

    # ------------------------------------------------------------------------------------------------------- work

    def store(self, batch: PointsChanged) -> BatchStored:
        """Commit a batch, or acknowledge one that is committed. **Raises**: StoreError; then nothing of it is stored."""
        began_s = time.perf_counter()
        connection = self._opened()
        with translated(self.path, connection):
            if batch.batch_no <= self._watermarks.get(batch.incarnation, -1):
                return self._acknowledged(connection, batch)
        room = self._room.look(self.path)
        try:
            tally = self._commit(connection, batch, room)
        except StoreFull as full:
            self._room.refused(self.path, str(full))
            room = Room.POINTS_ONLY
            # Points alone may still find room: in pages that they have, and in a WAL that begins again.
            with contextlib.suppress(apsw.Error):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            tally = self._commit(connection, batch, room)
        self._room.stored(self.path, room, tally.lost_samples)
        self._watermarks[batch.incarnation] = batch.batch_no
        self._tell(tally)
        self.batches_stored += 1
        self.samples_stored += tally.samples
        took_s = time.perf_counter() - began_s
        self._log(
            events.BATCH_STORED,
            batch_no=batch.batch_no,
            rows=tally.rows,
            samples=tally.samples,
            took_ms=round(took_s * 1000, 3),
        )
        return BatchStored(
            incarnation=batch.incarnation,
            batch_no=batch.batch_no,
            rows=tally.rows,
            samples=tally.samples,
            dropped=tuple(tally.dropped),
            took_s=took_s,
        )

    def heartbeat(self) -> None:
        """Say that the gateway lives, if no batch has said so lately. **Raises**: StoreError."""
        now_ms = self._wall_ms()
        if 0 <= now_ms - self._heartbeat_ms < IDLE_HEARTBEAT_MS:
            return
        connection = self._opened()
        with translated(self.path, connection):
            self._begin(connection)
            connection.execute("UPDATE GATEWAY SET heartbeat_at = ?", (now_ms,))
            self._end(connection)
        self._heartbeat_ms = now_ms

    def load_state(self, incarnation: int) -> StateLoaded:
        """Return what is stored of every point. **Raises**: StoreError."""
        connection = self._opened()
        with translated(self.path, connection):
            return stored_state.load(connection, incarnation)

    # -------------------------------------------------------------------------------------------------- internals

    def _opened(self) -> apsw.Connection:
        self._check_alive()
        if self._connection is None:
            raise StoreDamaged(f"{self.path}: is not open")
        return self._connection

    def _check_alive(self) -> None:
        if self._given_up:
            raise Interrupted(f"{self.path}: this writer was given up on")

    def _begin(self, connection: apsw.Connection) -> None:
        """Begin to write, unless a newer writer has opened the file."""
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT writer_epoch FROM GATEWAY").get != self._epoch:
            connection.execute("ROLLBACK")
            raise Interrupted(f"{self.path}: a newer writer has opened it")

    def _end(self, connection: apsw.Connection) -> None:
        if self._given_up:
            connection.execute("ROLLBACK")
            self._check_alive()
        connection.execute("COMMIT")

    def _commit(self, connection: apsw.Connection, batch: PointsChanged, room: Room) -> Tally:
        assert self._known is not None  # noqa: S101 - it is open
        known = self._known
        tally = Tally(connection, known, history=room is Room.ALL, events=room is not Room.POINTS_ONLY)
        now_ms = self._wall_ms()
        beats = not 0 <= now_ms - self._heartbeat_ms < HEARTBEAT_MS
        try:
            self._begin(connection)
            write(tally, batch.items, batch.at_ms)
            dropped = json.dumps(list(tally.dropped)) if tally.dropped else None
            connection.execute(_WATERMARK, (batch.incarnation, batch.batch_no, now_ms, dropped))
            if batch.incarnation not in self._watermarks:
                connection.execute(_FORGET, (WATERMARKS_KEPT,))
            if beats:
                connection.execute("UPDATE GATEWAY SET heartbeat_at = ?", (now_ms,))
            self._end(connection)
        except BaseException as error:
            known.journal.undo()
            errno_seen = connection.system_errno
            if connection.in_transaction:
                with contextlib.suppress(apsw.Error):
                    connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error):
                raise store_error(self.path, error, errno_seen) from error
            raise
        known.journal.forget()
        if beats:
            self._heartbeat_ms = now_ms
        return tally

    def _acknowledged(self, connection: apsw.Connection, batch: PointsChanged) -> BatchStored:
        dropped = connection.execute(
            "SELECT dropped FROM stored_batches WHERE incarnation = ? AND batch_no = ?",
            (batch.incarnation, batch.batch_no),
        ).get
        return BatchStored(
            incarnation=batch.incarnation,
            batch_no=batch.batch_no,
            rows=0,
            samples=0,
            dropped=tuple((device, point_id) for device, point_id in json.loads(dropped or "[]")),
        )

    def _tell(self, tally: Tally) -> None:
        for device, point_id, reason in tally.poisoned:
            if (device, point_id) not in self._poisoned:
                self._log(events.ROW_POISONED, device=device, point_id=point_id, reason=reason)
                self._poisoned.add((device, point_id))
        for device, (serial, owner) in tally.conflicts.items():
            self._log(events.DEVICE_CONFLICTED, device=device, serial_number=serial, held_by=owner)
