"""What was read of a point to its Reading: value, flags, status and reason. Pure; called for every point at every poll.

A point is in fault when its reliability says so by name, when its fault flag is set, and when its present-value is an error, no
value of its type, or no number. In alarm, overridden and out of service are flags and no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from math import isfinite
from operator import is_not

from t3actors.collect.bacnet.codec.denials import words
from t3actors.collect.bacnet.codec.properties import OUT_OF_SERVICE, PRESENT_VALUE, RELIABILITY, STATUS_FLAGS
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Bits, Constructed, Date, Several, Time, Undecodable
from t3actors.collect.bacnet.mapping import Item, text_of
from t3actors.collect.bacnet.objects import Shape
from t3actors.points import Reading, Status, Value
from t3actors.singles import shortest

IN_ALARM, FAULT_FLAG, OUT_OF_SERVICE_FLAG, ALL_FLAGS = 1, 2, 8, 15
NOT_ANSWERED = "not in the answer"
NOT_A_NUMBER = "not a number"
OTHER_TYPE = "value is of another type than its object"
RELIABILITIES = {  # 21: BACnetReliability
    1: "no sensor",
    2: "over range",
    3: "under range",
    4: "open loop",
    5: "shorted loop",
    6: "no output",
    7: "unreliable",
    8: "process error",
    9: "multi-state fault",
    10: "configuration error",
    12: "communication failure",
    13: "member fault",
    14: "monitored object fault",
    15: "tripped",
    16: "lamp failure",
    17: "activation failure",
    18: "renew DHCP failure",
    19: "renew foreign device registration failure",
    20: "restart auto-negotiation failure",
    21: "restart failure",
    22: "proprietary command failure",
    23: "faults listed",
    24: "referenced object fault",
    25: "multi-state out of range",
}

_NOTHING = (PropertyError, Undecodable)  # no unions: one built at every call costs more than the rest of a reading
_NUMBERS = (int, float)
_OK, _FAULT = Status.OK, Status.FAULT  # a word of an Enum costs more than all else here (Python 3.11: 160 ns each time)
_NUMBER, _OTHER = Shape.NUMBER, Shape.OTHER

Answers = Mapping[int, Answer]
Owner = tuple[int, int]
"""Object type and instance."""


def differing(before: Sequence[Result], now: Sequence[Result]) -> set[Owner] | None:
    """Give the objects of which not all results are the very same (`is`); None when these are so many that all count as such.

    An object that is not given has the same results in both.
    """
    if len(before) != len(now):
        return None
    others = list(map(is_not, before, now))
    count = others.count(True)
    if 2 * count >= len(now) > 0:
        return None
    if not count:
        return set()
    return {result[:2] for results in (before, now) for result in compress(results, others)}


def readings(items: Mapping[Owner, Item], results: Iterable[Result]) -> tuple[Reading, ...]:
    """Give a reading for each item, by (object type, instance); results of other objects, or by array index, are not used."""
    came: dict[Owner, dict[int, Answer]] = {key: {} for key in items}
    last_type = last_instance = -1
    answers: dict[int, Answer] | None = None
    for object_type, instance, which, index, answer in results:
        if instance != last_instance or object_type != last_type:
            last_type, last_instance = object_type, instance
            answers = came.get((object_type, instance))
        if answers is not None and index is None:
            answers[which] = answer
    return tuple([reading(each, found) for each, found in zip(items.values(), came.values(), strict=True)])


def reading(item: Item, answers: Answers) -> Reading:
    """Give the reading: of present-value, and of status-flags, reliability and out-of-service where they came."""
    point_id = item.point.point_id
    bits = answers.get(STATUS_FLAGS)
    flags = bits.mask & ALL_FLAGS if isinstance(bits, Bits) else 0
    if answers.get(OUT_OF_SERVICE) is True:
        flags |= OUT_OF_SERVICE_FLAG
    manual = int(bool(flags & OUT_OF_SERVICE_FLAG)) if item.temco else None
    if PRESENT_VALUE not in answers:
        return Reading(point_id, None, _FAULT, NOT_ANSWERED, manual, flags)
    value, wrong = present_value(item, answers[PRESENT_VALUE])
    reason = wrong or _unreliable(answers.get(RELIABILITY), flags)
    if reason:
        return Reading(point_id, None, _FAULT, reason, manual, flags)
    return Reading(point_id, value, _OK, "", manual, flags)


def needs_reliability(answers: Answers) -> bool:
    """Say whether the flags say fault, so that asking for the reliability would tell which."""
    bits = answers.get(STATUS_FLAGS)
    return isinstance(bits, Bits) and bool(bits.mask & FAULT_FLAG)


def present_value(item: Item, answer: Answer) -> tuple[Value, str]:
    """Give the value, and "" or what is wrong with it."""
    shape = item.shape
    if isinstance(answer, _NUMBERS) and shape is not _OTHER:
        return _number(answer, item.divisor) if shape is _NUMBER else _state(answer, shape)
    if answer is None or isinstance(answer, _NOTHING):
        return None, _nothing(answer)
    return _as_text(answer) if shape is _OTHER else (None, OTHER_TYPE)


def _nothing(answer: PropertyError | Undecodable | None) -> str:
    if answer is None:
        return "no value"
    return words(answer) if isinstance(answer, PropertyError) else f"value not decodable: {answer.reason}"


def _state(answer: float, shape: Shape) -> tuple[Value, str]:
    state = int(answer) if isfinite(answer) and answer == int(answer) else -1
    if shape is Shape.BINARY:
        return (state, "") if state in (0, 1) else (None, "neither inactive nor active")
    return (state, "") if state >= 1 else (None, "no state: they count from 1")


def _number(answer: float, divisor: int) -> tuple[Value, str]:
    if not isfinite(answer):
        return None, NOT_A_NUMBER
    number = (
        shortest(answer) if isinstance(answer, float) else int(answer)
    )  # an Enumerated or a boolean is a number here
    return (number if divisor == 1 else number / divisor), ""


def _unreliable(reliability: Answer, flags: int) -> str:
    if isinstance(reliability, int) and reliability != 0:
        return RELIABILITIES.get(reliability, f"reliability {int(reliability)}")
    return "fault flag" if flags & FAULT_FLAG else ""


def _as_text(answer: Answer) -> tuple[Value, str]:
    if isinstance(answer, Several | Constructed):
        if len(answer) == 2 and isinstance(answer[0], Date) and isinstance(answer[1], Time):
            return f"{_date(answer[0])} {_time(answer[1])}", ""
        return None, OTHER_TYPE
    text = str(answer)
    if isinstance(answer, str):
        text = text_of(answer)
    elif isinstance(answer, bytes):
        text = answer.hex()
    elif isinstance(answer, Bits):
        text = "".join("1" if answer.mask >> bit & 1 else "0" for bit in range(answer.length))
    elif isinstance(answer, Date):
        text = _date(answer)
    elif isinstance(answer, Time):
        text = _time(answer)
    return text, ""


def _date(date: Date) -> str:
    """Give year-month-day, "*" for any."""
    return f"{_part(date.year, 4)}-{_part(date.month)}-{_part(date.day)}"


def _time(time: Time) -> str:
    return f"{_part(time.hour)}:{_part(time.minute)}:{_part(time.second)}.{_part(time.hundredth)}"


def _part(number: int | None, digits: int = 2) -> str:
    return "*" if number is None else f"{number:0{digits}d}"
