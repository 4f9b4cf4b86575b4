"""Devices that nobody configured: found, polled, remembered and forgotten; and what ends of the gateway itself cost them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervision.backoff import Backoff
from t3actors import specs
from t3actors.collect.bacnet.discover import first_round, handing_on, newcomers
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.requests import DISCOVERY, LINK
from t3actors.config import Config
from t3actors.detect import detector
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, ON_TRUNK, SHARED, BacnetPlantSize
from t3actors.simulator.bacnet.words import TEMCO
from t3actors.store.forget import forget
from tests.system.building import (
    HASTY,
    NO_FAULT,
    STALL,
    STILL,
    Building,
    Resident,
    polling,
    running_building,
    well,
    who_is,
)
from tests.system.house import House, gateway_running
from tests.system.stations import CONFIRMED
from tests.waiting import until

POINTS = PointCounts(4, 2, 2)
SIZE = BacnetPlantSize(
    6, 11, POINTS, (Preset.T3000, Preset.GENERIC, Preset.GENERIC, Preset.APDU_206, Preset.T3000, Preset.NO_COV),
    (ALONE, SHARED, ON_TRUNK, SHARED, ON_TRUNK, ALONE), tick_s=STILL,
)  # fmt: skip
THREE = BacnetPlantSize(3, 12, POINTS, (Preset.GENERIC,), (ALONE, ON_TRUNK, ALONE), tick_s=STILL)
DISCOVERED = "SELECT name FROM DEVICES WHERE discovered ORDER BY name"
HISTORY = "SELECT count(*) FROM TRENDLOG_DATA WHERE name = ? AND value IS NOT NULL"


def names(residents: list[Resident]) -> list[str]:
    return sorted(each.found_as for each in residents)


def true(house: House, one: Resident, name: str = "") -> None:
    """What is stored of a device is what it has."""
    stored = house.rows(
        "SELECT point_id, label, value, status FROM POINTS WHERE name = ? AND point_id NOT LIKE 'IV%' AND point_id"
        " NOT LIKE 'PIV%'",
        name or one.found_as,
    )
    for point_id, label, value, status in stored:
        assert (label, status) == (one.point(point_id).name, "ok"), (one.found_as, point_id)
        assert value == pytest.approx(one.device.value(point_id), rel=1e-6, abs=1e-6), (one.found_as, point_id)


async def polled_anew(residents: list[Resident], times: int = 3) -> None:
    """Wait until each of these was polled some more times."""
    before = {each.name: each.requests for each in residents}
    await until(lambda: all(each.requests >= before[each.name] + times for each in residents))


async def test_every_device_of_every_network_is_found_and_polled_where_all_are_wanted(tmp_path: Path) -> None:
    async with running_building(SIZE) as building:
        everybody = list(building)
        config = building.config(tmp_path, "all")
        async with gateway_running(config) as house:
            await until(lambda: well(house, everybody))
            assert polling(house) == names(everybody)
            stored = house.rows(
                "SELECT name, address, object_instance, vendor_id, bacnet_network, bacnet_mstp_mac_id, discovered,"
                " enabled, protocol FROM DEVICES ORDER BY name"
            )
            expected = []
            for each in sorted(everybody, key=lambda one: one.found_as):
                place = each.placed.place
                mac = place.mac[0] if place is not None and len(place.mac) == 1 else None
                network = None if place is None else place.network
                identity = (each.found_as, each.address, each.device.instance, each.device.vendor)
                expected.append((*identity, network, mac, 1, 1, "bacnet"))
            assert stored == expected
            for each in everybody:
                true(house, each)
            assert sorted(str(line["device"]) for line in house.log.of("bacnet.seen")) == names(everybody)
            assert house.log.of("child.exited") == []
    assert building.plant.counts().writes == 0


async def test_only_temcos_panels_are_polled_where_they_are_wanted_and_all_others_are_said(tmp_path: Path) -> None:
    async with running_building(SIZE) as building:
        panels = [each for each in building if each.device.vendor == TEMCO]
        others = [each for each in building if each.device.vendor != TEMCO]
        assert len(panels) == 2
        async with gateway_running(building.config(tmp_path, "temco")) as house:
            await until(lambda: well(house, panels))
            await until(lambda: len(house.log.of("bacnet.seen")) == len(building.residents))
            await polled_anew(panels)
            assert [row[0] for row in house.rows("SELECT name FROM DEVICES ORDER BY name")] == names(panels)
            assert polling(house) == names(panels)
            assert {each.requests for each in others} == {0}


async def test_in_the_list_all_are_said_and_nobody_is_asked_for_anything(tmp_path: Path) -> None:
    async with running_building(SIZE) as building:
        everybody = list(building)
        async with gateway_running(building.config(tmp_path, "list")) as house:
            await until(lambda: len(house.log.of("bacnet.seen")) == len(everybody))
            await who_is(house)
            told = "SELECT count(*) FROM EVENTS WHERE event = 'bacnet.seen'"
            await until(lambda: house.one(told) == len(everybody))
            assert sorted(str(line["device"]) for line in house.log.of("bacnet.seen")) == names(everybody)
            assert house.rows("SELECT name FROM DEVICES") == []
            assert polling(house) == []
            assert {each.requests for each in everybody} == {0}


async def test_unless_asked_to_the_gateway_looks_for_nobody(tmp_path: Path) -> None:
    async with running_building(SIZE) as building:
        one, *others = building
        async with gateway_running(building.config(tmp_path, "off", one.configured("ahu-1"))) as house:
            await until(lambda: house.log.of("bbmd.registered"))
            await until(lambda: house.point_statuses("ahu-1") == {"ok"})
            await polled_anew([one])
            assert building.plant.counts().who_is == 0
            assert {each.requests for each in others} == {0}
            assert house.rows("SELECT name, discovered FROM DEVICES") == [("ahu-1", 0)]


async def test_a_doubled_instance_is_listed_as_a_conflict_said_once_and_never_polled_and_what_is_configured_is_not_found(
    tmp_path: Path,
) -> None:
    async with running_building(BacnetPlantSize(5, 13, POINTS, (Preset.GENERIC,), (ALONE,), tick_s=STILL)) as building:
        ours, doubled_ours, found, doubled_found, plain = building
        for later, first in ((doubled_ours, ours), (doubled_found, found)):
            later.suffer(BacnetFault(BacnetFaultKind.DUPLICATE_INSTANCE, instance=first.device.instance))
        pair = {found.found_as: found, doubled_found.found_as: doubled_found}
        config = building.config(tmp_path, "all", ours.configured("ahu-1"))
        async with gateway_running(config) as house:
            await until(lambda: well(house, [plain]) and house.point_statuses("ahu-1") == {"ok"})
            conflicts = "SELECT name FROM DEVICES WHERE status = 'conflict'"
            await until(lambda: len(house.rows(conflicts)) == 2)
            listed = {row[0] for row in house.rows(conflicts)}
            assert doubled_ours.found_as in listed
            (later_name,) = listed & set(pair)
            (first_name,) = set(pair) - {later_name}
            later, first = pair[later_name], pair[first_name]
            await until(lambda: house.point_statuses(first_name) == {"ok"})
            for _ in range(3):
                await everybody_has_answered(house, building)
            await polled_anew([ours, first, plain])

            assert polling(house) == sorted(["ahu-1", first_name, plain.found_as])
            assert later.requests == doubled_ours.requests == 0
            said = sorted(str(line["device"]) for line in house.log.of("bacnet.conflicted"))
            assert said == sorted([later_name, doubled_ours.found_as])
            rows = house.rows("SELECT device_id FROM EVENTS WHERE to_status = 'conflict'")
            assert len(rows) == len(set(rows)) == 2
            points = dict(house.rows("SELECT name, count(*) FROM POINTS GROUP BY name"))
            assert set(points) == {"ahu-1", first_name, plain.found_as}, "neither has a point of the other"
            true(house, first)
            true(house, ours, "ahu-1")
            assert house.one("SELECT discovered FROM DEVICES WHERE name = 'ahu-1'") == 0
            seen = {str(line["device"]) for line in house.log.of("bacnet.seen")}
            assert seen == {first_name, plain.found_as}

        first.suffer(STALL)
        async with gateway_running(config) as house:
            await until(lambda: house.log.of("bbmd.registered") and well(house, [plain]))
            await everybody_has_answered(house, building)
            await polled_anew([ours, plain])
            assert polling(house) == sorted(["ahu-1", first_name, plain.found_as])
            assert later.requests == doubled_ours.requests == 0, "nor while the first is silent"


async def everybody_has_answered(house: House, building: Building) -> None:
    """Have everybody asked who is there, and wait until those who can have said it."""
    heard = building.plant.counts().who_is
    answering = [each for each in building if BacnetFaultKind.STALL not in each.placed.responder.faults]
    await who_is(house)
    await until(lambda: building.plant.counts().who_is >= heard + len(answering))


async def test_two_found_panels_with_one_serial_number_are_both_polled_again_after_a_restart(tmp_path: Path) -> None:
    size = BacnetPlantSize(2, 14, POINTS, (Preset.T3000,), (ALONE,), tick_s=STILL)
    async with running_building(size) as building:
        everybody = first, second = list(building)
        first.device.serial_number = second.device.serial_number
        config = building.config(tmp_path, "temco", found={"private_transfer": True})
        async with gateway_running(config) as house:
            statuses = "SELECT status FROM DEVICES ORDER BY status"
            await until(lambda: house.rows(statuses) == [("conflict",), ("online",)])
            await polled_anew(everybody)
            (online,) = (each for each in everybody if house.status(each.found_as) == "online")
        async with gateway_running(config) as house:
            await polled_anew([online], 10)
            assert polling(house) == names(everybody)
            await polled_anew(everybody)


async def test_who_was_found_is_polled_again_after_a_restart_until_it_is_forgotten_or_nobody_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_building(THREE) as building:
        everybody = list(building)
        config = building.config(tmp_path, "all", rules=HASTY)
        async with gateway_running(config) as house:
            await until(lambda: well(house, everybody))

        building.set_fault(STALL)
        async with gateway_running(config) as house:
            await until(lambda: all(house.status(each.found_as) == "offline" for each in everybody))
            assert [row[0] for row in house.rows(DISCOVERED)] == names(everybody)
            assert polling(house) == names(everybody)
            assert house.log.of("bacnet.seen") == [], "they are known, not found"
            building.set_fault(NO_FAULT)
            await until(lambda: well(house, everybody))
            assert polling(house) == names(everybody)

        gone, *rest = everybody
        await is_forgotten(config, gone, rest)

        monkeypatch.setattr(detector, "ANNOUNCED_WITHIN_S", 0.5)
        for each in everybody:
            each.begin_anew()
        async with gateway_running(building.config(tmp_path, "off")) as house:
            await until(lambda: all(house.status(each.found_as) == "disabled" for each in everybody))
            await until(lambda: all(house.point_statuses(each.found_as) == {"disabled"} for each in everybody))
            assert all(house.one(HISTORY, each.found_as) for each in everybody)
            assert [row[0] for row in house.rows(DISCOVERED)] == names(rest), "found, whoever polls them"
        assert {each.requests for each in everybody} == {0}

        async with gateway_running(config) as house:
            await until(lambda: well(house, everybody))


async def is_forgotten(config: Config, gone: Resident, rest: list[Resident]) -> None:
    """Forget one while nothing runs: the next start neither polls it nor loses its history."""
    gone.suffer(STALL)
    database = config.store.database
    assert forget(database, gone.found_as, 1_700_000_000_000)
    gone.begin_anew()
    async with gateway_running(config) as house:
        await until(lambda: well(house, rest))
        await polled_anew(rest)
        assert polling(house) == names(rest)
        assert (gone.requests, house.status(gone.found_as)) == (0, "disabled")
        assert house.one(HISTORY, gone.found_as) >= 1
        assert house.point_statuses(gone.found_as) == {"disabled"}
        gone.suffer(NO_FAULT)


async def test_found_devices_outlive_the_end_of_who_found_them_and_none_is_polled_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specs, "RESTART_AFTER", Backoff(initial_s=0.02, factor=1.0, cap_s=0.02, jitter=0.0))
    monkeypatch.setattr(handing_on, "START_AGAIN_S", 0.2)
    async with running_building(THREE) as building:
        everybody = list(building)
        configured, *found = everybody
        config = building.config(tmp_path, "all", configured.configured("ahu-1"))
        async with gateway_running(config) as house:
            await until(lambda: well(house, found) and house.status("ahu-1") == "online")
            gateway = house.gateway
            lives = {each.found_as: gateway.registry.incarnation(f"device/{each.found_as}") for each in found}

            await die(house, DISCOVERY)
            await polled_anew(everybody)
            assert polling(house) == sorted(["ahu-1", *names(found)])
            now = {each.found_as: gateway.registry.incarnation(f"device/{each.found_as}") for each in found}
            assert now == lives, "whom it had found goes on as it was"

            while not house.log.of("restarts.exhausted"):
                await die(house, DISCOVERY)
            await until(lambda: polling(house) == sorted(["ahu-1", *names(found)]))
            for each in everybody:
                each.begin_anew()
            await polled_anew(everybody)
            await until(lambda: well(house, found) and house.status("ahu-1") == "online")
            assert polling(house) == sorted(["ahu-1", *names(found)])
            for each in found:
                true(house, each)
            assert house.rows("SELECT count(*) FROM DEVICES") == [(3,)]
            assert [line["supervisor"] for line in house.log.of("restarts.exhausted")] == ["gateway/found"]


async def test_who_was_found_is_synced_with_all_others_once_the_first_round_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_round, "SETTLE_S", 0.3)
    async with running_building(THREE) as building:
        configured, *found = building
        config = building.config(tmp_path, "all", configured.configured("ahu-1"))
        config = msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, auto_start=False))
        async with gateway_running(config) as house:
            assert await house.gateway.search() == ""
            assert {each.requests for each in building} == {0}
            results = await house.gateway.sync()
            assert sorted(one.device for one in results) == sorted(["ahu-1", *names(found)])
            assert {(one.points_ok > 0, one.points_failed, one.error) for one in results} == {(True, 0, "")}
            await until(lambda: [row[0] for row in house.rows(DISCOVERED)] == names(found))


async def test_who_never_answers_is_not_remembered_and_in_the_end_polled_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_on, "LOOK_AT_NEWCOMERS_S", (0.1, 0.1))
    async with running_building(THREE) as building:
        mute, *rest = building
        answer = mute.placed.responder.receive

        def only_who_is(data: bytes, *peer: Any, **cast: Any) -> list[Any]:
            return [] if data[0] >> 4 == CONFIRMED else answer(data, *peer, **cast)

        mute.placed.responder.receive = only_who_is
        async with gateway_running(building.config(tmp_path, "all", rules=HASTY)) as house:
            await until(lambda: mute.found_as in polling(house))
            await until(lambda: well(house, rest))
            with monkeypatch.context() as impatient:
                impatient.setattr(newcomers, "UNMET_FOR_S", 0.5)
                await until(lambda: house.log.of("bacnet.dismissed", device=mute.found_as))
            status = "SELECT status, discovered FROM DEVICES WHERE name = ?"
            await until(lambda: house.rows(status, mute.found_as) == [("disabled", 0)])
            assert [row[0] for row in house.rows(DISCOVERED)] == names(rest)
            mute.placed.responder.receive = answer
            await who_is(house)
            await until(lambda: well(house, building))
            assert [row[0] for row in house.rows(DISCOVERED)] == names(list(building))


async def die(house: House, role: str) -> None:
    """Make an actor raise, and wait until it lives again (or its supervisor has given up)."""
    registry = house.gateway.registry
    before = registry.incarnation(role)
    registry.send(role, object())
    await until(lambda: registry.incarnation(role) not in {None, before} or house.log.of("restarts.exhausted"))


def seen_by(house: House) -> set[object]:
    """The devices that have said that the link is not there."""
    return {line["device"] for line in house.log.of("device.backing_off")}


class Links(list[BacnetLink]):
    """The links of a gateway, in the order in which they lived."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        opened = BacnetLink.on_start

        async def recorded(one: BacnetLink) -> None:
            self.append(one)
            await opened(one)

        monkeypatch.setattr(BacnetLink, "on_start", recorded)


