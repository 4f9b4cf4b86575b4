"""Anything at any time: after the storm every child is either up or down for a reason, and a stop is prompt."""

from __future__ import annotations

from random import Random

import pytest
import trio
from trio.testing import MockClock

from supervision import (
    Backoff,
    ChildError,
    ChildStartFailed,
    ChildState,
    Intensity,
    Strategy,
    SupervisorSpec,
)
from tests.supervision.stage import Probe, Stage, calm, sleep, stop_itself

NAMES = "abcdef"


def unsteady(chance: Random) -> object:
    """Sometimes slow, sometimes broken."""

    async def act(actor: Probe) -> None:
        if chance.random() < 0.3:
            await trio.sleep(chance.random())
        if chance.random() < 0.2:
            raise ValueError("not now")
        if chance.random() < 0.1:
            actor.ref.tell(ValueError("right after the start"))

    return act


async def administrate(stage: Stage, chance: Random) -> None:
    name = chance.choice(NAMES)
    try:
        match chance.randrange(4):
            case 0:
                await stage.sup.stop_child(name)
            case 1:
                await stage.sup.restart_child(name)
            case 2:
                with trio.move_on_after(chance.random()):
                    await stage.sup.restart_child(name)
            case _:
                await stage.sup.delete_child(name)
                await stage.sup.start_child(stage.probe(name))
    except (ChildError, ChildStartFailed):
        return


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("seed", range(15))
async def test_after_a_storm_of_crashes_and_orders_nobody_is_left_in_between(
    seed: int, strategy: Strategy, autojump_clock: MockClock
) -> None:
    chance = Random(seed)
    stage = Stage(strategy=strategy, intensity=Intensity(10**6, 1), spacing_s=chance.choice([0.0, 0.05]))
    backoff = Backoff(0.05, 2, 1.0, 0.5)
    children = [stage.probe(name, backoff=backoff, heartbeat_timeout_s=0.5, stop_timeout_s=0.2) for name in NAMES]
    async with await stage.open(*children, SupervisorSpec("inner", (stage.probe("z"),))):
        for name in NAMES:
            stage.on_start[name].append(unsteady(chance))  # type: ignore[arg-type]
        async with trio.open_nursery() as nursery:
            for _ in range(80):
                name = chance.choice(NAMES)
                stage.tell(name, chance.choice([ValueError("boom"), stop_itself, sleep(0.1), sleep(0.9), "mail"]))
                nursery.start_soon(administrate, stage, chance)
                await trio.sleep(chance.random() * 0.3)
        for name in NAMES:
            stage.on_start[name].clear()
        await calm(60)
        assert not stage.over.is_set()
        states = {info.state for info in stage.sup.children()}
        assert states <= {ChildState.RUNNING, ChildState.STOPPED}
        for info in stage.sup.children():
            if info.state is ChildState.RUNNING and info.name != "inner":
                assert await stage.ask(info.name, "there?") == "there?"
            if info.state is ChildState.STOPPED:
                assert stage.registry.incarnation(info.name) is None
        assert await stage.ask("z", "undisturbed?") == "undisturbed?"
        begun_s = trio.current_time()
        await stage.sup.stop()
        assert trio.current_time() - begun_s < 1
