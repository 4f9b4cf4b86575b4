"""The lowest layer of bacpypes3, instead of its own: what came by the UDP sockets for it, and what it sends.

The sockets are bound before anything starts, and never shared. They are read on the trio loop (doorway.py), which hands over what
it has no use for; both threads send. bacpypes3 itself binds with SO_REUSEPORT (another program can steal half the datagrams),
retries for ever in silence when it cannot bind, and takes any 127.x address on its own port for itself. Here a socket is
bound plainly, at once or not at all. A datagram that makes the layers above raise, whatever it is, is counted and forgotten.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any

from bacpypes3.comm import Server
from bacpypes3.pdu import PDU, IPv4Address, LocalBroadcast

from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.broadcast import broadcast_socket
from t3actors.errors import LinkDown

LONGEST = 1497 + 50  # octets: the longest BVLL frame with the longest NPDU (J.2), and some
SHORTEST = 4
AT_A_TIME = 256  # datagrams whose handling has not ended
HANDED_OVER = 4096  # datagrams that wait for the asyncio loop
IN_ONE_GO = 64  # of them, until what they started has its turn
ADDRESSES_KEPT = 2048


def bind_sockets(endpoint: Endpoint, *, listen_broadcast: bool = True) -> tuple[socket.socket, socket.socket | None]:
    """Bind the station's and the broadcast address. **Raises**: LinkDown, saying what is in the way. Blocks for no time."""
    own = broadcast_socket(endpoint.address, endpoint.port)
    if endpoint.broadcast is None or not listen_broadcast:
        return own, None
    try:
        return own, broadcast_socket(endpoint.broadcast, own.getsockname()[1])
    except LinkDown:
        own.close()
        raise


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
        self._own: socket.socket | None = None
        self._handed: deque[tuple[bytes, tuple[str, int], bool]] = deque()
        self._will_take = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._addresses: dict[tuple[str, int], IPv4Address] = {}

    @property
    def bound_at(self) -> str:
        """Say where it is bound."""
        return f"{self.local[0]}:{self.local[1]}"

    def open(self, own: socket.socket) -> None:
        """Send by this socket from now on. It is whoever bound it that closes it."""
        self.local = own.getsockname()
        self._own = own

    def close(self) -> None:
        """Send nothing more, and take nothing more."""
        self._own = None
        self._handed.clear()

    def hand_over(self, data: bytes, addr: tuple[str, int], *, by_broadcast: bool) -> bool:
        """Keep a datagram for the asyncio loop. **Returns**: True when `take_handed` is to be run there. **Thread**: trio."""
        if len(self._handed) >= HANDED_OVER:
            self.dropped += 1
            return False
        self._handed.append((data, addr, by_broadcast))
        if self._will_take:
            return False  # nothing is written here: the loop may be about to say that it is done, and must have the last word
        self._will_take = True
        return True

    def take_handed(self) -> None:
        """Take what was handed over, some at a time, so that what they start is not counted as under way together."""
        for _ in range(IN_ONE_GO):
            if not self._handed or self._own is None:
                break
            data, addr, by_broadcast = self._handed.popleft()
            self.came(data, addr, LocalBroadcast() if by_broadcast else self.address_of(self.local))
        self._will_take = False  # before the look: whoever appends after it sees it
        if self._handed and self._own is not None:
            self._will_take = True
            asyncio.get_running_loop().call_soon(self.take_handed)

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
        if self._own is None:
            raise LinkDown(f"{self.endpoint}: closed")
        to = pdu.pduDestination
        if isinstance(to, LocalBroadcast):
            if self.endpoint.broadcast is None:
                raise LinkDown(f"{self.endpoint}: no broadcast address here: only single stations can be asked")
            where = (self.endpoint.broadcast, self.local[1])
        else:
            mac = bytes(to.addrAddr)
            where = (socket.inet_ntoa(mac[:4]), int.from_bytes(mac[4:6], "big"))
        self.send(pdu.pduData, where)

    def send(self, frame: bytes, to: tuple[str, int]) -> None:
        """Send one datagram. What cannot be sent is counted, and as good as lost on the way. **Thread**: any."""
        own = self._own
        try:
            if own is not None:
                own.sendto(frame, to)
        except OSError as error:
            self.not_sent(error)

    def not_sent(self, error: OSError) -> None:
        """Count what the network refuses: whoever waits for an answer will ask again. **Thread**: any."""
        self.send_errors += 1
        self.last_trouble = str(error)

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
