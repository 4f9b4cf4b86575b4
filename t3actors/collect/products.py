"""Temco's products by number: the name of each, as a person knows it, and how its firmware is told. Pure tables.

A device says its number in register 7 of the common header, and in its answer to T3000's scan.

Source: T3000/ProductModel.h (numbers), Inial_Product_map and AddNetDeviceForRefreshList of T3000/global_function.cpp (names,
versions), T3000 2db71f86.
"""

from __future__ import annotations

MINIPANEL, MINIPANEL_ARM, ESP32_T3_SERIES, CM5, TSTAT10 = 35, 74, 88, 50, 10
T3_PT12 = 46
AIRLAB_MINI_TYPE = 15  # T3_AIRLAB: which of the boards of product 88 is an Airlab

NAMES = {
    1: "TSTAT5B",
    2: "TSTAT5A",
    3: "TSTAT5B2",
    4: "TSTAT5C",
    6: "TSTAT6",
    7: "TSTAT7",
    8: "TSTAT5i",
    9: "TSTAT8",
    TSTAT10: "TSTAT10",
    12: "TSTAT5D",
    13: "air quality sensor",
    14: "humidity sensor",
    15: "TSTATRUNAR",
    16: "TSTAT5E",
    17: "TSTAT5F",
    18: "TSTAT5G",
    19: "TSTAT5H",
    20: "T3-8AI13O",
    21: "T3-8O",
    22: "T3-32AI",
    23: "T3-8AI16O",
    26: "T3-PT10",
    27: "T3-Performance",
    28: "T3-4AO",
    29: "T3-6CT",
    32: "CO2-NET",
    33: "CO2-RS485",
    34: "CO2 node",
    MINIPANEL: "MINIPANEL",
    40: "pressure sensor",
    41: "PM5E",
    42: "HUM-R",
    43: "T3-22I",
    44: "T3-8AI8AO6DO",
    45: "pressure sensor",
    T3_PT12: "T3-PT12",
    CM5: "CM5",
    51: "PM5E_ARM",
    52: "PM2.5",
    53: "T3-32AI_ARM",
    59: "TSTAT9",
    60: "multi sensor",
    62: "AirLab",
    63: "Zigbee repeater",
    64: "humidity chamber",
    65: "AirLab_ESP32",
    72: "T3-LC",
    73: "power meter",
    MINIPANEL_ARM: "MINIPANEL_ARM",
    75: "weather station",
    87: "T3-8AI8AO6DO_ESP32",
    ESP32_T3_SERIES: "T3 series_ESP32",
    89: "T3-22I_ESP32",
    90: "transducer",
    91: "TSTAT8_WIFI",
    92: "TSTAT8_OCC",
    93: "TSTAT7_ARM",
    94: "TSTAT8_220V",
    95: "T3-6CTA",
    96: "air flow sensor",
    97: "fan module",
    100: "NC",
    101: "TSTAT8_PROGRAM",
    104: "PWM transducer",
    120: "lighting controller",
    121: "BTU meter",
    210: "CO2-NET",
    211: "CO2-RS485",
    212: "HUM-NET",
    213: "HUM-RS485",
    214: "PRESSURE-NET",
    215: "PRESSURE-RS485",
    216: "CO2 node",
    254: "third party device",
}

SPEAKS_BACNET = frozenset({TSTAT10, MINIPANEL, CM5, MINIPANEL_ARM, ESP32_T3_SERIES})  # ShowBacnetView
TENTHS = frozenset({TSTAT10, MINIPANEL, CM5, 62, MINIPANEL_ARM, ESP32_T3_SERIES})  # whose version is in tenths


def name_of(product: int, mini_type: int | None = None) -> str:
    """Give a product's name; one that no table has is "product N"."""
    if product == ESP32_T3_SERIES and mini_type == AIRLAB_MINI_TYPE:
        return "AirLab"
    return NAMES.get(product, f"product {product}")


def named(product: int) -> str:
    """Give a product's name and number, for an error's text."""
    return f"{NAMES[product]} ({product})" if product in NAMES else f"product {product}"


def version_text(product: int, version: int) -> str:
    """Write the version that a scan's answer carries as 16 bits, as T3000 writes it."""
    if product == T3_PT12:
        return str(version >> 8)
    return f"{version / 10:.1f}" if product in TENTHS else str(version)
