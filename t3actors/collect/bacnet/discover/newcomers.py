"""Found devices that are polled but were never met: at most so many, for so long. Pure: `now_s` is given.

Whoever says I-Am is anybody; only who answers a request is a device. One that never does costs requests and a place, so it goes
after some hours; sooner where others wait for its place. It is found again when it is heard again.
"""

from __future__ import annotations

from collections.abc import Collection

from t3actors.collect.bacnet.discover.sightings import Claim

MOST_UNMET = 300
UNMET_FOR_S = 6 * 3600.0
UNMET_WHILE_OTHERS_WAIT_S = 600.0


class Newcomers:
    """Bounded by MOST_UNMET, as long as `has_room` is looked at first."""

    def __init__(self, most: int = MOST_UNMET) -> None:
        self._most = most
        self._since: dict[str, tuple[Claim, float]] = {}

    def __len__(self) -> int:
        return len(self._since)

    @property
    def has_room(self) -> bool:
        """Whether one more may be tried."""
        return len(self._since) < self._most

    def tried(self, claim: Claim, now_s: float) -> None:
        """It is polled from now on."""
        self._since.setdefault(claim.name, (claim, now_s))

    def met(self, names: Collection[str]) -> list[Claim]:
        """Of these it is known that they were met: let them go, and give those who were newcomers."""
        return [self._since.pop(name)[0] for name in list(self._since) if name in names]

    def overdue(self, now_s: float, *, others_wait: bool) -> list[Claim]:
        """Give those who had their chance, the earliest first."""
        limit_s = UNMET_WHILE_OTHERS_WAIT_S if others_wait and not self.has_room else UNMET_FOR_S
        return [claim for claim, since_s in self._since.values() if now_s - since_s >= limit_s]

    def gone(self, claim: Claim) -> None:
        """It is not polled any more."""
        self._since.pop(claim.name, None)
