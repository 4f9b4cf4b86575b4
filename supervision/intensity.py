"""How many restarts are too many: a sliding window over the loop's monotonic clock. Pure.

A wait that the supervisor imposed itself (back-off, spacing) does not age the restarts of the child that waited:
otherwise a long back-off would hide a child that never comes up from its limit for ever. Other children's restarts age
as usual, so rare crashes never add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from supervision.errors import BadSpec


@dataclass(frozen=True, slots=True)
class Intensity:
    """Allow `restarts`, and `restarts_per_child` more for each child in the table, within `period_s`."""

    restarts: int = 5
    period_s: float = 60.0
    restarts_per_child: int = 0

    def __post_init__(self) -> None:
        for name, count in (("restarts", self.restarts), ("restarts_per_child", self.restarts_per_child)):
            if type(count) is not int or count < 0:
                raise BadSpec(f"intensity {name} is {count!r}; it must be a whole number, 0 or more")
        if not 0 < self.period_s < math.inf:
            raise BadSpec(f"intensity period_s is {self.period_s!r}; it must be more than 0, and finite")

    def allowed(self, children: int) -> int:
        """Return how many restarts a supervisor of so many children may make within the period."""
        return self.restarts + self.restarts_per_child * children


class RestartWindow:
    """The restarts of one supervisor that are young enough to count. Bounded by the limit plus one."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._restarts: list[tuple[str, float]] = []

    def add(self, child: str, now_s: float) -> int:
        """Count one restart of a child. **Returns**: how many now lie within the period, this one included."""
        self._restarts = [(name, at_s) for name, at_s in self._restarts if now_s - at_s <= self._period_s]
        self._restarts.append((child, now_s))
        return len(self._restarts)

    def excuse(self, child: str, waited_s: float) -> None:
        """Do not let a wait that was imposed on a child age its restarts."""
        self._restarts = [(name, at_s + waited_s if name == child else at_s) for name, at_s in self._restarts]
