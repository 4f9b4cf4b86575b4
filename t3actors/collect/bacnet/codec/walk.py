"""A walk over tags, one after another. Pure; the decoders of services, of lists of subscriptions, of schedules and alarms use it.

`decoded` is the door of a constructed value: what is no such value comes out as None and costs its column, whatever the octets are.
Within, whoever does not find what belongs there raises FramingBroken.

Source: ANSI/ASHRAE 135, 20.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import (
    CONTEXT,
    Constructed,
    FramingBroken,
    ObjectId,
    Primitive,
    Several,
    Undecodable,
    Value,
    closing,
    head,
    primitive,
    value_between,
)

UNSIGNED, SIGNED, REAL, DOUBLE, OCTETS, ENUMERATED, DATE, TIME, OBJECT = 2, 3, 4, 5, 6, 9, 10, 11, 12
"""Application tag numbers: what a context tag's content is to be read as."""
MOST_OCTETS = 1 << 16  # of one such property: the longest real ones have a few thousand

T = TypeVar("T")


def decoded(answer: Answer, decode: Callable[[Walk], T]) -> T | None:
    """Give what `decode` makes of the whole of a constructed value or an empty list; None where it is no such value."""
    if not isinstance(answer, Constructed) and answer != Several(()):
        return None
    octets = bytes(answer) if isinstance(answer, Constructed) else b""
    if len(octets) > MOST_OCTETS:
        return None
    walk = Walk(octets)
    try:
        made = decode(walk)
    except FramingBroken:
        return None
    return None if walk.more else made


class Walk:
    """Takes tagged values off octets. **Raises**: FramingBroken, each method."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = len(data)

    @property
    def more(self) -> bool:
        """Say whether anything is left."""
        return self._at < self._end

    def has(self, number: int) -> bool:
        """Say whether a value or an opening tag under this context number is next."""
        if not self.more:
            return False
        tag = head(self._data, self._at)
        return tag.form == CONTEXT and tag.number == number and tag.length != -2

    def plain(self, kind: int | None = None) -> Primitive:
        """Take the value of an application tag, of type `kind` where it matters."""
        tag = head(self._data, self._at)
        if tag.form or kind not in {None, tag.number}:
            raise FramingBroken
        return self._value(tag.number, tag.lvt, tag.content_at, tag.length)

    def context(self, number: int, kind: int) -> Primitive:
        """Take the value under this context tag, which is to be read as one of application type `kind`."""
        tag = head(self._data, self._at)
        if not tag.form or tag.number != number or tag.length < 0:
            raise FramingBroken
        return self._value(kind, tag.lvt, tag.content_at, tag.length)

    def whole(self, number: int, kind: int = UNSIGNED) -> int:
        """Take an unsigned, signed or enumerated number under this context tag."""
        found = self.context(number, kind)
        if not isinstance(found, int):
            raise FramingBroken
        return int(found)

    def object(self, number: int) -> ObjectId:
        """Take an object identifier under this context tag."""
        found = self.context(number, OBJECT)
        if not isinstance(found, ObjectId):
            raise FramingBroken
        return found

    def inside(self, number: int) -> Walk:
        """Take what stands between an opening and its closing tag of this context number."""
        start, end = self._between(number)
        return Walk(self._data[start:end])

    def value(self, number: int) -> Value | Undecodable:
        """Take a value of any type that stands between an opening and its closing tag of this context number."""
        return value_between(self._data, *self._between(number))

    def must_end(self) -> None:
        """Insist that nothing is left."""
        if self.more:
            raise FramingBroken

    def _between(self, number: int) -> tuple[int, int]:
        tag = head(self._data, self._at)
        if tag.length != -1 or tag.number != number:
            raise FramingBroken
        end = closing(self._data, tag.content_at, number)
        self._at = head(self._data, end).content_at
        return tag.content_at, end

    def _value(self, kind: int, lvt: int, at: int, length: int) -> Primitive:
        value = primitive(kind, lvt, self._data[at : at + length])
        if isinstance(value, Undecodable):
            raise FramingBroken
        self._at = at + length
        return value
