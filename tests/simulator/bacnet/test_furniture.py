"""What stands beside the points: schedules write values of their target's type, an enrolment is in alarm while its point is."""

from __future__ import annotations

import pytest

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.furniture import EVENT_MESSAGE_TEXTS, event_enrollment, schedule
from t3actors.simulator.bacnet.objects import SimulatedObject
from t3actors.simulator.bacnet.words import ObjectType, Property


def device_of(preset: Preset = Preset.GENERIC) -> SimulatedDevice:
    return build_device(preset, 1, 1001, PointCounts(16, 16, 48))


def watching(device: SimulatedDevice) -> SimulatedObject:
    device.set("AI0", 20.0)
    return event_enrollment(9, "EE9", device.device_id, device.point("AI0"), 10.0, 30.0, lambda: device.at_s)


@pytest.mark.parametrize(
    ("point_id", "value"),
    [("AV0", tags.real(21.0)), ("BV0", tags.enumerated(1)), ("MSV0", tags.unsigned(2))],
)
def test_a_schedule_writes_values_of_its_targets_type(point_id: str, value: bytes) -> None:
    made = schedule(1, "SCH1", device_of().point(point_id), None)
    assert made.read(Property.PRESENT_VALUE) == value
    assert made.read(Property.WEEKLY_SCHEDULE, 1) == tags.wrapped(
        0, tags.time(7, 0) + value + tags.time(18, 30) + made.read(Property.SCHEDULE_DEFAULT)
    )


@pytest.mark.parametrize(("value", "state"), [(9.9, 4), (10.0, 0), (30.0, 0), (30.1, 3)])
def test_an_enrolment_is_in_alarm_while_its_point_lies_outside(value: float, state: int) -> None:
    device = device_of()
    made = watching(device)
    device.set("AI0", value)
    assert made.read(Property.EVENT_STATE) == tags.enumerated(state)
    assert made.read(Property.ACKED_TRANSITIONS) == tags.bits((state == 0, True, True))


def test_an_enrolment_stamps_when_its_point_left_its_limits_and_when_it_came_back() -> None:
    device = device_of()
    made = watching(device)
    unset = tags.unsigned(0, 1)
    assert made.read(Property.EVENT_TIME_STAMPS) == unset * 3
    device.set("AI0", 31.0)
    left = tags.wrapped(2, tags.moment(device.at_s))
    assert made.read(Property.EVENT_TIME_STAMPS) == left + unset * 2
    device.advance(60.0)
    device.set("AI0", 30.0)
    came_back = tags.wrapped(2, tags.moment(device.at_s))
    assert made.read(Property.EVENT_TIME_STAMPS) == left + unset + came_back
    assert made.read(EVENT_MESSAGE_TEXTS, 1) == tags.text(f"{device.point('AI0').name} is out of its limits")


@pytest.mark.parametrize("preset", list(Preset))
def test_every_device_has_an_alarm_from_the_start_and_one_object_that_is_well(preset: Preset) -> None:
    device = device_of(preset)
    enrollments = [each for each in device.objects.values() if each.object_type is ObjectType.EVENT_ENROLLMENT]
    assert sorted(each.read(Property.EVENT_STATE) for each in enrollments) == [tags.enumerated(0), tags.enumerated(3)]
