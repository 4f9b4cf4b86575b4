"""The BACnet link: one stack on one UDP port, shared by every BACnet device, by discovery and by COV. Role "link/bacnet".

It is asked with requests.py's messages through `ask_link`, and answers each at once with a Pending, so that one slow station never
keeps the others waiting: requests stand in the queues (queues.py) and are served side by side, no more than 64 anywhere. Reads of
stations on our own network go straight from here (direct.py); all others through bacpypes3, each by a task of its own, and behind
a router each try stands in line anew. It
decides nothing about a device: whether to ask again, how much to ask for, what an answer means.

What cannot be opened (no such address, port taken) is a state: askers get LinkDown with the reason, and it is tried again. A thread
that ends or hangs is a failure: it is fenced, whoever waits gets LinkDown, and the supervisor starts the link anew.
A request whose asker has gone stays under way until it is answered or timed out, so its station is never asked twice at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import trio

from supervision.actor import TrioActor
from supervision.backoff import Backoff
from t3actors.collect.bacnet.link.counts import counts_of, while_closed
from t3actors.collect.bacnet.link.direct import Direct
from t3actors.collect.bacnet.link.interfaces import Endpoint, OwnAddress, choose, list_addresses
from t3actors.collect.bacnet.link.jobs import Begun, Job, Subscriptions, prepare
from t3actors.collect.bacnet.link.questions import Questions
from t3actors.collect.bacnet.link.queues import QueueFull, Queues
from t3actors.collect.bacnet.link.requests import (
    DISCOVERY,
    CancelCov,
    Confirmed,
    CovNotified,
    DeviceSeen,
    DevicesSeen,
    LinkCounts,
    LinkCountsRequested,
    Pending,
    WhoIs,
)
from t3actors.config import BacnetConfig
from t3actors.errors import ConfigError, DriverError, LinkDown, NotSent, RequestTimedOut
from t3actors.events import Log
from t3actors.events.bacnet import BACNET_BLOCKED, BACNET_OPENED, BBMD_LOST, BBMD_REGISTERED
from t3actors.stations import DEFAULT_PORT, destination

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.fast_lane import UnderWay
    from t3actors.collect.bacnet.link.stack import Stack

HOLD_OFF = Backoff(initial_s=1.0, factor=2.0, cap_s=30.0, jitter=0.1)
LOOK_S = 0.5
HANG_S = 5.0
LOOK_AT_ADDRESS_S = 10.0
GATHER_S = 0.2  # I-Ams come in bursts: one message for so long


class BacnetLink(TrioActor):
    """Thread: the trio loop."""

    def __init__(
        self,
        config: BacnetConfig,
        *,
        log: Log,
        routers: Mapping[int, str] | None = None,
        per_peer: int = 1,
        own_addresses: Callable[[], tuple[OwnAddress, ...]] = list_addresses,
    ) -> None:
        """`routers`: network: "IP:port" of its router, where no broadcast finds it; None: as `config` has it."""
        super().__init__()
        self._config = config
        self._log = log
        configured = {network.number: network.router for network in config.networks if network.router is not None}
        self._routers = dict(configured if routers is None else routers)
        self._own_addresses = own_addresses
        self._queues: Queues[Job] = Queues(config.networks, per_peer)
        self._jobs: set[Job] = set()
        self._questions = Questions(self.spawn)
        self._subscriptions = Subscriptions()
        self._direct = Direct(self.now_s, self._over, self._pump, self._in_segments, self._to_finish)
        self._stack: Stack | None = None
        self._closed = LinkDown("BACnet/IP: not opened yet")
        self._failures = 0
        self._said = ""
        self._timer_at_s: float | None = None
        self._gathering = False
        self._told_dropped = 0

    # -- its life

    async def on_start(self) -> None:
        """Open what can be opened; a port that is taken does not keep the gateway from starting."""
        await self._open_stack()
        self.spawn(self._watch)
        self.spawn(self._direct.mind_deadlines)

    async def on_stop(self) -> None:
        """Close in order."""
        stack, self._stack = self._stack, None
        self._fail_all(LinkDown("the BACnet link was stopped"))
        if stack is not None:
            await stack.close()

    def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Fence the thread, let go of the port, leave nobody waiting."""
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.thread.give_up("the link failed")
        self._fail_all(LinkDown(f"the BACnet link failed: {exception_value}"))

    def _endpoint(self) -> Endpoint:
        try:
            return choose(self._config.interface, self._config.port, self._own_addresses())
        except ConfigError as error:
            raise LinkDown(str(error)) from None

    async def _open_stack(self) -> None:
        # bacpypes3 takes 0.4 s and 10 MB to import: only a gateway that speaks BACnet pays for it
        from t3actors.collect.bacnet.link.stack import Stack  # noqa: PLC0415

        try:
            endpoint = self._endpoint()
            stack = Stack(
                endpoint,
                self._config,
                self._routers,
                self._subscriptions.expected,
                self._something_heard,
                self._bbmd_told,
            )
            await stack.open()
        except LinkDown as error:
            self._blocked(error)
            return
        self._stack, self._failures, self._said = stack, 0, ""
        self._log(BACNET_OPENED, endpoint=str(endpoint), broadcast=endpoint.broadcast or "none")
        for one in stack.doorway.sockets:
            self.spawn(self._direct.listen, stack, one)
        self._pump()

    def _blocked(self, error: LinkDown) -> None:
        self._closed = error
        self._failures += 1
        if str(error) != self._said:
            self._said = str(error)
            delay_s = HOLD_OFF.delay_s(self._failures, lambda: 0.0)
            self._log(BACNET_BLOCKED, reason=self._said, retry_in_s=round(delay_s, 1))

    async def _watch(self) -> None:
        looked_at_address_s = self.now_s()
        while True:
            stack = self._stack
            if stack is None:
                await trio.sleep(HOLD_OFF.delay_s(self._failures, random.random))
                await self._open_stack()
                continue
            with trio.move_on_after(LOOK_S):
                await stack.thread.over.wait()
            await self._look_after(stack)
            if self.now_s() - looked_at_address_s >= LOOK_AT_ADDRESS_S:
                looked_at_address_s = self.now_s()
                await self._look_at_address(stack)

    async def _look_after(self, stack: Stack) -> None:
        if stack.thread.over.is_set():
            raise LinkDown(f"the BACnet thread ended: {stack.thread.failure!r}")
        if stack.thread.silent_s() > HANG_S:
            await trio.sleep(LOOK_S)  # a process that was halted as a whole catches up meanwhile
            if stack.thread.silent_s() > HANG_S:
                raise LinkDown(f"the BACnet thread hangs: {stack.thread.where()}")

    async def _look_at_address(self, stack: Stack) -> None:
        try:
            reason = "" if self._endpoint() == stack.endpoint else "the interface has another address now"
        except LinkDown as error:
            reason = str(error)
        if reason:
            self._stack = None
            self._blocked(LinkDown(reason))
            self._fail_waiting(self._closed)
            self._direct.close(self._down())
            await stack.close()

    # -- what others ask

    def on_receive(self, message: object) -> Pending | LinkCounts:
        """Take a request. **Raises**: ValueError at an address that is none, and at what may not be asked."""
        if isinstance(message, Confirmed):
            return self._take(message)
        if isinstance(message, WhoIs):
            return self._question(message)
        if isinstance(message, LinkCountsRequested):
            return self._counts()
        raise TypeError(f"BacnetLink: saw a {type(message).__name__}, allowed are those of requests.py")

    def _take(self, request: Confirmed) -> Pending:
        job = Job(request, self._config.port or DEFAULT_PORT, self.now_s(), self._left)
        if self._stack is None:
            if isinstance(request, CancelCov):
                self._subscriptions.drop(job.peer, request.process_id)
            job.pending.fail(self._down())
            return job.pending
        try:
            prepare(job, self._subscriptions, self._stack.decode_constructed)
            self._queues.offer(job, job.network, job.peer, background=request.background)
        except QueueFull as full:
            job.pending.fail(NotSent(str(full)))
            return job.pending
        self._jobs.add(job)
        self._pump()
        return job.pending

    def _question(self, request: WhoIs) -> Pending:
        to = destination(request.destination, self._config.port or DEFAULT_PORT)
        if self._stack is not None:
            return self._questions.ask(self._stack, to, request)
        pending = Pending()
        pending.fail(self._down())
        return pending

    # -- serving

    def _pump(self) -> None:
        now_s = self.now_s()
        while (job := self._queues.next(now_s)) is not None:
            if self._stack is None:
                self._unsent(job, self._down())
            elif now_s > job.give_up_at_s:
                self._unsent(job, job.impatience)
            else:
                job.pending.sent()
                if not self._direct.send(job, self._stack, now_s):
                    self.spawn(self._exchange, job, self._stack)
        wake_at_s = self._queues.wake_at_s()
        if wake_at_s is not None and (self._timer_at_s is None or wake_at_s < self._timer_at_s):
            self._timer_at_s = wake_at_s
            self.spawn(self._pump_at, wake_at_s)

    async def _pump_at(self, at_s: float) -> None:
        await trio.sleep(max(0.0, at_s - self.now_s()))
        if self._timer_at_s == at_s:
            self._timer_at_s = None
        self._pump()

    def _in_segments(self, one: UnderWay[Job], stack: Stack, segment: bytes) -> None:
        self.spawn(self._exchange, one.ticket, stack, one, segment)

    def _to_finish(self, one: UnderWay[Job], stack: Stack, data: bytes) -> None:
        self.spawn(self._finish, one, stack, data)

    async def _finish(self, one: UnderWay[Job], stack: Stack, data: bytes) -> None:
        job, error = one.ticket, None
        try:
            job.pending.succeed(await stack.finish(job.finish, data))
        except DriverError as caught:
            error = caught
        self._over(job, self.now_s(), self.now_s() - one.sent_at_s, error)
        self._pump()

    async def _exchange(self, job: Job, stack: Stack, sent: UnderWay[Job] | None = None, segment: bytes = b"") -> None:
        """Ask through bacpypes3, all of it, or only what follows the first segment of an answer to what was `sent`."""
        started_s, error = self.now_s(), None
        if sent is not None:
            started_s, job.retries, job.begun = sent.sent_at_s, sent.retries, Begun(sent.invoke_id, (segment, sent.to))
        is_last = job.network is None or not job.retries
        try:
            job.pending.succeed(await stack.ask(job, retries=job.retries if is_last else 0))
        except DriverError as caught:
            error = caught
        if sent is not None:
            self._direct.lane.end(sent)
        now_s = self.now_s()
        if isinstance(error, RequestTimedOut) and not is_last and not job.pending.withdrawn:
            self._again(job, now_s, now_s - started_s, error)
        else:
            self._over(job, now_s, now_s - started_s, error)
        self._pump()

    def _again(self, job: Job, now_s: float, took_s: float, silence: RequestTimedOut) -> None:
        """Put it back in line: a trunk is not to stand still for all the tries of a dead station."""
        job.is_silent(silence, took_s)
        self._queues.again(job, job.network, job.peer, now_s, took_s, background=job.request.background)

    def _unsent(self, job: Job, error: DriverError) -> None:
        job.pending.fail(error)
        self._jobs.discard(job)
        self._queues.unsent(job.network, job.peer, background=job.request.background)

    def _left(self, job: Job) -> None:
        """Nobody waits for it any more: what stands in line leaves it, what is under way stays so."""
        if self._queues.withdraw(job, job.network, job.peer, background=job.request.background):
            self._jobs.discard(job)

    def _over(self, job: Job, now_s: float, took_s: float, error: DriverError | None) -> None:
        if error is not None:
            job.pending.fail(error)
        self._jobs.discard(job)
        answered = not isinstance(error, (RequestTimedOut, LinkDown))
        background = job.request.background
        self._queues.over(job.network, job.peer, now_s, took_s, answered=answered, background=background)

    def _down(self) -> LinkDown:
        return LinkDown(str(self._closed))

    def _fail_all(self, error: LinkDown) -> None:
        self._queues.drain()
        self._direct.lane.drain()
        for job in self._jobs:
            job.pending.fail(error)
        self._jobs.clear()
        self._questions.fail_all(error)

    def _fail_waiting(self, error: LinkDown) -> None:
        for job in self._queues.drain():
            job.pending.fail(LinkDown(str(error)))
            self._jobs.discard(job)

    # -- what comes of its own accord

    def _bbmd_told(self, reason: str) -> None:
        if reason:
            self._log(BBMD_LOST, bbmd=self._config.bbmd, reason=reason)
        else:
            self._log(BBMD_REGISTERED, bbmd=self._config.bbmd, ttl_s=self._config.bbmd_ttl_s)

    def _something_heard(self) -> None:
        if not self._gathering and self._stack is not None:
            self._gathering = True
            self.spawn(self._gather)

    async def _gather(self) -> None:
        await trio.sleep(GATHER_S)
        self._gathering = False
        stack = self._stack
        if stack is None:
            return
        seen = []
        for item in stack.heard.take():
            if isinstance(item, DeviceSeen):
                seen.append(item)
            elif isinstance(item, CovNotified) and (role := self._subscriptions.role(item.address, item.process_id)):
                self.send(role, item)
        if seen and self.registry.incarnation(DISCOVERY) is not None:
            dropped, self._told_dropped = stack.heard.dropped - self._told_dropped, stack.heard.dropped
            self.send(DISCOVERY, DevicesSeen(tuple(seen), dropped))

    def _counts(self) -> LinkCounts:
        if self._stack is None:
            return while_closed(self._queues.waiting, str(self._closed))
        in_flight = len(self._jobs) - self._queues.waiting
        return counts_of(self._stack, in_flight, self._queues.waiting, self._direct.lane.late)
