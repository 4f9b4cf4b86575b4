"""WS /live of a running gateway: every change as it is stored, whoever is slow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.watch import fanout
from t3actors.watch.api import listening as live_door
from t3actors.watch.api import server
from tests.system.asked import all_running, waiting_config
from tests.system.house import gateway_running
from tests.waiting import until, until_answer
from tests.watch.api.browser import WebSocket, error_of, listening, request, say, status_of, upgrade


async def heard(listener: WebSocket, kind: str = "points") -> list[dict[str, Any]]:
    """The changes of the next message that has any of this kind."""
    message = await until_answer(listener.next, lambda told: told.get(kind))
    changes: list[dict[str, Any]] = message[kind]
    return changes


async def told_of(listener: WebSocket, value: float) -> dict[str, Any]:
    """The change to this value, of one who listens to a single point: its first may be told a moment later than it is stored."""
    told: list[dict[str, Any]] = []
    while not told or told[-1]["value"] != value:
        told += await heard(listener)
    assert {(each["device"], each["point_id"]) for each in told} == {("panel-1", "IN1")}
    return told[-1]


async def test_a_listener_hears_a_change_when_it_is_in_the_database(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (plant, house, _client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        async with listening(tmp_path, "/live?device=panel-1&point=*/IN1") as listener:
            plant.panels["panel-2"].set("IN1", 7.0)
            plant.panels["panel-1"].set("IN2", 7.0)
            plant.panels["panel-1"].set("IN1", 41.5)
            change = await told_of(listener, 41.5)
            stored = house.one("SELECT value FROM POINTS WHERE name = 'panel-1' AND point_id = 'IN1'")
            assert (change["device"], change["point_id"], change["value"], change["status"]) == (
                "panel-1", "IN1", 41.5, "ok",
            )  # fmt: skip
            assert stored == 41.5


async def test_a_listener_hears_what_becomes_of_a_device(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (_, house, client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        async with listening(tmp_path) as listener:
            await client.post("/devices/panel-1/stop")
            changed = await heard(listener, "devices")
            while (
                changed[-1]["status"] == "online"
            ):  # what it became before may be told a moment later than it is stored
                changed = await heard(listener, "devices")
            assert (changed[-1]["device"], changed[-1]["status"], changed[-1]["was"]) == (
                "panel-1",
                "disabled",
                "online",
            )


async def test_where_nothing_is_stored_a_listener_hears_that_the_gateway_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_door, "NOTHING_AFTER_S", 0.05)
    async with all_running(tmp_path, panels=1) as (plant, house, _client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        async with listening(tmp_path, "/live?point=*/IN1") as listener:
            assert await until_answer(listener.next, lambda told: told == {}) == await listener.next() == {}
            plant.panels["panel-1"].set("IN1", 41.5)
            assert (await told_of(listener, 41.5))["value"] == 41.5
            assert await until_answer(listener.next, lambda told: told == {}) == {}


async def test_a_listener_who_reads_nothing_holds_nobody_up_and_is_told_what_he_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "WAITING_AT_MOST", 30)
    monkeypatch.setattr(server, "SEND_BUFFER_BYTES", 2048)
    async with all_running(tmp_path, panels=1) as (plant, house, _client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        panel = plant.panels["panel-1"]
        inputs = [point_id for point_id in panel.point_ids if point_id.startswith("IN") and panel.range_code(point_id)]
        async with listening(tmp_path) as slow, listening(tmp_path, "/live?point=*/IN1") as quick:
            for number in range(10):
                for point_id in inputs:
                    panel.set(point_id, float(number % 2))
                panel.set("IN1", float(number))
                await until_answer(quick.next, lambda told, wanted=number: _value(told) == wanted)  # type: ignore[misc]
            missed = await until_answer(slow.next, lambda told: "missed" in told)
            assert missed["missed"] > 0
            assert _value(await until_answer(slow.next, lambda told: _value(told) == 9.0)) == 9.0
        assert house.log.of("child.late") == house.log.of("child.restarted") == []


def _value(told: dict[str, Any]) -> object:
    """The last value of IN1 in a message."""
    return next((each["value"] for each in reversed(told.get("points", [])) if each["point_id"] == "IN1"), None)


async def test_more_than_may_listen_are_refused(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path)
        few = msgspec.structs.replace(config, api=msgspec.structs.replace(config.api, connections=4))
        async with gateway_running(few):
            await until((tmp_path / "t3actors.sock").exists)
            async with listening(tmp_path), listening(tmp_path), listening(tmp_path), listening(tmp_path) as fourth:
                assert fourth.status == 503


@pytest.mark.parametrize("path", ["/live?point=", "/live?nmae=x", "/live?device=a&device=b", "/live?repeats=1"])
async def test_a_filter_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    async with all_running(tmp_path, panels=1), listening(tmp_path, path) as refused:
        assert refused.status == 422


async def test_where_nothing_is_a_websocket_is_told_so_as_a_page_is(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1):
        for path in ("/alive", "/health", "/"):
            answer = await say(tmp_path, upgrade(path))
            assert status_of(answer) == 404
            assert error_of(answer) == "no WebSocket at that path; there is one at /live"
        answer = await say(tmp_path, request("/helth"))
        assert (status_of(answer), error_of(answer)) == (404, "no such path; did you mean /health?")
