"""T3WebLog/FFI.log and Initialize.log: the files of T3000's own sync service, for whoever is used to reading them.

Beside the JSON log, when configured. Bounded: each file is rotated at a size, and so many old ones are kept. Writing never blocks the
loop: lines go into a bounded queue and a daemon thread writes them; when the disk is slower, lines are dropped and the count is said.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from t3actors.config import DeviceConfig
from t3actors.events import LogEvent
from t3actors.watch.seed_words import FFI, INITIALIZE, SeedWords

QUEUED_LINES = 20_000
KEPT_FILES = 4
"""Old files of each, FFI.log.1 the newest."""
_END = None


class SeedLog:
    """A log (`events.Log`) that writes only what the seed's files have. Thread of calls: any. `close` flushes."""

    def __init__(
        self,
        folder: Path,
        devices: Iterable[DeviceConfig],
        *,
        size_bytes: int,
        local_time: Callable[[], str],
    ) -> None:
        """Begin. `local_time` gives "YYYY-MM-DD HH:MM:SS". **Raises**: OSError when the folder cannot be made or written."""
        folder.mkdir(parents=True, exist_ok=True)
        self._files = {name: _File(folder / name, size_bytes) for name in (FFI, INITIALIZE)}
        self._words = SeedWords(devices)
        self._local_time = local_time
        self._lock = threading.Lock()
        self._dropped = 0
        self._lines: queue.Queue[tuple[str, str] | None] = queue.Queue(QUEUED_LINES)
        self._thread = threading.Thread(target=self._write, name="seed-log-writer", daemon=True)
        self._thread.start()

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Add what the event adds. Never blocks."""
        with self._lock:
            lines = self._words.lines(event, keys)
        for name, text in lines:
            try:
                self._lines.put_nowait((name, f"[{self._local_time()}] {text}"))
            except queue.Full:
                self._dropped += 1

    def close(self, within_s: float = 2.0) -> None:
        """Write what is queued and stop; give up after `within_s`."""
        try:
            self._lines.put(_END, timeout=within_s)
        except queue.Full:
            return
        self._thread.join(within_s)

    def _write(self) -> None:
        while (line := self._lines.get()) is not _END:
            name, text = line
            self._files[name].add(text)
            if self._dropped and self._lines.qsize() < QUEUED_LINES // 2:
                dropped, self._dropped = self._dropped, 0
                self._files[name].add(f"[{self._local_time()}] ⚠️ {dropped} lines were dropped: the disk was too slow")
        for file in self._files.values():
            file.close()


class _File(RotatingFileHandler):
    """One file, rotated at a size. A disk that refuses costs the line, not the gateway."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        super().__init__(path, maxBytes=size_bytes, backupCount=KEPT_FILES, encoding="utf-8", errors="replace")

    def add(self, text: str) -> None:
        """Write a line; one line, whatever a panel's name holds."""
        self.emit(logging.makeLogRecord({"msg": text.replace("\n", " ").replace("\r", " ")}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Go on with the next line."""
