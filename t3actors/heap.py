"""Has malloc give back what is free, so that a gateway that runs for years takes what it needs and no more. Called once, by `run`."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Source: glibc's malloc.h."""
LARGE_BYTES = 128 * 1024  # glibc's own first value of both thresholds
ARENAS = 2


def give_back_free_memory() -> None:
    """Keep malloc from holding on to what is free. To be called before there are other threads, in a process of our own; nothing
    happens where the C library is not glibc.

    By itself glibc takes "large" for ever larger once something large was freed, and then keeps such pieces in its heap; and gives each
    new thread that asks the database a heap of its own. Both leave holes that grow for hours (measured: 4 MB of 116 within one).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, LARGE_BYTES)
        mallopt(M_ARENA_MAX, ARENAS)
