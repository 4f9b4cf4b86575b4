"""The requests that are under way directly between the trio loop and a station: their invoke ids, their deadlines, their answers. Pure.

An answer belongs to a request when it comes from the very address and port that was asked, under its invoke id. Ids are 128 to
255, so that they are never confused with bacpypes3's own (application.py: below 128), and rotate by station: a late answer to what
was given up finds nobody, and is counted. A request that is answered in segments is given away: what follows is bacpypes3's.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from t3actors.collect.bacnet.link import frames

Ticket = TypeVar("Ticket")
Address = tuple[str, int]
"""As sockets have it: the IP address, the port."""
FIRST_ID, IDS = 128, 128
STATIONS_REMEMBERED = 4096
SETTLED_AT_LEAST = 64
"""So many deadlines of what is over may wait for their time, or as many as there are of what is not."""


class NotOurs(Enum):
    """Why a frame resolves nothing."""

    LET_PASS = auto()
    """For bacpypes3."""
    LATE = auto()
    """An answer to what is over."""


class UnderWay(Generic[Ticket]):
    """One request."""

    __slots__ = (
        "deadline_s",
        "frame",
        "given_away",
        "invoke_id",
        "is_over",
        "retries",
        "sent_at_s",
        "ticket",
        "timeout_s",
        "to",
    )

    def __init__(
        self, ticket: Ticket, to: Address, invoke_id: int, frame: bytes, timeout_s: float, retries: int, now_s: float
    ) -> None:
        self.ticket = ticket
        self.to = to
        self.invoke_id = invoke_id
        self.frame = frame
        self.timeout_s = timeout_s
        self.retries = retries
        self.sent_at_s = now_s
        self.deadline_s = now_s + timeout_s
        self.is_over = False
        self.given_away = False


class FastLane(Generic[Ticket]):
    """All of them. A ticket is whatever the caller makes of it."""

    def __init__(self, random_id: Callable[[], int]) -> None:
        """`random_id` gives where a station's ids begin, 0 to 127: not where those of an earlier life did."""
        self.late = 0
        """Answers that came twice, or after their time."""
        self._random_id = random_id
        self._under_way: dict[tuple[Address, int], UnderWay[Ticket]] = {}
        self._next_id: dict[Address, int] = {}
        self._deadlines: list[tuple[float, int, UnderWay[Ticket]]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(
        self, ticket: Ticket, to: Address, service: int, data: bytes, *, timeout_s: float, retries: int, now_s: float
    ) -> UnderWay[Ticket] | None:
        """Take up a request, whose frame is to be sent now; None when all ids of the station are in use."""
        invoke_id = self._free_id(to)
        if invoke_id is None:
            return None
        frame = frames.request(service, invoke_id, data)
        one = self._under_way[to, invoke_id] = UnderWay(ticket, to, invoke_id, frame, timeout_s, retries, now_s)
        self._expect(one)
        return one

    def take(self, frame: bytes, source: Address) -> tuple[UnderWay[Ticket], frames.Answer] | NotOurs:
        """Find the request that a frame answers: it is over then, or given away when its answer comes in segments."""
        answer = frames.answer(frame)
        if answer is None or answer.invoke_id < FIRST_ID:
            return NotOurs.LET_PASS
        one = self._under_way.get((source, answer.invoke_id))
        if one is None:
            self.late += 1
            return NotOurs.LATE
        if one.given_away:
            return NotOurs.LET_PASS
        if answer.kind is frames.Kind.SEGMENT:
            one.given_away = True
        else:
            self.end(one)
        return one, answer

    def due(self, now_s: float) -> list[UnderWay[Ticket]]:
        """Give the requests whose time is up: each is to be sent `again`, or its `end` has come."""
        found = []
        while self._deadlines and (self._deadlines[0][0] <= now_s or _is_settled(self._deadlines[0][2])):
            _, _, one = heappop(self._deadlines)
            if not _is_settled(one):
                found.append(one)
        return found

    def again(self, one: UnderWay[Ticket], now_s: float) -> None:
        """Count a retry, whose frame is to be sent now: the same as before (5.4.4.2: under the same invoke id)."""
        one.retries -= 1
        one.deadline_s = now_s + one.timeout_s
        self._expect(one)

    def end(self, one: UnderWay[Ticket]) -> None:
        """It is over; its id is free."""
        one.is_over = True
        self._under_way.pop((one.to, one.invoke_id), None)

    def wake_at_s(self) -> float:
        """Say when time is up for the next."""
        while self._deadlines and _is_settled(self._deadlines[0][2]):
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else float("inf")

    def drain(self) -> list[Ticket]:
        """End all; those that were given away too, but they are not given."""
        left = list(self._under_way.values())
        for one in left:
            one.is_over = True
        self._under_way.clear()
        self._deadlines.clear()
        return [one.ticket for one in left if not one.given_away]

    def _expect(self, one: UnderWay[Ticket]) -> None:
        self._count += 1
        heappush(self._deadlines, (one.deadline_s, self._count, one))
        if len(self._deadlines) > 2 * len(self._under_way) + SETTLED_AT_LEAST:
            self._forget_settled()

    def _forget_settled(self) -> None:
        """Let go of the deadlines of what is over: at a thousand requests a second and a long time-out they are thousands, each with all
        that it was asked for."""
        self._deadlines = [entry for entry in self._deadlines if not _is_settled(entry[2])]
        heapify(self._deadlines)

    def _free_id(self, to: Address) -> int | None:
        start = self._next_id.get(to)
        if start is None:
            if len(self._next_id) >= STATIONS_REMEMBERED:
                self._next_id.clear()
            start = self._random_id()
        for step in range(IDS):
            number = (start + step) % IDS
            if (to, FIRST_ID + number) not in self._under_way:
                self._next_id[to] = (number + 1) % IDS
                return FIRST_ID + number
        return None


def _is_settled(one: UnderWay[Ticket]) -> bool:
    return one.is_over or one.given_away
