"""The ways a T3000 and its web server misbehave: pure data, refused when wrong. Which panels are offline is not one: installation.py."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

LONGEST_DELAY_S = 3600.0


class FaultKind(StrEnum):
    """What goes wrong."""

    NONE = "none"
    SLOW = "slow"  # the right answer, `delay_s` late; everybody else waits with it, as at T3000
    HANG = "hang"  # no answer until the fault is changed; everybody else waits
    DROP = "drop"  # the connection is closed on a request
    DROP_MIDWAY = "drop_midway"  # half of the answer, then the connection is closed
    STATUS_500 = "status_500"  # the function returned an error code
    NOT_READY = "not_ready"  # T3000 is starting: the function returned -2
    WARMUP = "warmup"  # likewise, in the web server's own words, with status 200
    BUSY = "busy"  # others hold T3000 for too long
    OFFLINE = "offline"  # "Panel is offline ." for every panel
    TRUNCATED = "truncated"  # the function's text is cut off, so the web server passes it on as text
    GARBAGE = "garbage"  # no HTTP


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. **Raises**: ValueError for a delay that is no time."""

    kind: FaultKind
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.delay_s) or not 0 <= self.delay_s <= LONGEST_DELAY_S:
            raise ValueError(f"delay_s: saw {self.delay_s!r}, allowed is 0 to {LONGEST_DELAY_S:.0f} seconds")


NO_FAULT = Fault(FaultKind.NONE)
