"""How a T3000 panel's own trend logs (its monitors, MON1 to MON12) are set up: from T3000's answers to rows of TRENDLOGS. Pure.

Three answers tell it, seen in T3000's source (T3000 HEAD of July 2026); each decodes here:

    GET_WEBVIEW_LIST 17, entryType 9 (BAC_AMON): BacnetWebView.cpp has that case. It reads the panel now, four monitors at a time, and
        gives label, interval in hours, minutes and seconds, status 0 or 1, num_inputs, an_inputs, and all 14 points of each. It is
        the only one that is sure to be of the panel that was asked; a block that was not answered is left out without a word.
    BacnetWebView_GetTrendlogList(panel, buffer, length): from T3000's memory, all twelve at once, without their points; it returns the
        length of its answer, or -1 (also when T3000 is not ready). Where that memory holds nothing for the panel, it gives the
        monitors of the panel on the operator's screen instead, and says so only in `data_source` ("m_monitor_data").
        `data_size_kb` is always that of the panel on the screen: not used.
    BacnetWebView_GetTrendlogEntry(panel, index, buffer, length): the same for one, with those of its 14 points that come first.

BacnetWebView_SyncMonitorData, which T3000's own service calls before these, copies the monitors of the panel on the screen over
another's: it changes what T3000 shows and is never called.

A point in a monitor: `point_type` is BAC_* + 1 in its low five bits (0: none), its high three and `network` add to the number, which
counts from 0 on T3000's own points (BacnetMonitor.cpp; pointtotext in CM5/BacNetProgram_transplant.cpp).
"""

from __future__ import annotations

from typing import Any

import msgspec

from t3actors.collect.t3000.document import SHOWN, decoded
from t3actors.collect.t3000.given import UNREADABLE, shown, whole
from t3actors.collect.t3000.lists import MONITOR_COUNT, MONITORS, listed_entries, signed
from t3actors.collect.t3000.meaning import clean
from t3actors.collect.t3000.mending import Octets, mend, readable
from t3actors.errors import BadResponse
from t3actors.objects import TrendLog

OF_THE_SCREEN = "m_monitor_data"

_OWN = {0: "OUT", 1: "IN", 2: "VAR"}  # global_define.h BAC_*
_BACNET = {20: "BI", 21: "BV", 22: "MSV", 27: "AV", 28: "AI", 29: "AO", 30: "BO"}
_MODBUS = {23: "COIL", 24: "DIS_REG", 25: "IN_REG", 26: "MB_REG"}
_LABEL = 9  # octets in ud_str.h
_FAR = 0x80  # in `network`: the number, or the device instance, is larger than its own octets hold


