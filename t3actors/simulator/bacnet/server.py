"""UDP sockets on loopback: one node each, and the local network they share. **Thread**: trio's.

A broadcast reaches nobody on loopback, so the nodes of one `Lan` hear each other's broadcasts by a call, and whoever
registered with its BBMD as a foreign device gets them as Forwarded-NPDU, from whom they came.
"""

from __future__ import annotations

import contextlib
import socket
from random import Random

import trio

from t3actors.simulator.bacnet import bvll
from t3actors.simulator.bacnet.bbmd import ForeignDevices
from t3actors.simulator.bacnet.bvll import Address, BadLink, decode_link
from t3actors.simulator.bacnet.counts import BacnetCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.npdu import EVERY_NETWORK, BadNetworkHeader, Npdu, Station, encode_npdu
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.router import Outgoing, Router
from t3actors.simulator.bacnet.subscriptions import Peer

LONGEST_DATAGRAM = 2048
BURST = 64  # datagrams taken before the others' turn
MOST_DELAYED = 1024
RECEIVE_BUFFER = 1 << 20


class Lan:
    """One local network: nodes that hear each other's broadcasts, and at most one BBMD."""

    def __init__(self, i_am_spread_s: float = 0.0, seed: int = 0) -> None:
        self.nodes: list[BacnetServer] = []
        self.bbmd: BacnetServer | None = None
        self._spread_s = i_am_spread_s
        self._random = Random(seed)  # noqa: S311 - devices answer a broadcast when it suits them

    def add(self, node: BacnetServer) -> None:
        """Plug a node in."""
        node.lan = self
        self.nodes.append(node)
        if node.foreign is not None:
            self.bbmd = node

    def everyone_hears(self, npdu: bytes, origin: Address, besides: Address | None = None) -> None:
        """Carry a client's broadcast to every node, and to the foreign devices but `besides`."""
        self.foreign_devices_hear(npdu, origin, besides)
        for node in self.nodes:
            node.hear(npdu, origin, broadcast=True)

    def foreign_devices_hear(self, npdu: bytes, origin: Address, besides: Address | None = None) -> None:
        """Carry a node's broadcast to whoever stands outside; the nodes have no use for each other's I-Am."""
        if self.bbmd is None or self.bbmd.foreign is None:
            return
        forwarded = bvll.encode_forwarded(origin, npdu)
        for address in self.bbmd.foreign.addresses(trio.current_time()):
            if address != besides:
                self.bbmd.send(forwarded, address)

    def spread_s(self) -> float:
        """Give how long a node waits before it answers a broadcast."""
        return self._random.random() * self._spread_s


