"""Carries restarts out: whom to stop and start (strategy), when (back-off, spacing), and when to give up (intensity).

A recovery is one task: per child under one_for_one, one for all under the group strategies, where a new failure during a
recovery is planned for afresh. Everything it waits for can be cut short, so a stop never waits for a back-off.
A child that somebody stopped, or that ended in order, is not started by the recovery of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import trio

from supervision.children import Child, ChildState
from supervision.errors import RestartLimitReached, StopTree, SupervisionError, TreeStopped
from supervision.events import ChildRestarted, ChildRestartScheduled, RestartLimitExceeded
from supervision.exits import Exit
from supervision.intensity import RestartWindow
from supervision.launcher import Launcher, Surroundings
from supervision.life import StartFailed
from supervision.spec import Strategy, SupervisorSpec
from supervision.strategy import plan, wants_restart


@dataclass(slots=True, eq=False)
class Recovery:
    """What is to be brought back together."""

    failed: list[Child] = field(default_factory=list)  # whose group has not been stopped yet
    pending: dict[str, Child] = field(default_factory=dict)  # to be started, those that failed included
    culprit: str = ""  # whose back-off they all wait for
    ready_at_s: float = 0.0
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    pause: trio.Event = field(default_factory=trio.Event)  # the present attempt is over
    done: trio.Event = field(default_factory=trio.Event)


class Restarts:
    """The restarts of one supervisor. `give_up(error)` ends the supervisor."""

    def __init__(
        self,
        path: str,
        spec: SupervisorSpec,
        around: Surroundings,
        table: dict[str, Child],
        launcher: Launcher,
        give_up: Callable[[SupervisionError], None],
    ) -> None:
        self._path = path
        self._spec = spec
        self._around = around
        self._table = table
        self._launcher = launcher
        self._give_up = give_up
        self._window = RestartWindow(spec.intensity.period_s)
        self._recoveries: dict[str, Recovery] = {}
        self._next_slot_s = float("-inf")
        self.nursery: trio.Nursery | None = None
        self.halted = False

    def judge(self, child: Child, exit_: Exit) -> None:
        """Decide what becomes of a child that ended without having been asked to. **Thread**: trio."""
        if isinstance(exit_.cause, StopTree):
            self.settle(child)
            where, cause = _innermost(child.name, exit_.cause)
            self._give_up(TreeStopped(self._path, where, cause or exit_.cause))
        elif self.halted or child.keep_down or not wants_restart(child.spec.restart, exit_):
            self.settle(child)
        else:
            self._fail(child, exit_)

    def settle(self, child: Child) -> None:
        """Leave a child down; forget it when it is temporary."""
        child.life = None
        child.state = ChildState.STOPPED
        if child.is_temporary and self._table.get(child.name) is child:
            del self._table[child.name]
            self._around.registry.out_of_use(child.name)

    async def forget(self, child: Child) -> None:
        """Give up the restart of a child, if one is under way, and wait until nobody works on it."""
        recovery = self._recoveries.get(self._key(child))
        if recovery is not None and recovery.pending.pop(child.name, None) is not None:
            recovery.failed = [other for other in recovery.failed if other is not child]
            if recovery.culprit == child.name:
                recovery.ready_at_s = trio.current_time()
            pause = recovery.pause
            recovery.scope.cancel()
            await pause.wait()

    async def halt(self) -> None:
        """Give up every restart and wait until none is under way."""
        self.halted = True
        recoveries = list(self._recoveries.values())
        for recovery in recoveries:
            recovery.failed.clear()
            recovery.pending.clear()
            recovery.scope.cancel()
        for recovery in recoveries:
            await recovery.done.wait()

    def _key(self, child: Child) -> str:
        return child.name if self._spec.strategy is Strategy.ONE_FOR_ONE else ""

    def _fail(self, child: Child, exit_: Exit) -> None:
        now_s = trio.current_time()
        child.life = None
        child.state = ChildState.RESTARTING
        if child.uptime_s >= self._spec.intensity.period_s:
            child.attempt = 0
        child.attempt += 1
        allowed = self._spec.intensity.allowed(len(self._table))
        if self._window.add(child.name, now_s) > allowed:
            where, cause = _innermost(child.name, exit_.cause)
            period_s = self._spec.intensity.period_s
            self._around.tell(RestartLimitExceeded(self._path, child.name, child.incarnation, allowed, period_s, cause))
            self._give_up(RestartLimitReached(self._path, where, allowed, period_s, cause))
            return
        delay_s = child.spec.backoff.delay_s(child.attempt, self._around.random)
        self._window.excuse(child.name, delay_s)
        self._around.tell(ChildRestartScheduled(self._path, child.name, child.incarnation, child.attempt, delay_s))
        self._enlist(child, now_s + delay_s)

    def _enlist(self, child: Child, ready_at_s: float) -> None:
        key = self._key(child)
        recovery = self._recoveries.get(key)
        is_new = recovery is None
        if recovery is None:
            recovery = self._recoveries[key] = Recovery()
        recovery.failed.append(child)
        recovery.pending[child.name] = child
        if ready_at_s >= recovery.ready_at_s:
            recovery.ready_at_s = ready_at_s
            recovery.culprit = child.name
        if not is_new:
            recovery.scope.cancel()
        elif self.nursery is not None:
            self.nursery.start_soon(self._carry_out, key, recovery)

    async def _carry_out(self, key: str, recovery: Recovery) -> None:
        try:
            while recovery.pending:
                with recovery.scope:
                    await self._attempt(recovery)
                # Replaced after an attempt, not before one: who wants to interrupt the next may come before it begins.
                pause, recovery.pause = recovery.pause, trio.Event()
                recovery.scope = trio.CancelScope()
                pause.set()
        finally:
            del self._recoveries[key]
            recovery.pause.set()
            recovery.done.set()

    async def _attempt(self, recovery: Recovery) -> None:
        await self._stop_group(recovery)
        await trio.sleep_until(recovery.ready_at_s)
        await self._keep_distance(recovery)
        for child in [child for child in self._table.values() if child.name in recovery.pending]:
            if child.name not in recovery.pending:
                continue
            await self._launcher.end(child)
            try:
                await self._launcher.begin(child, ChildState.RESTARTING, partial(self._came_up, recovery, child))
            except StartFailed as failure:
                recovery.pending.pop(child.name, None)
                self._judge_start(child, failure.exit)
                return

    def _came_up(self, recovery: Recovery, child: Child) -> None:
        recovery.pending.pop(child.name, None)
        child.restarts += 1
        self._around.tell(ChildRestarted(self._path, child.name, child.incarnation, child.restarts))

    def _judge_start(self, child: Child, exit_: Exit) -> None:
        if child.state is ChildState.RESTARTING:  # otherwise somebody stopped it meanwhile, and settles it
            self.judge(child, exit_)

    async def _stop_group(self, recovery: Recovery) -> None:
        while recovery.failed:
            steps = plan(self._spec.strategy, tuple(self._table), recovery.failed[0].name)
            group = [self._table[name] for name in steps.stop if self._is_of_the_group(recovery, name)]
            for child in group:  # marked first: whoever ends from now on is no new failure
                child.state = ChildState.STOPPING
                recovery.pending[child.name] = child
            for child in group:
                await self._launcher.end(child)
                if child.name not in recovery.pending:
                    continue
                if child.is_temporary:
                    del recovery.pending[child.name]
                    self.settle(child)
                else:
                    child.life = None
                    child.state = ChildState.RESTARTING
            recovery.failed = recovery.failed[1:]

    def _is_of_the_group(self, recovery: Recovery, name: str) -> bool:
        child = self._table[name]
        return child.state is ChildState.RUNNING or (name in recovery.pending and child.life is not None)

    async def _keep_distance(self, recovery: Recovery) -> None:
        if self._spec.spacing_s:
            now_s = trio.current_time()
            slot_s = max(now_s, self._next_slot_s)
            self._next_slot_s = slot_s + self._spec.spacing_s
            for name in recovery.pending:
                self._window.excuse(name, slot_s - now_s)
            await trio.sleep_until(slot_s)


def _innermost(child: str, cause: BaseException | None) -> tuple[str, BaseException | None]:
    """Follow a nested supervisor's failure down to the child that caused it."""
    while isinstance(cause, RestartLimitReached | TreeStopped):
        child, cause = f"{child}/{cause.child}", cause.cause
    return child, cause
