"""What an object is called in the tables: "AI3", "SCH1"; on a Temco panel as T3000 does: "IN3", "HOL1", "MON2". Pure.

A point is called here what it is called among the points: `mapping.items` and this follow the same rule. So it is with what the values of
a panel's analog points are divided by: what is given in their terms, a loop's values and an alarm's limits, is divided likewise.
"""

from __future__ import annotations

from collections.abc import Iterable

from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.mapping import TEMCO_PREFIXES
from t3actors.collect.bacnet.objects import KINDS, PREFIXES
from t3actors.points import Kind
from t3actors.stations import TEMCO

_PANEL_TYPES = frozenset({0, 1, 2, 3, 4, 5, 13, 14, 19})
_ANALOG = frozenset({0, 1, 2})
LOOP = 12
_OTHERS = {
    6: "CAL",
    7: "CMD",
    8: "DEV",
    9: "EE",
    10: "FILE",
    11: "GRP",
    LOOP: "LOOP",
    15: "NC",
    16: "PRG",
    17: "SCH",
    18: "AVG",
    20: "TL",
    21: "LSP",
    22: "LSZ",
    23: "ACC",
    24: "PC",
    25: "EL",
    26: "GG",
    27: "TLM",
    28: "LC",
    51: "CH",
    54: "LO",
}
_TEMCO_OTHERS = {6: "HOL", LOOP: "PID", 20: "MON"}  # PRG and SCH are T3000's as well


class Names:
    """Names the objects of one device. `instance`: the device's own; `divisor`: of its points' values, if it is a Temco panel."""

    def __init__(
        self,
        objects: Iterable[ObjectId] = (),
        *,
        vendor_id: int | None = None,
        instance: int = -1,
        divisor: int = 1,
    ) -> None:
        self.instance = instance
        self._divisor = divisor
        self._temco = vendor_id == TEMCO
        self._panel: dict[ObjectId, str] = {}
        taken: set[tuple[Kind, int]] = set()
        for each in sorted(objects) if self._temco else ():
            if each.type not in _PANEL_TYPES or each.instance == 0 or (KINDS[each.type], each.instance) in taken:
                continue
            taken.add((KINDS[each.type], each.instance))
            self._panel[each] = f"{TEMCO_PREFIXES[KINDS[each.type]]}{each.instance}"

    def of(self, identifier: ObjectId) -> str:
        """Give what an object of this device is called."""
        if identifier in self._panel:
            return self._panel[identifier]
        if self._temco and identifier.type in _TEMCO_OTHERS:
            return f"{_TEMCO_OTHERS[identifier.type]}{identifier.instance}"
        return standard_name(identifier)

    def scaled(self, identifier: ObjectId | None, value: float | None) -> float | None:
        """Give a value that is in terms of this object's, in its unit."""
        if value is None or identifier is None or self._divisor == 1:
            return value
        is_divided = identifier.type in _ANALOG and identifier in self._panel
        is_divided |= self._temco and identifier.type == LOOP
        return value / self._divisor if is_divided else value


def standard_name(identifier: ObjectId) -> str:
    """Give what an object of any device is called."""
    prefix = PREFIXES.get(identifier.type) or _OTHERS.get(identifier.type)
    return f"{prefix}{identifier.instance}" if prefix else f"object {identifier.type}:{identifier.instance}"
