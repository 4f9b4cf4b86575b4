"""A device's hand-listed points: tables of the TOML file, or rows of a CSV file with the same keys.

Pure: rows and tables come in as read, faults go to the `Place` they stand at.
"""

from __future__ import annotations

import csv
import importlib
import io
import re
from typing import Any

import msgspec

from t3actors.config import ModbusPoint, Order, Table, ValueType
from t3actors.configure import keys
from t3actors.configure.durations import duration_text
from t3actors.configure.faults import NotAllowed, Place
from t3actors.points import Kind, Rules, Trend

KEEP = keys.duration(0, 36_600 * 86400)
"""How long something is kept."""

RULE_KEYS: dict[str, keys.Key] = {
    "poll_interval": keys.duration(0.05, 86400),
    "stale_after": keys.whole(1, 1000, " missed polls"),
    "down_after": keys.whole(1, 10000, " missed polls"),
    "deadband": keys.number(0),
    "deadband_percent": keys.number(0, 1000),
    "compress": keys.number(0),
    "min_interval": keys.duration(0, 366 * 86400),
    "max_interval": keys.duration(0, 366 * 86400),
    "trend": keys.one_of(Trend),
}
KEEP_KEYS: dict[str, keys.Key] = {"raw": KEEP, "minutes": KEEP, "hours": KEEP}
"""Their defaults stand in [store], not in [defaults]."""

REFERENCE_FORM = (
    "a reference such as 40101: 0xxxx coil, 1xxxx discrete, 3xxxx input, 4xxxx holding, "
    '5 digits from x0001 to x9999 or 6 from x00001 to x65536 (a coil as text, "00001")'
)
_TABLE_OF: dict[str, Table] = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}


def parse_reference(raw: int | str) -> tuple[Table, int]:
    """Take a reference apart: 40101 is register 100 of the holding table.

    Raises: NotAllowed.
    """
    digits = f"{raw:05d}" if isinstance(raw, int) else raw
    found = re.fullmatch(r"([0134])([0-9]{4,5})", digits, re.ASCII)
    if found is None or not 1 <= int(found[2]) <= 65536:
        raise NotAllowed(REFERENCE_FORM)
    return _TABLE_OF[found[1]], int(found[2]) - 1


POINT_KEYS: dict[str, keys.Key] = {
    "id": keys.needed(keys.name()),
    "kind": keys.needed(keys.one_of(Kind)),
    "register": keys.whole(0, 65535),
    "reference": keys.Key(int | str, REFERENCE_FORM, parse_reference),
    "table": keys.one_of(Table),
    "type": keys.one_of(ValueType),
    "order": keys.one_of(Order),
    "bit": keys.whole(0, 15, " (0 is the least significant)"),
    "length": keys.whole(1, 125, " registers"),
    "scale": keys.number(but=0),
    "offset": keys.number(),
    "units": keys.text(32),
    "convert": keys.text(32),
    "label": keys.text(64),
    "full_label": keys.text(255),
    "states": keys.texts(64),
    **RULE_KEYS,
    **KEEP_KEYS,
}

_WORDS: dict[ValueType, int] = {
    "uint16": 1, "int16": 1, "bit": 1, "uint32": 2, "int32": 2, "float32": 2, "uint64": 4, "int64": 4, "float64": 4,
}  # fmt: skip


def words_of(point: ModbusPoint) -> int:
    """How many registers this point takes (coils: one)."""
    return point.length if point.type == "string" else _WORDS[point.type]


def rules_of(values: dict[str, Any], inherited: Rules, place: Place) -> Rules:
    """Take the rules out of `values`, over those inherited."""
    given = {_field(name): values.pop(name) for name in (*RULE_KEYS, *KEEP_KEYS) if name in values}
    rules = msgspec.structs.replace(inherited, **given)
    if 0 < rules.max_interval_s < rules.min_interval_s and {"min_interval_s", "max_interval_s"} & set(given):
        place.key("min_interval").refuse(
            duration_text(rules.min_interval_s),
            f'at most max_interval, which is "{duration_text(rules.max_interval_s)}"',
        )
    if rules.stale_after > rules.down_after and ("stale_after" in given or "down_after" in given):
        place.key("stale_after").refuse(
            rules.stale_after, f"at most down_after, which is {rules.down_after}: a point is stale before it is down"
        )
    return rules


def read_point(raw: object, place: Place, inherited: Rules, *, from_text: bool = False) -> ModbusPoint | None:
    """Convert one point's table; None where a fault was found."""
    before = len(place.lines)
    values = keys.read_table(raw, POINT_KEYS, place, from_text=from_text)
    if not isinstance(raw, dict):
        return None
    rules = rules_of(values, inherited, place)
    table, register = _where(values, raw, place)
    values.setdefault("type", "bit" if table in ("coil", "discrete") else "uint16")
    _check_type(values, raw, table, place)
    if len(place.lines) > before:
        return None
    values.pop("reference", None)
    if "convert" in values and not _convert(values, place):
        return None
    point = ModbusPoint(**{**values, "table": table, "register": register, "rules": rules})
    if register + words_of(point) > 65536:
        place.key("register").say(
            f"{register} and {words_of(point)} registers end past 65535; allowed: an end up to 65535"
        )
        return None
    return point


