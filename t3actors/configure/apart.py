"""Which files the gateway writes and reads, and that no two keys name the same one: each would spoil what the other keeps there.

Pure: the paths are resolved by the caller, so that two ways to one file are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

SQLITE = ("", "-wal", "-shm", "-journal")
"""What lies beside a database, by what is added to its name."""
OLD_LOGS = 4
"""Old files of each log of the old service, FFI.log.1 the newest: `watch/seed_log.py`."""
SEED_LOGS = ("FFI.log", "Initialize.log")
DATA_DIR_FILES = ("t3actors.lock", "t3actors.sock")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The files that one key stands for. `key`: as it is said; `writes`: the gateway writes them."""

    key: str
    paths: tuple[str, ...]
    writes: bool = True


class Clash(msgspec.Struct, frozen=True):
    """A file that two keys claim: the later one's key, the earlier one's, and the path."""

    key: str
    other: str
    path: str


def clashes(claims: Sequence[Claim]) -> list[Clash]:
    """Find what is claimed twice and written by one of the two, once for each pair of keys. Two may read the same file."""
    found = []
    for number, claim in enumerate(claims):
        for earlier in claims[:number]:
            shared = set(claim.paths) & set(earlier.paths)
            if shared and (claim.writes or earlier.writes):
                found.append(Clash(claim.key, earlier.key, min(shared)))
    return found


def database_files(path: str) -> tuple[str, ...]:
    """Give a database and what SQLite keeps beside it."""
    return tuple(path + suffix for suffix in SQLITE)


def rotated(path: str, old: int) -> Iterable[str]:
    """Give a log and its old files."""
    return (path, *(f"{path}.{number}" for number in range(1, old + 1)))
