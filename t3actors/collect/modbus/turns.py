"""Whose turn is next on a shared connection. Pure but for the event that wakes the asker; `now_s` is an argument.

Units take turns in the order they asked. A unit whose last request was not answered lets the others go first, so that the probes of
any number of dead units never make a living one wait for more than one time-out; but it waits no longer than `SILENT_WAIT_S`, and
then one living unit goes between two of its kind, so that neither starves.
"""

from __future__ import annotations

import math
from collections import deque

import msgspec
import trio

from t3actors.errors import DriverError

SILENT_WAIT_S = 5.0


class ReadRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask for `count` registers or bits; the time-out runs from when it is sent, not from when it is asked.

    It is not sent any more after `turn_by_s`, on the loop's clock; so no queue grows, and no asker waits without end.
    """

    unit_id: int
    function: int
    address: int
    count: int
    timeout_s: float
    turn_by_s: float = math.inf


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Registers or bits, and the number of the connection they came over: another number may be another device."""

    words: list[int]
    connection_no: int


class Turn:
    """One request that waits for its turn, and its asker."""

    def __init__(self, request: ReadRequest, asked_at_s: float) -> None:
        self.request = request
        self.asked_at_s = asked_at_s
        self.is_wanted = True
        self._over = trio.Event()
        self._answer: Answer | DriverError | ValueError | None = None

    async def answer(self) -> Answer:
        """Wait for it. An asker that is cancelled wants it no more. **Raises**: DriverError, ValueError."""
        try:
            await self._over.wait()
        finally:
            self.is_wanted = False
        if isinstance(self._answer, Answer):
            return self._answer
        assert self._answer is not None  # noqa: S101 - `end` sets it before the event
        raise self._answer

    def end(self, answer: Answer | DriverError | ValueError) -> None:
        """Wake the asker."""
        self._answer = answer
        self._over.set()


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
