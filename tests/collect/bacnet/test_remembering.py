"""What was learned of a device is kept and taken up again, by another driver, after a restart."""

from __future__ import annotations

import pytest

from supervision.actor import TrioActor
from supervision.testing import running
from t3actors.clock import wall_ms
from t3actors.collect.bacnet import memory
from t3actors.collect.bacnet.driver import BacnetDriver
from t3actors.config import BacnetConfig
from t3actors.messages import DeviceLearned
from t3actors.questions import LearnedRequested
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFaultKind
from tests.collect.bacnet.test_driver import Meeting, meeting
from tests.waiting import WITHIN_S


class Keeper(TrioActor):
    """Plays the writer."""

    def __init__(self, kept: dict[str, bytes]) -> None:
        super().__init__()
        self.kept = kept

    async def on_receive(self, message: object) -> dict[str, bytes]:
        assert isinstance(message, LearnedRequested)
        return self.kept


def kept_by(driver: BacnetDriver) -> dict[str, bytes]:
    """What a store would have of it by now."""
    return {each.key: each.value for each in driver.take_told() if isinstance(each, DeviceLearned) and each.value}


async def second_life(met: Meeting, kept: dict[str, bytes]) -> tuple[BacnetDriver, int]:
    """Have another driver meet the device with what the first one left. **Returns**: it, and how many requests that took."""
    asked = met.responder.counts.requests
    driver = BacnetDriver(met.config, met.house.registry, met.log, met.clock, bacnet=BacnetConfig(), wall_ms=wall_ms)
    async with running(Keeper(kept), name="writer", registry=met.house.registry):
        opened = await driver.open()
        while await driver.work(hurry=True) is not None:
            pass
    points = driver.take_changed_points() or opened.points
    assert points == met.opened.points
    assert driver.is_complete
    return driver, met.responder.counts.requests - asked


@pytest.mark.parametrize("preset", [Preset.GENERIC, Preset.T3000, Preset.APDU_50, Preset.NO_RPM])
async def test_a_restart_asks_for_no_description_that_the_store_has(preset: Preset) -> None:
    async with meeting(preset) as met:
        await met.open()
        await met.read()
        first = met.responder.counts.requests
        _, second = await second_life(met, kept_by(met.driver))
        assert second < first
        assert second <= 12, "identify, what it bears, and the few properties of the device itself"


async def test_a_restart_in_the_middle_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t3actors.collect.bacnet.link.requests.BACKGROUND_PATIENCE_S", WITHIN_S)
    async with meeting(Preset.GENERIC, PointCounts(100, 100, 100)) as met:
        await met.driver.open()
        kept: dict[str, bytes] = {}
        while memory.DESCRIPTION not in kept:
            await met.driver.work()
            kept |= kept_by(met.driver)
        assert not met.driver.is_complete
        first = met.responder.counts.requests
        driver = BacnetDriver(
            met.config, met.house.registry, met.log, met.clock, bacnet=BacnetConfig(), wall_ms=wall_ms
        )
        async with running(Keeper(kept), name="writer", registry=met.house.registry):
            opened = await driver.open()
        assert 50 <= len(opened.points) < 300
        while await driver.work(hurry=True) is not None:
            pass
        assert len(driver.take_changed_points() or ()) == 300
        assert met.responder.counts.requests - first < 25


async def test_what_was_kept_of_another_revision_is_not_used() -> None:
    async with meeting(Preset.GENERIC) as met:
        await met.open()
        kept = kept_by(met.driver)
        met.device.point("AI0").properties[117] = met.device.point("AI1").properties[117]
        met.device.database_revision += 1
        driver = BacnetDriver(
            met.config, met.house.registry, met.log, met.clock, bacnet=BacnetConfig(), wall_ms=wall_ms
        )
        async with running(Keeper(kept), name="writer", registry=met.house.registry):
            assert (await driver.open()).points == (), "its points are told when they are described anew"


async def test_limits_that_were_found_by_probing_are_not_probed_again() -> None:
    async with meeting(Preset.GENERIC) as met:
        met.fault(BacnetFaultKind.ABORT, code=1, service=14, above=9)
        await met.open()
        kept: dict[str, bytes] = {}
        for _ in range(4):
            await met.read()
            kept |= kept_by(met.driver)
        before = met.responder.counts.requests
        await met.read()
        settled = met.responder.counts.requests - before
        driver, _ = await second_life(met, kept)
        before = met.responder.counts.requests
        await driver.read(met.opened.points)
        assert met.responder.counts.requests - before <= settled


async def test_what_a_store_has_lost_is_told_once_more() -> None:
    async with meeting(Preset.GENERIC) as met:
        met.fault(BacnetFaultKind.ABORT, code=1, service=14, above=9)
        await met.open()
        kept: dict[str, bytes] = {}
        for _ in range(4):
            await met.read()
            kept |= kept_by(met.driver)
        assert kept.keys() == {memory.LIMITS, memory.DESCRIPTION}
        assert kept_by(met.driver) == {}
        met.driver.keep_again()
        assert kept_by(met.driver) == kept


async def test_of_a_device_of_which_nothing_was_learned_nothing_is_told() -> None:
    async with meeting(Preset.GENERIC) as met:
        met.driver.keep_again()
        assert met.driver.take_told() == ()
