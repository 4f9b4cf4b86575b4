"""The HTTP door: T3000's own web server, `POST /api/t3000/ffi/call` with the JSON that its C++ function takes.

One request at a time, each within one time-out that covers connecting, waiting and the whole body; a connection is kept for
the next request and replaced once when it turns out closed. Redirects are not followed and nothing is decompressed.

T3000 serves one call at a time and its operator's screen waits meanwhile; after a time-out here it goes on with the call.
"""

from __future__ import annotations

import re
import ssl

import trio

from t3actors.addresses import join_address, split_address
from t3actors.collect.t3000.door import Answer, Memory, answer, build_request
from t3actors.collect.t3000.http_answer import judge
from t3actors.collect.t3000.http_connection import ClosedUnanswered, HttpAnswer, HttpConnection, connect
from t3actors.collect.t3000.lists import GET_WEBVIEW_LIST, ListedPanel, monitors_request
from t3actors.collect.t3000.turns import Turns
from t3actors.errors import DriverError, LinkDown, NotReady, RequestTimedOut

ADDRESS_FORM = '"http://host:9103" or "https://host:port"'
PORTS = {"http": 9103, "https": 443}  # T3000's web server; a server in front of it
CONNECT_WITHIN_S = 5.0
KEPT_S = 60.0  # a connection that was idle for longer may be gone without a word
_URL = re.compile(r"(?P<scheme>https?)://(?P<address>[^/?#@\s]+)/?")


def split_url(text: str) -> tuple[str, str, int]:
    """Take a base URL apart: (scheme, host without brackets, port).

    **Raises**: ValueError when it is not http or https and a host, or has a path, a query or a user.
    """
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError(f"not {ADDRESS_FORM}")
    return found["scheme"], *split_address(found["address"], PORTS[found["scheme"]])


class HttpDoor:
    """One T3000 behind one URL. **Thread**: the trio loop; see door.py for what may be asked.

    **Units**: an answer may have `buffer_bytes` octets; `not_ready_pauses_s` are the seconds before each further try while T3000
    says that it is starting. **Raises**: ValueError for what is no such URL.
    """

    def __init__(
        self,
        base_url: str,
        *,
        buffer_bytes: int,
        timeout_s: float,
        not_ready_pauses_s: tuple[float, ...] = (2.0, 4.0, 6.0),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        scheme, self._host, self._port = split_url(base_url)
        self.has_memory = False
        self._address = join_address(self._host, self._port)
        self._tls = (tls or ssl.create_default_context()) if scheme == "https" else None
        self._buffer_bytes = buffer_bytes
        self._timeout_s = timeout_s
        self._pauses_s = not_ready_pauses_s
        self._turns = Turns()
        self._connection: HttpConnection | None = None
        self._idle_since_s = 0.0

    @property
    def worker_pid(self) -> None:
        """There is none: T3000 is a program of its own."""

    async def open(self) -> None:
        """Connect, unless there is a connection."""
        async with self._turns.turn():
            await self._connected()

    async def call(self, action: int, request: dict[str, object]) -> Answer:
        """Post the request, and again after a pause while T3000 says that it is starting."""
        encoded = build_request(action, request)
        async with self._turns.turn():
            began_s = trio.current_time()
            for pause_s in self._pauses_s:
                try:
                    return await self._ask(encoded, began_s)
                except NotReady:
                    await trio.sleep(pause_s)
            try:
                return await self._ask(encoded, began_s)
            except NotReady:
                times = len(self._pauses_s) + 1
                raise NotReady(f"{self._address}: T3000 is still starting: it said so {times} times") from None

    async def trend_logs(
        self, panel_id: int, *, serial_number: int | None = None, object_instance: int | None = None
    ) -> Answer | None:
        """Ask for a panel's monitors by action 17, which reads them from the panel; None without its serial and instance."""
        if serial_number is None or object_instance is None:
            return None
        panel = ListedPanel(panel_id=panel_id, serial_number=serial_number, object_instance=object_instance)
        return await self.call(GET_WEBVIEW_LIST, monitors_request(panel))

    async def read_memory(self) -> Memory:
        """There is no way. **Raises**: LinkDown."""
        raise LinkDown("over HTTP there is no way into T3000's memory")

    async def close(self) -> None:
        """Let go of the connection, and of the call under way. Never raises."""
        async with self._turns.closing():
            self._drop()

    # -- one request

    async def _ask(self, request: bytes, began_s: float) -> Answer:
        """Ask once. A connection whose answer is not whole and good HTTP is not used again, whatever the reason."""
        try:
            with trio.move_on_after(self._timeout_s):
                came = await self._exchange(request)
                try:
                    document = judge(came.status, came.reason, came.body)
                except DriverError as error:  # what it means says http_answer.py; who said it is known here
                    error.args = (f"{self._address}: {error}",)
                    raise
                return answer(memoryview(came.body).toreadonly(), document, trio.current_time() - began_s)
        finally:
            if self._connection is not None and not self._connection.is_reusable:
                self._drop()
            self._idle_since_s = trio.current_time()
        raise RequestTimedOut(f"{self._address}: no whole answer within {self._timeout_s:g} s")

    async def _exchange(self, request: bytes) -> HttpAnswer:
        connection = await self._connected()
        try:
            return await connection.exchange(request, self._buffer_bytes)
        except ClosedUnanswered:
            self._drop()
            if connection.answers == 0:
                raise LinkDown(f"{self._address}: it accepts a connection and closes it without an answer") from None
        fresh = await self._connected()
        try:
            return await fresh.exchange(request, self._buffer_bytes)
        except ClosedUnanswered:
            raise LinkDown(f"{self._address}: it accepts a connection and closes it without an answer") from None

    async def _connected(self) -> HttpConnection:
        if self._connection is not None and trio.current_time() > self._idle_since_s + KEPT_S:
            self._drop()
        if self._connection is None:
            self._connection = await connect(self._host, self._port, self._tls, CONNECT_WITHIN_S)
            self._idle_since_s = trio.current_time()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
