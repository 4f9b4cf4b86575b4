"""Which Who-Is goes out when: ranges of instances one after another, never more than so many a second. Pure: `now_s` is given.

A *sweep* asks every slice of the range. A slice that brought somebody new is asked again in the same sweep, until it brings nobody
new: an answer may have been lost. Where a repeated question did bring somebody new, frames are being lost, and every slice is asked
at least ASKED_WHEN_LOSSY times. A slice that brought a burst, or answers that were dropped, is cut where those that answered lie, so
that next time each part brings fewer. A single station is asked until it answers, a few times.

The first round is `rounds` sweeps; after it, one sweep after ever longer pauses. A question that could not be sent waits its turn again.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from t3actors.stations import Station, destination

HIGHEST = 4_194_303  # ANSI/ASHRAE 135, 16.10.1.1
CUTS = (1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 2_500_000)
"""Where the whole range is cut at first: low instances are the commonest by far."""
BURST = 100  # answers to one question
MOST_SLICES = 128
ASKED_AT_MOST = 6  # in one sweep
ASKED_WHEN_LOSSY = 3
STATION_ASKED_AT_MOST = 3
FAILURES_BEARABLE = 3  # of one slice in a sweep in which others could be asked
INSTANCES_KEPT = 10_000
RETRY_S = (0.25, 30.0)
PAUSES_S = (600.0, 3600.0)


class Question(msgspec.Struct, frozen=True):
    """One Who-Is."""

    low: int
    high: int
    destination: str


@dataclass(slots=True, eq=False)
class _Slice:
    question: Question
    to: Station
    asked_before: int = 0
    asked: int = 0
    asked_at_s: float = 0.0
    answers: int = 0
    brought_new: bool = False
    dropped: bool = False
    answered: bool = False
    failures: int = 0

    @property
    def is_station(self) -> bool:
        return bool(self.to.mac)


class Sweeps:
    """Use: `next`; then `sent` or `failed`; `heard` for each I-Am; again at `wake_at_s`."""

    def __init__(
        self,
        destinations: Iterable[str],
        limits: tuple[int, int] | None,
        *,
        rate_per_s: float,
        first_at_s: float,
        settle_s: float = 5.0,
        rounds: int = 3,
        port: int = 47808,
    ) -> None:
        """`settle_s`: how long an answer may take. `rounds`: sweeps without a pause between them. **Raises**: ValueError."""
        low, high = limits or (0, HIGHEST)
        if not 0 <= low <= high <= HIGHEST or not rate_per_s > 0:
            raise ValueError(f"saw {low} to {high} at {rate_per_s} a second; allowed: 0 to {HIGHEST}, at more than 0")
        self.sweeps_done = 0
        self.asked = 0
        """Questions sent."""
        self.wake_at_s = first_at_s
        self.last_sent_s = first_at_s
        self._gap_s = 1.0 / rate_per_s
        self._settle_s = settle_s
        self._rounds = rounds
        self._free_at_s = first_at_s
        self._failures = 0
        self._was_sent = self._is_lossy = self._saw_loss = False
        self._instances: list[int] = []
        self._slices = [_Slice(one, destination(one.destination, port)) for one in _questions(destinations, low, high)]
        self._due = deque(self._slices)
        self._settling: deque[_Slice] = deque()

    # -- what to send

    def next(self, now_s: float) -> Question | None:
        """Give the question to send now, None when there is none before `wake_at_s`."""
        while self._settling and self._settling[0].asked_at_s + self._settle_s <= now_s:
            self._settle(self._settling.popleft())
        if not self._due and not self._settling and now_s >= self._free_at_s:
            self._begin_anew(now_s)
        if self._due and now_s >= self._free_at_s:
            return self._due[0].question
        settled_s = self._settling[0].asked_at_s + self._settle_s if self._settling else math.inf
        self.wake_at_s = min(settled_s, self._free_at_s) if self._due else settled_s
        if not self._due and not self._settling:
            self.wake_at_s = self._free_at_s
        return None

    def sent(self, now_s: float) -> None:
        """The question that `next` gave went out; `now_s` is when it had gone."""
        one = self._due.popleft()
        one.asked += 1
        one.asked_at_s = self.last_sent_s = now_s
        one.answers, one.brought_new, one.dropped, one.failures = 0, False, False, 0
        self._settling.append(one)
        self._free_at_s = now_s + self._gap_s
        self._was_sent, self._failures = True, 0
        self.asked += 1

    def failed(self, now_s: float) -> None:
        """It could not be sent: ask it later, and others meanwhile."""
        one = self._due.popleft()
        one.failures += 1
        self._failures += 1
        pause_s = min(RETRY_S[0] * 2 ** min(self._failures - 1, 16), RETRY_S[1])
        self._free_at_s = now_s + max(self._gap_s, pause_s)
        if not self._was_sent or one.failures < FAILURES_BEARABLE:
            self._due.append(one)

    # -- what came

    def heard(self, at: Station, instance: int, *, is_new: bool) -> None:
        """Somebody said I-Am."""
        if is_new and len(self._instances) < INSTANCES_KEPT:
            insort(self._instances, instance)
        for one in self._slices:
            if one.is_station:
                one.answered |= one.to == at
            elif one.question.low <= instance <= one.question.high:
                one.answers += 1
                if is_new:
                    one.brought_new = True
                    self._saw_loss |= one.asked_before + one.asked >= 2

    def dropped(self) -> None:
        """Answers came faster than they could be taken."""
        for one in self._settling:
            one.dropped = True

    # -- inside

    def _settle(self, one: _Slice) -> None:
        if one.is_station:
            if not one.answered and one.asked < STATION_ASKED_AT_MOST:
                self._due.append(one)
            return
        least = ASKED_WHEN_LOSSY if self._is_lossy or self._saw_loss else 1
        wants_more = one.asked < ASKED_AT_MOST and (one.brought_new or one.asked < least)
        parts = self._split(one) if one.dropped or one.answers > BURST else [one]
        if wants_more:
            self._due.extend(parts)

    def _split(self, one: _Slice) -> list[_Slice]:
        low, high = one.question.low, one.question.high
        known = self._instances[bisect_left(self._instances, low) : bisect_right(self._instances, high)]
        parts = min(max(2, math.ceil(2 * one.answers / BURST)), MOST_SLICES - len(self._slices) + 1)
        if parts < 2 or low == high:
            return [one]
        cuts = {known[len(known) * part // parts] for part in range(1, parts)} if known else set()
        cuts = {cut for cut in cuts if low < cut <= high} or {(low + high + 1) // 2}
        bounds = [low, *sorted(cuts), high + 1]
        made = [
            _Slice(
                Question(start, end - 1, one.question.destination), one.to, one.asked_before, one.asked, one.asked_at_s
            )
            for start, end in pairwise(bounds)
        ]
        place = self._slices.index(one)
        self._slices[place : place + 1] = made
        return made

    def _begin_anew(self, now_s: float) -> None:
        """One sweep is over and the next begins, now or after a pause."""
        if self._was_sent:
            self.sweeps_done += 1
            pauses = self.sweeps_done - self._rounds
            if pauses >= 0:
                self._free_at_s = now_s + min(PAUSES_S[0] * 2 ** min(pauses, 16), PAUSES_S[1])
        self._is_lossy, self._saw_loss, self._was_sent = self._saw_loss, False, False
        for one in self._slices:
            one.asked_before += one.asked
            one.asked = one.failures = 0
            one.answered = False
        self._due = deque(self._slices)


def _questions(destinations: Iterable[str], low: int, high: int) -> list[Question]:
    questions = []
    for one in destinations:
        cuts = [cut for cut in CUTS if low < cut <= high] if "*" in one else []
        bounds = [low, *cuts, high + 1]
        questions += [Question(start, end - 1, one) for start, end in pairwise(bounds)]
    return questions
