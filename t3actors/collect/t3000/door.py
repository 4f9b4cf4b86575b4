"""What the installation's actor asks of a way into T3000: one call at a time, the whole answer, or one error that says what to do.

A door carries octets. It looks whether an answer is whole and is one (document.py), and says where each panel lies in it;
what the panels' points mean is decoded by the caller. There are two: FfiDoor (a loaded library) and HttpDoor.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """One answer of T3000.

    `body` is the whole of it, UTF-8 JSON not yet decoded; it is valid until the door's next call or its close, for a door has one
    buffer. `panels` gives (offset, length) of each panel in `body` when it is a LOGGING_DATA answer. `repaired` is how many
    octets were no UTF-8 and were replaced by U+FFFD. **Units**: `took_s` in seconds, retries and their pauses included.
    """

    body: memoryview
    panels: tuple[tuple[int, int], ...] = ()
    took_s: float = 0.0
    repaired: int = 0


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
