"""The outside of the window in a gateway (soak_inside.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import trio


async def look(window: Path, word: str = "look") -> dict[str, Any]:
    """Say "look" or "census" to the window at this path; return what it answers."""
    async with await trio.open_unix_socket(str(window)) as stream:
        await stream.send_all(word.encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            got = await stream.receive_some(1 << 20)
            if not got:
                raise SystemExit("the gateway's window closed")
            said += got
    seen: dict[str, Any] = json.loads(said)
    return seen
