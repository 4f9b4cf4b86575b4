"""What one key of the configuration takes: its type for msgspec, a parser behind it, and the words that say so.

A section is a table of these keys. `read_table` converts key by key, so that one bad value hides no other. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, get_args

import msgspec

from t3actors.configure.durations import DURATION_FORM, SIZE_FORM, duration_s, duration_text, size_bytes
from t3actors.configure.faults import NotAllowed, Place

NAME_FORM = "1 to 64 of A-Z a-z 0-9 . _ -"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Key(msgspec.Struct, frozen=True):
    """One key: `type` is what msgspec converts to, `then` what is made of it, `allowed` how that reads in a fault."""

    type: Any
    allowed: str
    then: Callable[[Any], Any] | None = None
    required: bool = False

    def read(self, raw: object, *, from_text: bool = False) -> Any:
        """Convert a raw value; `from_text` for a CSV cell, where numbers and flags are text.

        Raises: NotAllowed.
        """
        try:
            value = msgspec.convert(raw, self.type, strict=not from_text)
            return value if self.then is None else self.then(value)
        except NotAllowed:
            raise
        except (msgspec.ValidationError, ValueError, OverflowError) as fault:
            raise NotAllowed(self.allowed) from fault


Keys = Mapping[str, Key]


def read_table(raw: object, keys: Keys, place: Place, *, from_text: bool = False) -> dict[str, Any]:
    """Convert every key of a table; what is unknown, missing or wrong becomes a fault, the rest is returned."""
    if not isinstance(raw, dict):
        place.refuse(raw, f"a table with the keys {', '.join(keys)}")
        return {}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in keys:
            place.unknown(name, keys)
            continue
        try:
            values[name] = keys[name].read(value, from_text=from_text)
        except NotAllowed as fault:
            place.key(name).refuse(value, fault.allowed)
    for name, key in keys.items():
        if key.required and name not in raw:
            place.key(name).say(f"missing; needed: {key.allowed}")
    return values


def needed(key: Key) -> Key:
    """The same key, but it must be there."""
    return msgspec.structs.replace(key, required=True)


def flag() -> Key:
    """A key that takes true or false."""
    return Key(bool, "true or false")


def whole(low: int, high: int, note: str = "") -> Key:
    """A key that takes a whole number."""
    return Key(Annotated[int, msgspec.Meta(ge=low, le=high)], f"a whole number from {low} to {high}{note}")


def number(low: float = -math.inf, high: float = math.inf, *, but: float | None = None) -> Key:
    """A key that takes a finite number between two bounds; `but` is the one value it does not take."""

    def within(value: float) -> float:
        if not math.isfinite(value) or not low <= value <= high or value == but:
            raise ValueError
        return value

    limits = [f"{word} {limit:g}" for word, limit in (("from", low), ("to", high)) if math.isfinite(limit)]
    words = ["a number", *limits] + ([] if but is None else [f"other than {but:g}"])
    return Key(float, " ".join(words), within)


def one_of(words: Any) -> Key:
    """A key that takes one word of a Literal or StrEnum."""
    is_enum = isinstance(words, type) and issubclass(words, StrEnum)
    return Key(words, " | ".join(f'"{word}"' for word in (list(words) if is_enum else get_args(words))))


def duration(low_s: float, high_s: float) -> Key:
    """A key that takes a duration; its value is in seconds."""

    def within(text: str) -> float:
        seconds = duration_s(text)
        if not low_s <= seconds <= high_s:
            raise ValueError
        return seconds

    return Key(str, f'a duration from "{duration_text(low_s)}" to "{duration_text(high_s)}", {DURATION_FORM}', within)


def size(least: int = 0) -> Key:
    """A key that takes a size of at least so many bytes; its value is in bytes."""

    def enough(text: str) -> int:
        value = size_bytes(text)
        if value < least:
            raise ValueError
        return value

    from_least = f'a size of at least "{least // 1000}kB", ' if least else "a size, "
    return Key(str, from_least + SIZE_FORM, enough)


def name() -> Key:
    """A key that takes a name: it appears in paths, topics and on the command line."""

    def named(text: str) -> str:
        if _NAME.fullmatch(text) is None or text in {".", ".."}:
            raise ValueError
        return text

    return Key(str, NAME_FORM, named)


def text(longest: int) -> Key:
    """A key that takes a line of text for people."""
    return Key(str, f"one line of at most {longest} characters", lambda value: _printable(value, longest))


def texts(longest: int) -> Key:
    """A key that takes several of them; in a CSV cell they are separated by `|`."""

    def each(value: list[str] | str) -> tuple[str, ...]:
        return tuple(_printable(item, longest) for item in (value.split("|") if isinstance(value, str) else value))

    words = f'an array of texts such as ["off", "on"], each of at most {longest} characters (in CSV: off|on)'
    return Key(list[str] | str, words, each)


def path() -> Key:
    """A key that takes a path of the file system."""

    def form(value: str) -> str:
        if not value.strip() or value.startswith("~"):
            raise ValueError
        return _printable(value, 1000)

    return Key(str, 'a path, absolute or relative ("~" is not expanded)', form)


def _printable(value: str, longest: int) -> str:
    if len(value) > longest or not value.isprintable():
        raise ValueError
    return value
