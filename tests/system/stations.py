"""Simulated BACnet devices of any abilities, each on a port of its own; and a tap that sees what a device is asked, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import trio

from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Abilities, Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.ports import free_port
from tests.system.house import House

CONFIRMED, REJECT, ABORT, SEGMENTED = 0, 6, 7, 0x08
READ_MULTIPLE = 14
NO_FAULT = BacnetFault(BacnetFaultKind.NONE)
REGISTERS_EVERY_S = 300.0


class Request(NamedTuple):
    """A confirmed request as a device met it."""

    at_s: float
    service: int
    invoke_id: int
    data: bytes


class Tap:
    """Sees what one device is asked. **Thread**: trio's."""

    def __init__(self, responder: Responder) -> None:
        self.requests: list[Request] = []
        self.refused: Counter[int] = Counter()
        receive = responder.receive

        def tapped(data: bytes, peer: Peer, now_s: float, *, broadcast: bool = False) -> list[Sending]:
            sendings = receive(data, peer, now_s, broadcast=broadcast)
            if len(data) > 3 and data[0] >> 4 == CONFIRMED and not data[0] & SEGMENTED:
                self.requests.append(Request(now_s, data[3], data[2], data[4:]))
                self.refused[data[3]] += any(each.apdu[0] >> 4 in {REJECT, ABORT} for each in sendings)
            return sendings

        responder.receive = tapped  # type: ignore[method-assign]

    def most_outstanding(self, takes_s: float) -> int:
        """How many requests were ever unanswered at once, where the device takes so long for each; a repeated one is one."""
        most, under_way = 0, list[Request]()
        for request in self.requests:
            under_way = [each for each in under_way if request.at_s < each.at_s + takes_s]
            under_way = [each for each in under_way if each.invoke_id != request.invoke_id] + [request]
            most = max(most, len(under_way))
        return most


class Station:
    """One device, its socket and its tap."""

    def __init__(self, name: str, abilities: Abilities, points: PointCounts, seed: int) -> None:
        self.name = name
        self.device = build_device(Preset.GENERIC, seed, 1000 + seed, points, name=f"dev-{seed}", abilities=abilities)
        self.responder = Responder(self.device, seed)
        self.server = BacnetServer(Router(self.responder))
        self.tap = Tap(self.responder)

    def suffer(self, fault: BacnetFault) -> None:
        """Switch a fault on, or all off."""
        self.server.set_fault(self.responder, None, fault)

    def config(self, rules: Rules, **changes: Any) -> DeviceConfig:
        """How a gateway is told of it."""
        device = DeviceConfig(
            name=self.name,
            protocol="bacnet",
            address=f"127.0.0.1:{self.server.port}",
            instance=self.device.instance,
            timeout_s=0.3,
            retries=1,
            rules=rules,
        )
        return msgspec.structs.replace(device, **changes)


@asynccontextmanager
async def running_stations(wanted: Mapping[str, Abilities], points: PointCounts) -> AsyncIterator[dict[str, Station]]:
    """Run devices of these abilities for the length of a block; time does not pass in them."""
    stations = {name: Station(name, able, points, seed) for seed, (name, able) in enumerate(wanted.items(), 1)}
    async with trio.open_nursery() as nursery:
        for station in stations.values():
            await nursery.start(station.server.serve)
        yield stations
        nursery.cancel_scope.cancel()


def all_there(house: House, stations: Iterable[Station]) -> bool:
    """Whether every point of these devices is known by its name and well."""
    known = dict(house.rows("SELECT name, count(*) FROM POINTS WHERE status = 'ok' AND label <> '' GROUP BY name"))
    return all(known.get(station.name) == len(station.device.points) for station in stations)


def with_bacnet(config: Config, **settings: Any) -> Config:
    """A configuration with a BACnet side of its own on loopback."""
    own = BacnetConfig(interface="127.0.0.1", port=free_port(), **settings)
    return msgspec.structs.replace(config, bacnet=own)
