"""The thread that a hosted gateway lives in: its own trio loop, started once, asked from any thread, ended within a bound.

A gateway that gives up in a process of its own ends that process, and a service manager starts it anew. Here there is none, and the
process is the host's: so it is started anew from here, with everything that was added to it meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import trio

from supervision.exits import true_cause
from t3actors.config import Config
from t3actors.embed.growing import Growing
from t3actors.errors import GatewayError
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_FAILED
from t3actors.events.host import GATEWAY_REVIVED
from t3actors.pipeline import Gateway

AGAIN_AFTER_S = 30.0
ENDS_WITHIN_S = 5.0
HURRY_AFTER_S = 45.0
"""Of the patience of a stop: then no actor's courtesy is waited for any more."""

Answer = TypeVar("Answer")


class NotStarted(GatewayError):
    """No gateway runs here: begin one first."""


class NotNow(GatewayError):
    """It cannot be answered now: ask again later."""


class GatewayThread:
    """One life of a host's gateway. `start` once; all other methods from any thread that is not its own.

    `log` is called from its thread and from those of its actors.
    """

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config
        self._log = log
        self._up: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, name="t3actors", daemon=True)
        self._token: trio.lowlevel.TrioToken | None = None
        self._errands: trio.Nursery | None = None
        self._growing: Growing | None = None
        self._stopping = trio.Event()
        self._reason = ""
        self.is_stopping = False
        """It was told to stop."""

    # -- from the host's threads

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or never came up."""
        has_failed = self._up.done() and self._up.exception() is not None
        return has_failed or not self._thread.is_alive()

    def start(self) -> None:
        """Start it, once."""
        self._thread.start()

    def wait_until_up(self, within_s: float) -> None:
        """Wait until the whole tree is up. **Raises**: what kept it from starting; NotNow when that takes longer."""
        try:
            self._up.result(within_s)
        except TimeoutError:
            raise NotNow(f"the gateway was not up after {within_s:g} s; it goes on starting") from None
        except BaseException:
            self._thread.join(ENDS_WITHIN_S)
            raise

    def call(self, work: Callable[[], Awaitable[Answer]], within_s: float) -> Answer:
        """Do something in its loop and wait for what comes of it.

        **Raises**: NotStarted when it is over, NotNow when nothing came within that time, and what the work itself raises.
        """
        answer: Future[Answer] = Future()
        token = self._token
        try:
            if token is None:
                raise trio.RunFinishedError  # noqa: TRY301 - it is not up yet, or over
            token.run_sync_soon(self._begin, work, answer)
        except trio.RunFinishedError:
            raise NotStarted("the gateway does not run") from None
        try:
            return answer.result(within_s)
        except TimeoutError:
            answer.cancel()
            raise NotNow(f"the gateway did not answer within {within_s:g} s") from None

    def stop(self, reason: str, within_s: float) -> bool:
        """Stop it in order and wait. **Returns**: False when its thread had not ended within that time: it is left behind."""
        self.is_stopping = True
        hurry_s = min(HURRY_AFTER_S, within_s * 0.75)
        self._soon(self._stop, reason)
        self._thread.join(hurry_s)
        if self._thread.is_alive():
            self._soon(self._hurry)
            self._thread.join(within_s - hurry_s)
        return not self._thread.is_alive()

    def _soon(self, act: Callable[..., object], *arguments: object) -> None:
        token = self._token
        if token is not None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(act, *arguments)

    # -- in its own thread

    @property
    def config(self) -> Config:
        """The configuration with all that was added."""
        return self._config

    @property
    def growing(self) -> Growing:
        """The gateway of this moment. **Raises**: NotNow while it is being started anew."""
        if self._growing is None:
            raise NotNow("the gateway is being started anew; its log says why")
        return self._growing

    async def take_up(self, config: Config) -> None:
        """Let the gateway take up what is new in this configuration, now and in every later life.

        One call at a time. **Raises**: as Growing.take_up; NotNow.
        """
        await self.growing.take_up(config)
        self._config = config

    def errand(self, work: Callable[..., Awaitable[object]], *arguments: Any) -> None:
        """Do something on the side until the end; it must not raise."""
        if self._errands is not None:
            self._errands.start_soon(work, *arguments)

    def _live(self) -> None:
        try:
            trio.run(self._main)
        except BaseException as error:  # noqa: BLE001 - the end of the thread becomes an event
            self._failed(error)
        if not self._up.done():
            self._up.set_exception(NotStarted("it was stopped before it was up"))

    async def _main(self) -> None:
        async with trio.open_nursery() as errands:
            self._errands = errands
            self._token = trio.lowlevel.current_trio_token()
            try:
                while await self._one_life():
                    self._log(GATEWAY_REVIVED, next_try_s=AGAIN_AFTER_S)
                    with trio.move_on_after(AGAIN_AFTER_S):
                        await self._stopping.wait()
                    if self._stopping.is_set():
                        break
            finally:
                self._errands = None
                errands.cancel_scope.cancel()

    async def _one_life(self) -> bool:
        """Run one gateway to its end. **Returns**: whether there is to be another one."""
        growing = Growing(Gateway(self._config, self._log))
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stop_when_told, growing.gateway)
                await nursery.start(growing.gateway.run)
                self._growing = growing
                nursery.start_soon(growing.additions.keep)
                if not (self._up.done() or growing.gateway.ended.is_set()):
                    self._up.set_result(None)
                await growing.gateway.ended.wait()
                nursery.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - the end of a gateway becomes an event
            self._failed(error)
            return self._up.exception() is None and not self._stopping.is_set()
        finally:
            self._growing = None
        return False

    async def _stop_when_told(self, gateway: Gateway) -> None:
        await self._stopping.wait()
        gateway.stop(self._reason)

    def _failed(self, error: BaseException) -> None:
        cause = true_cause(error)
        self._log(GATEWAY_FAILED, reason=str(cause) or repr(cause))
        if not self._up.done():
            self._up.set_exception(cause)

    def _stop(self, reason: str) -> None:
        self._reason = reason
        self._stopping.set()

    def _hurry(self) -> None:
        if self._growing is not None:
            self._growing.gateway.supervisor.hurry()

    def _begin(self, work: Callable[[], Awaitable[Answer]], answer: Future[Answer]) -> None:
        if self._errands is None:
            answer.set_exception(NotStarted("the gateway does not run"))
        else:
            self._errands.start_soon(_answered, work, answer)


async def _answered(work: Callable[[], Awaitable[Answer]], answer: Future[Answer]) -> None:
    """Do it, and hand what comes of it to whoever waits, if he still does."""
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(await work())
    except Exception as error:  # noqa: BLE001 - it is raised in the thread that asked
        answer.set_exception(error)
    finally:
        if not answer.done():
            answer.set_exception(NotStarted("the gateway was stopped meanwhile"))
