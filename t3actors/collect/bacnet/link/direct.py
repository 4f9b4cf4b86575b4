"""Reads that go straight from the trio loop to a station of our own network and back: what is asked all the time must cost little.

Crossing to bacpypes3's thread and through its classes costs many times what the exchange itself does. The rules are those of
application.py's `ask`: one request, the same through its retries, that ends with an answer, a refusal or a time-out; what nobody
waits for any more is not sent again, but holds its turn until it is over. Answers in segments go on through bacpypes3. Thread: trio.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from t3actors.collect.bacnet.link.fast_lane import IDS, FastLane, UnderWay
from t3actors.collect.bacnet.link.frames import Answer, Kind
from t3actors.collect.bacnet.link.jobs import Job
from t3actors.errors import DriverError

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.stack import Stack

ACKNOWLEDGED = {Kind.SIMPLE_ACK, Kind.COMPLEX_ACK}
Over = Callable[[Job, float, float, DriverError | None], None]
"""Called with a job, now, how long it took, and why it failed."""


class Direct:
    """All direct requests. They outlive a stack: what is late for an earlier one finds nobody."""

    def __init__(
        self,
        now_s: Callable[[], float],
        over: Over,
        pump: Callable[[], None],
        in_segments: Callable[[UnderWay[Job], Stack, bytes], None],
        to_finish: Callable[[UnderWay[Job], Stack, bytes], None],
    ) -> None:
        """Say who goes on.

        `pump` is called when some are over; `in_segments` when the frame of a first segment came for one; `to_finish` when data
        came that the job's `finish` is needed for: such a job is not over then.
        """
        self.lane: FastLane[Job] = FastLane(lambda: random.randrange(IDS))  # noqa: S311 - it guards nothing
        self._now_s = now_s
        self._over = over
        self._pump = pump
        self._in_segments = in_segments
        self._to_finish = to_finish
        self._stack: Stack | None = None
        self._alarm = trio.CancelScope()
        self._alarm_at_s = float("-inf")

    def send(self, job: Job, stack: Stack, now_s: float) -> bool:
        """Send a job's request, if it may go this way and there is an invoke id for it."""
        if job.direct is None:
            return False
        asked = job.request
        one = self.lane.begin(
            job, job.direct, job.service, job.data, timeout_s=asked.timeout_s, retries=asked.retries, now_s=now_s
        )
        if one is None:
            return False
        self._stack = stack
        stack.datagrams.send(one.frame, one.to)
        if one.deadline_s < self._alarm_at_s:
            self._alarm_at_s = one.deadline_s
            self._alarm.deadline = trio.current_time() + one.deadline_s - now_s
        return True

    async def listen(self, stack: Stack, one: socket.socket) -> None:
        """Take what comes by one of a stack's sockets, as long as it is open."""
        while await stack.doorway.readable(one):
            found = stack.doorway.read(one, self.lane)
            for under_way, answer, frame in found:
                self._answered(under_way, answer, frame, stack)
            if found:
                self._pump()

    async def mind_deadlines(self) -> None:
        """Ask again, and give up, when it is time. Runs as long as the link does."""
        while True:
            self._alarm_at_s = self.lane.wake_at_s()
            with trio.CancelScope(deadline=trio.current_time() + self._alarm_at_s - self._now_s()) as self._alarm:
                await trio.sleep_forever()
            for one in self.lane.due(self._now_s()):
                self._silent(one)
            self._pump()

    def close(self, error: DriverError) -> None:
        """Fail all that are under way."""
        now_s = self._now_s()
        for job in self.lane.drain():
            self._over(job, now_s, 0.0, error)

    def _answered(self, one: UnderWay[Job], answer: Answer, frame: bytes, stack: Stack) -> None:
        job, now_s = one.ticket, self._now_s()
        if answer.kind is Kind.SEGMENT:
            self._in_segments(one, stack, frame)
            return
        try:
            if answer.kind not in ACKNOWLEDGED or answer.said != job.service:
                raise stack.refused(job.to, job.service, answer)
            data = answer.data if answer.kind is Kind.COMPLEX_ACK else b""
            result = job.at_once(data)
            if result is None:
                self._to_finish(one, stack, data)
                return
            job.pending.succeed(result)
        except DriverError as error:
            self._over(job, now_s, now_s - one.sent_at_s, error)
        else:
            self._over(job, now_s, now_s - one.sent_at_s, None)

    def _silent(self, one: UnderWay[Job]) -> None:
        job, now_s = one.ticket, self._now_s()
        stack = self._stack
        if stack is None:
            raise RuntimeError("a request is under way that no stack has sent")
        if one.retries > 0 and not job.pending.withdrawn:
            self.lane.again(one, now_s)
            stack.datagrams.send(one.frame, one.to)
        else:
            self.lane.end(one)
            self._over(job, now_s, now_s - one.sent_at_s, stack.silent(job.to))
