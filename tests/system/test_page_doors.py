"""Who may have the page and what it asks for: everybody the page, nobody the data without the token, no foreign name anything."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from t3actors.config import ApiConfig
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.watch.api.bundle import files
from tests.ports import free_tcp_port
from tests.system.asked import all_running, client_of, until_answered, waiting_config
from tests.system.house import House, gateway_running
from tests.waiting import until
from tests.watch.api.browser import listening
from tests.watch.api.test_server import TOKEN

ELSEWHERE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@asynccontextmanager
async def guarded(data_dir: Path) -> AsyncIterator[tuple[House, httpx.AsyncClient, int]]:
    """A gateway that wants a token on TCP, and a client that has none."""
    (data_dir / "token").write_text(TOKEN)
    port = free_tcp_port()
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        api = ApiConfig(listen=f"127.0.0.1:{port}", token_file=str(data_dir / "token"), hosts=("gateway",))
        config = msgspec.structs.replace(waiting_config(plant, data_dir), api=api)
        async with gateway_running(config) as house:
            await until(lambda: len(house.log.of("api.opened")) == 2)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield house, client, port


async def test_the_page_is_sent_without_a_token_and_to_whoever_follows_a_link_and_the_data_are_not(
    tmp_path: Path,
) -> None:
    async with guarded(tmp_path) as (_, client, _port):
        for path, file in files().items():
            answer = await client.get(path, headers=ELSEWHERE)
            assert answer.status_code == 200, path
            assert answer.headers.get_list("cache-control") == [file.kept]
            assert answer.headers["x-frame-options"] == "DENY"
        assert (await client.get("/health")).status_code == 401
        assert (await client.get("/health", headers=ELSEWHERE)).status_code == 403
        assert (await client.post("/")).status_code == 401
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 403
        assert (await client.get("/page/../health")).status_code in {401, 404}


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 101), ("another-token-altogether", 401), ("", 401)])
async def test_a_browser_brings_the_token_to_the_socket_as_a_protocol(tmp_path: Path, token: str, status: int) -> None:
    coded = base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    offered = ["t3actors", f"t3actors.token.{coded}"] if token else ["t3actors"]
    async with guarded(tmp_path) as (house, _, port):
        async with listening(port, "/live", protocols=offered) as socket:
            assert socket.status == status
            assert socket.protocol == ("t3actors" if status == 101 else None)
        assert token == "" or token not in str(house.log.lines)


async def test_by_a_forwarded_port_a_foreign_name_reaches_nothing(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1), client_of(tmp_path) as client:
        for host, status in (("evil.example:8080", 403), ("localhost:8080", 200), ("gateway", 200)):
            assert (await client.get("/devices", headers={"host": host})).status_code == status


async def test_the_size_of_the_database_and_a_curve_are_answered(tmp_path: Path) -> None:
    async with all_running(tmp_path, panels=1) as (plant, house, client):
        await until(lambda: house.point_statuses("panel-1") == {"ok"})
        plant.panels["panel-1"].set("IN1", 11.0)
        await until(lambda: house.one("SELECT value FROM POINTS WHERE point_id = 'IN1'") == 11.0)
        told = (await client.get("/storage")).json()
        assert told["database_bytes"] >= house.database.stat().st_size > 0
        assert (told["free_bytes"] > 0, told["grows_by_a_day"], told["budget_bytes"]) == (True, None, 2_000_000_000)
        curve = (await client.get("/trend", params={"point": "panel-1/IN1", "since": "1h"})).json()
        samples = (await client.get("/history", params={"point": "panel-1/IN1"})).json()["samples"]
        assert curve["at"] == [each["sampled_at"] for each in samples]
        assert curve["last"] == [each["value"] for each in samples]
        assert (curve["absences"], curve["restarts"]) == ([], [])
        assert (await client.get("/trend", params={"point": "panel-1/IN999"})).status_code == 404
        wrong = await client.get("/trend", params={"point": "panel-1/IN1", "since": 5, "until": 5})
        assert wrong.status_code == 422
        states = {each["point_id"]: each["states"] for each in (await client.get("/points")).json()["points"]}
        assert any(states.values())
        assert not all(states.values())


async def test_the_times_in_which_no_gateway_ran_and_the_restarts_are_told(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = waiting_config(plant, tmp_path)
        async with gateway_running(config) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            stopped_after = house.one("SELECT max(sampled_at) FROM TRENDLOG_DATA")
        async with gateway_running(config) as house, client_of(tmp_path) as client:
            house.gateway.registry.send("device/panel-1", "a message that it does not understand")
            curve = await until_answered(client, "/trend?point=panel-1/IN1", lambda told: told.get("restarts"))
            started = house.one("SELECT started_at FROM GATEWAY")
            assert [each["until_at"] for each in curve["absences"]] == [started]
            assert stopped_after <= curve["absences"][0]["from_at"] <= started
            assert {each["event"] for each in curve["restarts"]} == {"child.restarted"}
