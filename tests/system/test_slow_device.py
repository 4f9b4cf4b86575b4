"""T18: a device slower than its period is asked one thing at a time, as often as it can; that is told once, and nothing piles up."""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.clock import wall_ms
from t3actors.collect.arrivals import TOGETHER_S
from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.frames import Request
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.house import config_of, gateway_running, listed
from tests.system.relay import relaying
from tests.waiting import until

INTERVAL_S, TAKES_S = 0.002, 0.15
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=70, down_after=140, max_interval_s=0.0)
"""70 of 2 ms are less than it takes; 70 of what it achieves are more than a busy machine stands still for."""
ROUNDING_MS = 20
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
            await until(lambda: house.log.of("poll.recovered", device="slow"))
            await until(lambda: house.one(ACHIEVED) < TAKES_S)


async def test_each_value_of_a_slow_poll_is_stored_with_the_time_at_which_its_own_answer_came(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        rules = Rules(poll_interval_s=600.0, max_interval_s=0.0)
        device = listed(
            "slow", plant.servers[0].port, inputs=4, rules=rules, timeout_s=10.0, max_registers=2, max_gap=0
        )
        plant.set_fault("panel-1", Fault(FaultKind.SLOW, delay_s=2 * TOGETHER_S))
        server, asked_ms = plant.servers[0], []
        answer = server.answer

        def noted(request: Request) -> bytes | None:
            asked_ms.append(wall_ms())
            return answer(request)

        server.answer = noted  # type: ignore[method-assign]
        async with gateway_running(config_of([device], tmp_path)) as house:
            await until(lambda: house.one("SELECT count(*) FROM TRENDLOG_DATA") == 4)
            rows = house.rows("SELECT sampled_at FROM TRENDLOG_DATA ORDER BY point_id")
            shown = house.rows("SELECT sampled_at FROM POINTS ORDER BY point_id")
            ended_ms = wall_ms()
        stamps = [at_ms for (at_ms,) in rows]
        assert shown == rows
        begun = asked_ms[-4:]
        for stamp_ms, asked, next_asked in zip(stamps, begun, [*begun[1:], ended_ms], strict=True):
            assert asked <= stamp_ms <= next_asked + ROUNDING_MS
