"""The table of a supervisor's children: what is known of each, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from supervision.exits import Exit
from supervision.life import Life
from supervision.spec import ChildSpec, Restart, SupervisorSpec


class ChildState(Enum):
    """What a child is doing."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"  # ended, and waiting for, or attempting, its next start
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """One row for a reader. `last_exit` holds the text of its cause, not the live exception."""

    name: str
    state: ChildState
    incarnation: int
    restarts: int
    last_exit: Exit | None
    kind: str  # "task" | "thread" | "supervisor"; "" before its first start


@dataclass(frozen=True, slots=True)
class Counts:
    """How many children are known, run, are supervisors, are workers."""

    specs: int
    active: int
    supervisors: int
    workers: int


@dataclass(slots=True, eq=False)
class Child:
    """One row of the table. Only the supervisor writes it, on the trio thread."""

    spec: ChildSpec | SupervisorSpec
    state: ChildState = ChildState.STOPPED
    life: Life | None = None
    incarnation: int = 0
    restarts: int = 0
    uptime_s: float = 0.0  # of its last life
    attempt: int = 0  # failures in a row, for the back-off
    last_exit: Exit | None = None
    kind: str = field(default="")
    keep_down: bool = False  # somebody asked for it to be stopped while it was ending

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def is_temporary(self) -> bool:
        """Say whether it is forgotten when it ends."""
        return self.spec.restart is Restart.TEMPORARY

    @property
    def heartbeat_timeout_s(self) -> float | None:
        """Return the bound on one message, if there is one."""
        return self.spec.heartbeat_timeout_s if isinstance(self.spec, ChildSpec) else None

    def info(self) -> ChildInfo:
        """Copy the row for a reader."""
        return ChildInfo(self.name, self.state, self.incarnation, self.restarts, self.last_exit, self.kind)


def count(children: tuple[Child, ...]) -> Counts:
    """Count the table."""
    supervisors = sum(isinstance(child.spec, SupervisorSpec) for child in children)
    active = sum(child.state is ChildState.RUNNING for child in children)
    return Counts(len(children), active, supervisors, len(children) - supervisors)
