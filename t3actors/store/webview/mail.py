"""What the two writers tell each other. Both are of this stage, so these messages cross no border.

writer --Posted--> webview      after its commit: there is something in the outbox
webview --Delivered--> writer   it is in T3000's file for good: it may be let go
"""

from __future__ import annotations

import msgspec

WEBVIEW = "webview"


class Posted(msgspec.Struct, frozen=True):
    """The outbox of the database of this `identity` has grown to this id. An id without a row: something was let go."""

    identity: str
    newest: int


class Delivered(msgspec.Struct, frozen=True):
    """All rows up to this id of that database's outbox are delivered."""

    identity: str
    up_to: int
