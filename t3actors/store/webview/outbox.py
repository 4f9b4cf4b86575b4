"""The writer's side: what T3000's file is to have of each batch, written in that batch's own transaction.

So a posting is there exactly if its batch is, whatever becomes of T3000's file and of the actor that fills it. This side never
waits for that one: it adds a row, deletes what was reported delivered, and beyond the limit lets go of the oldest. Where not even
points find room, or history has to wait, the outbox takes no more than its part: an id is used up without a row, and the other
side brings the points' state from our own tables. **Thread**: the writer's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import apsw
import msgspec

from t3actors.config import WebviewConfig
from t3actors.events import Log
from t3actors.events import webview as events
from t3actors.messages import BatchItem, DeviceAnnounced, DeviceRemoved, DeviceStatusChanged, PointChange
from t3actors.store.known import KINDS
from t3actors.store.tally import Tally
from t3actors.store.values import believable
from t3actors.store.webview.mail import Delivered, Posted
from t3actors.store.webview.numbering import number_device
from t3actors.store.webview.posting import Packer

ROW_BYTES = 32  # what a row costs beside its content
_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_INSERT = "INSERT INTO webview_outbox (id, stream, samples, content) VALUES (?, ?, ?, ?)"
_SIZE = f"SELECT COALESCE(SUM(LENGTH(content) + {ROW_BYTES}), 0) FROM webview_outbox"  # noqa: S608
_OLDEST = f"SELECT id, samples, LENGTH(content) + {ROW_BYTES} FROM webview_outbox WHERE id < ? ORDER BY id LIMIT 64"  # noqa: S608
_DELETE = "DELETE FROM webview_outbox WHERE id <= ? AND id < ?"


class _Pending(msgspec.Struct):
    """What holds once the transaction is committed."""

    newest: int
    size: int
    deleted: int
    lost_samples: int = 0
    grown: bool = False
    numbered: bool = False


class Outbox:
    """The rows of webview_outbox. Without `[store.webview]` it does nothing, but empties what an earlier start has left."""

    def __init__(self, config: WebviewConfig | None, log: Log, tell: Callable[[Posted], object]) -> None:
        self._limit = None if config is None else config.outbox_bytes
        self._log = log
        self._tell = tell
        self._identity = ""
        self._stream = 0
        self._state = _Pending(0, 0, 0)
        self._pending: _Pending | None = None
        self._delivered = 0
        self._numbers_wait = False
        self._full = False
        self._lost_samples = 0

    def begin(self, connection: apsw.Connection) -> None:
        """Look at what is there; may be called again. Inside the transaction that takes the file over."""
        newest = connection.execute("SELECT COALESCE(MAX(id), 0) FROM webview_outbox").get
        self._pending = None
        if self._limit is None:
            connection.execute("DELETE FROM webview_outbox WHERE id < ?", (newest,))
            return
        _number_all(connection)
        self._numbers_wait = False
        self._identity = connection.execute("SELECT identity FROM webview_identity").get
        self._stream = secrets.randbits(53)
        self._delivered = 0
        self._state = _Pending(newest, connection.execute(_SIZE).get, 0)

    def post(self, tally: Tally, items: Sequence[BatchItem]) -> None:
        """Write what these items, which were just written, mean for T3000's file."""
        self._pending = None
        if self._limit is None:
            return
        connection = tally.connection
        pending = _Pending(self._state.newest, self._state.size, self._state.deleted)
        if self._numbers_wait and tally.events:
            _number_all(connection)
            pending.numbered = True
        packer = self._packed(tally, items)
        if not packer.is_empty:
            pending.newest += 1
            pending.grown = True
            if tally.events:
                octets = packer.pack()
                connection.execute(_INSERT, (pending.newest, self._stream, packer.samples, octets))
                pending.size += len(octets) + ROW_BYTES
        if tally.events:
            self._delete_delivered(connection, pending)
            if pending.size > self._limit:
                self._let_go(connection, pending, pending.size - self._limit)
        self._pending = pending

    def committed(self) -> None:
        """The transaction is over: tell."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        self._state = pending
        self._numbers_wait = self._numbers_wait and not pending.numbered
        self._lost_samples += pending.lost_samples
        self._say()
        if pending.grown:
            self._tell(Posted(self._identity, pending.newest))

    def delivered(self, message: Delivered) -> None:
        """Remember what the next transaction may delete."""
        if message.identity == self._identity:
            self._delivered = max(self._delivered, message.up_to)

    def leave(self, connection: apsw.Connection) -> None:
        """Delete what was delivered, inside the transaction of a clean stop."""
        if self._limit is not None:
            self._delete_delivered(connection, self._state)

    def _packed(self, tally: Tally, items: Sequence[BatchItem]) -> Packer:
        known = tally.known.devices
        refused = {(device, point_id) for device, point_id, _ in tally.poisoned}
        packer = Packer()
        for item in items:
            if isinstance(item, PointChange):
                device = known.get(item.device)
                point = None if device is None else device.points.get(item.point_id)
                if device is None or point is None or (item.device, item.point_id) in refused:
                    continue
                reading = believable(item.reading)
                packer.add(
                    device.device_id, item.at_ms // 1000, _KIND_NUMBERS[point.kind], point.point_index, reading.value,
                    reading.status, reading.auto_manual, sample=item.sample and tally.history and point.key is not None,
                )  # fmt: skip
            elif isinstance(item, DeviceAnnounced | DeviceStatusChanged | DeviceRemoved):
                device = known.get(item.device)
                if device is None:
                    continue
                packer.devices[device.device_id] = None
                if isinstance(item, DeviceAnnounced):
                    if tally.events:
                        number_device(tally.connection, device.device_id, device.serial)
                    else:
                        self._numbers_wait = True
        return packer

    def _delete_delivered(self, connection: apsw.Connection, pending: _Pending) -> None:
        if self._delivered > pending.deleted:
            which = (self._delivered, pending.newest)
            pending.size -= connection.execute(f"{_SIZE} WHERE id <= ? AND id < ?", which).get
            connection.execute(_DELETE, which)
            pending.deleted = min(self._delivered, pending.newest - 1)

    @staticmethod
    def _let_go(connection: apsw.Connection, pending: _Pending, too_much: int) -> None:
        """Delete the oldest rows, but never the newest."""
        upto = freed = 0
        while freed < too_much:
            rows: list[Any] = connection.execute(_OLDEST, (pending.newest,)).fetchall()
            if not rows:
                break
            for id_, samples, size in rows:
                upto, freed = id_, freed + size
                pending.lost_samples += samples
                if freed >= too_much:
                    break
            connection.execute(_DELETE, (upto, pending.newest))
        pending.size -= freed

    def _say(self) -> None:
        limit = self._limit or 0
        if self._lost_samples and not self._full:
            self._full = True
            self._log(events.WEBVIEW_OUTBOX_FULL, limit_mb=limit // 1_000_000)
        elif self._full and self._state.size < limit // 2:
            self._log(events.WEBVIEW_OUTBOX_DRAINED, lost_samples=self._lost_samples)
            self._full, self._lost_samples = False, 0


def _number_all(connection: apsw.Connection) -> None:
    devices: list[Any] = connection.execute("SELECT device_id, serial_number FROM DEVICES").fetchall()
    for device_id, serial in devices:
        number_device(connection, device_id, serial)
