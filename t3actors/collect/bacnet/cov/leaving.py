"""Takes a device's subscriptions back at the end, in the time that there is. subscriptions.py says which, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import trio

from t3actors.collect.bacnet.codec.tags import ObjectId


class Owed(NamedTuple):
    """A subscription that is to be taken back."""

    about: ObjectId
    ends_s: float | None
    """When the device will have forgotten it by itself, at the latest; None: never."""
    tries: int = 0


async def take_all_back(
    take_back: Callable[[int, ObjectId], Awaitable[bool]], owed: Mapping[int, Owed], within_s: float
) -> dict[int, Owed]:
    """Cancel each, whatever is cancelled meanwhile, in at most `within_s`. **Returns**: what has not been answered.

    All are handed to the link at once, which from then on delivers nothing of them, and sends them as their turn comes. A datagram
    may be lost, so what was not answered is asked once more after the others; not where nobody answers at all, for that takes the
    time of others on the trunk.
    """
    left = dict(owed)

    async def one(process_id: int) -> None:
        if await take_back(process_id, owed[process_id].about):
            del left[process_id]

    with trio.move_on_after(within_s, shield=True):
        await _together(one, left)
        if len(left) < len(owed) or len(owed) == 1:
            await _together(one, left)
    return left


async def _together(one: Callable[[int], Awaitable[None]], left: Mapping[int, Owed]) -> None:
    async with trio.open_nursery() as nursery:
        for process_id in left:
            nursery.start_soon(one, process_id)
