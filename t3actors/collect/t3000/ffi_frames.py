"""What the FFI door and its worker process say to each other, and how it lies on the socket between them. Pure.

A frame is its length in four bytes, low byte first, then one tagged msgspec struct as MessagePack. The door takes what it hears for
hostile: a library that runs wild may write anything into any open file.
"""

from __future__ import annotations

import struct

import msgspec

from t3actors.collect.t3000.document import Document
from t3actors.errors import BadResponse

LENGTH = struct.Struct("<I")
LARGEST_FRAME = 4 * 1024 * 1024  # three lists of 10,000 packed structs take 1.3 MB, the places of 10,000 panels 0.2 MB
LARGEST_COUNT = 10_000
"""Points in one list of the library's memory, and panels in one answer: more is nonsense. T3000 has 64, 64 and 128."""


class CallLibrary(msgspec.Struct, frozen=True, tag="call"):
    """Call `BacnetWebView_HandleWebViewMsg` with this action and this JSON in the buffer."""

    action: int
    request: bytes


class ListTrendLogs(msgspec.Struct, frozen=True, tag="list_trend_logs"):
    """Call `BacnetWebView_GetTrendlogList` for this panel."""

    panel_id: int


class CopyMemory(msgspec.Struct, frozen=True, tag="copy_memory"):
    """Copy the lists of packed structs out of the library's memory."""


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The library is loaded and exports these."""

    calls: bool
    memory: bool
    trend_logs: bool


class NotLoaded(msgspec.Struct, frozen=True, tag="not_loaded"):
    """The library cannot be used; the worker ends."""

    reason: str


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """A whole document of `length` octets lies at the buffer's start."""

    length: int
    document: Document


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The library said no: its return code, and its words."""

    code: int
    text: str


class NotYet(msgspec.Struct, frozen=True, tag="not_yet"):
    """The library said that T3000 is still starting."""


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """What lies in the buffer is no whole document; `raw` is its beginning."""

    text: str
    raw: bytes


class Copied(msgspec.Struct, frozen=True, tag="copied"):
    """Packed structs as they lay in the library's memory."""

    inputs: bytes
    outputs: bytes
    variables: bytes | None


Asked = CallLibrary | ListTrendLogs | CopyMemory
Said = Loaded | NotLoaded | Answered | Refused | NotYet | Unreadable | Copied

_ASKED: msgspec.msgpack.Decoder[Asked] = msgspec.msgpack.Decoder(Asked)
_SAID: msgspec.msgpack.Decoder[Said] = msgspec.msgpack.Decoder(Said)


def encode(message: Asked | Said) -> bytes:
    """Give the frame of a message."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Give how many octets follow the four of the head. **Raises**: BadResponse when no frame is that long."""
    length: int = LENGTH.unpack(head)[0]
    if not 0 < length <= LARGEST_FRAME:
        raise BadResponse(f"a frame of {length} octets; allowed is 1 to {LARGEST_FRAME}", raw=head)
    return length


def decode_asked(body: bytes) -> Asked:
    """Decode what the door asked. **Raises**: BadResponse."""
    try:
        return _ASKED.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadResponse(f"no request: {error}", raw=body[:64]) from error


def decode_said(body: bytes, buffer_bytes: int) -> Said:
    """Decode what the worker said, and hold the panels' places against the buffer.

    **Raises**: BadResponse for anything that is no message of a worker, or points outside of the buffer.
    """
    try:
        said = _SAID.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadResponse(f"no message: {error}", raw=body[:64]) from error
    if isinstance(said, Answered):
        if not 0 < said.length <= buffer_bytes:
            raise BadResponse(f"an answer of {said.length} octets in a buffer of {buffer_bytes}", raw=body[:64])
        for offset, length in said.document.panels:
            if offset < 0 or length < 0 or offset + length > said.length:
                raise BadResponse(
                    f"a panel at {offset}, {length} octets long, in an answer of {said.length}", raw=body[:64]
                )
    return said
