"""Hands what was stored to those who listen: one encoding per filter, a bounded queue per listener. Pure but for its events; trio's thread.

A listener that is slower than the changes loses the oldest that wait for it, and is told how many. Nobody else waits for it: handing on is
an append to a queue, and a frame of text is shared by all who listen with one filter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import translate
from re import compile as compile_pattern
from typing import Any, NamedTuple

import msgspec
import trio

from t3actors.messages import DeviceRemoved, DeviceStatusChanged, PointChange, PointsChanged
from t3actors.points import DeviceStatus, Status, Value

CHANGES_A_FRAME = 500
WAITING_AT_MOST = 10_000
"""Changes that wait for one listener: about 1.5 MB of text, which those of one filter share."""
REMEMBERED_AT_MOST = 200_000
NO_CONFLICTS: Mapping[str, str] = {}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener wants. `point` is a pattern with `*`, `?` and `[...]` for device/point_id; `repeats`: unchanged values too."""

    device: str | None = None
    point: str | None = None
    repeats: bool = False


class LivePoint(msgspec.Struct, frozen=True, gc=False):
    """A change of a point as it was stored. `value` is the last good one where `status` is not ok, sampled at `sampled_at`."""

    device: str
    point_id: str
    value: Value
    status: Status
    reason: str
    flags: int
    at: int
    sampled_at: int
    changed: bool


class LiveDevice(msgspec.Struct, frozen=True):
    """A change of a device's status as it was stored."""

    device: str
    status: DeviceStatus
    was: DeviceStatus
    reason: str
    at: int


