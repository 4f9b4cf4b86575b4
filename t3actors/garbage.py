"""Keeps the interpreter's collections short, for they stop the loop."""

from __future__ import annotations

import gc

import trio

FREEZE_AFTER_S = 20.0


async def keep_collections_short() -> None:
    """Once all is up, keep what lives as long as the gateway out of every later collection.

    Measured at 100 devices of 50 points: a full collection stopped the loop for 92 ms, and polls with it.
    """
    await trio.sleep(FREEZE_AFTER_S)
    gc.collect()
    gc.freeze()
