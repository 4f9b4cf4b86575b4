"""How a child ended: its kind, its single true cause, its traceback as text. Pure.

Called by the actors, who turn every way out of their code into an Exit, and by the supervisor, who acts on it.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from enum import Enum

import trio

from supervision.errors import describe

FRAMES = 50  # an exception object that is raised again and again grows its traceback each time


class ExitKind(Enum):
    """What ended a child."""

    NORMAL = "normal"  # it stopped by itself
    SHUTDOWN = "shutdown"  # it was asked to and obeyed
    CRASHED = "crashed"  # an exception
    KILLED = "killed"  # it was cancelled or given up on
    LATE = "late"  # the watchdog lost patience
    START_FAILED = "start failed"
    IGNORED = "ignored"  # it said that it is not wanted at present

    @property
    def orderly(self) -> bool:
        """Say whether a transient child stays down after it."""
        return self in {ExitKind.NORMAL, ExitKind.SHUTDOWN, ExitKind.IGNORED}


@dataclass(frozen=True, slots=True)
class Exit:
    """One end of one incarnation."""

    kind: ExitKind
    cause: BaseException | None = None
    traceback_text: str = ""
    mail_dropped: int = 0
    tasks_left: int = 0  # background tasks that swallowed their cancellation

    @property
    def reason(self) -> str:
        """Say in one line why."""
        return self.kind.value if self.cause is None else describe(self.cause)

    def without_frames(self) -> Exit:
        """Drop the live exception, which would keep the dead actor and all its data alive; the text stays."""
        return self if self.cause is None else replace(self, cause=Cold(describe(self.cause)))


class Cold(Exception):
    """Stands for an exception that was let go of."""


def leaves(error: BaseException) -> list[BaseException]:
    """List the exceptions inside a group, however nested; a plain exception is its own only leaf."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in leaves(part)]


def only_cancelled(error: BaseException) -> bool:
    """Say whether nothing but cancellation is in it."""
    return all(isinstance(leaf, trio.Cancelled) for leaf in leaves(error))


def true_cause(error: BaseException) -> BaseException:
    """Pick the one exception that matters out of what nurseries wrapped: the first that is not a cancellation."""
    found = leaves(error)
    return next((leaf for leaf in found if not isinstance(leaf, trio.Cancelled)), found[0])


def traceback_text(error: BaseException) -> str:
    """Format an exception, its causes and the members of its groups, each with its last FRAMES frames."""
    return "".join(traceback.format_exception(error, limit=-FRAMES))


def crashed(error: BaseException) -> Exit:
    """Turn an exception that got out of a child into its exit."""
    return Exit(ExitKind.CRASHED, true_cause(error), traceback_text(error))
