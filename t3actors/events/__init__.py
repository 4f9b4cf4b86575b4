"""The catalogue of log events: what each means and what to do. docs/log-events.md is made from it.

An event is logged on a transition, not on a repeat. Names are `noun.participle`; keys are snake_case with their unit.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class LogEvent(msgspec.Struct, frozen=True):
    """One kind of line in the log."""

    name: str
    level: Level
    keys: tuple[str, ...]
    meaning: str
    what_to_do: str = "Nothing."


class Log(Protocol):
    """Where events go. Never blocks, never raises. Thread: any."""

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Log `event` with its keys."""


def silent(event: LogEvent, /, **keys: object) -> None:
    """Log nowhere."""


CATALOGUE: dict[str, LogEvent] = {}


def event(name: str, level: Level, keys: str, meaning: str, what_to_do: str = "Nothing.") -> LogEvent:
    """Put an event into the catalogue; `keys` are separated by blanks."""
    made = CATALOGUE[name] = LogEvent(name, level, tuple(keys.split()), meaning, what_to_do)
    return made
