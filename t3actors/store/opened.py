"""A database that this process has taken over, with what is known of what is in it: a batch is committed here, in one transaction.

Made by store.py at each opening, inside the transaction that takes the file over, and gone with its connection. What an error means for
the file, and what is done where there is no room, is store.py's business. **Thread**: the one that opened it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial

import apsw

from t3actors.config import StoreConfig
from t3actors.events import Log
from t3actors.messages import BatchItem, PointsChanged
from t3actors.store import gateway_row
from t3actors.store.clockwatch import ClockWatch
from t3actors.store.fence import Fence
from t3actors.store.gateway_row import HEARTBEAT_MS, IDLE_HEARTBEAT_MS
from t3actors.store.history.desk import Desk
from t3actors.store.history.tidying import Tidying
from t3actors.store.known import Known
from t3actors.store.last_errno import errno_of
from t3actors.store.room import Room
from t3actors.store.sqlite_errors import RowRefused, store_error, translated
from t3actors.store.syncing import Syncing
from t3actors.store.tally import Tally
from t3actors.store.transaction import write, write_apart
from t3actors.store.watermarks import Watermarks
from t3actors.store.webview.outbox import Outbox

WriteItems = Callable[[Tally, Sequence[BatchItem], int], None]


class Opened:
    """One opening, from the take-over on: that was a heartbeat, too."""

    def __init__(
        self,
        connection: apsw.Connection,
        config: StoreConfig,
        fence: Fence,
        syncing: Syncing,
        clock: ClockWatch,
        outbox: Outbox,
        log: Log,
        wall_ms: Callable[[], int],
    ) -> None:
        self.connection = connection
        self.known = Known(connection)
        self.watermarks = Watermarks(connection)
        outbox.begin(connection)
        clock.begin(connection)
        desk = Desk(connection, partial(fence.transaction, connection), config, log, wall_ms)
        self.tidying = Tidying(desk, clock, self.known)
        self._config = config
        self._fence = fence
        self._clock = clock
        self._outbox = outbox
        self._syncing = syncing
        self._wall_ms = wall_ms
        self._heartbeat_ms = wall_ms()

    def commit(self, batch: PointsChanged, room: Room) -> Tally:
        """Store a batch, as far as there is room. **Raises**: StoreError; then nothing of it is stored."""
        with translated(self._config.database, self.connection), self._syncing.of(self.connection):
            try:
                return self._transact(batch, room, write)
            except RowRefused:
                return self._transact(batch, room, write_apart)

    def tidy(self, for_s: float) -> bool:
        """Pack, merge and let go of history for about so long. **Returns**: False when there is nothing more to do now."""
        until_s = time.perf_counter() + for_s
        while self.tidying.step():
            self._fence.check()
            if time.perf_counter() >= until_s:
                return True
        return False

    def beat(self) -> None:
        """Write a heartbeat, if no batch has brought one lately."""
        now_ms = self._wall_ms()
        if 0 <= now_ms - self._heartbeat_ms < IDLE_HEARTBEAT_MS:
            return
        with self._syncing.of(self.connection), self._fence.transaction(self.connection):
            gateway_row.beat(self.connection, now_ms)
        self._heartbeat_ms = now_ms

    def _transact(self, batch: PointsChanged, room: Room, write_items: WriteItems) -> Tally:
        connection, known = self.connection, self.known
        tally = Tally(connection, known, history=room is Room.ALL, events=room is not Room.POINTS_ONLY)
        tally.stamp_ms, tally.mark_of = self._config.stamp_ms, self._clock.mark_of
        tally.frontiers = self.tidying.desk.frontiers
        now_ms = self._wall_ms()
        beats = not 0 <= now_ms - self._heartbeat_ms < HEARTBEAT_MS
        try:
            self._fence.begin(connection)
            write_items(tally, batch.items, batch.at_ms)
            self.watermarks.note(connection, batch, now_ms, tally.dropped)
            self._outbox.post(tally, batch.items)
            if beats:
                gateway_row.beat(connection, now_ms)
            self._fence.end(connection)
        except BaseException as error:
            known.journal.undo()
            errno_seen = errno_of(connection, error) if isinstance(error, apsw.Error) else 0
            if connection.in_transaction:
                with contextlib.suppress(apsw.Error):
                    connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error) and not isinstance(error, RowRefused):
                raise store_error(self._config.database, error, errno_seen) from error
            raise
        known.journal.forget()
        if beats:
            self._heartbeat_ms = now_ms
        return tally
