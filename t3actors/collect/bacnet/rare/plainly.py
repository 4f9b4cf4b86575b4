"""What a property's answer says as a plain Python value; None where it says no such thing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Bits, Date, ObjectId, Primitive, Time
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.reading import RELIABILITIES
from t3actors.singles import shortest

Properties = Mapping[int, Answer]

NO_FAULT = "no fault detected"


def number(answer: Answer) -> float | None:
    """Give a finite number; a Real as it is written."""
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not isfinite(answer):
        return None
    return shortest(float(answer))


def whole(answer: Answer) -> int | None:
    """Give a whole number that is not negative; an enumerated one too."""
    return int(answer) if isinstance(answer, int) and not isinstance(answer, bool) and answer >= 0 else None


def truth(answer: Answer) -> bool | None:
    """Give a boolean."""
    return answer if isinstance(answer, bool) else None


def manual(out_of_service: Answer) -> int | None:
    """Give 1 for an object that is out of service, which is T3000's "manual", and 0 for one that is not."""
    return int(out_of_service) if isinstance(out_of_service, bool) else None


def word(answer: Answer, words: Mapping[int, str], what: str) -> str | None:
    """Give an enumerated number's word, or `what` and the number where the standard has none."""
    found = whole(answer)
    return None if found is None else words.get(found, f"{what} {found}")


def reliability(answer: Answer) -> str | None:
    """Give a reliability in the standard's words."""
    return word(answer, {0: NO_FAULT, **RELIABILITIES}, "reliability")


def value_text(value: Primitive, states: tuple[str, ...] = ()) -> str:  # noqa: PLR0911 - one for each kind
    """Give a value for a person to read; `states` are the texts of 0, 1, ... where it is known to be such a state."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return states[value] if 0 <= value < len(states) else str(int(value))
        case float():
            return f"{value:.7g}"  # a Real has no more digits
        case str():
            return text_of(value)
        case Date():
            return date_text(value)
        case Time():
            return time_text(value)
        case ObjectId():
            return f"object {value.type}:{value.instance}"
        case Bits():
            return "".join("1" if value.mask >> bit & 1 else "0" for bit in range(min(value.length, 64)))
        case _:
            return bytes(value).hex()[:64]


def date_text(date: Date) -> str:
    """Give "2026-12-24", with "*" for any; a pattern's weekday behind it: "*-*-* Friday"."""
    month = _MONTHS.get(date.month or 0) or part(date.month)
    text = f"{part(date.year, 4)}-{month}-{_DAYS.get(date.day or 0) or part(date.day)}"
    is_pattern = None in date[:3] or (date.month or 0) > 12 or (date.day or 0) > 31
    return text if date.weekday is None or not is_pattern else f"{text} {weekday_text(date.weekday)}"


def weekday_text(weekday: int) -> str:
    """Give a weekday's name; 1 is Monday."""
    return WEEKDAYS[weekday - 1] if 1 <= weekday <= 7 else f"weekday {weekday}"


def time_text(time: Time) -> str:
    """Give "06:30", and the seconds where there are any."""
    text = f"{part(time.hour)}:{part(time.minute)}"
    if not time.second and not time.hundredth:
        return text
    text += f":{part(time.second)}"
    return f"{text}.{part(time.hundredth)}" if time.hundredth else text


def part(value: int | None, digits: int = 2) -> str:
    """Give a part of a date or a time; "*" for any."""
    return "*" if value is None else f"{value:0{digits}d}"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = {13: "odd", 14: "even"}  # 20.2.12
_DAYS = {32: "last", 33: "odd", 34: "even"}
