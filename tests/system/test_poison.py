"""T11 through the whole gateway: a row that cannot be stored, or that history cannot pack, costs itself and is said once."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import apsw
import pytest

from t3actors.messages import PointsRead, PollCounts
from t3actors.points import Reading
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.store import writer
from t3actors.store.history import tidying
from tests.system.house import House, config_of, gateway_running, listed
from tests.waiting import until

STILL = 3600.0


def stores(house: House, question: str, rows: int) -> bool:
    counted: int = house.one(question)
    return counted >= rows


async def is_well(house: House) -> None:
    await until(lambda: house.point_statuses("ahu-1") == {"ok"})


async def test_a_value_that_the_database_refuses_costs_its_own_row_only(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=STILL)) as plant:
        config = config_of([listed("ahu-1", plant.servers[0].port)], tmp_path)
        async with gateway_running(config) as house:
            await is_well(house)
            for round_no in (1, 2):
                poisoned = (Reading("IN1", "\ud800"), *(Reading(f"IN{n}", 70.0 + n + round_no) for n in range(2, 6)))
                read = PointsRead(
                    device="ahu-1", poll_no=10_000 + round_no, sampled_at_ms=time.time_ns() // 1_000_000,
                    readings=poisoned, counts=PollCounts(),
                )  # fmt: skip
                house.gateway.registry.send("detector", read)
                stored = f"SELECT count(*) FROM TRENDLOG_DATA WHERE value BETWEEN {72 + round_no} AND {75 + round_no}"
                await until(partial(stores, house, stored, 4))
            (line,) = house.log.of("row.poisoned")
            assert (line["device"], line["point_id"]) == ("ahu-1", "IN1")
            await is_well(house)
            assert house.log.of("child.exited") == []


async def test_a_row_by_hand_that_cannot_be_packed_costs_its_own_value_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TIDY_LOOK_S", 0.05)
    monkeypatch.setattr(tidying, "LOOK_EVERY_S", 0.05)
    async with running_plant(PlantSize(1, seed=5, tick_s=STILL)) as plant:
        config = config_of([listed("ahu-1", plant.servers[0].port)], tmp_path)
        async with gateway_running(config) as house:
            await is_well(house)
            serial = house.one("SELECT serial_number FROM DEVICES")
            second = int(time.time()) - 7200
            by_hand = (
                "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, text)"
                f" VALUES ({serial}, 'IN1', 'INPUT', {second}, CAST(x'48fffe' AS TEXT)), ({serial}, 'IN1', 'INPUT', {second + 1}, 'fine')"
            )
            other = apsw.Connection(str(house.database))
            other.set_busy_timeout(5000)
            other.execute(by_hand)
            other.close()
            await until(lambda: house.one("SELECT SUM(samples) FROM parts WHERE kind = 0 AND state > 0") == 2)
            (line,) = house.log.of("history.spoilt")
            assert (line["rows"], line["device"], line["point_id"]) == (1, "ahu-1", "IN1")
            assert house.rows("SELECT text FROM TRENDLOG_DATA WHERE data_source = 2 ORDER BY logging_time") == [
                ("H\ufffd\ufffd",),
                ("fine",),
            ]
            assert house.log.of("child.exited") == house.log.of("tidying.failed") == []
            await is_well(house)
