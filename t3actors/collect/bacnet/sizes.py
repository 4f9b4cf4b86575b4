"""How many octets a question takes, and its answer will probably take, so that the first plan of requests usually fits. Pure.

Numbers and flags have sizes that the standard fixes; texts have those that real devices give them, until `Seen` has seen those that
this device gives them.

Source: ANSI/ASHRAE 135, 20.1 (headers), 20.2 (tags), 15.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Several, elements

REQUEST_HEADER = 4  # 20.1.2: type and flags, sizes accepted, invoke id, service; unsegmented
ANSWER_HEADER = 3  # 20.1.5: type and flags, invoke id, service; unsegmented
SEGMENT_HEADER = 5  # 20.1.5: and sequence number, window size
OBJECT = 7  # object identifier under its tag, opening and closing tag of the list

OBJECT_LIST, PRESENT_VALUE = 76, 85
_SMALLEST_ANSWER = 4  # an error in the value's place: class and code
_TEXT = 26  # a name of 22 letters with tag, length and character set
_OTHER = 16
_BY_PROPERTY = {
    4: 14,  # active-text
    22: 5,  # cov-increment
    28: 40,  # description
    36: 2,  # event-state
    44: _TEXT,  # firmware-revision
    46: 14,  # inactive-text
    62: 3,  # max-apdu-length-accepted
    70: _TEXT,  # model-name
    74: 2,  # number-of-states
    75: 5,  # object-identifier
    76: 400,  # object-list: 80 objects; with an index one
    77: _TEXT,  # object-name
    79: 2,  # object-type
    81: 1,  # out-of-service
    103: 2,  # reliability
    104: 5,  # relinquish-default
    107: 2,  # segmentation-supported
    110: 60,  # state-text: five texts
    111: 3,  # status-flags
    112: 2,  # system-status
    117: 3,  # units
    120: 3,  # vendor-identifier
    121: _TEXT,  # vendor-name
    155: 5,  # database-revision
}
_SURE = frozenset((22, 36, 62, 74, 75, 79, 81, 103, 104, 107, 111, 112, 117, 120, 155))  # no text, no list
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
