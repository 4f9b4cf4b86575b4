"""How long to wait before the next attempt: exponential, capped, with jitter. Pure; devices use it too."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from supervision.errors import BadSpec


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of initial_s, initial_s * factor, initial_s * factor ** 2 ..., never above cap_s.

    `jitter` is the share by which a wait may be longer or shorter, so that many that fail together do not come back
    together. All zero is legal and means: at once.
    """

    initial_s: float = 0.1
    factor: float = 2.0
    cap_s: float = 30.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.initial_s < math.inf:
            raise BadSpec(f"backoff initial_s is {self.initial_s!r}; it must be 0 or more, and finite")
        if not 1 <= self.factor < math.inf:
            raise BadSpec(f"backoff factor is {self.factor!r}; it must be 1 or more, and finite")
        if not self.initial_s <= self.cap_s < math.inf:
            raise BadSpec(
                f"backoff cap_s is {self.cap_s!r}; it must be finite and at least initial_s, {self.initial_s!r}"
            )
        if not 0 <= self.jitter <= 1:
            raise BadSpec(f"backoff jitter is {self.jitter!r}; it must be between 0 and 1")

    def delay_s(self, attempt: int, random: Callable[[], float]) -> float:
        """Return the wait before an attempt. `attempt` counts from 1; `random` returns a number from 0 up to 1."""
        plain_s = self._plain_s(max(attempt, 1) - 1)
        return min(plain_s * (1 + self.jitter * (2 * random() - 1)), self.cap_s)

    def _plain_s(self, doublings: int) -> float:
        if self.initial_s == 0:
            return 0.0
        try:
            return float(min(self.initial_s * self.factor**doublings, self.cap_s))
        except OverflowError:  # long before the attempt counter ends
            return self.cap_s
