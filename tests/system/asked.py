"""A gateway over simulated panels, a client of its API on its own socket, and the verbs run beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from t3actors.config import Config
from t3actors.points import Rules
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.cli.invoking import Ended, t3actors
from tests.system.house import House, config_of, gateway_running
from tests.system.test_pipeline import PATIENT, devices_of
from tests.waiting import until, until_answer


@asynccontextmanager
async def client_of(data_dir: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Ask on the socket of the gateway in that directory."""
    way = httpx.AsyncHTTPTransport(uds=str(data_dir / "t3actors.sock"))
    async with httpx.AsyncClient(transport=way, base_url="http://gateway", timeout=20) as client:
        yield client


@asynccontextmanager
async def all_running(
    data_dir: Path, panels: int = 2, rules: Rules = PATIENT
) -> AsyncIterator[tuple[Plant, House, httpx.AsyncClient]]:
    """A plant, a gateway that polls it, and a client of its API."""
    async with running_plant(PlantSize(panels, seed=5, tick_s=3600.0)) as plant:
        async with gateway_running(waiting_config(plant, data_dir, rules)) as house:
            await until((data_dir / "t3actors.sock").exists)
            async with client_of(data_dir) as client:
                yield plant, house, client


def waiting_config(plant: Plant, data_dir: Path, rules: Rules = PATIENT) -> Config:
    """A gateway that polls all of a plant."""
    return config_of(devices_of(plant, rules=rules), data_dir)


async def verb(*arguments: object) -> Ended:
    """Run a verb beside the gateway."""
    return await trio.to_thread.run_sync(partial(t3actors, *arguments))


async def until_answered(client: httpx.AsyncClient, path: str, wanted: Callable[[Any], object]) -> Any:
    """Ask for a path until the answer is as wanted, and return it."""

    async def question() -> Any:
        return (await client.get(path)).json()

    return await until_answer(question, wanted)
