"""What stands in a device beside its points: programs, schedules, calendars, loops, event enrolments. Pure."""

from __future__ import annotations

from collections.abc import Callable

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.objects import ALL_TRANSITIONS, NO, NO_FLAGS, NORMAL, Encoded, SimulatedObject
from t3actors.simulator.bacnet.point_objects import ANALOG, MULTI_STATE, PointObject
from t3actors.simulator.bacnet.words import ObjectType, Property, Units, object_identifier

RUNNING = 2  # program-state
OUT_OF_RANGE = 5  # event-type, and the choice of its parameters
LOWEST_PRIORITY = 16
WEEKDAYS, WEEKEND = 5, 2
EVENT_MESSAGE_TEXTS = 351


def program(instance: int, name: str) -> SimulatedObject:
    """Make a Program that runs."""
    made = SimulatedObject(ObjectType.PROGRAM, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Simulated program {instance}"),
        Property.PROGRAM_STATE: tags.enumerated(RUNNING),
        Property.PROGRAM_CHANGE: tags.enumerated(0),
        Property.STATUS_FLAGS: NO_FLAGS,
        Property.OUT_OF_SERVICE: NO,
        Property.RELIABILITY: NORMAL,
    }
    return made


def schedule(instance: int, name: str, target: PointObject, calendar_instance: int | None) -> SimulatedObject:
    """Make a Schedule: on from 07:00 to 18:30 on weekdays, and exceptions by date, by range and by calendar."""
    on, off = _on_and_off(target)
    day = tags.wrapped(0, _at(7, 0, on) + _at(18, 30, off))
    empty = tags.wrapped(0, b"")
    exceptions = [
        _special(tags.wrapped(0, tags.date(2026, 12, 24, number=0)), _at(0, 0, off), 10),
        _special(
            tags.wrapped(0, tags.wrapped(1, tags.date(2026, 8, 1) + tags.date(2026, 8, 14))),
            _at(9, 0, on) + _at(12, 0, off),
            12,
        ),
    ]
    if calendar_instance is not None:
        calendar_id = object_identifier(ObjectType.CALENDAR, calendar_instance)
        exceptions.append(_special(tags.object_id(calendar_id, 1), _at(0, 0, off), 5))
    made = SimulatedObject(ObjectType.SCHEDULE, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Simulated schedule {instance}"),
        Property.PRESENT_VALUE: on,
        Property.EFFECTIVE_PERIOD: tags.date(255, 255, 255) + tags.date(255, 255, 255),
        Property.WEEKLY_SCHEDULE: (day,) * WEEKDAYS + (empty,) * WEEKEND,
        Property.EXCEPTION_SCHEDULE: tuple(exceptions),
        Property.SCHEDULE_DEFAULT: off,
        Property.LIST_OF_OBJECT_PROPERTY_REFERENCES: _reference(target),
        Property.PRIORITY_FOR_WRITING: tags.unsigned(LOWEST_PRIORITY),
        Property.STATUS_FLAGS: NO_FLAGS,
        Property.RELIABILITY: NORMAL,
        Property.OUT_OF_SERVICE: NO,
    }
    return made


def calendar(instance: int, name: str) -> SimulatedObject:
    """Make a Calendar with a date, a range of dates and a weekday rule."""
    made = SimulatedObject(ObjectType.CALENDAR, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Simulated holidays {instance}"),
        Property.PRESENT_VALUE: NO,
        Property.DATE_LIST: tags.date(2026, 12, 25, 5, number=0)
        + tags.wrapped(1, tags.date(2026, 12, 28) + tags.date(2027, 1, 1))
        + tags.octets(bytes((5, 1, 1)), 2),  # week-n-day: May, days 1 to 7, Monday
    }
    return made


def loop(instance: int, name: str, measured: PointObject, driven: PointObject, setpoint: float) -> SimulatedObject:
    """Make a control Loop between two points, whose values are given as theirs are."""
    made = SimulatedObject(ObjectType.LOOP, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Simulated loop {instance}"),
        Property.PRESENT_VALUE: lambda: tags.real(driven.value * driven.factor),
        Property.STATUS_FLAGS: NO_FLAGS,
        Property.EVENT_STATE: NORMAL,
        Property.RELIABILITY: NORMAL,
        Property.OUT_OF_SERVICE: NO,
        Property.OUTPUT_UNITS: tags.enumerated(Units.PERCENT),
        Property.MANIPULATED_VARIABLE_REFERENCE: _reference(driven),
        Property.CONTROLLED_VARIABLE_REFERENCE: _reference(measured),
        Property.CONTROLLED_VARIABLE_VALUE: lambda: tags.real(measured.value * measured.factor),
        Property.CONTROLLED_VARIABLE_UNITS: tags.enumerated(Units.DEGREES_CELSIUS),
        Property.SETPOINT_REFERENCE: b"",
        Property.SETPOINT: tags.real(setpoint * measured.factor),
        Property.ACTION: tags.enumerated(0),
        Property.PROPORTIONAL_CONSTANT: tags.real(4.0),
        Property.PROPORTIONAL_CONSTANT_UNITS: tags.enumerated(Units.NO_UNITS),
        Property.INTEGRAL_CONSTANT: tags.real(0.5),
        Property.INTEGRAL_CONSTANT_UNITS: tags.enumerated(Units.SECONDS),
        Property.PRIORITY_FOR_WRITING: tags.unsigned(LOWEST_PRIORITY),
        Property.COV_INCREMENT: tags.real(1.0),
    }
    return made


