"""What a gateway holds at one moment: tasks, timers, threads, files, actors, every table of every object, and all objects by type.

Two of them, with months between, tell what grows, by name: `ModbusLink._said_rejected_at_s: 3, then 812`.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import trio
from trio._core._run import GLOBAL_RUN_CONTEXT

from t3actors.pipeline import Gateway
from t3actors.watch.tree import rows_of

OURS = ("t3actors.", "supervision.")
NOT_OURS = ("t3actors.simulator.",)
TABLES = (dict, list, set, frozenset, deque, bytearray)


class Census(NamedTuple):
    """Counts. `tables`: how much is in each attribute of that name, over all objects of a class, and in each variable of a module."""

    tasks: int
    timers: int
    threads: int
    files: int
    actors: int
    tables: Counter[str]
    objects: Counter[str]
    memory_blocks: int


def take(gateway: Gateway) -> Census:
    """Count, after everything that is garbage is gone. **Thread**: trio's.

    Looking at an object's attributes for the first time makes a dict of them, which is there the next time.
    """
    gc.unfreeze()
    gc.collect()
    gc.collect()  # what the first has set free may have held more
    blocks = sys.getallocatedblocks()
    objects = gc.get_objects()
    tables: Counter[str] = Counter()
    for name, size in tables_of(objects):
        tables[name] += size
    return Census(
        tasks=trio.lowlevel.current_statistics().tasks_living,
        timers=GLOBAL_RUN_CONTEXT.runner.deadlines._active,
        threads=threading.active_count(),
        files=len(os.listdir("/proc/self/fd")),
        actors=sum(row.state == "running" for row in rows_of(gateway.supervisor)),
        tables=tables,
        objects=Counter(name for name in map(type_of, objects) if not name.startswith(NOT_OURS)),
        memory_blocks=blocks,
    )


def type_of(each: object) -> str:
    return f"{type(each).__module__}.{type(each).__qualname__}"


def least(counted: Sequence[Census]) -> Census:
    """Give the least of each: what some moment just happened to have is not what stays."""
    return Census(*map(_least, zip(*counted, strict=True)))


def _least(values: tuple[Any, ...]) -> Any:
    if isinstance(values[0], Counter):
        return functools.reduce(Counter[str].__and__, values)
    return min(values)


def grown(before: Counter[str], after: Counter[str], by: int = 0) -> dict[str, tuple[int, int]]:
    """Say what has grown by more than so many, with both counts."""
    return {name: (before[name], size) for name, size in sorted(after.items()) if size > before[name] + by}


def tables_of(objects: list[Any]) -> Iterator[tuple[str, int]]:
    for each in objects:
        kind = type(each)
        if isinstance(each, ModuleType):
            if is_ours(each.__name__ + "."):
                yield from _of_module(each)
        elif is_ours(kind.__module__) and not isinstance(each, type):
            for name, value in _attributes(each):
                if isinstance(value, TABLES):
                    yield f"{kind.__qualname__}.{name}", len(value)


def is_ours(module: str) -> bool:
    """Whether the gateway is made of it."""
    return module.startswith(OURS) and not module.startswith(NOT_OURS)


def _attributes(each: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(each, "__dict__", {}).items()
    for kind in type(each).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in {"__dict__", "__weakref__"} and hasattr(each, name):
                yield name, getattr(each, name)


def _of_module(module: ModuleType) -> Iterator[tuple[str, int]]:
    for name, value in list(vars(module).items()):
        if isinstance(value, TABLES):
            yield f"{module.__name__}.{name}", len(value)
        elif isinstance(value, functools._lru_cache_wrapper) and value.__module__ == module.__name__:
            yield f"{module.__name__}.{name} (cached)", value.cache_info().currsize
