"""A whole answer of T3000, taken apart without being taken in: what it is, what it says, and where each panel lies in it. Pure.

The octets are looked at where they lie: no panel is copied or decoded, so that an answer of 100 MB costs little more than
itself. The doors call it before they hand an answer on; in the FFI door's worker process too.

Shapes, told apart by their keys:

    "documented"  {"action", "timestamp", "devices": [{"device_info", "input_points", ...}]}    engineering values
    "real"        {"action", "data": [{"panel_id", ..., "device_data": [...]}]}                  thousandths
    "other"       anything else: the panel list, the points of one kind, trend logs, an error

T3000 says in the text when it has nothing, and its return code is 0 all the same: `{"error": ...}`, or `{"debug":
"HandleWebViewMsg returned empty response"}`, or `{}`. `{"action": "LOGGING_DATA_RES"}` alone is an answer without a panel.

T3000 itself writes ASCII with escapes (its jsoncpp 1.9.4 has emitUTF8 off): what a label held beyond ASCII in a code page
was changed there, before any answer came. Octets that are not UTF-8 come from other libraries; they cost no panel its
readings: here they are only counted, and `panel_answer` replaces them in its own panel.

Source: T3000/BacnetWebView.cpp (HandleWebViewMsg: LOGGING_DATA, GET_PANELS_LIST, GET_WEBVIEW_LIST) and
BacnetWebView_Exports.cpp; the documented shape: T3000Webview, FFI sync service flow.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from t3actors.collect.t3000.mending import Octets, mend, readable, undecodable
from t3actors.errors import BadResponse

Shape = Literal["documented", "real", "other"]
Span = tuple[int, int]
"""(offset, length) in the body."""

_T = TypeVar("_T")

LOGGING_DATA_RES = "LOGGING_DATA_RES"
SHOWN = 64  # octets of a bad answer kept for the log
_SAID = 500  # characters of what an answer says
_OPENING = re.compile(rb"[ \t\n\r]*+\{[ \t\n\r]*+")
_KEY = re.compile(rb'"(?:[^"\\]++|\\.)*+"[ \t\n\r]*+:[ \t\n\r]*+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\n\r]*+")
_AFTER = re.compile(rb"[ \t\n\r]*+[,}\]][ \t\n\r]*+")
_EMPTY = re.compile(rb"null|false|\[[ \t\n\r]*\]|\{[ \t\n\r]*\}")
_DATA = ("data", "trendlogs", "trendlog")  # where an answer of shape "other" has what was asked for
_TWICE = "a key stands twice"
_CUT_OFF = "Input data was truncated"  # msgspec's words
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer is. `panels` are spans of the body as it was given.

    `error`: why there is nothing in it, "" where there is something; `notice`: what an error or debug text says beside data.
    `repaired`: octets of text that are not UTF-8 or not JSON, and are to be replaced by whoever decodes them.
    """

    action: str = ""
    shape: Shape = "other"
    panels: tuple[Span, ...] = ()
    error: str = ""
    notice: str = ""
    timestamp: str = ""
    repaired: int = 0


class _Member(NamedTuple):
    offset: int
    raw: Raw

    @property
    def opening(self) -> bytes:
        return bytes(memoryview(self.raw)[:1])


class _Glance(msgspec.Struct):
    """By these keys a panel is known."""

    device_data: Raw | UnsetType = UNSET
    panel_serial_number: Raw | UnsetType = UNSET


def split(body: Octets) -> Document:
    """Say what the answer is and where each panel lies in it.

    **Shape**: it ends at its first NUL, as a C string in a cleared buffer does; without one it is the whole body.
    **Raises**: BadResponse for an answer that is empty, cut off, or no JSON object.
    """
    text = ended(body)
    if not len(text):
        raise BadResponse("the answer is empty; allowed: a JSON object")
    repaired = undecodable(text)
    try:
        members = _members(text)
    except _UNREADABLE as why:
        fault = _bad(text, why)
        text, mended = mend(text)
        repaired += max(mended, 1)
        try:
            members = _members(text)
        except _UNREADABLE:
            raise fault from None
    return _document(text, members, repaired)


