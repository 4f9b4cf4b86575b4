"""Whom a scan has found: answers put together by serial number, and what does not fit said. Pure.

Every panel answers each round, and a panel answers for the devices behind it, so the same device is heard many times: that is
one device, and its newest answer counts. One serial number at two addresses is a conflict: a copied configuration, or a panel with two
network cards. The first keeps it, the later is listed beside it, and nothing is ever merged. Where a device answers itself and a panel
answers for it too, its own word counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from t3actors.addresses import join_address
from t3actors.collect.t3000.scan import ScannedPanel, SubnetStatus

KEPT = 10_000
"""Answers kept: more than a site has, less than a flood of invented ones may fill."""
MODBUS_PORT = 502  # T3000 takes this where a panel says port 0


class Heard(msgspec.Struct):
    """One device at one address. `sender` is the address that its answer came from."""

    panel: ScannedPanel
    sender: str
    online: bool | None = None
    """What the panel before it says of a subnet device; None where nobody says."""

    @property
    def address(self) -> str:
        """Where it is polled."""
        return address_of(self.panel)


class ScannedPanels:
    """At most KEPT devices; what came beyond that is counted in `ignored`, what made no sense in `nonsense`."""

    def __init__(self) -> None:
        self.ignored = self.nonsense = 0
        self._heard: dict[int, list[Heard]] = {}
        self._in_boot_loader: dict[int, Heard] = {}
        self._online: dict[tuple[int, int], bool] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def take(self, said: ScannedPanel | SubnetStatus, sender: str) -> None:
        """Take one answer."""
        if isinstance(said, SubnetStatus):
            if len(self._online) < KEPT:
                self._online.update(((said.parent_serial, at), online) for at, online in said.devices)
        elif said.in_boot_loader:
            if said.serial_number in self._in_boot_loader or len(self._in_boot_loader) < KEPT:
                self._in_boot_loader[said.serial_number] = Heard(said, sender)
        else:
            self._take(said, sender)

    def listed(self) -> Iterator[tuple[Heard, Heard | None]]:
        """Give each device, and for one in conflict the first with its serial number; in order of address and unit."""
        found = [(one, None if one is all_[0] else all_[0]) for all_ in self._heard.values() for one in all_]
        found.sort(
            key=lambda pair: (_sorted_ip(pair[0].panel.ip_address), pair[0].panel.modbus_port, pair[0].panel.modbus_id)
        )
        for one, first in found:
            one.online = self._online.get((one.panel.parent_serial or 0, one.panel.modbus_id))
            yield one, first

    def in_boot_loader(self) -> Iterator[Heard]:
        """Give those whose program does not run: they answer a scan and nothing else. One that has started meanwhile is not there."""
        for serial, one in sorted(self._in_boot_loader.items()):
            if serial not in self._heard:
                yield one

    def _take(self, panel: ScannedPanel, sender: str) -> None:
        known = self._heard.get(panel.serial_number, [])
        for one in known:
            if one.address == address_of(panel) or bool(one.panel.parent_serial) != bool(panel.parent_serial):
                if one.panel.parent_serial or not panel.parent_serial:
                    one.panel, one.sender = panel, sender
                return
        if self._count >= KEPT:
            self.ignored += 1
            return
        self._count += 1
        self._heard.setdefault(panel.serial_number, known).append(Heard(panel, sender))


def address_of(panel: ScannedPanel) -> str:
    """Give where a device is polled by Modbus TCP."""
    return join_address(panel.ip_address, panel.modbus_port or MODBUS_PORT)


def _sorted_ip(ip_address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in ip_address.split("."))
