"""The log: one line per event, JSON for machines and a readable line for a person at a terminal.

Writing never blocks the loop: a line goes into a bounded queue and a daemon thread writes it. When the reader of our output is slower
than we log, or the disk takes nothing, lines are dropped and counted, and the count is the next line that gets through. What repeats itself
is summed up first (repeats.py).
"""

from __future__ import annotations

import queue
import sys
import threading
import time as clocks
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
import structlog

from t3actors import clock
from t3actors.events import Level, LogEvent
from t3actors.events.gateway import LOG_DROPPED
from t3actors.watch.repeats import Line, Repeats

QUEUED_LINES = 10_000
LEVELS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
PRIORITIES: dict[Level, str] = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}
"""As sd-daemon(3) has them: the journal takes them off the line and files it under that priority."""
_END = None

_encode = msgspec.json.Encoder(enc_hook=str).encode


def json_line(_: object, __: str, entry: MutableMapping[str, Any]) -> str:
    """Render an entry as one JSON line; time, level and event come first."""
    try:
        return _encode(dict(entry)).decode()
    except UnicodeEncodeError:  # a lone surrogate, from a file name or a vendor's text
        return _encode({key: _in_ascii(value) for key, value in entry.items()}).decode()


def _in_ascii(value: object) -> object:
    plain = value is None or isinstance(value, int | float) or (isinstance(value, str) and value.isascii())
    return value if plain else ascii(value)


def now_utc() -> str:
    """The time of a log line: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Stream(Protocol):
    """Where lines go: a text file, or what behaves like one."""

    def write(self, text: str, /) -> object:
        """Take a line. **Raises**: OSError, ValueError."""

    def flush(self) -> None:
        """Hand it on. **Raises**: OSError, ValueError."""

    def isatty(self) -> bool:
        """Whether a person reads it."""


class LogWriter:
    """Takes events from any thread; its own daemon thread writes them. Call `close` to flush.

    `journal`: the journal reads it, so that each line says its priority first.
    """

    def __init__(
        self,
        stream: Stream | None = None,
        *,
        human: bool | None = None,
        least: Level = "info",
        gateway: str = "",
        journal: bool = False,
        time: Callable[[], str] = now_utc,
        now_s: Callable[[], float] = clocks.monotonic,
    ) -> None:
        self._stream: Stream = stream or sys.stdout
        as_human = self._stream.isatty() if human is None else human
        self._render: Callable[[Any, str, MutableMapping[str, Any]], str | bytes] = (
            structlog.dev.ConsoleRenderer(pad_event_to=22, sort_keys=False) if as_human else json_line
        )
        self._name_key = {} if as_human or not gateway else {"gateway": gateway}
        self._least = LEVELS[least]
        self._journal = journal
        self._time = time
        self._now_s = now_s
        self._repeats = Repeats()
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUED_LINES)
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Log `event`. Thread: any. Never blocks, never raises for what is in `keys`."""
        if event.level == "debug" and self._least > LEVELS["debug"]:
            return
        with self._lock:
            lines = self._repeats.take(event, keys, self._now_s(), clock.wall_ms())
        self._put_all(lines)

    def close(self, within_s: float = 2.0) -> None:
        """Write what is queued, and the sum of what is held, and stop; give up after `within_s` when the stream does not take it."""
        with self._lock:
            lines = self._repeats.flush()
        self._put_all(lines)
        try:
            self._lines.put(_END, timeout=within_s)
        except queue.Full:
            return
        self._thread.join(within_s)

    def _put_all(self, lines: list[Line]) -> None:
        for line in lines:
            if LEVELS[line.level] >= self._least:
                self._put(self._text(line.event, line.level, line.keys))

    def _text(self, event: LogEvent, level: Level, keys: Mapping[str, object]) -> str:
        entry = {"timestamp": self._time(), "level": level, "event": event.name, **self._name_key, **keys}
        text = str(self._render(None, level, entry))
        return PRIORITIES[level] + text if self._journal else text

    def _put(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lose()

    def _lose(self, lines: int = 1) -> None:
        with self._lock:
            self._dropped += lines

    def _write(self) -> None:
        while (line := self._lines.get()) is not _END:
            try:
                self._stream.write(line + "\n")
            except (OSError, ValueError):  # the disk is full, the reader is gone, or the stream closed
                self._lose()
                continue
            try:
                self._tell_dropped()
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                continue

    def _tell_dropped(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if not dropped:
            return
        try:
            self._stream.write(self._text(LOG_DROPPED, LOG_DROPPED.level, {"lines": dropped}) + "\n")
        except (OSError, ValueError):
            self._lose(dropped)
