"""Where a fault of the configuration stands and how it is said: one line each, all of them collected.

    conf.d/ahu.toml: devices[2] "ahu-1": points[3] "supply".register: saw 70000; allowed: a whole number from 0 to 65535

Tables of an array count from 1, as a person counts them in the file. Pure.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable

import msgspec

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_SEEN = 60


class NotAllowed(ValueError):
    """A value that this key does not take. `allowed` says what it takes."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class Place(msgspec.Struct, frozen=True):
    """A file and a key path in it, with the list that every fault goes to."""

    lines: list[str]
    file: str
    path: str = ""

    def key(self, name: str) -> Place:
        """The place of this key of the table that stands here."""
        shown = name if _BARE_KEY.fullmatch(name) else shortened(json.dumps(name))
        joint = "" if not self.path else ": " if self.path.endswith('"') and " " in self.path else "."
        return Place(self.lines, self.file, f"{self.path}{joint}{shown}")

    def item(self, number: int, name: object = None) -> Place:
        """The place of an array's table, counted from 1, with the name it goes by."""
        named = f" {seen(name)}" if isinstance(name, str) else ""
        return Place(self.lines, self.file, f"{self.path}[{number}]{named}")

    def refuse(self, value: object, allowed: str) -> None:
        """Say what was seen and what is allowed instead."""
        self.say(f"saw {seen(value)}; allowed: {allowed}")

    def say(self, what: str) -> None:
        """Add a fault in words of its own."""
        self.lines.append(f"{self}: {what}")

    def unknown(self, name: str, known: Iterable[str]) -> None:
        """Refuse a key that is not known here, with the nearest that is."""
        names = list(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f', did you mean "{near[0]}"?' if near else ""
        self.key(name).say(f"unknown key{hint}; allowed: {', '.join(names)}")

    def __str__(self) -> str:
        return f"{shown_path(self.file)}: {self.path}" if self.path else shown_path(self.file)


def seen(value: object) -> str:
    """Show a TOML value on one short line, as the file spells it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return shortened(json.dumps(value, ensure_ascii=False))
        case int() | float():
            return shortened(_number(value))
        case dt.date() | dt.time():
            return f"the date or time {value.isoformat()}"
        case list():
            return f"an array of {len(value)}"
    return "a table" if isinstance(value, dict) else f"a {type(value).__name__}"


def shown_path(path: str) -> str:
    """Show a path on one line, whatever its bytes."""
    return "".join(letter if letter.isprintable() else "?" for letter in path)


def shortened(text: str) -> str:
    """Cut a long text in its middle."""
    return text if len(text) <= _LONGEST_SEEN else f"{text[:40]}...{text[-12:]}"


def _number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a whole number of {value.bit_length()} bits"
    return repr(value)
