"""What is asked of T3000, and the two answers that are no LOGGING_DATA: the list of panels, and the points of one kind. Pure.

Three requests can be made here, each of which reads (door.READ_ACTIONS holds the doors to it):

    GET_PANELS_LIST 4     every panel T3000 knows, whether it is there now or not
    LOGGING_DATA 15       what T3000 has in its memory of one panel, or of all (-1); the answer is for `panel_answer`
    GET_WEBVIEW_LIST 17   the points of one kind of one panel, read from it now, ten at a time. It takes T3000's own connection,
                          for minutes where the panel is silent; indexes count from 0 and both ends are meant

As T3000 parses a request (jsoncpp, asInt), a serial number from 2^31 upward must be sent as the signed number of the same bits.

Source: T3000/BacnetWebView.cpp, HandleWebViewMsg; global_define.h (BAC_*, *_ITEM_COUNT); ud_str.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from t3actors.collect import products
from t3actors.collect.t3000.document import SHOWN, decoded
from t3actors.collect.t3000.given import UNREADABLE, shown, whole
from t3actors.collect.t3000.meaning import PREFIXES, clean
from t3actors.collect.t3000.mending import Octets, mend, readable
from t3actors.collect.t3000.panel_answer import Listed, Points, decode_points
from t3actors.errors import BadResponse
from t3actors.points import DeviceFacts, Kind, Rules

GET_PANELS_LIST, LOGGING_DATA, GET_WEBVIEW_LIST = 4, 15, 17
ALL_PANELS = -1
UNKNOWN_NAME = "(Unknown)"  # what T3000 writes where it has none
ENTRY_TYPES = {Kind.OUTPUT: 0, Kind.INPUT: 1, Kind.VARIABLE: 2}  # BAC_OUT, BAC_IN, BAC_VAR
MONITORS = 9  # BAC_AMON
CAPACITY = {Kind.INPUT: 64, Kind.OUTPUT: 64, Kind.VARIABLE: 128}  # BAC_INPUT_ITEM_COUNT and its like
MONITOR_COUNT = 12  # BAC_MONITOR_COUNT

_PANELS = range(1, 255)  # 0 and 255 are no panels
_NO_INSTANCE = 0x3FFFFF
_ALL_BITS = 2**32 - 1
_ECHOED = ("panelId", "serialNumber", "entryType")
_NULL = Raw(b"null")


class _PanelsAnswer(msgspec.Struct):
    data: Raw = _NULL


class _Entry(msgspec.Struct):
    panel_number: Any = None
    serial_number: Any = None
    object_instance: Any = None
    pid: Any = None
    panel_name: Any = None


class _Entries(msgspec.Struct):
    panelId: Any = None  # noqa: N815 - as T3000 writes it
    serialNumber: Any = None  # noqa: N815
    entryType: Any = None  # noqa: N815
    device_data: Raw = _NULL


class _EntriesAnswer(msgspec.Struct):
    data: _Entries | None = None


class ListedPanel(msgspec.Struct, frozen=True, kw_only=True):
    """A panel as the list has it. `serial_number` 0: it has none, and the caller skips it."""

    panel_id: int
    serial_number: int
    object_instance: int | None = None
    product_id: int | None = None
    name: str = ""

    @property
    def facts(self) -> DeviceFacts:
        """What is known of it before it is asked."""
        product = self.product_id
        return DeviceFacts(
            serial_number=self.serial_number or None,
            panel_id=self.panel_id,
            panel_name=self.name or None,
            object_instance=self.object_instance,
            model=None if product is None else products.name_of(product),
        )


class PanelsList(msgspec.Struct, frozen=True):
    """Every panel of the list. `refused`: a line for each entry that is none."""

    panels: tuple[ListedPanel, ...]
    refused: tuple[str, ...] = ()


class PointsList(Points, frozen=True, kw_only=True):
    """The points of one kind. `unread`: the ids of those that were asked for and are not in it: T3000 leaves out, without a word,
    what the panel did not answer.
    """

    unread: tuple[str, ...] = ()


def panels_list_request() -> dict[str, object]:
    """Ask which panels there are."""
    return {"action": GET_PANELS_LIST}


def logging_data_request(panel_id: int = ALL_PANELS, serial_number: int = 0) -> dict[str, object]:
    """Ask for what T3000 has of one panel, and let it read that one anew for the next time; of all panels without that."""
    return {"action": LOGGING_DATA, "panelId": panel_id, "serialNumber": signed(serial_number)}


def points_request(panel: ListedPanel, kind: Kind, first: int = 1, last: int | None = None) -> dict[str, object]:
    """Ask a panel for its points of one kind, by their numbers from `first` to `last`; all of them without."""
    highest = CAPACITY[kind]
    return _entries_request(panel, ENTRY_TYPES[kind], first, highest if last is None else last, highest)


def monitors_request(panel: ListedPanel) -> dict[str, object]:
    """Ask a panel for the configuration of its trend logs; the answer is for `trend_logs`."""
    return _entries_request(panel, MONITORS, 1, MONITOR_COUNT, MONITOR_COUNT)


def decode_panels_list(body: Octets) -> PanelsList:
    """Decode the answer to `panels_list_request`. **Raises**: BadResponse when it is no list of panels."""
    data = decoded(body, _PanelsAnswer).data
    if data == _NULL:
        return PanelsList(())  # jsoncpp leaves out what was never written to: no panel at all
    try:
        entries = msgspec.json.decode(readable(mend(memoryview(data))[0]), type=list[Raw])
    except UNREADABLE as why:
        raise _bad(body, str(why)) from None
    panels: dict[tuple[int, int], ListedPanel] = {}
    refused = []
    for place, raw in enumerate(entries):
        try:
            panel = _listed(msgspec.json.decode(raw, type=_Entry))
        except UNREADABLE:
            panel = None
        if panel is None:
            refused.append(
                f"data[{place}] is {bytes(raw)[:SHOWN].decode(errors='replace')}; allowed: a panel with the number 1 to 254"
            )
        else:
            panels.setdefault((panel.panel_id, panel.serial_number), panel)
    return PanelsList(tuple(panels.values()), tuple(refused))


def decode_points_list(
    body: Octets, request: Mapping[str, object], rules: Rules, before: PointsList | None = None
) -> PointsList:
    """Decode the answer to a `points_request`. `before`: the last answer to the same one, used again where nothing changed.

    **Raises**: BadResponse when it is none, or answers another request.
    """
    kind = next(kind for kind, number in ENTRY_TYPES.items() if number == request["entryType"])
    array = listed_entries(body, request)
    try:
        lists = [] if array is None else [Listed("device_data", kind, array)]
        points = decode_points(lists, rules, before, raw=True)
    except UNREADABLE as why:
        raise _bad(body, str(why)) from None
    given = {point.point_id for point in points.points}
    unread = [name for number in _asked(request) if (name := f"{PREFIXES[kind]}{number}") not in given]
    return PointsList(
        points=points.points,
        readings=points.readings,
        missing=points.missing,
        refused=points.refused,
        known=points.known,
        raw=points.raw,
        unread=tuple(unread),
    )


def listed_entries(body: Octets, asked: Mapping[str, object]) -> Raw | None:
    """Give the entries in an answer to a GET_WEBVIEW_LIST, as the JSON array they are; None where there is not one.

    `asked`: the request, or as much of it as is known.

    **Raises**: BadResponse when it is no such answer, or answers another request.
    """
    data = decoded(body, _EntriesAnswer).data
    if data is None:
        raise _bad(body, "data is missing")
    for name in _ECHOED:
        said = getattr(data, name)
        if name in asked and said is not None and said != asked[name]:
            raise _bad(body, f"{name} is {shown(said)}, asked was {asked[name]}")
    return None if data.device_data == _NULL else data.device_data


def signed(serial_number: int) -> int:
    """Give the 32 bits as C++'s int has them."""
    return serial_number - 2**32 if serial_number >= 2**31 else serial_number


