"""BACnet/IP and Modbus in one gateway: every point by its name, unit and value; one dead device costs the others nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import pytest

from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from t3actors.simulator.bacnet.words import Property
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.ports import free_port
from tests.system.house import House, config_of, gateway_running, panel
from tests.waiting import until

INTERVAL_S = 0.1
STILL = 3600.0  # values do not move
RULES = Rules(poll_interval_s=INTERVAL_S, stale_after=500, down_after=500, max_interval_s=0.0)
SICKLY = Rules(poll_interval_s=INTERVAL_S, stale_after=3, down_after=6, max_interval_s=0.0)
SIZE = BacnetPlantSize(
    3, 7, PointCounts(8, 4, 4), (Preset.T3000, Preset.NO_RPM, Preset.APDU_206), (ALONE,), tick_s=STILL
)  # fmt: skip
SHOWN = {62: "°C", 95: "", 5: "V", 29: "%RH", 96: "ppm", 104: "rpm", 98: "%", 53: "Pa", 48: "kW", 84: "cfm"}


def both(bacnet: BacnetPlant, modbus: Plant, data_dir: Path) -> Config:
    devices = [
        DeviceConfig(
            name=row["name"],
            protocol="bacnet",
            address=f"127.0.0.1:{row['port']}",
            instance=row["instance"],
            timeout_s=0.2 if row["name"] == "bacnet-2" else 5.0,  # a busy machine is not to be taken for a dead device
            rules=SICKLY if row["name"] == "bacnet-2" else RULES,
        )
        for row in bacnet.listing()
    ]
    devices.append(panel("panel-1", modbus.servers[0].port, rules=RULES))
    own = BacnetConfig(interface="127.0.0.1", port=free_port())
    return msgspec.structs.replace(config_of(devices, data_dir), bacnet=own)


def units_of(bacnet: BacnetPlant, name: str, point_id: str) -> str:
    said = bacnet.find(name).device.point(point_id).properties.get(Property.UNITS)
    return "" if said is None else SHOWN[said[-1]]  # type: ignore[index]


def is_true(bacnet: BacnetPlant, house: House, name: str) -> bool:
    """Whether each point is stored as the device has it: name, unit, value."""
    device = bacnet.find(name).device
    stored = house.rows("SELECT point_id, label, units, value, status FROM POINTS WHERE name = ?", name)
    return {row[0] for row in stored} == set(device.points) and all(
        (label, units, status) == (device.point(point_id).name, units_of(bacnet, name, point_id), "ok")
        and (
            point_id.startswith(("IV", "PIV", "CSV", "MS"))
            or value == pytest.approx(device.value(point_id), rel=1e-6, abs=1e-6)
        )
        for point_id, label, units, value, status in stored
    )


async def test_three_bacnet_devices_and_a_modbus_panel_and_one_that_dies_and_comes_back(tmp_path: Path) -> None:
    async with running_bacnet_plant(SIZE) as bacnet, running_plant(PlantSize(1, seed=5, tick_s=STILL)) as modbus:
        async with gateway_running(both(bacnet, modbus, tmp_path)) as house:
            names = {"bacnet-1", "bacnet-2", "bacnet-3", "panel-1"}
            await until(lambda: all(house.point_statuses(name) == {"ok"} for name in names))
            await until(lambda: all(house.status(name) == "online" for name in names))
            for name in sorted(names - {"panel-1"}):
                await until(partial(is_true, bacnet, house, name), what=f"what {name} has is stored")
            assert house.rows("SELECT DISTINCT protocol FROM DEVICES ORDER BY 1") == [("bacnet",), ("modbus",)]
            vendors = house.rows(
                "SELECT name, vendor_id, object_instance FROM DEVICES WHERE protocol = 'bacnet' ORDER BY 1"
            )
            assert vendors == [
                (name, bacnet.find(name).device.vendor, bacnet.find(name).device.instance) for name, _, _ in vendors
            ]

            bacnet.set_fault("bacnet-2", BacnetFault(BacnetFaultKind.STALL))
            await until(lambda: house.status("bacnet-2") == "offline")
            await until(lambda: house.point_statuses("bacnet-2") == {"down"})
            bacnet.set_values("bacnet-1", {"IN1": 33.0})
            bacnet.set_values("bacnet-2", {"AI1": 44.0})
            point = "SELECT value FROM POINTS WHERE name = ? AND point_id = ?"
            await until(lambda: house.one(point, "bacnet-1", "IN1") == 33.0)

            bacnet.set_fault("bacnet-2", BacnetFault(BacnetFaultKind.NONE))
            await until(lambda: house.point_statuses("bacnet-2") == {"ok"})
            await until(lambda: house.one(point, "bacnet-2", "AI1") == 44.0)
            await until(lambda: house.status("bacnet-2") == "online")
            await until(lambda: is_true(bacnet, house, "bacnet-2"))
            for name in names - {"bacnet-2"}:
                said = {event for event, keys in house.log.lines if keys.get("device") == name}
                assert said <= {
                "device.connecting", "device.online", "device.described", "device.scaled", "device.clock_off", "poll.overrun",
                "poll.recovered",
            }  # fmt: skip
            series = house.rows("SELECT DISTINCT point_id, units FROM TRENDLOG_DATA WHERE name = 'bacnet-2'")
            assert len(series) == len(bacnet.find("bacnet-2").device.points), "no point has begun a second series"
    assert bacnet.counts().writes == 0
