"""COV through the whole gateway, each way it fails (field-failures.md, T07): the point is polled again, visibly; nothing stays behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from supervision.backoff import Backoff
from t3actors.collect.bacnet.cov import pieces
from t3actors.collect.bacnet.cov import standing as cov
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlant, BacnetPlantSize, Placed, running_bacnet_plant
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.ports import free_port
from tests.simulator.bacnet.client import SUBSCRIBE, confirmed, subscribe
from tests.system.house import House, config_of, gateway_running
from tests.waiting import WITHIN_S, until

LISTED = ("IN1", "VAR1")
OTHERS = {"IN2", "IN3", "IN4", "OUT1", "OUT2", "VAR2"}
HELD_BY_OTHERS = 3
STILL = 3600.0  # values do not move by themselves
RULES = Rules(poll_interval_s=0.1, stale_after=500, down_after=500, max_interval_s=0.0)
KEEPS_ITS_WORD, REFUSES, SAYS_NOTHING, EXPIRES, REPEATS, NOT_ASKED = (f"bacnet-{number}" for number in range(1, 7))
FAULTS = {
    REFUSES: BacnetFault(BacnetFaultKind.COV_REFUSE),
    SAYS_NOTHING: BacnetFault(BacnetFaultKind.COV_SILENT),
    EXPIRES: BacnetFault(BacnetFaultKind.COV_EXPIRE, delay_s=2.0),
    REPEATS: BacnetFault(BacnetFaultKind.COV_DUPLICATE),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds and minutes in a building."""
    monkeypatch.setattr(pieces, "NOTIFIED_WITHIN_S", 0.6)
    monkeypatch.setattr(pieces, "LOOK_IN_S", 0.2)
    monkeypatch.setattr(cov, "LOST", Backoff(initial_s=0.3, factor=1.0, cap_s=0.3, jitter=0.0))


def somebody_subscribes(placed: Placed) -> None:
    """Another program holds some of the device's slots."""
    for process_id in range(HELD_BY_OTHERS):
        wish = subscribe(process_id, placed.device.points["IN1"].object_id, lifetime_s=3600)
        placed.responder.receive(confirmed(1, SUBSCRIBE, wish), Peer(("127.0.0.1", 9)), trio.current_time())


def device(placed: Placed, name: str, rules: Rules) -> DeviceConfig:
    return DeviceConfig(
        name=name,
        protocol="bacnet",
        address=f"127.0.0.1:{placed.server.port}",
        instance=placed.device.instance,
        timeout_s=0.5 if rules.down_after < RULES.down_after else WITHIN_S,  # short only where it is to go
        cov=False if name == NOT_ASKED else LISTED,
        rules=rules,
    )


class Told:
    """A gateway whose devices are asked to tell of changes, and these devices."""

    def __init__(self, plant: BacnetPlant, house: House) -> None:
        self.plant, self.house = plant, house

    def fault(self, name: str, kind: BacnetFaultKind) -> None:
        self.plant.set_fault(name, BacnetFault(kind))

    def in_mode(self, name: str, mode: str = "cov") -> set[str]:
        sql = "SELECT point_id FROM POINTS WHERE name = ? AND mode = ?"
        return {row[0] for row in self.house.rows(sql, name, mode)}

    def said(self, name: str, event: str) -> set[object]:
        return {keys["point_id"] for keys in self.house.log.of(event, device=name)}

    async def shows(self, value: float, *point_ids: str, names: tuple[str, ...] = ()) -> None:
        """Have points take a value at the devices, and wait until it is stored."""
        wanted = {(name, point_id, value) for name in names or self.plant.placed for point_id in point_ids}
        for name, point_id, _ in wanted:
            self.plant.set_values(name, {point_id: value})
        sql = "SELECT name, point_id, value FROM POINTS"
        await until(lambda: wanted <= set(self.house.rows(sql)), what=f"{wanted} are shown")


