"""Events that devices make, for soak_events.py: each function makes so many of its kind."""

from __future__ import annotations

import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from benchmarks.soak_house import House, Kind, Plant
from benchmarks.soak_plant import BACNET_FAULTS, MODBUS_FAULTS
from tests.collect.t3000.fake_library import Compiler


async def quick(house: House) -> None:
    """Devices that are polled ten times a second."""
    await house.build(4, 8, poll_interval="100ms")


def striking(
    prefix: str, faults: tuple[dict[str, Any], ...], number_of: int
) -> Callable[[House, int], Awaitable[None]]:
    """Make the function that strikes so many devices side by side, each with one fault after another."""

    async def strike(house: House, events: int) -> None:
        plant = house.plants[0]
        chance = random.Random(5)

        async def one(which: int) -> None:
            name = f"{prefix}-{which + 1}"
            for number in range(events // number_of):
                fault = dict(faults[(number + which) % len(faults)])
                if "delay_s" in fault:
                    fault["delay_s"] = min(0.3, fault["delay_s"])
                await plant.tell(panel=name, **fault)
                await trio.sleep(chance.uniform(0.1, 0.6))
                await plant.tell(panel=name, fault="none")
                await trio.sleep(chance.uniform(0.1, 0.3))

        async with trio.open_nursery() as nursery:
            for which in range(number_of):
                nursery.start_soon(one, which)
        async with house.client() as client:
            for _ in range(3):
                await client.post("/sync", json={})

    return strike


async def moving(house: House, events: int) -> None:
    """Every value of every device changes, over and over: one event is one round of all."""
    plant = house.plants[0]
    names = [row["name"] for row in (*plant.listed["panels"], *plant.listed["bacnet"])]
    had = {name: (await plant.tell(panel=name, ask="values"))["values"] for name in names}
    for number in range(events):
        for name in names:
            analog = {
                key: float(number % 2 if value in {0.0, 1.0} else 20 + number % 50)
                for key, value in had[name].items()
                if not key.startswith("MS")
            }
            await plant.tell(panel=name, set=analog)
        await trio.sleep(0.1)


async def power_cuts(house: House, events: int) -> None:
    """Of the whole plant."""
    for _ in range(events):
        await house.plants[0].kill()
        await trio.sleep(0.5)
        await house.plants[0].start()
        await trio.sleep(0.7)


async def seeking(house: House) -> None:
    """Discovery that has less patience than the product's."""
    await house.build(0, 2)
    house.patches = {
        "t3actors.collect.bacnet.discover.newcomers.UNMET_FOR_S": "1.0",
        "t3actors.collect.bacnet.discover.newcomers.UNMET_WHILE_OTHERS_WAIT_S": "1.0",
        "t3actors.collect.bacnet.discover.handing_on.LOOK_AT_NEWCOMERS_S": "(0.5, 1.0)",
        "t3actors.collect.bacnet.discover.handing_on.STARTED_PER_S": "200.0",
        "t3actors.collect.bacnet.discover.handing_on.UNMET_SHOWN": "100",
    }
    house.write(bacnet='discover = "all"\nwho_is_rate = 10.0', poll_interval="1s")


async def strangers(house: House, events: int) -> None:
    """Somebody says that he is a device nobody ever saw, and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        for _ in range(events):
            house.made += 1
            said = (
                b"\x10\x00\xc4" + (8 << 22 | 100_000 + house.made).to_bytes(4, "big") + b"\x22\x05\xc4\x91\x00\x21\x94"
            )
            frame = b"\x81\x0a" + (len(said) + 6).to_bytes(2, "big") + b"\x01\x00" + said
            one.sendto(frame, ("127.0.0.1", house.first_port + 399))
            await trio.sleep(0.01)
    await trio.sleep(8)


async def with_t3000(house: House) -> None:
    """A T3000 with three panels, asked over HTTP."""
    await house.build(1, 0)
    plant = Plant("--devices", "0", "--t3000", "3")
    await plant.start()
    house.plants.append(plant)
    url = plant.listed["t3000"]["url"]
    house.write(more=T3000.format(address=url))


T3000 = """
[[devices]]
name = "plant"
protocol = "t3000"
address = "{address}"
poll_interval = "300ms"
panel_pause = "0s"
timeout = "1s"
retries = 0
"""
T3000_FAULTS = (
    {"fault": "slow", "delay_s": 0.2}, {"fault": "hang"}, {"fault": "drop"}, {"fault": "drop_midway"}, {"fault": "status_500"},
    {"fault": "not_ready"}, {"fault": "warmup"}, {"fault": "busy"}, {"fault": "offline"}, {"fault": "truncated"}, {"fault": "garbage"},
)  # fmt: skip


async def t3000_faults(house: House, events: int) -> None:
    """One after another."""
    plant = house.plants[1]
    chance = random.Random(8)
    for number in range(events):
        await plant.tell(panel="t3000", **T3000_FAULTS[number % len(T3000_FAULTS)])
        await trio.sleep(chance.uniform(0.1, 0.8))
        await plant.tell(panel="t3000", fault="none")
        await trio.sleep(chance.uniform(0.1, 0.5))
    async with house.client() as client:
        for _ in range(2):
            await client.post("/sync", json={})


async def with_library(house: House) -> None:
    """A T3000 as a library that crashes."""
    await house.build(1, 0)
    house.library = Compiler(house.config.parent).library(house.config.parent / "lib")
    house.library.play("* crash")
    house.write(more=T3000.format(address=f"ffi:{house.library.path}"))


WORKERS = (
    "crash",
    "exit 3",
    "garble",
    "close_files",
    "raise 9",
    "say it is over",
    "return -5 nothing",
    "not_ready",
    "fill",
    "empty",
    "chatter crash",
)


async def worker_ends(house: House, events: int) -> None:
    """Each behaviour for a second or so: the worker is started anew again and again."""
    for number in range(events):
        house.library.play(f"* {WORKERS[number % len(WORKERS)]}")
        await trio.sleep(1.0)
        async with house.client() as client:
            await client.post("/sync", json={"devices": ["plant"]})


async def with_cov(house: House) -> None:
    """BACnet devices that tell of changes."""
    await house.build(0, 6, poll_interval="200ms", cov=True)


COV_FAULTS = (
    {"fault": "cov_silent"}, {"fault": "cov_refuse"}, {"fault": "cov_duplicate"}, {"fault": "reboot", "delay_s": 0.5}, {"fault": "stall"},
)  # fmt: skip


async def cov(house: House, events: int) -> None:
    """Subscriptions are lost and refused, and values move."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(striking("bacnet", COV_FAULTS, 6), house, events)
        nursery.start_soon(moving, house, max(1, events // 12))


async def with_webview(house: House) -> None:
    """T3000's own database beside ours."""
    await house.build(2, 2, poll_interval="100ms")
    house.write(poll_interval="100ms", more='\n[store.webview]\ndatabase = "webview.db"\n')


DEVICES = (
    Kind("modbus", "a fault of a Modbus device", 400, striking("panel", MODBUS_FAULTS, 4), quick),
    Kind("bacnet", "a fault of a BACnet device", 600, striking("bacnet", BACNET_FAULTS, 8), quick),
    Kind("cov", "a subscription is lost", 240, cov, with_cov),
    Kind("moving", "all values change", 100, moving, quick),
    Kind("power", "a power cut", 20, power_cuts, quick),
    Kind("strangers", "an I-Am of somebody who is not there", 600, strangers, seeking),
    Kind("t3000", "a fault of a T3000", 100, t3000_faults, with_t3000),
    Kind("worker", "a T3000 library that ends its process", 33, worker_ends, with_library),
    Kind("webview", "all values change, with T3000's own file filled", 60, moving, with_webview),
)