class LiveMessage(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message on /live; an empty one: nothing was stored for 5 s.

    `missed`: so many changes were left out before it; -1: nobody knows how many.
    """

    points: tuple[LivePoint, ...] = ()
    devices: tuple[LiveDevice, ...] = ()
    missed: int = 0


class Frame(NamedTuple):
    """Text ready to be sent, and how many changes are in it."""

    text: str
    changes: int


class Listener:
    """One who listens. At most `most` changes wait for it."""

    def __init__(self, wanted: Filter, most: int) -> None:
        self.wanted = wanted
        self.missed = 0
        self.missed_total = 0
        self._most = most
        self._waiting: deque[Frame] = deque()
        self._changes = 0
        self._news = trio.Event()

    def put(self, frame: Frame) -> None:
        """Let a frame wait for it; older ones give way."""
        self._waiting.append(frame)
        self._changes += frame.changes
        while self._changes > self._most and len(self._waiting) > 1:
            self._miss(self._waiting.popleft())
        self._news.set()

    def lost_track(self) -> None:
        """Nobody knows what it missed."""
        self.missed = -1
        self._news.set()

    async def next_text(self) -> str:
        """Wait for the next text to send."""
        while not self._waiting and not self.missed:
            self._news = trio.Event()
            await self._news.wait()
        if self.missed:
            missed, self.missed = self.missed, 0
            return _encoded(LiveMessage(missed=missed))
        frame = self._waiting.popleft()
        self._changes -= frame.changes
        return frame.text

    def _miss(self, frame: Frame) -> None:
        self._changes -= frame.changes
        self.missed_total += frame.changes
        if self.missed >= 0:
            self.missed += frame.changes


class Fanout:
    """All who listen. Bounded by `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._groups: dict[Filter, _Group] = {}

    def __len__(self) -> int:
        return sum(len(group.listeners) for group in self._groups.values())

    def join(self, wanted: Filter) -> Listener | None:
        """Begin to listen; None where too many do."""
        if len(self) >= self._most:
            return None
        listener = Listener(wanted, WAITING_AT_MOST)
        self._groups.setdefault(wanted, _Group(wanted)).listeners.append(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        group = self._groups[listener.wanted]
        group.listeners.remove(listener)
        if not group.listeners:
            del self._groups[listener.wanted]

    def lost_track(self) -> None:
        """Something was stored that nobody was told of."""
        for group in self._groups.values():
            for listener in group.listeners:
                listener.lost_track()

    def hand_on(
        self, batch: PointsChanged, dropped: Iterable[tuple[str, str]], conflicts: Mapping[str, str] = NO_CONFLICTS
    ) -> Iterator[None]:
        """Hand a stored batch on, a little at a time: between two steps others may have their turn.

        `conflicts`: devices whose row says so, and why, whatever they say of themselves.
        """
        left_out = set(dropped)
        for group in list(self._groups.values()):
            for frame in group.frames(batch, left_out, conflicts):
                yield
                for number, listener in enumerate(list(group.listeners), 1):
                    listener.put(frame)
                    if number % WOKEN_AT_ONCE == 0:
                        yield


WOKEN_AT_ONCE = 4
"""Each that is woken writes to its connection in the same turn of the loop, which takes about 0.3 ms."""


class _Group:
    """Those who listen with one filter."""

    def __init__(self, wanted: Filter) -> None:
        self.listeners: list[Listener] = []
        self._wanted = wanted
        self._pattern = None if wanted.point is None else compile_pattern(translate(wanted.point))
        self._known: dict[tuple[str, str], bool] = {}

    def frames(
        self, batch: PointsChanged, left_out: set[tuple[str, str]], conflicts: Mapping[str, str]
    ) -> Iterator[Frame]:
        wanted = self._wanted
        points: list[LivePoint] = []
        devices: list[LiveDevice] = []
        for item in batch.items:
            if isinstance(item, PointChange):
                key = (item.device, item.point_id)
                is_news = item.changed or item.known_again
                if (is_news or wanted.repeats) and key not in left_out and self._wants(key):
                    points.append(_point(item))
            elif isinstance(item, DeviceStatusChanged | DeviceRemoved) and wanted.device in {None, item.device}:
                devices.append(_device(item, conflicts.get(item.device, "")))
            if len(points) + len(devices) >= CHANGES_A_FRAME:
                yield _frame(points, devices)
                points, devices = [], []
        if points or devices:
            yield _frame(points, devices)

    def _wants(self, key: tuple[str, str]) -> bool:
        known = self._known.get(key)
        if known is None:
            device, point_id = key
            known = self._wanted.device in {None, device} and (
                self._pattern is None or self._pattern.match(f"{device}/{point_id}") is not None
            )
            if len(self._known) >= REMEMBERED_AT_MOST:
                self._known.clear()
            self._known[key] = known
        return known


def _point(change: PointChange) -> LivePoint:
    reading = change.reading
    return LivePoint(
        change.device,
        change.point_id,
        reading.value,
        reading.status,
        reading.reason,
        reading.flags,
        change.at_ms,
        change.sampled_at_ms,
        change.changed,
    )


def _device(said: DeviceStatusChanged | DeviceRemoved, conflict: str) -> LiveDevice:
    if isinstance(said, DeviceRemoved):
        return LiveDevice(said.device, DeviceStatus.DISABLED, said.was, said.reason, said.at_ms)
    if conflict:
        return LiveDevice(said.device, DeviceStatus.CONFLICT, said.was, conflict, said.at_ms)
    return LiveDevice(said.device, said.status, said.was, said.reason, said.at_ms)


def _frame(points: list[LivePoint], devices: list[LiveDevice]) -> Frame:
    message = LiveMessage(points=tuple(points), devices=tuple(devices))
    try:
        text = _encoded(message)
    except UnicodeEncodeError:  # a lone surrogate in a vendor's text
        text = msgspec.json.encode(_well_formed(msgspec.to_builtins(message))).decode()
    return Frame(text, len(points) + len(devices))


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _well_formed(each) for key, each in value.items()}
    return [_well_formed(each) for each in value] if isinstance(value, list | tuple) else value


def _encoded(message: LiveMessage) -> str:
    return msgspec.json.encode(message).decode()
