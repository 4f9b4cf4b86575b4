"""What is asked for together, and one round of asking: what waits, what came, what was refused. asking.py sends it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from t3actors.collect.bacnet.codec.denials import Denial
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Undecodable
from t3actors.collect.bacnet.limits import Limits
from t3actors.collect.bacnet.planning import Key, Planned, Request, Room, halves, one_by_one, plan, prepared
from t3actors.collect.bacnet.sizes import Seen, Want
from t3actors.errors import BadResponse


class Gathered(NamedTuple):
    """What came, errors of single properties among it; and why the rest did not, by property."""

    results: list[Result]
    failures: dict[Key, str]
    came: Sequence[tuple[float, Request]] = ()
    """When which request was answered, the first first (`today_s`)."""


class Asked:
    """Properties that are asked for together, now or at every poll, and how they were planned last."""

    __slots__ = ("_planned_by", "_refused", "_requests", "wants")

    def __init__(self, wants: Iterable[Want]) -> None:
        self.wants = tuple(wants)
        self._planned_by: tuple[Room, frozenset[Key], int] | None = None
        self._requests: tuple[Request, ...] = ()
        self._refused: frozenset[tuple[Key, ...]] = frozenset()

    def requests(self, room: Room, spoilers: frozenset[Key], seen: Seen) -> tuple[Request, ...]:
        """Give the requests that fit this room; `spoilers` each by itself, after the others."""
        if (room, spoilers, seen.version) != self._planned_by:
            self._planned_by = room, spoilers, seen.version
            wants = seen.fitted(self.wants)
            together = [want for want in wants if want[:4] not in spoilers]
            alone = [want for want in wants if want[:4] in spoilers]
            self._requests = prepared((*plan(together, room), *one_by_one(alone)))
        return self._requests

    @property
    def has_refused(self) -> bool:
        """Whether a request was refused and halved in the last poll."""
        return bool(self._refused)

    def halved(self, refused: Iterable[Request]) -> None:
        """Note which requests were refused and halved in this poll; those that were so in the last one too are halved for good."""
        keys = frozenset(each.keys for each in refused)
        again = keys & self._refused
        self._refused = keys
        if again:
            parts = ((halves(each.planned) if each.keys in again else (each.planned,)) for each in self._requests)
            self._requests = prepared(part for several in parts for part in several)


class Round:
    """One poll's requests as they go."""

    def __init__(self, requests: tuple[Request, ...], begin_with: int, seen: Seen) -> None:
        start = begin_with % len(requests) if requests else 0
        self.work = deque((*requests[start:], *requests[:start]))
        self._came: list[tuple[float, Request]] = []
        self.gathered = Gathered([], {}, self._came)
        self.answered = self.missing = False
        self.refusals = 0
        """In a row, before anything came."""
        self.last_refusal = ""
        self.nonsense: list[BadResponse] = []
        self.shrunk = 0
        self.suspects: dict[Key, Denial | None] = {}
        """Which properties may have spoiled the answer of others, and what was said instead of that answer."""
        self.halved: list[tuple[Request, Denial | None]] = []
        self.unblamed: Limits | None = None
        """The limits before an error about the whole of a request was taken for a refusal of its size."""
        self._seen = seen
        self._put_off: set[tuple[Key, ...]] = set()

    def take(self, request: Request, results: list[Result], came_s: float) -> None:
        self.answered = True
        self._came.append((came_s, request))
        self.gathered.results.extend(results)
        if len(results) < len(request.keys):
            came = {result[:4] for result in results}
            self.gathered.failures.update((key, "not in the answer") for key in request.keys if key not in came)

    def fail(self, request: Request, reason: str) -> None:
        self.gathered.failures.update(dict.fromkeys(request.keys, reason))

    def is_refused(self, reason: str, had_worked: bool) -> None:
        """Count refusals of what had worked, until the first answer."""
        self.last_refusal = reason
        if not self.gathered.results and (had_worked or self.refusals):
            self.refusals += 1

    def give_up(self) -> None:
        """The device refuses whatever is asked: all that is left fails for the same reason."""
        for request in self.work:
            self.fail(request, self.last_refusal)
        self.work.clear()

    def instead(self, parts: tuple[Planned, ...]) -> None:
        self.work.extendleft(reversed(prepared(parts)))

    def plan_again(self, refused: Iterable[Want], room: Room) -> None:
        """Plan anew what a refused request would have held, and those that wait."""
        waiting = [each.planned.wants for each in self.work if not each.planned.alone]
        alone = [each for each in self.work if each.planned.alone]
        wants = self._seen.fitted(want for part in (refused, *waiting) for want in part)
        self.work = deque((*prepared(plan(wants, room)), *alone))

    def put_off(self, request: Request) -> bool:
        """Ask a busy device again at the end of the round; once."""
        if request.keys in self._put_off:
            return False
        self._put_off.add(request.keys)
        self.work.append(request)
        return True


def unusable(answer: Answer) -> bool:
    """Say whether nothing came of a property but a reason."""
    return isinstance(answer, PropertyError | Undecodable)
