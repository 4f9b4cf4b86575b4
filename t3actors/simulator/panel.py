"""One simulated T3-BB style panel: its register image, and the truth about its points. Pure: no clock, no socket.

The image is big-endian bytes as they travel, so that an answer is one slice. Labels are not in a panel's Modbus map.
A digital point's value register holds 0 or 1000, a state in thousandths like everything else there.
"""

from __future__ import annotations

import struct
from random import Random

from t3actors.simulator import registers as at
from t3actors.simulator.signals import INPUT_PROFILES, OUTPUT_PROFILES, VARIABLE_PROFILES, Profile, Signal

PUT_VALUE = struct.Struct(">i").pack_into
GET_VALUE = struct.Struct(">i").unpack_from
SMALLEST_RAW, LARGEST_RAW = -(2**31), 2**31 - 1
FIRMWARE = {at.PRODUCT_MINIPANEL: (51, 2), at.PRODUCT_MINIPANEL_ARM: (64, 3)}


class SimulatedPanel:
    """A panel with its first `inputs`, `outputs` and `variables` points in use; the others have range 0.

    **Raises**: ValueError for a number outside of what a panel can hold.
    """

    def __init__(
        self,
        seed: int,
        serial_number: int,
        inputs: int = 32,
        outputs: int = 16,
        variables: int = 16,
        *,
        name: str = "",
        unit_id: int = 1,
        panel_number: int = 1,
        product: int = at.PRODUCT_MINIPANEL_ARM,
    ) -> None:
        if product not in at.MINI_TYPES:
            raise ValueError(f"product: saw {product}, allowed are {sorted(at.MINI_TYPES)}")
        _must_lie("serial_number", serial_number, 0, 2**32 - 1)
        _must_lie("unit_id", unit_id, 0, 255)
        _must_lie("panel_number", panel_number, 1, 254)
        self.name = name or f"panel-{serial_number}"
        self.serial_number = serial_number
        self.unit_id = unit_id
        self.panel_number = panel_number
        self.product = product
        self.firmware = FIRMWARE[product]
        self.version = 10 * self.firmware[0] + self.firmware[1]
        self.mini_type = at.MINI_TYPES[product]
        self.instance = serial_number % 0x3FFFFE + 1
        self.point_counts = {"inputs": inputs, "outputs": outputs, "variables": variables}
        self.image = bytearray(2 * at.REGISTER_COUNT)
        self._random = Random(seed)  # noqa: S311 - it imitates weather, it guards nothing
        self._signals: dict[str, Signal] = {}
        self._places: dict[str, tuple[at.PointBlock, int]] = {}
        self._moving: dict[int, Signal] = {}
        self._write_identity()
        self._add_points("inputs", at.INPUTS, inputs, INPUT_PROFILES)
        self._add_points("outputs", at.OUTPUTS, outputs, OUTPUT_PROFILES)
        self._add_points("variables", at.VARIABLES, variables, VARIABLE_PROFILES)

    # -- what a master may ask for

    def read_registers(self, address: int, count: int) -> bytes | None:
        """Give `count` registers as they travel, or None when one of them does not exist."""
        last = address + count - 1
        for low, high in at.SPANS:
            if low <= address and last <= high:
                return bytes(self.image[2 * address : 2 * address + 2 * count])
        return None

    def read_bits(self, coils: bool, address: int, count: int) -> list[bool] | None:
        """Give digital states: coil n is OUT(n + 1), discrete input n is IN(n + 1), 64 of each."""
        block = at.OUTPUTS if coils else at.INPUTS
        if address + count > block.capacity:
            return None
        return [self._raw_at(block, place) != 0 for place in range(address, address + count)]

    # -- the truth, for whoever tests against it

    @property
    def point_ids(self) -> tuple[str, ...]:
        """Every point in use: IN1.., OUT1.., VAR1.."""
        return tuple(self._places)

    def value(self, point_id: str) -> float:
        """Give a point's value in its engineering unit; a digital point's is 0.0 or 1.0."""
        return self.raw(point_id) / at.SCALE

    def raw(self, point_id: str) -> int:
        """Give what the point's value registers hold, in thousandths."""
        return self._raw_at(*self._place(point_id))

    def set(self, point_id: str, value: float) -> None:
        """Hold a point at a value in its engineering unit, until `release`."""
        self.set_raw(point_id, round(value * at.SCALE))

    def set_raw(self, point_id: str, raw: int) -> None:
        """Hold a point at a raw value, in thousandths, until `release`."""
        _must_lie(f"{point_id} in thousandths", raw, SMALLEST_RAW, LARGEST_RAW)
        offset = _value_offset(*self._place(point_id))
        PUT_VALUE(self.image, offset, raw)
        self._moving.pop(offset, None)

    def release(self, point_id: str) -> None:
        """Let a held point move again, from where it is."""
        offset = _value_offset(*self._place(point_id))
        signal = self._signals[point_id]
        signal.resume_at(GET_VALUE(self.image, offset)[0])
        if signal.moves:
            self._moving[offset] = signal

    def is_analog(self, point_id: str) -> bool:
        """Say whether the point is analog (or digital)."""
        block, place = self._place(point_id)
        if block.analog is None:
            return self.register(block.range_code + place) >> 8 == 1
        return self.register(block.analog + place) == 1

    def range_code(self, point_id: str) -> int:
        """Give the point's range code; 0 means unused."""
        block, place = self._place(point_id)
        return self.register(block.range_code + place) & 0xFF

    def set_unused(self, point_id: str) -> None:
        """Make a gap: the point keeps its number, but its range becomes 0 and its value 0."""
        block, place = self._place(point_id)
        self.set_raw(point_id, 0)
        self.set_register(block.range_code + place, 0)

    def set_manual(self, point_id: str, manual: bool) -> None:
        """Put a point in manual, which holds it, or back in auto."""
        block, place = self._place(point_id)
        self.set_register(block.auto_manual + place, int(manual))
        if manual:
            self.set_raw(point_id, self.raw(point_id))
        else:
            self.release(point_id)

    def register(self, address: int) -> int:
        """Give one register."""
        return int.from_bytes(self.image[2 * address : 2 * address + 2], "big")

    def set_register(self, address: int, word: int) -> None:
        """Put a word in one register, whatever it means."""
        _must_lie(f"register {address}", word, 0, 0xFFFF)
        _must_lie("address", address, 0, at.REGISTER_COUNT - 1)
        self.image[2 * address : 2 * address + 2] = word.to_bytes(2, "big")

    # -- time

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass in the building."""
        image = self.image
        put = PUT_VALUE
        for offset, signal in self._moving.items():
            put(image, offset, signal.advance(seconds))

    # -- inside

    def _write_identity(self) -> None:
        for place, byte in enumerate(self.serial_number.to_bytes(4, "little")):
            self.set_register(at.SERIAL_NUMBER + place, byte)
        major, minor = self.firmware
        self.set_register(at.FIRMWARE_LOW, minor)
        self.set_register(at.FIRMWARE_HIGH, major)
        self.set_register(at.MODBUS_ADDRESS, self.unit_id)
        self.set_register(at.PRODUCT, self.product)
        self.set_register(at.HARDWARE_REVISION, 1)
        self.set_register(at.BACNET_INSTANCE_HIGH, self.instance >> 16)
        self.set_register(at.BACNET_INSTANCE_LOW, self.instance & 0xFFFF)
        self.set_register(at.MINI_TYPE, self.mini_type)
        self.set_register(at.PANEL_NUMBER, self.panel_number)
        self.set_register(at.BACNET_PORT, 47808)
        for place in range(at.OUTPUTS.capacity):
            self.set_register(at.OUTPUT_SWITCH + place, 1)

    def _add_points(self, kind: str, block: at.PointBlock, count: int, profiles: tuple[Profile, ...]) -> None:
        _must_lie(kind, count, 0, block.capacity)
        for place in range(count):
            profile = profiles[place % len(profiles)]
            point_id = f"{block.prefix}{place + 1}"
            signal = Signal(profile, self._random)
            self._places[point_id] = (block, place)
            self._signals[point_id] = signal
            if block.analog is None:
                self.set_register(block.range_code + place, profile.analog << 8 | profile.range_code)
            else:
                self.set_register(block.range_code + place, profile.range_code)
                self.set_register(block.analog + place, int(profile.analog))
            offset = _value_offset(block, place)
            PUT_VALUE(self.image, offset, signal.raw())
            if signal.moves:
                self._moving[offset] = signal

    def _place(self, point_id: str) -> tuple[at.PointBlock, int]:
        place = self._places.get(point_id)
        if place is None:
            ids = ", ".join(self._places) or "none"
            raise ValueError(f"{self.name} has no point {point_id!r}; its points are {ids}")
        return place

    def _raw_at(self, block: at.PointBlock, place: int) -> int:
        return int(GET_VALUE(self.image, _value_offset(block, place))[0])


def _value_offset(block: at.PointBlock, place: int) -> int:
    return 2 * (block.value + 2 * place)


def _must_lie(what: str, seen: int, low: int, high: int) -> None:
    if not low <= seen <= high:
        raise ValueError(f"{what}: saw {seen}, allowed is {low} to {high}")