def event_enrollment(
    instance: int, name: str, device_id: int, watched: PointObject, low: float, high: float, at_s: Callable[[], float]
) -> SimulatedObject:
    """Make an Event Enrollment that is in alarm while the watched value lies outside of `low` to `high`.

    It notices when it is looked at; its limits are given as the values are. `at_s` is the device's clock; nobody has acknowledged
    the alarm while it stands.
    """
    stamps = [tags.unsigned(0, 1)] * 3
    was_outside = False

    def state() -> Encoded:
        nonlocal was_outside
        is_outside = not low <= watched.value <= high
        if is_outside is not was_outside:
            was_outside = is_outside
            stamps[0 if is_outside else 2] = tags.wrapped(2, tags.moment(at_s()))
        if watched.value > high:
            return tags.enumerated(3)  # high-limit
        return tags.enumerated(4 if watched.value < low else 0)  # low-limit

    def time_stamps() -> Encoded:
        state()
        return tuple(stamps)

    def acknowledged() -> Encoded:
        return tags.bits((low <= watched.value <= high, True, True))

    told_low, told_high = low * watched.factor, high * watched.factor
    limits = tags.unsigned(30, 0) + tags.real(told_low, 1) + tags.real(told_high, 2) + tags.real(0.5, 3)
    made = SimulatedObject(ObjectType.EVENT_ENROLLMENT, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Limits of {watched.name}"),
        Property.EVENT_TYPE: tags.enumerated(OUT_OF_RANGE),
        Property.NOTIFY_TYPE: NORMAL,
        Property.EVENT_PARAMETERS: tags.wrapped(OUT_OF_RANGE, limits),
        Property.OBJECT_PROPERTY_REFERENCE: _reference(watched) + tags.object_id(device_id, 3),
        Property.EVENT_STATE: state,
        Property.EVENT_ENABLE: ALL_TRANSITIONS,
        Property.ACKED_TRANSITIONS: acknowledged,
        Property.NOTIFICATION_CLASS: tags.unsigned(1),
        Property.EVENT_TIME_STAMPS: time_stamps,
        EVENT_MESSAGE_TEXTS: tuple(
            map(tags.text, (f"{watched.name} is out of its limits", "", f"{watched.name} is well"))
        ),
        Property.STATUS_FLAGS: NO_FLAGS,
        Property.RELIABILITY: NORMAL,
    }
    return made


def notification_class(instance: int, name: str) -> SimulatedObject:
    """Make a Notification Class without recipients."""
    made = SimulatedObject(ObjectType.NOTIFICATION_CLASS, instance, name)
    made.properties |= {
        Property.DESCRIPTION: tags.text(f"Simulated notification class {instance}"),
        Property.NOTIFICATION_CLASS: tags.unsigned(instance),
        Property.PRIORITY: (tags.unsigned(64), tags.unsigned(96), tags.unsigned(192)),
        Property.ACK_REQUIRED: tags.bits((True, False, False)),
        Property.RECIPIENT_LIST: b"",
    }
    return made


def _on_and_off(target: PointObject) -> tuple[bytes, bytes]:
    if target.object_type in ANALOG:
        return tags.real(21.0), tags.real(16.0)
    if target.object_type in MULTI_STATE:
        return tags.unsigned(2), tags.unsigned(1)
    return tags.enumerated(1), tags.enumerated(0)


def _at(hour: int, minute: int, value: bytes) -> bytes:
    return tags.time(hour, minute) + value


def _special(period: bytes, times: bytes, priority: int) -> bytes:
    return period + tags.wrapped(2, times) + tags.unsigned(priority, 3)


def _reference(point: PointObject) -> bytes:
    return tags.object_id(point.object_id, 0) + tags.enumerated(Property.PRESENT_VALUE, 1)
