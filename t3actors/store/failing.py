"""Whose fault is it, the file's or the disk's? A disk that fails for a moment (EIO) is no reason to give a sound file up.

What failed is tried again, with the file opened anew. Where the same goes on failing for PATIENCE_S while the disk takes
another file beside it, the fault is in the file: it is set aside like any damaged one. Where the disk takes nothing at
all, there is nothing to be begun anew on: it is waited for. What failed twice, and long apart, does not go on failing.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from t3actors.errors import StoreDamaged, StoreFailing, StoreUnreachable

PATIENCE_S = 30.0
APART_S = 300.0  # longer than until anything is tried again: a device asks each 72 s at most, tidying looks each 5 s
_ROWS = "CREATE TABLE probe (octets); INSERT INTO probe VALUES (zeroblob(8192)); SELECT octets FROM probe"


class Failures:
    """What fails at present, and since when: "open", "batch", "tidying", "heartbeat", "question". **Thread**: the store's.

    `close` lets go of the file, which is to be opened anew.
    """

    def __init__(self, path: Path, close: Callable[[], None], now_s: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._close = close
        self._now_s = now_s
        self._since_s: dict[str, float] = {}
        self._last_s: dict[str, float] = {}

    @contextlib.contextmanager
    def of(self, what: str, *, in_part: bool = False) -> Iterator[None]:
        """Do it in here; or some of it, which says nothing of the rest.

        **Raises**: StoreDamaged in the place of StoreFailing once the fault is known to be the file's.
        """
        try:
            yield
        except StoreUnreachable:
            self._close()
            raise
        except StoreFailing as failing:
            self._close()
            now_s = self._now_s()
            if now_s - self._last_s.get(what, now_s) > APART_S:
                self.succeeded(what)
            self._last_s[what] = now_s
            if now_s - self._since_s.setdefault(what, now_s) >= PATIENCE_S and takes_another_file(self._path):
                self._since_s.clear()
                raise StoreDamaged(f"{failing}; another file can be written there") from failing
            raise
        if not in_part:
            self.succeeded(what)

    def succeeded(self, what: str) -> None:
        """It went well, all of it."""
        self._since_s.pop(what, None)


def takes_another_file(path: Path) -> bool:
    """Try whether the disk takes another database beside that one, on to its platters."""
    probe = path.with_name(f"{path.name}.probe-{secrets.token_hex(4)}")
    try:
        connection = apsw.Connection(str(probe))
        try:
            connection.execute(_ROWS).fetchall()
        finally:
            connection.close(True)
    except (apsw.Error, OSError):
        return False
    finally:
        for suffix in ("", "-journal"):
            with contextlib.suppress(OSError):
                probe.with_name(probe.name + suffix).unlink()
    return True
