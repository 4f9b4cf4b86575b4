"""The verbs that ask a running gateway, on its socket."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.asked import all_running, until_answered, verb
from tests.waiting import until


async def test_why_is_one_page_from_the_wire_to_the_row(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (_, house, _client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        page = await verb("why", "panel-1/IN1", "--data", tmp_path)
        assert page.code == 0
        headings = [line.split()[0] for line in page.out.splitlines() if line and not line.startswith(" ")]
        assert headings == [
            "panel-1/IN1:", "value", "status", "stored", "read", "device", "actor", "polls", "row", "history", "events",
        ]  # fmt: skip
        assert "and well" in page.out
        whole = json.loads((await verb("why", "panel-1/IN1", "--data", tmp_path, "--json")).out)
        assert whole["row"]["status"] == "ok"
        wrong = await verb("why", "panel-1/IN111", "--data", tmp_path)
        assert wrong.code == 1
        assert wrong.err.startswith('t3actors: no point "panel-1/IN111"; did you mean "panel-1/')
    gone = await verb("why", "panel-1/IN1", "--data", tmp_path)
    assert gone.code == 69
    assert "no gateway is running" in gone.out


async def test_an_override_is_set_shown_and_taken_back(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        await until(lambda: house.is_live)
        stopped = await verb("device", "stop", "panel-1", "--data", tmp_path)
        assert (stopped.code, stopped.out) == (0, "panel-1: stopped by hand, until the gateway is restarted\n")
        every = await verb("set-interval", "panel-2", "2s", "--data", tmp_path)
        assert every.out == "panel-2: polled every 2 s, until the gateway is restarted\n"
        await until_answered(client, "/health", lambda seen: len(seen["overrides"]) == 2)
        await until(lambda: house.status("panel-1") == "disabled")
        told = await verb("status", "--data", tmp_path)
        assert "overridden until the gateway is restarted: panel-1 is stopped by hand" in told.out
        assert "overridden until the gateway is restarted: panel-2 is polled every 2 s" in told.out
        row = json.loads((await verb("status", "--data", tmp_path, "--json")).out)
        assert set(row["health"]["overrides"]) == {"panel-1", "panel-2"}
        started = await verb("device", "start", "panel-1", "--data", tmp_path, "--json")
        assert started.rows() == [{"device": "panel-1", "override": None}]
        back = await verb("set-interval", "panel-2", "configured", "--data", tmp_path)
        assert back.out == "panel-2: as configured\n"
        wrong = await verb("set-interval", "panel-2", "soon", "--data", tmp_path)
        assert wrong.code == 2
        assert 'Error: poll_interval: saw "soon"; allowed: a duration' in wrong.err
        assert wrong.err.endswith('; or "configured"\n')
        unknown = await verb("device", "stop", "panel-3", "--data", tmp_path)
        assert (unknown.code, unknown.err) == (1, 't3actors: no device "panel-3"; did you mean "panel-2"?\n')


async def test_top_shows_the_tree_and_what_flows(tmp_path: Path) -> None:
    async with all_running(tmp_path) as (_, house, _client):
        await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
        house.gateway.registry.send("api", "a message that it does not understand")
        await until(lambda: house.log.of("child.restarted", child="api"))
        await until((tmp_path / "t3actors.sock").exists)
        told = await verb("top", "--data", tmp_path)
        assert told.code == 0
        assert "; 2 of 2 devices online" in told.out
        assert "  api  running, restarted 1 times: crashed: " in told.out
        assert "2 in gateway/devices" in told.out
        seen = json.loads((await verb("top", "--data", tmp_path, "--json")).out)
        assert seen["rates"]["polls"] > 1
        everybody = await verb("top", "--all", "--data", tmp_path)
        assert "  device/panel-1  running" in everybody.out


async def test_doctor_finds_a_running_gateway_well(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (_, _house, client):
        await until_answered(client, "/health", lambda seen: seen["live"] and seen["actors"]["state"] == "ok")
        rows = (await verb("doctor", "--data", tmp_path, "--json")).rows()
        by_name = {row["what"]: row for row in rows}
        assert by_name["gateway"]["verdict"] == "ok"
        assert by_name["database"]["verdict"] == "ok"
        assert {row["what"] for row in rows if row["verdict"] == "bad"} <= {"clock"}
