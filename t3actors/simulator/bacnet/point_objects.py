"""Objects with a present value that moves by a signal, in thousandths as in a Modbus panel. Pure."""

from __future__ import annotations

from collections.abc import Callable

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.objects import NO, NO_FLAGS, NORMAL, SimulatedObject
from t3actors.simulator.bacnet.words import ObjectType, Property, Units
from t3actors.simulator.signals import Profile, Signal

SCALE = 1000
ANALOG = frozenset({ObjectType.ANALOG_INPUT, ObjectType.ANALOG_OUTPUT, ObjectType.ANALOG_VALUE})
BINARY = frozenset({ObjectType.BINARY_INPUT, ObjectType.BINARY_OUTPUT, ObjectType.BINARY_VALUE})
MULTI_STATE = frozenset({ObjectType.MULTI_STATE_INPUT, ObjectType.MULTI_STATE_OUTPUT, ObjectType.MULTI_STATE_VALUE})
COMMANDED = frozenset(
    {
        ObjectType.ANALOG_OUTPUT, ObjectType.ANALOG_VALUE, ObjectType.BINARY_OUTPUT, ObjectType.BINARY_VALUE,
        ObjectType.MULTI_STATE_OUTPUT,
    }
)  # fmt: skip
NUMBERS = frozenset({ObjectType.INTEGER_VALUE, ObjectType.POSITIVE_INTEGER_VALUE, ObjectType.LARGE_ANALOG_VALUE})

INPUT_UNITS = {
    1: Units.DEGREES_CELSIUS, 3: Units.DEGREES_CELSIUS, 19: Units.VOLTS, 27: Units.PERCENT_RELATIVE_HUMIDITY,
    28: Units.PARTS_PER_MILLION, 29: Units.REVOLUTIONS_PER_MINUTE,
}  # fmt: skip
OUTPUT_UNITS = {1: Units.VOLTS, 2: Units.PERCENT}
VARIABLE_UNITS = {1: Units.DEGREES_CELSIUS, 4: Units.PASCALS, 9: Units.KILOWATTS, 15: Units.CUBIC_FEET_PER_MINUTE}
UNITS = {"input": INPUT_UNITS, "output": OUTPUT_UNITS, "variable": VARIABLE_UNITS}
STATES = {1: ("Off", "On"), 3: ("Stop", "Start"), 5: ("Normal", "Alarm"), 10: ("Unoccupied", "Occupied")}
MODES = ("Off", "Heat", "Cool", "Auto")
NO_COMMAND = (tags.null(),) * 16  # priority-array: 16 levels, none in force (clause 19.2)


