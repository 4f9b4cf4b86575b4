"""A whole building's BACnet devices on loopback, moved by one task, the same for the same seed.

Of each ten devices five have a port of their own, two share one behind a router without a speed (several devices at one
address), and three are stations of an MS/TP trunk behind another router. A BBMD hears all of them. **Thread**: trio's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import trio

from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.counts import BacnetCounts
from t3actors.simulator.bacnet.device import EPOCH_S, SimulatedDevice
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.npdu import Station
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer, Lan
from t3actors.simulator.ports import must_be_port

MOST_DEVICES = 5000
SLICES = 20  # a tick is done in as many parts, so that no answer waits for a whole building
LARGEST_INSTANCE = 4_000_000
LARGEST_SERIAL = 2**31 - 1
SHARED_NETWORK, TRUNK_NETWORK = 1001, 50
STATIONS_PER_TRUNK = 24
PREFIX = "bacnet-"
EVERY_DEVICE = "bacnet-*"
ALONE, SHARED, ON_TRUNK = "alone", "shared", "trunk"
LAYOUT = (ALONE, ALONE, ON_TRUNK, ALONE, SHARED, ALONE, ON_TRUNK, SHARED, ALONE, ON_TRUNK)
MIXED = (
    Preset.T3000, Preset.T3000, Preset.GENERIC, Preset.T3000, Preset.APDU_480, Preset.ODD_TEXT, Preset.T3000,
    Preset.NO_RPM, Preset.FEW_COV, Preset.APDU_206, Preset.NO_COV, Preset.NO_SEGMENTATION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BacnetPlantSize:
    """How many devices, of which presets in turn, and what each holds.

    `port` is the BBMD's and the other nodes' follow it, those that stand alone first; 0: whichever are free.
    **Units**: every `tick_s` each device advances by `tick_s`; `baud` 0 makes the trunks as fast as memory.
    **Raises**: ValueError.
    """

    devices: int = 3
    seed: int = 1
    points: PointCounts = field(default_factory=PointCounts)
    presets: tuple[Preset, ...] = MIXED
    layout: tuple[str, ...] = LAYOUT
    baud: int = 0
    tick_s: float = 1.0
    at_s: float = EPOCH_S
    i_am_spread_s: float = 0.05
    port: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.devices <= MOST_DEVICES:
            raise ValueError(f"BACnet devices: saw {self.devices}, allowed is 1 to {MOST_DEVICES}")
        if not self.presets or not self.layout or not set(self.layout) <= {ALONE, SHARED, ON_TRUNK}:
            raise ValueError(
                f"layout: saw {self.layout}, allowed are {ALONE}, {SHARED} and {ON_TRUNK}, and some preset"
            )
        if not 0.001 <= self.tick_s <= 3600.0:
            raise ValueError(f"tick_s: saw {self.tick_s}, allowed is 0.001 to 3600 seconds")
        must_be_port("bacnet_port", self.port, self.devices + 1)


@dataclass(frozen=True, slots=True)
class Placed:
    """One device, and where it is to be found."""

    device: SimulatedDevice
    responder: Responder
    server: BacnetServer
    place: Station | None
    preset: Preset


class BacnetPlant:
    """Devices by name (`bacnet-1`, ...), the nodes they stand behind, and a BBMD. **Raises**: OSError for no port."""

    def __init__(self, size: BacnetPlantSize) -> None:
        self.size = size
        self.placed: dict[str, Placed] = {}
        self.servers: list[BacnetServer] = []
        self._chance = Random(size.seed)  # noqa: S311 - reproducible on purpose
        self.lan = Lan(size.i_am_spread_s, self._chance.getrandbits(64))
        try:
            self.bbmd = self._add_server(Router(None), is_bbmd=True)
            self._add_devices()
        except (OSError, ValueError):
            self.close()
            raise

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve every node and let time pass, until cancelled; started once all are bound."""
        try:
            async with trio.open_nursery() as nursery:
                for server in self.servers:
                    await nursery.start(server.serve)
                nursery.start_soon(self.let_time_pass)
                task_status.started()
        finally:
            self.close()

    def close(self) -> None:
        """Give every port back."""
        for server in self.servers:
            server.close()

    def find(self, name: str) -> Placed:
        """Find a device. **Raises**: ValueError for a name that is not here."""
        if name not in self.placed:
            raise ValueError(
                f"panel: saw {name!r}, allowed are {PREFIX}1 to {PREFIX}{len(self.placed)}, or {EVERY_DEVICE}"
            )
        return self.placed[name]

    def set_fault(self, name: str, fault: BacnetFault) -> tuple[str, ...]:
        """Switch a fault of one device, or of all for `bacnet-*`; give the names it strikes.

        A duplicate instance is, unless named, the one of the next device.
        **Raises**: ValueError for a name or a point that is not here.
        """
        names = tuple(self.placed) if name == EVERY_DEVICE else (name,)
        for each in [self.find(name) for name in names]:
            chosen = fault
            if fault.kind is BacnetFaultKind.DUPLICATE_INSTANCE and fault.instance is None:
                chosen = BacnetFault(fault.kind, instance=self._neighbour(each).instance)
            each.server.set_fault(each.responder, each.place, chosen)
        return names

    def set_values(self, name: str, wanted: dict[str, float]) -> None:
        """Hold points at values and notify. **Raises**: ValueError, and then none is set."""
        placed = self.find(name)
        for point_id in wanted:
            placed.device.point(point_id)
        for point_id, value in wanted.items():
            placed.device.set(point_id, value)
        placed.server.values_changed(placed.responder, placed.place)

    def counts(self) -> BacnetCounts:
        """Give the totals over all nodes and devices."""
        total = BacnetCounts()
        for server in self.servers:
            total.add(server.counts)
        for placed in self.placed.values():
            total.add(placed.responder.counts)
        return total

    def subscriptions(self, name: str) -> int:
        """Give how many COV subscriptions a device holds. **Raises**: ValueError."""
        return len(self.find(name).responder.notifier)

    def listing(self) -> list[dict[str, Any]]:
        """Say where each device is to be found and what it holds."""
        return [
            {
                "name": name,
                "host": each.server.address[0],
                "port": each.server.port,
                "instance": each.device.instance,
                "network": each.place.network if each.place else None,
                "mac": each.place.mac.hex() if each.place else None,
                "vendor": each.device.vendor,
                "points": len(each.device.points),
                "preset": str(each.preset),
                "serial_number": each.device.serial_number,
            }
            for name, each in self.placed.items()
        ]

    def bbmd_listing(self) -> dict[str, Any]:
        """Say where to register as a foreign device."""
        return {"host": self.bbmd.address[0], "port": self.bbmd.port}

    async def let_time_pass(self) -> None:
        """Advance every device once a tick, a slice of them at a time, for ever; `serve` runs it."""
        placed = list(self.placed.values())
        due_s = trio.current_time()
        while True:
            for part in range(SLICES):
                due_s += self.size.tick_s / SLICES
                await trio.sleep_until(due_s)
                for each in placed[part::SLICES]:
                    each.device.advance(self.size.tick_s)
                    each.server.values_changed(each.responder, each.place)
            # After a suspend the building goes on from now: it does not catch up in one burst.
            due_s = max(due_s, trio.current_time() - self.size.tick_s)

    # -- inside

    def _neighbour(self, placed: Placed) -> SimulatedDevice:
        others = list(self.placed.values())
        return others[(others.index(placed) + 1) % len(others)].device

    def _add_devices(self) -> None:
        size = self.size
        instances = self._chance.sample(range(1, LARGEST_INSTANCE), size.devices)
        serials = self._chance.sample(range(10_000, LARGEST_SERIAL), size.devices)
        waiting: dict[str, list[tuple[str, Preset, Responder]]] = {SHARED: [], ON_TRUNK: []}
        for number in range(size.devices):
            preset = size.presets[number % len(size.presets)]
            counts = None if preset is Preset.LARGE else size.points
            device = build_device(
                preset, self._chance.getrandbits(64), instances[number], counts, name=f"{PREFIX}{number + 1}",
                serial_number=serials[number], panel_number=number % 254 + 1, at_s=size.at_s,
            )  # fmt: skip
            responder = Responder(device, self._chance.getrandbits(64))
            where = size.layout[number % len(size.layout)]
            self.placed[device.name] = Placed(device, responder, self.bbmd, None, preset)  # until it has its own place
            if where == ALONE:
                self._put(device.name, preset, responder, self._add_server(Router(responder)), None)
            else:
                waiting[where].append((device.name, preset, responder))
        self._add_routers(SHARED_NETWORK, waiting[SHARED], 6, 0)
        self._add_routers(TRUNK_NETWORK, waiting[ON_TRUNK], 1, size.baud)

    def _add_routers(
        self, network: int, waiting: list[tuple[str, Preset, Responder]], mac_length: int, baud: int
    ) -> None:
        for first in range(0, len(waiting), STATIONS_PER_TRUNK):
            here = waiting[first : first + STATIONS_PER_TRUNK]
            macs = [(place + 1).to_bytes(mac_length, "big") for place in range(len(here))]
            stations = {mac: responder for mac, (_name, _preset, responder) in zip(macs, here, strict=True)}
            server = self._add_server(Router(None, {network: stations}, {network: baud} if baud else None))
            for mac, (name, preset, responder) in zip(macs, here, strict=True):
                self._put(name, preset, responder, server, Station(network, mac))
            network += 1

    def _put(
        self, name: str, preset: Preset, responder: Responder, server: BacnetServer, place: Station | None
    ) -> None:
        self.placed[name] = Placed(responder.device, responder, server, place, preset)

    def _add_server(self, router: Router, *, is_bbmd: bool = False) -> BacnetServer:
        port = self.size.port + len(self.servers) if self.size.port else 0
        server = BacnetServer(router, port=port, is_bbmd=is_bbmd)
        self.servers.append(server)
        self.lan.add(server)
        return server


@asynccontextmanager
async def running_bacnet_plant(size: BacnetPlantSize) -> AsyncIterator[BacnetPlant]:
    """Run a plant for the length of a block."""
    plant = BacnetPlant(size)
    async with trio.open_nursery() as nursery:
        await nursery.start(plant.serve)
        yield plant
        nursery.cancel_scope.cancel()
