"""The demo's simulated devices, in a process of their own, and the configuration that polls them.

About half of them speak BACnet/IP, the others Modbus TCP; all on loopback, none at a port that is fixed or needs root.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from itertools import chain, cycle, islice, zip_longest
from pathlib import Path
from typing import IO, Self

import msgspec

from t3actors.config import ApiConfig, BacnetConfig, Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.errors import GatewayError
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Preset

ENDS_WITHIN_S = 5.0
PROFILE = "t3-controller"
LOOPBACK = "127.0.0.1"
USUAL = (Preset.T3000, Preset.GENERIC, Preset.T3000, Preset.NO_COV)
AWKWARD = (Preset.APDU_206, Preset.NO_RPM)  # one of each: they take many requests
ONE_BY_ONE_S = 5.0  # between polls of the one without ReadPropertyMultiple: each takes over a hundred requests
MANY = 4  # so many BACnet devices, and the awkward ones are among them


class PanelListed(msgspec.Struct, frozen=True):
    """One simulated panel, as its process lists it."""

    name: str
    host: str
    port: int
    unit_id: int
    serial_number: int


class BacnetListed(msgspec.Struct, frozen=True):
    """One simulated BACnet device, as its process lists it."""

    name: str
    host: str
    port: int
    instance: int
    preset: Preset


class ScanListed(msgspec.Struct, frozen=True):
    """Where T3000's scan is answered."""

    host: str
    port: int


class Listing(msgspec.Struct, frozen=True):
    """The first line of the simulator's process."""

    panels: tuple[PanelListed, ...] = ()
    bacnet: tuple[BacnetListed, ...] = ()
    scan: ScanListed | None = None


class SimulatedPlant:
    """The simulator's process. It ends with this one, even by kill -9: it reads our end of a pipe."""

    def __init__(self, devices: int, seed: int) -> None:
        self.listing = Listing()
        modbus, bacnet = shares(devices)
        self._arguments = ["--devices", str(modbus), "--seed", str(seed), "--bacnet", str(bacnet)]
        self._arguments += ["--bacnet-layout", "alone", "--bacnet-presets", ",".join(presets(bacnet))]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # Its own session: Ctrl-C in this terminal must stop the gateway first, or every panel would seem to die.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "t3actors.simulator.process", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.listing = msgspec.json.decode(_stream(self._process.stdout).readline(), type=Listing)
        except msgspec.DecodeError:
            self._end()
            raise GatewayError("the simulated devices did not start; what they said is above") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is None:
            return
        _stream(self._process.stdin).close()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _stream(self._process.stdout).close()


def shares(devices: int) -> tuple[int, int]:
    """Give how many of the devices are Modbus panels, and how many BACnet devices."""
    bacnet = devices // 2
    return devices - bacnet, bacnet


def presets(bacnet: int) -> tuple[Preset, ...]:
    """Give what kinds of BACnet devices there are, one for each."""
    awkward = AWKWARD if bacnet >= MANY else ()
    return (*islice(cycle(USUAL), bacnet - len(awkward)), *awkward)


def demo_config(listing: Listing, data_dir: Path) -> Config:
    """Poll each second, but seldomer who takes a request for each property; heartbeats come soon enough to be seen."""
    rules = Rules(poll_interval_s=1.0, max_interval_s=60.0)
    modbus = [_modbus(panel, rules) for panel in listing.panels]
    bacnet = [_bacnet(device, rules) for device in listing.bacnet]
    in_turn = chain.from_iterable(zip_longest(modbus, bacnet))
    return Config(
        gateway=GatewayConfig(name="demo", data_dir=data_dir),
        store=StoreConfig(database=data_dir / "t3actors.db", min_free_bytes=0),
        api=ApiConfig(listen=f"{LOOPBACK}:{_free_port(socket.SOCK_STREAM)}"),
        bacnet=BacnetConfig(interface=LOOPBACK, port=_free_port(socket.SOCK_DGRAM)) if bacnet else None,
        devices=tuple(device for device in in_turn if device is not None),
        source_hash="demo",
    )


def _modbus(panel: PanelListed, rules: Rules) -> DeviceConfig:
    return DeviceConfig(
        name=panel.name,
        protocol="modbus",
        address=f"{panel.host}:{panel.port}",
        unit_id=panel.unit_id,
        serial_number=panel.serial_number,
        profile=PROFILE,
        rules=rules,
    )


def _bacnet(device: BacnetListed, rules: Rules) -> DeviceConfig:
    if device.preset is Preset.NO_RPM:
        rules = msgspec.structs.replace(rules, poll_interval_s=ONE_BY_ONE_S)
    return DeviceConfig(
        name=device.name,
        protocol="bacnet",
        address=f"{device.host}:{device.port}",
        instance=device.instance,
        private_transfer=device.preset is Preset.T3000,
        rules=rules,
    )


def _free_port(kind: socket.SocketKind) -> int:
    """Give a UDP or TCP port that nobody has: every simulated device has bound its own by now."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - opened as a pipe above
    return stream
