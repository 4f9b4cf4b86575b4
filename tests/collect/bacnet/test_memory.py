"""What was learned of a device is kept and taken up again, by another driver, after a restart."""

from __future__ import annotations

import pytest

from supervision.actor import TrioActor
from supervision.testing import running
from t3actors.clock import wall_ms
from t3actors.collect.bacnet import memory
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Enumerated, ObjectId, Several, Undecodable
from t3actors.collect.bacnet.describing import Describing
from t3actors.collect.bacnet.driver import BacnetDriver
from t3actors.collect.bacnet.limits import DAY_MS, Border, Limits, Told
from t3actors.collect.bacnet.scaling import Scale
from t3actors.config import BacnetConfig
from t3actors.messages import DeviceLearned
from t3actors.questions import LearnedRequested
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFaultKind
from tests.collect.bacnet.test_driver import Meeting, meeting

AI1, AI2, DEVICE = ObjectId(0, 1), ObjectId(0, 2), ObjectId(8, 1001)


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


def test_a_description_comes_back_as_it_was_without_what_said_nothing() -> None:
    said = {
        AI1: {77: "Zone", 117: Enumerated(62), 22: 0.5, 28: PropertyError(2, 32)},
        AI2: {77: Undecodable("text", b""), 110: Several(("a", "b"))},
    }
    whole = Describing(1001, 7, (DEVICE, AI1, AI2), said)
    scale = Scale(1000, decided=True, reason="why")
    found, found_scale = memory.description_of({memory.DESCRIPTION: memory.description_kept(whole, scale)}, 1001)
    assert found is not None
    assert (found.revision, found.objects, found.done, found_scale) == (7, (DEVICE, AI1, AI2), True, scale)
    assert found.described == [(AI1, {77: "Zone", 117: 62, 22: 0.5}), (AI2, {110: Several(("a", "b"))})]


def test_half_a_description_comes_back_as_half() -> None:
    half = Describing(1001, 7, (AI1, AI2), {AI1: {77: "Zone"}})
    found, _ = memory.description_of({memory.DESCRIPTION: memory.description_kept(half, None)}, 1001)
    assert found is not None
    assert (found.done, found.known) == (False, 1)


def test_limits_come_back_and_the_time_of_their_growth_counts_anew() -> None:
    limits = Limits(told=Told(max_apdu=480), count=Border(20, 25), probes=6, grow_at_ms=5, patience_days=2)
    found = memory.limits_of({memory.LIMITS: memory.limits_kept(limits)}, now_ms=1000)
    assert found is not None
    assert (found.told, found.count, found.probes) == (limits.told, limits.count, 6)
    assert found.grow_at_ms == 1000 + 2 * DAY_MS


@pytest.mark.parametrize("octets", [b"", b"\xff\xff", b"[]", b'{"told": 3}', b"\x93\x01\x02\x03"])
def test_what_cannot_be_read_any_more_is_as_if_it_had_never_been_kept(octets: bytes) -> None:
    kept = {memory.LIMITS: octets, memory.DESCRIPTION: octets}
    assert memory.limits_of(kept, 0) is None
    assert memory.description_of(kept, 1) == (None, None)


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


async def test_a_restart_in_the_middle_goes_on_where_it_was() -> None:
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


async def test_points_appear_while_the_rest_is_still_being_described() -> None:
    async with meeting(Preset.GENERIC, PointCounts(200, 200, 200)) as met:
        assert (await met.driver.open()).points == ()
        grown = []
        while not met.driver.is_complete:
            await met.driver.work()
            changed = met.driver.take_changed_points()
            if changed is not None:
                grown.append(len(changed))
                made = await met.driver.read(changed)
                assert len(made) == len(changed)
        assert grown[-1] == 600
        assert 3 <= len(grown) <= 8, "few announcements, each worth it"
        assert grown == sorted(grown)
