"""One panel of a LOGGING_DATA answer, decoded: what it says of itself, its points, and what was read of them. Pure.

It runs on the event loop, one panel at a time: what did not change since the panel's last answer is not decoded into new
objects, and whoever compares them (`is`) sees so at once. A panel that is bad costs no other, and a point that is bad none of
the panel's others.

Both shapes (document.py) have the panel's id, name, serial number, address and three logging times; the documented one has
them in `device_info`. Source: T3000/BacnetWebView.cpp, LOGGING_DATA; T3000Webview, FFI sync service flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from t3actors.collect.t3000.document import SHOWN, Shape
from t3actors.collect.t3000.given import UNREADABLE, Given, givens, shown, whole
from t3actors.collect.t3000.meaning import ALLOWED_IDS, Known, clean, known
from t3actors.collect.t3000.mending import Octets, mend, readable
from t3actors.errors import BadResponse
from t3actors.points import DeviceFacts, Kind, Point, Reading, Rules

MOST_TOLD = 20
"""Of the lines in `refused`."""

_LISTS = {"input_points": Kind.INPUT, "output_points": Kind.OUTPUT, "variable_points": Kind.VARIABLE}
_TIMES = {
    Kind.INPUT: "input_logging_time",
    Kind.OUTPUT: "output_logging_time",
    Kind.VARIABLE: "variable_logging_time",
}
_NULL = Raw(b"null")
_EXPECTED = ("panel_id", "panel_name", "panel_serial_number", "panel_ipaddress", *_TIMES.values())
_LATEST_S = 2**32 - 1  # an unsigned int: 2106
_NOWHERE = "0.0.0.0"  # noqa: S104 - what T3000 writes for a panel whose address it has not read


class Listed(NamedTuple):
    """A list of points: what the answer calls it, the kind of all of them where that is certain, and the JSON array."""

    name: str
    kind: Kind | None
    array: Octets | Raw


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """Points, decoded. `missing`: fields that points lacked, each once; `refused`: a line for each point not wholly used, the first few.

    `known`, and whether they were `raw` (in thousandths), are for the next call, which compares with them.
    """

    points: tuple[Point, ...] = ()
    readings: dict[Kind, tuple[Reading, ...]] = {}
    missing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    raw: bool = True


class PanelAnswer(Points, frozen=True, kw_only=True):
    """A panel, decoded. **Units**: `logging_at_s` Unix seconds by T3000's own clock; 0 where it was never read, None where none is given.

    `serial_number` is 0 where the panel has none, and the caller skips it; `missing` names the panel's own fields too. `is_whole`: a
    point that is not in it is not on the panel; else it may only not have been read.
    """

    facts: DeviceFacts
    serial_number: int = 0
    logging_at_s: dict[Kind, int | None] = {}
    is_whole: bool = True


class _Said(msgspec.Struct, kw_only=True):
    """What a panel says of itself, in either shape."""

    panel_id: Any = None
    panel_name: Any = None
    panel_serial_number: Any = None
    panel_ipaddress: Any = None
    input_logging_time: Any = None
    output_logging_time: Any = None
    variable_logging_time: Any = None
    ip_address: Any = None
    port: Any = None
    modbus_address: Any = None
    bacnet_mstp_mac_id: Any = None
    object_instance: Any = None


class _Real(_Said, kw_only=True):
    device_data: Raw = _NULL


class _Documented(msgspec.Struct, kw_only=True):
    device_info: _Said | None = None
    input_points: Raw = _NULL
    output_points: Raw = _NULL
    variable_points: Raw = _NULL


def decode_panel(octets: Octets, shape: Shape, rules: Rules, before: PanelAnswer | None = None) -> PanelAnswer:
    """Decode the slice of one panel. `before`: its last answer, whose objects are used again where nothing changed.

    **Raises**: BadResponse when it is no panel. A text of it that is not UTF-8 or not JSON is mended (mending.py).
    """
    try:
        return _panel(octets, shape, rules, before)
    except UNREADABLE:
        pass
    try:
        return _panel(readable(mend(octets)[0]), shape, rules, before)
    except UNREADABLE as why:
        first = bytes(octets[:SHOWN])
        raise BadResponse(
            f"a panel of {len(octets)} octets is not one ({why}); allowed: an object", raw=first
        ) from None


def decode_points(lists: Sequence[Listed], rules: Rules, before: Points | None = None, *, raw: bool) -> Points:
    """Decode lists of points, in the order in which the last answer had them. `raw`: in thousandths, as panels hold them.

    **Raises**: one of UNREADABLE when one is no list.
    """
    refused: list[str] = []
    decoded = []
    for listed in lists:
        given, faults = givens(listed.array, listed.name)
        refused += faults
        decoded.append((listed.name, listed.kind, given))
    return points_of(decoded, refused, rules, before, raw=raw)


def points_of(
    lists: Sequence[tuple[str, Kind | None, Sequence[Given]]],
    refused: Sequence[str],
    rules: Rules,
    before: Points | None = None,
    *,
    raw: bool,
) -> Points:
    """Say what points mean that are decoded already: as (name of the list, kind, points). `refused`: what is to be told of them."""
    if before is not None and before.raw != raw:
        before = None  # the same fields mean something else
    old = before.known if before is not None else ()
    found: list[Known] = []
    missing: dict[str, None] = {}
    faults = list(refused)
    for name, kind, given in lists:
        for place, each in enumerate(given):
            was = old[len(found)] if len(found) < len(old) else None
            if was is not None and each == was.given and was.point.rules is rules:
                now = was
            else:
                made = known(each, kind, was, rules, raw=raw)
                if made is None:
                    faults.append(f"{name}[{place}] has the id {shown(each.id)}; allowed: {ALLOWED_IDS}")
                    continue
                now = made
            found.append(now)
            if now.absent:
                missing.update((f"{name}[].{field}", None) for field in now.absent)
    return _points(found, tuple(missing), faults, before, raw=raw)


def _points(
    found: list[Known], missing: tuple[str, ...], refused: list[str], before: Points | None, *, raw: bool
) -> Points:
    if before is None or not _same(found, before.known):
        found, twice = _each_once(found)
        refused += twice
    if before is not None and _same(found, before.known):
        points, readings, now = before.points, before.readings, before.known
    else:
        now = tuple(found)
        points = tuple([each.point for each in now])
        if before is not None and _same(points, before.points):
            points = before.points
        readings = {
            kind: tuple([each.reading for each in group])
            for kind in Kind
            if (group := [each for each in now if each.point.kind is kind])
        }
    if len(refused) > MOST_TOLD:
        refused[MOST_TOLD:] = [f"and {len(refused) - MOST_TOLD} more"]
    return Points(points=points, readings=readings, missing=missing, refused=tuple(refused), known=now, raw=raw)


def _same(these: Sequence[object], those: Sequence[object]) -> bool:
    return len(these) == len(those) and all(map(is_, these, those))


def _each_once(found: list[Known]) -> tuple[list[Known], list[str]]:
    first: dict[str, Known] = {}
    twice = [each for each in found if first.setdefault(each.point.point_id, each) is not each]
    return list(first.values()), [f"{each.point.point_id} stands twice; the first is used" for each in twice]


def _panel(octets: Octets, shape: Shape, rules: Rules, before: PanelAnswer | None) -> PanelAnswer:
    said: _Said
    lists: dict[str, tuple[Kind | None, Raw]]
    if shape == "documented":
        panel = msgspec.json.decode(octets, type=_Documented)
        said, where = panel.device_info or _Said(), "device_info."
        lists = {name: (kind, getattr(panel, name)) for name, kind in _LISTS.items()}
    else:
        said, where = (real := msgspec.json.decode(octets, type=_Real)), ""
        lists = {"device_data": (None, real.device_data)}
    given = [Listed(name, kind, array) for name, (kind, array) in lists.items() if array != _NULL]
    points = decode_points(given, rules, before, raw=shape == "real")
    missing = [where + name for name in _EXPECTED if getattr(said, name) is None]
    missing += [name for name, (_, array) in lists.items() if array == _NULL]
    facts, times, refused = _facts(said, where)
    return PanelAnswer(
        points=points.points,
        readings=points.readings,
        missing=(*missing, *points.missing),
        refused=(*refused, *points.refused),
        known=points.known,
        raw=points.raw,
        facts=facts,
        serial_number=facts.serial_number or 0,
        logging_at_s=times,
    )


def _facts(said: _Said, where: str) -> tuple[DeviceFacts, dict[Kind, int | None], list[str]]:
    refused = []

    def number(name: str, lowest: int, highest: int) -> int | None:
        """0 is T3000's word for "not known"."""
        return given(name, lowest, highest) or None

    def given(name: str, lowest: int, highest: int) -> int | None:
        value = getattr(said, name)
        found = whole(value, lowest, highest)
        if found is None and value is not None:
            refused.append(f"{where}{name} is {shown(value)}; allowed: a whole number of {lowest} to {highest}")
        return found

    serial = number("panel_serial_number", -(2**31), 2**32 - 1)
    address = _text(said.ip_address) or _text(said.panel_ipaddress)
    facts = DeviceFacts(
        serial_number=None if serial is None else serial & 0xFFFFFFFF,  # T3000 writes it as a signed int
        panel_id=number("panel_id", 0, 2**31 - 1),
        panel_name=_text(said.panel_name),
        ip_address=None if address == _NOWHERE else address,
        port=number("port", 0, 65535),
        modbus_address=number("modbus_address", 0, 255),
        bacnet_mstp_mac_id=number("bacnet_mstp_mac_id", 0, 2**31 - 1),
        object_instance=number("object_instance", 0, 4194303),
    )
    return facts, {kind: given(name, 0, _LATEST_S) for kind, name in _TIMES.items()}, refused


def _text(said: Any) -> str | None:
    return clean(said if isinstance(said, str) else str(said)) or None if said is not None else None
