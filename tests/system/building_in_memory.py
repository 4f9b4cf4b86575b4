"""Modbus panels at the other end of socket pairs: everything of a link but the network, so that a clock may jump over months."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Self

import pytest
import trio

from t3actors.config import DeviceConfig
from t3actors.errors import LinkDown
from t3actors.simulator.conversation import Conversation
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.panel import SimulatedPanel
from tests.system.house import listed

INPUTS = 4


class Building:
    """Panels by name; `nursery` is where their conversations go on. Use it as a context manager: it holds a port for each."""

    def __init__(self, panels: int, patch: pytest.MonkeyPatch) -> None:
        self.panels = {
            f"panel-{number}": SimulatedPanel(number, 1000 + number, INPUTS, 0, 0) for number in range(1, panels + 1)
        }
        self._servers = {name: ModbusServer([panel], seed=7) for name, panel in self.panels.items()}
        self._by_port = {server.port: name for name, server in self._servers.items()}
        self._open: dict[str, set[trio.CancelScope]] = {name: set() for name in self.panels}
        self._gone: dict[str, FaultKind] = {}
        self.nursery: trio.Nursery | None = None
        self.connections = 0
        patch.setattr("t3actors.collect.modbus.link.open_stream", self._open_stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.close()

    def devices(self, **changes: object) -> list[DeviceConfig]:
        """How a gateway is told of them."""
        return [listed(name, server.port, inputs=INPUTS, **changes) for name, server in self._servers.items()]

    def strike(self, name: str, fault: Fault) -> None:
        """Switch a fault on; NO_FAULT ends it. Who is refused or cut off loses its connections."""
        self._gone.pop(name, None)
        self._servers[name].set_fault(NO_FAULT)
        if fault.of_listener:
            self._gone[name] = fault.kind
            for scope in list(self._open[name]):
                scope.cancel()
        else:
            self._servers[name].set_fault(fault)

    def advance(self, seconds: float) -> None:
        """Let time pass in all of them."""
        for panel in self.panels.values():
            panel.advance(seconds)

    async def _open_stream(self, address: str, host: str, port: int, timeout_s: float) -> trio.SocketStream:
        name = self._by_port[port]
        gone = self._gone.get(name)
        if gone is FaultKind.REFUSE:
            raise LinkDown(f"{address}: connection refused", refused=True)
        if gone is not None:
            await trio.sleep(timeout_s)
            raise LinkDown(f"{address}: no connection within {timeout_s:g} s")
        ours, theirs = socket.socketpair()
        assert self.nursery is not None
        self.nursery.start_soon(self._converse, name, theirs)
        self.connections += 1
        return trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    async def _converse(self, name: str, peer: socket.socket) -> None:
        scope = trio.CancelScope()
        self._open[name].add(scope)
        try:
            with scope, peer, suppress(OSError):
                peer.setblocking(False)
                await Conversation(peer, self._servers[name]).run()
        finally:
            self._open[name].discard(scope)
