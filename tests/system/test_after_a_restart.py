"""What a gateway says right after its start of devices that nobody has heard since: on every surface, that it does not know."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.asked import client_of, until_answered, verb, waiting_config
from tests.system.house import gateway_running
from tests.waiting import until, until_answer
from tests.watch.api.browser import listening

SLOW_TO_AGE = Rules(poll_interval_s=0.1, stale_after=100_000, down_after=100_000, max_interval_s=0.0)


async def test_what_the_last_life_knew_is_shown_as_live_nowhere_until_it_is_read_again(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path, SLOW_TO_AGE)
        async with gateway_running(config) as house:
            await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        before = house.rows("SELECT point_id, value FROM POINTS WHERE name = 'panel-2'")
        plant.set_fault("panel-2", Fault(FaultKind.STALL))
        async with gateway_running(config) as house, client_of(tmp_path) as client:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            told = await until_answered(client, "/devices", lambda told: told["devices"][0]["status"] == "online")
            devices = told["devices"]
            assert devices[1]["status"] in {"unknown", "connecting"}
            points = (await client.get("/points", params={"device": "panel-2"})).json()["points"]
            assert {(each["status"], each["device_status"] == "online") for each in points} == {("unknown", False)}
            assert {each["status_reason"] for each in points} == {"not read since the gateway was started: it was ok"}
            assert (await client.get("/devices/panel-2")).json()["points_by_status"] == {"unknown": len(points)}
            counted = {"ok": house.one("SELECT count(*) FROM POINTS WHERE name = 'panel-1'"), "unknown": len(points)}
            await until_answered(client, "/health", lambda told: told.get("points_by_status") == counted)
            metrics = (await client.get("/metrics")).text.splitlines()
            assert 't3actors_device_online{device="panel-2"} 0.0' in metrics
            assert f't3actors_device_points{{device="panel-2",status="unknown"}} {float(len(points))}' in metrics
            assert not [
                line for line in metrics if line.startswith('t3actors_device_points{device="panel-2",status="ok"')
            ]
            why = (await client.get("/why", params={"point": "panel-2/IN1"})).json()
            assert (why["row"]["status"], why["device"]["status"]) in {
                ("unknown", "unknown"),
                ("unknown", "connecting"),
            }
            for words in (("points", "--device", "panel-2"), ("devices",), ("why", "panel-2/IN1")):
                ended = await verb(*words, "--data", tmp_path, "--json")
                rows = [row for row in ended.rows() if row.get("name", "panel-2") == "panel-2"]
                assert rows
                assert not {str(row.get("status", row.get("row", row).get("status"))) for row in rows} & {
                    "ok",
                    "online",
                }
            await _assert_by_plain_sql(house.database)
            async with listening(tmp_path, "/live?device=panel-2") as listener:
                plant.set_fault("panel-2", NO_FAULT)
                told: dict[str, str] = {}

                async def heard() -> dict[str, str]:
                    message: dict[str, Any] = await listener.next()
                    told.update({each["point_id"]: each["status"] for each in message.get("points", ())})
                    return told

                await until_answer(heard, lambda told: len(told) == len(points))
                assert set(told.values()) == {"ok"}, "who listens is told, though no value has changed"
        assert house.rows("SELECT point_id, value FROM POINTS WHERE name = 'panel-2'") == before


def opened(database: Path) -> apsw.Connection:
    """As another program has it, but with our own SQLite: of two in one process each breaks the other's locks (house.py)."""
    connection = apsw.Connection(str(database))
    connection.set_busy_timeout(60_000)
    return connection


async def _assert_by_plain_sql(database: Path) -> None:
    with closing(opened(database)) as db:
        for table in ("DEVICES", "DEVICES_NOW"):
            ((status, unheard),) = db.execute(f"SELECT status, unheard FROM {table} WHERE name = 'panel-2'")
            assert (status in {"unknown", "connecting"}, unheard) == (True, 1)
        assert db.execute("SELECT DISTINCT status FROM POINTS WHERE name = 'panel-2'").fetchall() == [("unknown",)]


async def test_devices_too_are_not_said_to_be_as_they_were_while_nothing_is_written(tmp_path: Path) -> None:
    """The gateway answers, but its database is old: so is what stands in it of the devices."""
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path)
        async with gateway_running(config) as house, client_of(tmp_path) as client:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            with closing(opened(house.database)) as other:

                async def said_of_old() -> Any:
                    """Between the two its heartbeat may be written anew."""
                    other.execute("UPDATE GATEWAY SET heartbeat_at = heartbeat_at - 60000")
                    other.execute("BEGIN IMMEDIATE")
                    (said,) = (await client.get("/devices")).json()["devices"]
                    other.execute("ROLLBACK")
                    return said

                device = await until_answer(said_of_old, lambda said: said["status"] == "unknown")
            assert device["status_reason"].startswith(
                "the gateway runs, but has not written its database lately; it was online"
            )
