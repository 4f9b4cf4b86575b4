"""What stands in alarm, as an Alarm: a point that watches itself, or an Event Enrollment that watches one. Pure.

`source` is the object whose event-state it is ("AI3", "EE1"), for two enrolments may watch one point; which property an enrolment
watches is in its message. An object whose flags say "in alarm" and that has no event-state is in alarm all the same. The transition
that counts is the one that led to the state: to-fault for a fault, to-offnormal for anything else.

Source: ANSI/ASHRAE 135, 12.12, 12.21, 13 and 21 (BACnetEventState, BACnetEventType, BACnetEventParameter, BACnetNotifyType).
"""

from __future__ import annotations

from collections.abc import Mapping

from t3actors.collect.bacnet.codec.properties import DESCRIPTION, EVENT_STATE, OBJECT_NAME, PRESENT_VALUE
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import DEVICE, Bits, FramingBroken, ObjectId, Several
from t3actors.collect.bacnet.codec.walk import DOUBLE, REAL, SIGNED, UNSIGNED, Walk, decoded
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties, number, whole
from t3actors.collect.bacnet.rare.references import references, references_text
from t3actors.collect.bacnet.rare.stamps import TRANSITIONS, event_time_stamps, unix_ms
from t3actors.objects import Alarm

EVENT_ENROLLMENT = 9
ACKED_TRANSITIONS, NOTIFICATION_CLASS, EVENT_TYPE = 0, 17, 37
HIGH_LIMIT, LOW_LIMIT, NOTIFY_TYPE, WATCHED, EVENT_PARAMETERS, PRIORITY = 45, 59, 72, 78, 83, 86
EVENT_TIME_STAMPS, EVENT_MESSAGE_TEXTS = 130, 351
NORMAL, FAULT = 0, 1
TO_OFFNORMAL, TO_FAULT = 0, 1
NOTIFY_EVENT = 1
LARGEST_PRIORITY = 255
STATES = {
    0: "normal",
    1: "fault",
    2: "off normal",
    3: "high limit",
    4: "low limit",
    5: "life safety alarm",
}
TYPES = {
    0: "change of bitstring",
    1: "change of state",
    2: "change of value",
    3: "command failure",
    4: "floating limit",
    5: "out of range",
    8: "change of life safety",
    9: "extended",
    10: "buffer ready",
    11: "unsigned range",
    13: "access event",
    14: "double out of range",
    15: "signed out of range",
    16: "unsigned out of range",
    17: "change of characterstring",
    18: "change of status flags",
    19: "change of reliability",
    20: "none",
    21: "change of discrete value",
    22: "change of timer",
}
_BY_OBJECT = {  # what an object that watches itself watches for (13.2.2, Table 13-2)
    **dict.fromkeys((0, 1, 2, 45, 46, 48), 5),
    **dict.fromkeys((3, 5, 13, 19), 1),
    **dict.fromkeys((4, 14), 3),
    12: 4,
    **dict.fromkeys((20, 27), 10),
}
_LIMITS = {5: REAL, 11: UNSIGNED, 14: DOUBLE, 15: SIGNED, 16: UNSIGNED}  # choices of parameters, how they are written


def is_in_alarm(properties: Properties, *, flagged: bool) -> bool:
    """Say whether an object is in alarm. `flagged`: its status flags say so, which counts where it has no event-state."""
    state = whole(properties.get(EVENT_STATE))
    return flagged if state is None else state != NORMAL


def alarm(
    identifier: ObjectId,
    properties: Properties,
    names: Names,
    *,
    classes: Mapping[int, Properties] | None = None,
    ahead_of_utc_min: int | None = None,
    clock_off_s: int | None = None,
) -> Alarm:
    """Give the alarm of an object that is in one.

    **Shape**: `classes` are Notification Class objects by number; `ahead_of_utc_min` what the device's clock is ahead of UTC, and
    `clock_off_s` by how much it is wrong: its stamps are taken to be as wrong as it is now.
    """
    state = whole(properties.get(EVENT_STATE))
    transition = TO_FAULT if state == FAULT else TO_OFFNORMAL
    source, label = names.of(identifier), text_of(properties.get(OBJECT_NAME))
    said = "in alarm" if state is None else STATES.get(state, f"state {state}")
    number_of_class = whole(properties.get(NOTIFICATION_CLASS))
    about = _watched(properties, names) if identifier.type == EVENT_ENROLLMENT else identifier
    low, high = (names.scaled(about, limit) for limit in _limits(properties))
    what = references_text(properties.get(WATCHED), names) or label or source
    raised_at_ms = _raised_at_ms(properties.get(EVENT_TIME_STAMPS), transition, ahead_of_utc_min)
    return Alarm(
        source=source,
        alarm_state=said,
        alarm_type=_type_text(identifier, properties),
        message=_message(properties.get(EVENT_MESSAGE_TEXTS), transition) or f"{what}: {said}",
        description=text_of(properties.get(DESCRIPTION)) or label,
        priority=None if number_of_class is None else _priority((classes or {}).get(number_of_class), transition),
        notification_id=number_of_class,
        acknowledged=_is_acknowledged(properties.get(ACKED_TRANSITIONS), transition),
        low_limit=low,
        high_limit=high,
        raised_at_ms=None if raised_at_ms is None else raised_at_ms - 1000 * (clock_off_s or 0),
        clock_off_s=None if raised_at_ms is None else clock_off_s,
    )


def _type_text(identifier: ObjectId, properties: Properties) -> str:
    found = whole(properties.get(EVENT_TYPE))
    if found is None:
        found = _BY_OBJECT.get(identifier.type)
    text = "" if found is None else TYPES.get(found, f"type {found}")
    return f"{text} (event)".strip() if whole(properties.get(NOTIFY_TYPE)) == NOTIFY_EVENT else text


def _message(texts: Answer, transition: int) -> str:
    if not isinstance(texts, Several) or len(texts) != TRANSITIONS:
        return ""
    return text_of(texts[transition])


def _priority(notification_class: Properties | None, transition: int) -> int | None:
    listed = None if notification_class is None else notification_class.get(PRIORITY)
    if not isinstance(listed, Several) or len(listed) != TRANSITIONS:
        return None
    found = whole(listed[transition])
    return found if found is not None and found <= LARGEST_PRIORITY else None


def _is_acknowledged(transitions: Answer, transition: int) -> bool:
    return isinstance(transitions, Bits) and bool(transitions.mask >> transition & 1)


def _watched(properties: Properties, names: Names) -> ObjectId | None:
    """Give the object of this device whose value an enrolment watches."""
    found = references(properties.get(WATCHED))
    if not found or found[0].which != PRESENT_VALUE or found[0].device not in {None, (DEVICE, names.instance)}:
        return None
    return found[0].object


def _limits(properties: Properties) -> tuple[float | None, float | None]:
    in_parameters = decoded(properties.get(EVENT_PARAMETERS), _parameter_limits)
    if in_parameters is not None:
        return in_parameters
    return number(properties.get(LOW_LIMIT)), number(properties.get(HIGH_LIMIT))


def _parameter_limits(walk: Walk) -> tuple[float | None, float | None]:
    for choice, kind in _LIMITS.items():
        if walk.has(choice):
            inner = walk.inside(choice)
            inner.whole(0)
            return number(inner.context(1, kind)), number(inner.context(2, kind))
    raise FramingBroken


def _raised_at_ms(stamps: Answer, transition: int, ahead_min: int | None) -> int | None:
    found = event_time_stamps(stamps)
    return None if found is None or ahead_min is None else unix_ms(found[transition], ahead_min)
