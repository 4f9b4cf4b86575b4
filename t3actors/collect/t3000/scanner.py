"""Asks T3000's scan over UDP and hears the answers; sends the five octets of the question and nothing else.

Panels on another subnet than ours answer to everybody (255.255.255.255) at the port that asked, so a second socket listens there. The
question goes to everybody as well, from the chosen interface's own address: that reaches panels whose address does not fit the network.
**Thread**: the trio loop.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Sequence

import msgspec
import trio

from t3actors.collect.broadcast import broadcast_socket
from t3actors.collect.t3000.scan import LONGEST, QUESTION
from t3actors.errors import LinkDown

EVERYBODY = "255.255.255.255"
TRIES = 8  # at a port for both sockets, where any will do
NOT_SENT = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED})  # this time: the next round asks again

Address = tuple[str, int]
Hear = Callable[[bytes, str], object]
"""Takes a datagram and the address that it came from. Whoever sent it may have written anything into it."""


class Doors(msgspec.Struct, frozen=True):
    """The bound sockets. `everybody` is where a question to all goes; None: only single addresses can be asked."""

    own: socket.socket
    ear: socket.socket | None
    everybody: str | None

    @property
    def at(self) -> str:
        """Where the question is sent from."""
        host, port = self.own.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Give the port back."""
        self.own.close()
        if self.ear is not None:
            self.ear.close()


def bind(address: str, port: int, *, broadcast: str | None) -> Doors:
    """Bind `address` at `port` (0: any), and where `broadcast` is its network's, also what answers to everybody come to.

    **Raises**: LinkDown, saying what is in the way. Blocks for no time.
    """
    everybody = broadcast
    if broadcast is not None and not ipaddress.ip_address(address).is_loopback:
        everybody = EVERYBODY
    for last in range(TRIES - 1, -1, -1):
        own = broadcast_socket(address, port)
        try:
            ear = None if everybody is None else broadcast_socket(everybody, own.getsockname()[1])
        except LinkDown:
            own.close()
            if port or not last:
                raise
        else:
            return Doors(own, ear, everybody)
    raise AssertionError  # the last try has raised


async def scan(
    doors: Doors,
    targets: Sequence[Address],
    hear: Hear,
    *,
    rounds: int,
    pause_s: float,
    wait_s: float,
    stop: trio.Event,
) -> int:
    """Ask each target, `rounds` times over with a pause between, and hear answers until `wait_s` after the last question, or `stop`.

    **Returns**: how many questions were sent. **Raises**: LinkDown when one cannot be sent.
    """
    sent = 0
    async with contextlib.AsyncExitStack() as stack, trio.open_nursery() as nursery:
        own = stack.enter_context(trio.socket.from_stdlib_socket(doors.own))
        nursery.start_soon(_hear_on, own, hear)
        if doors.ear is not None:
            nursery.start_soon(_hear_on, stack.enter_context(trio.socket.from_stdlib_socket(doors.ear)), hear)
        for number in range(1, rounds + 1):
            for target in targets:
                sent += await _ask(own, target, doors.at)
            with trio.move_on_after(pause_s if number < rounds else wait_s):
                await stop.wait()
            if stop.is_set():
                break
        nursery.cancel_scope.cancel()
    return sent


async def _ask(own: trio.socket.SocketType, target: Address, at: str) -> int:
    try:
        await own.sendto(QUESTION, target)
    except OSError as error:
        if error.errno in NOT_SENT:
            return 0
        where = f"{at} to {target[0]}:{target[1]}"
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise LinkDown(
                f"{where}: this system does not let us send there (a firewall, or no broadcast allowed)"
            ) from None
        raise LinkDown(f"{where}: {error.strerror}") from None
    return 1


async def _hear_on(door: trio.socket.SocketType, hear: Hear) -> None:
    while True:
        try:
            datagram, (host, _port) = await door.recvfrom(LONGEST + 1)
        except OSError:
            continue  # a report about something that somebody else's datagram caused
        hear(datagram, host)
