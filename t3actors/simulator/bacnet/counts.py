"""What the simulated BACnet devices have seen, for tests that must know what a gateway really sent."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class BacnetCounts:
    """Totals since the start; `writes` must stay 0 for a gateway that only reads."""

    datagrams: int = 0
    flawed: int = 0  # datagrams, or what they carry, that mean nothing
    who_is: int = 0
    requests: int = 0  # confirmed ones, whole
    answered: int = 0  # APDUs sent in answer, right or distorted
    refused: int = 0  # of them errors, rejects and aborts
    writes: int = 0  # requests that would have changed a device; none was obeyed
    subscribed: int = 0  # COV subscriptions taken or renewed
    cancelled: int = 0
    notifications: int = 0
    unsent: int = 0  # lost because a queue or a socket was full

    def add(self, other: BacnetCounts) -> None:
        """Add another device's totals to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
