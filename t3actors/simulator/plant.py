"""A whole building's panels on loopback ports, moved by one task, the same for the same seed.

It knows names and time; a panel knows neither. **Thread**: trio's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import trio

from t3actors.simulator.answers import Device
from t3actors.simulator.counts import Counts
from t3actors.simulator.faults import Fault
from t3actors.simulator.modbus_server import ModbusServer
from t3actors.simulator.module import SimulatedModule
from t3actors.simulator.modules import TSTAT10, TYPES
from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.ports import must_be_port
from t3actors.simulator.registers import PRODUCT_MINIPANEL, PRODUCT_MINIPANEL_ARM
from t3actors.simulator.scan import Asked, ScanResponder

MOST_DEVICES = 5000
MOST_UNITS = 247  # Modbus addresses 1 to 247 (over serial line V1.02, 2.2)
SLICES = 20  # a tick is done in as many parts, so that no answer waits for a whole building
LARGEST_SERIAL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PlantSize:
    """How many panels, and what each holds.

    `port` is the first listener's and the others' follow it; 0: whichever are free.
    **Units**: every `tick_s` each panel advances by `tick_s`.
    **Raises**: ValueError.
    """

    devices: int = 3
    seed: int = 1
    inputs: int = 32
    outputs: int = 16
    variables: int = 16
    units_per_listener: int = 1  # more than one: that many panels behind each simulated Modbus gateway
    tick_s: float = 1.0
    modules: int = 0  # I/O modules and sensors beside the panels: one product after the other
    port: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.devices <= MOST_DEVICES:
            raise ValueError(f"devices: saw {self.devices}, allowed is 0 to {MOST_DEVICES}")
        if not 1 <= self.units_per_listener <= MOST_UNITS:
            raise ValueError(f"units_per_listener: saw {self.units_per_listener}, allowed is 1 to {MOST_UNITS}")
        if not 0 <= self.modules <= MOST_DEVICES:
            raise ValueError(f"modules: saw {self.modules}, allowed is 0 to {MOST_DEVICES}")
        if not 0.001 <= self.tick_s <= 3600.0:
            raise ValueError(f"tick_s: saw {self.tick_s}, allowed is 0.001 to 3600 seconds")
        must_be_port("port", self.port, self.devices + self.modules)


class Plant:
    """Panels (`panel-1`, ...) and modules (`module-1`, ...) by name, and the listeners they stand behind."""

    def __init__(self, size: PlantSize) -> None:
        self.size = size
        self.panels: dict[str, SimulatedPanel] = {}
        self.modules: dict[str, SimulatedModule] = {}
        self.servers: list[ModbusServer] = []
        self._server_of: dict[str, ModbusServer] = {}
        chance = Random(size.seed)  # noqa: S311 - reproducible on purpose
        serials = chance.sample(range(10_000, LARGEST_SERIAL), size.devices)
        panels = [self._panel(place, serials[place], chance.getrandbits(64)) for place in range(size.devices)]
        self.scan = ScanResponder(self._scanned)
        try:
            for first in range(0, size.devices, size.units_per_listener):
                behind = panels[first : first + size.units_per_listener]
                self._add_server(behind, chance.getrandbits(64))
                self.panels |= {panel.name: panel for panel in behind}
            for number in range(1, size.modules + 1):
                module = _module(number, chance)
                self._add_server([module], chance.getrandbits(64))
                self.modules[module.name] = module
        except OSError:
            self.close()
            raise

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve every listener and let time pass, until cancelled; started once all listen."""
        try:
            async with trio.open_nursery() as nursery:
                for server in self.servers:
                    await nursery.start(server.serve)
                await nursery.start(self.scan.serve)
                nursery.start_soon(self.let_time_pass)
                task_status.started()
        finally:
            self.close()

    def close(self) -> None:
        """Give every port back."""
        for server in self.servers:
            server.close()
        self.scan.close()

    def server_of(self, name: str) -> ModbusServer:
        """Give the listener a panel stands behind.

        **Raises**: ValueError for a name that is not here.
        """
        if name not in self._server_of:
            modules = f", module-1 to module-{len(self.modules)}" if self.modules else ""
            raise ValueError(f"panel: saw {name!r}, allowed are panel-1 to panel-{len(self.panels)}{modules}, or *")
        return self._server_of[name]

    def device(self, name: str) -> SimulatedPanel | SimulatedModule:
        """Give a panel or a module. **Raises**: ValueError for a name that is not here."""
        self.server_of(name)
        return self.panels[name] if name in self.panels else self.modules[name]

    def set_fault(self, name: str, fault: Fault) -> tuple[str, ...]:
        """Switch a fault of one panel, or of all for `*`; give the names it strikes.

        A listener's fault strikes every panel behind that listener.
        **Raises**: ValueError for a name that is not here.
        """
        if name == "*":
            for server in self.servers:
                server.set_fault(fault)
            return (*self.panels, *self.modules)
        server = self.server_of(name)
        server.set_fault(fault, self.device(name).unit_id)
        return tuple(each.name for each in server.panels) if fault.of_listener else (name,)

    def counts(self) -> Counts:
        """Give the totals over all listeners."""
        total = Counts()
        for server in self.servers:
            total.add(server.counts)
        return total

    def listing(self) -> list[dict[str, Any]]:
        """Say where each panel is to be found and what it holds."""
        return [
            {
                "name": name,
                "host": self._server_of[name].host,
                "port": self._server_of[name].port,
                "unit_id": panel.unit_id,
                "serial_number": panel.serial_number,
                "counts": dict(panel.point_counts),
            }
            for name, panel in self.panels.items()
        ]

    def module_listing(self) -> list[dict[str, Any]]:
        """Say where each module is to be found and what it is."""
        return [
            {
                "name": name,
                "host": self._server_of[name].host,
                "port": self._server_of[name].port,
                "unit_id": module.unit_id,
                "serial_number": module.serial_number,
                "product": module.product,
            }
            for name, module in self.modules.items()
        ]

    def scan_listing(self) -> dict[str, Any]:
        """Say where T3000's scan is answered."""
        return {"host": self.scan.host, "port": self.scan.port}

    def _scanned(self) -> Iterator[Asked]:
        for devices in (self.panels, self.modules):
            for name, device in devices.items():
                yield Asked(device, self._server_of[name].port)

    def _panel(self, place: int, serial_number: int, seed: int) -> SimulatedPanel:
        return SimulatedPanel(
            seed,
            serial_number,
            self.size.inputs,
            self.size.outputs,
            self.size.variables,
            name=f"panel-{place + 1}",
            unit_id=place % self.size.units_per_listener + 1,
            panel_number=place % 254 + 1,
            product=PRODUCT_MINIPANEL if place % 3 == 2 else PRODUCT_MINIPANEL_ARM,
        )

    def _add_server(self, behind: Sequence[Device], seed: int) -> None:
        port = self.size.port + len(self.servers) if self.size.port else 0
        is_gateway = len(behind) > 1 or self.size.units_per_listener > 1
        server = ModbusServer(behind, port=port, gateway=is_gateway, seed=seed)
        self.servers.append(server)
        self._server_of |= {device.name: server for device in behind}

    async def let_time_pass(self) -> None:
        """Advance every panel once a tick, a slice of them at a time, for ever; `serve` runs it."""
        panels: list[SimulatedPanel | SimulatedModule] = [*self.panels.values(), *self.modules.values()]
        due_s = trio.current_time()
        while True:
            for part in range(SLICES):
                due_s += self.size.tick_s / SLICES
                await trio.sleep_until(due_s)
                for panel in panels[part::SLICES]:
                    panel.advance(self.size.tick_s)
            # After a suspend the building goes on from now: it does not catch up in one burst.
            due_s = max(due_s, trio.current_time() - self.size.tick_s)


def _module(number: int, chance: Random) -> SimulatedModule:
    products = sorted(set(TYPES) - {TSTAT10})  # a whole TSTAT10 is a panel; here it has its sensors alone
    product = products[(number - 1) % len(products)]
    serial_number = chance.randrange(10_000, LARGEST_SERIAL)
    return SimulatedModule(product, chance.getrandbits(64), serial_number, name=f"module-{number}")


@asynccontextmanager
async def running_plant(size: PlantSize) -> AsyncIterator[Plant]:
    """Run a plant for the length of a block."""
    plant = Plant(size)
    async with trio.open_nursery() as nursery:
        await nursery.start(plant.serve)
        yield plant
        nursery.cancel_scope.cancel()
