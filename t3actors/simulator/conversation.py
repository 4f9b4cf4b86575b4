"""One client's connection: cut requests from it, have them answered, carry faults out.

It reads and writes the plain socket and waits through trio: half the cost of a trio stream per request, which is
what lets one core stand for hundreds of panels. **Thread**: trio's.
"""

from __future__ import annotations

import socket
from collections import deque
from random import Random
from typing import Protocol

import trio

from t3actors.simulator.counts import Counts
from t3actors.simulator.distort import SILENCE, Outcome, distort
from t3actors.simulator.faults import Fault
from t3actors.simulator.frames import Request, frame, split_requests

MOST_HELD = 64  # a client that never waits must not fill our memory with late answers
CHUNK = 4096


class Answering(Protocol):
    """What a conversation needs of the server behind it."""

    counts: Counts
    random: Random

    def answer(self, request: Request) -> bytes | None:
        """Give the right answer, or None where a right device is silent."""

    def fault_of(self, unit_id: int) -> Fault | None:
        """Give the fault that disturbs this unit now."""


class Conversation:
    """Serves one connected socket until either side closes it."""

    def __init__(self, peer: socket.socket, server: Answering) -> None:
        self._peer = peer
        self._server = server
        self._held: deque[tuple[float, bytes]] = deque(maxlen=MOST_HELD)

    async def run(self) -> None:
        """Answer until the connection ends.

        **Raises**: OSError when the peer breaks it off.
        """
        rest = b""
        while True:
            received = await self._receive()
            if not received:
                return
            split = split_requests(rest + received if rest else received)
            rest = split.rest
            for request in split.requests:
                if not await self._serve(request):
                    return
            if split.flaw:
                self._server.counts.flawed += 1
                return

    async def _serve(self, request: Request) -> bool:
        server = self._server
        server.counts.requests += 1
        if self._held:
            await self._send_held(everything=True)
        pdu = server.answer(request)
        if pdu is None:
            return True
        fault = server.fault_of(request.unit_id)
        if fault is None:
            await self._send(frame(request.transaction_id, request.unit_id, pdu))
            return True
        return await self._carry_out(distort(fault, request, pdu, server.random))

    async def _carry_out(self, outcome: Outcome) -> bool:
        if outcome is SILENCE:
            return True
        if outcome.hold:
            due_s = trio.current_time() + outcome.delay_s if outcome.delay_s else float("inf")
            self._held.append((due_s, outcome.data))
            return True
        if outcome.delay_s:
            await trio.sleep(outcome.delay_s)
        if outcome.data:
            await self._send(outcome.data)
        return not outcome.close

    async def _receive(self) -> bytes:
        while True:
            if self._held and not await self._readable_before(self._held[0][0]):
                await self._send_held(everything=False)
                continue
            if not self._held:
                await trio.lowlevel.wait_readable(self._peer)
            try:
                return self._peer.recv(CHUNK)
            except BlockingIOError:  # woken for nothing
                continue

    async def _readable_before(self, deadline_s: float) -> bool:
        with trio.move_on_at(deadline_s):
            await trio.lowlevel.wait_readable(self._peer)
            return True
        return False

    async def _send_held(self, everything: bool) -> None:
        now_s = trio.current_time()
        while self._held:
            due_s, data = self._held[0]
            waits_for_the_next_request = due_s == float("inf")
            if not (everything and waits_for_the_next_request) and due_s > now_s:
                return
            self._held.popleft()
            await self._send(data)

    async def _send(self, data: bytes) -> None:
        self._server.counts.answered += 1
        while data:
            try:
                data = data[self._peer.send(data) :]
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._peer)