class TrendLogs(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's trend logs. `certain`: they are sure to be of the panel that was asked, not of the one on the operator's screen.

    `unread`: ids that were asked for and are not in the answer; `refused`: a line for each entry that is none.
    """

    rows: tuple[TrendLog, ...] = ()
    certain: bool = True
    unread: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class _Answer(msgspec.Struct):
    panel_id: Any = None
    data_source: Any = None
    trendlogs: Any = None
    trendlog: Any = None
    data: Any = None


def decode_trend_logs(body: Octets, panel_id: int, serial_number: int | None = None) -> TrendLogs:
    """Decode any of the three answers. **Raises**: BadResponse when it is none of them, or of another panel."""
    answer = decoded(body, _Answer)
    if answer.trendlogs is None and answer.trendlog is None:
        return _listed(body, panel_id, serial_number)
    if answer.panel_id is not None and answer.panel_id != panel_id:
        raise _bad(body, f"panel_id is {shown(answer.panel_id)}, asked was {panel_id}")
    entries = [answer.trendlog] if answer.trendlogs is None else answer.trendlogs
    if not isinstance(entries, list):
        raise _bad(body, f"trendlogs is {shown(entries)}; allowed: a list")
    rows, refused = _rows(entries, panel_id, "trendlogs")
    return TrendLogs(rows=rows, refused=refused, certain=answer.data_source != OF_THE_SCREEN)


def point_text(point: dict[str, Any], panel_id: int) -> str:
    """Say which point a monitor records, as T3000 writes it: "IN3", of another panel "111OUT45" or "123.45.MB_REG67"; "" for none."""
    stored, panel, sub_panel, network, number = (
        whole(point.get(name), 0, 255) or 0 for name in ("point_type", "panel", "sub_panel", "network", "point_number")
    )
    if stored == 0 or (panel == 0 and sub_panel == 0):
        return ""
    kind = (stored - 1) & 0x1F | network & 0x60
    high = (stored - 1) >> 5
    if network >= _FAR and kind in {2, *_MODBUS}:
        high += (network & 0x1F) * 8
    number += high * 256 + (kind in _OWN) - (network >= _FAR and kind == 2)
    name = _OWN.get(kind) or _BACNET.get(kind) or _MODBUS.get(kind) or f"type{kind}."
    if network >= _FAR and kind in _BACNET:
        return f"{(network & 0x7F) << 16 | panel << 8 | sub_panel}{name}{number}"
    if panel == panel_id and sub_panel in (0, panel):
        return f"{name}{number}"
    return f"{panel}.{sub_panel}.{name}{number}" if sub_panel else f"{panel}{name}{number}"


def _listed(body: Octets, panel_id: int, serial_number: int | None) -> TrendLogs:
    asked: dict[str, object] = {"panelId": panel_id, "entryType": MONITORS}
    if serial_number is not None:
        asked["serialNumber"] = signed(serial_number)
    array = listed_entries(body, asked)
    try:
        entries = [] if array is None else msgspec.json.decode(readable(mend(memoryview(array))[0]), type=list[Any])
    except UNREADABLE as why:
        raise _bad(body, str(why)) from None
    rows, refused = _rows(entries, panel_id, "device_data")
    read = {row.index for row in rows}
    unread = tuple(f"MON{number}" for number in range(1, MONITOR_COUNT + 1) if number not in read)
    return TrendLogs(rows=rows, refused=refused, unread=unread)


def _rows(entries: list[Any], panel_id: int, name: str) -> tuple[tuple[TrendLog, ...], tuple[str, ...]]:
    rows: dict[int, TrendLog] = {}
    refused = []
    for place, entry in enumerate(entries):
        number = _number(entry) if isinstance(entry, dict) else None
        if number is None:
            refused.append(f"{name}[{place}] is {shown(entry)}; allowed: a monitor MON1 to MON{MONITOR_COUNT}")
        else:
            rows.setdefault(number, _row(entry, number, panel_id))
    return tuple(rows[number] for number in sorted(rows)), tuple(refused)


def _number(entry: dict[str, Any]) -> int | None:
    """The id counts from 1; `num` and `index` from 0."""
    id_ = entry.get("id")
    if isinstance(id_, str):
        return whole(id_.removeprefix("MON"), 1, MONITOR_COUNT) if id_.startswith("MON") else None
    place = whole(entry.get("num", entry.get("index")), 0, MONITOR_COUNT - 1)
    return None if place is None else place + 1


def _row(entry: dict[str, Any], number: int, panel_id: int) -> TrendLog:
    label, status = entry.get("label"), entry.get("status_code", entry.get("status"))
    points = entry.get("inputs", entry.get("input"))
    return TrendLog(
        index=number,
        trendlog_id=f"MON{number}",
        trendlog_label=clean(label, _LABEL) if isinstance(label, str) and label != f"Monitor {number}" else "",
        panel_id=panel_id,
        interval_seconds=_interval_s(entry),
        status={0: "OFF", 1: "ON", "OFF": "OFF", "ON": "ON"}.get(status) if isinstance(status, int | str) else None,
        logs=_logs(points, panel_id) if "inputs" in entry or "input" in entry else None,
    )


def _logs(points: Any, panel_id: int) -> str:
    listed = points if isinstance(points, list) else []  # jsoncpp writes null for an empty one
    each = [point_text(point, panel_id) for point in listed if isinstance(point, dict)]
    return ", ".join(text for text in each if text)


def _interval_s(entry: dict[str, Any]) -> int | None:
    said = whole(entry.get("interval_seconds"), 0, 2**31 - 1)
    parts = [whole(entry.get(f"{name}_interval_time"), 0, 255) for name in ("hour", "minute", "second")]
    if said is not None or None in parts:
        return said
    hours, minutes, seconds = (part or 0 for part in parts)
    return hours * 3600 + minutes * 60 + seconds


def _bad(body: Octets, what: str) -> BadResponse:
    return BadResponse(f"the trend logs are not as asked: {what}", raw=bytes(body[:SHOWN]))
