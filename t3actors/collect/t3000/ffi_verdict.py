"""What a call of T3000's functions came to, from the return code and the text in the buffer. Pure.

A return code of 0 is no success yet: T3000 returns it for an error, for "nothing", and a library that leaves the buffer as it was
would have the request read as its answer. Source: BacnetWebView_Exports.cpp.
"""

from __future__ import annotations

from t3actors.collect.t3000.document import SHOWN, split
from t3actors.collect.t3000.ffi_frames import LARGEST_COUNT, Answered, NotYet, Refused, Said, Unreadable
from t3actors.collect.t3000.words import size
from t3actors.errors import BadResponse

OK, NOT_INITIALISED = 0, -2
SAYS_NOT_INITIALISED = b"not initialized"  # the trend-log function returns -1 for that, as for anything else
_GLANCE = 1000  # octets of a text that may hold an error


def judge(code: int, text: memoryview, request: bytes, buffer_bytes: int) -> Said:
    """Say what a call of `BacnetWebView_HandleWebViewMsg` came to.

    **Shape**: `text` is what lies in the buffer before the first NUL, `request` what lay there before the call.
    """
    silent = not text or bytes(text[: len(request) + 1]) == request
    if code == NOT_INITIALISED:
        return NotYet()
    if code == OK:
        return Refused(OK, "it returned 0 and an empty answer") if silent else read(text)
    if silent:
        return Refused(
            code, f"it returned {code} and no text: the answer may not fit into the buffer of {size(buffer_bytes)}"
        )
    return Refused(code, words(text))


def judge_list(code: int, text: memoryview) -> Said:
    """Say what a call of `BacnetWebView_GetTrendlogList` came to: it returns the length of its answer."""
    if code > 0:
        return read(text)
    if SAYS_NOT_INITIALISED in bytes(text[:_GLANCE]):
        return NotYet()
    return Refused(code, words(text) if text else f"it returned {code} and no text")


def read(text: memoryview) -> Said:
    """Say what an answer is that came with a good return code."""
    try:
        document = split(text)
    except BadResponse as error:
        return Unreadable(str(error), error.raw)
    if document.error:
        return Refused(OK, document.error)
    if len(document.panels) > LARGEST_COUNT:
        too_many = f"{len(document.panels)} panels in one answer; allowed is {LARGEST_COUNT}"
        return Unreadable(too_many, bytes(text[:SHOWN]))
    return Answered(len(text), document)


def words(text: memoryview) -> str:
    """Give what a refusal's text says: its `error` where it is JSON, else itself, the beginning."""
    if len(text) <= _GLANCE:
        try:
            return split(text).error or bytes(text).decode("utf-8", "replace")
        except BadResponse:
            pass
    return bytes(text[:_GLANCE]).decode("utf-8", "replace")
