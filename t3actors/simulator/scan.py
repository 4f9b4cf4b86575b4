"""Answers T3000's scan for simulated panels: one UDP port on loopback, one datagram for each of them.

It has the layout of an answer written down a second time, octet by octet, as panels send it: who decodes it has a table of its own.
Source: STR_SCAN_CMD of T3-programmable-controller-on-ESP32 (1b83f7c, main/define.h and UdpData).
**Thread**: trio's.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import trio

from t3actors.simulator.module import SimulatedModule
from t3actors.simulator.panel import SimulatedPanel

HOST = "127.0.0.1"
LONGEST = 600
ANSWER = struct.Struct("<2H 4H H H 4H H H H 4s 2s B 20s 2s B H B B B B B B")
COMMAND, LENGTH = 0x0065, 0x001D
ASKED = 0x64


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom the responder answers for: a panel or a module, and the port of its Modbus listener."""

    panel: SimulatedPanel | SimulatedModule
    port: int


@dataclass(slots=True)
class ScanCounts:
    """Totals since the start; `others` are datagrams that are not the question, which must stay 0."""

    questions: int = 0
    others: int = 0


def answer(
    panel: SimulatedPanel | SimulatedModule, port: int, *, host: str = HOST, isp_mode: int = 0, parent_serial: int = 0
) -> bytes:
    """Build a panel's answer."""
    serial = panel.serial_number.to_bytes(4, "little")
    instance = panel.instance.to_bytes(4, "big")
    return ANSWER.pack(
        COMMAND, LENGTH, *serial, panel.product, panel.unit_id, *(int(part) for part in host.split(".")), port,
        panel.version, 1, parent_serial.to_bytes(4, "little"), instance[2:], panel.panel_number, panel.name.encode()[:20],
        instance[:2], isp_mode, 47808, 0, 1 if parent_serial else 0, 1, 0, 0, panel.mini_type,
    )  # fmt: skip


class ScanResponder:
    """Listens from construction's port on; answers while `serve` runs. `more` are datagrams sent after the answers, whatever they say."""

    def __init__(self, panels: Callable[[], Iterable[Asked]], *, port: int = 0, more: Iterable[bytes] = ()) -> None:
        self.counts = ScanCounts()
        self.host = HOST
        self.more = tuple(more)
        self._panels = panels
        self._bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._bound.setblocking(False)
            self._bound.bind((HOST, port))
        except OSError:
            self._bound.close()
            raise
        self.port = int(self._bound.getsockname()[1])

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Answer until cancelled."""
        with trio.socket.from_stdlib_socket(self._bound) as door:
            task_status.started()
            while True:
                try:
                    datagram, asker = await door.recvfrom(LONGEST)
                except OSError:
                    continue  # somebody who asked has gone
                await self._answer(door, datagram, asker)

    def close(self) -> None:
        """Give the port back."""
        self._bound.close()

    async def _answer(self, door: trio.socket.SocketType, datagram: bytes, asker: tuple[str, int]) -> None:
        if datagram != bytes((ASKED, 0, 0, 0, 0)):
            self.counts.others += 1
            return
        self.counts.questions += 1
        for frame in (*(answer(one.panel, one.port) for one in self._panels()), *self.more):
            try:
                await door.sendto(frame, asker)
            except OSError:
                return
