"""T16: an illegal register costs its own point and nothing else. (That it is tried again after a day: tests/collect/modbus.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.house import FIRST_INPUT, House, Tap, config_of, gateway_running, listed
from tests.waiting import WITHIN_S, until

INPUTS = 30  # in one read, as long as nothing is illegal
RULES = Rules(poll_interval_s=0.05, stale_after=1000, down_after=1000, max_interval_s=0.0)


def illegal(points: list[int]) -> Fault:
    """A device that refuses the second register of each of these inputs' values, and any read across it."""
    registers = tuple((FIRST_INPUT + 2 * (point - 1) + 1,) * 2 for point in points)
    return Fault(FaultKind.ILLEGAL_RANGES, registers=registers)


def by_status(house: House) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for point_id, status in house.rows("SELECT point_id, status FROM POINTS"):
        found.setdefault(status, set()).add(point_id)
    return found


@pytest.mark.parametrize("points", [[7], [1, 2, 15, 22, 30]])
@pytest.mark.parametrize("from_the_start", [True, False])
async def test_an_illegal_register_is_isolated_and_its_neighbours_are_read(
    tmp_path: Path, points: list[int], from_the_start: bool
) -> None:
    bad = {f"IN{point}" for point in points}
    good = {f"IN{point}" for point in range(1, INPUTS + 1)} - bad
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        device = listed("panel-1", plant.servers[0].port, inputs=INPUTS, rules=RULES, timeout_s=WITHIN_S)
        if from_the_start:
            plant.set_fault("panel-1", illegal(points))
        async with gateway_running(config_of([device], tmp_path)) as house:
            if not from_the_start:
                await until(lambda: by_status(house) == {"ok": good | bad})
                plant.set_fault("panel-1", illegal(points))
            await until(lambda: by_status(house) == {"ok": good, "fault": bad})
            await until(lambda: house.status("panel-1") == "online")
            reasons = house.rows("SELECT DISTINCT status_reason FROM POINTS WHERE status = 'fault'")
            assert reasons == [("illegal address (Modbus exception 2)",)]
            for point_id in good:
                plant.panels["panel-1"].set(point_id, 77.0)
            await until(lambda: house.one("SELECT count(*) FROM POINTS WHERE value = 77.0") == len(good))
            told = [name for line in house.log.of("point.illegal") for name in line["points"]]  # type: ignore[attr-defined]
            assert sorted(told) == sorted(bad), "each is told once"
            assert house.log.of("device.backing_off") == []


async def test_what_is_known_to_be_illegal_is_asked_no_more_and_the_rest_takes_few_reads(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        server = plant.servers[0]
        device = listed("panel-1", server.port, inputs=INPUTS, rules=RULES, timeout_s=WITHIN_S)
        plant.set_fault("panel-1", illegal([7]))
        tap = Tap(server)
        async with gateway_running(config_of([device], tmp_path)) as house:
            await until(lambda: by_status(house).get("fault") == {"IN7"})
            polls, asked, refused = house.gateway.pace.polls_started, tap.asked.total(), server.counts.exceptions
            await until(lambda: house.gateway.pace.polls_started >= polls + 10)
            assert server.counts.exceptions == refused
            reads_before_it_and_behind_it = 2
            assert tap.asked.total() - asked <= 11 * reads_before_it_and_behind_it
            plant.set_fault("panel-1", NO_FAULT)
