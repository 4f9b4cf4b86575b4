"""F10: whoever comes to the gateway again and again, rightly or wrongly, leaves nothing in it when he goes.

A round of everything, then several more: no table of any object is larger after them, and of no type are there more objects. Where
some seem to be, more rounds follow: what is left of each guest grows with every round, what a moment happened to hold does not. What
one event leaves behind on the real process, over thousands of each kind: benchmarks/soak_events.py.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import trio
import trio.testing
from trio._core._run import GLOBAL_RUN_CONTEXT

from t3actors.config import ApiConfig
from t3actors.events import silent
from t3actors.pipeline import Gateway
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.watch.tree import rows_of
from tests.system.asked import client_of, until_answered, waiting_config
from tests.system.census import Census, grown, least, take
from tests.waiting import until
from tests.watch.api.browser import Where, connect, listening

EACH, LEAST_ROUNDS, MOST_ROUNDS = 12, 5, 12


async def guests(where: Where, client: httpx.AsyncClient, number: int) -> None:
    """One of each kind; `number` makes it one that was never there before."""
    for path in (
        f"/devices/nobody-{number}",
        f"/why?point=nobody-{number}/IN1",
        f"/nowhere-{number}",
        "/devices/panel-1",
    ):
        assert (await client.get(path)).status_code in {200, 404}
    for name in ("panel-1", f"nobody-{number}"):
        assert (await client.post("/sync", json={"devices": [name]})).status_code in {200, 404}
    async with listening(where, f"/live?point=panel-1/*{number}*"):
        pass
    stream = await connect(where)
    await stream.send_all(b"GET /devices HTTP/1.1\r\nhost: nobody\r\n\r\n" if number % 2 else b"\x16\x03\x01")
    await trio.aclose_forcefully(stream)


async def by_hand(gateway: Gateway, client: httpx.AsyncClient) -> None:
    """Stop, start, another interval and back."""
    for verb in ("stop", "start"):
        assert (await client.post(f"/devices/panel-2/{verb}")).status_code == 200
    for interval in ("7s", None):
        assert (await client.patch("/devices/panel-2", json={"poll_interval": interval})).status_code == 200
    assert all(row.state == "running" for row in rows_of(gateway.supervisor))


async def counted(gateway: Gateway) -> Census:
    """Count while nothing is under way, as near as that can be seen, and without what others keep up to a bound of theirs: up to 512
    patterns, 128 addresses, a thousand deadlines that were not needed."""
    re.purge()
    urllib.parse.clear_cache()
    GLOBAL_RUN_CONTEXT.runner.deadlines._prune()
    looks = []
    for _ in range(3):
        await until(lambda: not gateway.registry.mail_waiting())
        await trio.testing.wait_all_tasks_blocked()  # also those that bid farewell
        looks.append(take(gateway))
    return least(looks)


def left_in(looks: list[Census]) -> dict[str, tuple[int, int]]:
    """Say of what there is more by one for every second event; the first look does not count, for to look makes objects too."""
    early, late = looks[1], looks[-1]
    half_the_events = EACH * (len(looks) - 2) // 2
    left = grown(early.tables, late.tables, by=half_the_events) | grown(early.objects, late.objects, by=half_the_events)
    for name in ("files", "threads"):
        before, after = getattr(early, name), getattr(late, name)
        if after > before + 1:
            left[name] = before, after
    return left


@asynccontextmanager
async def forgetful(data_dir: Path) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """A gateway with two panels, whose log nobody keeps."""
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        config = msgspec.structs.replace(waiting_config(plant, data_dir), api=ApiConfig(rate=10_000.0))
        gateway = Gateway(config, silent)
        async with client_of(data_dir) as client, trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            await until((data_dir / "t3actors.sock").exists)
            await until_answered(
                client, "/devices", lambda told: {each["status"] for each in told["devices"]} == {"online"}
            )
            yield gateway, client
            gateway.stop("the test is over")
            await gateway.ended.wait()


async def test_nothing_is_left_of_clients_syncs_and_changes_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervision.registry.ROLES_KEPT", EACH // 2)
    async with forgetful(tmp_path) as (gateway, client):
        looks: list[Census] = []
        while len(looks) < LEAST_ROUNDS or (left := left_in(looks)):
            assert len(looks) < MOST_ROUNDS, left
            for number in range(len(looks) * EACH, (len(looks) + 1) * EACH):
                await guests(tmp_path, client, number)
                await by_hand(gateway, client)
            looks.append(await counted(gateway))
