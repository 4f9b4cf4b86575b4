"""A supervisor under test: its children do as they are told, and everything that happens is written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import trio
import trio.testing

from supervision import (
    Backoff,
    ChildInfo,
    ChildSpec,
    ChildState,
    Event,
    Registry,
    Supervisor,
    SupervisorSpec,
    TrioActor,
)

AT_ONCE = Backoff(0, 1, 0, 0)
STEADY = Backoff(1.0, 2.0, 60.0, 0.0)


class Probe(TrioActor):
    """Obeys: an exception it is sent is raised, a function it is sent is called with it, the rest is echoed."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    async def on_start(self) -> None:
        self.stage.journal.append(f"starting {self.name}")
        for act in self.stage.on_start[self.name]:
            result = act(self)
            if hasattr(result, "__await__"):
                await result
        self.stage.journal.append(f"started {self.name}")

    async def on_stop(self) -> None:
        self.stage.journal.append(f"stopping {self.name}")
        await trio.lowlevel.checkpoint()
        self.stage.journal.append(f"stopped {self.name}")

    async def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            result = message(self)
            return await result if hasattr(result, "__await__") else result
        return message


class Stage(AbstractAsyncContextManager["Stage"]):
    """Runs a supervisor; `error` is what its run() raised."""

    def __init__(self, *children: ChildSpec | SupervisorSpec, **spec: Any) -> None:
        spec.setdefault("backoff", AT_ONCE)
        self.children_spec = children
        self.spec_options = spec
        self.journal: list[str] = []
        self.events: list[Event] = []
        self.on_start: defaultdict[str, list[Callable[[Probe], Any]]] = defaultdict(list)
        self.registry = Registry()
        self.error: BaseException | None = None
        self.over = trio.Event()
        self.scope = trio.CancelScope()
        self._is_open = False

    def probe(self, name: str, **spec: Any) -> ChildSpec:
        spec.setdefault("backoff", AT_ONCE)
        return ChildSpec(name, lambda: Probe(self), **spec)

    async def open(self, *children: ChildSpec | SupervisorSpec, wait: bool = True) -> Self:
        """Start it; wait until it is up or over."""
        spec = SupervisorSpec("root", self.children_spec + children, **self.spec_options)
        self.sup = Supervisor(spec, registry=self.registry, on_event=self.events.append, random=lambda: 0.5)
        self._is_open = True
        self._manager = trio.open_nursery()
        self._nursery = await self._manager.__aenter__()
        if wait:
            await self._nursery.start(self._run)
        else:
            self._nursery.start_soon(self._run)
        return self

    async def __aenter__(self) -> Self:
        return self if self._is_open else await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.sup.stop()
        await self._manager.__aexit__(kind, error, trace)

    async def _run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        reported = _Once(task_status)
        with self.scope:
            try:
                await self.sup.run(task_status=reported)
            except Exception as error:
                self.error = error
        self.over.set()
        reported.started()

    def tell(self, role: str, message: object) -> bool:
        return self.registry.send(role, message)

    async def ask(self, role: str, message: object) -> Any:
        return await self.registry.ask(role, message)

    def info(self, name: str) -> ChildInfo:
        return next(info for info in self.sup.children() if info.name == name)

    def state(self, name: str) -> ChildState:
        return self.info(name).state

    def names(self) -> list[str]:
        return [info.name for info in self.sup.children()]

    def incarnations(self, *names: str) -> list[int | None]:
        return [self.registry.incarnation(name) for name in names]

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class _Once:
    def __init__(self, status: trio.TaskStatus[None]) -> None:
        self._status = status
        self._done = False

    def started(self, _value: None = None) -> None:
        if not self._done:
            self._done = True
            self._status.started()


async def calm(seconds: float = 0.0) -> None:
    """Let virtual time pass until everything that is due has happened (for tests on a mock clock)."""
    await trio.sleep(seconds)
    await trio.testing.wait_all_tasks_blocked()


def stop_itself(actor: TrioActor) -> None:
    """End in order, by itself."""
    actor.stop()


async def hang(_actor: TrioActor) -> None:
    """Never come back, but obey a cancellation."""
    await trio.sleep_forever()


def sleep(seconds: float) -> Callable[[object], Awaitable[None]]:
    """Take so long."""

    async def act(_actor: object) -> None:
        await trio.sleep(seconds)

    return act


def fail(error: BaseException, times: int = 10**9) -> Callable[[object], None]:
    """Raise so many times."""
    left = [times]

    def act(_actor: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise type(error)(*error.args)

    return act
