"""The doors of the API on real sockets, before an application of three lines: who is let in, and what nobody can do to it."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import tracemalloc
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h11
import pytest
import trio
import trio.testing
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from supervision import ChildSpec, Supervisor, SupervisorSpec
from t3actors.config import ApiConfig
from t3actors.watch.api import guard, http11, server
from t3actors.watch.api.app import Application
from t3actors.watch.api.connection import PatientStream, http_config
from t3actors.watch.api.server import ApiServer
from t3actors.watch.api.sockets import SOCKET_NAME, open_tcp
from tests.ports import free_tcp_port
from tests.system.house import RecordedLog
from tests.waiting import WITHIN_S, every, until
from tests.watch.api.browser import (
    Where,
    connect,
    error_of,
    everything,
    listening,
    request,
    say,
    status_of,
    upgrade,
)
from tests.watch.api.certificate import make_certificate

TOKEN = "a-token-of-some-length"
BEARER = f"Authorization: Bearer {TOKEN}"
LARGE = b"x" * 8_000_000


class Standing:
    """An API that runs, and what it logged."""

    def __init__(self, where: Where, log: RecordedLog, refusals: Counter[str]) -> None:
        self.where = where
        self.log = log
        self.refusals = refusals

    async def status(self, *octets: bytes) -> int:
        return status_of(await say(self.where, b"".join(octets)))


def application() -> Starlette:
    async def echo(request: Request) -> Response:
        return Response(await request.body() or b"empty")

    async def large(_request: Request) -> Response:
        return Response(LARGE)

    async def fail(_request: Request) -> Response:
        raise RuntimeError("a bug")

    async def talk(listener: WebSocket) -> None:
        await listener.accept()
        await listener.send_text(json.dumps({"said": "x" * 1000}))
        while (await listener.receive())["type"] != "websocket.disconnect":
            pass

    return Application(
        routes=[
            Route("/", echo, methods=["GET", "POST"]),
            Route("/large", large),
            Route("/fail", fail),
            WebSocketRoute("/live", talk),
        ]
    )


@asynccontextmanager
async def standing(data_dir: Path, **settings: Any) -> AsyncIterator[Standing]:
    """An API with these settings; it is asked on TCP where it listens there, else on its socket."""
    log, refusals = RecordedLog(), Counter[str]()
    config = ApiConfig(**settings)
    spec = ChildSpec(
        "api", lambda: ApiServer(config, data_dir, application(), log, refusals=refusals, close=lambda: None)
    )
    supervisor = Supervisor(SupervisorSpec("watch", (spec,)))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await until(lambda: len(log.of("api.opened")) == 1 + bool(config.listen))
        where: Where = int(config.listen.rpartition(":")[2]) if config.listen else data_dir
        yield Standing(where, log, refusals)
        with trio.fail_after(WITHIN_S):
            await supervisor.stop()


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return str(tmp_path / "token")


async def test_on_its_socket_nobody_is_asked_for_a_token(tmp_path: Path, token_file: str) -> None:
    async with standing(tmp_path, listen=f"127.0.0.1:{free_tcp_port()}", token_file=token_file) as api:
        assert status_of(await say(tmp_path, request())) == 200
        assert await api.status(request(host="127.0.0.1")) == 401
        assert await api.status(request("/", BEARER, host="127.0.0.1")) == 200


async def test_a_wrong_token_is_refused_and_told_of_once_without_it(tmp_path: Path, token_file: str) -> None:
    async with standing(tmp_path, listen=f"127.0.0.1:{free_tcp_port()}", token_file=token_file) as api:
        for _ in range(3):
            assert await api.status(request("/", "Authorization: Bearer not-the-token-at-all", host="127.0.0.1")) == 401
        told = api.log.of("api.refused")
        assert [line["reason"] for line in told] == ["that is not the token"]
        assert told[0]["peer"] == "127.0.0.1"
        assert "not-the-token" not in str(api.log.lines)
        assert api.refusals["refused"] == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Host: evil.example",), 403),
        (("Host: gateway.example",), 200),
        (("Host: 127.0.0.1", "Origin: http://evil.example"), 403),
        (("Host: 127.0.0.1", "Origin: null"), 403),
        (("Host: 127.0.0.1", "Origin: http://127.0.0.1"), 200),
        (("Host: 127.0.0.1", "Sec-Fetch-Site: cross-site"), 403),
        (("Host: 127.0.0.1", "Host: evil.example"), 400),
        ((), 400),
    ],
)
async def test_another_origin_s_browser_is_refused(tmp_path: Path, headers: tuple[str, ...], status: int) -> None:
    async with standing(tmp_path, listen=f"127.0.0.1:{free_tcp_port()}", hosts=("gateway.example",)) as api:
        assert await api.status(request("/", *headers, host="")) == status


async def test_another_origin_s_page_cannot_listen(tmp_path: Path) -> None:
    async with standing(tmp_path) as api:
        async with listening(api.where, "/live", (b"origin", b"http://evil.example")) as refused:
            assert refused.status == 403
        async with listening(api.where, "/live", (b"origin", b"http://gateway")) as heard:
            assert (await heard.next())["said"]


@pytest.mark.parametrize(
    "path", ["//", "/../etc/passwd", "/%2e%2e/", "/a%2fb", "/%00", "/a\\b", "http://evil.example/", "/a%0d%0aX: y"]
)
async def test_path_tricks_lead_nowhere(tmp_path: Path, path: str) -> None:
    async with standing(tmp_path) as api:
        assert await api.status(request(path)) in {400, 404}


async def test_a_body_beyond_the_limit_is_refused_however_it_is_announced(tmp_path: Path) -> None:
    body = b"x" * (guard.MOST_BODY + 1)
    chunks = b"".join(b"8000\r\n" + b"x" * 0x8000 + b"\r\n" for _ in range(40))
    crumbs = b"1\r\nx\r\n" * (guard.MOST_PIECES + 1) + b"0\r\n\r\n"
    async with standing(tmp_path) as api:
        assert await api.status(request(method="POST", body=body[:-1])) == 200
        assert await api.status(request(method="POST", body=body)) == 413
        assert await api.status(request("/", "Transfer-Encoding: chunked", method="POST"), chunks) in {0, 413}
        assert await api.status(request("/", "Transfer-Encoding: chunked", method="POST"), crumbs) == 413
        assert await api.status(request("/", "Content-Length: 99999999999", method="POST")) == 413
        assert await api.status(request()) == 200


@pytest.mark.parametrize("chunks", [b"8000\r\n" + b"x" * 0x8000 + b"\r\n", b"1\r\nx\r\n" * 5000])
@pytest.mark.parametrize("headers", [(), ("Origin: http://evil.example",)])
async def test_a_body_without_end_is_hung_up_on(tmp_path: Path, chunks: bytes, headers: tuple[str, ...]) -> None:
    async with standing(tmp_path) as api, await connect(api.where) as stream:
        with trio.fail_after(WITHIN_S):
            try:
                await stream.send_all(request("/", "Transfer-Encoding: chunked", *headers, method="POST"))
                while True:
                    await stream.send_all(chunks)
            except trio.BrokenResourceError:
                pass
        assert await api.status(request()) == 200


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: gateway\r\nX-Long: "])
async def test_a_head_that_comes_too_slowly_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", 0.3)
    async with standing(tmp_path) as api, await connect(api.where) as stream:
        await stream.send_all(begun or b"\r\n")
        with trio.fail_after(WITHIN_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_drip, stream)
                await everything(stream)
                nursery.cancel_scope.cancel()


async def _drip(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for _ in every(0.01):
            await stream.send_all(b"x")


async def test_a_body_that_comes_too_slowly_is_a_time_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.2)
    monkeypatch.setattr(guard, "LINGERS_S", 0.1)
    async with standing(tmp_path) as api:
        assert await api.status(request("/", "Content-Length: 10", method="POST"), b"abc") == 408


async def test_who_does_not_read_the_answer_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SEND_WITHIN_S", 0.3)
    async with standing(tmp_path) as api, await connect(api.where) as stream:
        await stream.send_all(request("/large"))
        await until(lambda: api.log.of("api.hung_up", peer="local"))
        assert len(await everything(stream)) < len(LARGE)
        assert await api.status(request()) == 200


async def test_a_stop_waits_for_nobody_who_does_not_read(tmp_path: Path) -> None:
    async with standing(tmp_path) as api, await connect(api.where) as stream:
        await stream.send_all(request("/large"))
        assert await stream.receive_some(1)  # it is being sent; `standing` fails where the stop takes long


async def test_more_connections_than_allowed_are_turned_away_and_told_of_once(tmp_path: Path) -> None:
    async with standing(tmp_path, connections=2) as api:
        async with listening(api.where), listening(api.where):
            for _ in range(3):
                answer = await say(api.where, request())
                assert status_of(answer) == 503
                assert "too many connections" in error_of(answer)
        assert len(api.log.of("api.flooded", reason="connections")) == 1

        async def answers() -> bool:
            return await api.status(request()) == 200

        with trio.fail_after(WITHIN_S):
            while not await answers():
                pass


async def test_who_asks_for_nothing_gives_way_to_who_does(tmp_path: Path) -> None:
    async with standing(tmp_path, connections=3) as api:
        async with await connect(api.where) as silent, await connect(api.where) as slow, listening(api.where) as heard:
            await slow.send_all(b"GET / HTTP/1.1\r\nHost: gate")
            assert await api.status(request()) == 200
            assert await everything(silent) == b""
            async with listening(api.where), listening(api.where):
                assert await everything(slow) == b""
                assert (await heard.next())["said"]


async def test_three_browsers_that_open_the_page_at_once_are_all_answered(tmp_path: Path) -> None:
    """Each asks for some 45 things at the start: more than there may be at once. What is too much waits for its turn."""
    statuses: Counter[int] = Counter()

    async def ask(api: Standing) -> None:
        statuses[await api.status(request())] += 1

    async with standing(tmp_path, rate=40.0) as api:
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(ask, api)
        assert statuses == {200: 100}


async def test_more_requests_than_can_wait_for_their_turn_are_answered_with_429(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "REFUSED_WAITS_S", 0.0)
    monkeypatch.setattr(guard, "TURN_WITHIN_S", 0.0)
    async with standing(tmp_path, rate=1.0) as api:
        answers: list[bytes] = []
        with trio.fail_after(WITHIN_S):
            while not answers or status_of(answers[-1]) == 200:
                answers.append(await say(api.where, request()))
        statuses = Counter(map(status_of, answers))
        assert statuses[200] >= 20
        assert statuses[429] == 1
        assert all(b"retry-after: " in answer for answer in answers if status_of(answer) == 429)
        assert len(api.log.of("api.flooded", reason="rate")) == 1


class Turns(trio.abc.Instrument):
    """Counts what h11 takes apart within one turn of the loop, during which nobody else has his."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.longest = self._events = 0
        taken = h11.Connection.next_event

        def counted(wire: h11.Connection) -> object:
            self._events += 1
            self.longest = max(self.longest, self._events)
            return taken(wire)

        monkeypatch.setattr(h11.Connection, "next_event", counted)

    def before_task_step(self, task: object) -> None:
        self._events = 0


