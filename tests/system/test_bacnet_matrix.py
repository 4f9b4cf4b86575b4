"""T13 through the wire: whatever a device bears, and whatever it says of that, its points come, in requests that it bears.

Every pair of max-APDU, segmentation and way of refusing is there, all devices in one gateway.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Abilities
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.words import Segmentation
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import READ_MULTIPLE, Station, all_there, running_stations, with_bacnet
from tests.waiting import until

APDUS = (50, 128, 206, 480, 1476)
SEGMENTATIONS = (Segmentation.NONE, Segmentation.TRANSMIT, Segmentation.RECEIVE, Segmentation.BOTH)
WAYS = ("plain", "no RPM", "reject 9", "abort 1", "abort 4", "abort 9")
POINTS = PointCounts(5, 4, 3)  # two properties each: 24 at a poll
ANSWERS_AFTER_S = 0.004  # long enough that a second request would be seen to overtake it
MOST_PROBES = 6
RULES = Rules(poll_interval_s=0.6, stale_after=100, down_after=100, max_interval_s=0.0)

CELLS = {
    f"{apdu} {SEGMENTATIONS[(row + column) % 4].name.lower()} {way}": (apdu, SEGMENTATIONS[(row + column) % 4], way)
    for row, apdu in enumerate(APDUS)
    for column, way in enumerate(WAYS)
}


def refusal(apdu: int, way: str) -> BacnetFault | None:
    """How the device refuses ReadPropertyMultiple, whatever it says that it bears."""
    match way:
        case "reject 9":
            return BacnetFault(BacnetFaultKind.REJECT, code=9, service=READ_MULTIPLE)
        case "abort 1" if apdu > 50:  # its buffer is smaller than its max-APDU; below 50 there is no room for a name
            return BacnetFault(BacnetFaultKind.ABORT, code=1, service=READ_MULTIPLE, octets=apdu * 6 // 10)
        case "abort 4":  # it sends no segments, whatever it says
            return BacnetFault(BacnetFaultKind.ABORT, code=4, service=READ_MULTIPLE, octets=apdu - 2)
        case "abort 9":
            return BacnetFault(BacnetFaultKind.ABORT, code=9, service=READ_MULTIPLE, above=1 if apdu == 206 else 7)
    return None


def points_are_true(house: House, station: Station) -> None:
    """Each analog point is stored as the device has it."""
    stored = dict(house.rows("SELECT point_id, value FROM POINTS WHERE name = ? AND status = 'ok'", station.name))
    assert set(stored) == set(station.device.points)
    for point_id, value in stored.items():
        if point_id.startswith(("AI", "AO", "AV")):
            assert value == pytest.approx(station.device.value(point_id), rel=1e-6), (station.name, point_id)


async def two_more_polls() -> None:
    ends_s = trio.current_time() + 2.5 * RULES.poll_interval_s
    await until(lambda: trio.current_time() >= ends_s)


async def test_every_cell_converges_in_six_probes_keeps_its_points_and_does_not_flap(tmp_path: Path) -> None:
    wanted = {
        name: Abilities(max_apdu=apdu, segmentation=segmentation, rpm=way != "no RPM")
        for name, (apdu, segmentation, way) in CELLS.items()
    }
    async with running_stations(wanted, POINTS) as stations:
        for name, (apdu, _segmentation, way) in CELLS.items():
            stations[name].suffer(BacnetFault(BacnetFaultKind.SLOW, delay_s=ANSWERS_AFTER_S))
            fault = refusal(apdu, way)
            if fault is not None:
                stations[name].suffer(fault)
        devices = [station.config(RULES, timeout_s=4.0) for station in stations.values()]
        async with gateway_running(with_bacnet(config_of(devices, tmp_path))) as house:
            await until(lambda: all_there(house, stations.values()))
            probes = {name: station.tap.refused[READ_MULTIPLE] for name, station in stations.items()}
            await two_more_polls()
            for name, station in stations.items():
                assert probes[name] <= MOST_PROBES, (name, probes[name])
                assert station.tap.refused[READ_MULTIPLE] == probes[name], f"{name} goes on asking for too much"
                assert station.tap.most_outstanding(ANSWERS_AFTER_S) == 1, name
                points_are_true(house, station)
            assert house.rows("SELECT name, point_id, status FROM TRENDLOG_DATA WHERE status <> 'ok'") == []
            assert house.log.of("device.backing_off") == []