def _day(raw: int) -> bytes:
    return tags.date(2026, 1 + raw // SCALE % 12, 1 + raw // SCALE % 28)


def _time(raw: int) -> bytes:
    seconds = raw // SCALE % 86_400
    return tags.time(seconds // 3600, seconds // 60 % 60, seconds % 60)


ENCODERS: dict[ObjectType, Callable[[int], bytes]] = {
    **dict.fromkeys(ANALOG, lambda raw: tags.real(raw / SCALE)),
    **dict.fromkeys(BINARY, lambda raw: tags.enumerated(int(raw != 0))),
    **dict.fromkeys(MULTI_STATE, lambda raw: tags.unsigned(max(1, raw // SCALE))),
    ObjectType.INTEGER_VALUE: lambda raw: tags.signed(raw // SCALE),
    ObjectType.POSITIVE_INTEGER_VALUE: lambda raw: tags.unsigned(abs(raw) // SCALE),
    ObjectType.LARGE_ANALOG_VALUE: lambda raw: tags.double(raw / SCALE),
    ObjectType.CHARACTERSTRING_VALUE: lambda raw: tags.text(f"state {raw // SCALE}"),
    ObjectType.OCTETSTRING_VALUE: lambda raw: tags.octets(raw.to_bytes(8, "big", signed=True)),
    ObjectType.BITSTRING_VALUE: lambda raw: tags.bits((raw // SCALE >> bit & 1 == 1) for bit in range(5)),
    ObjectType.DATE_VALUE: _day,
    ObjectType.TIME_VALUE: _time,
}


class PointObject(SimulatedObject):
    """An input, output or variable. `raw` is its value in thousandths, before `factor`."""

    __slots__ = ("_encode", "_flags", "cov_increment", "factor", "held", "point_id", "raw", "signal")

    def __init__(
        self, object_type: ObjectType, instance: int, point_id: str, name: str, signal: Signal,
        *, factor: int = 1, encoded_name: bytes = b"",
    ) -> None:  # fmt: skip
        super().__init__(object_type, instance, name, encoded_name)
        self.point_id = point_id
        self.signal = signal
        self.raw = signal.raw()
        self.held = False
        self.cov_increment = 0.0
        self.factor = factor
        """What its present value, and what is given in its terms, is multiplied by."""
        self._flags = NO_FLAGS
        self._encode = ENCODERS[object_type]

    def read(self, property_id: int, index: int | None = None) -> bytes:
        """Give a property as it travels. **Raises**: PropertyRefused."""
        if property_id == Property.PRESENT_VALUE and index is None and property_id not in self._spoilt:
            return self._encode(self.raw * self.factor)
        return super().read(property_id, index)

    @property
    def moves(self) -> bool:
        """Whether time changes its value now."""
        return self.signal.moves and not self.held

    @property
    def value(self) -> float:
        """The value in the point's own unit; a state's is its number."""
        return self.raw / SCALE

    @property
    def flags(self) -> bytes:
        """The four status flags as they travel."""
        return self._flags

    def set(self, value: float) -> None:
        """Hold the point at a value, until `release`."""
        self.raw = round(value * SCALE)
        self.held = True

    def release(self) -> None:
        """Let the point move again, from where it is."""
        self.held = False
        self.signal.resume_at(self.raw)

    def set_flags(
        self, *, in_alarm: bool = False, fault: bool = False, overridden: bool = False, out_of_service: bool = False
    ) -> None:
        """Set the status flags, and what goes with them: event state, reliability, out of service."""
        self._flags = tags.bits((in_alarm, fault, overridden, out_of_service))
        self.properties[Property.OUT_OF_SERVICE] = tags.boolean(out_of_service)
        self.properties[Property.EVENT_STATE] = tags.enumerated(2 if in_alarm else 0)  # 2: offnormal
        self.properties[Property.RELIABILITY] = tags.enumerated(1 if fault else 0)  # 1: no-sensor


def build_point(
    object_type: ObjectType, instance: int, point_id: str, name: str, kind: str, profile: Profile, signal: Signal,
    *, factor: int = 1, encoded_name: bytes = b"", description: str = "",
) -> PointObject:  # fmt: skip
    """Make a point with the properties that the standard asks of its type; `kind` is input, output or variable."""
    point = PointObject(object_type, instance, point_id, name, signal, factor=factor, encoded_name=encoded_name)
    properties = point.properties
    properties[Property.PRESENT_VALUE] = lambda: point.read(Property.PRESENT_VALUE)
    properties[Property.DESCRIPTION] = tags.text(description or f"Simulated {kind} {instance}")
    properties[Property.STATUS_FLAGS] = lambda: point.flags
    properties[Property.EVENT_STATE] = NORMAL
    properties[Property.OUT_OF_SERVICE] = NO
    properties[Property.RELIABILITY] = NORMAL
    if object_type in ANALOG or object_type in NUMBERS:
        units = UNITS[kind].get(profile.range_code, Units.NO_UNITS) if object_type in ANALOG else Units.NO_UNITS
        properties[Property.UNITS] = tags.enumerated(units)
    if object_type in ANALOG:
        point.cov_increment = max(profile.step_raw, 100) / SCALE
        properties[Property.COV_INCREMENT] = tags.real(point.cov_increment)
    elif object_type in BINARY:
        off, on = STATES.get(profile.range_code, STATES[1])
        properties[Property.INACTIVE_TEXT] = tags.text(off)
        properties[Property.ACTIVE_TEXT] = tags.text(on)
        if object_type is not ObjectType.BINARY_VALUE:
            properties[Property.POLARITY] = NORMAL
    elif object_type in MULTI_STATE:
        properties[Property.NUMBER_OF_STATES] = tags.unsigned(len(MODES))
        properties[Property.STATE_TEXT] = tuple(tags.text(each) for each in MODES)
    if object_type in COMMANDED:
        properties[Property.PRIORITY_ARRAY] = NO_COMMAND
        properties[Property.RELINQUISH_DEFAULT] = point.read(Property.PRESENT_VALUE)
    return point