@asynccontextmanager
async def told(data_dir: Path, devices: int, rules: Rules = RULES) -> AsyncIterator[Told]:
    """Run both; what each device held before, it holds after."""
    size = BacnetPlantSize(devices, 7, PointCounts(4, 2, 2), (Preset.T3000,), (ALONE,), tick_s=STILL)
    async with running_bacnet_plant(size) as plant:
        for name, placed in plant.placed.items():
            somebody_subscribes(placed)
            if name in FAULTS:
                plant.set_fault(name, FAULTS[name])
        configured = config_of([device(each, name, rules) for name, each in plant.placed.items()], data_dir)
        bacnet = BacnetConfig(interface="127.0.0.1", port=free_port(), cov_verify_s=0.6)
        async with gateway_running(msgspec.structs.replace(configured, bacnet=bacnet)) as house:
            await until(lambda: all(house.point_statuses(name) == {"ok"} for name in plant.placed))
            yield Told(plant, house)
            assert house.log.of("points.stale") == []
        assert {plant.subscriptions(name) for name in plant.placed} == {HELD_BY_OTHERS}
        assert plant.counts().writes == 0


async def test_each_device_is_believed_as_far_as_it_keeps_its_word_and_polled_beyond(tmp_path: Path) -> None:
    async with told(tmp_path, devices=6) as it:
        for name in (KEEPS_ITS_WORD, REPEATS):
            await until(lambda name=name: it.in_mode(name) == set(LISTED))  # type: ignore[misc]
            assert it.in_mode(name, "poll") == OTHERS
            assert it.plant.subscriptions(name) == HELD_BY_OTHERS + len(LISTED)
        await until(lambda: it.said(REFUSES, "cov.refused"))
        await until(lambda: it.said(SAYS_NOTHING, "cov.refused") == set(LISTED))
        await until(lambda: it.said(EXPIRES, "cov.lost") == set(LISTED))
        for name in (REFUSES, SAYS_NOTHING, EXPIRES, NOT_ASKED):
            await until(lambda name=name: it.in_mode(name, "poll") == {*LISTED, *OTHERS})  # type: ignore[misc]
        assert len(it.house.log.of("cov.refused", device=REFUSES)) == 1
        assert it.said(SAYS_NOTHING, "cov.began") == set()
        assert it.plant.subscriptions(NOT_ASKED) == HELD_BY_OTHERS

        notified = it.plant.counts().notifications
        for value in (31.0, 32.0, 31.0):
            await it.shows(value, "IN3", *LISTED)
        assert it.plant.counts().notifications > notified
        assert it.said(KEEPS_ITS_WORD, "cov.lost") | it.said(REPEATS, "cov.lost") == set()
        sql = "SELECT value FROM TRENDLOG_DATA WHERE name = ? AND point_id = 'IN1' ORDER BY logging_time"
        for name in it.plant.placed:
            assert [row[0] for row in it.house.rows(sql, name)][-3:] == [31.0, 32.0, 31.0], name


async def test_a_device_that_reboots_and_forgets_is_polled_and_told_of_again(tmp_path: Path) -> None:
    async with told(tmp_path, devices=1) as it:
        await until(lambda: it.in_mode(KEEPS_ITS_WORD) == set(LISTED))
        it.fault(KEEPS_ITS_WORD, BacnetFaultKind.REBOOT)
        it.fault(KEEPS_ITS_WORD, BacnetFaultKind.COV_SILENT)  # a start that takes its time
        await it.shows(44.0, *LISTED)
        await until(lambda: it.in_mode(KEEPS_ITS_WORD) == set())
        assert it.said(KEEPS_ITS_WORD, "cov.lost") == set(LISTED)
        await it.shows(45.0, "IN3", *LISTED)
        it.fault(KEEPS_ITS_WORD, BacnetFaultKind.NONE)
        await until(lambda: it.in_mode(KEEPS_ITS_WORD) == set(LISTED))
        somebody_subscribes(it.plant.find(KEEPS_ITS_WORD))


async def test_a_device_that_goes_and_comes_back_tells_again_without_a_second_subscription(tmp_path: Path) -> None:
    async with told(tmp_path, devices=1, rules=msgspec.structs.replace(RULES, down_after=3)) as it:
        await until(lambda: it.in_mode(KEEPS_ITS_WORD) == set(LISTED))
        it.fault(KEEPS_ITS_WORD, BacnetFaultKind.STALL)
        await until(lambda: it.house.status(KEEPS_ITS_WORD) == "offline")
        it.fault(KEEPS_ITS_WORD, BacnetFaultKind.NONE)
        await until(lambda: it.house.status(KEEPS_ITS_WORD) == "online")
        await until(lambda: it.in_mode(KEEPS_ITS_WORD) == set(LISTED))
        assert it.plant.subscriptions(KEEPS_ITS_WORD) == HELD_BY_OTHERS + len(LISTED)
        await it.shows(61.0, "IN3", *LISTED)
