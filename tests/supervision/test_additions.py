"""Children that are added while a tree runs."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from supervision import ChildStartFailed, Intensity, NotFound, SupervisorSpec
from supervision.additions import LOOK_EVERY_S, Additions
from tests.supervision.stage import Stage


def pool(stage: Stage, *names: str) -> SupervisorSpec:
    """A pool that gives up at the second failure."""
    return SupervisorSpec(
        name="pool", children=tuple(stage.probe(name) for name in names), intensity=Intensity(restarts=1, period_s=60.0)
    )


async def test_what_was_added_comes_back_with_a_pool_that_was_started_anew(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(pool(stage, "own")):
        additions = Additions(stage.sup)
        await additions.add("pool", stage.probe("added"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(additions.keep)
            for _ in range(2):
                stage.tell("own", ZeroDivisionError("a bug"))
                await trio.sleep(LOOK_EVERY_S / 4)
            assert stage.registry.incarnation("added") is None, "its pool was started anew, and began with its own"
            await trio.sleep(LOOK_EVERY_S)
            assert stage.registry.incarnation("added") == 2
            assert stage.registry.incarnation("own") == 3
            nursery.cancel_scope.cancel()


async def test_a_child_that_somebody_stopped_stays_down(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(pool(stage)):
        additions = Additions(stage.sup)
        await additions.add("pool", stage.probe("added"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(additions.keep)
            await stage.sup.find("pool").stop_child("added")
            await trio.sleep(3 * LOOK_EVERY_S)
            assert stage.registry.incarnation("added") is None
            nursery.cancel_scope.cancel()


async def test_one_that_is_there_already_is_kept_and_one_that_does_not_start_is_not(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(pool(stage, "own")):
        additions = Additions(stage.sup)
        await additions.add("pool", stage.probe("own"))
        assert stage.registry.incarnation("own") == 1

        def fail(_: object) -> None:
            raise ZeroDivisionError("a bug")

        stage.on_start["bad"].append(fail)
        with pytest.raises(ChildStartFailed):
            await additions.add("pool", stage.probe("bad"))
        with pytest.raises(NotFound):
            await additions.add("nowhere", stage.probe("other"))
        stage.on_start["bad"].clear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(additions.keep)
            await trio.sleep(2 * LOOK_EVERY_S)
            assert stage.registry.incarnation("bad") is None
            nursery.cancel_scope.cancel()
