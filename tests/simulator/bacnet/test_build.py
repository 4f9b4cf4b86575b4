from __future__ import annotations

import pytest

from t3actors.simulator.bacnet.abilities import Abilities, Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.words import ObjectType, Property


def device_of(preset: Preset, counts: PointCounts | None = None) -> SimulatedDevice:
    return build_device(preset, 1, 1001, counts)


def test_a_panels_points_are_numbered_from_1_and_digital_ones_are_binary_objects() -> None:
    device = device_of(Preset.T3000)
    inputs = [each for name, each in device.points.items() if name.startswith("IN")]
    assert [each.instance for each in inputs] == list(range(1, 33))
    assert {each.object_type for each in inputs} == {ObjectType.ANALOG_INPUT, ObjectType.BINARY_INPUT}
    assert device.vendor == 148


def test_a_panels_outputs_share_one_numbering_relays_first() -> None:
    device = device_of(Preset.T3000, PointCounts(1, 10, 1))
    outputs = [each for name, each in device.points.items() if name.startswith("OUT")]
    assert [each.object_type for each in outputs] == [ObjectType.BINARY_OUTPUT] * 5 + [ObjectType.ANALOG_OUTPUT] * 5
    assert [each.instance for each in outputs] == list(range(1, 11))


def test_another_vendors_objects_are_numbered_within_their_type() -> None:
    device = device_of(Preset.GENERIC, PointCounts(16, 8, 48))
    for object_type in {each.object_type for each in device.points.values()}:
        same = [each.instance for each in device.points.values() if each.object_type is object_type]
        assert same == list(range(len(same)))
    assert device.vendor != 148


def test_present_values_of_a_panel_in_thousandths_are_a_thousand_times_the_truth() -> None:
    plain, large = device_of(Preset.T3000), device_of(Preset.T3000_X1000)
    for device in (plain, large):
        device.set("IN1", 2.5)
    assert plain.points["IN1"].read(Property.PRESENT_VALUE).hex() == "4440200000"
    assert large.points["IN1"].read(Property.PRESENT_VALUE).hex() == "44451c4000"


def test_odd_names_come_in_every_character_set_and_one_lies() -> None:
    device = device_of(Preset.ODD_TEXT)
    sets = set()
    lies = 0
    for point in device.points.values():
        encoded = point.read(Property.OBJECT_NAME)
        content = encoded[2:] if encoded[0] & 7 == 5 else encoded[1:]
        sets.add(content[0])
        if content[0] == 0:
            try:
                content[1:].decode()
            except UnicodeDecodeError:
                lies += 1
    assert sets == {0, 1, 3, 4, 5}
    assert lies > 0


def test_a_held_point_stays_and_a_released_one_moves_again() -> None:
    device = device_of(Preset.T3000)
    device.set("IN1", 20.0)
    device.advance(600.0)
    assert device.value("IN1") == 20.0
    device.release("IN1")
    device.advance(600.0)
    assert device.value("IN1") != 20.0


def test_a_new_object_raises_the_database_revision_and_stands_in_the_list() -> None:
    device, other = device_of(Preset.GENERIC), device_of(Preset.GENERIC, PointCounts(100, 1, 1))
    before = device.object(device.device_id).read(Property.OBJECT_LIST, 0)
    added = next(each for each in other.objects.values() if each.object_id not in device.objects)
    device.change_objects(added)
    assert device.database_revision == 2
    assert device.object(device.device_id).read(Property.OBJECT_LIST, 0) != before


@pytest.mark.parametrize("arguments", [{"max_apdu": 100}, {"window": 0}, {"window": 128}, {"cov_slots": -1}])
def test_abilities_that_no_device_has_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Abilities(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("counts", [(0, 0, 0), (-1, 5, 5), (20_000, 1, 0)])
def test_point_counts_that_no_device_has_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="points: saw"):
        PointCounts(*counts)


@pytest.mark.parametrize("instance", [-1, 0x3FFFFF])
def test_an_instance_that_is_none_is_refused(instance: int) -> None:
    with pytest.raises(ValueError, match="instance: saw"):
        build_device(Preset.GENERIC, 1, instance)
