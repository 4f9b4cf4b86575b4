"""Who may ask what, by the head of a request alone."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.watch.api.checks import (
    header_map,
    host_fault,
    offered_token,
    origin_fault,
    path_fault,
    token_fault,
)

TOKEN = b"a-token-of-some-length"


@pytest.mark.parametrize(
    "path", [b"/", b"/health", b"/devices/ahu-1", b"/devices/bacnet:50:07:1001", b"/devices/bacnet%3A50%3A07%3A1001"]
)
def test_a_plain_path_passes(path: bytes) -> None:
    assert path_fault(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        b"//health",
        b"/health/",
        b"/devices//start",
        b"/../etc/passwd",
        b"/devices/%2e%2e/health",
        b"/devices/a%2Fstart",
        b"/devices/a%5cstart",
        b"/devices/./a",
        b"/devices/a%00",
        b"/devices/%C3%A9",
        b"/devices/a%0d%0ab",
        b"/%2Fhealth",
        b"http://127.0.0.1/health",
        b"*",
        b"",
        b"/" + b"a" * 600,
    ],
)
def test_a_path_that_means_another_thing_unescaped_is_no_path(path: bytes) -> None:
    assert path_fault(path)


@given(st.text(max_size=40))
def test_whatever_passes_means_the_same_escaped_once_more(text: str) -> None:
    raw = quote("/" + text, safe="/:@").encode()
    if not path_fault(raw):
        assert text == text.strip("/") or text == ""
        assert ".." not in text.split("/")


@pytest.mark.parametrize(
    "host", [b"127.0.0.1:8080", b"localhost", b"LOCALHOST:1", b"[::1]:8080", b"10.0.0.7", b"Gateway.Example:80"]
)
def test_an_address_localhost_and_a_configured_name_are_hosts(host: bytes) -> None:
    assert host_fault(host, ("gateway.example",)) == ""


@pytest.mark.parametrize(
    "host", [None, b"", b"evil.example", b"evil.example:8080", b"127.0.0.1.evil.example", b"a b", b"\xff"]
)
def test_a_foreign_name_that_leads_here_is_refused(host: bytes | None) -> None:
    assert host_fault(host, ("gateway.example",))


def test_on_the_unix_socket_a_name_without_a_dot_passes_and_a_foreign_one_of_a_forwarded_port_does_not() -> None:
    for host in (None, b"gateway", b"localhost:8080", b"127.0.0.1:8080", b"gateway.example"):
        assert host_fault(host, ("gateway.example",), is_local=True) == ""
    for host in (b"evil.example", b"evil.example:8080", b"gateway.evil."):
        assert host_fault(host, ("gateway.example",), is_local=True)


@given(st.binary(min_size=16, max_size=64))
def test_a_token_comes_through_the_header_of_a_websocket(token: bytes) -> None:
    coded = base64.urlsafe_b64encode(token).rstrip(b"=")
    assert offered_token(b"t3actors, t3actors.token." + coded) == token
    assert offered_token(b"t3actors.token." + coded) == token


@given(st.one_of(st.none(), st.binary(max_size=60)))
def test_no_such_header_is_read_as_a_token_that_it_does_not_bear(header: bytes | None) -> None:
    token = offered_token(header)
    assert token is None or b"t3actors.token." in (header or b"")


def test_a_token_that_cannot_be_read_is_wrong_and_not_missing() -> None:
    assert offered_token(b"t3actors.token.%%%") == b""
    assert offered_token(b"t3actors") is None


def test_a_request_that_names_no_origin_or_its_own_passes() -> None:
    assert origin_fault({b"host": b"gw:8080"}, secure=False) == ""
    assert origin_fault({b"host": b"gw:8080", b"origin": b"http://GW:8080"}, secure=False) == ""
    assert origin_fault({b"host": b"gw:8080", b"sec-fetch-site": b"same-origin"}, secure=True) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {b"origin": b"http://evil.example"},
        {b"origin": b"null"},
        {b"origin": b"https://gw:8080"},
        {b"origin": b"http://gw"},
        {b"sec-fetch-site": b"cross-site"},
        {b"sec-fetch-site": b"same-site"},
    ],
)
def test_another_origin_s_browser_is_refused(headers: dict[bytes, bytes]) -> None:
    assert origin_fault({b"host": b"gw:8080", **headers}, secure=False)


def test_only_the_token_is_the_token() -> None:
    assert token_fault(None, None) == ""
    assert token_fault(b"Bearer " + TOKEN, TOKEN) == ""
    assert token_fault(b"bearer  " + TOKEN + b" ", TOKEN) == ""
    for wrong in (
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        TOKEN,
        b"Basic " + TOKEN,
        b"Bearer " + TOKEN[:-1],
        b"Bearer " + TOKEN + b"x",
    ):
        assert token_fault(wrong, TOKEN)


@pytest.mark.parametrize("name", [b"host", b"origin", b"authorization", b"content-length", b"sec-websocket-protocol"])
def test_a_deciding_header_that_comes_twice_is_refused(name: bytes) -> None:
    with pytest.raises(ValueError, match="comes twice"):
        header_map([(name, b"a"), (name, b"b")])


def test_other_headers_may_come_twice() -> None:
    with pytest.raises(ValueError, match="both say how long"):
        header_map([(b"content-length", b"2"), (b"transfer-encoding", b"chunked")])
    assert header_map([(b"accept", b"a"), (b"accept", b"b"), (b"host", b"h")]) == {b"accept": b"b", b"host": b"h"}
