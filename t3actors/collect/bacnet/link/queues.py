"""Whose turn it is: bounded, fair, and no harder on a slow trunk than it bears. Pure: `now_s` is an argument.

A lane is a network: our own, or one behind a router. Within a lane the stations take turns, a station has at most `per_peer`
requests outstanding, and a trunk rests after each request so that we take no more than `busy_limit` of its time. Lanes do not
wait for each other. Requests of one station keep their order.

What can wait (`background`: names, descriptions, rare objects) goes when nothing else of its lane can, so that naming a big
device delays no poll by more than the one request that is under way; and never fills more than half of all there may be under
way. It does not starve: after PASSED_OVER_AT_MOST others in a row one of it has its turn.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from t3actors.config import BacnetNetwork

Ticket = TypeVar("Ticket")
IN_FLIGHT = 64  # anywhere; an invoke id has 256 values
WAITING_PER_PEER = 64
WAITING = 8192
POLLS, BACKGROUND = 0, 1  # urgencies
PASSED_OVER_AT_MOST = 16
SILENCE_COSTS_S = (
    0.3  # of a trunk's time: its router waits 255 ms for a station's reply (ANSI/ASHRAE 135, 9.5.3), not our time-out
)


class QueueFull(Exception):
    """More wait than can be served; the text says where."""


class _Peer(Generic[Ticket]):
    """A station: what waits for it, by urgency, and where it is listed for a turn."""

    def __init__(self, at: tuple[int | None, str], lane: _Lane[Ticket]) -> None:
        self.at = at
        self.lane = lane
        self.waiting: tuple[deque[Ticket], deque[Ticket]] = (deque(), deque())
        self.in_flight = 0
        self.listed = [False, False]

    @property
    def count(self) -> int:
        return len(self.waiting[POLLS]) + len(self.waiting[BACKGROUND])


class _Lane(Generic[Ticket]):
    """A network, its stations that have a turn coming, and its slots: free ones, and when those that rest are free again."""

    def __init__(self, slots: int, busy_limit: float, min_gap_s: float) -> None:
        self.slots = slots
        self.busy_limit = busy_limit
        self.min_gap_s = min_gap_s
        self.ready: tuple[deque[_Peer[Ticket]], deque[_Peer[Ticket]]] = (deque(), deque())
        self.passed_over = 0
        self.resting_until_s: list[float] = []

    def wake(self, now_s: float) -> None:
        while self.resting_until_s and self.resting_until_s[0] <= now_s:
            heapq.heappop(self.resting_until_s)
            self.slots += 1

    def release(self, now_s: float, took_s: float) -> None:
        rest_s = max(self.min_gap_s, took_s * (1.0 - self.busy_limit) / self.busy_limit)
        if rest_s > 0:
            heapq.heappush(self.resting_until_s, now_s + rest_s)
        else:
            self.slots += 1


class Queues(Generic[Ticket]):
    """All requests that wait or are under way. A ticket is whatever the caller makes of it."""

    def __init__(self, networks: Iterable[BacnetNetwork] = (), per_peer: int = 1, in_flight: int = IN_FLIGHT) -> None:
        self._limits = {network.number: network for network in networks}
        self._per_peer = per_peer
        self._free = in_flight
        self._free_for_background = max(1, in_flight // 2)
        self._lanes: dict[int | None, _Lane[Ticket]] = {}
        self._peers: dict[tuple[int | None, str], _Peer[Ticket]] = {}
        self._turns: deque[_Lane[Ticket]] = deque()
        self.waiting = 0

    def offer(self, ticket: Ticket, network: int | None, peer: str, *, background: bool = False) -> None:
        """Put a request in line. **Raises**: QueueFull."""
        there = self._peers.get((network, peer))
        if self.waiting >= WAITING or (there is not None and there.count >= WAITING_PER_PEER):
            raise QueueFull(f"{peer}: {self.waiting if there is None else there.count} requests wait already")
        if there is None:
            there = self._peers[network, peer] = _Peer((network, peer), self._lane(network))
        there.waiting[background].append(ticket)
        self.waiting += 1
        self._list(there)

    def next(self, now_s: float) -> Ticket | None:
        """Give the request whose turn it is, and count it as under way; None when none may go now."""
        if not self._free or not self.waiting:
            return None
        for _ in range(len(self._turns)):
            lane = self._turns[0]
            self._turns.rotate(-1)
            lane.wake(now_s)
            urgencies = (BACKGROUND, POLLS) if lane.passed_over >= PASSED_OVER_AT_MOST else (POLLS, BACKGROUND)
            for urgency in urgencies if lane.slots else ():
                peer = self._ready(lane, urgency)
                if peer is not None:
                    return self._start(peer, urgency)
        return None

    def over(
        self, network: int | None, peer: str, now_s: float, took_s: float, *, answered: bool, background: bool = False
    ) -> None:
        """A request that `next` gave is over: its slot rests, then is free. `background` as it was offered."""
        there = self._peers[network, peer]
        there.lane.release(now_s, took_s if answered else min(took_s, SILENCE_COSTS_S))
        self._give_back(there, background=background)

    def again(
        self, ticket: Ticket, network: int | None, peer: str, now_s: float, took_s: float, *, background: bool = False
    ) -> None:
        """A request that `next` gave was not answered: it is the first of its station's again, whose turn comes after the others'."""
        self._peers[network, peer].waiting[background].appendleft(ticket)
        self.waiting += 1
        self.over(network, peer, now_s, took_s, answered=False, background=background)

    def unsent(self, network: int | None, peer: str, *, background: bool = False) -> None:
        """A request that `next` gave was not sent after all: its slot needs no rest."""
        there = self._peers[network, peer]
        there.lane.slots += 1
        self._give_back(there, background=background)

    def withdraw(self, ticket: Ticket, network: int | None, peer: str, *, background: bool = False) -> bool:
        """Take a request out of the line; False when it does not stand there. Its station's turn still comes, for the next."""
        there = self._peers.get((network, peer))
        if there is None or ticket not in there.waiting[background]:
            return False
        there.waiting[background].remove(ticket)
        self.waiting -= 1
        return True

    def wake_at_s(self) -> float | None:
        """Say when a resting slot will let someone go; None when nobody waits for one."""
        if not self._free:
            return None
        times = [lane.resting_until_s[0] for lane in self._turns if any(lane.ready) and lane.resting_until_s]
        return min(times, default=None)

    def drain(self) -> list[Ticket]:
        """Take back everything that waits."""
        left = [ticket for peer in self._peers.values() for line in peer.waiting for ticket in line]
        for peer in self._peers.values():
            for line in peer.waiting:
                line.clear()
        self.waiting = 0
        return left

    def _give_back(self, there: _Peer[Ticket], *, background: bool) -> None:
        there.in_flight -= 1
        self._free += 1
        self._free_for_background += background
        self._list(there)
        self._forget_idle(there)

    def _ready(self, lane: _Lane[Ticket], urgency: int) -> _Peer[Ticket] | None:
        """Take the next station of the lane that has such a request and may have it under way."""
        ready = lane.ready[urgency]
        if urgency == BACKGROUND and not self._free_for_background:
            return None
        while ready:
            peer = ready.popleft()
            peer.listed[urgency] = False
            if peer.waiting[urgency] and peer.in_flight < self._per_peer:
                return peer
            self._forget_idle(peer)
        return None

    def _start(self, peer: _Peer[Ticket], urgency: int) -> Ticket:
        lane = peer.lane
        lane.slots -= 1
        self._free -= 1
        peer.in_flight += 1
        self.waiting -= 1
        ticket = peer.waiting[urgency].popleft()
        self._list(peer)
        if urgency == BACKGROUND:
            self._free_for_background -= 1
            lane.passed_over = 0
        elif lane.ready[BACKGROUND]:
            lane.passed_over += 1
        return ticket

    def _list(self, peer: _Peer[Ticket]) -> None:
        if peer.in_flight >= self._per_peer:
            return
        for urgency in (POLLS, BACKGROUND):
            if peer.waiting[urgency] and not peer.listed[urgency]:
                peer.listed[urgency] = True
                peer.lane.ready[urgency].append(peer)

    def _lane(self, network: int | None) -> _Lane[Ticket]:
        lane = self._lanes.get(network)
        if lane is None:
            if network is None:
                lane = _Lane(IN_FLIGHT, 1.0, 0.0)
            else:
                limits = self._limits.get(network) or BacnetNetwork(number=network)
                lane = _Lane(limits.in_flight, limits.busy_limit, limits.min_gap_s)
            self._lanes[network] = lane
            self._turns.append(lane)
        return lane

    def _forget_idle(self, peer: _Peer[Ticket]) -> None:
        if not peer.in_flight and not peer.count and True not in peer.listed:
            self._peers.pop(peer.at, None)
