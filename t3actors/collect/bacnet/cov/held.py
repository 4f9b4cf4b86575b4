"""One device's subscriptions that are held, by point and by process id, and those that are still to be taken back. Pure."""

from __future__ import annotations

from t3actors.collect.bacnet.cov.leaving import Owed
from t3actors.collect.bacnet.cov.standing import Standing


class Held:
    """Bounded by `cov_max`, and what is owed by the tries to take it back."""

    def __init__(self) -> None:
        self.by_name: dict[str, Standing] = {}
        self.by_process: dict[int, Standing] = {}
        self.owed: dict[int, Owed] = {}
        """What is to be cancelled, by process id."""
        self.modes: frozenset[str] = frozenset()
        """The points in mode cov: the same object while nothing has changed."""

    def __len__(self) -> int:
        return len(self.by_name)

    def add(self, name: str, standing: Standing) -> None:
        """Hold it from now on."""
        self.by_name[name] = self.by_process[standing.process_id] = standing

    def end(self, name: str) -> None:
        """Have it no more; the device is told in a piece of its own, also where it refused: the link is to forget it too."""
        standing = self.by_name.pop(name)
        del self.by_process[standing.process_id]
        self._owe(standing)
        self.update_modes()

    def take_all(self, now_s: float) -> dict[int, Owed]:
        """Hold nothing any more. **Returns**: what is to be taken back, but for what has run out."""
        for standing in self.by_name.values():
            self._owe(standing)
        owed = {name: each for name, each in self.owed.items() if each.ends_s is None or each.ends_s > now_s}
        self.by_name, self.by_process, self.owed = {}, {}, {}
        self.update_modes()
        return owed

    def update_modes(self) -> None:
        """See anew which points are in mode cov."""
        modes = frozenset(name for name, each in self.by_name.items() if each.told is not None)
        self.modes = self.modes if modes == self.modes else modes

    def _owe(self, standing: Standing) -> None:
        self.owed[standing.process_id] = Owed(standing.item.object, standing.stands_until_s)
