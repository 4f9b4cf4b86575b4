"""The API of a running gateway with simulated panels, on its own socket; and the verbs that ask there."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path

import msgspec
import trio

from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.asked import all_running, client_of, until_answered, verb, waiting_config
from tests.system.house import Tap, config_of, gateway_running
from tests.system.test_pipeline import PATIENT, devices_of
from tests.waiting import until


async def test_health_says_that_the_gateway_makes_progress(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, _house, client):
        seen = await until_answered(client, "/health", lambda health: health.get("devices") == {"online": 2})
        assert (seen["live"], seen["name"], seen["detector"]["state"], seen["store"]["state"]) == (
            True,
            "test",
            "ok",
            "ok",
        )
        assert (seen["actors"]["state"], seen["troubled"], seen["overrides"]) == ("ok", [], {})
        assert (await client.get("/health")).status_code == 200


async def test_a_sync_polls_all_and_says_what_came_of_each(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (plant, house, client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        plant.panels["panel-1"].set("IN1", 41.5)
        answer = await client.post("/sync")
        assert answer.status_code == 200
        results = {row["device"]: row for row in answer.json()["results"]}
        assert set(results) == {"panel-1", "panel-2"}
        assert all(row["points_ok"] > 50 and not row["points_failed"] and not row["error"] for row in results.values())
        await until(lambda: house.one("SELECT value FROM POINTS WHERE name = 'panel-1' AND point_id = 'IN1'") == 41.5)


async def test_a_sync_of_one_device_leaves_the_others_alone(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, client):
        await until(lambda: house.point_statuses("panel-2") == {"ok"})
        answer = await client.post("/sync", json={"devices": ["panel-2"]})
        assert [row["device"] for row in answer.json()["results"]] == ["panel-2"]
        unknown = await client.post("/sync", json={"devices": ["panel-22"]})
        assert unknown.status_code == 404
        assert unknown.json() == {"error": 'no device "panel-22"; did you mean "panel-2"?'}


async def test_a_request_that_waits_for_a_silent_device_holds_nobody_up(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        quick, silent = devices_of(plant, rules=PATIENT)
        silent = msgspec.structs.replace(silent, timeout_s=2.0)
        async with gateway_running(config_of([quick, silent], tmp_path)) as house, client_of(tmp_path) as client:
            await until(lambda: house.status("panel-1") == house.status("panel-2") == "online")
            plant.set_fault("panel-2", Fault(FaultKind.STALL))
            asked = Tap(plant.server_of("panel-1")).asked
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(client.post, "/sync", json={"devices": ["panel-2"]}))
                before = asked.total()
                await until(lambda: asked.total() > before + 20)
                assert (await client.get("/health")).status_code == 200
                assert (await client.post("/sync", json={"devices": ["panel-1"]})).json()["failed"] == 0
                nursery.cancel_scope.cancel()


async def test_the_verb_sync_ends_with_1_when_a_device_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
            alive = devices_of(plant, rules=PATIENT)
            dead = msgspec.structs.replace(alive[0], name="dead", address=f"127.0.0.1:{nobody.getsockname()[1]}")
            async with gateway_running(config_of([*alive, dead], tmp_path)) as house:
                await until(lambda: house.is_live and house.status("panel-1") == "online")
                well = await verb("sync", "panel-1", "--data", tmp_path, "--json")
                assert (well.code, [row["device"] for row in well.rows()]) == (0, ["panel-1"])
                both = await verb("sync", "--data", tmp_path)
                assert both.code == 1
                assert "connection refused" in both.out
                unknown = await verb("sync", "panel-7", "--data", tmp_path)
                assert (unknown.code, unknown.err) == (1, 't3actors: no device "panel-7"; did you mean "panel-1"?\n')


async def test_the_socket_goes_with_the_gateway_and_a_new_one_takes_its_place(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1):
        assert (tmp_path / "t3actors.sock").is_socket()
    assert not (tmp_path / "t3actors.sock").exists()
    async with all_running(tmp_path, panels=1) as (_, house, client):
        assert (await client.get("/health")).status_code in {200, 503}
        assert len(house.log.of("api.opened")) == 1


async def test_an_api_that_fails_is_started_again_alone(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (_, house, client):
        house.gateway.registry.send("api", "a message that it does not understand")
        await until(lambda: len(house.log.of("child.restarted", child="api")) == 1)
        await until((tmp_path / "t3actors.sock").exists)
        assert (await client.get("/health")).status_code in {200, 503}
        assert house.log.of("child.restarted") == house.log.of("child.restarted", child="api")


def own_tcp_listeners() -> int:
    """How many TCP sockets of this process listen, by proc(5)."""
    held = {os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if _is_link(name)}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return sum(line[3] == "0A" and f"socket:[{line[9]}]" in held for line in lines)


def _is_link(name: str) -> bool:
    return Path(f"/proc/self/fd/{name}").is_symlink()


async def test_nothing_listens_on_tcp_unless_configured(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        before = own_tcp_listeners()
        async with gateway_running(waiting_config(plant, tmp_path)) as house:
            await until(lambda: house.status("panel-1") == "online" and house.log.of("api.opened"))
            assert own_tcp_listeners() == before
