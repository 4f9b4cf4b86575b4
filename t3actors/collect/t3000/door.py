"""What the installation's actor asks of a way into T3000: one call at a time, the whole answer, or one error that says what to do.

A door carries octets. It looks whether an answer is whole and is one (document.py), and says where each panel lies in it;
what the panels' points mean is decoded by the caller. There are two: FfiDoor (a loaded library) and HttpDoor.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from t3actors.collect.t3000.document import Document, Shape

READ_ACTIONS = frozenset({4, 15, 17})  # GET_PANELS_LIST, LOGGING_DATA, GET_WEBVIEW_LIST
"""Everything this gateway may ever ask of T3000. None of them changes a panel."""

LARGEST_REQUEST = 4096  # octets: what we ask takes about 100


class Answer(msgspec.Struct, frozen=True):
    """One answer of T3000 that has something in it.

    `body` is the whole of it, JSON not yet decoded; it is valid until the door's next call or its close, for a door has one buffer.
    `panels` gives (offset, length) of each panel in `body` when it is a LOGGING_DATA answer, and `shape` which of the two it has.
    `repaired` octets are no UTF-8 or no JSON and are replaced by whoever decodes them. `notice`: an error or debug text beside
    the data. `timestamp`: the documented shape's own. **Units**: `took_s` in seconds, further tries and their pauses included.
    """

    body: memoryview
    panels: tuple[tuple[int, int], ...] = ()
    took_s: float = 0.0
    repaired: int = 0
    shape: Shape = "other"
    notice: str = ""
    timestamp: str = ""


def answer(body: memoryview, document: Document, took_s: float) -> Answer:
    """Make an answer of a body and what `document.split` said of it."""
    return Answer(
        body=body,
        panels=document.panels,
        took_s=took_s,
        repaired=document.repaired,
        shape=document.shape,
        notice=document.notice,
        timestamp=document.timestamp,
    )


def build_request(action: int, request: dict[str, object]) -> bytes:
    """Give the JSON to send: `request` with its action.

    **Raises**: ValueError for an action that is not one of READ_ACTIONS, or that differs from the one in `request`.
    """
    if action not in READ_ACTIONS:
        raise ValueError(f"action: saw {action}, this gateway sends only reads: {sorted(READ_ACTIONS)}")
    if request.get("action", action) != action:
        raise ValueError(f"action: saw {request['action']!r} in the request for action {action}")
    encoded = msgspec.json.encode({**request, "action": action})
    if len(encoded) > LARGEST_REQUEST:
        raise ValueError(f"request: saw {len(encoded)} octets, allowed are {LARGEST_REQUEST}")
    return encoded


class Memory(msgspec.Struct, frozen=True):
    """T3000's points as they lay in its memory: packed structs, copied out.

    **Shape**: 46 bytes for each input, 45 for each output, 39 for each variable (T3000 ud_str.h, pack(1)); `variables` is None
    where the library does not export them.
    """

    inputs: bytes
    outputs: bytes
    variables: bytes | None = None


class Door(Protocol):
    """One way into one T3000. **Thread**: the trio loop. Every call may be cancelled at any await."""

    has_memory: bool
    """Whether `read_memory` can be asked; known after `open` or the first call."""

    @property
    def worker_pid(self) -> int | None:
        """The process that has the library loaded; None where there is none."""

    async def open(self) -> None:
        """Reach T3000, if that has not been done yet: load the library, or connect. Nothing is asked; every call does this by itself.

        **Raises**: LinkDown, RequestTimedOut.
        """

    async def call(self, action: int, request: dict[str, object]) -> Answer:
        """Send `request` (with `action` in it) and give the answer. Calls that come while another is under way wait for it.

        **Raises**: LinkDown when nobody is there (no such library, connection refused, the library crashed); RequestTimedOut when
        no answer came in time; NotReady when T3000 is still starting; RequestRefused when it answers with an error;
        BadResponse when the answer is no whole JSON object.
        """

    async def read_memory(self) -> Memory:
        """Copy the points out of T3000's memory. **Raises**: as `call`; LinkDown when this door cannot."""

    async def trend_logs(
        self, panel_id: int, *, serial_number: int | None = None, object_instance: int | None = None
    ) -> Answer | None:
        """Ask for the configuration of a panel's trend logs; None where there is no way to, or where the way needs the serial number
        and the object instance (HTTP: action 17) and they are not known. **Raises**: as `call`.
        """

    async def close(self) -> None:
        """Let go of T3000. Never raises; may be called in any state. The next call opens it again."""
