"""What a Modbus link is asked, by whom and how: `read(registry, role_of(address), ReadRequest(...))` gives registers or bits.

Whose turn is next is decided in turns.py; what goes over the wire in link.py. Thread: the trio loop.
"""

from __future__ import annotations

import math

import msgspec
import trio

from supervision.registry import Registry
from t3actors.errors import DriverError

MODBUS_PORT = 502  # IANA
TURN_WITHIN_S = 60.0  # later, a request is not sent: its asker is gone, or the line is full of dead units


class ReadRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask for `count` registers or bits; the time-out runs from when it is sent, not from when it is asked.

    It is not sent any more after `turn_by_s`, on the loop's clock; so no queue grows, and no asker waits without end.
    """

    unit_id: int
    function: int
    address: int
    count: int
    timeout_s: float
    turn_by_s: float = math.inf


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Registers or bits, and the number of the connection they came over: another number may be another device."""

    words: list[int]
    connection_no: int


class ReleaseLink(msgspec.Struct, frozen=True):
    """A poll is over: with `connection = per_poll` the connection is closed unless another request waits."""


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a link is; sent to it, the present connection goes on under it."""

    connect_timeout_s: float = 3.0
    min_pause_s: float = 0.0
    per_poll: bool = False


class Turn:
    """One request that waits for its turn, and its asker."""

    def __init__(self, request: ReadRequest, asked_at_s: float) -> None:
        self.request = request
        self.asked_at_s = asked_at_s
        self.is_wanted = True
        self._over = trio.Event()
        self._answer: Answer | DriverError | ValueError | None = None

    async def answer(self) -> Answer:
        """Wait for it, once. An asker that is cancelled wants it no more. **Raises**: DriverError, ValueError."""
        try:
            await self._over.wait()
        finally:
            self.is_wanted = False
        answer, self._answer = self._answer, None
        if isinstance(answer, Answer):
            return answer
        assert answer is not None  # noqa: S101 - `end` sets it before the event
        try:
            raise answer
        finally:
            del answer  # its traceback leads back here: what is over must not wait for the collector

    def end(self, answer: Answer | DriverError | ValueError) -> None:
        """Wake the asker."""
        self._answer = answer
        self._over.set()


def role_of(address: str) -> str:
    """Give the role a link plays in the registry."""
    return f"link/modbus/{address}"


async def read(registry: Registry, role: str, request: ReadRequest) -> Answer:
    """Ask a link. **Raises**: DriverError; NobodyThere when no link plays that role, or it ends first."""
    turn: Turn = await registry.ask(role, request)
    return await turn.answer()