@pytest.mark.parametrize("end", ["the actor raises", "its thread ends"])
async def test_a_link_that_dies_is_seen_by_its_devices_and_crashes_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    links = Links(monkeypatch)
    # Away for so long that on a busy machine, too, every device asks meanwhile.
    monkeypatch.setattr(specs, "RESTART_AFTER", Backoff(initial_s=1.5, factor=1.0, cap_s=1.5, jitter=0.0))
    async with running_building(THREE) as building:
        *everybody, late = building
        configured, *found = everybody
        late.suffer(STALL)
        config = building.config(tmp_path, "all", configured.configured("ahu-1"))
        async with gateway_running(config) as house:
            await until(lambda: well(house, found) and house.point_statuses("ahu-1") == {"ok"})
            registry = house.gateway.registry
            roles = [f"device/{name}" for name in polling(house)]
            lives = {role: registry.incarnation(role) for role in roles}
            first = registry.incarnation(LINK)
            if end == "the actor raises":
                registry.send(LINK, object())
            else:
                stack = links[0]._serving.stack
                assert stack is not None
                stack.thread.give_up("the test ends it")
            await until(lambda: registry.incarnation(LINK) not in {None, first})
            await until(lambda: seen_by(house) == set(polling(house)), what="every device has seen it")
            for each in everybody:
                each.begin_anew()
            await polled_anew(everybody, 5)
            await until(lambda: well(house, found) and house.point_statuses("ahu-1") == {"ok"})
            await until(lambda: house.status("ahu-1") == "online")
            assert {role: registry.incarnation(role) for role in roles} == lives
            assert {line["child"] for line in house.log.of("child.restarted")} == {LINK}
            assert len(links) == 2
            for each in found:
                true(house, each)

            late.suffer(NO_FAULT)
            await until(lambda: len(house.log.of("bbmd.registered")) == 2)
            await who_is(house)
            await until(lambda: well(house, [late]), what="whoever comes later is found through the new link")