class BacnetServer:
    """One UDP port with a router's view behind it. It binds at once and serves while `serve` runs."""

    def __init__(self, router: Router, *, host: str = "127.0.0.1", port: int = 0, is_bbmd: bool = False) -> None:
        self.router = router
        self.foreign = ForeignDevices() if is_bbmd else None
        self.lan: Lan | None = None
        self.counts = BacnetCounts()
        self._host = host
        self._socket = _bound(host, port)
        self._listens = trio.Event()
        self._listens.set()
        self._side_door: socket.socket | None = None
        self._closed = False
        self.address: Address = (host, int(self._socket.getsockname()[1]))
        self._nursery: trio.Nursery | None = None
        self._delayed = 0
        self._attended: set[Responder] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.address[1]

    async def serve(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; started with the port."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                task_status.started(self.port)
                await self._listen()
        finally:
            self._nursery = None
            self.close()

    def close(self) -> None:
        """Give the port back for good; `serve` does this at its end."""
        self._closed = True
        self._socket.close()
        if self._side_door is not None:
            self._side_door.close()

    # -- what a plant or a test tells it

    def values_changed(self, responder: Responder, place: Station | None) -> None:
        """Send the notifications a device owes after its values moved."""
        if self._nursery is not None and len(responder.notifier):
            now_s = trio.current_time()
            self._dispatch(self.router.wrapped(responder, responder.changed(now_s), place, now_s))

    def set_fault(self, responder: Responder, place: Station | None, fault: BacnetFault) -> None:
        """Switch a fault of one device here. **Raises**: ValueError for a point that is not there."""
        responder.set_fault(fault, 0.0 if self._nursery is None else trio.current_time())
        if fault.kind is BacnetFaultKind.REFUSE:
            self._refuse()
        elif fault.kind is BacnetFaultKind.NONE:
            self._listen_again()
        if fault.kind is BacnetFaultKind.REBOOT and self._nursery is not None:
            announcement = responder.announce(Peer(self.address), broadcast=True)
            everywhere = Npdu(announcement.apdu, Station(EVERY_NETWORK, b""), place)
            self._later(Outgoing(encode_npdu(everywhere), self.address, fault.delay_s, broadcast=True), heard=False)

    # -- what comes

    def receive(self, data: bytes, origin: Address) -> None:
        """Take one datagram. Never raises for what it holds."""
        self.counts.datagrams += 1
        try:
            function, content = decode_link(data)
            if function == bvll.ORIGINAL_UNICAST:
                self.hear(content, origin, broadcast=False)
            elif function == bvll.ORIGINAL_BROADCAST:
                self.hear(content, origin, broadcast=True, directly=True)
            elif function == bvll.FORWARDED_NPDU:
                self.hear(content[bvll.ADDRESS :], bvll.decode_address(content), broadcast=True)
            elif function in bvll.REFUSALS:
                self._link_request(function, content, origin)
        except (BadLink, BadNetworkHeader):
            self.counts.flawed += 1

    def hear(self, npdu: bytes, origin: Address, *, broadcast: bool, directly: bool = False) -> None:
        """Take one NPDU; `directly`: a broadcast that was sent here itself is answered to its sender too.

        **Raises**: BadNetworkHeader.
        """
        self._dispatch(self.router.receive(npdu, origin, trio.current_time(), broadcast=broadcast), heard=directly)

    def send(self, datagram: bytes, address: Address, *, other_port: bool = False) -> None:
        """Send now, or lose it as UDP does."""
        sender = self._other_socket() if other_port else self._socket
        try:
            sender.sendto(datagram, address)
        except (OSError, OverflowError):  # no room, no such address, or no such port
            self.counts.unsent += 1

    # -- inside

    async def _listen(self) -> None:
        while True:
            await self._listens.wait()
            with contextlib.suppress(trio.ClosedResourceError):
                await self._take_from(self._socket)

    async def _take_from(self, open_port: socket.socket) -> None:
        receive = open_port.recvfrom
        while open_port is self._socket and self._listens.is_set():
            await trio.lowlevel.wait_readable(open_port)
            for _ in range(BURST):
                try:
                    data, origin = receive(LONGEST_DATAGRAM)
                except OSError:  # nothing more, or a report about something sent before
                    break
                self.receive(data, origin)

    def _refuse(self) -> None:
        """Let go of the port, so that the network answers in its place."""
        if self._listens.is_set():
            self._listens = trio.Event()
            if self._nursery is not None:
                trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    def _listen_again(self) -> None:
        """Take the port back. **Raises**: OSError when somebody else has it by now."""
        if not self._listens.is_set() and not self._closed:
            self._socket = _bound(*self.address)
            self._listens.set()

    def _link_request(self, function: int, content: bytes, origin: Address) -> None:
        now_s = trio.current_time()
        self.counts.writes += function in {bvll.WRITE_BDT, bvll.DELETE_FDT_ENTRY}
        if self.foreign is None:
            self.send(bvll.encode_result(bvll.REFUSALS[function]), origin)
        elif function != bvll.DISTRIBUTE_BROADCAST:
            self.send(self.foreign.answer(function, content, origin, now_s), origin)
        elif origin not in self.foreign.addresses(now_s):
            self.send(bvll.encode_result(bvll.REFUSALS[function]), origin)
        elif self.lan is not None:
            self.lan.everyone_hears(content, origin, besides=origin)
        else:
            self.hear(content, origin, broadcast=True)

    def _dispatch(self, outgoing: list[Outgoing], *, heard: bool = False) -> None:
        for each in outgoing:
            if each.responder is not None and each.responder.due_s is not None:
                self._attend(each.responder, each.place)
            if each.broadcast and self.lan is not None:
                each = each._replace(delay_s=each.delay_s + self.lan.spread_s())  # noqa: PLW2901
            if each.delay_s > 0:
                self._later(each, heard=heard)
            else:
                self._let_go(each, heard=heard)

    def _let_go(self, going: Outgoing, *, heard: bool) -> None:
        if not going.broadcast:
            self.send(bvll.encode_link(bvll.ORIGINAL_UNICAST, going.npdu), going.to, other_port=going.other_port)
            return
        if self.lan is not None:
            self.lan.foreign_devices_hear(going.npdu, self._origin(going))
        elif self.foreign is not None:
            forwarded = bvll.encode_forwarded(self._origin(going), going.npdu)
            for address in self.foreign.addresses(trio.current_time()):
                self.send(forwarded, address)
        if heard:
            datagram = bvll.encode_link(bvll.ORIGINAL_BROADCAST, going.npdu)
            self.send(datagram, going.to, other_port=going.other_port)

    def _origin(self, going: Outgoing) -> Address:
        if not going.other_port:
            return self.address
        try:
            return (self._host, int(self._other_socket().getsockname()[1]))
        except OSError:  # closed: nothing is sent from there any more
            return self.address

    def _other_socket(self) -> socket.socket:
        """Give the socket of another port; a node that is closed, though it still hears its neighbours, opens none any more."""
        if self._closed:
            return self._socket
        if self._side_door is None:
            self._side_door = _bound(self._host, 0)
        return self._side_door

    def _later(self, going: Outgoing, *, heard: bool) -> None:
        if self._nursery is None or self._delayed >= MOST_DELAYED:
            self.counts.unsent += 1
            return
        self._delayed += 1
        self._nursery.start_soon(self._after, going, heard)

    async def _after(self, going: Outgoing, heard: bool) -> None:
        try:
            await trio.sleep(going.delay_s)
            self._let_go(going, heard=heard)
        finally:
            self._delayed -= 1

    def _attend(self, responder: Responder, place: Station | None) -> None:
        if self._nursery is None or responder in self._attended:
            return
        self._attended.add(responder)
        self._nursery.start_soon(self._repeat, responder, place)

    async def _repeat(self, responder: Responder, place: Station | None) -> None:
        try:
            while (due_s := responder.due_s) is not None:
                await trio.sleep_until(due_s)
                now_s = trio.current_time()
                self._dispatch(self.router.wrapped(responder, responder.wake(now_s), place, now_s))
        finally:
            self._attended.discard(responder)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from None
    return bound
