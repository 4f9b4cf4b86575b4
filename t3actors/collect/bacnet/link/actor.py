"""The BACnet link: one stack on one UDP port, shared by every BACnet device, by discovery and by COV. Role "link/bacnet".

It is asked with requests.py's messages through `ask_link`, and answers each at once with a Pending, so that one slow station never
keeps the others waiting: serving.py lets requests stand in the queues and serves them side by side, no more than 64 anywhere. Here
is the life of the stack, and what is heard of its own accord. It decides nothing about a device: whether to ask again, how much to ask
for, what an answer means.

What cannot be opened (no such address, port taken) is a state: askers get LinkDown with the reason, and it is tried again. A thread
that ends or hangs is a failure: it is fenced, whoever waits gets LinkDown, and the supervisor starts the link anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import trio

from supervision.actor import TrioActor
from supervision.backoff import Backoff
from t3actors.collect.bacnet.link.interfaces import Endpoint, OwnAddress, choose, list_addresses
from t3actors.collect.bacnet.link.questions import Questions
from t3actors.collect.bacnet.link.requests import (
    DISCOVERY,
    Confirmed,
    CovNotified,
    DeviceSeen,
    DevicesSeen,
    LinkCounts,
    LinkCountsRequested,
    Pending,
    WhoIs,
)
from t3actors.collect.bacnet.link.serving import Serving
from t3actors.config import BacnetConfig
from t3actors.errors import ConfigError, LinkDown
from t3actors.events import Log
from t3actors.events.bacnet import BACNET_BLOCKED, BACNET_OPENED, BBMD_LOST, BBMD_REGISTERED
from t3actors.stations import DEFAULT_PORT, destination

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.stack import Stack

HOLD_OFF = Backoff(initial_s=1.0, factor=2.0, cap_s=30.0, jitter=0.1)
LOOK_S = 0.5
HANG_S = 5.0
LOOK_AT_ADDRESS_S = 10.0
GATHER_S = 0.2  # I-Ams come in bursts: one message for so long


def load_stack() -> type[Stack]:
    """Import bacpypes3, which takes 0.4 s and 10 MB: only a gateway that speaks BACnet pays for it.

    To be called before the link is started: a small machine that has just been switched on takes longer than `on_start` may.
    """
    from t3actors.collect.bacnet.link.stack import Stack  # noqa: PLC0415

    return Stack


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
        self._serving = Serving(config, per_peer, now_s=self.now_s, spawn=self.spawn)
        self._questions = Questions(self.spawn)
        self._failures = 0
        self._said = ""
        self._gathering = False
        self._told_dropped = 0

    # -- its life

    async def on_start(self) -> None:
        """Open what can be opened; a port that is taken does not keep the gateway from starting."""
        await self._open_stack()
        self.spawn(self._watch)
        self.spawn(self._serving.direct.mind_deadlines)

    async def on_stop(self) -> None:
        """Close in order."""
        stack, self._serving.stack = self._serving.stack, None
        self._fail_all(LinkDown("the BACnet link was stopped"))
        if stack is not None:
            await stack.close()

    def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:  # noqa: ARG002
        """Fence the thread, let go of the port, leave nobody waiting."""
        stack, self._serving.stack = self._serving.stack, None
        if stack is not None:
            stack.thread.give_up("the link failed")
        self._fail_all(LinkDown(f"the BACnet link failed: {exception_value}"))

    def _endpoint(self) -> Endpoint:
        try:
            return choose(self._config.interface, self._config.port, self._own_addresses())
        except ConfigError as error:
            raise LinkDown(str(error)) from None

    async def _open_stack(self) -> None:
        stack_of = load_stack()
        try:
            endpoint = self._endpoint()
            stack = stack_of(
                endpoint,
                self._config,
                self._routers,
                self._serving.subscriptions.expected,
                self._something_heard,
                self._bbmd_told,
            )
            await stack.open()
        except LinkDown as error:
            self._blocked(error)
            return
        self._serving.stack, self._failures, self._said = stack, 0, ""
        self._log(BACNET_OPENED, endpoint=str(endpoint), broadcast=endpoint.broadcast or "none")
        for one in stack.doorway.sockets:
            self.spawn(self._serving.direct.listen, stack, one)
        self._serving.pump()

    def _blocked(self, error: LinkDown) -> None:
        self._serving.closed = error
        self._failures += 1
        if str(error) != self._said:
            self._said = str(error)
            delay_s = HOLD_OFF.delay_s(self._failures, lambda: 0.0)
            self._log(BACNET_BLOCKED, reason=self._said, retry_in_s=round(delay_s, 1))

    async def _watch(self) -> None:
        looked_at_address_s = self.now_s()
        while True:
            stack = self._serving.stack
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
            self._serving.stack = None
            self._blocked(LinkDown(reason))
            self._serving.fail_waiting(self._serving.closed)
            self._serving.direct.close(self._serving.down())
            await stack.close()

    # -- what others ask

    def on_receive(self, message: object) -> Pending | LinkCounts:
        """Take a request. **Raises**: ValueError at an address that is none, and at what may not be asked."""
        if isinstance(message, Confirmed):
            return self._serving.take(message)
        if isinstance(message, WhoIs):
            return self._question(message)
        if isinstance(message, LinkCountsRequested):
            return self._serving.counts()
        raise TypeError(f"BacnetLink: saw a {type(message).__name__}, allowed are those of requests.py")

    def _question(self, request: WhoIs) -> Pending:
        to = destination(request.destination, self._config.port or DEFAULT_PORT)
        stack = self._serving.stack
        if stack is not None:
            return self._questions.ask(stack, to, request)
        pending = Pending()
        pending.fail(self._serving.down())
        return pending

    def _fail_all(self, error: LinkDown) -> None:
        self._serving.fail_all(error)
        self._questions.fail_all(error)

    # -- what comes of its own accord

    def _bbmd_told(self, reason: str) -> None:
        if reason:
            self._log(BBMD_LOST, bbmd=self._config.bbmd, reason=reason)
        else:
            self._log(BBMD_REGISTERED, bbmd=self._config.bbmd, ttl_s=self._config.bbmd_ttl_s)

    def _something_heard(self) -> None:
        if not self._gathering and self._serving.stack is not None:
            self._gathering = True
            self.spawn(self._gather)

    async def _gather(self) -> None:
        await trio.sleep(GATHER_S)
        self._gathering = False
        stack = self._serving.stack
        if stack is None:
            return
        seen = []
        for item in stack.heard.take():
            if isinstance(item, DeviceSeen):
                seen.append(item)
            elif isinstance(item, CovNotified) and (
                role := self._serving.subscriptions.role(item.address, item.process_id)
            ):
                self.send(role, item)
        if seen and self.registry.incarnation(DISCOVERY) is not None:
            dropped, self._told_dropped = stack.heard.dropped - self._told_dropped, stack.heard.dropped
            self.send(DISCOVERY, DevicesSeen(tuple(seen), dropped))
