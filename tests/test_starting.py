"""What goes on around the start of the tree."""

from __future__ import annotations

import sys

import trio
import trio.testing

from t3actors.starting import TURNS_S, take_short_turns


async def test_threads_take_short_turns_while_the_gateway_runs_and_afterwards_as_before() -> None:
    usual_s = sys.getswitchinterval()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_short_turns)
        await trio.testing.wait_all_tasks_blocked()
        assert sys.getswitchinterval() == TURNS_S
        nursery.cancel_scope.cancel()
    assert sys.getswitchinterval() == usual_s
