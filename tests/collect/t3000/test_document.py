"""An answer is taken apart where it lies: its shape, its panels' places, what it says; and no octets raise anything else."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.document import Document, split
from t3actors.errors import BadResponse
from tests.collect.t3000.answers import DOCUMENTED, REAL

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
spaces = st.text(" \t\r\n", max_size=3)


def written(value: Any, space: str = "") -> bytes:
    return json.dumps(value, separators=(f"{space},{space}", f"{space}:{space}")).encode()


def panels_of(body: bytes, document: Document) -> list[Any]:
    return [json.loads(body[offset : offset + length]) for offset, length in document.panels]


def test_the_real_shape_is_known_by_its_keys_and_each_panel_is_found() -> None:
    document = split(REAL)
    assert (document.shape, document.action, document.error, document.repaired) == ("real", "LOGGING_DATA_RES", "", 0)
    assert panels_of(REAL, document) == json.loads(REAL)["data"]


def test_the_documented_shape_is_known_by_its_keys_and_tells_its_time() -> None:
    document = split(DOCUMENTED)
    assert (document.shape, document.timestamp) == ("documented", "2025-10-21T12:00:16Z")
    assert panels_of(DOCUMENTED, document) == json.loads(DOCUMENTED)["devices"]


def test_the_shape_does_not_hang_on_the_action() -> None:
    assert split(b'{"data":[{"panel_serial_number":1,"device_data":[]}]}').shape == "real"
    assert split(b'{"action":15,"data":[null,{"device_data":[]}]}').shape == "real"
    assert split(b'{"devices":[{}]}').shape == "documented"
    assert split(b'{"action":"GET_PANELS_LIST_RES","data":[{"panel_number":1,"serial_number":2}]}').shape == "other"
    assert split(b'{"data":{"panelId":1,"device_data":[{"id":"IN1"}]}}').shape == "other"


@given(st.lists(st.fixed_dictionaries({"device_data": values, "panel_name": texts}), max_size=4), texts, spaces)
def test_any_real_answer_gives_back_its_panels(panels: list[Any], extra: str, space: str) -> None:
    body = written(
        {"before": {"data": [1, extra]}, "action": "LOGGING_DATA_RES", "data": panels, "after": extra}, space
    )
    assert panels_of(body, split(body)) == panels


@given(st.dictionaries(texts, values, max_size=4), st.lists(values, max_size=4), spaces)
def test_any_documented_answer_gives_back_its_panels(others: dict[str, Any], panels: list[Any], space: str) -> None:
    body = space.encode() + written({**others, "devices": panels}, space) + space.encode()
    assert panels_of(body, split(body)) == panels


@pytest.mark.parametrize("rest", [b"\0", b"\0\0\0", b'\0"of the answer before"}'])
def test_the_answer_ends_at_its_first_nul(rest: bytes) -> None:
    assert split(memoryview(bytearray(REAL + rest))) == split(REAL)


@pytest.mark.parametrize("body", [b"", b"\0", b"\0" * 4096])
def test_an_empty_answer_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse, match="empty"):
        split(body)


@pytest.mark.parametrize("length", [1, 2, len(REAL) // 2, len(REAL.rstrip()) - 1])
def test_an_answer_that_is_cut_off_says_where_and_shows_how_it_began(length: int) -> None:
    with pytest.raises(BadResponse, match=f"cut off after {length} octets") as refused:
        split(REAL[:length])
    assert refused.value.raw == REAL[:length][:64]


@pytest.mark.parametrize(
    "body", [b"[]", b"17", b'"text"', b"Panel is offline", b'{"a":1} b', b'{"a":tru3}', b'{"\xff":1}', b"{'a':1}"]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadResponse, match="no JSON object"):
        split(body)


def test_a_key_that_stands_twice_is_refused_for_its_places_are_not_certain() -> None:
    for body in (b'{"data":[1],"data":[2,3]}', b'{"a":1,"b":2,"a":3}', b'{"a":11,"a":1}'):
        with pytest.raises(BadResponse, match="twice"):
            split(body)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(BadResponse, match="nested too deep"):
        split(b'{"a":' + b"[" * 100_000)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":"Panel is offline ."}', "Panel is offline ."),
        (b'{"action":"LOGGING_DATA_RES","error":"Panel is offline ."}', "Panel is offline ."),
        (b'{"debug":"HandleWebViewMsg returned empty response"}', "HandleWebViewMsg returned empty response"),
        (b'{"success":false,"error":"No monitor data available","trendlogs":[]}', "No monitor data available"),
        (b'{"error":{"code":7}}', "{'code': 7}"),
        (b'{"error":"\xb0"}', "\ufffd"),
        (b"{}", "an empty object"),
    ],
)
def test_an_answer_that_only_says_why_it_has_nothing_is_no_success(body: bytes, error: str) -> None:
    document = split(body)
    assert (document.error, document.notice) == (error, "")


@pytest.mark.parametrize("key", ["error", "debug"])
def test_what_is_said_beside_data_takes_nothing_from_the_data(key: str) -> None:
    document = split(written({key: "block 3 was not read", "data": [{"device_data": []}]}))
    assert (document.error, document.notice, len(document.panels)) == ("", "block 3 was not read", 1)


@pytest.mark.parametrize("body", [b'{"action":"LOGGING_DATA_RES"}', b'{"action":"LOGGING_DATA_RES","data":null}'])
def test_an_answer_without_any_panel_is_no_error(body: bytes) -> None:
    assert split(body) == Document(action="LOGGING_DATA_RES", shape="real")


def test_octets_that_are_not_utf8_are_counted_and_cost_no_panel() -> None:
    body = REAL.replace(b"Supply Air Temp", b"T \xb0C \xe9\xe8").replace(b"Humidity", "µ€°".encode())
    document = split(body)
    assert (document.repaired, len(document.panels)) == (3, 2)


def test_characters_are_counted_right_across_the_pieces_that_are_looked_at() -> None:
    for shift in range(4):
        label = b"x" * ((1 << 20) - 40 - shift) + "€".encode() * 20 + b"\xff" + "€".encode() * 20
        assert split(b'{"data":[{"device_data":"' + label + b'"}]}').repaired == 1


@pytest.mark.parametrize(
    "label", [b"a\x01b", b"a\tb", rb"a\ud83d b", rb"a\udc00\ud83d", rb"a\xb", rb"\\ud83d\x", rb"\ud83d\ude00\ud83d"]
)
def test_text_that_is_not_json_is_counted_and_costs_no_panel(label: bytes) -> None:
    body = REAL.replace(b"Supply Air Temp", label)
    document = split(body)
    assert document.repaired >= 1
    assert [body[at : at + length][:1] + body[at : at + length][-1:] for at, length in document.panels] == [b"{}"] * 2
    assert json.loads(body[document.panels[1][0] :][: document.panels[1][1]]) == json.loads(REAL)["data"][1]


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(b'{}[]",:\\u0d8f 1etrue"data\xe2\xff'), max_size=40).map(bytes)
)
def test_no_octets_raise_anything_but_a_bad_response(octets: bytes) -> None:
    for body in (
        octets,
        b'{"action":"LOGGING_DATA_RES","data":' + octets + b"}",
        b'{"data":[{"device_data":' + octets + b"}]}",
    ):
        with contextlib.suppress(BadResponse):
            split(body)


@given(st.integers(0, len(REAL)), st.binary(min_size=1, max_size=3))
def test_no_change_of_a_good_answer_raises_anything_but_a_bad_response(at: int, octets: bytes) -> None:
    with contextlib.suppress(BadResponse):
        split(REAL[:at] + octets + REAL[at + len(octets) :])


def test_taking_an_answer_apart_needs_little_beside_the_answer() -> None:
    panel = b'{"device_data":[' + b",".join([b'{"id":"IN1","value":1000}'] * 20_000) + b"]}"
    body = bytearray(b'{"data":[' + b",".join([panel] * 40) + b"]}" + b"\0")
    tracemalloc.start()
    document = split(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(document.panels) == 40
    assert peak < len(body) / 4
