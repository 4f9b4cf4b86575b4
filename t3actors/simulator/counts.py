"""What a simulated listener has seen, for tests that must know what a gateway really sent."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counts:
    """Totals since the start; `writes` must stay 0 for a gateway that only reads."""

    connections: int = 0
    turned_away: int = 0  # connections closed at once, because one client is all it takes
    requests: int = 0
    answered: int = 0  # with data or an exception, right or distorted
    exceptions: int = 0
    writes: int = 0  # requests that would have changed a device; none was obeyed
    flawed: int = 0  # streams closed because of a header that is none

    def add(self, other: Counts) -> None:
        """Add another listener's totals to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
