"""What a T3000 range code means: units or state texts, by kind of point. Pure tables; every protocol to a T3 panel reads them.

Units are spelt in the house's vocabulary (the standard's engineering units as displayed), not as T3000 spells them;
what T3000 displays is kept in `text`. A custom range's own units and states are in the panel and are not known here: `custom`
says so, its units are "" and its states ().

Source: Temco T3000, T3000/global_define.h: Input_Analog_Units_Array with Input_List_Analog_Units, OutPut_List_Analog_Range
with OutPut_List_Analog_Units, Variable_Analog_Units_Array, Digital_Units_Array. The index is the byte the panel stores.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.points import Kind


class Range(NamedTuple):
    """One range code's meaning."""

    text: str
    units: str = ""
    states: tuple[str, ...] = ()
    custom: bool = False


UNUSED = 0
MULTI_STATE = range(101, 104)  # global_define.h BAC_MSV_COUNT 3: three multi-state lists of the panel's own, any kind
_RESERVED = Range("reserved")

_INPUT_ANALOG: dict[int, Range] = {  # Input_Analog_Units_Array, Input_List_Analog_Units
    0: Range("Unused"),
    1: Range("Y3K -40 to 150", "°C"),
    2: Range("Y3K -40 to 300", "°F"),
    3: Range("10K Type2", "°C"),
    4: Range("10K Type2", "°F"),
    5: Range("G3K -40 to 120", "°C"),
    6: Range("G3K -40 to 250", "°F"),
    7: Range("10K Type3", "°C"),
    8: Range("10K Type3", "°F"),
    9: Range("PT 1K -200 to 300", "°C"),
    10: Range("PT 1K -200 to 570", "°F"),
    11: Range("0.0 to 5.0 Volts", "V"),
    12: Range("0.0 to 100 Amps", "A"),
    13: Range("4 to 20 ma", "mA"),
    14: Range("4 to 20 psi", "psi"),
    15: Range("Pulse Count (Slow 1Hz)", "counts"),
    16: Range("0 to 100 %", "%"),
    17: Range("0 to 100 %", "%"),
    18: Range("0 to 100 %", "%"),
    19: Range("0.0 to 10.0 Volts", "V"),
    **{
        code: Range(f"Table {code - 19}", custom=True) for code in range(20, 25)
    },  # the panel's analog custom tables 1 to 5
    25: Range("Pulse Count (Fast 100Hz)", "counts"),
    26: Range("Frequency", "Hz"),
    27: Range("Humidity", "%"),
    28: Range("CO2", "ppm"),
    29: Range("RPM", "rpm"),
    30: Range("TVOC", "ppb"),
    31: Range("ug/m3", "µg/m³"),
    32: Range("#/cm3", "#/cm³"),
    33: Range("dB", "dB"),
    34: Range("Lux", "lx"),
    **dict.fromkeys(range(35, 40), _RESERVED),
}

_OUTPUT_ANALOG: dict[int, Range] = {  # OutPut_List_Analog_Range, OutPut_List_Analog_Units
    0: Range("Unused"),
    1: Range("0.0 to 10.0 Volts", "V"),
    2: Range("0 to 100 %Open", "%"),
    3: Range("4 to 20 psi", "psi"),
    4: Range("0 to 100 %", "%"),
    5: Range("0 to 100 %Cls", "%"),
    6: Range("4 to 20 ma", "mA"),
    7: Range("0 to 100 %PWM", "%"),
    8: Range("2 to 10 Volts", "%"),  # a 2-10 V output that the panel gives in per cent
}

_VARIABLE_ANALOG: dict[
    int, Range
] = {  # Variable_Analog_Units_Array (the older enum in CM5/ud_str.h differs at 24, 27, 28)
    0: Range("Unused"),
    1: Range("Deg.C", "°C"),
    2: Range("Deg.F", "°F"),
    3: Range("Feet per Min", "ft/min"),
    4: Range("Pascals", "Pa"),
    5: Range("KPascals", "kPa"),
    6: Range("lbs/sqr.inch", "psi"),
    7: Range("inches of WC", "inH₂O"),
    8: Range("Watts", "W"),
    9: Range("KWatts", "kW"),
    10: Range("KWH", "kWh"),
    11: Range("Volts", "V"),
    12: Range("KV", "kV"),
    13: Range("Amps", "A"),
    14: Range("ma", "mA"),
    15: Range("CFM", "cfm"),
    16: Range("Seconds", "s"),
    17: Range("Minutes", "min"),
    18: Range("Hours", "h"),
    19: Range("Days", "d"),
    20: Range("Time"),  # a clock time, not an amount of a unit
    21: Range("Ohms", "Ω"),
    22: Range("%", "%"),
    23: Range("%RH", "%RH"),
    24: Range("PPM", "ppm"),  # T3000's web pages write p/min
    25: Range("Counts", "counts"),
    26: Range("%Open", "%"),
    27: Range("Kg", "kg"),
    28: Range("L/Hour", "L/h"),
    29: Range("GPH", "gal/h"),
    30: Range("GAL", "gal"),
    31: Range("CF", "ft³"),
    32: Range("BTU", "BTU"),
    33: Range("CMH", "m³/h"),
    **{code: Range(f"Custom {code - 33}", custom=True) for code in range(34, 42)},  # enum names 34 to 41; 5 are in use
}

