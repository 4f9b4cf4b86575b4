"""One unit into another, as a factor and an offset: reckoned once, while the configuration is read; the gateway only multiplies.

The one door to pint, which takes a moment to load: points.py comes here only for a point with `convert`.
"""

from __future__ import annotations

import functools

import pint

from t3actors.configure.faults import NotAllowed

_ALSO_WRITTEN = (  # as building automation writes them, or pint understands something else
    "m3 = meter ** 3",
    "ft3 = foot ** 3",
    "cfm = foot ** 3 / minute",
    "gpm = gallon / minute",
    "ppm_ = 1e-6 = ppm",
    "inWC = inch_H2O_39F = inwc = in_wc",
    "tonR = 12000 * BTU / hour = TR",
)
_TRIED_AT = (0.0, 1.0, 100.0)
_SAME = 1e-9


@functools.cache
def _registry() -> pint.UnitRegistry[float]:
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(on_redefinition="ignore")
    for line in _ALSO_WRITTEN:
        registry.define(line)
    return registry


@functools.cache
def conversion(given: str, wanted: str) -> tuple[float, float]:
    """Return (factor, offset): what is `wanted` is what is `given` times factor plus offset.

    **Raises**: NotAllowed for a unit that is not known, and for two of different kinds.
    """
    units = [_unit(text) for text in (given, wanted)]
    try:
        zero, one, hundred = (float(_registry().Quantity(at, units[0]).to(units[1]).magnitude) for at in _TRIED_AT)
    except (pint.PintError, ValueError, OverflowError, ZeroDivisionError) as fault:
        raise NotAllowed(f'a unit that "{given}" can be converted to') from fault
    factor = one - zero
    if abs(zero + 100 * factor - hundred) > _SAME * max(1.0, abs(hundred)):
        raise NotAllowed(f'a unit that "{given}" can be converted to by a factor and an offset')
    return float(f"{factor:.12g}"), float(f"{zero:.12g}")


def _unit(text: str) -> pint.Unit:
    try:
        return _registry().parse_units(text)
    except Exception as fault:
        raise NotAllowed(f'a known unit such as "degC", "kPa", "l/s" or "kWh"; "{text}" is none') from fault
