"""What a register map is, so that more maps can be added as data: what to read when the device is met, and what that means.

A profile is told nothing of requests, blocks or refusals: it names values it wants and is given those that came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from t3actors.collect.modbus.blocks import Want
from t3actors.points import DeviceFacts, Point, Reading, Rules

Values = Mapping[Want, Sequence[int]]
"""What came: each wanted value's registers (or bits). One that could not be read is absent."""


class Item(NamedTuple):
    """A point and how to read it. Without its first want there is no reading; the others may be absent."""

    point: Point
    wants: tuple[Want, ...]
    reading: Callable[[Values], Reading]


class Profile(Protocol):
    """A register map. Pure."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    @property
    def title(self) -> str:
        """What it is the map of, in a few words."""

    @property
    def products(self) -> frozenset[int]:
        """Whose map it is, by the product number in register 7: any other device is refused."""

    @property
    def most_points(self) -> int:
        """How many points it gives at most."""

    def everything(self) -> tuple[Want, ...]:
        """Give what a poll reads when every point is in use."""

    @property
    def identity(self) -> tuple[Want, ...]:
        """What says who the device is; read when it is met."""

    @property
    def layout(self) -> tuple[Want, ...]:
        """What says which points it has; read when it is met, and every few minutes, for a person may change it. Often empty."""

    def facts(self, values: Values) -> DeviceFacts:
        """Give what the device says of itself."""

    def items(self, values: Values, rules: Rules) -> tuple[Item, ...]:
        """Give its points, from its layout."""
