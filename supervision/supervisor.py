"""The supervisor: starts its children in order, restarts whom it must, gives up when it must, stops them in reverse.

All its methods are for the trio thread, but request_stop, which any thread may call. Queries never wait. The rules are
in spec.py (what), strategy.py (whom), backoff.py and intensity.py (when, how often); here they are carried out.

Honest limits: a task that swallows its cancellation, and a thread that hangs, can only be left behind. They are fenced
(see actor/), counted and told as ChildAbandoned; a successor of a thread starts after its on_abandon was called.
`trio.run` itself cannot return while an abandoned task goes on: a program that saw ChildAbandoned with what="task" should
end by os._exit once its supervisor has stopped.
"""

from __future__ import annotations

import math
import random as random_module
from collections.abc import Callable
from threading import get_ident

import trio

from supervision.children import Child, ChildInfo, ChildState, Counts, count
from supervision.errors import (
    AlreadyPresent,
    AlreadyStarted,
    BadSpec,
    ChildStartFailed,
    NotFound,
    NotRunning,
    Restarting,
    StillRunning,
    StopTree,
    SupervisionError,
)
from supervision.events import ChildStarted, Event, SupervisorStarted, SupervisorStopped
from supervision.exits import Exit, ExitKind, true_cause
from supervision.launcher import Launcher, Surroundings, Tally
from supervision.life import StartFailed
from supervision.registry import Registry
from supervision.restarts import Restarts
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.subtree import Subtree
from supervision.watchdog import lateness, next_look_s, patience_s


def ignore(_event: Event) -> None:
    """Listen to nothing."""


