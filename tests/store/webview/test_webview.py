"""T3000's file as its front end reads it: after batches, beside another writer, under another file's roof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t3actors.messages import DeviceRemoved, DeviceStatusChanged
from t3actors.points import DeviceFacts, DeviceStatus, Kind, Status
from tests.store.building import T0_MS, announced, change, point
from tests.store.webview.scene import Scene

FIRST = "2026-11-18 11:06:40"  # T0_MS, UTC
LATEST = "9999-12-31 23:59:59"
PANEL = DeviceFacts(
    serial_number=12345,
    panel_id=7,
    panel_name="AHU 1",
    model="MINIPANEL",
    object_instance=77,
    ip_address="10.0.0.9",
    port=502,
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path).opened()
    yield scene
    scene.close()


def online(device: str = "ahu-1", at_ms: int = T0_MS) -> DeviceStatusChanged:
    return DeviceStatusChanged(
        device=device, at_ms=at_ms, status=DeviceStatus.ONLINE, was=DeviceStatus.CONNECTING, reason=""
    )


def shown(scene: Scene, table: str = "INPUTS", serial: int = 12345) -> list[tuple[Any, ...]]:
    """What a page of points shows: id, index, value, state, status."""
    return [
        (
            row[f"{table[:-1].title()}Id"],
            row[f"{table[:-1].title()}_Index"],
            None if row["fValue"] is None else float(row["fValue"]) / 1000,
            row["Control"],
            row["Status"],
        )
        for row in scene.listed(table, serial)
    ]


# ------------------------------------------------------------------------------------------- the front end's queries


def test_the_points_page_lists_every_point_in_the_order_of_its_number_with_the_gateway_s_value(scene: Scene) -> None:
    points = [point(n, label=f"T{n}", range_code=3) for n in (10, 2, 1)]
    points += [
        point(3, Kind.OUTPUT, units="", states=("Off", "On"), digital=True),
        point(128, Kind.VARIABLE, units="%"),
    ]
    scene.put(announced(points, facts=PANEL), change(21.5, "IN1"), change(-3.25, "IN2"), change(1e6, "IN10"))
    scene.put(change(1, "OUT3", auto_manual=1), change(55, "VAR128", auto_manual=0))
    scene.deliver()
    assert shown(scene) == [
        ("IN1", "0", 21.5, None, "0"),
        ("IN2", "1", -3.25, None, "0"),
        ("IN10", "9", 1e6, None, "0"),
    ]
    assert shown(scene, "OUTPUTS") == [("OUT3", "2", 1.0, "1", "0")]
    assert shown(scene, "VARIABLES") == [("VAR128", "127", 55.0, None, "0")]
    (row,) = scene.listed("OUTPUTS", 12345)
    assert (row["Auto_Manual"], row["Digital_Analog"], row["Units"], row["Range_Field"]) == ("1", "0", "Off/On", "1")
    assert scene.listed("INPUTS", 12345)[0]["Full_Label"] == "T1"


def test_a_bacnet_device_s_points_are_listed_under_lasting_numbers_and_by_their_own_names(scene: Scene) -> None:
    points = [
        point(4194304 + 5, point_id="AO5", label="valve"),
        point(2, point_id="AI2"),
        point(1 << 30, point_id="MSV256"),
    ]
    scene.put(announced(points, device="vav", serial=None, protocol="bacnet"), change(4.5, "AI2", device="vav"))
    scene.deliver()
    assert shown(scene, serial=2_000_000_001)[0] == ("IN1", "0", 4.5, None, "0")
    assert [row["Label"] for row in scene.listed("INPUTS", 2_000_000_001)] == ["AI2", "valve", "MSV256"]
    assert scene.history(2_000_000_001, 1001, FIRST, LATEST) == [(FIRST, "IN1", 4.5)]


def test_the_chart_gets_exactly_the_values_of_its_panel_points_and_time_range(scene: Scene) -> None:
    points = [point(1), point(2), point(1, Kind.OUTPUT, digital=True)]
    scene.put(announced(points, facts=PANEL))
    for second in range(5):
        at_ms = T0_MS + second * 1000
        scene.put(
            change(20 + second, at_ms=at_ms),
            change(second % 2, "OUT1", at_ms=at_ms),
            change(-second / 8, "IN2", at_ms=at_ms),
        )
    scene.deliver()
    ins = [(f"2026-11-18 11:06:4{second}", "IN1", 20.0 + second) for second in (3, 2, 1)]
    assert scene.history(12345, 7, "2026-11-18 11:06:41", "2026-11-18 11:06:43", ["INPUT"], [("IN1", "INPUT")]) == ins
    outs = scene.history(12345, 7, FIRST, LATEST, ["OUTPUT"])
    assert [value for *_, value in outs] == [0, 1, 0, 1, 0]
    assert len(scene.history(12345, 7, FIRST, LATEST)) == 15
    assert scene.history(12345, 8, FIRST, LATEST) == scene.history(12346, 7, FIRST, LATEST) == []


def test_its_times_are_those_of_the_site_s_wall_clock(tmp_path: Path) -> None:
    scene = Scene(tmp_path, time_zone="America/New_York").opened()
    scene.put(announced(), change(1))
    scene.deliver()
    assert scene.details() == [("IN1", "INPUT", "1000", "2026-11-18 06:06:40")]
    assert scene.cells("SELECT DISTINCT sync_time_fmt FROM DATA_SYNC_METADATA") == [("2026-11-18 06:06:40",)]
    scene.close()


def test_the_table_page_shows_every_column_that_was_filled(scene: Scene) -> None:
    scene.put(announced(facts=PANEL), online())
    scene.deliver()
    (row,) = scene.table("DEVICES", 12345)
    assert {name: value for name, value in row.items() if value not in (None, 0)} == {
        "SerialNumber": 12345, "PanelId": 7, "Panel_Number": 7, "show_label_name": "AHU 1", "Product_Name": "MINIPANEL", "Product_ID": 35,
        "Product_Class_ID": 35, "object_instance": 77, "ip_address": "10.0.0.9", "port": 502, "modbus_port": 502, "Bautrate": "10.0.0.9",
        "Address": "192.0.2.1:502", "Status": "Online", "is_online": 1, "last_checked": "2026-11-18T11:06:40+00:00",
        "Building_Name": "AHU 1", "connection_type": "Modbus", "Description": "ahu-1",
    }  # fmt: skip
    assert scene.table("INPUTS", 12345)[0]["InputId"] == "IN1"
    assert scene.table("TRENDLOG_DATA", 12345) == []


# ------------------------------------------------------------------------------------------------ values and states


def test_a_point_that_is_not_ok_keeps_its_last_good_value_and_says_so_and_its_history_has_a_gap(scene: Scene) -> None:
    scene.put(announced(), change(21.5))
    scene.put(change(None, status=Status.FAULT, at_ms=T0_MS + 1000))
    scene.deliver()
    assert shown(scene) == [("IN1", "0", 21.5, None, "fault")]
    scene.put(change(22.5, at_ms=T0_MS + 2000), change(22.5, status=Status.DOWN, at_ms=T0_MS + 3000))
    scene.deliver()
    assert shown(scene) == [("IN1", "0", 22.5, None, "down")]
    assert [value for *_, value, _ in scene.details()] == ["21500", "22500"]


def test_several_changes_of_a_point_in_a_batch_leave_the_last_and_all_its_rows(scene: Scene) -> None:
    scene.put(announced())
    scene.deliver()
    scene.put(*(change(value, at_ms=T0_MS + value) for value in (1, 2, 3)), change(None, status=Status.STALE))
    scene.deliver()
    assert shown(scene) == [("IN1", "0", 3.0, None, "stale")]
    assert [row[2:] for row in scene.details()] == [("1000", FIRST), ("2000", FIRST), ("3000", FIRST)]


def test_text_and_what_is_no_number_are_no_value_there(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)]), change("fan on"), change(float("inf"), "IN2"))
    scene.deliver()
    assert shown(scene) == [("IN1", "0", None, None, "0"), ("IN2", "1", None, None, "fault")]
    assert scene.details() == []


def test_a_device_that_goes_is_offline_and_one_that_left_the_configuration_stays_as_it_was_last(scene: Scene) -> None:
    scene.put(announced(), online(), change(5))
    scene.deliver()
    scene.put(DeviceRemoved(device="ahu-1", at_ms=T0_MS, reason="no longer in the configuration"))
    scene.deliver()
    assert scene.cells("SELECT Status, is_online FROM DEVICES") == [("Offline", 0)]
    assert shown(scene) == [("IN1", "0", 5.0, None, "disabled")]


def test_every_minute_each_device_is_said_to_be_checked_and_what_came_is_counted(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)]), online(), change(1), change(2, "IN2"))
    scene.deliver()
    scene.now_ms += 59_000
    scene.put(change(3, at_ms=scene.now_ms))
    scene.deliver(59.9)
    counted = (
        "SELECT data_type, records_synced FROM DATA_SYNC_METADATA WHERE sync_method = 'FFI_BACKEND' AND serial_number = '12345'"
        " ORDER BY sync_time, data_type"
    )
    assert scene.cells(counted) == [("INPUTS", 2), ("TRENDLOG_DATA", 2)]
    scene.now_ms += 1000
    scene.deliver(0.1)
    assert scene.cells(counted)[2:] == [("INPUTS", 1), ("TRENDLOG_DATA", 1)]
    assert scene.cells("SELECT last_checked FROM DEVICES") == [("2026-11-18T11:07:40+00:00",)]
    scene.now_ms += 86_400_000
    scene.put(change(4, at_ms=scene.now_ms))
    scene.deliver(86_400)
    assert len(scene.cells(counted)) == 6
    scene.now_ms += 86_400_000
    scene.put(change(5, at_ms=scene.now_ms))
    scene.deliver(86_400)
    assert [row[0] for row in scene.cells("SELECT sync_time_fmt FROM DATA_SYNC_METADATA WHERE data_type = 'INPUTS' ORDER BY id")] == [
        "2026-11-19 11:07:40", "2026-11-20 11:07:40",
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------- the other writer


def test_a_parent_that_is_there_is_never_split_whatever_its_index(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)], facts=PANEL))
    scene.deliver()
    scene.other(
        "INSERT INTO TRENDLOG_DATA (id, SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (500, 12345, 7, 'IN1', 1, 'INPUT')",
        "INSERT INTO TRENDLOG_DATA (id, SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (501, 12345, 7, 'IN2', 2, 'INPUT')",
        "INSERT INTO TRENDLOG_DATA (id, SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (502, 12345, 7, 'IN2', 1, 'INPUT')",
        "INSERT INTO TRENDLOG_DATA (id, SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (503, 12345, 8, 'IN1', 0, 'INPUT')",
    )
    scene.put(change(1), change(2, "IN2"))
    scene.deliver()
    assert scene.cells("SELECT ParentId, Value FROM TRENDLOG_DATA_DETAIL") == [(500, "1000"), (502, "2000")]
    assert len(scene.cells("SELECT 1 FROM TRENDLOG_DATA")) == 4
    assert scene.cells("SELECT Units FROM TRENDLOG_DATA WHERE id = 500") == [("Deg.C",)]


def test_a_parent_that_somebody_deleted_is_made_anew_and_no_row_is_an_orphan(scene: Scene) -> None:
    scene.put(announced(), change(1))
    scene.deliver()
    scene.other("DELETE FROM TRENDLOG_DATA_DETAIL", "DELETE FROM TRENDLOG_DATA")
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.orphans() == 0
    assert scene.details() == [("IN1", "INPUT", "2000", "2026-11-18 11:06:41")]


def test_a_parent_says_what_the_point_measures_now(scene: Scene) -> None:
    scene.put(announced([point(1, units="°C")]), change(1))
    scene.deliver()
    scene.put(announced([point(1, units="°F")]), change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.cells("SELECT Units FROM TRENDLOG_DATA") == [("Deg.F",)]
    assert [row["Units"] for row in scene.listed("INPUTS", 12345)] == ["Deg.F"]
    assert len(scene.details()) == 2


def test_what_the_other_writer_knows_and_we_do_not_stays(scene: Scene) -> None:
    scene.put(announced())
    scene.deliver()
    scene.other(
        "UPDATE DEVICES SET show_label_name = 'Roof', pc_ip_address = '10.0.0.2', minitype = 5, Product_Name = 'T3-BB', PanelId = 9",
        "UPDATE INPUTS SET Full_Label = 'Supply', Filter_Field = '5', Range_Field = '3', Calibration_H = '0'",
    )
    scene.webview.close()
    scene.webview = scene.new_webview()
    scene.put(change(4), online())
    scene.deliver()
    assert scene.cells("SELECT show_label_name, pc_ip_address, minitype, Product_Name, PanelId FROM DEVICES") == [
        ("Roof", "10.0.0.2", 5, "T3-BB", 9)
    ]
    assert scene.cells("SELECT Full_Label, Filter_Field, Range_Field, Calibration_H, fValue, Panel FROM INPUTS") == [
        ("Supply", "5", "3", "0", "4000", "9")
    ]
    assert scene.history(12345, 9, FIRST, LATEST) == [(FIRST, "IN1", 4.0)]


def test_what_t3000_s_start_clears_and_what_others_overwrite_is_put_right_within_ten_minutes(scene: Scene) -> None:
    scene.put(announced([point(1, calibration=-1.5), point(2)]), change(1), change(2, "IN2"))
    scene.deliver()
    (before,) = [row for row in scene.listed("INPUTS", 12345) if row["InputId"] == "IN1"]
    assert (before["Calibration"], before["Calibration_L"], before["Calibration_Sign"]) == ("1.5", "15", "1")
    scene.other(
        "UPDATE INPUTS SET Filter_Field = NULL, Calibration = NULL",
        "UPDATE INPUTS SET fValue = '7' WHERE InputId = 'IN2'",
    )
    scene.put(change(3, at_ms=T0_MS + 1000))
    scene.deliver(1)
    assert [row["Calibration"] for row in scene.listed("INPUTS", 12345)] == [None, None]
    scene.deliver(600)
    assert [(row["Calibration"], row["fValue"]) for row in scene.listed("INPUTS", 12345)] == [
        ("1.5", "3000"),
        (None, "2000"),
    ]


def test_a_start_of_t3000_s_program_is_put_right_half_a_minute_later(scene: Scene) -> None:
    scene.put(announced([point(1, calibration=2.5)]), online(), change(1))
    scene.deliver()
    scene.other("ALTER TABLE DEVICES DROP COLUMN is_online")
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.deliver(30)
    assert scene.logged("webview.opened")[-1]["lacks"] == ["DEVICES.is_online"]
    scene.other(
        "DROP TABLE IF EXISTS seaql_migrations",
        "CREATE TABLE seaql_migrations (version TEXT)",
        "UPDATE INPUTS SET Filter_Field = NULL, Calibration = NULL",
        "ALTER TABLE DEVICES ADD COLUMN is_online INTEGER DEFAULT 0",
    )
    scene.put(change(3, at_ms=T0_MS + 2000))
    scene.deliver(29.9)
    assert scene.cells("SELECT Calibration FROM INPUTS") == [(None,)]
    scene.deliver(0.1)
    assert scene.cells("SELECT Calibration FROM INPUTS") == [("2.5",)]
    assert scene.cells("SELECT is_online FROM DEVICES") == [(1,)]
    assert [row[2] for row in scene.details()] == ["1000", "2000", "3000"]
    assert [line["lacks"] for line in scene.logged("webview.opened")] == [[], ["DEVICES.is_online"], []]


def test_a_row_that_somebody_deleted_comes_back_and_one_that_is_there_twice_is_right_twice(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)]), change(1), change(2, "IN2"))
    scene.deliver()
    scene.other(
        "DELETE FROM INPUTS WHERE InputId = 'IN1'",
        "INSERT INTO INPUTS SELECT * FROM INPUTS WHERE InputId = 'IN2'",
        "DELETE FROM DEVICES",
    )
    scene.put(change(5), change(6, "IN2"), online())
    scene.deliver()
    assert [line[:3] for line in shown(scene)] == [("IN1", "0", 5.0), ("IN2", "1", 6.0), ("IN2", "1", 6.0)]
    assert scene.cells("SELECT SerialNumber, is_online FROM DEVICES") == [(12345, 1)]


def test_rows_that_are_numbered_anew_are_found_again(scene: Scene) -> None:
    scene.put(announced([point(n) for n in (1, 2, 3)]), change(1), change(2, "IN2"), change(3, "IN3"))
    scene.deliver()
    scene.other(
        "CREATE TABLE keep AS SELECT * FROM INPUTS",
        "DELETE FROM INPUTS",
        "INSERT INTO INPUTS SELECT * FROM keep ORDER BY InputId DESC",
    )
    scene.put(change(7, "IN3"))
    scene.deliver()
    assert [line[2] for line in shown(scene)] == [1.0, 2.0, 7.0]


def test_an_index_that_the_other_writer_keeps_as_a_number_or_as_nonsense_is_borne(scene: Scene) -> None:
    scene.put(announced([point(1)]), change(1))
    scene.deliver()
    scene.other(
        "INSERT INTO INPUTS (SerialNumber, InputId, Input_Index) VALUES (12345, 'IN9', 'x'), (12345, 'IN8', NULL)"
    )
    scene.put(change(2))
    scene.deliver()
    assert [line[2] for line in shown(scene)] == [2.0, None, None]


# ------------------------------------------------------------------------------------------------------- its keys


def test_a_device_shown_before_it_was_met_moves_to_its_own_numbers_with_all_its_history(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)], serial=None), change(1), change(2, "IN2"))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber, PanelId FROM DEVICES") == [(2_000_000_001, 1001)]
    scene.put(announced([point(1), point(2)], facts=PANEL), change(3, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber, PanelId, show_label_name FROM DEVICES") == [(12345, 7, "AHU 1")]
    assert [row["SerialNumber"] for row in scene.ask("SELECT * FROM INPUTS")] == [12345, 12345]
    assert [value for *_, value in scene.history(12345, 7, FIRST, LATEST, points=[("IN1", "INPUT")])] == [3.0, 1.0]
    assert scene.cells("SELECT DISTINCT serial_number FROM DATA_SYNC_METADATA") == [("12345",)]


def test_where_t3000_has_rows_under_its_own_numbers_already_ours_join_them(scene: Scene) -> None:
    scene.put(announced([point(1)], serial=None), change(1))
    scene.deliver()
    scene.other(
        "INSERT INTO DEVICES (SerialNumber, PanelId) VALUES (12345, 7)",
        "INSERT INTO INPUTS (SerialNumber, InputId, Input_Index, Filter_Field) VALUES (12345, 'IN1', '0', '5')",
        "INSERT INTO TRENDLOG_DATA (id, SerialNumber, PanelId, PointId, PointIndex, PointType) VALUES (900, 12345, 7, 'IN1', 1, 'INPUT')",
        "INSERT INTO TRENDLOG_DATA_DETAIL VALUES (900, '500', '2026-11-18 11:00:00')",
    )
    scene.put(announced([point(1)], facts=PANEL), change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber FROM DEVICES") == [(12345,)]
    assert scene.cells("SELECT SerialNumber, Filter_Field, fValue FROM INPUTS") == [(12345, "5", "2000")]
    assert [value for *_, value in scene.history(12345, 7, "2026", LATEST)] == [2.0, 1.0, 0.5]
    assert len(scene.cells("SELECT 1 FROM TRENDLOG_DATA")) == 1
    assert scene.orphans() == 0


def test_what_an_exchanged_device_left_under_its_old_number_does_not_look_alive(scene: Scene) -> None:
    scene.put(announced([point(1)], serial=11), online(), change(1))
    scene.deliver()
    scene.put(announced([point(1)], serial=22), change(2, at_ms=T0_MS + 1000))
    scene.deliver(100.0)
    devices = "SELECT SerialNumber, Status, is_online FROM DEVICES ORDER BY 1"
    assert scene.cells(devices) == [(11, "Offline", 0), (22, "Online", 1)]
    assert scene.cells("SELECT SerialNumber, fValue, Status FROM INPUTS ORDER BY 1") == [
        (11, "1000", "disabled"),
        (22, "2000", "0"),
    ]
    scene.other("UPDATE DEVICES SET Status = 'Online', is_online = 1 WHERE SerialNumber = 11")
    scene.deliver(100.0)
    assert scene.cells(devices)[0] == (11, "Online", 1), "T3000 knows it by now: it is not ours any more"


@pytest.mark.parametrize("killed", [False, True])
def test_a_device_that_is_exchanged_while_nobody_fills_the_file_does_not_look_alive_under_its_old_number(
    scene: Scene, *, killed: bool
) -> None:
    scene.put(announced([point(1), point(2)], serial=11), online(), change(1))
    scene.put(announced([point(1)], device="b", serial=33), online("b"))
    scene.deliver()
    if not killed:
        scene.webview.close()
        scene.webview = scene.new_webview()
    scene.put(announced([point(1)], serial=22), change(2, at_ms=T0_MS + 1000))
    if killed:
        scene.killed()
    scene.deliver()
    devices = "SELECT SerialNumber, Status, is_online FROM DEVICES ORDER BY 1"
    assert scene.cells(devices) == [(11, "Offline", 0), (22, "Online", 1), (33, "Online", 1)]
    assert scene.cells("SELECT SerialNumber, InputId, Status FROM INPUTS WHERE SerialNumber = 11 ORDER BY 2") == [
        (11, "IN1", "disabled"),
        (11, "IN2", "disabled"),
    ]
    scene.other("UPDATE DEVICES SET Status = 'Online', is_online = 1 WHERE SerialNumber = 11")
    scene.webview.close()
    scene.webview = scene.new_webview()
    scene.deliver()
    assert scene.cells(devices)[0] == (11, "Online", 1), "T3000 knows it by now: it is not ours any more"


def test_a_device_that_is_shown_no_more_since_nobody_filled_the_file_does_not_look_alive_there(scene: Scene) -> None:
    scene.put(announced([point(1)], serial=11), announced([point(1)], device="b", serial=None), online("b"))
    scene.deliver()
    scene.webview.close()
    scene.put(announced([point(1)], device="b", serial=11))
    scene.webview = scene.new_webview()
    scene.deliver()
    assert scene.cells("SELECT is_online FROM DEVICES WHERE SerialNumber = 2000000002") == [(0,)]
    assert scene.cells("SELECT Status FROM INPUTS WHERE SerialNumber = 2000000002") == [("disabled",)]


def test_what_stands_in_the_place_of_our_note_is_as_if_nothing_did(scene: Scene) -> None:
    scene.put(announced([point(1)], serial=11), online(), change(1))
    scene.deliver()
    scene.other("UPDATE APPLICATION_CONFIG SET config_value = '1:x' WHERE config_key LIKE 't3actors.shown.%'")
    scene.webview.close()
    scene.webview = scene.new_webview()
    scene.deliver()
    assert scene.cells("SELECT SerialNumber, is_online FROM DEVICES") == [(11, 1)]
    assert scene.cells("SELECT config_value FROM APPLICATION_CONFIG WHERE config_key LIKE 't3actors.shown.%'") == [
        ("1:11",)
    ]


def test_a_device_that_claims_another_s_number_does_not_look_alive_under_its_stand_in(scene: Scene) -> None:
    scene.put(announced([point(1)], serial=11), announced([point(1)], device="b", serial=None), online("b"))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber, is_online FROM DEVICES ORDER BY 1")[-1] == (2_000_000_002, 1)
    scene.put(announced([point(1)], device="b", serial=11))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber, is_online FROM DEVICES ORDER BY 1")[-1] == (2_000_000_002, 0)


def test_a_serial_too_large_for_t3000_s_reader_has_its_lasting_stand_in_from_the_start(scene: Scene) -> None:
    scene.put(announced(serial=3_000_000_000), change(1))
    scene.put(announced(serial=3_000_000_000), change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber FROM DEVICES") == [(2_000_000_001,)]
    assert len(scene.history(2_000_000_001, 1001, FIRST, LATEST)) == 2


def test_another_gateway_s_stand_in_is_not_taken_for_one_of_ours(scene: Scene) -> None:
    scene.put(announced(facts=PANEL), change(1))
    scene.deliver()
    scene.other("INSERT INTO DEVICES (SerialNumber) VALUES (2000000001)")
    scene.webview.close()
    scene.webview = scene.new_webview()
    scene.deliver()
    assert scene.cells("SELECT SerialNumber FROM DEVICES ORDER BY 1") == [(12345,), (2_000_000_001,)]


def test_who_was_never_met_and_has_no_points_is_not_shown(scene: Scene) -> None:
    scene.put(announced([], device="new", serial=None))
    scene.put(announced([], device="old", serial=99))
    scene.deliver()
    assert scene.cells("SELECT SerialNumber FROM DEVICES") == [(99,)]


# ------------------------------------------------------------------------------------------------------ other files


def test_a_file_that_is_there_is_joined_and_nothing_of_its_schema_changes(scene: Scene) -> None:
    older = (
        "CREATE TABLE DEVICES (SerialNumber INTEGER PRIMARY KEY, PanelId INTEGER, Panel_Number INTEGER, show_label_name TEXT, Status TEXT)",
        "CREATE TABLE INPUTS (SerialNumber INTEGER NOT NULL, InputId TEXT, Input_Index TEXT, fValue TEXT, Units TEXT, Calibration TEXT)",
        "CREATE TABLE OUTPUTS (SerialNumber INTEGER NOT NULL, OutputId TEXT, Output_Index TEXT, fValue TEXT)",
        "CREATE TABLE VARIABLES (SerialNumber INTEGER NOT NULL, VariableId TEXT, Variable_Index TEXT, fValue TEXT)",
        "CREATE TABLE TRENDLOG_DATA (id INTEGER PRIMARY KEY, SerialNumber INTEGER, PanelId INTEGER, PointId TEXT, PointIndex, PointType)",
        "CREATE TABLE TRENDLOG_DATA_DETAIL (ParentId INTEGER NOT NULL, Value TEXT NOT NULL, LoggingTime_Fmt TEXT NOT NULL)",
    )
    scene.other(*older)
    scene.put(announced([point(1), point(2, Kind.OUTPUT)], facts=PANEL), online(), change(1.5), change(1, "OUT2"))
    scene.deliver()
    scene.deliver(60)
    assert scene.cells("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") == [
        (sql,) for sql in older
    ]
    assert scene.cells("SELECT * FROM DEVICES") == [(12345, 7, 7, "AHU 1", "Online")]
    assert scene.cells("SELECT * FROM INPUTS") == [(12345, "IN1", "0", "1500", "Deg.C", None)]
    assert [value for *_, value in scene.history(12345, 7, FIRST, LATEST)] == [1.5, 1.0]
    (line,) = scene.logged("webview.opened")
    assert line["created"] is False
    assert {"DEVICES.is_online", "INPUTS.Status", "DATA_SYNC_METADATA.sync_time"} <= set(line["lacks"])  # type: ignore[call-overload]


def test_a_file_that_was_replaced_is_filled_anew_and_gets_what_is_still_to_come(scene: Scene) -> None:
    scene.put(announced(), change(1))
    scene.deliver()
    scene.front.rename(scene.front.with_name("old.db"))
    for suffix in ("-wal", "-shm"):
        scene.front.with_name(scene.front.name + suffix).unlink(missing_ok=True)
    other = Scene(scene.front.parent / "x")
    other.opened().put(announced([], device="b", serial=2))
    other.deliver()
    other.close()
    other.front.rename(scene.front)
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    assert scene.logged("webview.replaced") == [{"database": str(scene.front), "how": "replaced"}]
    assert shown(scene) == [("IN1", "0", 2.0, None, "0")]
    assert [row[2] for row in scene.details()] == ["1000", "2000"]
    assert sorted(scene.cells("SELECT SerialNumber FROM DEVICES")) == [(2,), (12345,)]


def test_when_our_own_database_is_begun_anew_everything_is_brought_from_there(scene: Scene) -> None:
    scene.put(announced(), change(1))
    scene.deliver()
    scene.store.begin_anew("damaged by a test")
    scene.posts.clear()
    scene.put(announced(), change(2, at_ms=T0_MS + 1000))
    scene.deliver()
    scene.put(change(3, at_ms=T0_MS + 2000))
    scene.deliver()
    assert shown(scene) == [("IN1", "0", 3.0, None, "0")]
    assert [row[2] for row in scene.details()] == ["1000", "2000", "3000"]


def test_a_row_that_the_file_refuses_is_left_out_and_said_once_and_the_others_are_written(scene: Scene) -> None:
    scene.put(announced([point(n) for n in range(1, 6)]))
    scene.deliver()
    scene.other(
        "CREATE TRIGGER t BEFORE INSERT ON TRENDLOG_DATA_DETAIL WHEN NEW.Value = '3000' BEGIN SELECT RAISE(ABORT, 'not that'); END"
    )
    for at_ms in (T0_MS, T0_MS + 1000):
        scene.put(*(change(n, f"IN{n}", at_ms=at_ms) for n in range(1, 6)))
    scene.deliver()
    assert sorted(row[2] for row in scene.details()) == sorted(["1000", "2000", "4000", "5000"] * 2)
    (line,) = scene.logged("webview.row_refused")
    assert "not that" in str(line["reason"])
    assert [line[2] for line in shown(scene)] == [1.0, 2.0, 3.0, 4.0, 5.0]


# --------------------------------------------------------------------------------------------------- what was let go


def test_where_the_outbox_had_to_let_go_points_are_right_and_only_the_oldest_trend_rows_are_missing(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, outbox_bytes=600).opened()
    scene.put(announced(), change(0.5))
    scene.deliver()
    for second in range(1, 60):
        scene.put(change(second, at_ms=T0_MS + second * 1000))
    scene.deliver(30)
    found = [int(row[2]) // 1000 for row in scene.details()]
    assert found[0] == 0
    assert found[1:] == list(range(found[1], 60))
    assert 10 < found[1] < 55
    assert shown(scene) == [("IN1", "0", 59.0, None, "0")]
    scene.close()


def test_a_point_of_which_only_what_was_let_go_told_is_right_soon(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)]), change(1), change(2, "IN2"))
    scene.deliver()
    scene.put(change(7, "IN2", at_ms=T0_MS + 1000))
    scene.put(change(3, at_ms=T0_MS + 2000))
    connection = scene.store._connection
    assert connection is not None
    connection.execute("DELETE FROM webview_outbox WHERE id = 2")
    scene.deliver(1)
    assert [line[2] for line in shown(scene)] == [3.0, 2.0]
    scene.deliver(28.9)
    assert [line[2] for line in shown(scene)] == [3.0, 2.0]
    scene.deliver(0.1)
    assert [line[2] for line in shown(scene)] == [3.0, 7.0]


def test_a_number_without_a_row_at_the_end_is_noticed_too(scene: Scene) -> None:
    scene.put(announced([point(1), point(2)]), change(1), change(2, "IN2"))
    scene.deliver()
    scene.put(change(7, "IN2", at_ms=T0_MS + 1000))
    connection = scene.store._connection
    assert connection is not None
    connection.execute("DELETE FROM webview_outbox WHERE id = 2")
    scene.deliver(30)
    assert [line[2] for line in shown(scene)] == [1.0, 7.0]
    scene.put(change(8, "IN2", at_ms=T0_MS + 2000))
    scene.deliver()
    assert [line[2] for line in shown(scene)] == [1.0, 8.0]
    assert len(scene.logged("webview.synchronised")) == 1


def test_a_row_of_the_outbox_that_cannot_be_read_costs_only_its_trend_rows(scene: Scene) -> None:
    scene.put(announced(), change(1))
    scene.deliver()
    scene.put(change(2, at_ms=T0_MS + 1000))
    scene.put(change(3, at_ms=T0_MS + 2000))
    connection = scene.store._connection
    assert connection is not None
    connection.execute("UPDATE webview_outbox SET content = x'c1' WHERE id = 2")
    scene.deliver(30)
    assert [row[2] for row in scene.details()] == ["1000", "3000"]
    assert shown(scene) == [("IN1", "0", 3.0, None, "0")]
    (line,) = scene.logged("webview.row_refused")
    assert (line["table"], "not a posting" in str(line["reason"])) == ("webview_outbox", True)
