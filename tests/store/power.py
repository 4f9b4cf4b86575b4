"""A disk that loses its power: what was written and not synced is there, or not, or in part, and in any order.

Each file has what is on its platters, and what was written since its last sync. What a cut leaves is the first, with any of the
second, sector by sector (512 octets), as SQLite's own crash tests have it. A file is as long as the last that was kept of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.store.disk import Disk

SECTOR = 512


class _Platters:
    """One file: what is safe, and what was written since, in order: (offset, octets), or a length to which it was cut."""

    def __init__(self, safe: bytes) -> None:
        self.safe = safe
        self.since: list[tuple[int, bytes] | int] = []

    def after_a_cut(self, pick: Random) -> bytes:
        left = bytearray(self.safe)
        share = pick.choice((0.0, 0.3, 0.7, 0.95, 1.0))  # of what reaches the platters
        for change in self.since:
            if isinstance(change, int):
                if pick.random() < share:
                    _cut(left, change)
                continue
            offset, octets = change
            fate = pick.random()
            if fate < share:
                _put(left, offset, octets)
            elif fate < share + (1 - share) * 0.3:  # torn
                for at in range(0, len(octets), SECTOR):
                    if pick.random() < 0.5:
                        _put(left, offset + at, octets[at : at + SECTOR])
        return bytes(left)

    def sync(self) -> None:
        now = bytearray(self.safe)
        for change in self.since:
            if isinstance(change, int):
                _cut(now, change)
            else:
                _put(now, *change)
        self.safe = bytes(now)
        self.since.clear()


def _put(octets: bytearray, offset: int, more: bytes) -> None:
    if len(octets) < offset:
        octets.extend(bytes(offset - len(octets)))
    octets[offset : offset + len(more)] = more


def _cut(octets: bytearray, length: int) -> None:
    del octets[length:]
    octets.extend(bytes(length - len(octets)))


class PowerDisk(Disk):
    """Calls `cut` with itself before each operation that changes something, whenever `due` says so."""

    def __init__(self, due: Callable[[], bool], cut: Callable[[dict[str, bytes]], None], pick: Random) -> None:
        super().__init__()
        self._due = due
        self._cut = cut
        self._pick = pick
        self._platters: dict[str, _Platters] = {}

    def leaves(self) -> dict[str, bytes]:
        """What a power cut would leave now: {file name: octets}."""
        return {Path(name).name: file.after_a_cut(self._pick) for name, file in self._platters.items()}

    def opens(self, name: str, flags: list[int]) -> None:
        super().opens(name, flags)
        if name and name not in self._platters:
            self._platters[name] = _Platters(Path(name).read_bytes() if Path(name).exists() else b"")

    def written_to(self, name: str, offset: int, octets: bytes) -> None:
        self._look()
        self._platters[name].since.append((offset, octets))

    def truncates(self, name: str, size: int) -> None:
        super().truncates(name, size)
        self._look()
        self._platters[name].since.append(size)

    def syncs_now(self, name: str) -> None:
        super().syncs_now(name)
        self._look()
        self._platters[name].sync()

    def deletes(self, name: str) -> None:
        super().deletes(name)
        self._platters.pop(name, None)

    def _look(self) -> None:
        if self._due():
            self._cut(self.leaves())
