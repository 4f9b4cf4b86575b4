"""An answer to come: what becomes of who waits, and that nothing of it waits for the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from t3actors.collect.bacnet.link.jobs import Job
from t3actors.collect.bacnet.link.requests import Pending, ReadProperty
from t3actors.errors import RequestTimedOut

ASKED = ReadProperty(address="10.0.0.1", object_type=8, object_instance=5, property_id=75)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def succeed(pending: Pending) -> None:
    pending.succeed(b"\x01")


def fail(pending: Pending) -> None:
    pending.fail(RequestTimedOut("no answer"))


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", [succeed, fail])
async def test_a_request_that_is_over_is_gone_at_once(
    autojump_clock: MockClock, end: Callable[[Pending], None]
) -> None:
    job = Job(ASKED, 47808, 0.0, lambda _job: None)
    pending = job.pending
    gone = weakref.ref(pending._over)

    async def wait(pending: Pending) -> None:
        with suppress(RequestTimedOut):
            await pending.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, pending)
        await trio.testing.wait_all_tasks_blocked()
        end(pending)
    del job, pending
    assert gone() is None, "there is a circle left"


async def test_who_is_cancelled_leaves_and_after_the_end_nobody_does(autojump_clock: MockClock) -> None:
    left: list[str] = []
    for end in (None, succeed):
        pending = Pending(lambda: left.append("left"))
        with trio.move_on_after(1.0):
            if end is not None:
                end(pending)
            await pending.wait()
        assert pending.withdrawn is (end is None)
    assert left == ["left"]
