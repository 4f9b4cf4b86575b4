"""A gateway with a window in it: `t3actors` as ever, and one more thread that says on a unix socket what the process holds.

    python -m benchmarks.soak_inside SOCKET run CONFIG

Whoever connects sends a word a line and gets a JSON object a line: "look" as it is; "census" after everything that is garbage is gone, with
all objects by type and every table of every object (tests/system/census.py). Each full collection that the gateway makes by
itself is noted as it ends, with what was held then: the valleys of the saw that memory otherwise is. Linux and glibc only.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import gc
import importlib
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse
from collections import Counter, deque
from typing import Any

import apsw
from trio._core._run import Runner

from t3actors.__main__ import run
from tests.system.census import tables_of, type_of

COLLECTIONS_KEPT = 10_000
FULL = 2  # the oldest generation
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class _Malloc(ctypes.Structure):
    """What glibc's mallinfo2 returns, in bytes but for the counts."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


_libc = ctypes.CDLL(None)
_libc.mallinfo2.restype = _Malloc


def look() -> dict[str, Any]:
    """Say what is held now: Python's pieces of memory, malloc's bytes in use and free, SQLite's, all that is resident."""
    seen = _libc.mallinfo2()
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1])
    return {
        "at_s": time.monotonic(),
        "blocks": sys.getallocatedblocks(),
        "malloc used": seen.uordblks + seen.hblkhd,
        "malloc free": seen.fordblks,
        "sqlite": apsw.memory_used(),
        "rss": resident * PAGE_BYTES,
        "threads": threading.active_count(),
        "fds": len(os.listdir("/proc/self/fd")),
    }


def empty_caches() -> None:
    """Empty what others fill up to a bound of theirs: 512 patterns, 128 addresses, a thousand deadlines of trio's that were not needed."""
    re.purge()
    urllib.parse.clear_cache()
    done = threading.Event()

    def prune(runner: Any) -> None:
        runner.deadlines._prune()  # noqa: SLF001 - trio does it by itself once there are a thousand
        done.set()

    for runner in [each for each in gc.get_objects() if type(each) is Runner]:
        runner.entry_queue.run_sync_soon(prune, runner)
        done.wait(10.0)


def census() -> dict[str, Any]:
    """Say it after two collections of everything, and what it all is."""
    gc.unfreeze()
    empty_caches()
    gc.collect()
    gc.collect()  # what the first has set free may have held more
    seen = look()
    objects = gc.get_objects()
    tables: Counter[str] = Counter()
    for name, size in tables_of(objects):
        tables[name] += size
    seen["types"] = dict(Counter(map(type_of, objects)))
    seen["tables"] = dict(tables)
    del objects
    gc.freeze()
    return seen


class Window:
    """Listens, in a thread of its own, and notes full collections."""

    def __init__(self, path: str) -> None:
        self._collections: deque[dict[str, Any]] = deque(maxlen=COLLECTIONS_KEPT)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        gc.callbacks.append(self._note)
        threading.Thread(target=self._serve, name="soak-window", daemon=True).start()

    def _note(self, phase: str, about: dict[str, int]) -> None:
        if phase == "stop" and about["generation"] == FULL:
            self._collections.append(look())

    def _serve(self) -> None:
        while True:
            with self._listener.accept()[0] as guest, guest.makefile("rw") as lines, contextlib.suppress(OSError):
                for line in lines:
                    lines.write(json.dumps(self._answer(line.strip())) + "\n")
                    lines.flush()

    def _answer(self, word: str) -> dict[str, Any]:
        if word == "look":
            noted, self._collections = list(self._collections), deque(maxlen=COLLECTIONS_KEPT)
            return look() | {"collections": noted}
        if word == "census":
            return census()
        return {"error": f"saw {word!r}, allowed are look and census"}


def patch(wanted: dict[str, str]) -> None:
    """Set constants of the product to other values: what takes hours is to happen by the second."""
    for name, value in wanted.items():
        module, _, constant = name.rpartition(".")
        found = importlib.import_module(module)
        assert hasattr(found, constant), name
        setattr(found, constant, ast.literal_eval(value))


if __name__ == "__main__":
    patch(json.loads(os.environ.get("SOAK_PATCHES", "{}")))
    Window(sys.argv.pop(1))
    run()
