"""The demo's simulated panels, in a process of their own, and the configuration that polls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO, Self

import msgspec

from t3actors.config import Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.errors import GatewayError
from t3actors.points import Rules

ENDS_WITHIN_S = 5.0
PROFILE = "t3-controller"


class PanelListed(msgspec.Struct, frozen=True):
    """One simulated panel, as its process lists it."""

    name: str
    host: str
    port: int
    unit_id: int
    serial_number: int


class Listing(msgspec.Struct, frozen=True):
    """The first line of the simulator's process."""

    panels: tuple[PanelListed, ...]


class SimulatedPlant:
    """The simulator's process. It ends with this one, even by kill -9: it reads our end of a pipe."""

    def __init__(self, devices: int, seed: int) -> None:
        self.panels: tuple[PanelListed, ...] = ()
        self._arguments = ["--devices", str(devices), "--seed", str(seed)]
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
            self.panels = msgspec.json.decode(_stream(self._process.stdout).readline(), type=Listing).panels
        except msgspec.DecodeError:
            self._end()
            raise GatewayError("the simulated panels did not start; what they said is above") from None
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


def demo_config(panels: tuple[PanelListed, ...], data_dir: Path) -> Config:
    """Poll every panel each second, by its own register map; heartbeats come soon enough to be seen."""
    rules = Rules(poll_interval_s=1.0, max_interval_s=60.0)
    devices = tuple(
        DeviceConfig(
            name=panel.name,
            protocol="modbus",
            address=f"{panel.host}:{panel.port}",
            unit_id=panel.unit_id,
            serial_number=panel.serial_number,
            profile=PROFILE,
            rules=rules,
        )
        for panel in panels
    )
    return Config(
        gateway=GatewayConfig(name="demo", data_dir=data_dir),
        store=StoreConfig(database=data_dir / "t3actors.db", min_free_bytes=0),
        devices=devices,
        source_hash="demo",
    )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - opened as a pipe above
    return stream
