"""What the host asks to have polled: the address and protocol of `add_device`, as a device of the configuration. Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from t3actors.addresses import ADDRESS_FORM, join_address, split_address
from t3actors.collect.bacnet.discover.sightings import name_of
from t3actors.collect.t3000.host_memory import HOST_MEMORY
from t3actors.config import BacnetConfig, Config, DeviceConfig, Protocol
from t3actors.errors import ConfigError
from t3actors.stations import DEFAULT_PORT, STATION_FORM, known_station

MODBUS_PORT = 502
MOST_INSTANCE = 4_194_302  # ANSI/ASHRAE 135, 12.11.1: 4194303 stands for any device
HERE = ("127.0.0.1", "localhost", "::1")
CODES: tuple[Protocol, ...] = ("bacnet", "modbus", "t3000")
"""The seed's protocol numbers: 0, 1 and 2, which is the memory of the host itself."""
LONGEST = 300
RETURNS_WITHIN_S = 5.0
"""How long a function of the host may take until it is thought to hang."""


class Wanted(NamedTuple):
    """One device. `number`: the Modbus unit, or the BACnet instance (None: whoever answers there)."""

    protocol: Protocol
    address: str
    number: int | None

    def forms(self) -> frozenset[str]:
        """Give every way to name it: "host", "host:port", "host:port/number"."""
        full = self.address if self.number is None else f"{self.address}/{self.number}"
        return frozenset({full, self.address, *host_of(self.address), *(HERE if self.address == HOST_MEMORY else ())})


def host_of(address: str) -> tuple[str, ...]:
    """Give the host of "host:port", without its brackets; nothing where that is no address of a host."""
    try:
        return (split_address(address, DEFAULT_PORT)[0],)
    except ValueError:
        return ()


def wanted(text: str, code: int, bacnet: BacnetConfig) -> Wanted:
    """Read what the host asks for. **Raises**: ConfigError, with what was seen and what is allowed."""
    if not 0 <= code < len(CODES):
        raise _refused("protocol", code, "0 (BACnet), 1 (Modbus) or 2 (the memory of this process)")
    address, slash, number = text.strip().partition("/")
    try:
        if len(text) > LONGEST or (slash and not (number.isascii() and number.isdigit())):
            raise ValueError  # noqa: TRY301 - told below, as every other fault
        return _read(CODES[code], address, int(number) if slash else None, bacnet)
    except ValueError:
        raise _refused("ip_address", text, _FORMS[CODES[code]]) from None


_FORMS = {
    "bacnet": f"{STATION_FORM}; each alone, or with its instance behind a slash, from 0 to {MOST_INSTANCE}",
    "modbus": f'{ADDRESS_FORM}, alone or with its unit behind a slash: "host:port/unit", from 1 to 247, or 255',
    "t3000": 'with protocol 2 only this machine, "127.0.0.1": it is the memory of this process',
}


def _read(protocol: Protocol, address: str, number: int | None, bacnet: BacnetConfig) -> Wanted:
    if protocol == "bacnet":
        if number is not None and number > MOST_INSTANCE:
            raise ValueError
        return Wanted(protocol, known_station(address, bacnet.port or DEFAULT_PORT)[1], number)
    if protocol == "modbus":
        unit = 1 if number is None else number
        if not (1 <= unit <= 247 or unit == 255):
            raise ValueError
        return Wanted(protocol, join_address(*split_address(address, MODBUS_PORT)), unit)
    if address.lower() not in HERE or number is not None:
        raise ValueError
    return Wanted(protocol, HOST_MEMORY, None)


def device_of(asked: Wanted, config: Config) -> DeviceConfig:
    """Give the device to poll, by the defaults of the configuration. A BACnet device must have its instance by now."""
    if asked.protocol == "bacnet":
        if asked.number is None:
            raise ValueError("a BACnet device is known by its instance")
        at, address = known_station(asked.address)
        return msgspec.structs.replace(
            config.found_devices,
            name=name_of(at, asked.number),
            address=address,
            instance=asked.number,
            enabled=True,
            discovered=True,
        )
    if asked.protocol == "modbus":
        unit = asked.number or 1
        return msgspec.structs.replace(
            config.added_panels, name=f"modbus:{asked.address}:{unit}", address=asked.address, unit_id=unit
        )
    rules = config.added_panels.rules
    return DeviceConfig(
        name="host", protocol="t3000", address=HOST_MEMORY, method="memory", timeout_s=RETURNS_WITHIN_S, rules=rules
    )


def as_asked(device: DeviceConfig) -> Wanted:
    """Give what would be asked for to have this device."""
    number = {"bacnet": device.instance, "modbus": device.unit_id}.get(device.protocol)
    return Wanted(device.protocol, device.address, number)


def is_it(device: DeviceConfig, asked: Wanted) -> bool:
    """Say whether this device, which is polled already, is the one that is asked for."""
    if not device.enabled or device.protocol != asked.protocol:
        return False
    if asked.protocol == "bacnet":
        return known_station(device.address)[1] == asked.address and asked.number in {None, device.instance}
    return device.address == asked.address and (asked.number is None or device.unit_id == asked.number)


def _refused(what: str, seen: object, allowed: str) -> ConfigError:
    shown = f'"{seen[:60]}"' if isinstance(seen, str) else str(seen)
    return ConfigError([f"{what}: saw {shown}; allowed: {allowed}"])
