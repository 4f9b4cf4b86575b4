"""How a panel's monitors are set up, from each of T3000's three answers."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.lists import ListedPanel, monitors_request
from t3actors.collect.t3000.trend_logs import decode_trend_logs, point_text
from t3actors.errors import BadResponse
from t3actors.objects import TrendLog
from tests.collect.t3000.generated import written

PANEL = ListedPanel(panel_id=5, serial_number=237219, object_instance=237219)
NO_POINT = {"panel": 0, "sub_panel": 0, "point_type": 0, "point_number": 0, "network": 0}


def point(point_type: int, number: int, panel: int = 5, sub_panel: int = 0, network: int = 0) -> dict[str, int]:
    return {
        "panel": panel,
        "sub_panel": sub_panel,
        "point_type": point_type,
        "point_number": number,
        "network": network,
    }


def monitor(number: int, *points: dict[str, int], **changes: Any) -> dict[str, Any]:
    """As GET_WEBVIEW_LIST has it."""
    return {
        "pid": 5,
        "type": "MON",
        "index": number - 1,
        "id": f"MON{number}",
        "command": f"5MON{number}",
        "label": "AHU",
        "hour_interval_time": 1,
        "minute_interval_time": 2,
        "second_interval_time": 3,
        "status": 1,
        "num_inputs": len(points),
        "an_inputs": 0,
        "range": [0] * 14,
        "input": [*points, *[NO_POINT] * (14 - len(points))],
    } | changes


def read_now(*monitors: Any, **changes: Any) -> bytes:
    data = {name: value for name, value in monitors_request(PANEL).items() if name != "action"} | changes
    return written({"data": {**data, "device_data": list(monitors)}})


def from_memory(*entries: Any, **changes: Any) -> bytes:
    """As BacnetWebView_GetTrendlogList has it."""
    return written(
        {"success": True, "panel_id": 5, "data_source": "g_monitor_data", "trendlogs": list(entries)} | changes
    )


ENTRY = {
    "num": 2,
    "id": "MON3",
    "label": "AHU",
    "interval_seconds": 3723,
    "interval_text": "1h 2m",
    "status": "ON",
    "status_code": 1,
    "data_size_kb": 1.5,
    "data_size_text": "1.50",
    "num_inputs": 2,
    "an_inputs": 1,
}


def test_monitors_that_are_read_now_tell_their_points() -> None:
    found = decode_trend_logs(read_now(monitor(3, point(2, 2), point(1, 0))), 5, 237219)
    assert found.rows == (
        TrendLog(
            index=3,
            trendlog_id="MON3",
            trendlog_label="AHU",
            panel_id=5,
            interval_seconds=3723,
            status="ON",
            logs="IN3, OUT1",
        ),
    )
    assert found.certain
    assert found.unread == tuple(f"MON{number}" for number in range(1, 13) if number != 3)


def test_monitors_from_memory_are_the_same_row_without_their_points() -> None:
    found = decode_trend_logs(from_memory(ENTRY), 5)
    assert found.rows == (
        TrendLog(index=3, trendlog_id="MON3", trendlog_label="AHU", panel_id=5, interval_seconds=3723, status="ON"),
    )
    assert (found.certain, found.unread) == (True, ())


def test_one_monitor_from_memory_tells_its_points_too() -> None:
    body = written(
        {"success": True, "panel_id": 5, "trendlog": {**ENTRY, "inputs": [point(3, 127), point(2, 0, panel=9)]}}
    )
    assert decode_trend_logs(body, 5).rows[0].logs == "VAR128, 9IN1"
    empty = written({"success": True, "panel_id": 5, "trendlog": {**ENTRY, "inputs": None}})
    assert decode_trend_logs(empty, 5).rows[0].logs == ""


def test_the_monitors_of_the_operators_screen_are_not_certain_to_be_the_panels() -> None:
    assert not decode_trend_logs(from_memory(ENTRY, data_source="m_monitor_data"), 5).certain


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"label": "Monitor 3"}, "trendlog_label", ""),
        ({"label": "Monitor 4"}, "trendlog_label", "Monitor 4"),
        ({"label": " AHU\0x"}, "trendlog_label", "AHU"),
        ({"label": None}, "trendlog_label", ""),
        ({"status_code": 0}, "status", "OFF"),
        ({"status_code": 7}, "status", None),
        ({"status_code": []}, "status", None),
        ({"interval_seconds": 0}, "interval_seconds", 0),
        ({"interval_seconds": -1}, "interval_seconds", None),
        ({"interval_seconds": "60"}, "interval_seconds", 60),
        ({"id": None}, "trendlog_id", "MON3"),
    ],
)
def test_each_field_is_taken_as_it_is_or_not_at_all(changes: dict[str, Any], field: str, value: Any) -> None:
    (row,) = decode_trend_logs(from_memory(ENTRY | changes), 5).rows
    assert getattr(row, field) == value


def test_a_status_of_the_panel_is_0_or_1() -> None:
    rows = decode_trend_logs(read_now(monitor(1), monitor(2, status=0), monitor(3, status=9)), 5).rows
    assert [row.status for row in rows] == ["ON", "OFF", None]
    assert [row.logs for row in rows] == ["", "", ""]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (point(1, 44), "OUT45"),
        (point(1, 44, panel=111), "111OUT45"),
        (point(2, 0, sub_panel=5), "IN1"),
        (point(2, 0, sub_panel=7), "5.7.IN1"),
        (point(27, 67, panel=123, sub_panel=45), "123.45.MB_REG67"),
        (point(28, 90, panel=178, sub_panel=110, network=128), "45678AV90"),
        (point(3 + (1 << 5), 0), "VAR257"),
        (point(27, 1, panel=1, sub_panel=2, network=129), "1.2.MB_REG2049"),
        (point(3, 5, network=128), "VAR5"),
        (point(10, 1), "type9.1"),
        (point(0, 1), ""),
        (point(2, 1, panel=0), ""),
        ({}, ""),
        ({"point_type": "x", "panel": []}, ""),
    ],
)
def test_a_point_of_a_monitor_is_named_as_t3000_does(stored: dict[str, Any], text: str) -> None:
    assert point_text(stored, 5) == text


@pytest.mark.parametrize("entry", [None, 7, {}, {"id": "MON0"}, {"id": "MON13"}, {"id": "IN1"}, {"num": 12}])
def test_what_is_no_monitor_costs_only_itself(entry: Any) -> None:
    shown = written(entry).decode()
    assert decode_trend_logs(from_memory(entry, ENTRY), 5).refused == (
        f"trendlogs[0] is {shown}; allowed: a monitor MON1 to MON12",
    )
    assert len(decode_trend_logs(read_now(monitor(1), entry), 5).rows) == 1


def test_a_panel_that_answered_no_block_has_every_monitor_unread() -> None:
    data = {name: value for name, value in monitors_request(PANEL).items() if name != "action"}
    found = decode_trend_logs(written({"data": data}), 5)
    assert (found.rows, len(found.unread)) == ((), 12)


def test_a_bad_text_costs_only_the_text() -> None:
    body = read_now(monitor(1, label="AHU"), monitor(2)).replace(b'"label":"AHU"', b'"label":"\xb0\x01"', 1)
    assert [row.trendlog_label for row in decode_trend_logs(body, 5).rows] == ["\ufffd", "AHU"]


@pytest.mark.parametrize(
    "body",
    [
        read_now(monitor(1), panelId=6),
        read_now(monitor(1), serialNumber=6),
        read_now(monitor(1), entryType=1),
        from_memory(ENTRY, panel_id=6),
        from_memory(ENTRY, trendlogs=7),
        b'{"data":{"device_data":7}}',
        b"{}",
        b"[]",
        b"",
    ],
)
def test_an_answer_of_another_panel_or_to_another_question_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_trend_logs(body, 5, 237219)


@given(st.binary(max_size=200) | st.lists(st.sampled_from(b'{}[]",:\\u0d8f 1etrue"id\xe2\xff'), max_size=40).map(bytes))
def test_no_octets_raise_anything_but_a_bad_response(octets: bytes) -> None:
    for body in (octets, b'{"trendlogs":' + octets + b"}", b'{"data":{"device_data":' + octets + b"}}"):
        with contextlib.suppress(BadResponse):
            decode_trend_logs(body, 5)


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.lists(st.integers())
)


@given(
    st.dictionaries(st.sampled_from([*monitor(1), "inputs", "interval_seconds", "num"]), junk),
    st.dictionaries(st.sampled_from(sorted(NO_POINT)), junk),
)
def test_no_field_of_a_monitor_raises(changes: dict[str, Any], of_point: dict[str, Any]) -> None:
    found = decode_trend_logs(read_now(monitor(1, NO_POINT | of_point) | changes), 5)
    assert len(found.rows) + len(found.refused) == 1
