"""A disk that fails as told under a process of its own: faulty_calls.c, compiled, preloaded and steered. Needs a C compiler: `needs_cc`."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from enum import IntFlag
from pathlib import Path

from tests import tools

SOURCE = Path(__file__).with_name("faulty_calls.c")
FLAGS = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")
RULE = struct.Struct("=IiIIIIII96s")
RULES, ALWAYS = 32, 1000
HITS_AT = 20


class Calls(IntFlag):
    """What of the system may fail; as in faulty_calls.c."""

    OPEN = 1
    READ = 2
    WRITE = 4
    SYNC = 8
    TRUNCATE = 16
    MAP = 32
    UNLINK = 64
    RENAME = 128
    LOCK = 256
    STAT = 512
    ALL = 1023


class Rules:
    """What fails now, in every process that was started with that file of rules."""

    def __init__(self, steering: Path) -> None:
        with steering.open("r+b") as file:
            self._rules = mmap.mmap(file.fileno(), 0)
        self._next = 0

    def fail(
        self,
        calls: Calls,
        pattern: str,
        error: int = 0,
        *,
        share: int = ALWAYS,
        wait_ms: int = 0,
        half: bool = False,
        place: tuple[int, int] = (0, 0),
    ) -> None:
        """Have these calls on files whose path fits the pattern fail with that errno, as many of 1000 as `share` says; or only
        wait, or do half. `place`: only reads of these octets, from and until."""
        at = self._next * RULE.size
        rule = RULE.pack(0, error, share, wait_ms, half, 0, *place, pattern.encode())
        self._rules[at : at + RULE.size] = rule
        self._rules[at : at + 4] = struct.pack("=I", calls)  # last: from here on it holds
        self._next += 1

    @property
    def hits(self) -> int:
        """How many calls the rules that hold now have met."""
        return sum(struct.unpack_from("=I", self._rules, rule * RULE.size + HITS_AT)[0] for rule in range(self._next))

    def mend(self) -> None:
        """All is well from now on."""
        for rule in range(RULES):
            self._rules[rule * RULE.size : rule * RULE.size + 4] = bytes(4)
        self._next = 0


class FaultyCalls(Rules):
    """The library, compiled into a folder, and the rules of all processes that are started with `environment`."""

    def __init__(self, folder: Path) -> None:
        library, steering = folder / "faulty_calls.so", folder / "faulty_calls.rules"
        compiler = tools.where("cc")
        assert compiler is not None
        subprocess.run([compiler, *FLAGS, "-o", library, SOURCE, "-ldl"], check=True)
        steering.write_bytes(bytes(RULES * RULE.size))
        super().__init__(steering)
        self.environment = os.environ | {"LD_PRELOAD": str(library), "FAULTY_CALLS": str(steering)}
