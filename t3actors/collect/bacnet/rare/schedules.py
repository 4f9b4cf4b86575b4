"""A Schedule object as a row of SCHEDULES: its week and its exceptions for a person to read. Pure.

An enumerated value is "active" or "inactive" only where everything that the schedule writes is the present-value of a binary object, so
that it can be nothing else; elsewhere it is its number.

Source: ANSI/ASHRAE 135, 12.24.
"""

from __future__ import annotations

from t3actors.collect.bacnet.codec.properties import (
    DESCRIPTION,
    OBJECT_NAME,
    OUT_OF_SERVICE,
    PRESENT_VALUE,
    RELIABILITY,
)
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, Enumerated, ObjectId, Primitive, Several, Undecodable
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rare.days import effective_period, entry_text
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import WEEKDAYS, Properties, manual, reliability, time_text, value_text
from t3actors.collect.bacnet.rare.references import joined, references, references_text
from t3actors.collect.bacnet.rare.switches import Day, Special, exception_schedule, weekly_schedule
from t3actors.objects import Schedule

EFFECTIVE_PERIOD, EXCEPTION_SCHEDULE, WEEKLY_SCHEDULE, SCHEDULE_DEFAULT = 32, 38, 123, 174
WRITES = 54  # list-of-object-property-references
BINARY_TYPES = frozenset({3, 4, 5})
BINARY_STATES = ("inactive", "active")


def schedule_row(identifier: ObjectId, properties: Properties, names: Names) -> Schedule:
    """Give the row; a property that could not be read leaves its column None."""
    states = _states(properties.get(WRITES))
    week = weekly_schedule(properties.get(WEEKLY_SCHEDULE))
    exceptions = exception_schedule(properties.get(EXCEPTION_SCHEDULE))
    period = effective_period(properties.get(EFFECTIVE_PERIOD))
    days: dict[str, str] = {}
    if week is not None:
        days = {f"{name.lower()}_time": _day_text(day, states, "; ") for name, day in zip(WEEKDAYS, week, strict=True)}
    return Schedule(
        index=identifier.instance,
        schedule_id=names.of(identifier),
        schedule_label=text_of(properties.get(OBJECT_NAME)),
        description=text_of(properties.get(DESCRIPTION)),
        auto_manual=manual(properties.get(OUT_OF_SERVICE)),
        present_value=_answer_text(PRESENT_VALUE, properties, states),
        default_value=_answer_text(SCHEDULE_DEFAULT, properties, states),
        effective_period=None if period is None else entry_text(period),
        exceptions=None
        if exceptions is None
        else joined("\n", (_special_text(each, states, names) for each in exceptions)),
        controls=references_text(properties.get(WRITES), names),
        reliability=reliability(properties.get(RELIABILITY)),
        **days,
    )


def _states(writes: Answer) -> tuple[str, ...]:
    found = references(writes)
    is_binary = bool(found) and all(
        each.which == PRESENT_VALUE and each.object.type in BINARY_TYPES for each in found or ()
    )
    return BINARY_STATES if is_binary else ()


def _answer_text(which: int, properties: Properties, states: tuple[str, ...]) -> str | None:
    if which not in properties:
        return None
    answer = properties[which]
    if isinstance(answer, Several | Constructed | PropertyError | Undecodable):
        return None
    return _text(answer, states)


def _text(value: Primitive, states: tuple[str, ...]) -> str:
    return value_text(value, states if isinstance(value, Enumerated) else ())


def _day_text(day: Day, states: tuple[str, ...], separator: str) -> str:
    return joined(separator, (f"{time_text(each.at)} {_text(each.value, states)}" for each in day))


def _special_text(special: Special, states: tuple[str, ...], names: Names) -> str:
    when = names.of(special.when) if isinstance(special.when, ObjectId) else entry_text(special.when)
    day = _day_text(special.day, states, "; ") or "none"
    return f"{when}: {day} (priority {special.priority})"