async def test_what_comes_behind_an_answer_does_not_hold_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LINGERS_S", 0.02)
    asked = request("/", "Transfer-Encoding: chunked", "Origin: http://evil.example", method="POST")
    turns = Turns(monkeypatch)
    trio.lowlevel.add_instrument(turns)
    try:
        async with standing(tmp_path) as api:
            assert await api.status(asked, b"1\r\nx\r\n" * 10_000) in {0, 403}
    finally:
        trio.lowlevel.remove_instrument(turns)
    assert 1 <= turns.longest < 100


async def test_connections_come_no_faster_than_requests_may(tmp_path: Path) -> None:
    async with standing(tmp_path, rate=1.0, connections=200) as api:
        alone, _ = held()
        async with AsyncExitStack() as clients:
            for _ in range(60):
                await clients.enter_async_context(await connect(api.where))
            await until(lambda: api.log.of("api.flooded", reason="rate"))
            assert held()[0] - alone < 60 + 50


async def test_an_error_of_ours_is_told_and_the_next_request_answered(tmp_path: Path) -> None:
    async with standing(tmp_path) as api:
        for _ in range(2):
            answer = await say(api.where, request("/fail"))
            assert status_of(answer) == 500
            assert b"a bug" not in answer
        told = api.log.of("api.failed")
        assert [line["cause"] for line in told] == ["RuntimeError('a bug')"]
        assert await api.status(request()) == 200


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: gateway\r\n\r\n",
        b"\x00" * 100,
        b"A" * 100_000,
        b"HEAD / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_request_ends_its_connection_and_no_other(tmp_path: Path, octets: bytes) -> None:
    async with standing(tmp_path) as api:
        assert await api.status(octets) in {0, 400, 404, 413, 431, 501}
        assert await api.status(request()) == 200
        assert api.log.of("api.failed") == []
        assert api.log.of("child.restarted") == []


