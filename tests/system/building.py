"""A building whose BACnet devices a gateway finds by itself: how each is called when it is found, and all that each is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from supervision.children import ChildInfo
from supervision.errors import NotFound, NotRunning
from t3actors.collect.bacnet.link.requests import WhoIs, ask_link
from t3actors.config import BacnetNetwork, Config, DeviceConfig, Discover
from t3actors.points import Rules
from t3actors.simulator.bacnet.apdu import Request, decode_apdu
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import BacnetPlant, BacnetPlantSize, Placed, running_bacnet_plant
from t3actors.simulator.bacnet.point_objects import PointObject
from t3actors.simulator.bacnet.requests import decode_read_property, decode_read_property_multiple
from t3actors.simulator.bacnet.responder import Sending
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.words import Confirmed, Property
from tests.system.house import House, config_of
from tests.system.stations import ABORT, CONFIRMED, REJECT, with_bacnet

STILL = 3600.0  # values do not move
RULES = Rules(poll_interval_s=0.1, stale_after=500, down_after=1000, max_interval_s=0.0)
HASTY = Rules(poll_interval_s=0.1, stale_after=5, down_after=10, max_interval_s=0.0)
EVERYBODY = (0, 4_194_303)
NO_FAULT = BacnetFault(BacnetFaultKind.NONE)
STALL = BacnetFault(BacnetFaultKind.STALL)


class Read(NamedTuple):
    """One property that a device was asked for, and in its how-manieth request."""

    request: int
    object_id: int
    property_id: int


class Resident:
    """One device of the building, and all that it is asked. **Thread**: trio's."""

    def __init__(self, name: str, placed: Placed) -> None:
        self.name = name
        self.placed = placed
        self.device = placed.device
        self._frames: list[bytes] = []
        self.refused = 0
        receive = placed.responder.receive

        def tapped(data: bytes, peer: Peer, now_s: float, *, broadcast: bool = False) -> list[Sending]:
            sendings = receive(data, peer, now_s, broadcast=broadcast)
            if data[0] >> 4 == CONFIRMED:
                self._frames.append(data)
                self.refused += any(each.apdu[0] >> 4 in {REJECT, ABORT} for each in sendings)
            return sendings

        placed.responder.receive = tapped  # type: ignore[method-assign]

    @property
    def address(self) -> str:
        place = self.placed.place
        if place is None:
            return f"127.0.0.1:{self.placed.server.port}"
        mac = place.mac
        if len(mac) == 1:
            return f"{place.network}:{mac[0]}"
        return f"{place.network}:{'.'.join(map(str, mac[:4]))}:{int.from_bytes(mac[4:], 'big')}"

    @property
    def found_as(self) -> str:
        """Its name in the database when nobody has configured it."""
        place = self.placed.place
        network = 0 if place is None else place.network
        mac = b"\x7f\x00\x00\x01" + self.placed.server.port.to_bytes(2, "big") if place is None else place.mac
        return f"bacnet:{network}:{mac.hex()}:{self.device.claimed_instance}"

    @property
    def requests(self) -> int:
        """How many confirmed requests came."""
        return len(self._frames)

    def begin_anew(self) -> None:
        """Forget what it was asked."""
        self._frames.clear()
        self.refused = 0

    def reads(self) -> list[Read]:
        """What was asked for, in order."""
        found: list[Read] = []
        for number, frame in enumerate(list(self._frames), 1):
            request = decode_apdu(frame)
            assert isinstance(request, Request)
            if request.service == Confirmed.READ_PROPERTY:
                asked = decode_read_property(request.data)
                found.append(Read(number, asked.object_id, asked.property_id))
            elif request.service == Confirmed.READ_PROPERTY_MULTIPLE:
                for object_id, wanted in decode_read_property_multiple(request.data):
                    found += [Read(number, object_id, which) for which, _ in wanted]
        return found

    def reads_of_points(self, which: Property) -> list[Read]:
        """The reads of one property of its points."""
        points = {point.object_id for point in self.device.points.values()}
        return [each for each in self.reads() if each.object_id in points and each.property_id == which]

    def point(self, point_id: str) -> PointObject:
        return self.device.point(point_id)

    def suffer(self, fault: BacnetFault) -> None:
        self.placed.server.set_fault(self.placed.responder, self.placed.place, fault)

    def configured(self, name: str = "", **changes: Any) -> DeviceConfig:
        """How a gateway is told of it."""
        device = DeviceConfig(
            name=name or self.name,
            protocol="bacnet",
            address=self.address,
            instance=self.device.instance,
            timeout_s=0.5,
            retries=1,
            rules=RULES,
        )
        return msgspec.structs.replace(device, **changes)


class Building:
    """All devices by their simulator's names, and the BBMD by which they are found."""

    def __init__(self, plant: BacnetPlant) -> None:
        self.plant = plant
        self.residents = {name: Resident(name, placed) for name, placed in plant.placed.items()}

    def __getitem__(self, number: int) -> Resident:
        """Give a device by its number from 1."""
        return self.residents[f"bacnet-{number}"]

    def __iter__(self) -> Any:
        return iter(self.residents.values())

    def config(
        self,
        data_dir: Path,
        discover: Discover,
        *configured: DeviceConfig,
        rules: Rules = RULES,
        found: dict[str, Any] | None = None,
    ) -> Config:
        """A gateway that registers with the BBMD and looks for everybody."""
        config = with_bacnet(
            config_of(configured, data_dir),
            discover=discover,
            bbmd=f"127.0.0.1:{self.plant.bbmd.port}",
            who_is_range=EVERYBODY,
            who_is_rate=50.0,
            networks=tuple(BacnetNetwork(number=each, busy_limit=1.0, min_gap_s=0.0) for each in self._networks()),
        )
        template = msgspec.structs.replace(config.found_devices, timeout_s=0.5, retries=1, rules=rules, **(found or {}))
        return msgspec.structs.replace(config, found_devices=template)

    def _networks(self) -> list[int]:
        """Those behind routers, which are as fast as memory here and may be driven like that."""
        places = (each.placed.place for each in self.residents.values())
        return sorted({place.network for place in places if place is not None})

    def set_fault(self, fault: BacnetFault) -> None:
        for each in self.residents.values():
            each.suffer(fault)


@asynccontextmanager
async def running_building(size: BacnetPlantSize) -> AsyncIterator[Building]:
    """Run a building for the length of a block."""
    async with running_bacnet_plant(size) as plant:
        yield Building(plant)


def well(house: House, residents: Iterable[Resident], *, configured: bool = False) -> bool:
    """Whether these are online, and all their points there and ok."""
    named = {each.name if configured else each.found_as: len(each.device.points) for each in residents}
    online = dict(house.rows("SELECT name, status FROM DEVICES"))
    if not all(online.get(name) == "online" for name in named):
        return False
    counted = dict(house.rows("SELECT name, count(*) FROM POINTS WHERE status = 'ok' AND label <> '' GROUP BY name"))
    return all(counted.get(name) == points for name, points in named.items())


def polling(house: House) -> list[str]:
    """Who is polled: the names of all device actors, whoever started them; nobody of a pool that is just down."""
    children: list[ChildInfo] = []
    for pool in ("devices", "found"):
        with suppress(NotFound, NotRunning):
            children += house.gateway.supervisor.find(pool).children()
    return sorted(child.name.removeprefix("device/") for child in children if child.name.startswith("device/"))


async def who_is(house: House) -> None:
    """Have everybody asked who is there, once more."""
    await ask_link(house.gateway.registry, WhoIs(low=EVERYBODY[0], high=EVERYBODY[1]))
