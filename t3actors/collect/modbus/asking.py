"""Gets wanted values of one device through its link: retries, the search for illegal addresses, what a silence means.

An illegal address (exception 2 or 3) is searched for by halving; the search takes at most `SEARCH_REQUESTS` more requests per poll and
goes on at the next, so that no device hogs a shared link. Any other exception, or an answer that makes no sense, costs that read's
values. A read without an answer: the first of a poll says that the device does not answer; after others were answered, one may be
missing, the second ends the poll. After a poll whose first read went unanswered the next begins with another, so that a device that is
silent about one block is still read. Where every answer is nonsense, the device does not answer either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.modbus.blocks import Block, Limits, Want, plan
from t3actors.collect.modbus.quarantine import Quarantine
from t3actors.collect.modbus.requests import TURN_WITHIN_S, ReadRequest, ReleaseLink, read, role_of
from t3actors.collect.modbus.wire import FUNCTIONS
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestRefused, RequestTimedOut

SEARCH_REQUESTS = 16  # halving 125 registers down to one takes 14
ILLEGAL = frozenset({2, 3})  # exception codes; MODBUS Application Protocol V1.1b3, 7
BUSY = frozenset({5, 6})
UNREACHED = frozenset({10, 11})


class Gathered(NamedTuple):
    """What came, and why the rest did not."""

    values: dict[Want, Sequence[int]]
    failures: dict[Want, str]
    came: Sequence[tuple[float, Block]]
    """When which read was answered, the first first (`today_s`)."""


class Asking:
    """One device's side of its link. `connections` are those that answers came over since it was last cleared."""

    def __init__(
        self, config: DeviceConfig, registry: Registry, today_s: Callable[[], float], alive: Callable[[], None]
    ) -> None:
        self.limits = Limits(max_registers=config.max_registers, max_gap=config.max_gap)
        self.quarantine = Quarantine()
        self.connections: set[int] = set()
        self._config = config
        self._registry = registry
        self._today_s = today_s
        self._alive = alive
        self._link = role_of(config.address)
        self._begin_with = 0

    def plan(self, wants: Iterable[Want]) -> tuple[Block, ...]:
        """Give the reads for these values, given what the device is known to refuse."""
        return plan(wants, self.limits, refused=self.quarantine.refused, cuts=self.quarantine.cuts)

    async def gather_all(self, wants: Iterable[Want]) -> Gathered:
        """Get these values. **Raises**: as `gather`."""
        return await self.gather(self.plan(wants), self._config.retries)

    async def gather(self, blocks: tuple[Block, ...], retries: int) -> Gathered:
        """Get what these reads bring. **Raises**: LinkDown, RequestTimedOut, BadResponse when the device does not answer."""
        round_ = _Round(blocks, self._begin_with)
        while round_.work:
            block = round_.work.popleft()
            try:
                words = await self.ask(block, retries)
            except RequestRefused as error:
                self._refused(round_, block, error)
            except BadResponse as error:
                round_.nonsense = error
                round_.fail(block, str(error))
            except RequestTimedOut as error:
                if not round_.answered:
                    self._begin_with += 1
                if not round_.answered or round_.missing:
                    raise
                round_.missing = True
                round_.fail(block, str(error))
            else:
                round_.take(block, words, self._today_s())
        nonsense, round_.nonsense = round_.nonsense, None
        try:
            if nonsense is not None and not round_.answered:
                raise nonsense
        finally:
            del nonsense  # its traceback leads back here, as in Turn.answer
        if not (round_.missing or round_.searching):
            self.quarantine.settle()
        return round_.gathered

    async def greet(self, wants: Iterable[Want]) -> None:
        """Ask for one value, once: a refusal is an answer too. **Raises**: LinkDown, RequestTimedOut."""
        candidates = tuple(wants)
        if not candidates:
            return
        first = next((want for want in candidates if self.quarantine.reason(want) is None), candidates[0])
        try:
            await self.ask_one(first, retries=0)
        except (RequestRefused, BadResponse):
            return

    async def ask_one(self, want: Want, retries: int) -> Sequence[int]:
        """Ask for one value alone. **Raises**: as `ask`."""
        return await self.ask(Block(want.table, want.address, want.size, (want,)), retries)

    async def ask(self, block: Block, retries: int) -> Sequence[int]:
        """Ask for one block. **Raises**: DriverError."""
        where = (self._config.unit_id, FUNCTIONS[block.table], block.address, block.size)
        while True:
            request = ReadRequest(*where, self._config.timeout_s, turn_by_s=trio.current_time() + TURN_WITHIN_S)
            try:
                answer = await read(self._registry, self._link, request)
                self.connections.add(answer.connection_no)
                return answer.words
            except NobodyThere as error:
                raise LinkDown(f"{self.where}: {error}") from None
            except DriverError as error:
                if retries <= 0 or not _passing(self._seen(error)):
                    raise self._seen(error) from None
            finally:
                self._alive()
            retries -= 1

    def release(self) -> None:
        """The poll is over."""
        if self._config.connection == "per_poll":
            self._registry.send(self._link, ReleaseLink())

    @property
    def where(self) -> str:
        """Whom the reasons are about."""
        return f"{self._config.address} unit {self._config.unit_id}"

    def _refused(self, round_: _Round, block: Block, error: RequestRefused) -> None:
        round_.answered = True
        if error.code not in ILLEGAL:
            round_.fail(block, str(error))
            return
        parts = self.quarantine.learn(block, str(error), self.limits, self._today_s())
        if len(parts) <= round_.search_left:
            round_.search_left -= len(parts)
            round_.work.extendleft(reversed(parts))
        else:
            round_.fail(block, f"not read: beside it is an {error}, which is being searched for")
            round_.searching = True

    def _seen(self, error: DriverError) -> DriverError:
        """Give a gateway's word that the unit behind it does not answer as what it means."""
        if isinstance(error, RequestRefused) and error.code in UNREACHED:
            return RequestTimedOut(f"{self.where}: {error}")
        return error


class _Round:
    """One poll's reads as they go."""

    def __init__(self, blocks: tuple[Block, ...], begin_with: int) -> None:
        first = begin_with % len(blocks) if blocks else 0
        self.work = deque((*blocks[first:], *blocks[:first]))
        self._came: list[tuple[float, Block]] = []
        self.gathered = Gathered({}, {}, self._came)
        self.answered = self.missing = self.searching = False
        self.nonsense: BadResponse | None = None
        self.search_left = SEARCH_REQUESTS

    def take(self, block: Block, words: Sequence[int], came_s: float) -> None:
        self.answered = True
        self._came.append((came_s, block))
        for want in block.wants:
            start = want.address - block.address
            self.gathered.values[want] = words[start : start + want.size]

    def fail(self, block: Block, reason: str) -> None:
        for want in block.wants:
            self.gathered.failures[want] = reason


def _passing(error: DriverError) -> bool:
    """Say whether asking once more may help."""
    if isinstance(error, LinkDown):
        return not error.refused
    if isinstance(error, RequestRefused):
        return error.code in BUSY
    return isinstance(error, RequestTimedOut | BadResponse)
