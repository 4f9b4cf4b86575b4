"""Devices made of a preset and a seed: the same seed, the same device. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from t3actors.simulator.bacnet import furniture, tags
from t3actors.simulator.bacnet.abilities import ABILITIES, LARGE_POINTS, LYING, Abilities, Preset
from t3actors.simulator.bacnet.device import EPOCH_S, SimulatedDevice
from t3actors.simulator.bacnet.point_objects import PointObject, build_point
from t3actors.simulator.bacnet.trend_log import TrendLog
from t3actors.simulator.bacnet.words import TEMCO, ObjectType
from t3actors.simulator.signals import INPUT_PROFILES, OUTPUT_PROFILES, VARIABLE_PROFILES, Motion, Profile, Signal

GENERIC_VENDOR = 999
MOST_POINTS = 20_000
CLOCK_IN_UTC = {119: tags.signed(0), 24: tags.boolean(False)}  # utc-offset, daylight-savings-status
PREFIX = {
    ObjectType.ANALOG_INPUT: "AI", ObjectType.ANALOG_OUTPUT: "AO", ObjectType.ANALOG_VALUE: "AV",
    ObjectType.BINARY_INPUT: "BI", ObjectType.BINARY_OUTPUT: "BO", ObjectType.BINARY_VALUE: "BV",
    ObjectType.MULTI_STATE_INPUT: "MSI", ObjectType.MULTI_STATE_OUTPUT: "MSO", ObjectType.MULTI_STATE_VALUE: "MSV",
    ObjectType.INTEGER_VALUE: "IV", ObjectType.POSITIVE_INTEGER_VALUE: "PIV", ObjectType.LARGE_ANALOG_VALUE: "LAV",
    ObjectType.CHARACTERSTRING_VALUE: "CSV", ObjectType.OCTETSTRING_VALUE: "OSV", ObjectType.BITSTRING_VALUE: "BSV",
    ObjectType.DATE_VALUE: "DV", ObjectType.TIME_VALUE: "TV",
}  # fmt: skip
MODE = Profile(False, 0, Motion.TOGGLE, 1.0, 3.0, 900.0)
COUNTING = Profile(False, 0, Motion.WANDER, 0.0, 5000.0, 900.0, 1000)
PRIMITIVES = (
    ObjectType.INTEGER_VALUE, ObjectType.POSITIVE_INTEGER_VALUE, ObjectType.LARGE_ANALOG_VALUE,
    ObjectType.CHARACTERSTRING_VALUE, ObjectType.OCTETSTRING_VALUE, ObjectType.BITSTRING_VALUE, ObjectType.DATE_VALUE,
    ObjectType.TIME_VALUE,
)  # fmt: skip
KINDS = ("input", "output", "variable")
PROFILES = {"input": INPUT_PROFILES, "output": OUTPUT_PROFILES, "variable": VARIABLE_PROFILES}
ANALOG_OF = {
    "input": ObjectType.ANALOG_INPUT, "output": ObjectType.ANALOG_OUTPUT, "variable": ObjectType.ANALOG_VALUE,
}  # fmt: skip
BINARY_OF = {
    "input": ObjectType.BINARY_INPUT, "output": ObjectType.BINARY_OUTPUT, "variable": ObjectType.BINARY_VALUE,
}  # fmt: skip
STATES_OF = {
    "input": ObjectType.MULTI_STATE_INPUT, "output": ObjectType.MULTI_STATE_OUTPUT,
    "variable": ObjectType.MULTI_STATE_VALUE,
}  # fmt: skip
PANEL_PREFIX = {"input": "IN", "output": "OUT", "variable": "VAR"}
WORDS = ("Zulufttemperatur °C", "Ventilateur façade", "Température départ", "Größe Öl", "Raumfühler süd", "Säule 4 µm")


@dataclass(frozen=True, slots=True)
class PointCounts:
    """How many points of each kind. **Raises**: ValueError."""

    inputs: int = 32
    outputs: int = 10
    variables: int = 8

    def __post_init__(self) -> None:
        if min(self.inputs, self.outputs, self.variables) < 0 or not 0 < self.total <= MOST_POINTS:
            raise ValueError(f"points: saw {self}, allowed are 1 to {MOST_POINTS} in all, none of them negative")

    @property
    def total(self) -> int:
        """All of them."""
        return self.inputs + self.outputs + self.variables


def build_device(
    preset: Preset,
    seed: int,
    instance: int,
    counts: PointCounts | None = None,
    *,
    name: str = "",
    serial_number: int | None = None,
    panel_number: int = 1,
    at_s: float = EPOCH_S,
    abilities: Abilities | None = None,
) -> SimulatedDevice:
    """Make a device; `abilities` overrules what the preset can do. **Raises**: ValueError."""
    able = abilities or ABILITIES[preset]
    counts = counts or (PointCounts(*LARGE_POINTS) if preset is Preset.LARGE else PointCounts())
    device = SimulatedDevice(
        instance,
        name or f"device-{instance}",
        TEMCO if able.temco_like else GENERIC_VENDOR,
        instance + 100_000 if serial_number is None else serial_number,
        able,
        model="T3-BB-ARM" if able.temco_like else f"Simulated {preset}",
        panel_number=panel_number,
        at_s=at_s,
    )
    builder = _Builder(device, Random(seed))  # noqa: S311 - it imitates weather, it guards nothing
    for kind, count in zip(KINDS, (counts.inputs, counts.outputs, counts.variables), strict=True):
        builder.add_points(kind, count)
    builder.add_furniture()
    return device


class _Builder:
    def __init__(self, device: SimulatedDevice, chance: Random) -> None:
        self._device = device
        self._able = device.abilities
        self._chance = chance
        self._next: dict[ObjectType, int] = {}
        self._named = 0

    def add_points(self, kind: str, count: int) -> None:
        for place in range(count):
            object_type, profile = self._sort(kind, place, count)
            if self._able.temco_like:
                instance = place + 1
                point_id = name = f"{PANEL_PREFIX[kind]}{instance}"
            else:
                instance = self._next.get(object_type, self._able.first_instance)
                self._next[object_type] = instance + 1
                point_id = f"{PREFIX[object_type]}{instance}"
                name = f"{self._device.name}.{point_id}"
            encoded_name, name = self._in_its_character_set(name)
            signal = Signal(profile, self._chance)
            self._device.add(
                build_point(
                    object_type, instance, point_id, name, kind, profile, signal,
                    factor=self._able.factor, encoded_name=encoded_name,
                )
            )  # fmt: skip

    def add_furniture(self) -> None:
        device, points = self._device, list(self._device.points.values())
        analog = [each for each in points if each.object_type in ANALOG_OF.values()] or points
        driven = [each for each in analog if each.object_type is ObjectType.ANALOG_OUTPUT] or analog
        first = 1 if self._able.temco_like else self._able.first_instance
        device.add(furniture.calendar(first, "HOL1"))
        device.add(furniture.notification_class(1, "NC1"))
        for place, above in enumerate((2.0, -1.0)):  # the second is in alarm from the start
            name, high = f"EE{place + 1}", analog[0].value + above
            device.add(
                furniture.event_enrollment(
                    first + place, name, device.device_id, analog[0], -1000.0, high, lambda: device.at_s
                )
            )
        device.object(device.device_id).properties |= CLOCK_IN_UTC
        for place in (0, 1):
            instance = first + place
            target: PointObject = points[-1 - place % len(points)]
            device.add(furniture.program(instance, f"PRG{place + 1}"))
            device.add(furniture.schedule(instance, f"SCH{place + 1}", target, first))
            device.add(furniture.loop(instance, f"PID{place + 1}", analog[0], driven[place % len(driven)], 21.5))
            logged = analog[place % len(analog)]
            device.add(TrendLog(instance, f"TL{place + 1}", logged, device.device_id, device.at_s, 900 >> place))

    def _sort(self, kind: str, place: int, count: int) -> tuple[ObjectType, Profile]:
        profiles = PROFILES[kind]
        if not self._able.temco_like:
            if place % 8 == 7:
                return STATES_OF[kind], MODE
            if kind == "variable" and place % 8 in {5, 6}:
                return PRIMITIVES[place // 8 * 2 % 8 + place % 8 - 5], COUNTING
            profile = profiles[place % len(profiles)]
        elif kind == "output":  # relays first, then analog outputs, in one numbering
            wanted = place >= count // 2
            same = [each for each in profiles if each.analog is wanted]
            profile = same[place % len(same)]
        else:
            profile = profiles[place % len(profiles)]
        return (ANALOG_OF if profile.analog else BINARY_OF)[kind], profile

    def _in_its_character_set(self, name: str) -> tuple[bytes, str]:
        sets = self._able.character_sets
        if sets == (tags.UTF_8,):
            return b"", name
        name = f"{WORDS[self._named % len(WORDS)]} {name}"
        chosen = sets[self._named % len(sets)]
        self._named += 1
        if chosen == LYING:
            return tags.raw_text(tags.UTF_8, name.encode("latin-1")), name
        return tags.text(name, chosen), name
