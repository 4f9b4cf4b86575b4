"""A wire between the gateway and a simulated panel that can go dead without a word, and that sees how much is on it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

from t3actors.simulator.frames import split_requests


class _Line:
    """One connection through the relay."""

    def __init__(self) -> None:
        self.frozen = False
        self.scope = trio.CancelScope()
        self.in_flight = 0


class Relay:
    """Listens on a port of its own and carries every connection to `port`. **Thread**: trio's."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.most_in_flight = 0
        self.requests = 0
        self._to_port = port
        self._lines: list[_Line] = []

    def freeze(self) -> None:
        """From now on nothing passes on the connections that are open, and nobody is told; new ones work."""
        for line in self._lines:
            line.frozen = True

    def lead_to(self, port: int) -> None:
        """A panel is exchanged: open connections end, new ones lead to another port."""
        self._to_port = port
        for line in self._lines:
            line.scope.cancel()

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Carry until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._carry, listeners, task_status=task_status)  # type: ignore[arg-type]

    async def _carry(self, client: trio.SocketStream) -> None:
        line = _Line()
        self._lines.append(line)
        with line.scope, suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            panel = await trio.open_tcp_stream("127.0.0.1", self._to_port)
            async with client, panel, trio.open_nursery() as nursery:
                nursery.start_soon(partial(self._pump, panel, client, line, -1, nursery.cancel_scope))
                await self._pump(client, panel, line, +1, nursery.cancel_scope)

    async def _pump(
        self, source: trio.SocketStream, sink: trio.SocketStream, line: _Line, counts: int, scope: trio.CancelScope
    ) -> None:
        rest = b""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for received in source:
                if line.frozen:
                    continue
                split = split_requests(rest + received)  # an answer has the same header
                rest = split.rest
                line.in_flight += counts * len(split.requests)
                self.requests += len(split.requests) if counts > 0 else 0
                self.most_in_flight = max(self.most_in_flight, line.in_flight)
                await sink.send_all(received)
        scope.cancel()


@asynccontextmanager
async def relaying(port: int) -> AsyncIterator[Relay]:
    """Run a relay for the length of a block."""
    relay = Relay(port)
    async with trio.open_nursery() as nursery:
        await nursery.start(relay.serve)
        yield relay
        nursery.cancel_scope.cancel()
