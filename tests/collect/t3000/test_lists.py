"""Requests that only read; the list of panels; the points of one kind, and which of them are not in the answer."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.door import READ_ACTIONS, build_request
from t3actors.collect.t3000.lists import (
    CAPACITY,
    ListedPanel,
    decode_panels_list,
    decode_points_list,
    logging_data_request,
    monitors_request,
    panels_list_request,
    points_request,
    signed,
)
from t3actors.errors import BadResponse
from t3actors.points import DeviceFacts, Kind, Reading, Rules
from tests.collect.t3000.answers import REAL
from tests.collect.t3000.generated import Panel, panels, real_record, written

RULES = Rules()
ROOF = ListedPanel(panel_id=1, serial_number=237219, object_instance=237219)
ENTRY = {
    "panel_number": 1,
    "object_instance": 237219,
    "serial_number": 237219,
    "online_time": 1787212812,
    "pid": 74,
    "panel_name": "T3-BB-ROOF",
}


def listed(*entries: Any) -> bytes:
    return written({"action": "GET_PANELS_LIST_RES", "data": list(entries)})


def answer(request: dict[str, object], points: list[Any] | None, **changes: Any) -> bytes:
    data = {name: value for name, value in request.items() if name != "action"} | changes
    return written({"data": data if points is None else {**data, "device_data": points}})


def test_every_request_only_reads() -> None:
    requests = [panels_list_request(), logging_data_request(), logging_data_request(1, 237219), monitors_request(ROOF)]
    requests += [points_request(ROOF, kind) for kind in Kind]
    for request in requests:
        action = request["action"]
        assert isinstance(action, int)
        assert json.loads(build_request(action, request)) == request
    assert {request["action"] for request in requests} == READ_ACTIONS == {4, 15, 17}


@pytest.mark.parametrize("action", [*range(4), *range(5, 15), 16, 18, 96, 98, -1])
def test_no_other_action_can_be_sent(action: int) -> None:
    with pytest.raises(ValueError, match=f"saw {action}, this gateway sends only reads"):
        build_request(action, {"action": action})
    with pytest.raises(ValueError, match="in the request for action 17"):
        build_request(17, {**points_request(ROOF, Kind.INPUT), "action": action})


@pytest.mark.parametrize(
    ("kind", "number", "last"), [(Kind.OUTPUT, 0, 63), (Kind.INPUT, 1, 63), (Kind.VARIABLE, 2, 127)]
)
def test_all_points_of_a_kind_are_asked_for_with_both_ends_meant(kind: Kind, number: int, last: int) -> None:
    assert points_request(ROOF, kind) == {
        "action": 17,
        "panelId": 1,
        "serialNumber": 237219,
        "objectinstance": 237219,
        "entryType": number,
        "entryIndexStart": 0,
        "entryIndexEnd": last,
    }


def test_a_part_is_asked_for_by_the_numbers_of_its_points() -> None:
    request = points_request(ROOF, Kind.VARIABLE, 65, 128)
    assert (request["entryIndexStart"], request["entryIndexEnd"]) == (64, 127)
    assert monitors_request(ROOF)["entryType"] == 9
    assert (monitors_request(ROOF)["entryIndexStart"], monitors_request(ROOF)["entryIndexEnd"]) == (0, 11)
    for first, last in ((0, 5), (6, 5), (1, 129)):
        with pytest.raises(ValueError, match="within 1 to 128, in order"):
            points_request(ROOF, Kind.VARIABLE, first, last)


@pytest.mark.parametrize(("serial", "sent"), [(1, 1), (2**31 - 1, 2**31 - 1), (2**31, -(2**31)), (2**32 - 1, -1)])
def test_a_large_serial_number_is_sent_as_cpp_has_it(serial: int, sent: int) -> None:
    assert signed(serial) == sent
    assert logging_data_request(1, serial)["serialNumber"] == sent
    panel = ListedPanel(panel_id=1, serial_number=serial)
    assert points_request(panel, Kind.INPUT)["serialNumber"] == sent


def test_a_panel_of_the_list_says_who_it_is() -> None:
    (panel,) = decode_panels_list(listed(ENTRY)).panels
    assert panel == ListedPanel(
        panel_id=1,
        serial_number=237219,
        object_instance=237219,
        product_id=74,
        name="T3-BB-ROOF",
    )
    assert panel.facts == DeviceFacts(
        serial_number=237219, panel_id=1, panel_name="T3-BB-ROOF", object_instance=237219, model="MINIPANEL_ARM"
    )


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"serial_number": -1}, "serial_number", 0xFFFFFFFF),
        ({"serial_number": 0}, "serial_number", 0),
        ({"serial_number": "x"}, "serial_number", 0),
        ({"serial_number": "237219"}, "serial_number", 237219),
        ({"object_instance": 0}, "object_instance", None),
        ({"object_instance": 4194303}, "object_instance", None),
        ({"panel_name": "(Unknown)"}, "name", ""),
        ({"panel_name": "Lobby\0\x07"}, "name", "Lobby"),
        ({"panel_name": None}, "name", ""),
        ({"panel_name": 7}, "name", ""),
        ({"pid": 0}, "product_id", None),
        ({"panel_number": 254}, "panel_id", 254),
    ],
)
def test_what_a_panel_does_not_say_is_not_known(changes: dict[str, Any], field: str, value: Any) -> None:
    (panel,) = decode_panels_list(listed(ENTRY | changes)).panels
    assert getattr(panel, field) == value


def test_an_unknown_product_is_named_by_its_number() -> None:
    (panel,) = decode_panels_list(listed(ENTRY | {"pid": 200})).panels
    assert panel.facts.model == "product 200"


@pytest.mark.parametrize("entry", [None, 7, {}, {"panel_number": 0}, {"panel_number": 255}, {"panel_number": "x"}, []])
def test_what_is_no_panel_costs_only_itself(entry: Any) -> None:
    found = decode_panels_list(listed(entry, ENTRY))
    assert [panel.panel_id for panel in found.panels] == [1]
    shown = written(entry).decode()
    assert found.refused == (f"data[0] is {shown}; allowed: a panel with the number 1 to 254",)


def test_two_panels_of_one_number_are_both_told_and_one_told_twice_is_one() -> None:
    found = decode_panels_list(listed(ENTRY, ENTRY | {"serial_number": 5}, ENTRY))
    assert [panel.serial_number for panel in found.panels] == [237219, 5]


def test_a_bad_text_in_the_list_costs_only_the_text() -> None:
    for bad, name in ((b"T3-\xb0\x01ROOF", "T3-\ufffd ROOF"), (rb"T3\ud83d", "T3\ufffd")):
        body = listed(ENTRY | {"panel_name": "NAME"}, ENTRY | {"panel_number": 2}).replace(b"NAME", bad)
        assert [panel.name for panel in decode_panels_list(body).panels] == [name, "T3-BB-ROOF"]


@pytest.mark.parametrize("body", [b'{"action":"GET_PANELS_LIST_RES"}', b'{"data":null}', b'{"data":[]}'])
def test_a_t3000_without_panels_has_an_empty_list(body: bytes) -> None:
    assert decode_panels_list(body).panels == ()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":7}', b'{"data":{}}', b'{"data":[', b'{"data":' + b"[" * 9999])
def test_what_is_no_list_of_panels_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_panels_list(body)


def test_the_points_of_one_kind_decode_as_they_do_in_the_whole_answer() -> None:
    points = json.loads(REAL)["data"][0]["device_data"][:5]
    found = decode_points_list(
        answer(points_request(ROOF, Kind.INPUT, 1, 5), points), points_request(ROOF, Kind.INPUT, 1, 5), RULES
    )
    assert found.readings[Kind.INPUT][0] == Reading("IN1", 18.35, auto_manual=0)
    assert (len(found.points), found.unread, found.missing, found.refused) == (5, (), (), ())


@given(panels(real=True), st.sampled_from(Kind))
def test_any_points_come_back_and_those_that_are_left_out_are_named(panel: Panel, kind: Kind) -> None:
    pairs = [pair for pair in zip(panel.points, panel.readings, strict=True) if pair[0].kind is kind]
    request = points_request(ROOF, kind)
    body = answer(request, [real_record(*pair) for pair in pairs])
    found = decode_points_list(body, request, RULES)
    assert found.points == tuple(point for point, _ in pairs)
    assert found.readings.get(kind, ()) == tuple(reading for _, reading in pairs)
    assert len(found.unread) == CAPACITY[kind] - len(pairs)
    assert not {point.point_id for point, _ in pairs} & set(found.unread)


def test_a_panel_that_answered_no_block_has_every_point_unread() -> None:
    request = points_request(ROOF, Kind.OUTPUT, 11, 13)
    for points in (None, []):
        found = decode_points_list(answer(request, points), request, RULES)
        assert (found.points, found.unread) == ((), ("OUT11", "OUT12", "OUT13"))


def test_what_did_not_change_is_the_same_object_as_before() -> None:
    request = points_request(ROOF, Kind.INPUT, 1, 5)
    body = answer(request, json.loads(REAL)["data"][0]["device_data"][:5])
    before = decode_points_list(body, request, RULES)
    again = decode_points_list(body, request, RULES, before)
    assert (again.points is before.points, again.readings is before.readings) == (True, True)


@pytest.mark.parametrize(("name", "value"), [("panelId", 2), ("serialNumber", 5), ("entryType", 0), ("panelId", "1")])
def test_an_answer_to_another_request_is_refused(name: str, value: Any) -> None:
    request = points_request(ROOF, Kind.INPUT)
    with pytest.raises(BadResponse, match=f"{name} is .*, asked was"):
        decode_points_list(answer(request, [], **{name: value}), request, RULES)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"data":null}', b'{"data":[]}', b'{"data":{"device_data":7}}', b'{"data":{"device_data":[']
)
def test_what_is_no_list_of_points_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_points_list(body, points_request(ROOF, Kind.INPUT), RULES)


@given(st.binary(max_size=200) | st.lists(st.sampled_from(b'{}[]",:\\u0d8f 1etrue"id\xe2\xff'), max_size=40).map(bytes))
def test_no_octets_raise_anything_but_a_bad_response(octets: bytes) -> None:
    for body in (
        octets,
        b'{"data":' + octets + b"}",
        b'{"data":[' + octets + b"]}",
        b'{"data":{"device_data":' + octets + b"}}",
    ):
        with contextlib.suppress(BadResponse):
            decode_panels_list(body)
        with contextlib.suppress(BadResponse):
            decode_points_list(body, points_request(ROOF, Kind.INPUT), RULES)


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.lists(st.integers())
)


@given(st.dictionaries(st.sampled_from(sorted(ENTRY)), junk))
def test_no_field_of_a_panel_raises(changes: dict[str, Any]) -> None:
    found = decode_panels_list(listed(ENTRY | changes))
    assert len(found.panels) + len(found.refused) == 1
