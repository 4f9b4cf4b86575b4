"""A running gateway takes up what a configuration has more than the one it was started by: devices, and the search for some."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from supervision.additions import Additions
from supervision.spec import ChildSpec
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.pipeline import Gateway


class Growing:
    """One gateway, which is run beside `additions.keep`. **Thread**: trio. One call at a time."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.additions = Additions(gateway.supervisor)
        gateway.found.is_polled_otherwise = self._is_configured

    async def take_up(self, config: Config) -> None:
        """Start what is new in `config`: its last devices, their links, the search. Nothing is stopped.

        **Raises**: ChildStartFailed, NotRunning, NotFound; then the gateway's configuration is what it was.
        """
        known = {spec.name for _, spec in self._children()}
        was = self.gateway.config
        self._hold(config)
        try:
            for pool, spec in self._children():
                if spec.name not in known:
                    await self.additions.add(pool, spec)
        except BaseException:
            self._hold(was)
            raise

    async def open_bacnet(self) -> None:
        """Start the link of all BACnet devices, whether there are any or not. **Raises**: as `take_up`."""
        await self.additions.add("links", self.gateway.pollers.bacnet_link_spec())

    def _hold(self, config: Config) -> None:
        self.gateway.pollers.config = config
        self.gateway.control.know(config.devices)

    def _is_configured(self, name: str) -> bool:
        """A device that the host has added is found too when somebody looks for devices."""
        return any(device.name == name for device in self.gateway.config.devices)

    def _children(self) -> Iterator[tuple[str, ChildSpec]]:
        pollers = self.gateway.pollers
        yield from (("links", spec) for spec in pollers.link_specs())
        for ordinal, device in enumerate(pollers.config.devices):
            yield "devices", pollers.device_spec(device, ordinal)
        yield from (("found", spec) for spec in pollers.discovery_specs())


def with_device(config: Config, device: DeviceConfig) -> Config:
    """Give the configuration with one device more."""
    return msgspec.structs.replace(config, devices=(*config.devices, device))


def with_search(config: Config) -> Config:
    """Give the configuration that looks for Temco's devices, or for whatever it names itself."""
    bacnet = config.bacnet or BacnetConfig()
    if bacnet.discover != "off":
        return config
    return msgspec.structs.replace(config, bacnet=msgspec.structs.replace(bacnet, discover="temco"))
