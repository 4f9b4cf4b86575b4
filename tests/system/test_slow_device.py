"""T18: a device slower than its period is asked one thing at a time, as often as it can; that is told once, and nothing piles up."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.house import config_of, gateway_running, listed
from tests.system.relay import relaying
from tests.waiting import until

INTERVAL_S, TAKES_S = 0.002, 0.15
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=70, down_after=140, max_interval_s=0.0)
"""70 of 2 ms are less than it takes; 70 of what it achieves are more than a busy machine stands still for."""
ACHIEVED = "SELECT achieved_interval_s FROM DEVICES WHERE name = 'slow'"


async def test_a_slow_device_is_asked_as_often_as_it_can_and_its_achieved_interval_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t3actors.detect.delivery.PROGRESS_EVERY_S", 0.1)
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant, relaying(plant.servers[0].port) as relay:
        devices = [
            listed("slow", relay.port, timeout_s=10.0, rules=RULES),
            listed("panel-2", plant.servers[1].port),
        ]
        plant.set_fault("panel-1", Fault(FaultKind.SLOW, delay_s=TAKES_S))
        async with gateway_running(config_of(devices, tmp_path)) as house:
            waiting = house.gateway.registry._players[f"link/modbus/127.0.0.1:{relay.port}"].actor_inbox  # type: ignore[attr-defined]
            most_waiting = enough = 0

            def some_polls() -> bool:
                nonlocal most_waiting
                most_waiting = max(most_waiting, len(waiting._queue))
                return relay.requests >= enough

            await until(lambda: (house.one(ACHIEVED) or 0) >= TAKES_S)
            stale_before = len(house.log.of("points.stale", device="slow"))
            enough = relay.requests + 9
            await until(some_polls)
            assert relay.most_in_flight == 1
            assert most_waiting <= 1, "nothing piles up"
            assert len(house.log.of("poll.overrun", device="slow")) == 1
            assert house.log.of("poll.recovered", device="slow") == []
            stale = len(house.log.of("points.stale", device="slow"))
            assert stale == stale_before, "its age counts at the interval that it achieves"
            assert house.point_statuses("slow") == {"ok"}
            assert house.status("slow") == "online"

            plant.set_fault("panel-1", NO_FAULT)
            await until(lambda: len(house.log.of("poll.recovered", device="slow")) == 1)
            await until(lambda: house.one(ACHIEVED) < TAKES_S)