@pytest.mark.parametrize(
    ("octets", "status", "why"),
    [
        (b"nonsense\r\n\r\n", 400, "no well-formed request"),
        (b"GET / HTTP/1.1\r\nHost: gateway\r\nX: " + b"x" * 20_000, 431, "16384 octets"),
        (request("/", *["A: b"] * 100), 431, "100 lines"),
        (b"GET / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "transfer encoding"),
        (request(method="POST", body=b"x" * 70_000), 413, "65536"),
        (request("/../x"), 404, "no such path"),
    ],
)
async def test_every_refusal_has_its_sentence_and_is_told_of(
    tmp_path: Path, octets: bytes, status: int, why: str
) -> None:
    async with standing(tmp_path) as api:
        answer = await say(api.where, octets)
        assert status_of(answer) == status
        assert why in error_of(answer)
        assert [why in str(line["reason"]) for line in api.log.of("api.refused")] == [True]


@pytest.mark.parametrize("lines", [98, 99])
async def test_a_head_that_comes_behind_another_request_is_looked_at_like_any(tmp_path: Path, lines: int) -> None:
    """Else whoever sends two at once has the loop take apart as many lines as he likes. GET, Host and Connection are three more."""
    octets = request().replace(b"close", b"keep-alive") + request("/", *["A: b"] * lines)
    async with standing(tmp_path) as api:
        answers = await say(api.where, octets)
        assert answers.startswith(b"HTTP/1.1 200")
        assert answers.count(b"HTTP/1.1 200") == (2 if lines == 98 else 1)
        assert (b"HTTP/1.1 431" in answers) is (lines == 99)
        assert ["100 lines" in str(line["reason"]) for line in api.log.of("api.refused")] == [True] * (lines - 98)


async def test_http_2_is_not_spoken_whoever_asks_for_it(tmp_path: Path) -> None:
    asked = request("/", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA").replace(b"close", b"Upgrade")
    async with standing(tmp_path) as api, await connect(api.where) as stream:
        await stream.send_all(asked)
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")


async def test_after_its_close_a_listener_may_send_what_it_likes(tmp_path: Path) -> None:
    close = bytes([0x88, 0x80, 1, 2, 3, 4])
    junk = bytes([0x81, 0x80, 1, 2, 3, 4]) * 50
    async with standing(tmp_path) as api:
        for after in (close + junk, junk + b"\xff" * 100, b"\xff\xff"):
            async with listening(api.where) as listener:
                await listener._stream.send_all(after)
                await everything(listener._stream)
        assert await api.status(request()) == 200
        assert api.log.of("api.failed") == []


async def test_who_would_send_while_the_end_is_being_said_finds_the_connection_broken() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        raw = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        stream = PatientStream(raw, 5.0, lambda: None)
        with raw._send_conflict_detector, pytest.raises(trio.BrokenResourceError, match="no more comes"):
            await stream.send_all(b"x")
        await stream.aclose()


PING = bytes([0x89, 0x80, 1, 2, 3, 4])


async def test_who_is_gone_before_he_is_let_in_costs_nobody_else_anything(tmp_path: Path) -> None:
    async with standing(tmp_path, listen=f"127.0.0.1:{free_tcp_port()}") as api:
        async with await connect(api.where) as stays:
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", api.where)) as hasty:
                    hasty.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )  # it ends with a reset
                await trio.testing.wait_all_tasks_blocked(0.01)
            await stays.send_all(request("/", host="127.0.0.1"))
            assert (await stays.receive_some(1000)).startswith(b"HTTP/1.1 200")
            assert api.log.of("api.failed") == []
            assert len(api.log.of("api.opened")) == 2, "it was never begun anew"


async def test_octets_behind_the_request_for_a_websocket_are_a_refused_request(tmp_path: Path) -> None:
    async with standing(tmp_path) as api:
        for octets in (PING, b"\xff" * 100, request()):
            answer = await say(api.where, upgrade() + octets)
            assert (status_of(answer), error_of(answer)) == (400, "a WebSocket says nothing before it is let in")
        await until(lambda: api.refusals["refused"] == 3)
        assert api.log.of("api.failed") == []
        assert len(api.log.of("api.refused", reason="a WebSocket says nothing before it is let in")) == 1
        async with listening(api.where) as heard:
            assert (await heard.next())["said"]


async def test_octets_that_come_before_a_websocket_is_let_in_are_a_refused_request(
    tmp_path: Path, token_file: str
) -> None:
    async with standing(tmp_path, listen=f"127.0.0.1:{free_tcp_port()}", token_file=token_file) as api:
        async with await connect(api.where) as stream:
            await stream.send_all(upgrade().replace(b"gateway", b"127.0.0.1"))
            await until(lambda: api.refusals["refused"])  # it waits for its answer a moment now
            await stream.send_all(PING)
            with trio.fail_after(WITHIN_S):
                assert status_of(await everything(stream)) == 400
        assert api.log.of("api.failed") == []


@pytest.mark.parametrize(
    "octets",
    [
        upgrade().replace(b"Key", b"Lock"),
        upgrade().replace(b"Version: 13", b"Version: 7"),
        upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
async def test_a_handshake_that_is_none_is_told_so_and_hung_up_on(tmp_path: Path, octets: bytes) -> None:
    async with standing(tmp_path) as api:
        answer = await say(api.where, octets)
        assert status_of(answer) == 400
        assert "handshake of a WebSocket" in error_of(answer)


async def test_a_listener_who_does_not_stop_talking_is_heard_no_more(tmp_path: Path) -> None:
    async with standing(tmp_path) as api:
        for junk in (PING * 20_000, bytes([0x01, 0xFE, 0xFF, 0xFF, 1, 2, 3, 4]) + b"x" * 70_000):
            async with listening(api.where) as talker:
                with suppress(trio.BrokenResourceError):
                    await talker._stream.send_all(junk)
                with trio.fail_after(WITHIN_S):
                    await everything(talker._stream)
        await until(lambda: api.refusals["refused"] == 2)
        assert api.log.of("api.failed") == []


async def test_a_packed_message_of_a_listener_is_not_unpacked_beyond_a_bound(tmp_path: Path) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = (deflater.compress(bytes(60_000_000)) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    frame = bytes([0xC2, 0xFE]) + len(packed).to_bytes(2, "big") + bytes(4) + packed
    assert len(packed) < 65_536
    async with standing(tmp_path) as api, listening(api.where, "/live?compress=1") as bomber:
        assert bomber.compressed
        tracemalloc.start()
        try:
            with suppress(trio.BrokenResourceError):
                await bomber._stream.send_all(frame)
            with trio.fail_after(WITHIN_S):
                await everything(bomber._stream)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


async def test_messages_are_compressed_only_where_the_request_says_so(tmp_path: Path) -> None:
    async with standing(tmp_path) as api:
        async with listening(api.where) as plain, listening(api.where, "/live?compress=1") as small:
            assert (plain.compressed, small.compressed) == (False, True)
            assert await plain.next() == await small.next()


async def test_a_port_that_is_taken_is_told_once_and_had_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "AGAIN_AFTER_S", 0.01)
    tried: list[int] = []
    monkeypatch.setattr(server, "open_tcp", lambda host, port: tried.append(port) or open_tcp(host, port))
    log = RecordedLog()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = ApiConfig(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        spec = ChildSpec(
            "api", lambda: ApiServer(config, tmp_path, application(), log, refusals=Counter(), close=lambda: None)
        )
        supervisor = Supervisor(SupervisorSpec("watch", (spec,)))
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            await until(lambda: log.of("api.blocked"))
            assert status_of(await say(tmp_path, request())) == 200
            await until(lambda: len(tried) > 3)
            assert [line["reason"] for line in log.of("api.blocked")] == ["Address already in use"]
            taken.close()
            await until(lambda: log.of("api.opened", endpoint=config.listen))
            await supervisor.stop()


async def test_without_its_token_it_does_not_listen_at_all(tmp_path: Path) -> None:
    port = free_tcp_port()
    log = RecordedLog()
    config = ApiConfig(listen=f"127.0.0.1:{port}", token_file=str(tmp_path / "none"))
    spec = ChildSpec(
        "api", lambda: ApiServer(config, tmp_path, application(), log, refusals=Counter(), close=lambda: None)
    )
    supervisor = Supervisor(SupervisorSpec("watch", (spec,)))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await until(lambda: log.of("api.blocked"))
        assert log.of("api.blocked")[0]["reason"] == f"{tmp_path / 'none'}: No such file or directory"
        with pytest.raises(OSError, match=r"refused|all attempts"):
            await trio.open_tcp_stream("127.0.0.1", port)
        await supervisor.stop()


async def test_with_a_certificate_it_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    async with standing(
        tmp_path, listen=f"127.0.0.1:{free_tcp_port()}", tls_certificate=str(certificate), tls_key=str(key)
    ) as api:
        context = ssl.create_default_context(cafile=str(certificate))
        raw = await connect(api.where)
        async with trio.SSLStream(raw, context, server_hostname="127.0.0.1", https_compatible=True) as stream:
            await stream.send_all(request(host="127.0.0.1"))
            with trio.fail_after(WITHIN_S):
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
        assert await api.status(request(host="127.0.0.1")) == 0
        assert api.log.of("api.failed") == []


def test_hypercorn_s_settings_are_those_that_it_reads() -> None:
    assert set(vars(http_config(1.0))) - {"_log"} <= {
        name for name in dir(type(http_config(1.0))) if not name.startswith("__")
    }


async def test_connections_of_every_kind_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "REFUSED_WAITS_S", 0.0)
    async with standing(tmp_path, rate=10_000.0) as api:
        alone = held()
        await leave(api, rounds=30)
        await until(lambda: all(now <= then for now, then in zip(held(), alone, strict=True)))


async def leave(api: Standing, rounds: int) -> None:
    """Come and go in every way there is."""
    for _ in range(rounds):
        assert await api.status(request()) == 200
        await api.status(request(method="POST", body=b"x" * 70_000))
        await api.status(b"nonsense\r\n\r\n")
        async with await connect(api.where) as stream:
            await stream.send_all(b"GET / HT")
        async with await connect(api.where) as stream:
            await stream.send_all(request("/large"))
            await stream.receive_some(1)
        async with listening(api.where, "/live?compress=1") as listener:
            await listener.next()
        async with await connect(api.where):
            pass


def held() -> tuple[int, int]:
    """How many descriptors this process holds, and how many tasks live."""
    return len(os.listdir("/proc/self/fd")), trio.lowlevel.current_statistics().tasks_living


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_a_socket_that_was_lost_is_told_once_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(server, "LOOK_EVERY_S", 0.01)
    path = tmp_path / SOCKET_NAME
    async with standing(tmp_path) as api:
        if how == "removed":
            path.unlink()
        else:
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(str(tmp_path / "other"))
            (tmp_path / "other").replace(path)
        await until(lambda: len(api.log.of("api.opened")) == 2)
        assert await api.status(request()) == 200
        assert api.log.of("api.socket_lost") == [{"endpoint": str(path), "how": how}]
    assert not path.exists()
