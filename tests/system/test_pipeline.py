"""The whole pipeline on real sockets and a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from t3actors import pipeline
from t3actors.config import DeviceConfig
from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.system.house import config_of, gateway_running, panel
from tests.waiting import WITHIN_S, until

TOP_OF_SERIES = """
    SELECT name, point_id, sampled_at, value, text, status FROM TRENDLOG_DATA ORDER BY name, point_id, sampled_at
"""


PATIENT = Rules(poll_interval_s=0.05, stale_after=1000, down_after=2000, max_interval_s=0.0)
"""For tests that are not about age: a busy machine must not make a value old."""


def devices_of(plant: Plant, **changes: Any) -> list[DeviceConfig]:
    """All panels of a plant; those that are patient wait for an answer, too."""
    changes = ({"timeout_s": WITHIN_S} if changes.get("rules") is PATIENT else {}) | changes
    return [panel(row["name"], row["port"], unit_id=row["unit_id"], **changes) for row in plant.listing()]


async def test_every_point_of_every_panel_is_stored_with_its_value_unit_and_status(tmp_path: Path) -> None:
    async with running_plant(PlantSize(3, seed=5, tick_s=0.05)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            used = {
                (name, point_id)
                for name, simulated in plant.panels.items()
                for point_id in simulated.point_ids
                if simulated.range_code(point_id)
            }
            await until(lambda: set(house.rows("SELECT name, point_id FROM POINTS WHERE status = 'ok'")) == used)
            await until(lambda: house.rows("SELECT DISTINCT status FROM DEVICES") == [("online",)])
            serials = {p.serial_number for p in plant.panels.values()}
            assert {row[0] for row in house.rows("SELECT serial_number FROM DEVICES")} == serials
            for table in ("INPUT_POINTS", "OUTPUT_POINTS", "VARIABLE_POINTS"):
                assert house.one(f"SELECT count(*) FROM {table}") > 0
                assert house.one(f"SELECT count(*) FROM {table} WHERE digital_analog = 1 AND units = ''") == 0


async def test_what_is_stored_is_what_the_panel_has(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        simulated = plant.panels["panel-1"]
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            rows = house.rows("SELECT point_id, value FROM POINTS")
            assert len(rows) > 50
            for point_id, value in rows:
                assert abs(simulated.value(point_id) - value) < 1e-9, point_id
            simulated.set("IN1", -12.345)
            await until(lambda: house.one("SELECT value FROM POINTS WHERE point_id = 'IN1'") == -12.345)


async def test_no_two_consecutive_samples_of_a_series_are_equal(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            await until(lambda: house.one("SELECT count(*) FROM TRENDLOG_DATA") > 1000)
            before: dict[tuple[str, str], tuple[object, ...]] = {}
            for name, point_id, _, *state in house.rows(TOP_OF_SERIES):
                assert before.get((name, point_id)) != tuple(state), (name, point_id)
                before[name, point_id] = tuple(state)


async def test_a_dead_device_turns_stale_then_down_and_comes_back_while_the_others_go_on(tmp_path: Path) -> None:
    """T06."""
    async with running_plant(PlantSize(3, seed=5)) as plant:
        first, sick, third = devices_of(plant, rules=PATIENT)
        mortal = Rules(poll_interval_s=0.05, stale_after=10, down_after=20, max_interval_s=0.0)
        sick = msgspec.structs.replace(sick, rules=mortal, timeout_s=0.25)
        async with gateway_running(config_of([first, sick, third], tmp_path)) as house:
            await until(lambda: house.rows("SELECT DISTINCT status FROM DEVICES") == [("online",)])
            await until(lambda: house.point_statuses("panel-2") == {"ok"})
            house.log.lines.clear()
            before = house.one("SELECT max(id) FROM EVENTS")
            plant.set_fault("panel-2", Fault(FaultKind.STALL))
            await until(lambda: house.point_statuses("panel-2") == {"down"})
            await until(lambda: house.status("panel-2") == "offline")
            assert len(house.log.of("device.offline", device="panel-2")) == 1
            told = [event for event, _ in house.log.told("panel-2", "points.stale", "points.down")]
            assert told[-2:] == ["points.stale", "points.down"]
            assert told.count("points.down") == 1, "stale it is on a slow machine too, for a moment"
            events = [
                row[0]
                for row in house.rows("SELECT event FROM EVENTS WHERE point = 'IN1' AND id > ? ORDER BY id", before)
            ]
            aged = [event for event in events if event in {"point.stale", "point.down"}]
            assert (aged[-2:], aged.count("point.down")) == (["point.stale", "point.down"], 1)
            values = house.rows("SELECT value, sampled_at FROM POINTS WHERE name = 'panel-2' AND value IS NULL")
            assert values == [], "the last good value stays, marked"
            gaps = house.one(
                "SELECT count(*) FROM TRENDLOG_DATA WHERE name = 'panel-2' AND status = 'down' AND value IS NOT NULL"
            )
            assert gaps == 0
            plant.set_fault("panel-2", NO_FAULT)
            await until(lambda: house.point_statuses("panel-2") == {"ok"})
            await until(lambda: house.status("panel-2") == "online")
            for other in ("panel-1", "panel-3"):
                assert house.log.of("device.backing_off", device=other) == []
                assert house.log.of("points.stale", device=other) == []


async def test_a_device_actor_made_to_raise_is_restarted_and_the_others_are_undisturbed(tmp_path: Path) -> None:
    async with running_plant(PlantSize(3, seed=5)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            await until(lambda: house.rows("SELECT DISTINCT status FROM DEVICES") == [("online",)])
            before = {name: house.gateway.registry.incarnation(f"device/{name}") for name in plant.panels}
            house.gateway.registry.send("device/panel-2", Poison())
            await until(lambda: house.gateway.registry.incarnation("device/panel-2") not in {None, before["panel-2"]})
            await until(lambda: len(house.log.of("device.online", device="panel-2")) == 2)
            assert [line["child"] for line in house.log.of("child.exited")] == ["device/panel-2"]
            assert house.gateway.registry.incarnation("device/panel-1") == before["panel-1"]
            assert len(house.log.of("device.online", device="panel-1")) == 1
            assert house.gateway.registry.incarnation("detector") == 1


class Poison:
    """A message whose very comparison raises: a bug in whoever receives it."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise ZeroDivisionError("a bug")


