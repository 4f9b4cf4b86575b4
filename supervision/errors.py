"""Errors named by what the receiver must do, and two dispositions to mix into one's own exceptions.

BadSpec: the programmer mends the specification. ChildStartFailed: whoever asked for the child decides.
RestartLimitReached and TreeStopped: the parent escalates; at the root the program ends. StopTimedOut, StartTimedOut
and TooLate: the operator looks at the child they name. The ChildError family answers an administrative call.
"""

from __future__ import annotations


class SupervisionError(Exception):
    """Anything this package raises on its own account."""


class DoNotRestart(Exception):
    """Mix into an exception: whoever exits with it stays down, whatever its restart type says."""


class StopTree(Exception):
    """Mix into an exception: whoever exits with it takes the whole tree down, up to the root."""


class BadSpec(SupervisionError, ValueError):
    """A specification that cannot be meant. Raised before anything starts."""


class Ignore(SupervisionError):
    """Raised by a child's start or on_start: not wanted at present. It is not a failure; the child stays down."""


class ChildStartFailed(SupervisionError):
    """A child did not come up. `child` is its path below the supervisor that was asked, `cause` the true error."""

    def __init__(self, child: str, cause: BaseException) -> None:
        super().__init__(f"{child} did not start: {describe(cause)}")
        self.child = child
        self.cause = cause
        self.__cause__ = cause


class RestartLimitReached(SupervisionError):
    """More restarts inside the period than allowed. `child` is the path of the one that failed last."""

    def __init__(
        self, supervisor: str, child: str, restarts: int, period_s: float, cause: BaseException | None
    ) -> None:
        last = "it ended by itself" if cause is None else describe(cause)
        super().__init__(f"{supervisor} gave up: more than {restarts} restarts in {period_s} s, last {child}: {last}")
        self.supervisor = supervisor
        self.child = child
        self.restarts = restarts
        self.period_s = period_s
        self.cause = cause
        self.__cause__ = cause


class TreeStopped(SupervisionError, StopTree):
    """A child exited with a StopTree error, so nothing of the tree goes on."""

    def __init__(self, supervisor: str, child: str, cause: BaseException) -> None:
        super().__init__(f"{supervisor} was stopped by {child}: {describe(cause)}")
        self.supervisor = supervisor
        self.child = child
        self.cause = cause
        self.__cause__ = cause


class StartTimedOut(SupervisionError):
    """A child's on_start took longer than its start_timeout_s."""


class StopTimedOut(SupervisionError):
    """A child that was asked to stop did not, within its stop_timeout_s."""


class TooLate(SupervisionError):
    """A child worked too long on one message, or let the deadline pass that it had declared itself."""


class NobodyThere(SupervisionError):
    """Nobody plays the role that was asked, or the one who did ended before it answered."""


class RoleTaken(SupervisionError):
    """Two living actors would play one role."""


class WouldBlockTheLoop(SupervisionError, RuntimeError):
    """A blocking wait on the trio thread for something that only the trio thread can bring about."""


class ChildError(SupervisionError):
    """An administrative call that does not fit the child's state."""

    state = "is not as the call needs it"

    def __init__(self, supervisor: str, child: str) -> None:
        super().__init__(f"{supervisor}: child {child!r} {self.state}")
        self.supervisor = supervisor
        self.child = child


class NotFound(ChildError):
    """No child of that name."""

    state = "is not known"


class AlreadyStarted(ChildError):
    """start_child of a child that runs."""

    state = "is started already"


class AlreadyPresent(ChildError):
    """start_child of a child that is known but down: restart_child or delete_child is meant."""

    state = "is present already, but not running"


class StillRunning(ChildError):
    """restart_child or delete_child of a child that runs."""

    state = "is still running"


class Restarting(ChildError):
    """restart_child or delete_child of a child that waits for its restart."""

    state = "is being restarted"


class NotRunning(SupervisionError):
    """An administrative call to a supervisor that is not up (yet, or any more)."""


def describe(error: BaseException) -> str:
    """Say an error in one line: its class and its text."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
