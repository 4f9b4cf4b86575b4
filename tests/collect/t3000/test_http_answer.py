"""What status and body mean. The whole way over a socket is in test_http_door.py."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.http_answer import judge
from t3actors.errors import BadResponse, DriverError, NotReady, RequestRefused, RequestTimedOut


def test_what_t3000_said_is_an_answer() -> None:
    document = judge(200, "OK", b'{"action":"LOGGING_DATA_RES","data":[{"panel_id":1,"device_data":[]}]}')
    assert (document.shape, len(document.panels)) == ("real", 1)


@pytest.mark.parametrize("status", [201, 204, 301, 400, 403, 404, 415, 500, 502])
def test_a_refusal_has_the_status_as_its_code(status: int) -> None:
    with pytest.raises(RequestRefused, match=f"^HTTP {status}") as caught:
        judge(status, "", b"")
    assert caught.value.code == status


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (500, {"error": "MFC application not initialized"}, NotReady),
        (500, {"error": "FFI lock timed out - prior C++ call may be stuck"}, RequestTimedOut),
        (500, {"error": "T3000 FFI functions not loaded"}, RequestRefused),
        (500, {"error": 5}, RequestRefused),
        (502, {"error": "MFC application not initialized"}, RequestRefused),
        (200, {"error": "MFC application not initialized"}, NotReady),
        (200, {"error": "wait", "code": "T3000_WARMUP"}, NotReady),
        (200, {"error": "wait", "code": 17}, RequestRefused),
        (200, {"error": "The serial number does not match the panel."}, RequestRefused),
        (200, {"debug": "HandleWebViewMsg returned empty response"}, RequestRefused),
        (200, {"status": "success", "data": "no JSON"}, BadResponse),
        (200, {"status": "success", "data": ""}, RequestRefused),
    ],
)
def test_an_error_is_named_by_what_is_to_be_done(
    status: int, said: dict[str, object], error: type[DriverError]
) -> None:
    with pytest.raises(error) as caught:
        judge(status, "", json.dumps(said).encode())
    assert type(caught.value) is error


def test_data_beside_a_status_is_data() -> None:
    assert judge(200, "OK", b'{"status":"success","data":{"device_data":[{"id":"IN1"}]}}').error == ""


def test_the_text_that_was_no_json_is_kept_from_its_beginning() -> None:
    with pytest.raises(BadResponse) as caught:
        judge(200, "OK", json.dumps({"status": "success", "data": '{"action":"LOGG' + "x" * 100}).encode())
    assert caught.value.raw == b'{"action":"LOGG' + b"x" * 49


@given(st.sampled_from([200, 302, 404, 500]), st.text(max_size=20), st.binary(max_size=100))
def test_no_octets_make_it_raise_anything_but_a_drivers_error(status: int, reason: str, body: bytes) -> None:
    with contextlib.suppress(DriverError):
        judge(status, reason, body)


OWN = st.dictionaries(
    st.sampled_from(["status", "error", "code", "data", "debug", "action"]),
    st.none()
    | st.integers()
    | st.sampled_from(["success", "LOGGING_DATA_RES", ""])
    | st.lists(st.dictionaries(st.text(), st.none())),
)


@given(st.sampled_from([200, 500]), OWN.map(json.dumps))
def test_no_json_makes_it_raise_anything_but_a_drivers_error(status: int, body: str) -> None:
    with contextlib.suppress(DriverError):
        judge(status, "", body.encode())