async def test_a_crash_of_the_detector_or_the_writer_disconnects_no_device_and_loses_no_change(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == house.point_statuses("panel-2") == {"ok"})
            for number, role in enumerate(("detector", "writer", "detector"), start=1):
                house.gateway.registry.send(role, Poison())
                plant.panels["panel-1"].set("IN1", 40.0 + number)
                await until(
                    lambda wanted=40.0 + number: (
                        house.one(  # type: ignore[misc]
                            "SELECT value FROM POINTS WHERE name = 'panel-1' AND point_id = 'IN1'"
                        )
                        == wanted
                    )
                )
            assert len(house.log.of("device.online")) == 2
            assert house.log.of("device.backing_off") == []
            samples = house.rows(
                "SELECT value FROM TRENDLOG_DATA WHERE name = 'panel-1' AND point_id = 'IN1' ORDER BY sampled_at"
            )
            assert [row[0] for row in samples[1:]] == [41.0, 42.0, 43.0]


async def test_a_restart_of_the_gateway_writes_no_false_change_but_says_once_that_each_value_is_known_again(
    tmp_path: Path,
) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        config = config_of(devices_of(plant, rules=PATIENT), tmp_path)
        async with gateway_running(config) as house:
            await until(lambda: house.one("SELECT count(*) FROM POINTS") > 100)
            await until(lambda: house.one("SELECT count(*) FROM POINTS WHERE status <> 'ok'") == 0)
        samples = house.one("SELECT count(*) FROM TRENDLOG_DATA")
        points = house.rows("SELECT point_id, value, changed_at FROM INPUT_POINTS ORDER BY serial_number, point_index")
        async with gateway_running(config) as house:
            await until(lambda: len(house.log.of("device.online")) == 2)
            enough = {server: server.counts.answered + 60 for server in plant.servers}  # several polls of each
            await until(lambda: all(server.counts.answered >= many for server, many in enough.items()))
        assert house.one("SELECT count(*) FROM TRENDLOG_DATA") == 2 * samples
        assert points == house.rows(
            "SELECT point_id, value, changed_at FROM INPUT_POINTS ORDER BY serial_number, point_index"
        )
        gone = "SELECT started_at FROM GATEWAY_ENDS WHERE ended_at > 0"
        known = f"SELECT count(*) FROM TRENDLOG_SPANS WHERE from_at >= ({gone}) AND until_at > from_at"
        assert house.one(known) == samples, "no point waits for its next change to be known again"
        assert house.one("SELECT count(*) FROM EVENTS WHERE event LIKE 'point.%'") == samples


