"""A turn on a link: its outcome goes to its asker, and nothing of it waits for the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from trio.testing import MockClock

from t3actors.collect.modbus.requests import Answer, ReadRequest, Turn
from t3actors.errors import DriverError, RequestRefused, RequestTimedOut

REQUEST = ReadRequest(1, 3, 100, 2, 1.0)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def answered() -> Answer:
    return Answer([1, 2], 1)


def silent() -> RequestTimedOut:
    return RequestTimedOut("no answer")


def refused() -> RequestRefused:
    return RequestRefused("busy", code=6)


async def asked(outcome: Callable[[], Answer | DriverError]) -> tuple[str, weakref.ref[object]]:
    """Have a turn end so; return what its asker made of it, and whether something of it is still there."""
    turn = Turn(REQUEST, 0.0)
    turn.end(outcome())
    try:
        return str((await turn.answer()).words), weakref.ref(turn._over)
    except DriverError as error:
        return str(error), weakref.ref(turn._over)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(("outcome", "said"), [(answered, "[1, 2]"), (silent, "no answer"), (refused, "busy")])
async def test_a_turn_that_is_over_is_gone_at_once(
    autojump_clock: MockClock, outcome: Callable[[], Answer | DriverError], said: str
) -> None:
    heard, gone = await asked(outcome)
    assert heard == said
    assert gone() is None, "there is a circle left"