def ended(body: Octets) -> Octets:
    """Give the body up to its first NUL, as a view of it."""
    nul = re.search(rb"\0", body)
    return memoryview(body)[: nul.start()] if nul else body


def decoded(body: Octets, type_: type[_T]) -> _T:
    """Decode a small answer of shape "other", its text mended where that is needed. **Raises**: BadResponse."""
    text = ended(body)
    try:
        return msgspec.json.decode(text, type=type_)
    except _UNREADABLE:
        pass
    try:
        return msgspec.json.decode(readable(mend(text)[0]), type=type_)
    except _UNREADABLE as why:
        raise _bad(text, why) from None


def _members(text: Octets) -> dict[str, _Member]:
    """Give each member of the outermost object and where its value begins."""
    found = msgspec.json.decode(text, type=dict[str, Raw])
    at = _past(_OPENING, text, 0)
    members = {}
    for name, raw in found.items():
        at = _past(_KEY, text, at)
        members[name] = _Member(at, raw)
        at = _past(_AFTER, text, at + len(memoryview(raw)))
    if found and at != len(text):
        raise msgspec.DecodeError(_TWICE)
    return members


def _elements(text: Octets, array: _Member) -> list[tuple[Raw, Span]]:
    """Give each element of an array, and where it lies."""
    at = _past(_SPACE, text, array.offset + 1)
    elements = []
    for raw in msgspec.json.decode(array.raw, type=list[Raw]):
        length = len(memoryview(raw))
        elements.append((raw, (at, length)))
        at = _past(_AFTER, text, at + length)
    return elements


def _past(what: re.Pattern[bytes], text: Octets, at: int) -> int:
    """Give where the text goes on behind `what`, which stands at `at`. Only a key that stands twice leads elsewhere."""
    found = what.match(text, at)
    if found is None:
        raise msgspec.DecodeError(_TWICE)
    return found.end()


def _document(text: Octets, members: dict[str, _Member], repaired: int) -> Document:
    action = _said(members.get("action"))
    shape, panels = _panels(text, members, action)
    said = _said(members.get("error")) or _said(members.get("debug"))
    if not members:
        said = "an empty object"
    holds_data = bool(panels) or any(_holds(members.get(key)) for key in _DATA)
    return Document(
        action=action,
        shape=shape,
        panels=panels,
        error="" if holds_data else said,
        notice=said if holds_data else "",
        timestamp=_said(members.get("timestamp")),
        repaired=repaired,
    )


def _panels(text: Octets, members: dict[str, _Member], action: str) -> tuple[Shape, tuple[Span, ...]]:
    devices, data = members.get("devices"), members.get("data")
    if devices is not None:
        elements = _elements(text, devices) if devices.opening == b"[" else []
        return "documented", tuple(span for _, span in elements)
    elements = _elements(text, data) if data is not None and data.opening == b"[" else []
    if action == LOGGING_DATA_RES or any(_is_panel(raw) for raw, _ in elements):
        return "real", tuple(span for _, span in elements)
    return "other", ()


def _is_panel(raw: Raw) -> bool:
    try:
        glance = msgspec.json.decode(raw, type=_Glance)
    except _UNREADABLE:
        return False
    return glance.device_data is not UNSET or glance.panel_serial_number is not UNSET


def _holds(member: _Member | None) -> bool:
    """Whether an array or an object has anything in it."""
    return member is not None and _EMPTY.fullmatch(member.raw) is None


def _said(member: _Member | None) -> str:
    """Give what a member says, as text; "" where it is missing or says nothing."""
    if member is None:
        return ""
    octets = readable(memoryview(member.raw)[:_SAID])
    try:
        said = msgspec.json.decode(octets)
    except _UNREADABLE:
        said = octets.decode()
    return "" if said is None else str(said)


def _bad(text: Octets, why: Exception) -> BadResponse:
    if isinstance(why, RecursionError):
        fault = "is nested too deep"
    elif str(why) == _CUT_OFF:
        fault = f"is cut off after {len(text)} octets"
    else:
        fault = f"of {len(text)} octets is no JSON object ({why})"
    return BadResponse(f"the answer {fault}; allowed: one JSON object", raw=bytes(text[:SHOWN]))
