"""Writes the catalogue of log events as a page: docs/log-events.md is this and nothing else.

By hand: `python -m t3actors.watch.catalogue > docs/log-events.md`. A test keeps the two the same.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from itertools import groupby
from types import ModuleType

from t3actors import events
from t3actors.events import CATALOGUE, LogEvent

HEAD = """\
# Log events

One line per event, JSON, UTC; on a transition, not on a repeat. Keys that every line has: `timestamp`, `level`, `event`, `gateway`.
Units stand in the key's name: `_s` seconds, `_ms` milliseconds, `_mb` megabytes, `_at` Unix UTC milliseconds.

## What repeats itself

A device that flaps would fill the log. Of one kind of line (one event, one device or link or actor, one reason but for its numbers) at most
three an hour are written as they come. What comes beyond them is counted, and told in one line of the same event:

- `repeated`: so many came that were not written. The other keys are those of the last of them.
- `since_at`: when the first of them came.

The first such line comes ten minutes later, each further one after twice as long, at most six hours. Its level is `error` where
the event's own is `warning`. Once nothing of the kind came for an hour, the next is written as it comes again. So the lines without
`repeated`, and the numbers of those with it, add up to all that happened; each single transition of a device or point, with its time, is a
row of EVENTS.

Not summed up: debug lines; those of the gateway itself (`gateway.*`, `host.*`, `watchdog.*`); what a person did (`reload.*`,
`device.stopped`, `device.started`, `device.added`, `interval.set`); `history.expired`; and those that count by themselves (`log.dropped`,
`api.refused`, `api.flooded`, `api.hung_up`).

This page is made from `t3actors/events/`; a test keeps them the same.
"""


def event_modules() -> list[ModuleType]:
    """Every module that fills the catalogue."""
    names = sorted(module.name for module in pkgutil.iter_modules(events.__path__))
    return [importlib.import_module(f"t3actors.events.{name}") for name in names]


def page() -> str:
    """The whole page."""
    event_modules()
    parts = [HEAD]
    by_noun = sorted(CATALOGUE.values(), key=lambda event: event.name)
    for noun, of_noun in groupby(by_noun, key=lambda event: event.name.partition(".")[0]):
        parts.append(f"\n## {noun}\n")
        parts.extend(_section(event) for event in of_noun)
    return "".join(parts)


def _section(event: LogEvent) -> str:
    keys = ", ".join(f"`{key}`" for key in event.keys) or "none"
    return (
        f"\n### `{event.name}` ({event.level})\n\n{event.meaning}\n\n- **Do:** {event.what_to_do}\n- **Keys:** {keys}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
