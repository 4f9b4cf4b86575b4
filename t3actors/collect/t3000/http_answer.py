"""What an answer of T3000's web server means, from its status and body. Pure.

T3000Webview hands the JSON it is sent to the C++ function and its text back as JSON, status 200, whatever is in it. Besides that it
answers in its own name: `{"status": "error", "error": text}` with status 500 when the function returns an error code,
`{"error": text, "code": "T3000_WARMUP"}` with 200 in the first seconds, and `{"status": "success", "data": text}`
with 200 when the function's text is no JSON. Source: T3000Webview api/src/t3_device/t3_ffi_api_service.rs.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType

from t3actors.collect.t3000.document import SHOWN, Document, split
from t3actors.collect.t3000.words import printable
from t3actors.errors import BadResponse, NotReady, RequestRefused, RequestTimedOut

GOOD, SERVER_ERROR = 200, 500
_WARMING_UP = frozenset({"T3000_WARMUP", "T3000_PANELS_WARMUP"})
_NOT_INITIALISED = "MFC application not initialized"
_BUSY = (
    "FFI lock timed out"  # T3000 serves one call at a time, its operator's screen included; it waits 60 s for its turn
)
_HINTS = {
    404: "; is this T3000's web server, and a version that has /api/t3000/ffi/call?",
    405: "; is this T3000's web server, and a version that has /api/t3000/ffi/call?",
}
_GLANCE = 4096  # octets of a body that may hold the server's own words


class _Own(msgspec.Struct):
    """What T3000Webview says in its own name."""

    status: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    code: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET


def judge(status: int, reason: str, body: bytes | bytearray | memoryview) -> Document:
    """Give what `document.split` says of a good answer.

    **Raises**: NotReady while T3000 starts; RequestTimedOut when others keep it busy; RequestRefused, with the HTTP status as its
    code, for any other error; BadResponse for what is no whole JSON object.
    """
    if status != GOOD:
        raise _refusal(status, reason, bytes(body[:_GLANCE]))
    document = split(memoryview(body))
    if document.error:
        if _text(_own(bytes(body[:_GLANCE])).code) in _WARMING_UP or _NOT_INITIALISED in document.error:
            raise NotReady(printable(document.error))
        raise RequestRefused(f"T3000 refused: {printable(document.error)}", code=status)
    if document.shape == "other" and (passed_on := _passed_on(body)) is not None:
        if not passed_on:
            raise RequestRefused("T3000 refused: an empty answer", code=status)
        raise BadResponse("T3000's answer is no JSON; its web server passed it on as text", raw=passed_on)
    return document


def _refusal(status: int, reason: str, body: bytes) -> NotReady | RequestTimedOut | RequestRefused:
    said = _text(_own(body).error)
    if status == SERVER_ERROR and _NOT_INITIALISED in said:
        return NotReady(printable(said))
    if status == SERVER_ERROR and _BUSY in said:
        return RequestTimedOut("T3000 is busy with somebody else's call")
    if 300 <= status < 400:
        return RequestRefused(
            f"HTTP {status}: it redirects, which is not followed; configure where T3000 itself is", code=status
        )
    words = printable(said) or printable(reason)
    return RequestRefused(f"HTTP {status} {words}".rstrip() + _HINTS.get(status, ""), code=status)


def _passed_on(body: bytes | bytearray | memoryview) -> bytes | None:
    """Give the beginning of the text that the server wrapped because it was no JSON; None when it did not."""
    own = _own(body)
    if _text(own.status) != "success" or own.data is UNSET or bytes(memoryview(own.data)[:1]) != b'"':
        return None
    return _text(own.data).encode()[:SHOWN]


def _own(body: bytes | bytearray | memoryview) -> _Own:
    try:
        return msgspec.json.decode(body, type=_Own)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Own()


def _text(raw: Raw | UnsetType) -> str:
    """Give a JSON string; "" for anything else."""
    if raw is UNSET:
        return ""
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
