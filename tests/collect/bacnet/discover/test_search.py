"""One search by hand: three sweeps, and an end whatever happens."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
import trio
from trio.testing import MockClock

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.discover.search import IN_VAIN_FOR_S, Search
from t3actors.collect.bacnet.discover.sweeps import Sweeps
from t3actors.collect.bacnet.link.requests import DISCOVERY, LINK, DevicesSeen
from t3actors.errors import LinkDown
from tests.collect.bacnet.discover.test_discovery import Link
from tests.collect.bacnet.seen import seen


def search() -> Search:
    return Search(
        lambda now_s: Sweeps(["*:*"], (0, 999), rate_per_s=10.0, first_at_s=now_s, settle_s=1.0), rounds=3, wait_s=5.0
    )


async def test_it_ends_when_the_answers_to_the_last_question_had_their_time(autojump_clock: MockClock) -> None:
    registry, link, one = Registry(), Link(), search()
    async with running(link, name=LINK, registry=registry), running(one, name=DISCOVERY, registry=registry):
        await trio.sleep(0.1)
        registry.send(DISCOVERY, DevicesSeen((seen("50:7", 5), seen("50:7", 5), seen("50:8", 5))))
        with trio.fail_after(60):
            await one.finished.wait()
        assert trio.current_time() >= link.asked[-1][0] + 5.0
    assert (one.failure, one.asked, len(link.asked)) == (None, 4, 4)
    assert [(claim.address, first is None) for claim, first in one.sightings.listed()] == [
        ("50:7", True),
        ("50:8", False),
    ]


@pytest.mark.parametrize("is_there", [True, False])
async def test_when_nobody_can_be_asked_it_ends_and_says_why(autojump_clock: MockClock, is_there: bool) -> None:
    registry, link, one = Registry(), Link(), search()
    link.down = "not registered with the BBMD: no answer"
    async with AsyncExitStack() as stack:
        if is_there:
            await stack.enter_async_context(running(link, name=LINK, registry=registry))
        await stack.enter_async_context(running(one, name=DISCOVERY, registry=registry))
        await one.finished.wait()
        assert IN_VAIN_FOR_S <= trio.current_time() < 4 * IN_VAIN_FOR_S
    assert isinstance(one.failure, LinkDown)


async def test_a_link_that_comes_back_in_time_is_no_failure(autojump_clock: MockClock) -> None:
    registry, link, one = Registry(), Link(), search()
    link.down = "not registered yet"
    async with running(link, name=LINK, registry=registry), running(one, name=DISCOVERY, registry=registry):
        await trio.sleep(IN_VAIN_FOR_S / 2)
        link.down = ""
        await one.finished.wait()
    assert (one.failure, len(link.asked)) == (None, 3)


async def test_what_ends_it_by_mistake_leaves_nobody_waiting(autojump_clock: MockClock) -> None:
    registry, one = Registry(), search()
    with pytest.raises(TypeError, match="saw a str"):
        async with running(Link(), name=LINK, registry=registry), running(one, name=DISCOVERY, registry=registry):
            registry.send(DISCOVERY, "hello")
            await one.finished.wait()
    assert isinstance(one.failure, TypeError)
