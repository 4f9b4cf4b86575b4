"""A simulated T3000's web server through the whole gateway: panel by panel, with faults, beside a Modbus panel that keeps its interval."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from t3actors.config import DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.t3000.faults import FaultKind
from t3actors.simulator.t3000.installation import Installation, some_panels
from t3actors.simulator.t3000.web_server import T3000WebServer
from tests.system.asked import client_of
from tests.system.house import House, config_of, gateway_running
from tests.waiting import WITHIN_S, until

RULES = Rules(poll_interval_s=0.08, trend="changes", max_interval_s=0.0)
PATIENT = Rules(poll_interval_s=0.08, trend="changes", max_interval_s=0.0, stale_after=1000, down_after=6)
"""A busy machine makes no value old; who says that he cannot reach a panel is believed as soon as ever."""


def t3000(server: T3000WebServer, name: str = "plant", **changes: object) -> DeviceConfig:
    fields: dict[str, object] = {"timeout_s": 1.0, "retries": 0, "panel_pause_s": 0.0, "rules": RULES}
    return DeviceConfig(name=name, protocol="t3000", address=server.url, **(fields | changes))  # type: ignore[arg-type]


@asynccontextmanager
async def plant(tmp_path: Path, panels: int = 2, **changes: object) -> AsyncIterator[tuple[House, T3000WebServer]]:
    server = T3000WebServer(Installation(some_panels(panels)), tick_s=0.1)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        async with gateway_running(config_of([t3000(server, **changes)], tmp_path / "data")) as house:
            yield house, server
        nursery.cancel_scope.cancel()


async def test_every_panel_is_read_with_all_its_points_and_its_trend_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t3actors.collect.t3000.trend_log_round.FIRST_AFTER_S", 0.2)
    monkeypatch.setattr("t3actors.collect.t3000.trend_log_round.APART_S", 0.05)
    async with plant(tmp_path) as (house, server):
        await until(lambda: len(house.log.of("cycle.stored")) >= 2)
        serials = sorted(listed.panel.serial_number for listed in server.installation.panels.values())
        assert [
            row[0] for row in house.rows("SELECT serial_number FROM DEVICES WHERE name LIKE 'plant:%' ORDER BY 1")
        ] == serials
        counted = "SELECT point_type, count(*) FROM POINTS WHERE serial_number = ? GROUP BY 1 ORDER BY 1"
        for serial in serials:
            assert house.rows(counted, serial) == [("INPUT", 64), ("OUTPUT", 64), ("VARIABLE", 128)]
        await until(lambda: house.one("SELECT count(*) FROM TRENDLOGS WHERE ffi_synced = 1") == 24)
        assert {call["action"] for call in server.calls} <= {4, 17}


FAULTS = (
    FaultKind.HANG, FaultKind.DROP, FaultKind.DROP_MIDWAY, FaultKind.STATUS_500, FaultKind.WARMUP, FaultKind.BUSY, FaultKind.TRUNCATED,
    FaultKind.GARBAGE,
)  # fmt: skip


async def test_a_fault_of_its_web_server_is_told_once_and_ends_by_itself(tmp_path: Path) -> None:
    """All faults strike at once, each a T3000 of its own in one gateway."""
    async with trio.open_nursery() as nursery:
        servers = [T3000WebServer(Installation(some_panels(1, seed)), tick_s=0.1) for seed, _ in enumerate(FAULTS, 1)]
        for server in servers:
            await nursery.start(server.serve)
        devices = [
            t3000(server, fault.name.lower(), timeout_s=0.3) for server, fault in zip(servers, FAULTS, strict=True)
        ]
        async with gateway_running(config_of(devices, tmp_path / "data")) as house:
            async with trio.open_nursery() as sufferers:
                for server, fault in zip(servers, FAULTS, strict=True):
                    sufferers.start_soon(undergo, house, server, fault)
            assert house.log.of("child.exited") == []
        nursery.cancel_scope.cancel()


async def undergo(house: House, server: T3000WebServer, fault: FaultKind) -> None:
    """Let a fault strike the T3000 that bears its name, and end it."""
    device = fault.name.lower()
    (name,) = [f"{device}:{listed.panel.serial_number}" for listed in server.installation.panels.values()]
    await until(lambda: house.point_statuses(name) == {"ok"} and is_well(house, device), what=f"{device}: first values")
    told = len(house.log.of("cycle.failed", device=device))
    server.set_fault(fault)
    await until(lambda: house.point_statuses(name) == {"down"}, what=f"{device}: points down")
    await until(lambda: len(house.log.of("cycle.failed", device=device)) > told, what=f"{device}: the failure is told")
    reasons = [keys["reason"] for keys in house.log.of("cycle.failed", device=device)[told:]]
    assert all(reason != before for before, reason in pairwise(reasons)), (
        "no reason is said again before another one was"
    )
    server.set_fault(FaultKind.NONE)
    await until(lambda: house.point_statuses(name) == {"ok"}, what=f"{device}: points ok again")


def is_well(house: House, device: str) -> bool:
    """Whether its last cycle did not fail: on a busy machine one is soon late."""
    told = house.log.told(device, "cycle.failed", "cycle.recovered")
    return not told or told[-1][0] == "cycle.recovered"


async def test_a_panel_that_t3000_cannot_reach_costs_itself(tmp_path: Path) -> None:
    async with plant(tmp_path, timeout_s=WITHIN_S, rules=PATIENT) as (house, server):
        first, second = (f"plant:{listed.panel.serial_number}" for listed in server.installation.panels.values())
        await until(lambda: house.point_statuses(first) == house.point_statuses(second) == {"ok"})
        next(iter(server.installation.panels.values())).is_online = False
        await until(lambda: house.status(first) == "offline")
        await until(lambda: house.point_statuses(first) == {"down"})
        assert house.status(second) == "online"
        assert house.point_statuses(second) == {"ok"}


async def test_a_t3000_is_stopped_by_hand_with_all_its_panels_and_no_panel_alone(tmp_path: Path) -> None:
    async with plant(tmp_path) as (house, server), client_of(tmp_path / "data") as client:
        panels = [f"plant:{listed.panel.serial_number}" for listed in server.installation.panels.values()]
        await until(lambda: all(house.point_statuses(name) == {"ok"} for name in panels))
        alone = await client.post(f"/devices/{panels[0]}/stop")
        assert (alone.status_code, alone.json()) == (
            409,
            {"error": f"{panels[0]} is not polled by an actor of its own"},
        )
        assert (await client.post("/devices/plant/stop")).status_code == 200
        await until(lambda: all(house.point_statuses(name) == {"disabled"} for name in panels))
        await until(lambda: {house.status(name) for name in ["plant", *panels]} == {"disabled"})
        assert (await client.post("/devices/plant/start")).status_code == 200
        await until(lambda: all(house.point_statuses(name) == {"ok"} for name in panels))
