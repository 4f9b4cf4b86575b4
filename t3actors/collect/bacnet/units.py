"""The standard's engineering units in the house's vocabulary: one spelling whatever the protocol (`t3actors/ranges.py`). Pure.

A number that the standard does not give (a vendor's own, from 256) has no text; the point keeps it as `units_code`.

Source: ANSI/ASHRAE 135-2020 and later, 21 (BACnetEngineeringUnits).
"""

from __future__ import annotations

NO_UNITS = 95

_FROM_0 = (
    *("m²", "ft²", "mA", "A", "Ω", "V", "kV", "MV", "VA", "kVA"),  # 0
    *("MVA", "var", "kvar", "Mvar", "°", "cos φ", "J", "kJ", "Wh", "kWh"),  # 10
    *("BTU", "thm", "ton·h", "J/kg", "BTU/lb", "/h", "/min", "Hz", "g/kg", "%RH"),  # 20
    *("mm", "m", "in", "ft", "W/ft²", "W/m²", "lm", "lx", "fc", "kg"),  # 30
    *("lb", "t", "kg/s", "kg/min", "kg/h", "lb/min", "lb/h", "W", "kW", "MW"),  # 40
    *("BTU/h", "hp", "ton", "Pa", "kPa", "bar", "psi", "cmH₂O", "inH₂O", "mmHg"),  # 50
    *("cmHg", "inHg", "°C", "K", "°F", "°C·d", "°F·d", "a", "mo", "wk"),  # 60
    *("d", "h", "min", "s", "m/s", "km/h", "ft/s", "ft/min", "mph", "ft³"),  # 70
    *("m³", "gal (imp)", "L", "gal", "cfm", "m³/s", "gal/min (imp)", "L/s", "L/min", "gal/min"),  # 80
    *("°", "°C/h", "°C/min", "°F/h", "°F/min", "", "ppm", "ppb", "%", "%/s"),  # 90
    *("/min", "/s", "psi/°F", "rad", "rpm", *(f"currency {number}" for number in range(1, 6))),  # 100
    *(*(f"currency {number}" for number in range(6, 11)), "in²", "cm²", "BTU/lb", "cm", "lb/s"),  # 110
    *("Δ°F", "ΔK", "kΩ", "MΩ", "mV", "kJ/kg", "MJ", "J/K", "J/(kg·K)", "kHz"),  # 120
    *("MHz", "/h", "mW", "hPa", "mbar", "m³/h", "L/h", "kWh/m²", "kWh/ft²", "MJ/m²"),  # 130
    *("MJ/ft²", "W/(m²·K)", "ft³/s", "%/ft", "%/m", "mΩ", "MWh", "kBTU", "MBTU", "kJ/kg"),  # 140
    *("MJ/kg", "kJ/K", "MJ/K", "N", "g/s", "g/min", "t/h", "kBTU/h", "cs", "ms"),  # 150
    *("N·m", "mm/s", "mm/min", "m/min", "m/h", "m³/min", "m/s²", "A/m", "A/m²", "A·m²"),  # 160
    *("F", "H", "Ω·m", "S", "S/m", "T", "V/K", "V/m", "Wb", "cd"),  # 170
    *("cd/m²", "K/h", "K/min", "J·s", "rad/s", "m²/N", "kg/m³", "N·s", "N/m", "W/(m·K)"),  # 180
    *("µS", "ft³/h", "gal/h", "km", "µm", "g", "mg", "mL", "mL/s", "dB"),  # 190
    *("dBmV", "dBV", "mS", "varh", "kvarh", "Mvarh", "mmH₂O", "‰", "g/g", "kg/kg"),  # 200
    *("g/kg", "mg/g", "mg/kg", "g/mL", "g/L", "mg/L", "µg/L", "g/m³", "mg/m³", "µg/m³"),  # 210
    *("ng/m³", "g/cm³", "Bq", "kBq", "MBq", "Gy", "mGy", "µGy", "Sv", "mSv"),  # 220
    *("µSv", "µSv/h", "dBA", "NTU", "pH", "g/m²", "min/K", "Ω·m²/m", "A·s", "VAh"),  # 230
    *("kVAh", "MVAh", "varh", "kvarh", "Mvarh", "V²·h", "A²·h", "J/h", "ft³/d", "m³/d"),  # 240
    *("Wh/m³", "J/m³", "mol%", "Pa·s", "MMSCFM"),  # 250
)
_FROM_47808 = (
    *("SCF/d", "MMSCF/d", "kft³/d", "kSCF/d", "lb/d", None, "mrem", "mrem/h", "°L", "%ABV"),  # 47808, 47813 not used
    *("IBU", "EBU", "°P", "SG", "EBC", "/d", "/ms", "yd", "mi", "nmi"),  # 47818
    *("ng", "µg", "t", "short ton", "long ton", "g/h", "g/d", "kg/d"),  # 47828
    *(f"{ton}/{per}" for ton in ("short ton", "t", "long ton") for per in ("s", "min", "h", "d")),  # 47836
    *("BTU/s", "BTU/min", "BTU/d", "kBTU/s", "kBTU/min", "kBTU/d"),  # 47848
    *("MBTU/s", "MBTU/min", "MBTU/h", "MBTU/d", "J/s", "J/min", "J/d"),  # 47854
    *(f"{energy}/{per}" for energy in ("kJ", "MJ") for per in ("s", "min", "h", "d")),  # 47861
    *("°C/d", "K/d", "°F/d", "Δ°C", "MMCFM", "MMCF/d"),  # 47869
    *("gal/s (imp)", "gal/h (imp)", "gal/d (imp)", "L/d", "gal/s", "gal/d"),  # 47875
    *("%/min", "%/h", "%/d", "ppm", "ppb", "µg/g", "ng/g", "µg/kg", "ng/kg"),  # 47881
    *("mg/mL", "µg/mL", "ng/mL", "kg/L", "ng/L", "mg/cm³", "µg/cm³", "ng/cm³"),  # 47890
    *("EER", "SEER", "COP", "SCOP", "kW/ton", "lm/W", "lbf·ft", "lbf·in", "ozf·in"),  # 47898
    *("psia", "psig", "µS/cm", "mS/cm", "mS/m", "Mgal", "Mgal (imp)", "mL/min", "mil/a", "mm/a"),  # 47907
    *("pulses/min", "Wh/pulse", "varh/pulse", "VAh/pulse", "V²·h/pulse", "A²·h/pulse", "m³/pulse"),  # 47917
    *("GW", "GJ", "TJ", "GWh", "Gvarh"),  # 47924
    *("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "B/s", "kB/s", "MB/s", "GB/s"),  # 47929
    *(f"volume {number}" for number in range(1, 11)),  # 47937
    *(f"volumetric flow {number}" for number in range(1, 11)),  # 47947
    None,  # 47957 is not used
    *(f"site unit {number}" for number in range(1, 11)),  # 47958
    *("#/ft³", "#/m³", "pCi/L", "Bq/m³", "gr/lb", "°C·h", "°F·h", "°C·min", "°F·min"),  # 47968
    *("°C·s", "°F·s", "µs", "ns", "ps"),  # 47977
)
UNITS: dict[int, str] = {
    **dict(enumerate(_FROM_0)),
    **{code: text for code, text in enumerate(_FROM_47808, start=47808) if text is not None},
}


def text_of(code: int) -> str:
    """Give how the units are displayed; "" for no units, and for a number the standard does not give."""
    return UNITS.get(code, "")
