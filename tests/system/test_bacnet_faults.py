"""T02 and T15 on BACnet: what a device does wrong costs itself alone, is told for what it is, ends without a trace, and no
wrong value is ever stored.

All faults strike at once, each a device of its own in one gateway, beside devices that are well. Every analog value says whose it is:
a band for each device and point, and within it a number that only counts up.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import trio

from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Abilities
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.words import Segmentation
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import NO_FAULT, Station, all_there, running_stations, with_bacnet
from tests.waiting import every, until

Kind = BacnetFaultKind
POINTS = PointCounts(7, 0, 0)
ANALOG = "AI"
POINT_BAND, DEVICE_BAND = 10_000, 200_000  # a REAL holds whole numbers up to 2**24
TIMEOUT_S = 0.2
RETRIES = 1
LATER_S = 0.45  # than both time-outs
INTERVAL_S = 0.1
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=3, down_after=20, max_interval_s=0.0)
"""Between stale and down a busy machine comes to look."""
PATIENT = Rules(poll_interval_s=INTERVAL_S, stale_after=1000, down_after=1000, max_interval_s=0.0)
WELL = {f"well-{number}": Abilities() for number in range(1, 4)}
SMALL, SEGMENTED = Abilities(max_apdu=206, segmentation=Segmentation.NONE), Abilities(max_apdu=128)
OF_ILL_DEVICES = {"device.backing_off", "device.offline", "points.stale", "points.down"}


class Ordeal(NamedTuple):
    """A fault, how the device and its points end up while it lasts, and the reason that is told."""

    fault: BacnetFault
    device: str
    point: str
    reason: str
    abilities: Abilities = SMALL


LATE = "late until it is asked again"
CUT_OFF = "cut off"
ORDEALS = {
    "black hole": Ordeal(BacnetFault(Kind.STALL), "offline", "down", "no answer"),
    "nobody listens": Ordeal(BacnetFault(Kind.REFUSE), "offline", "down", "no answer"),
    "garbage": Ordeal(BacnetFault(Kind.GARBAGE), "offline", "down", ""),  # by chance it says something: seen, a reject
    CUT_OFF: Ordeal(BacnetFault(Kind.MALFORMED), "offline", "down", "its octets are not framed as one"),
    "wrong invoke id": Ordeal(BacnetFault(Kind.WRONG_INVOKE_ID), "offline", "down", "no answer"),
    "wrong source": Ordeal(BacnetFault(Kind.WRONG_SOURCE), "offline", "down", "no answer"),
    "later than its last time-out": Ordeal(BacnetFault(Kind.SLOW, delay_s=LATER_S), "offline", "down", "no answer"),
    "stops in the middle": Ordeal(BacnetFault(Kind.HALF_ANSWER), "offline", "down", "no answer", SEGMENTED),
    "truncated segments": Ordeal(BacnetFault(Kind.TRUNCATED_SEGMENT), "offline", "down", "no answer", SEGMENTED),
    "error": Ordeal(BacnetFault(Kind.ERROR, code=25), "online", "fault", "operational problem (device error 0/25)"),
    "abort": Ordeal(BacnetFault(Kind.ABORT, code=9), "online", "fault", "out of resources (abort 9)"),
    "reject": Ordeal(BacnetFault(Kind.REJECT, code=9), "online", "fault", "unrecognized service (reject 9)"),
    LATE: Ordeal(BacnetFault(Kind.LATE), "online", "ok", ""),
    "each answer twice": Ordeal(BacnetFault(Kind.DUPLICATE), "online", "ok", ""),
    "each segment twice": Ordeal(BacnetFault(Kind.DUPLICATE), "online", "ok", "", SEGMENTED),
}
UNHARMED = {*WELL, "each answer twice", "each segment twice"}
ANSWERING = UNHARMED | {name for name, ordeal in ORDEALS.items() if ordeal.point == "fault"}
ANSWERS_WITHIN_S = 10.0  # who always answers, on a busy machine


class Spoilt(NamedTuple):
    """What is wrong with one property, and what its point says of it."""

    fault: BacnetFault
    reason: str


SPOILT = {
    "undecodable": Spoilt(BacnetFault(Kind.UNDECODABLE, object="AI3"), "value not decodable: no real"),
    "unframed": Spoilt(BacnetFault(Kind.UNFRAMED, object="AI3"), "its octets are not framed as one"),
    "in error": Spoilt(
        BacnetFault(Kind.PROPERTY_ERROR, object="AI3", code=32), "unknown property (property error 2/32)"
    ),
    "undecodable from the start": Spoilt(BacnetFault(Kind.UNDECODABLE, object="AI3"), "value not decodable: no real"),
    "unframed from the start": Spoilt(BacnetFault(Kind.UNFRAMED, object="AI3"), "its octets are not framed as one"),
}
SPOILT_FROM_THE_START = {name for name in SPOILT if name.endswith("start")}


class Truth:
    """Moves every analog point of every device within its own band, upwards."""

    def __init__(self, stations: dict[str, Station]) -> None:
        self.bands = {
            (name, point_id): device * DEVICE_BAND + place * POINT_BAND
            for device, (name, station) in enumerate(stations.items(), 1)
            for place, point_id in enumerate(station.device.points)
            if point_id.startswith(ANALOG)
        }
        self._stations = stations
        self.turn = 0
        self.move()

    def move(self) -> None:
        self.turn += 1
        for (name, point_id), band in self.bands.items():
            self._stations[name].device.set(point_id, band + self.turn)

    async def keep_moving(self) -> None:
        async for _ in every(0.05):
            self.move()

    def check(self, house: House) -> None:
        """Every value stored is one that its very point had, in the order in which it had them."""
        series: dict[tuple[str, str], list[float]] = {}
        for name, point_id, value in house.rows(
            "SELECT name, point_id, value FROM TRENDLOG_DATA WHERE status = 'ok' ORDER BY sampled_at"
        ):
            if (name, point_id) in self.bands:
                series.setdefault((name, point_id), []).append(value)
        assert set(series) == set(self.bands)
        for key, values in series.items():
            turns = [value - self.bands[key] for value in values]
            assert all(1 <= turn <= self.turn for turn in turns), (key, values)
            assert all(later > earlier for earlier, later in pairwise(turns)), (key, turns)


class Suffering:
    """Devices that each suffer their own fault in one gateway, and others that suffer none."""

    def __init__(self, house: House, stations: dict[str, Station], truth: Truth) -> None:
        self.house, self.stations, self.truth = house, stations, truth

    async def more_polls(self, names: Iterable[str], count: int) -> None:
        """Return once each of these devices has been asked so often again."""
        enough = {name: len(self.stations[name].tap.requests) + count for name in names}
        await until(lambda: all(len(self.stations[name].tap.requests) >= most for name, most in enough.items()))

    async def undergo(self, name: str, ordeal: Ordeal) -> None:
        """Let the fault strike, see how it is told, end it, and see that all is as before."""
        station = self.stations[name]
        station.suffer(ordeal.fault)
        if ordeal.point == "ok":
            await self.more_polls([name], 20)
        await until(lambda: self.house.point_statuses(name) == {ordeal.point}, what=f"{name}: points {ordeal.point}")
        await until(lambda: self.house.status(name) == ordeal.device, what=f"{name}: {ordeal.device}")
        if ordeal.point == "fault":
            self.points_say(name, ordeal.reason)
        elif ordeal.point == "down":
            assert ordeal.reason in self.house.one("SELECT status_reason FROM DEVICES WHERE name = ?", name)
            assert self.house.log.of("device.offline", device=name)
            assert self.house.log.of("points.stale", device=name), f"{name}: stale before they were down"
        await self.more_polls(WELL, 3)
        healed_at = self.truth.turn
        station.suffer(NO_FAULT)
        await until(lambda: self.house.point_statuses(name) == {"ok"}, what=f"{name}: points ok again")
        await until(lambda: self.house.status(name) == "online", what=f"{name}: online again")
        await until(lambda: self.newest_turn(name) > healed_at, what=f"{name}: new values")

    def points_say(self, name: str, reason: str) -> None:
        told = {row[0] for row in self.house.rows("SELECT DISTINCT status_reason FROM POINTS WHERE name = ?", name)}
        assert told == {reason}

    def newest_turn(self, name: str) -> float:
        turns: list[float] = [
            value - self.truth.bands[name, point_id]
            for point_id, value in self.house.rows("SELECT point_id, value FROM POINTS WHERE name = ?", name)
            if (name, point_id) in self.truth.bands
        ]
        return min(turns)

    def costs_the_others_nothing(self) -> None:
        said = {event for event, keys in self.house.log.lines if keys.get("device") in WELL}
        assert said & OF_ILL_DEVICES == set()
        bad = self.house.rows("SELECT DISTINCT name FROM TRENDLOG_DATA WHERE status <> 'ok'")
        assert {name for (name,) in bad} & UNHARMED == set()


@pytest.mark.takes_long
async def test_each_fault_costs_its_device_alone_is_told_ends_by_itself_and_stores_no_wrong_value(
    tmp_path: Path,
) -> None:
    """T02 and T04 on BACnet."""
    wanted = WELL | {name: ordeal.abilities for name, ordeal in ORDEALS.items()}
    async with running_stations(wanted, POINTS) as stations, trio.open_nursery() as nursery:
        truth = Truth(stations)
        nursery.start_soon(truth.keep_moving)
        devices = [
            station.config(PATIENT, timeout_s=ANSWERS_WITHIN_S)
            if name in ANSWERING
            else station.config(PATIENT, timeout_s=2 * TIMEOUT_S, retries=4)
            if name == LATE  # a probe is not repeated, so one poll missed on a busy machine would be the end of it
            else station.config(RULES, timeout_s=ANSWERS_WITHIN_S if name == CUT_OFF else TIMEOUT_S, retries=RETRIES)
            for name, station in stations.items()
        ]
        async with gateway_running(with_bacnet(config_of(devices, tmp_path))) as house:
            suffering = Suffering(house, stations, truth)
            await until(lambda: all_there(house, stations.values()))
            await suffering.more_polls(stations, 12)  # until the start is out of the interval that lines achieve
            async with trio.open_nursery() as ordeals:
                for name, ordeal in ORDEALS.items():
                    ordeals.start_soon(suffering.undergo, name, ordeal)
            suffering.costs_the_others_nothing()
            truth.check(house)
            assert house.log.of("child.exited") == []
        nursery.cancel_scope.cancel()


async def test_a_property_that_cannot_be_read_costs_its_point_alone_whichever_way_it_cannot(tmp_path: Path) -> None:
    """T15."""
    async with running_stations(dict.fromkeys(SPOILT, SMALL), PointCounts(10, 6, 4)) as stations:
        for name in SPOILT_FROM_THE_START:
            stations[name].suffer(SPOILT[name].fault)
        devices = [station.config(PATIENT, timeout_s=ANSWERS_WITHIN_S) for station in stations.values()]
        async with gateway_running(with_bacnet(config_of(devices, tmp_path))) as house:
            for name, spoilt in SPOILT.items():
                await until(partial(only_its_point_is_in_fault, house, stations[name], name in SPOILT_FROM_THE_START))
                stations[name].suffer(spoilt.fault)
            for name, spoilt in SPOILT.items():
                await until(partial(only_its_point_is_in_fault, house, stations[name], True), what=name)
                reason = house.one("SELECT status_reason FROM POINTS WHERE name = ? AND point_id = 'AI3'", name)
                assert spoilt.reason in reason, (name, reason)
                device = stations[name].device
                for point_id in ("AI2", "AI4"):
                    device.set(point_id, 77.0)
                await until(partial(both_are, house, name, 77.0), what=f"{name}: its neighbours are read on")
                stations[name].suffer(NO_FAULT)
                device.set("AI3", 78.0)
            for name in SPOILT:
                await until(partial(only_its_point_is_in_fault, house, stations[name], False), what=name)
                assert house.one("SELECT value FROM POINTS WHERE name = ? AND point_id = 'AI3'", name) == 78.0
                await until(lambda name=name: house.status(name) == "online")
            assert house.log.of("device.backing_off") == house.log.of("child.exited") == []


def only_its_point_is_in_fault(house: House, station: Station, is_spoilt: bool) -> bool:
    """AI3 alone is in fault, or none is; all the others have the device's own values."""
    stored = house.rows("SELECT point_id, value, status FROM POINTS WHERE name = ?", station.name)
    faulty = {point_id for point_id, _, status in stored if status != "ok"}
    true = all(
        value == pytest.approx(station.device.value(point_id), rel=1e-6)
        for point_id, value, status in stored
        if status == "ok" and point_id.startswith(("AI", "AO", "AV"))
    )
    return (
        {row[0] for row in stored} == set(station.device.points)
        and faulty == ({"AI3"} if is_spoilt else set())
        and true
    )


