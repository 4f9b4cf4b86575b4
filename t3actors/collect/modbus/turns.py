"""Whose turn is next on a shared connection. Pure: `now_s` is an argument.

Units take turns in the order they asked. A unit whose last request was not answered lets the others go first, so that the probes of
any number of dead units never make a living one wait for more than one time-out; but it waits no longer than `SILENT_WAIT_S`, and
then one living unit goes between two of its kind, so that neither starves.
"""

from __future__ import annotations

from collections import deque

from t3actors.collect.modbus.requests import Turn

SILENT_WAIT_S = 5.0


class Turns:
    """The requests that wait. Bounded by the devices of the address: each has one at a time."""

    def __init__(self) -> None:
        self._waiting: deque[Turn] = deque()
        self._silent: set[int] = set()
        self._last_was_silent = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, turn: Turn) -> None:
        """Queue a request."""
        self._waiting.append(turn)

    def answered(self, unit_id: int) -> None:
        """This unit lives."""
        self._silent.discard(unit_id)

    def unanswered(self, unit_id: int) -> None:
        """This unit let a request time out."""
        self._silent.add(unit_id)

    def take(self, now_s: float) -> Turn | None:
        """Take the next turn; None when nobody waits."""
        turn = self._next(now_s)
        if turn is not None:
            self._waiting.remove(turn)
            self._last_was_silent = turn.request.unit_id in self._silent
        return turn

    def take_all(self) -> list[Turn]:
        """Take everybody: the link is over."""
        everybody = list(self._waiting)
        self._waiting.clear()
        return everybody

    def _next(self, now_s: float) -> Turn | None:
        while self._waiting and not self._waiting[0].is_wanted:
            self._waiting.popleft()
        living = silent = None
        for turn in self._waiting:
            if turn.request.unit_id in self._silent:
                silent = silent or turn
            else:
                living = turn
                break
        if silent is None or living is None:
            return living or silent
        is_overdue = now_s - silent.asked_at_s >= SILENT_WAIT_S
        return silent if is_overdue and not self._last_was_silent else living
