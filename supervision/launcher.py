"""Starts and ends single children for one supervisor, and turns each end into events.

It decides nothing: whoever ends without having been asked to is handed to `on_unexpected`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from supervision.actor import Birth, ThreadActor, TrioActor
from supervision.children import Child, ChildState
from supervision.clock import loop_clock
from supervision.errors import BadSpec, Ignore, TooLate
from supervision.events import AbandonedEnded, ChildAbandoned, ChildExited, ChildLate, Event, MailDropped
from supervision.exits import Exit, ExitKind, traceback_text
from supervision.life import Body, Life, Patience, StartFailed
from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.watchdog import Late


@dataclass(slots=True)
class Tally:
    """What is counted over a whole tree, whoever of it is restarted."""

    threads_abandoned: int = 0
    tasks_abandoned: int = 0
    ghosts_ended: int = 0
    event_errors: int = 0


@dataclass(slots=True)
class Surroundings:
    """What the supervisors of one tree share."""

    registry: Registry
    on_event: Callable[[Event], None]
    random: Callable[[], float]
    tally: Tally = field(default_factory=Tally)

    def tell(self, event: Event) -> None:
        """Tell an event. A listener that raises is counted, and harms nobody."""
        try:
            self.on_event(event)
        except Exception:  # noqa: BLE001 - a listener's fault must not take the children down
            self.tally.event_errors += 1


class Launcher:
    """Starts and ends children.

    `build` makes a nested supervisor's body; `on_unexpected(child, exit)` and `on_expectation(child)` are told on the trio
    thread.
    """

    def __init__(
        self,
        path: str,
        around: Surroundings,
        *,
        build: Callable[[SupervisorSpec], Body],
        on_unexpected: Callable[[Child, Exit], None],
        on_expectation: Callable[[Child], None],
    ) -> None:
        self.patience = Patience()
        self._path = path
        self._around = around
        self._build = build
        self._on_unexpected = on_unexpected
        self._on_expectation = on_expectation

    async def begin(self, child: Child, state: ChildState, on_up: Callable[[], None]) -> None:
        """Start a child and wait until it is up; until then it stands in the table as `state`.

        `on_up` is called in the very moment it is up: it may have ended again before this returns.

        **Raises**: StartFailed; the child has no life then, and the caller says what becomes of its state.
        """
        child.state = state
        child.keep_down = False
        body = self._construct(child)
        life = Life(
            body,
            self.patience,
            on_up=lambda _: self._up(child, state, on_up),
            on_gone=lambda life: self._gone(child, life),
            on_abandoned=lambda life, what, stack_text: self._abandoned(child, life, what, stack_text),
            on_ghost=lambda life: self._ghost(child, life),
        )
        child.life = life
        child.kind = body.kind
        child.incarnation = life.incarnation = self._around.registry.next_incarnation(child.name)
        timeout_s = child.spec.start_timeout_s if isinstance(child.spec, ChildSpec) else math.inf
        try:
            await life.begin(lambda: self._launch(child, life), timeout_s, child.spec.stop_timeout_s)
        except BaseException:
            child.life = None
            raise

    async def end(self, child: Child) -> None:
        """Stop a child, whatever it takes. The caller says what becomes of its state."""
        if child.life is not None:
            child.state = ChildState.STOPPING
            await child.life.end(child.spec.stop_timeout_s)

    async def end_late(self, child: Child, life: Life, late: Late) -> None:
        """Put a child down that the watchdog found late; its end is an unexpected one."""
        what = "work on one message took too long" if late.what == "message" else "no progress by its own deadline"
        self._around.tell(
            ChildLate(self._path, child.name, life.incarnation, late.what, late.by_s, life.body.stack_text())
        )
        await life.put_down(ExitKind.LATE, TooLate(f"{what} ({late.by_s:.3g} s over)"))
        if child.life is life and child.state is ChildState.STOPPING and life.exit is not None:
            self._on_unexpected(child, life.exit)

    def _construct(self, child: Child) -> Body:
        if isinstance(child.spec, SupervisorSpec):
            return self._build(child.spec)
        try:
            body = child.spec.start()
            if not isinstance(body, TrioActor | ThreadActor):
                raise BadSpec(  # noqa: TRY301 - it is an exit like the start's own
                    f"child {child.name!r}: start returned {type(body).__name__}; it must return an actor"
                )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            kind = ExitKind.IGNORED if isinstance(error, Ignore) else ExitKind.START_FAILED
            exit_ = Exit(kind, error, traceback_text(error))
            self._record(child, child.incarnation, exit_, 0.0)
            raise StartFailed(exit_) from error
        return body

    def _launch(self, child: Child, life: Life) -> None:
        body = life.body
        birth = Birth(
            child.name,
            life.incarnation,
            self._around.registry,
            loop_clock(),
            life.started,
            life.ended,
            lambda: self._on_expectation(child),
        )
        if isinstance(body, TrioActor | ThreadActor):
            self._around.registry.register(child.name, body)
        body.launch(birth)

    def _up(self, child: Child, state: ChildState, on_up: Callable[[], None]) -> None:
        if child.state is state:
            child.state = ChildState.RUNNING
        on_up()
        self._on_expectation(child)

    def _gone(self, child: Child, life: Life) -> None:
        exit_ = life.exit
        assert exit_ is not None  # noqa: S101 - a life is told as gone with its exit
        if isinstance(life.body, TrioActor | ThreadActor):
            self._around.registry.unregister(child.name, life.body)
        uptime_s = trio.current_time() - life.up_at_s if life.up else 0.0
        self._record(child, life.incarnation, exit_, uptime_s)
        if child.life is life and child.state is ChildState.RUNNING:
            self._on_unexpected(child, exit_)

    def _record(self, child: Child, incarnation: int, exit_: Exit, uptime_s: float) -> None:
        child.last_exit = exit_.without_frames()
        child.uptime_s = uptime_s
        where = (self._path, child.name, incarnation)
        self._around.tell(ChildExited(*where, exit_.kind, exit_.cause, exit_.traceback_text, uptime_s))
        if exit_.mail_dropped:
            self._around.tell(MailDropped(*where, exit_.mail_dropped))

    def _abandoned(self, child: Child, life: Life, what: str, stack_text: str) -> None:
        if what == ThreadActor.kind:
            self._around.tally.threads_abandoned += 1
        else:
            self._around.tally.tasks_abandoned += 1
        self._around.tell(ChildAbandoned(self._path, child.name, life.incarnation, what, stack_text))

    def _ghost(self, child: Child, life: Life) -> None:
        self._around.tally.ghosts_ended += 1
        self._around.tell(AbandonedEnded(self._path, child.name, life.incarnation))
