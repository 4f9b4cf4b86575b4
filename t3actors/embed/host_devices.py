"""The devices that a host has added, and how it names them: by the serial number, else by the order in which it added them.

    device_id   a device's serial number, where that is below 2^32; else 1, 2, ... in the order of `add_device`. The order goes on
                naming the device once its serial number is known, unless that is another device's serial number: the serial wins.

A device that the gateway polls already (from its configuration, or because it was found) is added by its number alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import trio

from supervision.errors import SupervisionError
from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.link.interfaces import list_addresses, must_be_chosen
from t3actors.collect.bacnet.meeting import instance_at
from t3actors.collect.t3000.host_memory import HOST_MEMORY, must_be_exported
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.embed.gateway_thread import GatewayThread, NotNow
from t3actors.embed.growing import with_device, with_search
from t3actors.embed.wanted import Wanted, as_asked, device_of, is_it, wanted
from t3actors.errors import GatewayError
from t3actors.events import Log
from t3actors.events.host import DEVICE_ADDED, DEVICE_SOUGHT
from t3actors.questions import DeviceNow, LatestRequested, PointNow

DETECTOR = "detector"
MOST_SERIAL = 0xFFFF_FFFF
MOST_ADDED = 10_000
SEEK_AGAIN_S = (5.0, 60.0)


class UnknownDevice(GatewayError):
    """No device of this number or address is polled here: add it."""


class Added(msgspec.Struct):
    """What the host has added: `name` of the device that polls it; empty while it is not known who answers there."""

    number: int
    asked: Wanted
    forms: frozenset[str]
    name: str = ""


class HostDevices:
    """**Thread**: the gateway's. Bounded by MOST_ADDED."""

    def __init__(self, thread: GatewayThread, log: Log) -> None:
        self._thread = thread
        self._log = log
        self._added: list[Added] = []
        self._one_at_a_time = trio.Lock()

    # -- adding

    async def add(self, text: str, code: int) -> None:
        """Have a device polled from now on; one that was added before stays as it is.

        **Raises**: ConfigError for what makes no sense, or a choice of networks that was not made; NotNow, SupervisionError.
        """
        async with self._one_at_a_time:
            asked = wanted(text, code, self._thread.config.bacnet or BacnetConfig())
            if any(one.asked == asked for one in self._added):
                return
            if len(self._added) >= MOST_ADDED:
                raise NotNow(f"{MOST_ADDED} devices were added, which is the most there may be")
            added = Added(len(self._added) + 1, asked, asked.forms() | {text.strip()}, self._polled_as(asked))
            if not added.name:
                await self._begin(added)
            self._added.append(added)

    async def search(self) -> None:
        """Look for Temco's BACnet devices from now on, or as the configuration says. **Raises**: as `add`."""
        async with self._one_at_a_time:
            await self._take_up(with_search(self._thread.config))

    async def _begin(self, added: Added) -> None:
        asked = added.asked
        if asked.address == HOST_MEMORY:
            must_be_exported()
        if asked.protocol == "bacnet" and asked.number is None:
            await self._open_bacnet()
            self._thread.errand(self._seek, added)
        else:
            await self._poll(added, asked)

    async def _poll(self, added: Added, asked: Wanted) -> None:
        device = device_of(asked, self._thread.config)
        await self._take_up(with_device(self._thread.config, device))
        added.name = device.name
        self._log(
            DEVICE_ADDED, device=device.name, address=device.address, protocol=device.protocol, number=added.number
        )

    async def _take_up(self, config: Config) -> None:
        must_be_chosen(config, list_addresses)
        await self._thread.take_up(config)

    def _polled_as(self, asked: Wanted) -> str:
        return next((device.name for device in self._polled() if is_it(device, asked)), "")

    def _polled(self) -> Iterator[DeviceConfig]:
        gateway = self._thread.growing.gateway
        yield from gateway.config.devices
        yield from gateway.found.devices.values()

    # -- whoever answers at an address

    async def _open_bacnet(self) -> None:
        must_be_chosen(with_device(self._thread.config, self._thread.config.found_devices), list_addresses)
        await self._thread.growing.open_bacnet()

    async def _seek(self, added: Added) -> None:
        """Ask who is there until somebody says it."""
        pause_s, longest_s = SEEK_AGAIN_S
        said = ""
        while not added.name:
            try:
                await self._look(added)
            except (GatewayError, SupervisionError) as error:
                if str(error) != said:
                    said = str(error)
                    self._log(DEVICE_SOUGHT, address=added.asked.address, reason=said, next_try_s=pause_s)
                await trio.sleep(pause_s)
                pause_s = min(2 * pause_s, longest_s)

    async def _look(self, added: Added) -> None:
        await self._open_bacnet()
        template = msgspec.structs.replace(self._thread.config.found_devices, address=added.asked.address)
        registry = self._thread.growing.gateway.registry
        instance = await instance_at(Asking(template, registry, trio.current_time, lambda: None))
        asked = added.asked._replace(number=instance)
        async with self._one_at_a_time:
            added.name = self._polled_as(asked)
            if not added.name:
                await self._poll(added, asked)

    # -- asking

    async def device_id(self, text: str) -> int:
        """Give the number by which a device is asked for. **Raises**: UnknownDevice."""
        form = text.strip()
        added = next((one for one in self._added if form in one.forms), None)
        name = next((each.name for each in self._polled() if form in as_asked(each).forms()), "")
        if added is not None:
            name = added.name
        elif not name:
            raise UnknownDevice(f'no device "{form[:60]}" is polled here: add it by add_device')
        now = await self._ask(LatestRequested(device=name))
        if now is not None and now.serial_number is not None and 0 < now.serial_number <= MOST_SERIAL:
            return now.serial_number
        if added is None:
            raise UnknownDevice(f"{name} reports no serial number: add_device gives it a number of its own")
        other = await self._ask(LatestRequested(serial_number=added.number))
        if other is not None:
            raise UnknownDevice(f"{form[:60]}: its number {added.number} is the serial number of {other.device}")
        return added.number

    async def points(self, device_id: int) -> tuple[PointNow, ...]:
        """Give the points of one device as they stand; none while it was not met yet. **Raises**: UnknownDevice."""
        is_added = 1 <= device_id <= len(self._added)
        name = self._added[device_id - 1].name if is_added else ""
        now = await self._ask(LatestRequested(serial_number=device_id, device=name))
        if now is None and not is_added:
            raise UnknownDevice(f"no device {device_id} is polled here, or it has not said its serial number yet")
        return () if now is None else now.points

    async def _ask(self, asked: LatestRequested) -> DeviceNow | None:
        answer: DeviceNow | None = await self._thread.growing.gateway.registry.ask(DETECTOR, asked)
        return answer
