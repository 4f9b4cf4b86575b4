"""CPU per read of 100 registers: link and driver with decoding, beside pymodbus's own client, in the same run.

    python benchmarks/modbus.py [reads]

The server is a thread of its own process that answers with canned bytes, so only the client's CPU is counted.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import struct
import sys
import time
from collections.abc import Callable

import trio
from pymodbus.client import AsyncModbusTcpClient

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.modbus.codec import decoder
from t3actors.collect.modbus.driver import ModbusDriver
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.requests import ReadRequest, read, role_of
from t3actors.config import DeviceConfig, ModbusPoint
from t3actors.events import silent
from t3actors.points import Kind

REGISTERS = 100
REPEATS = 6


def serve(listener: socket.socket) -> None:
    """Answer every request with registers 0, 1, 2 ..., one connection after another."""
    while True:
        stream, _ = listener.accept()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with stream:
            while request := stream.recv(12, socket.MSG_WAITALL):
                tid, _, _, unit, function, _, count = struct.unpack(">HHHBBHH", request)
                data = struct.pack(f">{count}H", *range(count))
                stream.sendall(struct.pack(">HHHBBB", tid, 0, 3 + len(data), unit, function, len(data)) + data)


async def link_alone(address: str, reads: int) -> float:
    """A request and its registers, nothing decoded."""
    registry, role = Registry(), role_of(address)
    async with running(ModbusLink(address, log=silent), name=role, registry=registry):
        request = ReadRequest(1, 3, 0, REGISTERS, 1.0)
        await read(registry, role, request)
        start_s = time.process_time()
        for _ in range(reads):
            await read(registry, role, request)
        return time.process_time() - start_s


async def link_and_driver(address: str, reads: int, points: tuple[ModbusPoint, ...]) -> float:
    """A poll: request, registers, one Reading per point."""
    registry, role = Registry(), role_of(address)
    config = DeviceConfig(name="bench", protocol="modbus", address=address, points=points)
    async with running(ModbusLink(address, log=silent), name=role, registry=registry):
        driver = ModbusDriver(config, registry, silent, time.monotonic)
        opened = await driver.open()
        readings = await driver.read(opened.points)
        assert len(readings) == len(points)
        start_s = time.process_time()
        for _ in range(reads):
            await driver.read(opened.points)
        return time.process_time() - start_s


async def pymodbus_client(address: str, reads: int, points: tuple[ModbusPoint, ...] = ()) -> float:
    """The same read by AsyncModbusTcpClient, and its registers decoded by the same codec where points are given."""
    host, port = address.split(":")
    client = AsyncModbusTcpClient(host, port=int(port))
    assert await client.connect()
    decoders = [(point.register, decoder(point)) for point in points]
    start_s = time.process_time()
    for _ in range(reads):
        answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
        assert len(answer.registers) == REGISTERS
        for at, decode in decoders:
            decode(answer.registers[at : at + 2])
    took_s = time.process_time() - start_s
    client.close()
    return took_s


def main() -> None:
    """Print microseconds of CPU per read, the best of a few rounds each."""
    reads = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    floats = tuple(
        ModbusPoint(id=f"f{at}", kind=Kind.INPUT, register=at, type="float32") for at in range(0, REGISTERS, 2)
    )
    words = tuple(ModbusPoint(id=f"w{at}", kind=Kind.INPUT, register=at, scale=0.1) for at in range(REGISTERS))
    variants: dict[str, Callable[[], float]] = {
        "link, 100 registers": lambda: trio.run(link_alone, address, reads),
        "link + driver, 50 float32 points": lambda: trio.run(link_and_driver, address, reads, floats),
        "link + driver, 100 uint16 points scaled": lambda: trio.run(link_and_driver, address, reads, words),
        "pymodbus AsyncModbusTcpClient, 100 registers": lambda: asyncio.run(pymodbus_client(address, reads)),
        "pymodbus client + our codec, 50 float32": lambda: asyncio.run(pymodbus_client(address, reads, floats)),
    }
    took_s: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(REPEATS):  # in turns, so that a busy machine is busy for all of them
        for name, run in variants.items():
            took_s[name].append(run())
    for name, rounds in took_s.items():
        print(f"{name:48s} {min(rounds) / reads * 1e6:7.1f} us of CPU per read")
    server.terminate()


if __name__ == "__main__":
    main()
