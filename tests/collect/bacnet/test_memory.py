"""What was learned of a device, as octets and back."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet import memory
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Enumerated, ObjectId, Several, Undecodable
from t3actors.collect.bacnet.describing import Describing
from t3actors.collect.bacnet.limits import DAY_MS, Border, Limits, Told
from t3actors.collect.bacnet.scaling import Scale
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from tests.collect.bacnet.test_driver import meeting

AI1, AI2, DEVICE = ObjectId(0, 1), ObjectId(0, 2), ObjectId(8, 1001)


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
