"""Listens for I-Am and sends nothing at all: two bare sockets that are only ever read, no stack that could answer.

`overheard` reads one datagram, pure; `listen` feeds it. Source: ANSI/ASHRAE 135, clauses 6.2 and J.2.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import trio

from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.link.datagrams import LONGEST, bind_sockets
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.requests import DeviceSeen
from t3actors.errors import BadResponse
from t3actors.stations import Station, written

FORWARDED, UNICAST, BROADCAST = 4, 10, 11  # BVLC functions, J.2
NETWORK_MESSAGE, HAS_DESTINATION, HAS_SOURCE = 0x80, 0x20, 0x08  # NPCI control octet, 6.2.2
UNCONFIRMED_REQUEST = 0x10  # PDU type, 20.1.3


def overheard(datagram: bytes, source: tuple[str, int]) -> DeviceSeen | None:
    """Read one datagram; None when it is anything else than an I-Am. Never raises, whatever the octets are."""
    try:
        return _read(datagram, source)
    except (IndexError, BadResponse):
        return None


def _read(data: bytes, source: tuple[str, int]) -> DeviceSeen | None:
    if len(data) < 4 or data[0] != 0x81 or int.from_bytes(data[2:4], "big") != len(data):
        return None
    mac = socket.inet_aton(source[0]) + source[1].to_bytes(2, "big")
    if data[1] == FORWARDED:
        mac, npdu = data[4:10], data[10:]
    elif data[1] in {UNICAST, BROADCAST}:
        npdu = data[4:]
    else:
        return None
    at = Station(None, mac)
    version, control, offset = npdu[0], npdu[1], 2
    if version != 1 or control & NETWORK_MESSAGE:
        return None
    if control & HAS_DESTINATION:
        offset += 3 + npdu[offset + 2]
    if control & HAS_SOURCE:
        length = npdu[offset + 2]
        at = Station(int.from_bytes(npdu[offset : offset + 2], "big"), npdu[offset + 3 : offset + 3 + length])
        offset += 3 + length
    if control & HAS_DESTINATION:
        offset += 1  # hop count
    if npdu[offset] != UNCONFIRMED_REQUEST or npdu[offset + 1] != services.I_AM or len(mac) != 6:
        return None
    said = services.i_am(npdu[offset + 2 :])
    return DeviceSeen(written(at), at.network, at.mac, said.instance, said.vendor_id, said.max_apdu, said.segmentation)


async def listen(
    endpoint: Endpoint,
    hear: Callable[[DeviceSeen], object],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled. **Raises**: LinkDown, saying what is in the way."""
    own, broadcast = bind_sockets(endpoint)
    async with contextlib.AsyncExitStack() as stack, trio.open_nursery() as nursery:
        for one in (own, broadcast):
            if one is not None:
                nursery.start_soon(_hear_on, stack.enter_context(trio.socket.from_stdlib_socket(one)), hear)
        task_status.started()


async def _hear_on(door: trio.socket.SocketType, hear: Callable[[DeviceSeen], object]) -> None:
    while True:
        try:
            datagram, source = await door.recvfrom(LONGEST + 1)
        except OSError:
            continue  # a report about something that somebody else's datagram caused
        seen = overheard(datagram, source)
        if seen is not None:
            hear(seen)
