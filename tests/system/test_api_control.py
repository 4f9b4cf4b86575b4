"""What is changed at a running gateway by its API holds until it is restarted, and shows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from t3actors.points import Rules
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.asked import all_running, client_of, until_answered, waiting_config
from tests.system.house import Tap, gateway_running
from tests.waiting import until

SLOW = Rules(poll_interval_s=60.0, max_interval_s=0.0)


async def test_a_stopped_device_is_not_asked_reads_disabled_and_comes_back(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (plant, house, client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        taps = {name: Tap(plant.server_of(name)) for name in plant.panels}
        answer = await client.post("/devices/panel-1/stop")
        assert answer.json() == {"device": "panel-1", "override": {"stopped": True, "poll_interval_s": None}}
        await until(lambda: house.point_statuses("panel-1") == {"disabled"} and house.status("panel-1") == "disabled")
        assert house.one("SELECT status_reason FROM DEVICES WHERE name = 'panel-1'").startswith("stopped by hand")
        asked = sum(taps["panel-1"].asked.values())
        others = sum(taps["panel-2"].asked.values())
        await until(lambda: sum(taps["panel-2"].asked.values()) > others + 5)
        assert sum(taps["panel-1"].asked.values()) == asked
        results = {each["device"]: each for each in (await client.post("/sync")).json()["results"]}
        assert set(results) == {"panel-2"}
        one = (await client.post("/sync", json={"devices": ["panel-1"]})).json()
        assert one["failed"] == 1
        assert one["results"][0]["error"].startswith("stopped by hand")
        listed = (await client.get("/devices/panel-1")).json()["device"]
        assert (listed["override"]["stopped"], listed["enabled"]) == (True, False)
        assert (await client.post("/devices/panel-1/start")).json() == {"device": "panel-1", "override": None}
        await until(lambda: house.point_statuses("panel-1") == {"ok"} and house.status("panel-1") == "online")
        events = [row[0] for row in house.rows("SELECT event FROM EVENTS WHERE reason = 'by hand' ORDER BY id")]
        assert events == ["device.stopped", "device.started"]


async def test_a_new_interval_is_polled_at_aged_by_and_forgotten_at_a_restart(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path, SLOW)
        async with gateway_running(config) as house, client_of(tmp_path) as client:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            polls = (await client.get("/devices/panel-1")).json()["now"]["counts"]["polls_ok"]
            assert polls <= 2
            answer = await client.patch("/devices/panel-1", json={"poll_interval": "50ms"})
            assert answer.json() == {"device": "panel-1", "override": {"stopped": False, "poll_interval_s": 0.05}}
            await until_answered(client, "/devices/panel-1", lambda seen: seen["now"]["counts"]["polls_ok"] > 10)
            why = await until_answered(client, "/why?point=panel-1/IN1", lambda told: told["trace"]["ages_in_s"] < 1)
            assert why["trace"]["rules"]["poll_interval_s"] == 0.05
            await until(lambda: house.one("SELECT poll_interval_s FROM DEVICES") == 0.05)
            health = await until_answered(client, "/health", lambda seen: seen["overrides"])
            assert health["overrides"] == {"panel-1": {"stopped": False, "poll_interval_s": 0.05}}
            assert (await client.patch("/devices/panel-1", json={"poll_interval": None})).json()["override"] is None
            await until(lambda: house.one("SELECT poll_interval_s FROM DEVICES") == 60.0)
            await client.patch("/devices/panel-1", json={"poll_interval": "1s"})
        async with gateway_running(config) as house, client_of(tmp_path) as client:
            await until(lambda: house.one("SELECT poll_interval_s FROM DEVICES") == 60.0)
            assert (await client.get("/devices/panel-1")).json()["device"]["override"] is None


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"poll_interval": "10"}, 422, 'poll_interval: saw "10"; allowed: a duration from "50ms" to "1d"'),
        ({"poll_interval": "10ms"}, 422, 'poll_interval: saw "10ms"; allowed: a duration from "50ms" to "1d"'),
        ({"poll_interval": "2d"}, 422, 'poll_interval: saw "2d"; allowed: a duration from "50ms" to "1d"'),
        ({"poll_interval": 10}, 422, "the body: Expected `str | null`, got `int` - at `$.poll_interval`"),
        ({}, 422, "the body: Object missing required field `poll_interval`"),
        ({"interval": "10s"}, 422, "the body: Object contains unknown field `interval`"),
    ],
)
async def test_a_bad_interval_is_refused_in_one_sentence(tmp_path: Path, body: object, status: int, why: str) -> None:
    async with all_running(tmp_path, panels=1) as (_, _house, client):
        answer = await client.patch("/devices/panel-1", json=body)
        assert (answer.status_code, answer.json()["error"][: len(why)]) == (status, why)


async def test_what_cannot_be_controlled_is_a_conflict_or_unknown(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path)
        off = msgspec.structs.replace(config.devices[0], name="off", enabled=False)
        config = msgspec.structs.replace(config, devices=(*config.devices, off))
        async with gateway_running(config), client_of(tmp_path) as client:
            conflict = await client.post("/devices/off/start")
            assert (conflict.status_code, conflict.json()) == (409, {"error": "off is disabled in the configuration"})
            assert (await client.post("/devices/of/start")).status_code == 404
            assert (await client.post("/devices/off%2Fx/start")).status_code == 404
            wrong = await client.patch("/devices/off", content=b"{}", headers={"content-type": "text/plain"})
            assert wrong.status_code == 415
