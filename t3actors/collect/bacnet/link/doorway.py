"""The trio side of the UDP sockets: what comes is read here, and what no direct request waits for is handed to the asyncio loop.

One hand-over for a whole batch; what that loop cannot take in time is dropped and counted (datagrams.py). Thread: trio.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeVar

import trio

from t3actors.collect.bacnet.link.datagrams import LONGEST, Datagrams
from t3actors.collect.bacnet.link.fast_lane import FastLane, NotOurs, UnderWay
from t3actors.collect.bacnet.link.frames import Answer

Ticket = TypeVar("Ticket")
AT_ONCE = 64  # datagrams, until other tasks have their turn


class Doorway:
    """The sockets of one stack. They are closed by whoever bound them, which ends the waiting."""

    def __init__(self, datagrams: Datagrams, post: Callable[[Callable[[], None]], object]) -> None:
        """`post` runs a function on the asyncio loop, some time."""
        self.sockets: tuple[socket.socket, ...] = ()
        """Our own address's, and the broadcast address's where there is one."""
        self._datagrams = datagrams
        self._post = post

    def open(self, own: socket.socket, broadcast: socket.socket | None) -> None:
        """Take up sockets that are bound already."""
        self.sockets = (own,) if broadcast is None else (own, broadcast)

    async def readable(self, one: socket.socket) -> bool:
        """Wait until something came. **Returns**: False when the socket was closed."""
        if one.fileno() < 0:
            return False
        try:
            await trio.lowlevel.wait_readable(one)
        except trio.ClosedResourceError:
            return False
        return True

    def read(self, one: socket.socket, lane: FastLane[Ticket]) -> list[tuple[UnderWay[Ticket], Answer, bytes]]:
        """Read what came, and give the answers to direct requests with their whole frames. All else is handed over."""
        found, wake, by_broadcast = [], False, one is not self.sockets[0]
        for _ in range(AT_ONCE):
            try:
                frame, source = one.recvfrom(LONGEST + 1)
            except BlockingIOError:
                break
            except OSError as error:  # closed, or what the network says about something sent earlier
                self._datagrams.not_sent(error)
                break
            taken = NotOurs.LET_PASS if by_broadcast else lane.take(frame, source)
            if taken is NotOurs.LET_PASS:
                wake |= self._datagrams.hand_over(frame, source, by_broadcast=by_broadcast)
            elif not isinstance(taken, NotOurs):
                found.append((*taken, frame))
        if wake:
            self._post(self._datagrams.take_handed)
        return found
