"""What a device refuses to be asked, learned by halving. Pure: `now_s` is an argument.

A refused read is split in two and the halves are asked; a single value that is refused alone is quarantined for a day. What
is learned on the way is kept as cuts, so that a search that runs out of requests goes on at the next poll where
it stopped. When no search is open, a cut that a quarantined value or a finer cut explains is dropped again (the blocks grow back
together around the bad value); one that nothing explains stays: the two sides can be read apart but not together, for
there is a hole between them or the device takes shorter reads only.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.modbus.blocks import Block, Cut, Limits, Want, split

RETRY_AFTER_S = 86_400.0  # a panel that was reconfigured is believed again within a day


class _Bad(NamedTuple):
    reason: str
    until_s: float


class _Search(NamedTuple):
    start: int
    end: int
    until_s: float


class Quarantine:
    """One device's refused values and cuts. Bounded by its wanted values."""

    def __init__(self) -> None:
        self.version = 0
        """Moves when a plan made before is no longer right."""
        self._bad: dict[Want, _Bad] = {}
        self._open: dict[Cut, _Search] = {}
        self._cuts: dict[Cut, float] = {}

    @property
    def refused(self) -> frozenset[Want]:
        """What must not be asked for."""
        return frozenset(self._bad)

    @property
    def cuts(self) -> frozenset[Cut]:
        """Where reads must not go across."""
        return frozenset(self._cuts) | frozenset(self._open)

    def reason(self, want: Want) -> str | None:
        """Say why a value is not asked for, or None when it is."""
        bad = self._bad.get(want)
        return None if bad is None else bad.reason

    def learn(self, block: Block, reason: str, limits: Limits, now_s: float) -> tuple[Block, ...]:
        """Take note that the device refused this read; give what to ask instead, nothing when it held one value only."""
        self.version += 1
        parts = split(block, limits)
        if len(parts) < 2:
            for want in block.wants:
                self._bad[want] = _Bad(reason, now_s + RETRY_AFTER_S)
            return ()
        cut = Cut(block.table, parts[-1].address)
        self._open[cut] = _Search(block.address, block.address + block.size, now_s + RETRY_AFTER_S)
        return parts

    def settle(self) -> None:
        """Say that no search is open: keep only the cuts that nothing else explains."""
        if not self._open:
            return
        self.version += 1
        searches, self._open = self._open, {}
        for cut, search in searches.items():
            if not self._explained(cut, search, searches):
                self._cuts[cut] = search.until_s

    def expire(self, now_s: float) -> None:
        """Forget one thing that was learned a day ago, so that it is tried again: to find it anew takes less than one poll's
        search, where all of them at once would cost their neighbours several polls.
        """
        for want, entry in self._bad.items():
            if entry.until_s <= now_s:
                del self._bad[want]
                self.version += 1
                return
        for cut, until_s in self._cuts.items():
            if until_s <= now_s:
                del self._cuts[cut]
                self.version += 1
                return

    def _explained(self, cut: Cut, search: _Search, searches: dict[Cut, _Search]) -> bool:
        if any(
            bad.table == cut.table and bad.address < search.end and search.start < bad.address + bad.size
            for bad in self._bad
        ):
            return True
        return any(
            other.table == cut.table
            and other != cut
            and search.start <= found.start
            and found.end <= search.end
            and (found.start, found.end) != (search.start, search.end)
            for other, found in searches.items()
        )
