"""Who is stopped and who is started when a child has ended. Pure: names in, names out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from supervision.errors import DoNotRestart
from supervision.exits import Exit, ExitKind
from supervision.spec import Restart, Strategy


@dataclass(frozen=True, slots=True)
class Plan:
    """`stop` in the order of stopping, `start` in the order of starting; the failed one is in `start` only."""

    stop: tuple[str, ...]
    start: tuple[str, ...]


def wants_restart(restart: Restart, exit_: Exit) -> bool:
    """Say whether a child that ended like this comes back."""
    if exit_.kind is ExitKind.IGNORED or isinstance(exit_.cause, DoNotRestart):
        return False
    return restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and not exit_.kind.orderly)


def plan(strategy: Strategy, names: Sequence[str], failed: str) -> Plan:
    """Plan the restart of `failed` among all children, `names`, which stand in start order."""
    if strategy is Strategy.ONE_FOR_ONE:
        return Plan((), (failed,))
    first = 0 if strategy is Strategy.ONE_FOR_ALL else names.index(failed)
    group = tuple(names[first:])
    return Plan(tuple(name for name in reversed(group) if name != failed), group)
