"""Serves what a BACnet link is asked: requests stand in the queues, go out side by side, and each ends with an answer or an error.

Reads of stations on our own network go straight from here (direct.py); all others through bacpypes3, each by a task of its own, and
behind a router each try stands in line anew. A request whose asker has gone stays under way until it is answered or timed out, so its
station is never asked twice at once. Called by actor.py, which opens and closes the stack. Thread: the trio loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from t3actors.collect.bacnet.link.counts import counts_of, while_closed
from t3actors.collect.bacnet.link.direct import Direct
from t3actors.collect.bacnet.link.jobs import Begun, Job, Subscriptions, prepare
from t3actors.collect.bacnet.link.queues import QueueFull, Queues
from t3actors.collect.bacnet.link.requests import CancelCov, Confirmed, LinkCounts, Pending
from t3actors.config import BacnetConfig
from t3actors.errors import DriverError, LinkDown, NotSent, RequestTimedOut
from t3actors.stations import DEFAULT_PORT

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.fast_lane import UnderWay
    from t3actors.collect.bacnet.link.stack import Stack


class Serving:
    """`stack`: what is open now; while it is None, whoever asks gets `closed`. `spawn` is the actor's."""

    def __init__(
        self, config: BacnetConfig, per_peer: int, *, now_s: Callable[[], float], spawn: Callable[..., Any]
    ) -> None:
        self.stack: Stack | None = None
        self.closed = LinkDown("BACnet/IP: not opened yet")
        self.subscriptions = Subscriptions()
        self.queues: Queues[Job] = Queues(config.networks, per_peer)
        self.jobs: set[Job] = set()
        """Whatever waits or is under way."""
        self._now_s = now_s
        self._spawn = spawn
        self._port = config.port or DEFAULT_PORT
        self.direct = Direct(now_s, self._over, self.pump, self._in_segments, self._to_finish)
        self._timer_at_s: float | None = None

    def down(self) -> LinkDown:
        """Say why nothing can be asked now: an error for each who asks."""
        return LinkDown(str(self.closed))

    def counts(self) -> LinkCounts:
        """Say how many wait and are under way, and what the stack has counted."""
        if self.stack is None:
            return while_closed(self.queues.waiting, str(self.closed))
        in_flight = len(self.jobs) - self.queues.waiting
        return counts_of(self.stack, in_flight, self.queues.waiting, self.direct.lane.late)

    def take(self, request: Confirmed) -> Pending:
        """Let a request stand in line. **Raises**: ValueError at an address that is none, and at what may not be asked."""
        job = Job(request, self._port, self._now_s(), self._left)
        if self.stack is None:
            if isinstance(request, CancelCov):
                self.subscriptions.drop(job.peer, request.process_id)
            job.pending.fail(self.down())
            return job.pending
        try:
            prepare(job, self.subscriptions, self.stack.decode_constructed)
            self.queues.offer(job, job.network, job.peer, background=request.background)
        except QueueFull as full:
            job.pending.fail(NotSent(str(full)))
            return job.pending
        self.jobs.add(job)
        self.pump()
        return job.pending

    def pump(self) -> None:
        """Send what may go now; wake up when more may."""
        now_s = self._now_s()
        while (job := self.queues.next(now_s)) is not None:
            if self.stack is None:
                self._unsent(job, self.down())
            elif now_s > job.give_up_at_s:
                self._unsent(job, job.impatience)
            else:
                job.pending.sent()
                if not self.direct.send(job, self.stack, now_s):
                    self._spawn(self._exchange, job, self.stack)
        wake_at_s = self.queues.wake_at_s()
        if wake_at_s is not None and (self._timer_at_s is None or wake_at_s < self._timer_at_s):
            self._timer_at_s = wake_at_s
            self._spawn(self._pump_at, wake_at_s)

    async def _pump_at(self, at_s: float) -> None:
        await trio.sleep(max(0.0, at_s - self._now_s()))
        if self._timer_at_s == at_s:
            self._timer_at_s = None
        self.pump()

    def _in_segments(self, one: UnderWay[Job], stack: Stack, segment: bytes) -> None:
        self._spawn(self._exchange, one.ticket, stack, one, segment)

    def _to_finish(self, one: UnderWay[Job], stack: Stack, data: bytes) -> None:
        self._spawn(self._finish, one, stack, data)

    async def _finish(self, one: UnderWay[Job], stack: Stack, data: bytes) -> None:
        job = one.ticket
        try:
            job.pending.succeed(await stack.finish(job.finish, data))
        except DriverError as error:
            self._over(job, self._now_s(), self._now_s() - one.sent_at_s, error)
        else:
            self._over(job, self._now_s(), self._now_s() - one.sent_at_s, None)
        self.pump()

    async def _exchange(self, job: Job, stack: Stack, sent: UnderWay[Job] | None = None, segment: bytes = b"") -> None:
        """Ask through bacpypes3, all of it, or only what follows the first segment of an answer to what was `sent`."""
        started_s = self._now_s()
        if sent is not None:
            started_s, job.retries, job.begun = sent.sent_at_s, sent.retries, Begun(sent.invoke_id, (segment, sent.to))
        is_last = job.network is None or not job.retries
        try:
            job.pending.succeed(await stack.ask(job, retries=job.retries if is_last else 0))
        except DriverError as error:
            self._ended(job, started_s, sent, error, is_last=is_last)
        else:
            self._ended(job, started_s, sent, None, is_last=is_last)
        self.pump()

    def _ended(
        self, job: Job, started_s: float, sent: UnderWay[Job] | None, error: DriverError | None, *, is_last: bool
    ) -> None:
        if sent is not None:
            self.direct.lane.end(sent)
        now_s = self._now_s()
        if isinstance(error, RequestTimedOut) and not is_last and not job.pending.withdrawn:
            self._again(job, now_s, now_s - started_s, error)
        else:
            self._over(job, now_s, now_s - started_s, error)

    def _again(self, job: Job, now_s: float, took_s: float, silence: RequestTimedOut) -> None:
        """Put it back in line: a trunk is not to stand still for all the tries of a dead station."""
        job.is_silent(silence, took_s)
        self.queues.again(job, job.network, job.peer, now_s, took_s, background=job.request.background)

    def _unsent(self, job: Job, error: DriverError) -> None:
        job.pending.fail(error)
        self.jobs.discard(job)
        self.queues.unsent(job.network, job.peer, background=job.request.background)

    def _left(self, job: Job) -> None:
        """Nobody waits for it any more: what stands in line leaves it, what is under way stays so."""
        if self.queues.withdraw(job, job.network, job.peer, background=job.request.background):
            self.jobs.discard(job)

    def _over(self, job: Job, now_s: float, took_s: float, error: DriverError | None) -> None:
        if error is not None:
            job.pending.fail(error)
        self.jobs.discard(job)
        answered = not isinstance(error, (RequestTimedOut, LinkDown))
        background = job.request.background
        self.queues.over(job.network, job.peer, now_s, took_s, answered=answered, background=background)

    def fail_all(self, error: LinkDown) -> None:
        """Let nobody wait any more."""
        self.queues.drain()
        self.direct.lane.drain()
        for job in self.jobs:
            job.pending.fail(error)
        self.jobs.clear()

    def fail_waiting(self, error: LinkDown) -> None:
        """Let nobody wait in line any more; what is under way ends by itself."""
        for job in self.queues.drain():
            job.pending.fail(LinkDown(str(error)))
            self.jobs.discard(job)