def read_points(raw: list[object], place: Place, inherited: Rules) -> list[tuple[Place, ModbusPoint]]:
    """Convert the `[[devices.points]]` tables of one device."""
    found = []
    for number, table in enumerate(raw, 1):
        where = place.item(number, table.get("id") if isinstance(table, dict) else None)
        point = read_point(table, where, inherited)
        if point is not None:
            found.append((where, point))
    return found


def read_points_csv(content: str, lines: list[str], file: str, inherited: Rules) -> list[tuple[Place, ModbusPoint]]:
    """Convert a CSV file: a header of the same keys, one point a row, empty cells left out, comma or semicolon."""
    top = Place(lines, file)
    first_line = content.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(content), delimiter=";" if first_line.count(";") > first_line.count(",") else ",")
    found = []
    before = len(lines)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if not _header_fits(header, Place(lines, file, "line 1")):
            return []
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            where = Place(lines, file, f"line {rows.line_num}")
            point = _read_row(header, cells, where, inherited)
            if point is not None:
                found.append((where, point))
    except csv.Error as fault:
        top.say(f"line {rows.line_num}: not CSV: {fault}")
    if not found and len(lines) == before:
        top.say("no point in it; allowed: a header and at least one row")
    return found


def refuse_doubles(points: list[tuple[Place, ModbusPoint]]) -> None:
    """Refuse two points of one name, and two on one register, table and bit: both would be one row in the database."""
    ids: dict[str, Place] = {}
    spots: dict[tuple[Table, int, int], str] = {}
    for place, point in points:
        if point.id.lower() in ids:
            place.key("id").refuse(
                point.id, f"an id not yet used in this device, in any case; it stands at {ids[point.id.lower()]}"
            )
        ids.setdefault(point.id.lower(), place)
        spot = (point.table, point.register, point.bit)
        if spot in spots:
            text = f"{point.table} register {point.register}" + (f" bit {point.bit}" if point.type == "bit" else "")
            place.key("register").say(f'{text} is already read by point "{spots[spot]}"; allowed: one point on it')
        spots.setdefault(spot, point.id)


def _read_row(header: list[str], cells: list[str], place: Place, inherited: Rules) -> ModbusPoint | None:
    if len(cells) > len(header):
        place.say(f"saw {len(cells)} cells; allowed: at most the {len(header)} of the header")
        return None
    row = {key: cell.strip() for key, cell in zip(header, cells, strict=False) if cell.strip()}
    return read_point(row, place, inherited, from_text=True)


def _header_fits(header: list[str], place: Place) -> bool:
    before = len(place.lines)
    for name in header:
        if name not in POINT_KEYS:
            place.unknown(name, POINT_KEYS)
    for name in sorted({name for name in header if header.count(name) > 1}):
        place.key(name).say("stands twice in the header; allowed: once")
    if not any(header):
        place.say(f"no header; needed: a line of the keys {', '.join(POINT_KEYS)}")
    return len(place.lines) == before


def _where(values: dict[str, Any], raw: dict[str, Any], place: Place) -> tuple[Table, int]:
    """Settle table and register from `register` or `reference`; (holding, 0) where a fault hides them."""
    table: Table = values.get("table", "holding")
    if "register" in raw and "reference" in raw:
        place.key("reference").say("given beside register; allowed: one of the two (reference n is register n - 1)")
    elif "register" not in raw and "reference" not in raw:
        place.key("register").say(f"missing; needed: {POINT_KEYS['register'].allowed}, or {REFERENCE_FORM}")
    elif "reference" in values:
        implied, register = values["reference"]
        if "table" in values and table != implied:
            place.key("table").refuse(table, f'"{implied}", as reference {raw["reference"]} says, or no table')
        return implied, register
    return table, values.get("register", 0)


def _check_type(values: dict[str, Any], raw: dict[str, Any], table: Table, place: Place) -> None:
    is_wrong = "type" in raw and raw["type"] != values["type"]
    if is_wrong or ("table" in raw and "table" not in values):
        return
    is_bits = table in ("coil", "discrete")
    if is_bits and values["type"] != "bit":
        place.key("type").refuse(values["type"], f'"bit" (or none) in table "{table}"')
    if "bit" in values and (is_bits or values["type"] != "bit"):
        place.key("bit").refuse(values["bit"], 'only with type = "bit" in table holding or input')
    if "length" in values and values["type"] != "string":
        place.key("length").refuse(values["length"], 'only with type = "string"')


def _convert(values: dict[str, Any], place: Place) -> bool:
    """Fold a conversion into scale and offset. **Returns**: False where it cannot be."""
    given, wanted = values.get("units", ""), values.pop("convert")
    at = place.key("convert")
    if values["type"] in {"string", "bit"}:
        at.say(f'given with type "{values["type"]}"; allowed: only with a number')
        return False
    if not given:
        at.say('given without units; allowed: with the unit that the device gives, units = "degF"')
        return False
    units = importlib.import_module("t3actors.configure.units")  # it loads a library that few configurations need
    try:
        factor, offset = units.conversion(given, wanted)
    except NotAllowed as fault:
        at.refuse(wanted, fault.allowed)
        return False
    values["scale"] = values.get("scale", 1.0) * factor
    values["offset"] = values.get("offset", 0.0) * factor + offset
    values["units"] = wanted
    return True


def _field(name: str) -> str:
    return f"{name}_s" if name.endswith("_interval") or name in KEEP_KEYS else name