async def test_a_device_that_is_dead_at_the_start_is_told_with_when_it_last_answered(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = config_of(devices_of(plant), tmp_path)
        async with gateway_running(config) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
        last_ok_at = house.one("SELECT last_ok_at FROM DEVICES")
        plant.set_fault("panel-1", Fault(FaultKind.STALL))
        async with gateway_running(config) as house:
            await until(lambda: house.log.of("device.offline") and house.log.of("points.down"))
        assert last_ok_at is not None
        for event in ("device.offline", "points.down"):
            assert {line["last_ok_at"] for line in house.log.of(event)} == {last_ok_at}, event
        backing_off = {line["last_ok_at"] for line in house.log.of("device.backing_off")}
        assert backing_off <= {last_ok_at}, "none where a slow machine has it offline at once"
        assert house.one("SELECT last_ok_at FROM DEVICES") == last_ok_at


async def test_a_stop_in_the_middle_of_polls_stores_what_was_accepted_and_leaves_a_clean_file(tmp_path: Path) -> None:
    async with running_plant(PlantSize(5, seed=5, tick_s=0.05)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path, batch_age_s=60.0)) as house:
            await until(lambda: house.gateway.pace.polls_started > 20)
        assert house.one("SELECT count(*) FROM TRENDLOG_DATA") > 200
        assert house.one("SELECT clean_stop FROM GATEWAY") == 1
        assert house.log.lines[-1][0] == "gateway.stopped"


async def test_a_stop_that_finds_the_database_locked_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "DETECTOR_FLUSHES_WITHIN_S", 0.5)
    monkeypatch.setattr("t3actors.store.writer.LAST_TRIES_S", 0.5)
    monkeypatch.setattr("t3actors.detect.detector.ON_STOP_LOOK_EVERY_S", 0.1)
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant:
        async with gateway_running(config_of(devices_of(plant), tmp_path)) as house:
            await until(lambda: house.status("panel-1") == "online")
            other = apsw.Connection(str(house.database))
            other.set_busy_timeout(60_000)
            other.execute("BEGIN IMMEDIATE")
            await until(lambda: house.log.of("store.busy") != [])
        other.close()
    (lost,) = house.log.of("changes.lost")
    (stopped,) = house.log.of("gateway.stopped")
    assert house.gateway.unstored == stopped["unstored"] == lost["changes"] != 0


async def test_a_manual_sync_and_a_restart_are_rows_of_events(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        async with gateway_running(config_of(devices_of(plant, rules=PATIENT), tmp_path)) as house:
            await house.gateway.sync()
            await until(lambda: house.status("panel-1") == "online")
            await until(lambda: house.one("SELECT count(*) FROM EVENTS WHERE event = 'sync.finished'") == 1)
            house.gateway.registry.send("device/panel-1", Poison())
            await until(lambda: house.log.of("child.restarted", child="device/panel-1") != [])
            assert house.log.of("child.exited", child="device/panel-1")[0]["next_try_s"] is not None
        rows = house.rows(
            "SELECT event, name, reason FROM EVENTS JOIN DEVICES USING (device_id)"
            " WHERE event IN ('sync.finished', 'child.restarted') ORDER BY id"
        )
    assert rows == [
        ("sync.finished", "panel-1", "64 points ok, 0 failed"),
        ("child.restarted", "panel-1", "ZeroDivisionError: a bug"),
    ]


async def test_a_cold_start_with_every_device_dead_is_ready_and_tells_of_each(tmp_path: Path) -> None:
    """T24."""
    async with running_plant(PlantSize(20, seed=5)) as plant:
        plant.set_fault("*", Fault(FaultKind.STALL))
        async with gateway_running(config_of(devices_of(plant), tmp_path)) as house:
            assert len(house.log.of("gateway.started")) == 1
            await until(lambda: house.rows("SELECT DISTINCT status FROM DEVICES") == [("offline",)])
            assert house.one("SELECT count(*) FROM DEVICES") == 20
            plant.set_fault("*", NO_FAULT)
            await until(lambda: house.rows("SELECT DISTINCT status FROM DEVICES") == [("online",)])
