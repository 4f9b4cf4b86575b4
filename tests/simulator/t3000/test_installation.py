from __future__ import annotations

import json
from typing import Any

import pytest

from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.t3000.installation import DEBUG, Installation, some_panels

NOW_S = 1_729_512_016.9


def asked(installation: Installation, now_s: float = NOW_S, **request: Any) -> dict[str, Any]:
    said = json.loads(installation.answer(request, now_s))
    assert isinstance(said, dict)
    return said


def webview_list(installation: Installation, number: int = 1, **changes: Any) -> dict[str, Any]:
    listed = installation.panels[number]
    request = {
        "action": 17, "panelId": number, "serialNumber": listed.panel.serial_number, "objectinstance": listed.object_instance,
        "entryType": 1, "entryIndexStart": 0, "entryIndexEnd": 63,
    }  # fmt: skip
    return asked(installation, **(request | changes))


@pytest.fixture
def installation() -> Installation:
    """Three panels that T3000 has read once."""
    made = Installation(some_panels(3))
    made.advance(1.0, NOW_S)
    return made


def test_the_same_seed_gives_the_same_panels() -> None:
    once, again, other = (Installation(some_panels(2, seed)) for seed in (5, 5, 6))
    assert asked(once, action=4) == asked(again, action=4) != asked(other, action=4)


def test_the_list_of_panels_names_offline_ones_too(installation: Installation) -> None:
    installation.panels[2].is_online = False
    said = asked(installation, action=4)
    assert said["action"] == "GET_PANELS_LIST_RES"
    assert [entry["panel_number"] for entry in said["data"]] == [1, 2, 3]
    assert set(said["data"][0]) == {
        "panel_number",
        "object_instance",
        "serial_number",
        "online_time",
        "pid",
        "panel_name",
    }


def test_logging_data_has_all_256_points_of_each_panel_in_thousandths(installation: Installation) -> None:
    truth = installation.panels[2].panel
    said = asked(installation, action=15, panelId=-1)
    assert said["action"] == "LOGGING_DATA_RES"
    assert [device["panel_id"] for device in said["data"]] == [1, 2, 3]
    device = said["data"][1]
    assert device["panel_serial_number"] == truth.serial_number
    assert device["input_logging_time"] == int(NOW_S)
    points = {point["id"]: point for point in device["device_data"]}
    assert len(points) == 256
    assert {point_id: point["value"] for point_id, point in points.items()} == {
        point_id: truth.raw(point_id) for point_id in truth.point_ids
    }
    assert (points["IN1"]["index"], points["IN1"]["range"], points["IN1"]["digital_analog"]) == (0, 3, 1)
    assert points["OUT64"]["command"] == "2OUT64"


def test_a_digital_point_says_its_state_as_control_too(installation: Installation) -> None:
    panel = installation.panels[1].panel
    for value in (0, 1):
        panel.set("IN2", value)
        (row,) = webview_list(installation, entryIndexStart=1, entryIndexEnd=1)["data"]["device_data"]
        assert (row["id"], row["digital_analog"], row["control"], row["value"]) == ("IN2", 0, value, 1000 * value)


def test_points_that_are_not_in_use_are_there_with_range_0() -> None:
    installation = Installation([SimulatedPanel(1, 12345, inputs=2)])
    data = webview_list(installation)["data"]["device_data"]
    assert (len(data), data[1]["range"] != 0, data[2]["range"], data[2]["value"]) == (64, True, 0, 0)


def test_one_panels_data_is_given_alone_and_an_unknown_panels_not_at_all(installation: Installation) -> None:
    assert [device["panel_id"] for device in asked(installation, action=15, panelId=3)["data"]] == [3]
    assert asked(installation, action=15, panelId=9) == {"action": "LOGGING_DATA_RES"}
    assert asked(installation, action=15) == {"action": "LOGGING_DATA_RES"}


def test_an_offline_panel_keeps_the_points_and_the_time_of_when_it_was_last_read(installation: Installation) -> None:
    installation.panels[1].is_online = False
    before = asked(installation, action=15, panelId=1)["data"]
    installation.advance(60.0, NOW_S + 60)
    assert asked(installation, action=15, panelId=1)["data"] == before
    assert asked(installation, action=15, panelId=2)["data"][0]["input_logging_time"] == int(NOW_S + 60)


def test_action_15_says_nothing_while_it_is_switched_off_or_cools_down() -> None:
    off = Installation(some_panels(1), logging_enabled=False)
    off.advance(1.0, NOW_S)
    assert asked(off, action=15, panelId=-1) == DEBUG
    slow = Installation(some_panels(1), cooldown_s=15.0)
    slow.advance(1.0, NOW_S)
    assert ["data" in asked(slow, now_s, action=15, panelId=-1) for now_s in (NOW_S, NOW_S + 14, NOW_S + 15)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("entry_type", "prefix", "most"), [(0, "OUT", 64), (1, "IN", 64), (2, "VAR", 128), (9, "MON", 12)]
)
def test_a_list_is_given_from_start_to_end_and_never_beyond_the_last(
    installation: Installation, entry_type: int, prefix: str, most: int
) -> None:
    for first, last in ((0, most - 1), (0, 0), (most - 1, 999), (most, 999), (5, 4)):
        said = webview_list(installation, entryType=entry_type, entryIndexStart=first, entryIndexEnd=last)["data"]
        ids = [row["id"] for row in said.get("device_data", [])]
        assert ids == [f"{prefix}{place + 1}" for place in range(first, min(last + 1, most))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"panelId": 0}, "Panel is invalid ."),
        ({"panelId": 255}, "Panel is invalid ."),
        ({"serialNumber": 1}, "The serial number does not match the panel."),
        ({"objectinstance": 1}, "The objectinstance does not match the panel."),
    ],
)
def test_a_list_is_refused_to_whoever_does_not_know_the_panel(
    installation: Installation, changes: dict[str, int], said: str
) -> None:
    assert webview_list(installation, **changes) == {"error": said}


def test_a_list_of_a_panel_that_does_not_answer_has_no_rows_and_no_error(installation: Installation) -> None:
    installation.panels[1].is_online = False
    said = webview_list(installation)
    assert set(said) == {"data"}
    assert "device_data" not in said["data"]


def test_monitors_are_on_where_they_keep_inputs(installation: Installation) -> None:
    monitors = webview_list(installation, entryType=9, entryIndexEnd=11)["data"]["device_data"]
    assert [row["status"] for row in monitors] == [1, 1] + [0] * 10
    assert monitors[0]["num_inputs"] == len(monitors[0]["input"]) == len(monitors[0]["range"]) == 14
    assert monitors[0]["input"][3] == {"panel": 1, "sub_panel": 0, "point_type": 2, "point_number": 3, "network": 0}


@pytest.mark.parametrize("request_", [{}, {"action": 3}, {"action": 16}, {"action": "4"}, {"action": None}])
def test_it_answers_nothing_but_reads(installation: Installation, request_: dict[str, Any]) -> None:
    assert asked(installation, **request_) == DEBUG


@pytest.mark.parametrize("numbers", [[], [1, 1]])
def test_no_panels_or_two_of_one_number_are_refused(numbers: list[int]) -> None:
    with pytest.raises(ValueError, match="panel numbers"):
        Installation([SimulatedPanel(1, 100 + place, panel_number=number) for place, number in enumerate(numbers)])