class Supervisor:
    """One supervisor. It is run once; a parent restarts a nested one by making a new one from the same spec."""

    def __init__(
        self,
        spec: SupervisorSpec,
        *,
        registry: Registry | None = None,
        on_event: Callable[[Event], None] = ignore,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        if not isinstance(spec, SupervisorSpec):
            raise BadSpec(f"a supervisor was given {spec!r}; it needs a SupervisorSpec")
        self._set_up(spec, spec.name, Surroundings(registry or Registry(), on_event, random))

    @classmethod
    def _nested(cls, spec: SupervisorSpec, path: str, around: Surroundings) -> Supervisor:
        supervisor = cls.__new__(cls)
        supervisor._set_up(spec, path, around)  # noqa: SLF001 - it is this class's own
        return supervisor

    def _set_up(self, spec: SupervisorSpec, path: str, around: Surroundings) -> None:
        self.spec = spec
        self.path = path
        self._around = around
        self._table: dict[str, Child] = {}
        self._launcher = Launcher(
            path,
            around,
            build=lambda inner: Subtree(Supervisor._nested(inner, f"{path}/{inner.name}", around)),
            on_unexpected=self._judge,
            on_expectation=self._look_sooner,
        )
        self._restarts = Restarts(path, spec, around, self._table, self._launcher, self._give_up)
        self._is_up = False
        self._was_run = False
        self._failure: SupervisionError | None = None
        self._wanted_down = trio.Event()
        self._is_down = trio.Event()
        self._start_scope = trio.CancelScope()
        self._next_look_s = math.inf
        self._look = trio.Event()
        self._thread = get_ident()
        self._token: trio.lowlevel.TrioToken | None = None

    # --- the life of the supervisor

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until stopped; started() when all static children are up. Cancelled, it stops its children first.

        **Raises**: ChildStartFailed, RestartLimitReached, TreeStopped; nothing is left running then.
        """
        if self._was_run:
            raise NotRunning(f"{self.path} was run before; make a new supervisor")
        self._was_run = True
        self._thread = get_ident()
        self._token = trio.lowlevel.current_trio_token()
        try:
            async with trio.open_nursery() as nursery:
                self._restarts.nursery = nursery
                try:
                    if await self._bring_up():
                        nursery.start_soon(self._patrol, nursery)
                        self._is_up = True
                        self._around.tell(SupervisorStarted(self.path))
                        task_status.started()
                        await self._wanted_down.wait()
                finally:
                    await self._bring_down()
                    nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise true_cause(group) from None
        finally:
            self._is_down.set()
            self._around.tell(SupervisorStopped(self.path, self._failure))
        if self._failure is not None:
            raise self._failure

    def request_stop(self) -> None:
        """Ask for an orderly stop and return at once. **Thread**: any."""
        if get_ident() == self._thread or self._token is None:
            self._stop_soon()
        else:
            self._token.run_sync_soon(self._stop_soon)

    async def stop(self) -> None:
        """Stop and wait until all children are down."""
        self.request_stop()
        if self._was_run:
            await self._is_down.wait()

    def hurry(self) -> None:
        """Wait for no child's courtesy any more: each is cancelled or abandoned."""
        self._launcher.patience.exhaust()

    # --- administration

    async def start_child(self, spec: ChildSpec | SupervisorSpec) -> None:
        """Add a child and wait until it is up. **Raises**: AlreadyStarted, AlreadyPresent, ChildStartFailed (it is not
        added then), NotRunning.
        """
        self._check_up()
        if not isinstance(spec, ChildSpec | SupervisorSpec):
            raise BadSpec(f"{self.path}: child {spec!r} must be a ChildSpec or a SupervisorSpec")
        known = self._table.get(spec.name)
        if known is not None:
            is_down = known.state in {ChildState.STOPPED, ChildState.RESTARTING}
            raise (AlreadyPresent if is_down else AlreadyStarted)(self.path, spec.name)
        child = self._table[spec.name] = Child(spec)
        try:
            await self._start(child)
        except BaseException:
            if self._table.get(spec.name) is child:
                del self._table[spec.name]
                self.registry.out_of_use(spec.name)
            raise

    async def stop_child(self, name: str) -> None:
        """Stop a child and keep it down; a temporary one is forgotten. Stopping a stopped one is no error.

        **Raises**: NotFound, NotRunning.
        """
        self._check_up()
        child = self._child(name)
        child.keep_down = True
        await self._stop(child)

    async def restart_child(self, name: str) -> None:
        """Start a stopped child again. **Raises**: NotFound, StillRunning, Restarting, NotRunning, ChildStartFailed (it
        stays known, and down).
        """
        self._check_up()
        child = self._stopped_child(name)
        try:
            await self._start(child)
        except BaseException:
            self._restarts.settle(child)
            raise

    async def delete_child(self, name: str) -> None:
        """Forget a stopped child. **Raises**: NotFound, StillRunning, Restarting, NotRunning."""
        self._check_up()
        del self._table[self._stopped_child(name).name]
        self.registry.out_of_use(name)

    def replace_spec(self, spec: ChildSpec | SupervisorSpec) -> None:
        """Have a child begin its next life by another specification, under its old name. The present life goes on.

        **Raises**: NotFound; BadSpec where an actor would become a supervisor, or the other way round.
        """
        child = self._child(spec.name)
        if type(spec) is not type(child.spec):
            raise BadSpec(f"{self.path}: {spec.name!r} is a {type(child.spec).__name__}; it cannot become {spec!r}")
        child.spec = spec

    # --- queries

    @property
    def registry(self) -> Registry:
        """The roles of the whole tree."""
        return self._around.registry

    @property
    def threads_abandoned(self) -> int:
        """How many threads of the whole tree were left behind so far."""
        return self._around.tally.threads_abandoned

    @property
    def tally(self) -> Tally:
        """What was counted over the whole tree so far."""
        return self._around.tally

    def find(self, path: str) -> Supervisor:
        """Return the present supervisor nested at a path such as "devices". After its restart it is another one.

        **Raises**: NotFound.
        """
        here, _, rest = path.partition("/")
        child = self._table.get(here)
        if child is None or child.life is None or not isinstance(child.life.body, Subtree):
            raise NotFound(self.path, here)
        inner = child.life.body.supervisor
        assert isinstance(inner, Supervisor)  # noqa: S101 - _set_up builds nothing else
        return inner.find(rest) if rest else inner

    def children(self) -> tuple[ChildInfo, ...]:
        """List the children in start order."""
        return tuple(child.info() for child in self._table.values())

    def counts(self) -> Counts:
        """Count the children."""
        return count(tuple(self._table.values()))

    # --- inside

    def _judge(self, child: Child, exit_: Exit) -> None:
        self._restarts.judge(child, exit_)

    def _stop_soon(self) -> None:
        self._wanted_down.set()
        self._start_scope.cancel()

    def _give_up(self, error: SupervisionError) -> None:
        if self._failure is None:
            self._failure = error
        self._stop_soon()

    async def _bring_up(self) -> bool:
        with self._start_scope:
            for spec in self.spec.children:
                child = self._table[spec.name] = Child(spec)
                try:
                    await self._start(child)
                except ChildStartFailed as failure:
                    self._failure = failure
                    return False
        return not self._wanted_down.is_set()

    async def _bring_down(self) -> None:
        self._is_up = False
        self._restarts.halted = True
        with trio.CancelScope(shield=True):
            await self._restarts.halt()
            children = list(reversed(self._table.values()))
            if self.spec.stop_together:
                async with trio.open_nursery() as nursery:
                    for child in children:
                        nursery.start_soon(self._stop, child)
            else:
                for child in children:
                    await self._stop(child)

    async def _start(self, child: Child) -> None:
        try:
            await self._launcher.begin(
                child,
                ChildState.STARTING,
                lambda: self._around.tell(ChildStarted(self.path, child.name, child.incarnation)),
            )
        except StartFailed as failure:
            exit_ = failure.exit
        else:
            return
        self._restarts.settle(child)
        if exit_.kind is ExitKind.IGNORED:
            return
        cause = exit_.cause or SupervisionError(f"it ended before it was up: {exit_.kind.value}")
        if isinstance(cause, ChildStartFailed):
            raise ChildStartFailed(f"{child.name}/{cause.child}", cause.cause)
        if isinstance(cause, StopTree) and self._is_up:
            self._restarts.judge(child, exit_)
        raise ChildStartFailed(child.name, cause)

    async def _stop(self, child: Child) -> None:
        await self._restarts.forget(child)
        await self._launcher.end(child)
        if child.state is not ChildState.STOPPED:
            self._restarts.settle(child)

    def _check_up(self) -> None:
        if not self._is_up:
            raise NotRunning(f"{self.path} is not running")

    def _child(self, name: str) -> Child:
        child = self._table.get(name)
        if child is None:
            raise NotFound(self.path, name)
        return child

    def _stopped_child(self, name: str) -> Child:
        child = self._child(name)
        if child.state is ChildState.RESTARTING:
            raise Restarting(self.path, name)
        if child.state is not ChildState.STOPPED:
            raise StillRunning(self.path, name)
        return child

    def _look_sooner(self, child: Child) -> None:
        """Wake the patrol when it would come too late for what a child has just declared."""
        if child.life is None:
            return
        at_s = next_look_s(child.life.body.progress(), child.heartbeat_timeout_s, trio.current_time())
        if at_s < self._next_look_s:
            self._look.set()

    async def _patrol(self, nursery: trio.Nursery) -> None:
        """Look after late children, no oftener than one can have become late."""
        while True:
            self._look = trio.Event()
            self._next_look_s = self._look_round(nursery, trio.current_time())
            with trio.move_on_at(self._next_look_s):
                await self._look.wait()
            await trio.sleep(patience_s(self._next_look_s, trio.current_time()))

    def _look_round(self, nursery: trio.Nursery, now_s: float) -> float:
        # A function of its own, so that the waiting patrol does not keep the child alive that it looked at last.
        next_s = math.inf
        for child in self._table.values():
            if child.state is ChildState.RUNNING and child.life is not None:
                progress = child.life.body.progress()
                late = lateness(progress, child.heartbeat_timeout_s, now_s)
                if late is None:
                    next_s = min(next_s, next_look_s(progress, child.heartbeat_timeout_s, now_s))
                else:
                    child.state = ChildState.STOPPING
                    nursery.start_soon(self._launcher.end_late, child, child.life, late)
        return next_s
