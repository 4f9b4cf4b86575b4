"""Everything that can be looked at of a running gateway by its API, held against its own database."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from t3actors.points import Rules
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.store import writer
from tests.system.asked import all_running, client_of, until_answered, waiting_config
from tests.system.house import gateway_running
from tests.waiting import until

STALL = Fault(FaultKind.STALL)
SILENCES = ("gave no answer within", "no connection within")
"""The second, where a busy machine did not come to connect anew just before the device was called offline."""
MORTAL = Rules(poll_interval_s=0.05, stale_after=10, down_after=20, max_interval_s=0.0)


async def test_the_devices_are_those_of_the_database(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (plant, _house, client):
        listed = await until_answered(
            client, "/devices", lambda seen: [each["status"] for each in seen["devices"]] == ["online"] * 2
        )
        assert [each["name"] for each in listed["devices"]] == ["panel-1", "panel-2"]
        serials = {panel.serial_number for panel in plant.panels.values()}
        assert {each["serial_number"] for each in listed["devices"]} == serials
        assert {each["override"] for each in listed["devices"]} == {None}
        one = await until_answered(client, "/devices/panel-1", lambda seen: seen["points_by_status"].get("ok"))
        assert one["points_by_status"] == {"ok": one["device"]["points"]}
        assert one["now"]["state"] == "online"
        assert one["now"]["polls"][-1]["error"] == ""
        unknown = await client.get("/devices/panel-11")
        assert unknown.status_code == 404
        assert unknown.json() == {"error": 'no device "panel-11"; did you mean "panel-1"?'}


async def test_points_come_in_pages_and_by_filters(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        whole = house.one("SELECT count(*) FROM POINTS")
        seen, offset = [], 0
        while offset is not None:
            page = (await client.get("/points", params={"limit": 50, "offset": offset})).json()
            seen += [(each["name"], each["point_id"]) for each in page["points"]]
            assert len(page["points"]) <= 50
            offset = page["next_offset"]
        assert len(seen) == len(set(seen)) == whole
        inputs = (await client.get("/points", params={"device": "panel-1", "kind": "input"})).json()["points"]
        wanted = house.one("SELECT count(*) FROM POINTS WHERE name = 'panel-1' AND point_type = 'INPUT'")
        assert (len(inputs), {each["point_type"] for each in inputs}) == (wanted, {"INPUT"})
        assert (await client.get("/points", params={"status": "down"})).json() == {"points": [], "next_offset": None}
        sought = (await client.get("/points", params={"search": "PANEL-2/in1 °c"})).json()["points"]
        assert [(each["name"], each["point_id"]) for each in sought][:1] == [("panel-2", "IN1")]
        assert (await client.get("/points", params={"device": "panel-7"})).status_code == 404


async def test_history_is_what_was_stored_and_bounded(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (plant, house, client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        for value in (10.0, 11.0, 12.0):
            plant.panels["panel-1"].set("IN1", value)
            await until(lambda value=value: house.one("SELECT value FROM POINTS WHERE point_id = 'IN1'") == value)
        whole = (await client.get("/history", params={"point": "panel-1/IN1"})).json()
        stored = house.rows("SELECT sampled_at, value FROM TRENDLOG_DATA WHERE point_id = 'IN1' ORDER BY sampled_at")
        assert [(each["sampled_at"], each["value"]) for each in whole["samples"]] == stored
        assert (whole["complete"], whole["until"]) == (True, None)
        newest = (await client.get("/history", params={"point": "panel-1/IN1", "limit": 2})).json()
        assert [each["value"] for each in newest["samples"]] == [11.0, 12.0]
        assert newest["complete"] is False
        until_then = {"point": "panel-1/IN1", "until": stored[-2][0]}
        assert [each["value"] for each in (await client.get("/history", params=until_then)).json()["samples"]][
            -1
        ] == 11.0
        wrong = await client.get("/history", params={"point": "panel-1/IN999"})
        assert wrong.status_code == 404
        assert wrong.json()["error"].startswith('no point "panel-1/IN999"; did you mean "panel-1/IN')
        assert (await client.get("/history", params={"point": "panel-1"})).status_code == 404
        assert (await client.get("/history")).status_code == 422


async def test_events_alarms_the_tree_and_the_metrics_are_there(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        seen = await until_answered(
            client,
            "/events?device=panel-1",
            lambda told: any(each["event"] == "device.online" for each in told["events"]),
        )
        assert {each["name"] for each in seen["events"]} == {"panel-1"}
        assert (await client.get("/alarms")).json() == {"alarms": []}
        tree = (await client.get("/tree")).json()
        children = {(each["supervisor"], each["child"]): each for each in tree["children"]}
        assert children["gateway/devices", "device/panel-1"]["state"] == "running"
        assert children["gateway", "writer"]["kind"] == "thread"
        assert tree["counts"]["devices"] == 2
        page = await client.get("/metrics")
        assert page.headers["content-type"].startswith("text/plain")
        assert 't3actors_device_online{device="panel-1"} 1.0' in page.text
        assert 't3actors_device_points{device="panel-2",status="ok"}' in page.text


async def test_metrics_are_there_though_the_database_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PULSE_S", 3600.0)  # else it may see meanwhile that its file is gone, and begin another
    async with all_running(tmp_path, panels=1) as (_, house, client):
        await until(lambda: house.status("panel-1") == "online")
        house.database.rename(tmp_path / "gone.db")
        page = await client.get("/metrics")
        assert page.status_code == 200
        assert 't3actors_device_online{device="panel-1"} 1.0' in page.text
        assert (await client.get("/devices")).status_code == 503
        (tmp_path / "gone.db").rename(house.database)
        assert (await client.get("/devices")).status_code == 200


async def test_why_follows_a_point_from_the_wire_to_its_row(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        well = (await client.get("/why", params={"point": "panel-1/IN1"})).json()
        assert "and well" in well["sentence"]
        assert well["look_at"] == ""
        assert well["row"]["value"] == well["trace"]["stored"]["value"]
        assert well["actor"]["state"] == "running"
        assert well["now"]["polls"][-1]["points"] > 0
        assert [each["value"] for each in well["samples"]][-1] == well["row"]["value"]


async def test_a_device_that_is_silent_is_in_health_and_why_says_what_to_look_at(tmp_path: Path) -> None:
    async with all_running(tmp_path, rules=MORTAL) as (plant, house, client):
        await until(lambda: house.point_statuses("panel-2") == {"ok"})
        plant.set_fault("panel-2", STALL)
        health = await until_answered(client, "/health", lambda seen: seen["devices"].get("offline") == 1)
        assert [each["device"] for each in health["troubled"]] == ["panel-2"]
        assert any(silence in health["troubled"][0]["reason"] for silence in SILENCES)
        assert health["live"] is True
        why = await until_answered(
            client,
            "/why?point=panel-2/IN1",
            lambda told: (
                told["row"]["status"] == "down"
                and told["sentence"].startswith("panel-2 is offline: ")
                and SILENCES[0] in told["now"]["polls"][-1]["error"]
            ),
        )
        assert "unit_id" in why["look_at"]
        assert why["now"]["attempts"] >= 1


async def test_what_the_gateway_stored_before_is_looked_at_as_well(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (plant, house, _client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        again = msgspec.structs.replace(waiting_config(plant, tmp_path), devices=())
    async with gateway_running(again), client_of(tmp_path) as client:
        listed = await until_answered(client, "/devices", lambda seen: seen["devices"])
        assert [each["name"] for each in listed["devices"]] == ["panel-1"]
        told = (await client.get("/why", params={"point": "panel-1/IN1"})).json()
        assert told["actor"] is None
        assert told["sentence"].startswith("nobody polls panel-1")