def _entries_request(panel: ListedPanel, entry_type: int, first: int, last: int, highest: int) -> dict[str, object]:
    if not 1 <= first <= last <= highest:
        raise ValueError(f"entries: saw {first} to {last}; allowed: within 1 to {highest}, in order")
    return {
        "action": GET_WEBVIEW_LIST,
        "panelId": panel.panel_id,
        "serialNumber": signed(panel.serial_number),
        "objectinstance": panel.object_instance or 0,
        "entryType": entry_type,
        "entryIndexStart": first - 1,
        "entryIndexEnd": last - 1,
    }


def _asked(request: Mapping[str, object]) -> range:
    first, last = (whole(request[name], 0, 254) for name in ("entryIndexStart", "entryIndexEnd"))
    return range((first or 0) + 1, (last or 0) + 2)


def _listed(entry: _Entry) -> ListedPanel | None:
    panel_id = whole(entry.panel_number, _PANELS[0], _PANELS[-1])
    if panel_id is None:
        return None
    name = entry.panel_name
    return ListedPanel(
        panel_id=panel_id,
        serial_number=_bits(entry.serial_number),
        object_instance=whole(entry.object_instance, 1, _NO_INSTANCE - 1),
        product_id=whole(entry.pid, 1, 255),
        name=clean(name) if isinstance(name, str) and name != UNKNOWN_NAME else "",
    )


def _bits(value: object) -> int:
    """Give 32 bits that may have come as a signed number; 0 for what is none."""
    return (whole(value, -(2**31), _ALL_BITS) or 0) & _ALL_BITS


def _bad(body: Octets, what: str) -> BadResponse:
    return BadResponse(f"the list is not as asked: {what}", raw=bytes(body[:SHOWN]))
