"""The UDP sockets under bacpypes3, instead of its own: bound before anything starts, and never shared.

bacpypes3 binds with SO_REUSEPORT (another program can steal half the datagrams), retries for ever in silence when it cannot
bind, and takes any 127.x address on its own port for itself. Here a socket is bound plainly, at once or not at all.
A datagram that makes the layers above raise, whatever it is, is counted and forgotten.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from functools import partial
from typing import Any

from bacpypes3.comm import Server
from bacpypes3.pdu import PDU, IPv4Address, LocalBroadcast

from t3actors.collect.bacnet.interfaces import Endpoint
from t3actors.errors import LinkDown

LONGEST = 1497 + 50  # octets: the longest BVLL frame with the longest NPDU (J.2), and some
SHORTEST = 4
AT_A_TIME = 256  # datagrams whose handling has not ended
ADDRESSES_KEPT = 2048


def bind_sockets(endpoint: Endpoint, *, listen_broadcast: bool = True) -> tuple[socket.socket, socket.socket | None]:
    """Bind the station's and the broadcast address. **Raises**: LinkDown, saying what is in the way. Blocks for no time."""
    own = _bound(endpoint.address, endpoint.port)
    if endpoint.broadcast is None or not listen_broadcast:
        return own, None
    try:
        return own, _bound(endpoint.broadcast, own.getsockname()[1])
    except LinkDown:
        own.close()
        raise


def _bound(address: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # bursts of I-Am
        one.bind((address, port))
    except OSError as error:
        one.close()
        if error.errno == errno.EADDRINUSE:
            raise LinkDown(f"{address}:{port}: another program holds this UDP address and port") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise LinkDown(f"{address}:{port}: this machine has no such address now") from None
        raise LinkDown(f"{address}:{port}: {error.strerror}") from None
    return one


class Datagrams(Server[Any]):
    """The lowest layer of the stack. Thread: the asyncio loop's."""

    def __init__(self, endpoint: Endpoint) -> None:
        Server.__init__(self)
        self.endpoint = endpoint
        self.local = (endpoint.address, endpoint.port)
        self.bad = 0
        """Datagrams that made no sense."""
        self.dropped = 0
        """Datagrams that came faster than they could be handled."""
        self.send_errors = 0
        self.last_trouble = ""
        self._transports: list[asyncio.DatagramTransport] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._addresses: dict[tuple[str, int], IPv4Address] = {}

    @property
    def bound_at(self) -> str:
        """Say where it is bound."""
        return f"{self.local[0]}:{self.local[1]}"

    async def open(self, own: socket.socket, broadcast: socket.socket | None) -> None:
        """Listen on sockets that are bound already."""
        self.local = own.getsockname()
        for one, is_broadcast in ((own, False), (broadcast, True)):
            if one is not None:
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_datagram_endpoint(partial(_Door, self, is_broadcast), sock=one)
                self._transports.append(transport)

    def close(self) -> None:
        """Let go of the sockets at once."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    def address_of(self, addr: tuple[str, int]) -> IPv4Address:
        """Give bacpypes3's form of an address: dear to make, so some are kept."""
        known = self._addresses.get(addr)
        if known is None:
            if len(self._addresses) >= ADDRESSES_KEPT:
                self._addresses.clear()
            known = self._addresses[addr] = IPv4Address(addr)
        return known

    async def indication(self, pdu: PDU) -> None:
        """Send one datagram. **Raises**: LinkDown when it goes to everybody and there is no broadcast address."""
        if not self._transports:
            raise LinkDown(f"{self.endpoint}: closed")
        to = pdu.pduDestination
        if isinstance(to, LocalBroadcast):
            if self.endpoint.broadcast is None:
                raise LinkDown(f"{self.endpoint}: no broadcast address here: only single stations can be asked")
            where = (self.endpoint.broadcast, self.local[1])
        else:
            mac = bytes(to.addrAddr)
            where = (socket.inet_ntoa(mac[:4]), int.from_bytes(mac[4:6], "big"))
        self._transports[0].sendto(pdu.pduData, where)

    def came(self, data: bytes, addr: tuple[str, int], to: Any) -> None:
        """Take one datagram."""
        if addr == self.local:
            return  # our own broadcast
        if not SHORTEST <= len(data) <= LONGEST or data[0] != 0x81 or int.from_bytes(data[2:4], "big") != len(data):
            self.trouble(f"no BACnet/IP frame from {addr[0]}")
            return
        if len(self._under_way) >= AT_A_TIME:
            self.dropped += 1
            return
        task = asyncio.get_running_loop().create_task(self._up(PDU(data, source=self.address_of(addr), destination=to)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def trouble(self, text: str) -> None:
        """Count a datagram that makes no sense."""
        self.bad += 1
        self.last_trouble = text

    async def _up(self, pdu: PDU) -> None:
        try:
            await self.response(pdu)
        except (SystemExit, KeyboardInterrupt, asyncio.CancelledError):
            raise
        except BaseException as error:  # noqa: BLE001 - bacpypes3's own answers are no Exceptions
            self.trouble(f"{type(error).__name__}: {error}")


class _Door(asyncio.DatagramProtocol):
    def __init__(self, server: Datagrams, is_broadcast: bool) -> None:
        self._server = server
        self._is_broadcast = is_broadcast
        self._to: Any = LocalBroadcast()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._is_broadcast:
            self._to = self._server.address_of(transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.came(data, addr, self._to)

    def error_received(self, exc: Exception) -> None:
        self._server.send_errors += 1
        self._server.last_trouble = str(exc)
