"""A Modbus/TCP listener on loopback with one panel behind it, or several as behind a gateway.

It decides who answers and which fault is in force; framing, answers and distortions are pure and elsewhere.
A single panel answers to its own unit id and to 0 and 255, and is silent to others; a gateway answers for unknown
units with exception 0x0B. **Thread**: everything here runs in trio's.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from random import Random

import trio

from t3actors.simulator.answers import (
    TARGET_FAILED_TO_RESPOND,
    WRITE_FUNCTIONS,
    Device,
    Spans,
    answer_pdu,
    exception_pdu,
)
from t3actors.simulator.conversation import Conversation
from t3actors.simulator.counts import Counts
from t3actors.simulator.door import Door
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.frames import Request

OWN_UNIT_IDS = (0, 255)  # what a device without a gateway is addressed by (implementation guide, 4.4.1.2)
SILENT = Fault(FaultKind.STALL)
ACCEPT_PAUSE_S = 0.1  # after a failed accept, such as one file too many


class ModbusServer:
    """Listens from construction's port on; serves while `serve` runs.

    **Raises**: ValueError for no panel, two panels under one unit id, or several without `gateway`.
    """

    def __init__(
        self,
        panels: Iterable[Device],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        gateway: bool = False,
        seed: int = 0,
    ) -> None:
        self.panels = tuple(panels)
        self.gateway = gateway
        self.host = host
        self.counts = Counts()
        self.random = Random(seed)  # noqa: S311 - garbage on purpose
        self._units = {panel.unit_id: panel for panel in self.panels}
        if not self.panels or len(self._units) != len(self.panels):
            raise ValueError(f"unit ids: saw {[p.unit_id for p in self.panels]}, allowed is one or more, all different")
        if len(self.panels) > 1 and not gateway:
            raise ValueError(f"saw {len(self.panels)} panels behind one listener, which only a gateway can have")
        if not gateway:
            self._units |= dict.fromkeys(OWN_UNIT_IDS, self.panels[0])
        self._door = Door(host, port)
        self.port = self._door.port
        self._listener_fault = NO_FAULT
        self._unit_faults: dict[int, Fault] = {}
        self._nursery: trio.Nursery | None = None
        self._admitting: trio.CancelScope | None = None
        self._conversations: set[trio.CancelScope] = set()

    async def serve(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; started with the port."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self._set_door(self._listener_fault.kind)
                task_status.started(self.port)
                await trio.sleep_forever()
        finally:
            self._nursery = None
            self.close()

    def close(self) -> None:
        """Give the port back; `serve` does this at its end."""
        self._door.close()

    @property
    def clients(self) -> int:
        """How many connections are open."""
        return len(self._conversations)

    # -- faults

    def set_fault(self, fault: Fault, unit_id: int | None = None) -> None:
        """Switch a fault on, of one unit or of all; NONE ends it, and the listener's with it.

        **Raises**: ValueError for a unit that is not here.
        """
        if unit_id is not None and unit_id not in self._units:
            raise ValueError(f"unit id: saw {unit_id}, behind this listener are {sorted(self._units)}")
        if fault.of_listener:
            self._set_listener_fault(fault)
            return
        one_of_many = self.gateway and unit_id is not None
        for each in self._units:
            if one_of_many and each != unit_id:
                continue
            if fault.kind is FaultKind.NONE:
                self._unit_faults.pop(each, None)
            else:
                self._unit_faults[each] = fault
        if fault.kind is FaultKind.NONE:
            self._set_listener_fault(NO_FAULT)

    def fault_of(self, unit_id: int) -> Fault | None:
        """Give the fault that disturbs this unit's answers now."""
        if self._listener_fault.kind is FaultKind.BLACKHOLE:
            return SILENT
        return self._unit_faults.get(unit_id)

    def _set_listener_fault(self, fault: Fault) -> None:
        if fault.kind is self._listener_fault.kind:
            return
        self._listener_fault = fault
        if self._nursery is not None:
            self._set_door(fault.kind)

    def _set_door(self, kind: FaultKind) -> None:
        if self._admitting is not None:
            self._admitting.cancel()
            self._admitting = None
        if kind is FaultKind.REFUSE:
            self._door.refuse()
            for conversation in self._conversations:
                conversation.cancel()
        elif kind is FaultKind.BLACKHOLE:
            self._door.swallow()
        elif self._nursery is not None:
            self._admitting = trio.CancelScope()
            self._nursery.start_soon(self._admit, self._door.open(), self._admitting)

    # -- answers

    def answer(self, request: Request) -> bytes | None:
        """Give the right answer, or None where a right device is silent."""
        function = request.pdu[0]
        if function in WRITE_FUNCTIONS:
            self.counts.writes += 1
        panel = self._units.get(request.unit_id)
        if panel is not None:
            pdu = answer_pdu(panel, request.pdu, self._illegal_spans(request.unit_id))
        elif self.gateway:
            pdu = exception_pdu(function, TARGET_FAILED_TO_RESPOND)
        else:
            return None
        if pdu[0] >= 0x80:
            self.counts.exceptions += 1
        return pdu

    def _illegal_spans(self, unit_id: int) -> Spans:
        fault = self._unit_faults.get(unit_id)
        if fault is None or fault.kind is not FaultKind.ILLEGAL_RANGES:
            return ()
        return fault.registers

    # -- connections

    async def _admit(self, listener: socket.socket, scope: trio.CancelScope) -> None:
        with scope:
            while self._admitting is scope:  # a successor may wait on the same socket before we have begun
                await trio.lowlevel.wait_readable(listener)
                if self._admitting is not scope:
                    return
                try:
                    peer, _address = listener.accept()
                except BlockingIOError:  # whoever knocked has gone
                    continue
                except OSError:
                    await trio.sleep(ACCEPT_PAUSE_S)
                    continue
                self._welcome(peer)

    def _welcome(self, peer: socket.socket) -> None:
        self.counts.connections += 1
        if self._listener_fault.kind is FaultKind.ONE_CLIENT and self._conversations:
            self.counts.turned_away += 1
            peer.close()
            return
        scope = trio.CancelScope()
        self._conversations.add(scope)
        if self._nursery is not None:
            self._nursery.start_soon(self._converse, peer, scope)

    async def _converse(self, peer: socket.socket, scope: trio.CancelScope) -> None:
        try:
            with scope, peer, contextlib.suppress(OSError):  # a peer that breaks off is no fault of ours
                peer.setblocking(False)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await Conversation(peer, self).run()
        finally:
            self._conversations.discard(scope)