_DIGITAL: dict[int, Range] = {  # Digital_Units_Array; states are (raw 0, raw 1)
    0: Range("Unused"),
    **{
        code: Range(f"{off}/{on}", states=(off, on))
        for code, (off, on) in enumerate(
            (
                ("Off", "On"),
                ("Close", "Open"),
                ("Stop", "Start"),
                ("Disable", "Enable"),
                ("Normal", "Alarm"),
                ("Normal", "High"),
                ("Normal", "Low"),
                ("No", "Yes"),
                ("Cool", "Heat"),
                ("Unoccupy", "Occupy"),
                ("Low", "High"),
                ("On", "Off"),
                ("Open", "Close"),
                ("Start", "Stop"),
                ("Enable", "Disable"),
                ("Alarm", "Normal"),
                ("High", "Normal"),
                ("Low", "Normal"),
                ("Yes", "No"),
                ("Heat", "Cool"),
                ("Occupy", "Unoccupy"),
                ("High", "Low"),
            ),
            start=1,
        )
    },
    **{
        code: Range(f"Custom digital {code - 22}", custom=True) for code in range(23, 31)
    },  # the panel's digital units 1 to 8
}

_ANALOG: dict[Kind, dict[int, Range]] = {
    Kind.INPUT: _INPUT_ANALOG,
    Kind.OUTPUT: _OUTPUT_ANALOG,
    Kind.VARIABLE: _VARIABLE_ANALOG,
}

_ALSO_WRITTEN = {  # Variable_Analog_Units_Array's short forms and its web pages', OutPut_List_Analog_Units
    "Deg C": "°C",
    "Deg F": "°F",
    "FPM": "ft/min",
    "inWC": "inH₂O",
    "Sec": "s",
    "Min": "min",
    "Hour": "h",
    "Day": "d",
    "p/min": "ppm",
    "%Cls": "%",
    "%PWM": "%",
    "m3/h": "m³/h",
}
_UNITS_IN_TEXT = (29, 31, 32, 33, 34)  # input ranges whose text is the unit itself: RPM, ug/m3, #/cm3, dB, Lux
_SPELLINGS: dict[str, str] = {
    **{text.casefold(): units for text, units in _ALSO_WRITTEN.items()},
    **{_INPUT_ANALOG[code].text.casefold(): _INPUT_ANALOG[code].units for code in _UNITS_IN_TEXT},
    **{each.text.casefold(): each.units for each in _VARIABLE_ANALOG.values() if not each.custom},
    **{each.units.casefold(): each.units for table in _ANALOG.values() for each in table.values()},
}
_STATES: dict[str, tuple[str, ...]] = {each.text.casefold(): each.states for each in _DIGITAL.values() if each.states}


def meaning(kind: Kind, code: int, *, digital: bool) -> Range:
    """Give what the stored range code of a point of this kind means; a code no table has is "Unknown", without units.

    A multi-state code means the same on every kind, analog or digital.
    """
    if code in MULTI_STATE:
        return Range(f"Multi-state {code - 100}", custom=True)
    return (_DIGITAL if digital else _ANALOG[kind]).get(code) or Range(f"Unknown {code}")


def spelt(text: str) -> str:
    """Give the house's spelling of units as T3000 writes them ("Deg.F", "inWC", "ug/m3"); as given where it is none of these."""
    return _SPELLINGS.get(text.casefold(), text)


def states_of(text: str) -> tuple[str, ...]:
    """Give the states that a digital range's text names ("Off/On"); none for any other text."""
    return _STATES.get(text.casefold(), ())
