"""The HTTP door against a web server that answers as wrongly as it can: each is the right error, and the next request is served."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from t3actors.collect.t3000 import http_door
from t3actors.collect.t3000.door import Answer
from t3actors.collect.t3000.http_door import HttpDoor, split_url
from t3actors.errors import BadResponse, DriverError, LinkDown, NotReady, RequestRefused, RequestTimedOut
from tests import tools
from tests.collect.t3000.web_server import (
    Behaviour,
    answer,
    hangs_up,
    is_silent,
    never_ends,
    resets,
    sends,
    serving,
)
from tests.waiting import every, until

CASES = Path(__file__).parent / "cases"
PANELS = b'{"action":"GET_PANELS_LIST_RES","data":[{"panel_number":1,"serial_number":237219}]}'
GOOD = sends(answer(PANELS, "200 OK", "Content-Type: application/json"))
STARTING = sends(answer(b'{"status":"error","error":"MFC application not initialized"}', "500 Internal Server Error"))
LONG_S = 20.0  # more than any call here takes on a busy machine


@asynccontextmanager
async def opened(port: int, **settings: Any) -> AsyncIterator[HttpDoor]:
    settings = {"buffer_bytes": 100_000, "timeout_s": LONG_S, "not_ready_pauses_s": (0.001,) * 3} | settings
    door = HttpDoor(settings.pop("url", f"http://127.0.0.1:{port}"), **settings)
    try:
        yield door
    finally:
        await door.close()


def octets(answer: Answer) -> bytes:
    return bytes(answer.body)


# ------------------------------------------------------------------------------------------------ answers


async def test_a_request_is_posted_as_t3000s_web_server_wants_it() -> None:
    async with serving(GOOD) as server, opened(server.port) as door:
        assert octets(await door.call(4, {})) == PANELS
        ((head, *lines), body) = server.requests[0]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert head == "POST /api/t3000/ffi/call HTTP/1.1"
        assert headers["host"] == f"127.0.0.1:{server.port}"
        assert headers["content-type"] == "application/json"
        assert json.loads(body) == {"action": 4}


async def test_an_answer_has_each_panel_at_its_place() -> None:
    text = (CASES / "logging_data_real.json").read_bytes()
    async with serving(sends(answer(text))) as server, opened(server.port) as door:
        came = await door.call(15, {"panelId": -1})
        assert (octets(came), came.shape) == (text, "real")
        assert came.panels
        assert all(came.body[offset : offset + 1] == b"{" for offset, _length in came.panels)


async def test_one_connection_serves_request_after_request() -> None:
    async with serving(GOOD) as server, opened(server.port) as door:
        await door.open()
        for _ in range(5):
            await door.call(4, {})
        assert (server.connections, len(server.requests)) == (1, 5)


async def test_calls_that_come_at_once_are_made_one_after_the_other() -> None:
    async def looks(stream: Any) -> None:
        assert server.under_way == 1
        await GOOD(stream)

    async with serving(looks) as server, opened(server.port) as door:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(door.call, 4, {})
        assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "pieces",
    [
        tuple(bytes((octet,)) for octet in answer(PANELS)),
        (b"HTTP/1.1 100 Continue\r\n\r\n", answer(PANELS)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
            + PANELS[:5]
            + b"\r\n4e\r\n"
            + PANELS[5:]
            + b"\r\n0\r\n\r\n",
        ),
    ],
    ids=["octet by octet", "100 first", "chunked"],
)
async def test_an_answer_may_come_in_any_form_that_http_has(pieces: tuple[bytes, ...]) -> None:
    async with serving(sends(*pieces)) as server, opened(server.port) as door:
        for _ in range(2):
            assert octets(await door.call(4, {})) == PANELS
        assert server.connections == 1


async def test_an_answer_may_end_with_its_connection() -> None:
    async with serving(hangs_up(b"HTTP/1.0 200 OK\r\n\r\n" + PANELS)) as server, opened(server.port) as door:
        for _ in range(2):
            assert octets(await door.call(4, {})) == PANELS
        assert server.connections == 2


async def test_a_kept_connection_that_turns_out_closed_is_replaced_once() -> None:
    async with serving(GOOD, hangs_up(), GOOD, hangs_up(), hangs_up(), GOOD) as server, opened(server.port) as door:
        await door.call(4, {})
        await door.call(4, {})
        assert server.connections == 2
        with pytest.raises(LinkDown, match="accepts a connection and closes it without an answer"):
            await door.call(4, {})
        await door.call(4, {})


async def test_a_connection_that_was_idle_for_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_door, "KEPT_S", -1.0)
    async with serving(GOOD) as server, opened(server.port) as door:
        for _ in range(2):
            await door.call(4, {})
        assert server.connections == 2


async def test_only_reading_actions_are_sent() -> None:
    async with serving(GOOD) as server, opened(server.port) as door:
        with pytest.raises(ValueError, match="action: saw 16"):
            await door.call(16, {})
        assert server.requests == []


# ------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("behaviour", "error", "said"),
    [
        (sends(answer(b'{"error":"Panel is offline ."}')), RequestRefused, r": T3000 refused: Panel is offline \.$"),
        (sends(answer(b'{"status":"error","error":"FFI call returned error code: -1"}', "500 Internal Server Error")), RequestRefused,
         r": HTTP 500 FFI call returned error code: -1$"),
        (sends(answer(b"", "404 Not Found")), RequestRefused, r": HTTP 404 Not Found; is this T3000's web server"),
        (sends(answer(b"", "302 Found", "Location: http://elsewhere/")), RequestRefused, r": HTTP 302: it redirects"),
        (sends(answer(b"", "204 No Content")), RequestRefused, r": HTTP 204 No Content$"),
        (sends(answer(b"x" * 100_000, "503 Busy")), RequestRefused, r": HTTP 503 Busy$"),
        (sends(answer(b"<html>It works!</html>")), BadResponse, r"the answer of 22 octets is no JSON object"),
        (sends(answer(PANELS[:-5])), BadResponse, r"cut off"),
        (sends(answer(b"")), BadResponse, r"the answer is empty"),
        (sends(answer(b'{"status":"success","data":"{\\"action\\":\\"LOGG","timestamp":"t"}')), BadResponse, r"passed it on as text"),
        (sends(answer(b'{"status":"success","data":"","timestamp":"t"}')), RequestRefused, r"an empty answer"),
        (sends(answer(b"x" * 100_001)), BadResponse, r"larger than the buffer of 100 kB"),
        (never_ends, BadResponse, r"larger than the buffer of 100 kB"),
        (sends(answer(PANELS, "200 OK", "Content-Encoding: gzip")), BadResponse, r"compressed, which was not asked for"),
        (sends(b"220 mail.example ESMTP\r\n\r\n"), BadResponse, r"the answer is no HTTP/1.1"),
        (sends(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000), BadResponse, r"the answer is no HTTP/1.1"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), BadResponse, r"the answer is no HTTP/1.1"),
        (hangs_up(answer(PANELS)[:-1]), LinkDown, r"closed in the middle of an answer"),
        (hangs_up(b"HTTP/1.1 2"), LinkDown, r"closed in the middle of an answer"),
        (hangs_up(), LinkDown, r"accepts a connection and closes it without an answer"),
        (resets, LinkDown, r"accepts a connection and closes it without an answer"),
    ],
)  # fmt: skip
async def test_every_wrong_answer_is_one_error_and_the_next_request_is_served(
    behaviour: Behaviour, error: type[DriverError], said: str
) -> None:
    async with serving(behaviour, GOOD) as server, opened(server.port) as door:
        with pytest.raises(error, match=said) as caught:
            await door.call(4, {})
        assert type(caught.value) is error
        assert str(caught.value).startswith(f"127.0.0.1:{server.port}: ")
        assert octets(await door.call(4, {})) == PANELS


async def test_a_length_that_is_too_short_costs_the_connection_too() -> None:
    short = answer(PANELS).replace(b"Content-Length: 83", b"Content-Length: 50")
    async with serving(sends(short), GOOD) as server, opened(server.port) as door:
        with pytest.raises(BadResponse, match="cut off"):
            await door.call(4, {})
        await door.call(4, {})
        assert server.connections == 2


@pytest.mark.parametrize(
    "behaviour",
    [
        is_silent,
        sends(b"HTTP/1.1 200 OK\r\n"),
        sends(answer(PANELS)[:-1]),
        sends(answer(PANELS).replace(b": 83", b": 84")),
    ],
    ids=["silent", "half a head", "half a body", "a length that is too long"],
)
async def test_an_answer_that_does_not_become_whole_is_a_time_out(behaviour: Behaviour) -> None:
    async def then_waits(stream: Any) -> None:
        await behaviour(stream)
        await trio.sleep_forever()

    async with serving(then_waits, GOOD) as server, opened(server.port, timeout_s=0.2) as door:
        with pytest.raises(RequestTimedOut, match=rf"^127\.0\.0\.1:{server.port}: no whole answer within 0\.2 s$"):
            await door.call(4, {})
        door._timeout_s = LONG_S
        await door.call(4, {})
        assert server.connections == 2


async def test_a_drop_of_octets_now_and_then_does_not_keep_a_call_alive() -> None:
    async def drips(stream: Any) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n")
        async for _ in every(0.01):
            await stream.send_all(b" ")

    async with serving(drips) as server, opened(server.port, timeout_s=0.2) as door:
        with pytest.raises(RequestTimedOut):
            await door.call(4, {})


async def test_nobody_there_is_a_refused_link() -> None:
    async with serving(GOOD) as server:
        port = server.port
    async with opened(port) as door:
        with pytest.raises(LinkDown, match="connection refused") as caught:
            await door.call(4, {})
        assert caught.value.refused


@pytest.mark.parametrize(
    "starting",
    [
        STARTING,
        sends(answer(b'{"code":"T3000_WARMUP","error":"T3000 initialization in progress, please retry shortly"}')),
        sends(answer(b'{"code":"T3000_PANELS_WARMUP","error":"T3000 panel data still initializing, retry shortly"}')),
    ],
)
async def test_a_t3000_that_is_starting_is_asked_again(starting: Behaviour) -> None:
    async with serving(starting, starting, starting, GOOD) as server, opened(server.port) as door:
        assert octets(await door.call(4, {})) == PANELS
        assert len(server.requests) == 4


async def test_a_t3000_that_never_gets_ready_is_not_ready() -> None:
    async with serving(STARTING) as server, opened(server.port) as door:
        with pytest.raises(NotReady, match="still starting: it said so 4 times"):
            await door.call(4, {})
        assert len(server.requests) == 4


async def test_a_t3000_that_is_busy_with_others_is_a_time_out() -> None:
    busy = answer(
        b'{"status":"error","error":"FFI lock timed out - prior C++ call may be stuck"}', "500 Internal Server Error"
    )
    async with serving(sends(busy)) as server, opened(server.port) as door:
        with pytest.raises(RequestTimedOut, match="busy with somebody else's call"):
            await door.call(4, {})


async def test_a_close_ends_the_call_under_way_and_those_that_wait() -> None:
    async def raises_link_down() -> None:
        with pytest.raises(LinkDown, match="the door was closed"):
            await door.call(4, {})

    async with serving(is_silent) as server, opened(server.port) as door:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(raises_link_down)
            await until(lambda: server.requests)
            await door.close()
        assert len(server.requests) == 1


async def test_a_cancelled_call_takes_its_connection_along() -> None:
    async with serving(is_silent, GOOD) as server, opened(server.port) as door:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.call, 4, {})
            await until(lambda: server.requests)
            nursery.cancel_scope.cancel()
        await door.call(4, {})
        assert server.connections == 2


# -------------------------------------------------------------------------------------- trend logs, memory


async def test_trend_logs_are_read_from_the_panel_by_action_17() -> None:
    async with (
        serving(sends(answer(b'{"data":{"device_data":[{"id":"MON1"}]}}'))) as server,
        opened(server.port) as door,
    ):
        assert await door.trend_logs(3) is None
        assert await door.trend_logs(3, serial_number=2**32 - 1, object_instance=3001) is not None
        ((_head, body),) = server.requests
        assert json.loads(body) == {
            "action": 17, "panelId": 3, "serialNumber": -1, "objectinstance": 3001,
            "entryType": 9, "entryIndexStart": 0, "entryIndexEnd": 11,
        }  # fmt: skip


async def test_over_http_there_is_no_memory_to_read() -> None:
    door = HttpDoor("http://127.0.0.1:9103", buffer_bytes=1000, timeout_s=1)
    assert not door.has_memory
    with pytest.raises(LinkDown, match="no way into T3000's memory"):
        await door.read_memory()


# ---------------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://192.168.1.10:9103", ("http", "192.168.1.10", 9103)),
        ("http://PC-1/", ("http", "pc-1", 9103)),
        ("https://t3000.plant.lan", ("https", "t3000.plant.lan", 443)),
        ("http://[::1]:80", ("http", "::1", 80)),
    ],
)
def test_a_url_is_a_scheme_a_host_and_a_port(url: str, parts: tuple[str, str, int]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pc-1:9103",
        "ftp://pc-1",
        "http://",
        "http://a:0",
        "http://a/api",
        "http://u:p@a",
        "http://a?b",
        "http://a\n",
    ],
)
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not "):
        HttpDoor(url, buffer_bytes=1000, timeout_s=1)


# ----------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    cert = path.with_name("cert.pem")
    command = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=t3000 -keyout {path} -out {cert}"
    arguments = [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([str(tools.where("openssl")), *arguments], check=True, capture_output=True, timeout=60)
    path.write_text(path.read_text() + cert.read_text())
    return path


@pytest.mark.needs_openssl
async def test_a_server_with_a_certificate_that_is_trusted_is_asked_over_tls(certificate: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate.with_name("cert.pem")))
    async with serving(GOOD, tls=theirs) as server:
        url = f"https://127.0.0.1:{server.port}"
        async with opened(0, url=url, tls=trusting) as door:
            for _ in range(2):
                assert octets(await door.call(4, {})) == PANELS
            assert server.connections == 1
        async with opened(0, url=url) as door:
            with pytest.raises(LinkDown, match=r"no TLS: .*certificate verify failed"):
                await door.call(4, {})
        async with opened(server.port) as door:
            with pytest.raises((LinkDown, BadResponse)):
                await door.call(4, {})


@pytest.mark.parametrize(
    ("says", "said"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "no TLS: .*SSL"), (b"", r"no TLS within 0\.2 s")]
)
async def test_a_server_without_tls_is_told_apart(says: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not says:
        monkeypatch.setattr(http_door, "CONNECT_WITHIN_S", 0.2)

    async def greets(stream: trio.SocketStream) -> None:
        await stream.send_all(says)
        await stream.receive_some()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
        nursery.start_soon(trio.serve_listeners, greets, [listener])
        async with opened(0, url=f"https://127.0.0.1:{listener.socket.getsockname()[1]}") as door:
            with pytest.raises(LinkDown, match=said):
                await door.open()
        nursery.cancel_scope.cancel()
