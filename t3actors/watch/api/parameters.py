"""What a path or a query may say: each parameter with how it is read, what is allowed and how openapi.json describes it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from t3actors.moments import MOMENT_FORM, moment_ms
from t3actors.quoting import quoted
from t3actors.watch.api.refusals import Refused

FOREVER_MS = 1 << 52
MOST_WORDS = 8
LONGEST_SEARCH = 200
_WORD = "[^\\u0000-\\u0020\\u007f-\\u00a0]+"
NAME = re.compile("[ -~]{1,300}")
WORDS = re.compile(f" *{_WORD}( +{_WORD}){{0,{MOST_WORDS - 1}}} *")
"""What is read, and the same word for word in openapi.json: Python and JSON Schema (ECMA-262) read it alike."""
MOMENTS = "^([0-9]{1,15}|[0-9]{1,6} ?(ms|s|m|h|d))$"
"""The moments that a pattern can tell; a time such as 2026-11-22T10:30 is read as well."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """`read` makes the value of the text, or raises ValueError; `default` stands where it is left out, unless it is `needed`."""

    name: str
    says: str
    allowed: str
    schema: dict[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False
    in_path: bool = False

    def value_of(self, text: str | None) -> Any:
        """Return the value. **Raises**: Refused."""
        if text is None:
            if self.needed:
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{self.name}: missing; needed: {self.allowed}")
            return self.default
        try:
            return self.read(text)
        except (ValueError, OverflowError):
            why = f'{self.name}: saw "{quoted(text)}"; allowed: {self.allowed}'
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, why) from None


def query_values(parameters: Sequence[Parameter], given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Read a query. **Raises**: Refused for a name that is not known, comes twice or has no value that is allowed."""
    known = {parameter.name: parameter for parameter in parameters if not parameter.in_path}
    texts: dict[str, str] = {}
    for name, text in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f'no parameter "{quoted(name)}"; allowed: {allowed}')
        if name in texts:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: given twice")
        texts[name] = text
    return {name: parameter.value_of(texts.get(name)) for name, parameter in known.items()}


def path_values(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what stands in the path."""
    return {each.name: each.value_of(str(given[each.name])) for each in parameters if each.in_path}


def text(name: str, says: str, *, needed: bool = False) -> Parameter:
    """A name, as devices and points have it."""
    schema = {"type": "string", "pattern": f"^{NAME.pattern}$"}
    allowed = "1 to 300 printable characters of ASCII"
    return Parameter(name=name, says=says, allowed=allowed, schema=schema, read=name_of, needed=needed)


def name_of(raw: str) -> str:
    """Return a name. **Raises**: ValueError."""
    if NAME.fullmatch(raw) is None:
        raise ValueError
    return raw


def in_path(name: str, says: str) -> Parameter:
    """A name in the path."""
    schema = {"type": "string", "minLength": 1, "maxLength": 300, "pattern": "^[A-Za-z0-9._:@-]+$"}
    return Parameter(name=name, says=says, allowed="a name", schema=schema, read=str, needed=True, in_path=True)


def one_of(name: str, says: str, words: Sequence[str]) -> Parameter:
    """One of several words."""

    def read(raw: str) -> str:
        if raw not in words:
            raise ValueError
        return raw

    allowed = " | ".join(words)
    return Parameter(name=name, says=says, allowed=allowed, schema={"type": "string", "enum": list(words)}, read=read)


def whole(name: str, says: str, low: int, high: int, default: int) -> Parameter:
    """A whole number."""

    def read(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or len(raw) > 15 or not low <= int(raw) <= high:
            raise ValueError
        return int(raw)

    schema = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    allowed = f"a whole number from {low} to {high}"
    return Parameter(name=name, says=says, allowed=allowed, schema=schema, read=read, default=default)


def words(name: str, says: str) -> Parameter:
    """Words between blanks; none when left out."""

    def read(raw: str) -> tuple[str, ...]:
        if len(raw) > LONGEST_SEARCH or WORDS.fullmatch(raw) is None:
            raise ValueError
        return tuple(word for word in raw.split(" ") if word)

    allowed = f"1 to {MOST_WORDS} words of printable characters, {LONGEST_SEARCH} together"
    schema = {"type": "string", "maxLength": LONGEST_SEARCH, "pattern": f"^{WORDS.pattern}$"}
    return Parameter(name=name, says=says, allowed=allowed, schema=schema, read=read, default=())


def flag(name: str, says: str) -> Parameter:
    """Yes or no; no when left out."""

    def read(raw: str) -> bool:
        if raw not in {"true", "false"}:
            raise ValueError
        return raw == "true"

    schema = {"type": "boolean", "default": False}
    return Parameter(name=name, says=says, allowed="true | false", schema=schema, read=read, default=False)


def moment(name: str, says: str, now_ms: Callable[[], int]) -> Parameter:
    """A moment, as Unix milliseconds; None when left out."""

    def read(raw: str) -> int:
        if raw.isascii() and raw.isdigit() and len(raw) <= 15:
            return int(raw)
        return max(0, moment_ms(raw, now_ms(), dt.UTC))

    allowed = f"Unix milliseconds, {MOMENT_FORM} (UTC unless it says otherwise)"
    schema = {"type": "string", "pattern": MOMENTS, "examples": ["1767232805115", "24h"]}
    return Parameter(name=name, says=says, allowed=allowed, schema=schema, read=read)
