"""What malloc does with what is free: seen from a process of its own, for what is set is set for good."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

LARGE_THEN_LESS = """
import ctypes, sys
from t3actors.heap import give_back_free_memory

class Malloc(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Malloc
if sys.argv[1] == "ours":
    give_back_free_memory()
large = bytearray(8_000_000)
del large
before = libc.mallinfo2().hblkhd
less = bytearray(2_000_000)
print(libc.mallinfo2().hblkhd - before >= len(less))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library is not glibc, or an old one")
@pytest.mark.parametrize(("whose", "is_apart"), [("ours", "True"), ("glibc's", "False")])
def test_what_is_large_stays_out_of_the_heap_also_after_something_larger(whose: str, is_apart: str) -> None:
    command = [sys.executable, "-c", LARGE_THEN_LESS, whose]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip() == is_apart
