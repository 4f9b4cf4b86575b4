"""The wall clock, and whether it may be trusted: the kernel's own word, not a guess from the year."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable

TIME_ERROR = 5  # adjtimex(2): "the system clock is not synchronized to a reliable server"
STA_UNSYNC = 0x0040  # linux/timex.h
TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; the rest is room
STATUS_AT = 5 * ctypes.sizeof(ctypes.c_long)
"""Offset of `status`: behind modes, as wide as a long with its padding, offset, freq, maxerror and esterror. 40; on a 32-bit system 20."""


def wall_ms() -> int:
    """Now, Unix UTC in milliseconds."""
    return time.time_ns() // 1_000_000


def machine_ms() -> int:
    """Milliseconds since this machine was switched on, time asleep included: no step of the wall clock moves it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@functools.cache
def kernels_word() -> Callable[..., int] | None:
    """Return adjtimex(2), None where there is none. Looked up once, at the start: later the dynamic linker may be locked by a
    program that hosts the gateway and unloads it, and waits for the very thread that asks."""
    try:
        found: Callable[..., int] = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    return found


def is_trusted() -> bool:
    """Say whether the kernel knows its clock to be synchronised (NTP, PTP or the like). False where it cannot be asked."""
    adjtimex = kernels_word()
    if adjtimex is None:
        return False
    timex = ctypes.create_string_buffer(TIMEX_BYTES)  # all zero: modes = 0 only reads
    state = adjtimex(timex)
    status = ctypes.c_int.from_buffer(timex, STATUS_AT).value
    return 0 <= state != TIME_ERROR and not status & STA_UNSYNC
