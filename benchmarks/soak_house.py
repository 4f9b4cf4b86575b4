"""One kind of event for soak_events.py: what it is, and the gateway's directory and the small plant that it happens to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trio

from benchmarks.soak_plant import PRESETS, free_ports
from tests.collect.t3000.fake_library import FakeLibrary

HEAD = """\
[gateway]
name = "events"
data_dir = "{data_dir}"

[defaults]
poll_interval = "{poll_interval}"

[store]
min_free = "0B"

[api]
rate = 10000.0

[log]
file = "t3actors.log"
stdout = false

[bacnet]
interface = "127.0.0.1"
port = {port}
cov_lifetime = "1m"
{bacnet}
"""


class Plant:
    """Simulated devices in a process of their own, told things by JSON lines."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self._turn = trio.Lock()
        self._pending = b""
        self.listed: dict[str, Any] = {}

    async def start(self) -> None:
        """Start it, and learn what is there."""
        self._process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "t3actors.simulator.process", "--tick-s", "3600", *self._words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._pending = b""
        self.listed = json.loads(await self._line())

    async def tell(self, **command: Any) -> dict[str, Any]:
        """Say a command (simulator/commands.py); return the answer."""
        async with self._turn:
            await self._process.stdin.send_all(json.dumps(command).encode() + b"\n")
            answer = json.loads(await self._line())
            assert answer["ok"], answer
            return answer

    async def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        await self._process.wait()

    async def _line(self) -> bytes:
        while b"\n" not in self._pending:
            got = await self._process.stdout.receive_some()
            if not got:
                raise SystemExit("a simulator ended")
            self._pending += got
        line, _, self._pending = self._pending.partition(b"\n")
        return line


@dataclass
class House:
    """One gateway's directory, its plants, and the way to its API. `patches`: constants of the product that have other values there."""

    data_dir: Path
    config: Path
    plants: list[Plant] = field(default_factory=list)
    first_port: int = 0
    patches: dict[str, str] = field(default_factory=dict)
    made: int = 0
    library: FakeLibrary | None = None

    @property
    def door(self) -> str:
        """Where its API is."""
        return str(self.data_dir / "t3actors.sock")

    def client(self) -> httpx.AsyncClient:
        """Return a client of its API."""
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=self.door, verify=False), base_url="http://gateway", timeout=30
        )

    async def until_up(self, gateway: subprocess.Popen[bytes]) -> None:
        """Wait until it can be asked."""
        with trio.fail_after(60):
            while not await trio.Path(self.door).exists():
                if gateway.poll() is not None:
                    raise SystemExit(await trio.Path(self.config.parent / "gateway.err").read_text())
                await trio.sleep(0.1)

    async def build(
        self, modbus: int, bacnet: int, poll_interval: str = "5s", more: str = "", cov: bool = False
    ) -> None:
        """Start a plant and write a configuration for it."""
        self.first_port = free_ports(400)
        words = ["--seed", "3", "--devices", str(modbus), "--port", str(self.first_port), "--bacnet", str(bacnet)]
        words += ["--bacnet-port", str(self.first_port + 200), "--bacnet-layout", "alone", "--bacnet-presets", PRESETS]
        words += ["--inputs", "16", "--outputs", "8", "--variables", "8"]
        plant = Plant(*words)
        await plant.start()
        self.plants.append(plant)
        self.write(poll_interval, more, cov)

    def write(
        self,
        poll_interval: str = "5s",
        more: str = "",
        cov: bool = False,
        without: str = "",
        slower: str = "",
        bacnet: str = "",
    ) -> None:
        """Write a configuration of the first plant's devices.

        `without`, `slower`: a device; `more`: text behind it; `bacnet`: text in [bacnet].
        """
        text = HEAD.format(
            data_dir=self.data_dir, poll_interval=poll_interval, port=self.first_port + 399, bacnet=bacnet
        )
        for row in (*self.plants[0].listed["panels"], *self.plants[0].listed["bacnet"]):
            if row["name"] == without:
                continue
            kind = "bacnet" if "instance" in row else "modbus"
            text += (
                f'\n[[devices]]\nname = "{row["name"]}"\nprotocol = "{kind}"\naddress = "{row["host"]}:{row["port"]}"\n'
            )
            if kind == "bacnet":
                text += f"instance = {row['instance']}\nscale = 1\n" + ("cov = true\n" if cov else "")
            else:
                text += (
                    f'unit_id = {row["unit_id"]}\nserial_number = {row["serial_number"]}\nprofile = "t3-controller"\n'
                )
            if row["name"] == slower:
                text += 'poll_interval = "2s"\n'
        beside = self.config.with_suffix(".new")
        beside.write_text(text + more)
        beside.rename(self.config)

    async def close(self) -> None:
        """End the plants."""
        for plant in self.plants:
            await plant.kill()


@dataclass(frozen=True)
class Kind:
    """One kind of event: how many of it a round has; `happen` makes so many; `prepare` builds what it happens to."""

    name: str
    says: str
    events: int
    happen: Callable[[House, int], Awaitable[None]]
    prepare: Callable[[House], Awaitable[None]]


async def side_by_side(one: Callable[[int], Awaitable[None]], events: int, at_a_time: int) -> None:
    """Make so many, some at a time; each is given its number."""
    numbers = iter(range(events))

    async def go_on() -> None:
        for number in numbers:
            await one(number)

    async with trio.open_nursery() as nursery:
        for _ in range(at_a_time):
            nursery.start_soon(go_on)