def both_are(house: House, name: str, value: float) -> bool:
    """The points before and after it in the answer have this value."""
    rows = house.rows("SELECT value FROM POINTS WHERE name = ? AND point_id IN ('AI2', 'AI4') AND status = 'ok'", name)
    return rows == [(value,), (value,)]


REFUSALS = {name: ORDEALS[name] for name in ("error", "abort", "reject")}


async def test_a_device_that_refused_everything_for_a_while_is_then_read_in_as_few_requests_as_before(
    tmp_path: Path,
) -> None:
    wanted = WELL | {name: ordeal.abilities for name, ordeal in REFUSALS.items()}
    async with running_stations(wanted, POINTS) as stations:
        devices = [station.config(PATIENT, timeout_s=ANSWERS_WITHIN_S) for station in stations.values()]
        async with gateway_running(with_bacnet(config_of(devices, tmp_path))) as house:
            await until(lambda: all_there(house, stations.values()))
            for name, ordeal in REFUSALS.items():
                stations[name].suffer(ordeal.fault)
            await until(lambda: all(house.point_statuses(name) == {"fault"} for name in REFUSALS))
            during = await asked_while_the_well_have_ten_polls(stations)
            for name in REFUSALS:
                stations[name].suffer(NO_FAULT)
            await until(lambda: all_there(house, stations.values()))
            after = await asked_while_the_well_have_ten_polls(stations)
            assert max(after.values()) <= AT_MOST, after
            assert max(during.values()) <= AT_MOST, f"who refuses is asked more often than who answers: {during}"


AT_MOST = 3 * (10 + 2)  # requests: three a poll, and a poll more at either end of the time


async def asked_while_the_well_have_ten_polls(stations: dict[str, Station]) -> dict[str, int]:
    """How often each is asked in the time in which those that are well are asked ten times."""
    before = {name: len(station.tap.requests) for name, station in stations.items()}
    await until(lambda: all(len(stations[name].tap.requests) >= before[name] + 10 for name in WELL))
    return {name: len(station.tap.requests) - before[name] for name, station in stations.items()}
