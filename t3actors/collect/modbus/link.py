"""One connection to one Modbus TCP address, shared by all units behind it: one request in flight, fair turns.

A driver asks by `read(registry, role_of(address), ReadRequest(...))` and gets registers or bits, or the DriverError. Whose turn is
next is decided in turns.py: in the order they asked, but a unit that is silent lets the others go first.
The link decides whether an answer may be used and when a connection is no longer worth keeping. It does not decide whether
to ask again, but for this: a connection that turns out closed before a byte of answer came is replaced once.

When a connection is dropped: at a bad header; when a request timed out and no unit that answered its last request
on it is left (a pulled cable looks like that); at any time-out where ids are not echoed; when the system gives up (keep-alive).
"""

from __future__ import annotations

import random

import trio

from supervision.actor import TrioActor
from supervision.backoff import Backoff
from t3actors.addresses import split_address
from t3actors.collect.modbus.requests import MODBUS_PORT, Answer, LinkSettings, ReadRequest, ReleaseLink, Turn
from t3actors.collect.modbus.telling import Telling
from t3actors.collect.modbus.transactions import IDS, Transactions, Verdict
from t3actors.collect.modbus.turns import Turns
from t3actors.collect.modbus.wire import Asked, Frame, FrameCutter, as_bytes, build_request, take
from t3actors.collect.stream import open_stream
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestRefused, RequestTimedOut
from t3actors.events import Log

HOLD_OFF = Backoff(initial_s=0.25, factor=2.0, cap_s=5.0, jitter=0.1)  # devices back off longer, each by itself
CHUNK = 4096
MARGIN_S = 10.0  # before the watchdog loses patience


class _Waiting:
    """The request in flight."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.over = trio.Event()
        self.frame: Frame | None = None
        self.error: DriverError | None = None
        self.sent = False
        self.bytes_came = False


class _ClosedUnanswered(Exception):
    """The connection was closed and no byte of an answer had come."""


class _Connection:
    """A stream that is read as long as it lives, and the units that answered their last request on it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.cutter = FrameCutter()
        self.answering: set[int] = set()
        self.ever_answered = False


