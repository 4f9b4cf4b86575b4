"""T3000's words for what the house has its own: units, status, ranges, products. Pure.

Units are spelt as T3000's web pages spell them, by what the point measures; but never with a "/" on an analog point: the
front end's chart takes any unit with one for a digital point's two states ("Off/On") and draws steps. So "L per Hour" is
written, in the manner of T3000's own "Feet per Min", where it would write "L/Hour".

Source: Temco T3000Webview, T3Range.ts, t3_ffi_sync_service.rs `derive_units_from_range`, TrendChartContent.tsx,
InputsPage.tsx (status).
"""

from __future__ import annotations

from collections.abc import Mapping

from t3actors import ranges
from t3actors.points import DeviceStatus, Kind, Status

_UNITS = {
    "°C": "Deg.C", "°F": "Deg.F", "ft/min": "Feet per Min", "Pa": "Pascals", "kPa": "KPascals", "inH₂O": "inches of WC",
    "W": "Watts", "kW": "KWatts", "kWh": "KWH", "V": "Volts", "kV": "KV", "A": "Amps", "mA": "ma", "cfm": "CFM",
    "s": "Seconds", "min": "Minutes", "h": "Hours", "d": "Days", "Ω": "Ohms", "ppm": "PPM", "ppb": "PPB", "rpm": "RPM",
    "counts": "Counts", "kg": "Kg", "L/h": "L per Hour", "gal/h": "GPH", "gal": "GAL", "ft³": "CF", "m³/h": "CMH",
    "lx": "Lux", "µg/m³": "ug per m3", "#/cm³": "# per cm3", "psi": "psi",
}  # fmt: skip
_OF_CODE = {  # a range that says more than its unit
    (Kind.VARIABLE, 20): "Time",
    (Kind.VARIABLE, 26): "%Open",
    (Kind.OUTPUT, 2): "%Open",
    (Kind.OUTPUT, 5): "%Cls",
    (Kind.OUTPUT, 7): "%PWM",
}
_VARIABLE_CODES = {
    found.units: code
    for code in range(33, 0, -1)  # the first code of a unit wins: 22 is "%", 26 "%Open"
    if (found := ranges.meaning(Kind.VARIABLE, code, digital=False)).units
}
_DIGITAL_CODES = {
    tuple(state.casefold() for state in found.states): code
    for code in range(22, 0, -1)
    if (found := ranges.meaning(Kind.VARIABLE, code, digital=True)).states
}

NORMAL = "0"  # T3000's `decom`; the input page reads "0" as Normal and shows any other as "Code ..."
ONLINE, OFFLINE = "Online", "Offline"


def units_of(kind: Kind, units: str, range_code: int | None, states: tuple[str, ...], *, digital: bool) -> str | None:
    """Return what stands in `Units`; None for nothing."""
    if digital:
        return f"{states[0]}/{states[1]}" if len(states) == 2 else None
    if range_code is not None and (kind, range_code) in _OF_CODE:
        return _OF_CODE[kind, range_code]
    return _UNITS.get(units, units.replace("/", " per ")) or None


def range_of(kind: Kind, units: str, range_code: int | None, states: tuple[str, ...], *, digital: bool) -> str | None:
    """Return what stands in `Range_Field`: the point's own range; or the one that says nothing but its unit or states.

    An input's or output's analog ranges name a sensor or a signal: none is made up for those.
    """
    if range_code is None and digital:
        range_code = _DIGITAL_CODES.get(tuple(state.casefold() for state in states))
    elif range_code is None and kind is Kind.VARIABLE:
        range_code = _VARIABLE_CODES.get(units)
    return None if range_code is None else str(range_code)


def status_of(status: Status) -> str:
    """Return what stands in a point's `Status`."""
    return NORMAL if status is Status.OK else str(status)


def device_status_of(status: DeviceStatus) -> tuple[str, int]:
    """Return `Status` and `is_online` of a device."""
    return (ONLINE, 1) if status is DeviceStatus.ONLINE else (OFFLINE, 0)


def product_ids(names: Mapping[int, str]) -> dict[str, int]:
    """Return T3000's numbers by the drivers' names of the products, but for a name that several have."""
    found: dict[str, list[int]] = {}
    for number, name in names.items():
        found.setdefault(name, []).append(number)
    return {name: numbers[0] for name, numbers in found.items() if len(numbers) == 1}


def product_id_of(model: str | None, ids: Mapping[str, int]) -> int | None:
    """Return T3000's number of the product: the drivers call one that has no name "product <number>"."""
    if model is None:
        return None
    number = model.removeprefix("product ")
    return int(number) if number != model and number.isdecimal() and len(number) < 4 else ids.get(model)
