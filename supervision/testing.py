"""For tests: one actor alone, without a supervisor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from supervision.actor import Birth, ThreadActor, TrioActor
from supervision.clock import loop_clock
from supervision.exits import Exit
from supervision.life import Life, Patience, StartFailed
from supervision.registry import Registry

STOP_S = 5.0


@asynccontextmanager
async def running(
    actor: TrioActor | ThreadActor, *, name: str = "actor", registry: Registry | None = None
) -> AsyncIterator[Any]:
    """Run one actor; give its pykka ref. It is asked to stop at the end, and what it crashed with, if it did, is raised.

    **Raises**: what on_start, a message or a background task raised (as it is, not in a group).
    """
    registry = registry or Registry()
    life = Life(actor, Patience(), on_up=_nothing, on_gone=_nothing, on_abandoned=_nothing, on_ghost=_nothing)
    life.incarnation = registry.next_incarnation(name)

    def launch() -> None:
        registry.register(name, actor)
        actor.launch(Birth(name, life.incarnation, registry, loop_clock(), life.started, life.ended, lambda: None))

    try:
        try:
            await life.begin(launch, STOP_S, STOP_S)
        except StartFailed as failure:
            _raise(failure.exit)
        yield actor.ref
    finally:
        await life.end(STOP_S)
        registry.unregister(name, actor)
    if life.exit is not None:
        _raise(life.exit)


def _raise(exit_: Exit) -> None:
    if exit_.cause is not None:
        raise exit_.cause


def _nothing(*_: object) -> None:
    """Nobody is told."""
