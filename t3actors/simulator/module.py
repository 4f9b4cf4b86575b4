"""One simulated I/O module or sensor: its register image, and the truth about its points. Pure: no clock, no socket.

As the real ones do, it answers registers that mean nothing with 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from t3actors.simulator import modules
from t3actors.simulator.modules import Sort
from t3actors.simulator.signals import Signal

LARGEST_SERIAL = 2**32 - 1
WORD = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Place:
    register: int
    sort: Sort


class SimulatedModule:
    """A module of this product, its ranges set so that every point is in use. **Raises**: ValueError for a product nobody has described."""

    def __init__(self, product: int, seed: int, serial_number: int, *, name: str = "", unit_id: int = 1) -> None:
        if product not in modules.TYPES:
            raise ValueError(f"product: saw {product}, allowed are {sorted(modules.TYPES)}")
        if not 1 <= serial_number <= LARGEST_SERIAL:
            raise ValueError(f"serial_number: saw {serial_number}, allowed is 1 to {LARGEST_SERIAL}")
        kind = modules.TYPES[product]
        self.product = product
        self.serial_number = serial_number
        self.unit_id = unit_id
        self.name = name or f"module-{serial_number}"
        self.panel_number = self.mini_type = self.instance = 0
        self.version = kind.version[0] << (8 if product == modules.T3_PT12 else 0)  # as it answers a scan
        self.image = bytearray(2 * modules.REGISTERS)
        self._random = Random(seed)  # noqa: S311 - it imitates weather, it guards nothing
        self._places: dict[str, _Place] = {}
        self._moving: dict[str, Signal] = {}
        for register, word in enumerate((*serial_number.to_bytes(4, "little"), *kind.version, unit_id, product, 1)):
            self.set_register(register, word)
        for register, word in kind.settings:
            self.set_register(register, word)
        for group in kind.groups:
            self._add(group)

    def read_registers(self, address: int, count: int) -> bytes | None:
        """Give `count` registers as they travel, or None beyond the last."""
        if address + count > modules.REGISTERS:
            return None
        return bytes(self.image[2 * address : 2 * address + 2 * count])

    def read_bits(self, coils: bool, address: int, count: int) -> list[bool] | None:  # noqa: ARG002 - as a panel's
        """Say that there are none."""
        return None

    @property
    def point_ids(self) -> tuple[str, ...]:
        """Every point with a register of its own."""
        return tuple(self._places)

    def value(self, point_id: str) -> float:
        """Give a point's value in its engineering unit; a digital point's is 0.0 or 1.0."""
        place = self._place(point_id)
        first = place.register - place.sort.before
        raw = 0
        for register in range(first, first + place.sort.width):
            raw = raw << 16 | self.register(register)
        bits = 16 * place.sort.width
        if not place.sort.before and place.sort.profile.low < 0 and raw >> bits - 1:
            raw -= 1 << bits
        return round(raw * place.sort.scale, 6) if place.sort.profile.analog else float(raw != 0)

    def set(self, point_id: str, value: float) -> None:
        """Hold a point at a value in its engineering unit. **Raises**: ValueError for what its register cannot hold."""
        place = self._place(point_id)
        raw, most = round(value / place.sort.scale), 1 << 16 * place.sort.width
        if not -most // 2 <= raw < most:
            raise ValueError(f"{point_id}: saw {value}, which {place.sort.width} registers cannot hold")
        self._moving.pop(point_id, None)
        self._put(place, raw)

    def register(self, address: int) -> int:
        """Give one register."""
        return int.from_bytes(self.image[2 * address : 2 * address + 2], "big")

    def set_register(self, address: int, word: int) -> None:
        """Put a word in one register, whatever it means."""
        self.image[2 * address : 2 * address + 2] = word.to_bytes(2, "big")

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass in the building."""
        for point_id, signal in self._moving.items():
            place = self._places[point_id]
            self._put(place, round(signal.advance(seconds) / 1000 / place.sort.scale))

    def _place(self, point_id: str) -> _Place:
        if point_id not in self._places:
            raise ValueError(f"{self.name} has no point {point_id!r}; its points are {', '.join(self._places)}")
        return self._places[point_id]

    def _add(self, group: modules.Group) -> None:
        for number, point_id in enumerate(group.ids):
            sort = group.sorts[number % len(group.sorts)]
            place = self._places[point_id] = _Place(group.first + number * group.step, sort)
            signal = self._moving[point_id] = Signal(sort.profile, self._random)
            self._put(place, round(signal.raw() / 1000 / sort.scale))
            if group.range_code is not None:
                self.set_register(group.range_code + number, sort.profile.range_code)
            if group.analog is not None:
                self.set_register(group.analog + number, int(sort.profile.analog))

    def _put(self, place: _Place, raw: int) -> None:
        first = place.register - place.sort.before
        for offset in range(place.sort.width):
            shift = 16 * (place.sort.width - 1 - offset)
            self.set_register(first + offset, raw >> shift & WORD)
