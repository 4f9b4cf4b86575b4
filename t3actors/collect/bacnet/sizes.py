"""How many octets a question takes, and its answer will probably take, so that the first plan of requests usually fits. Pure.

Numbers and flags have sizes that the standard fixes; texts have those that real devices give them, until `Seen` has seen those that
this device gives them.

Source: ANSI/ASHRAE 135, 20.1 (headers), 20.2 (tags), 15.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.properties import (
    ACTIVE_TEXT,
    COV_INCREMENT,
    DATABASE_REVISION,
    DESCRIPTION,
    EVENT_STATE,
    FIRMWARE_REVISION,
    INACTIVE_TEXT,
    MAX_APDU_LENGTH_ACCEPTED,
    MODEL_NAME,
    NUMBER_OF_STATES,
    OBJECT_IDENTIFIER,
    OBJECT_LIST,
    OBJECT_NAME,
    OBJECT_TYPE,
    OUT_OF_SERVICE,
    PRESENT_VALUE,
    RELIABILITY,
    RELINQUISH_DEFAULT,
    SEGMENTATION_SUPPORTED,
    STATE_TEXT,
    STATUS_FLAGS,
    SYSTEM_STATUS,
    UNITS,
    VENDOR_IDENTIFIER,
    VENDOR_NAME,
)
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Several, elements

REQUEST_HEADER = 4  # 20.1.2: type and flags, sizes accepted, invoke id, service; unsegmented
ANSWER_HEADER = 3  # 20.1.5: type and flags, invoke id, service; unsegmented
SEGMENT_HEADER = 5  # 20.1.5: and sequence number, window size
OBJECT = 7  # object identifier under its tag, opening and closing tag of the list

_SMALLEST_ANSWER = 4  # an error in the value's place: class and code
_TEXT = 26  # a name of 22 letters with tag, length and character set
_OTHER = 16
_BY_PROPERTY = {
    ACTIVE_TEXT: 14,
    COV_INCREMENT: 5,
    DESCRIPTION: 40,
    EVENT_STATE: 2,
    FIRMWARE_REVISION: _TEXT,
    INACTIVE_TEXT: 14,
    MAX_APDU_LENGTH_ACCEPTED: 3,
    MODEL_NAME: _TEXT,
    NUMBER_OF_STATES: 2,
    OBJECT_IDENTIFIER: 5,
    OBJECT_LIST: 400,  # 80 objects; with an index one
    OBJECT_NAME: _TEXT,
    OBJECT_TYPE: 2,
    OUT_OF_SERVICE: 1,
    RELIABILITY: 2,
    RELINQUISH_DEFAULT: 5,
    SEGMENTATION_SUPPORTED: 2,
    STATE_TEXT: 60,  # five texts
    STATUS_FLAGS: 3,
    SYSTEM_STATUS: 2,
    UNITS: 3,
    VENDOR_IDENTIFIER: 3,
    VENDOR_NAME: _TEXT,
    DATABASE_REVISION: 5,
}
_OF_ANY_TEXT = {  # or a list
    ACTIVE_TEXT, DESCRIPTION, FIRMWARE_REVISION, INACTIVE_TEXT, MODEL_NAME, OBJECT_LIST, OBJECT_NAME, STATE_TEXT, VENDOR_NAME,
}  # fmt: skip
_SURE = frozenset(_BY_PROPERTY) - _OF_ANY_TEXT
_PRESENT_VALUES = {  # by object type
    **dict.fromkeys((0, 1, 2), 5),  # analog: a Real
    **dict.fromkeys((3, 4, 5), 2),  # binary: an Enumerated
    **dict.fromkeys((13, 14, 19), 2),  # multi-state: an Unsigned
    23: 5,  # accumulator
    24: 5,  # pulse converter
    39: 6,  # bit string value
    40: 40,  # character string value
    **dict.fromkeys((41, 42, 49, 50), 5),  # date, time and their patterns
    **dict.fromkeys((43, 44), 10),  # date and time
    45: 5,  # integer value
    46: 10,  # large analog value: a Double
    47: 20,  # octet string value
    48: 5,  # positive integer value
}
_OF_ANY_LENGTH = {39, 40, 47}  # bit string, character string and octet string values


class Want(NamedTuple):
    """Property `which` of one object (`array_index` None: the whole of it), and the octets its value will probably take."""

    object_type: int
    instance: int
    which: int
    array_index: int | None
    value_octets: int

    @property
    def owner(self) -> tuple[int, int]:
        """Whose property it is."""
        return self.object_type, self.instance

    @property
    def request_octets(self) -> int:
        """What asking for it takes, without its object."""
        return _parameter(self.which) + (0 if self.array_index is None else _parameter(self.array_index))

    @property
    def answer_octets(self) -> int:
        """What its result will probably take, without its object."""
        return self.request_octets + 2 + self.value_octets

    @property
    def is_sure(self) -> bool:
        """Whether its value takes no more than that whatever it says: a number, flags; not a text, not a list."""
        if self.which == PRESENT_VALUE:
            return self.object_type in _PRESENT_VALUES and self.object_type not in _OF_ANY_LENGTH
        return self.which in _SURE or (self.which == OBJECT_LIST and self.array_index is not None)


def want(
    object_type: int, instance: int, which: int, index: int | None = None, *, value_octets: int | None = None
) -> Want:
    """Give the want; `value_octets` where more is known of the value than its property says (a state-text's number of texts)."""
    octets = value_octets
    if octets is None:
        octets = _expected(object_type, which, index)
    return Want(object_type, instance, which, index, max(octets, _SMALLEST_ANSWER))


class Seen:
    """How many octets each property's values took at one device, by object type: the mean, and a quarter of the way to the most.

    Only what varies is looked at.
    """

    __slots__ = ("_seen", "version")

    def __init__(self) -> None:
        self.version = 0
        """Goes up when an estimate has changed."""
        self._seen: dict[tuple[int, int, bool], tuple[int, int, int]] = {}

    def learn(self, results: Iterable[Result]) -> None:
        """Take these answers into account."""
        changed = False
        for object_type, _instance, which, index, answer in results:
            octets = _octets(answer)
            if octets is None:
                continue
            key = (object_type, which, index is not None)
            before = self._seen.get(key, (0, 0, 0))
            count, total, most = before
            self._seen[key] = after = count + 1, total + octets, max(most, octets)
            changed |= count == 0 or _likely(*before) != _likely(*after)
        self.version += changed

    def fitted(self, wants: Iterable[Want]) -> list[Want]:
        """Give the wants as large as their like have been."""
        if not self._seen:
            return list(wants)
        return [self._fitted(each) for each in wants]

    def _fitted(self, each: Want) -> Want:
        seen = self._seen.get((each.object_type, each.which, each.array_index is not None))
        return each if seen is None else each._replace(value_octets=_likely(*seen))


def _likely(count: int, total: int, most: int) -> int:
    return (3 * total // count + most + 3) // 4


def _octets(answer: Answer) -> int | None:
    """Give what a value whose size varies took; None where its estimate is right, or not to be known."""
    if isinstance(answer, str):
        return _tagged(1 + len(answer.encode()))
    if isinstance(answer, Several):
        parts = [_octets(each) for each in elements(answer)]
        return None if None in parts else sum(each for each in parts if each is not None)
    if isinstance(answer, PropertyError):
        return _SMALLEST_ANSWER
    if isinstance(answer, int) and not isinstance(answer, bool):
        return 1 + max(1, (answer.bit_length() + 7) // 8)
    return len(answer) if isinstance(answer, bytes) else None


def _tagged(length: int) -> int:
    return length + (1 if length < 5 else 2 if length < 254 else 4)


def _expected(object_type: int, which: int, index: int | None) -> int:
    if which == PRESENT_VALUE:
        return _PRESENT_VALUES.get(object_type, _OTHER)
    if index is not None:
        return 5 if which == OBJECT_LIST or index == 0 else _TEXT
    return _BY_PROPERTY.get(which, _OTHER)


def _parameter(value: int) -> int:
    return 1 + max(1, (value.bit_length() + 7) // 8)
