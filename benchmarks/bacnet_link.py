"""CPU per ReadPropertyMultiple of 50 points: link and codec, beside bacpypes3's own `read_property_multiple`, in the same run.

    python benchmarks/bacnet_link.py [polls]

The device is a process of its own that answers with canned octets, so only the client's CPU is counted: both threads of the
gateway's way (trio and asyncio) and the codec; one after another, and 8 devices side by side. The machine may be noisy:
rounds of both ways take turns, and the least of each counts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import selectors
import socket
import struct
import sys
import time
from multiprocessing.connection import Connection

import trio
from bacpypes3.app import Application
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.codec.read_multiple import decode_results, encode_request
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.requests import LINK, ReadMultiple, ask_link
from t3actors.config import BacnetConfig
from t3actors.events import silent

POINTS = 50
ROUNDS = 3
SIDE_BY_SIDE = 8
PRESENT_VALUE = 85


def canned() -> bytes:
    """The acknowledgement's service data: analog inputs 1 to 50, present value n + 0.5."""
    return b"".join(
        b"\x0c" + struct.pack(">I", n) + b"\x1e\x29\x55\x4e\x44" + struct.pack(">f", n + 0.5) + b"\x4f\x1f"
        for n in range(1, POINTS + 1)
    )


def serve(ports: Connection) -> None:
    """Answer every request on any of the sockets."""
    doors = selectors.DefaultSelector()
    told = []
    for _ in range(SIDE_BY_SIDE):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(("127.0.0.1", 0))
        doors.register(one, selectors.EVENT_READ)
        told.append(one.getsockname()[1])
    ports.send(told)
    data = canned()
    head = b"\x81\x0a" + (len(data) + 9).to_bytes(2, "big") + b"\x01\x00\x30"
    while True:
        for ready, _ in doors.select():
            door = ready.fileobj
            assert isinstance(door, socket.socket)
            frame, source = door.recvfrom(2048)
            door.sendto(head + frame[8:9] + b"\x0e" + data, source)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def ours(ports: list[int], polls: int) -> float:
    """CPU seconds per poll through the link and our codec."""
    registry = Registry()
    link = BacnetLink(BacnetConfig(interface="127.0.0.1", port=free_port()), log=silent)
    data = encode_request([(0, n, [(PRESENT_VALUE, None)]) for n in range(1, POINTS + 1)])
    async with running(link, name=LINK, registry=registry):

        async def device(port: int, count: int) -> None:
            request = ReadMultiple(address=f"127.0.0.1:{port}", service_data=data)
            for _ in range(count):
                results = decode_results(await ask_link(registry, request))
                assert len(results) == POINTS

        await device(ports[0], 5)
        started = time.process_time()
        async with trio.open_nursery() as nursery:
            for port in ports:
                nursery.start_soon(device, port, polls // len(ports))
        return (time.process_time() - started) / polls


async def theirs(ports: list[int], polls: int) -> float:
    """CPU seconds per poll by bacpypes3 alone."""
    app = Application.from_object_list(
        [
            DeviceObject(objectIdentifier=("device", 4194302), objectName="benchmark"),
            NetworkPortObject(f"127.0.0.1/32:{free_port()}", objectIdentifier=("network-port", 1), objectName="port"),
        ]
    )
    wanted: list[object] = []
    for n in range(1, POINTS + 1):
        wanted += [ObjectIdentifier(("analog-input", n)), ["present-value"]]

    async def device(port: int, count: int) -> None:
        for _ in range(count):
            results = await app.read_property_multiple(Address(f"127.0.0.1:{port}"), list(wanted))
            assert len(results) == POINTS

    try:
        await device(ports[0], 2)
        started = time.process_time()
        await asyncio.gather(*(device(port, polls // len(ports)) for port in ports))
        return (time.process_time() - started) / polls
    finally:
        app.close()


def main() -> None:
    polls = (int(sys.argv[1]) if len(sys.argv) > 1 else 400) // SIDE_BY_SIDE * SIDE_BY_SIDE
    mine, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far,), daemon=True)
    server.start()
    ports = mine.recv()
    print(f"CPU per poll of {POINTS} points; Python {sys.version.split()[0]}")
    for name, asked in (("one device", ports[:1]), (f"{SIDE_BY_SIDE} devices", ports)):
        mine_s, theirs_s = [], []
        for _ in range(ROUNDS):
            mine_s.append(trio.run(ours, asked, polls * 4))
            theirs_s.append(asyncio.run(theirs(asked, polls // 4 // len(asked) * len(asked))))
        ratio = min(theirs_s) / min(mine_s)
        print(
            f"{name:>10}: link {min(mine_s) * 1e6:7.0f} us   bacpypes3 {min(theirs_s) * 1e6:7.0f} us   {ratio:5.1f} times less"
        )
    server.kill()


if __name__ == "__main__":
    main()
