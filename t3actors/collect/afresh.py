"""Has a device read anew after a time in which the gateway itself did not run. Pure but for its look at the pauses.

What was due meanwhile is not made up for. Everything is read once, soon, each device at a moment of its own, so that all of them are
no burst; what was asked before the pause and is answered behind it is not believed: nobody knows how long the answer has lain there.
Kept by whoever asks the device. Thread: the trio loop.
"""

from __future__ import annotations

import math

from t3actors.collect.life import Life
from t3actors.collect.schedule import PollPlan
from t3actors.pauses import Pauses

WITHIN_S = 10.0
"""All devices are read anew within so long, or their interval."""
MET_AGAIN_AFTER_S = 60.0
"""So long a pause may have seen another device come to the address, and the end of what it was asked to tell of itself."""
PAUSED = "the gateway itself stood still meanwhile"


class Afresh:
    """One device's. `due_s`: when everything is to be read anew (monotonic); infinity when it need not be."""

    def __init__(self, pauses: Pauses, phase: float) -> None:
        self.due_s = math.inf
        self._pauses = pauses
        self._phase = phase
        self._away = pauses.away

    @property
    def is_called_for(self) -> bool:
        """Whether the gateway stood still since `begin`: whatever is on its way is of before."""
        return self._pauses.look() is not self._away

    @property
    def waits(self) -> bool:
        """Whether everything is yet to be read anew."""
        return self.due_s < math.inf or self.is_called_for

    def begin(self, life: Life, plan: PollPlan, now_s: float) -> tuple[float, bool]:
        """Put the device's times right. **Returns**: how long the loop's clock went on over the pause, and whether to meet it anew."""
        was, self._away = self._away, self._pauses.away
        stood_s = self._away.stood_s - was.stood_s
        life.was_away(stood_s)
        plan.skip_overrun(now_s)
        self.due_s = now_s + self._phase * min(plan.shortest_s, WITHIN_S)
        if life.outage is not None:
            life.outage.retry_at_s = min(life.outage.retry_at_s, self.due_s)
        return stood_s, self._away.lasted_s - was.lasted_s >= MET_AGAIN_AFTER_S

    def done(self) -> None:
        """Everything is being read."""
        self.due_s = math.inf