class ModbusLink(TrioActor):
    """One TCP connection. Thread: the trio loop."""

    def __init__(self, address: str, settings: LinkSettings = LinkSettings(), *, log: Log) -> None:  # noqa: B008 - frozen
        """**Raises**: ValueError when `address` has not the form of one."""
        super().__init__()
        self.address = address
        self._host, self._port = split_address(address, MODBUS_PORT)
        self._settings = settings
        self._telling = Telling(address, log, self.now_s)
        self._transactions = Transactions(random.randrange(IDS))  # noqa: S311 - it guards nothing
        self._connection: _Connection | None = None
        self._waiting: _Waiting | None = None
        self._turns = Turns()
        self._serving: Turn | None = None
        self._connection_no = 0
        self._failed_attempts = 0
        self._hold_until_s = 0.0
        self._last_failure = LinkDown(f"{address}: not tried yet")
        self._quiet_until_s = 0.0

    # -- what others ask

    def on_start(self) -> None:
        """Begin to serve."""
        self._asked = trio.Event()
        self.spawn(self._serve_turns)

    def on_receive(self, message: object) -> Turn | None:
        """Queue a request, or let go. Never waits."""
        if isinstance(message, ReadRequest):
            turn = Turn(message, self.now_s())
            self._turns.add(turn)
            self._asked.set()
            return turn
        if isinstance(message, ReleaseLink):
            if self._settings.per_poll and not self._turns and self._waiting is None:
                self._drop()
            return None
        if isinstance(message, LinkSettings):
            self._settings = message
            return None
        raise TypeError(
            f"ModbusLink: saw a {type(message).__name__}, allowed are ReadRequest, ReleaseLink, LinkSettings"
        )

    def on_stop(self) -> None:
        """Close the connection; who still waits is told."""
        self._end()

    def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Close the connection: a socket must not outlive its actor."""
        self._end()

    def _end(self) -> None:
        self._drop()
        over = LinkDown(f"{self.address}: the link was stopped")
        for turn in [*self._turns.take_all(), *filter(None, (self._serving,))]:
            turn.end(over)

    async def _serve_turns(self) -> None:
        while True:
            turn = self._serving = self._turns.take(self.now_s())
            if turn is None:
                self.expect_progress_within(None)
                self._asked = trio.Event()
                await self._asked.wait()
                continue
            request = turn.request
            self.expect_progress_within(
                2 * (self._settings.connect_timeout_s + request.timeout_s + self._settings.min_pause_s) + MARGIN_S
            )
            try:
                turn.end(Answer(await self._serve_one(request), self._connection_no))
            except (DriverError, ValueError) as error:  # ValueError: what was asked for does not fit the protocol
                turn.end(error)

    async def _serve_one(self, request: ReadRequest) -> list[int]:
        if self.now_s() > request.turn_by_s:
            raise RequestTimedOut(f"{self.address}: unit {request.unit_id} did not get its turn: the line is too busy")
        return await self._read(request)

    # -- one request

    async def _read(self, request: ReadRequest) -> list[int]:
        try:
            return await self._exchange(await self._connected(), request)
        except _ClosedUnanswered:
            try:
                return await self._exchange(await self._connected(), request)
            except _ClosedUnanswered:
                raise LinkDown(f"{self.address}: it accepts a connection and closes it without an answer") from None

    async def _exchange(self, connection: _Connection, request: ReadRequest) -> list[int]:
        await self._keep_pause()
        if connection is not self._connection:
            raise _ClosedUnanswered
        asked = Asked(self._transactions.next_id(), request.unit_id, request.function, request.address, request.count)
        waiting = self._waiting = _Waiting(asked)
        try:
            with trio.move_on_after(request.timeout_s):
                await self._send(connection, waiting, build_request(asked))
                await waiting.over.wait()
        finally:
            self._waiting = None
            self._quiet_until_s = self.now_s() + self._settings.min_pause_s
        error, waiting.error = waiting.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback leads back here, as in Turn.answer
        if waiting.frame is None:
            if connection is not self._connection:
                self._raise_closed(waiting)
            self._timed_out(connection, waiting)
            raise RequestTimedOut(f"{self.address}: unit {asked.unit_id} gave no answer within {request.timeout_s:g} s")
        return self._taken(connection, waiting.frame, asked)

    async def _send(self, connection: _Connection, waiting: _Waiting, frame: bytes) -> None:
        try:
            await connection.stream.send_all(frame)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._lose(connection, "closed by the other side")
            return
        waiting.sent = True

    def _raise_closed(self, waiting: _Waiting) -> None:
        if not waiting.bytes_came:
            raise _ClosedUnanswered
        raise LinkDown(f"{self.address}: the connection was closed in the middle of an answer")

    def _taken(self, connection: _Connection, frame: Frame, asked: Asked) -> list[int]:
        try:
            words = take(frame, asked)
        except RequestRefused:
            self._good_from(connection, asked.unit_id)
            raise
        except BadResponse as error:
            self._telling.rejected(asked.unit_id, "mismatch", str(error), error.raw)
            if not self._transactions.ids_echoed:
                self._drop()
            raise
        self._good_from(connection, asked.unit_id)
        return words

    def _good_from(self, connection: _Connection, unit_id: int) -> None:
        self._turns.answered(unit_id)
        connection.answering.add(unit_id)
        connection.ever_answered = True
        self._telling.answered(unit_id)

    def _timed_out(self, connection: _Connection, waiting: _Waiting) -> None:
        self._transactions.discard(waiting.asked.transaction_id)
        self._turns.unanswered(waiting.asked.unit_id)
        connection.answering.discard(waiting.asked.unit_id)
        if not waiting.sent:
            self._drop("the other side takes no more bytes")
        elif not connection.answering:
            self._drop("nobody on it answers" if connection.ever_answered else "")
        elif not self._transactions.ids_echoed or self._transactions.worn:
            self._drop()

    async def _keep_pause(self) -> None:
        pause_s = self._quiet_until_s - self.now_s()
        if pause_s > 0:
            await trio.sleep(pause_s)

    # -- the connection

    async def _connected(self) -> _Connection:
        if self._connection is not None:
            return self._connection
        if self.now_s() < self._hold_until_s:
            raise LinkDown(str(self._last_failure), refused=self._last_failure.refused)
        try:
            stream = await open_stream(self.address, self._host, self._port, self._settings.connect_timeout_s)
        except LinkDown as failure:
            self._failed_attempts += 1
            self._last_failure = LinkDown(str(failure), refused=failure.refused)  # that one keeps alive all who meet it
            delay_s = HOLD_OFF.delay_s(self._failed_attempts, random.random)
            self._hold_until_s = self.now_s() + delay_s
            raise
        self._failed_attempts = 0
        self._transactions.connected()
        self._connection_no += 1
        connection = self._connection = _Connection(stream)
        self._telling.opened()
        self.spawn(self._listen, connection)
        return connection

    async def _listen(self, connection: _Connection) -> None:
        reason = "closed by the other side"
        try:
            while received := await connection.stream.receive_some(CHUNK):
                if self._waiting is not None:
                    self._waiting.bytes_came = True
                for frame in connection.cutter.feed(received):
                    self._got(connection, frame)
                if connection is not self._connection:
                    return
        except trio.ClosedResourceError:
            return  # we closed it
        except trio.BrokenResourceError as error:
            reason = f"broken: {error.__cause__ or error}"
        except BadResponse as error:
            reason = str(error)
            self._telling.rejected(self._waiting.asked.unit_id if self._waiting else None, "header", reason, error.raw)
            if self._waiting is not None and self._waiting.frame is None:
                self._waiting.error = error
        self._lose(connection, reason)

    def _got(self, connection: _Connection, frame: Frame) -> None:
        waiting = self._waiting
        answered = waiting is not None and waiting.frame is not None
        verdict = self._transactions.judge(frame, waiting.asked if waiting is not None and not answered else None)
        if verdict is Verdict.USE and waiting is not None:
            waiting.frame = frame
            waiting.over.set()
            return
        if verdict is Verdict.LATE:
            reason = "late: it answers an earlier request"
        elif waiting is None or answered:
            reason = "nothing was asked"
        else:
            reason = f"transaction id {frame.transaction_id} was never given out"
        self._telling.rejected(frame.unit_id, verdict.name, reason, as_bytes(frame))
        if verdict is Verdict.PROVEN:
            self._telling.ids_not_echoed()
        elif not self._transactions.ids_echoed:
            self._lose(connection, "an answer nobody asked for, and ids are not echoed")

    def _lose(self, connection: _Connection, reason: str) -> None:
        if connection is self._connection:
            self._drop(reason)
        if self._waiting is not None:
            self._waiting.over.set()

    def _drop(self, reason: str = "") -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.stream.socket.close()
        self._telling.lost(reason)
