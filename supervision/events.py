"""What a supervisor tells the outside: frozen data, no log text. `supervisor` is a path from the root, "gateway/devices"."""

from __future__ import annotations

from dataclasses import dataclass

from supervision.exits import ExitKind


@dataclass(frozen=True, slots=True)
class Event:
    """Anything told."""


@dataclass(frozen=True, slots=True)
class ChildEvent(Event):
    """Something about one child."""

    supervisor: str
    child: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class ChildStarted(ChildEvent):
    """A child came up for the first time, or by an administrative call."""


@dataclass(frozen=True, slots=True)
class ChildExited(ChildEvent):
    """A child ended, for whatever reason."""

    kind: ExitKind
    cause: BaseException | None
    traceback_text: str
    uptime_s: float


@dataclass(frozen=True, slots=True)
class ChildRestartScheduled(ChildEvent):
    """A child will be started again; the incarnation is the one that ended."""

    attempt: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class ChildRestarted(ChildEvent):
    """A child came up again; `restarts` counts them since the supervisor started."""

    restarts: int


@dataclass(frozen=True, slots=True)
class ChildLate(ChildEvent):
    """A child is restarted because it worked too long on one "message", or passed its own "deadline"."""

    what: str
    late_by_s: float
    stack_text: str


@dataclass(frozen=True, slots=True)
class ChildAbandoned(ChildEvent):
    """A child (or a background task of it) could not be ended and is left behind, fenced. `what`: "thread" or "task"."""

    what: str
    stack_text: str


@dataclass(frozen=True, slots=True)
class AbandonedEnded(ChildEvent):
    """A child that was left behind has ended after all."""


@dataclass(frozen=True, slots=True)
class MailDropped(ChildEvent):
    """So many messages lay in a child's inbox when it ended."""

    count: int


@dataclass(frozen=True, slots=True)
class RestartLimitExceeded(ChildEvent):
    """A supervisor gives up and hands the fault to its parent."""

    restarts: int
    period_s: float
    cause: BaseException | None


@dataclass(frozen=True, slots=True)
class SupervisorStarted(Event):
    """All static children of a supervisor are up."""

    supervisor: str


@dataclass(frozen=True, slots=True)
class SupervisorStopped(Event):
    """A supervisor and all its children are down; `cause` is None after an orderly stop."""

    supervisor: str
    cause: BaseException | None


@dataclass(frozen=True, slots=True)
class LoopStalled(Event):
    """The trio loop has not turned for longer than its limit; this is what its thread was doing."""

    stalled_for_s: float
    stack_text: str


@dataclass(frozen=True, slots=True)
class LoopResumed(Event):
    """The trio loop turns again."""

    stalled_for_s: float
