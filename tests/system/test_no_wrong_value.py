"""T04: whatever the line does, every stored value is one that its very point really had, in the order in which it had them.

Each value says whose it is: panel, point, and a number that only counts up. All reads have the same shape (ten registers, five
points), so nothing but the transaction id tells one answer from another: a late one that is believed gives other points' values.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import trio

from t3actors.config import DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.system.house import House, config_of, gateway_running, listed
from tests.waiting import every, until

POINTS = 20
PANELS = 3  # behind one simulated Modbus gateway
POINT_BAND, PANEL_BAND = 1_000_000, 100_000_000  # in thousandths
TIMEOUT_S = 0.05
LATER_S = 0.08  # than the time-out
RULES = Rules(poll_interval_s=0.03, stale_after=2000, down_after=2000, max_interval_s=0.0)

KINDS = {
    "late until the next request": Fault(FaultKind.LATE),
    "late by more than the time-out": Fault(FaultKind.LATE, delay_s=LATER_S),
    "slow": Fault(FaultKind.SLOW, delay_s=LATER_S),
    "wrong unit": Fault(FaultKind.WRONG_UNIT),
    "wrong function": Fault(FaultKind.WRONG_FUNCTION),
    "wrong protocol": Fault(FaultKind.WRONG_PROTOCOL),
    "short": Fault(FaultKind.SHORT),
    "long": Fault(FaultKind.LONG),
    "wrong byte count": Fault(FaultKind.WRONG_COUNT),
    "overlong": Fault(FaultKind.OVERLONG),
    "garbage": Fault(FaultKind.GARBAGE),
    "half a frame": Fault(FaultKind.DROP_MID_FRAME),
    "stall": Fault(FaultKind.STALL),
}
IDS = {
    "wrong id": Fault(FaultKind.WRONG_ID),
    "zero id": Fault(FaultKind.ZERO_ID),
    "constant id": Fault(FaultKind.CONSTANT_ID, transaction_id=7),
}


class Truth:
    """Moves every point of a plant within its own band, upwards, and knows which point may have which value."""

    def __init__(self, plant: Plant) -> None:
        self._panels: list[tuple[int, SimulatedPanel]] = list(enumerate(plant.panels.values(), start=1))
        self._turn = 0
        self.move()

    def move(self) -> None:
        self._turn += 1
        for number, panel in self._panels:
            for point in range(1, POINTS + 1):
                panel.set_raw(f"IN{point}", number * PANEL_BAND + point * POINT_BAND + self._turn)

    async def keep_moving(self) -> None:
        async for _ in every(0.005):
            self.move()

    def had(self, panel: int, point: int, value: float) -> bool:
        turn = round(value * 1000) - panel * PANEL_BAND - point * POINT_BAND
        return 1 <= turn <= self._turn


def devices_of(plant: Plant) -> list[DeviceConfig]:
    return [
        listed(
            f"panel-{row['unit_id']}",
            row["port"],
            inputs=POINTS,
            unit_id=row["unit_id"],
            max_registers=POINTS * 2 // 4,
            timeout_s=TIMEOUT_S,
            rules=RULES,
        )
        for row in plant.listing()
    ]


def stored_values(house: House) -> Counter[tuple[str, str]]:
    """How many good values each series has: of one that is slower than the others a total would say nothing."""
    sql = "SELECT name, point_id, count(*) FROM TRENDLOG_DATA WHERE status = 'ok' GROUP BY name, point_id"
    return Counter({(name, point_id): count for name, point_id, count in house.rows(sql)})


async def a_value_more_of_each_series(house: House, before: Counter[tuple[str, str]]) -> None:
    def there() -> bool:
        now = stored_values(house)
        return len(now) == PANELS * POINTS and all(count > before[key] for key, count in now.items())

    await until(there)


def every_stored_value_is_true(house: House, truth: Truth) -> None:
    wrong: list[tuple[str, str, float]] = []
    series: dict[tuple[str, str], list[float]] = {}
    for name, point_id, value in house.rows(
        "SELECT name, point_id, value FROM TRENDLOG_DATA WHERE status = 'ok' ORDER BY sampled_at"
    ):
        panel, point = int(name.removeprefix("panel-")), int(point_id.removeprefix("IN"))
        if not truth.had(panel, point, value):
            wrong.append((name, point_id, value))
        series.setdefault((name, point_id), []).append(value)
    assert wrong == []
    assert len(series) == PANELS * POINTS
    back = [key for key, values in series.items() if any(later <= earlier for earlier, later in pairwise(values))]
    assert back == [], "an older value after a newer one"


async def some_requests(plant: Plant, count: int) -> None:
    server = plant.servers[0]
    enough = server.counts.requests + count
    await until(lambda: server.counts.requests >= enough)


async def good_again(house: House, plant: Plant) -> None:
    plant.set_fault("*", NO_FAULT)
    await a_value_more_of_each_series(house, stored_values(house))


def a_plant() -> PlantSize:
    return PlantSize(PANELS, seed=5, units_per_listener=PANELS, tick_s=3600.0)


async def test_no_fault_of_the_line_makes_a_wrong_value_and_each_ends_without_a_trace(tmp_path: Path) -> None:
    async with running_plant(a_plant()) as plant, trio.open_nursery() as nursery:
        truth = Truth(plant)
        nursery.start_soon(truth.keep_moving)
        async with gateway_running(config_of(devices_of(plant), tmp_path)) as house:
            await good_again(house, plant)
            for fault in KINDS.values():
                plant.set_fault("*", fault)
                await some_requests(plant, 8)
                await good_again(house, plant)
            assert {row[0] for row in house.rows("SELECT DISTINCT status FROM POINTS")} == {"ok"}
            assert house.log.of("link.ids_not_echoed") == [], "this gateway echoes its ids"
            every_stored_value_is_true(house, truth)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("seed", [2, 3])
async def test_no_mixture_of_faults_makes_a_wrong_value(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    slow_ones = [fault for fault in KINDS.values() if fault.kind in {FaultKind.LATE, FaultKind.SLOW}]
    faults = [*KINDS.values(), *IDS.values(), *3 * slow_ones]
    async with running_plant(a_plant()) as plant, trio.open_nursery() as nursery:
        truth = Truth(plant)
        nursery.start_soon(truth.keep_moving)
        async with gateway_running(config_of(devices_of(plant), tmp_path)) as house:
            await good_again(house, plant)
            for _ in range(30):
                plant.set_fault(f"panel-{chance.randint(1, PANELS)}", chance.choice(faults))
                await some_requests(plant, chance.randint(1, 12))
                if chance.random() < 0.8:  # where the others answer the connection stays, and what is late comes on it
                    plant.set_fault("*", NO_FAULT)
            await good_again(house, plant)
            assert len(house.log.of("answer.rejected")) > 3
            every_stored_value_is_true(house, truth)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("name", IDS)
async def test_a_gateway_that_never_echoes_ids_is_believed_by_name_and_even_then_no_late_answer_is(
    tmp_path: Path, name: str
) -> None:
    async with running_plant(a_plant()) as plant, trio.open_nursery() as nursery:
        truth = Truth(plant)
        nursery.start_soon(truth.keep_moving)
        plant.set_fault("*", IDS[name])
        async with gateway_running(config_of(devices_of(plant), tmp_path)) as house:
            await a_value_more_of_each_series(house, Counter())
            assert len(house.log.of("link.ids_not_echoed")) == 1
            for fault in KINDS.values():
                plant.set_fault("*", fault)
                await some_requests(plant, 4)
                plant.set_fault("*", IDS[name])
                await some_requests(plant, 4)
            await a_value_more_of_each_series(house, stored_values(house))
            assert len(house.log.of("link.ids_not_echoed")) == 1
            every_stored_value_is_true(house, truth)
        nursery.cancel_scope.cancel()
