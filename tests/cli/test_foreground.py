"""How a gateway in the foreground takes signals."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from t3actors.cli.exits import Exit
from t3actors.cli.foreground import SAME_WITHIN_S, run_to_end, stop_on_signal
from t3actors.pipeline import Gateway


async def test_two_signals_at_once_are_one_and_a_later_one_does_not_wait(autojump_clock: MockClock) -> None:
    stops: list[str] = []
    gateway = SimpleNamespace(reload=SimpleNamespace(is_possible=False), stop=stops.append)
    with pytest.raises(BaseExceptionGroup) as ended:
        async with trio.open_nursery() as nursery:
            await nursery.start(stop_on_signal, cast("Gateway", gateway))
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)
                await wait_all_tasks_blocked()
            assert stops == ["SIGTERM"]
            await trio.sleep(SAME_WITHIN_S)
            signal.raise_signal(signal.SIGTERM)
            await trio.sleep_forever()
    assert [type(error) for error in ended.value.exceptions] == [KeyboardInterrupt]
    assert stops == ["SIGTERM"]


def test_what_a_second_signal_cuts_short_ends_with_1_and_one_line() -> None:
    said: list[tuple[str, dict[str, Any]]] = []

    async def cut() -> int:
        async with trio.open_nursery():
            raise KeyboardInterrupt

    assert run_to_end(cut, lambda event, **keys: said.append((event.name, keys))) == Exit.FAILED
    assert said == [("gateway.cut_short", {})]
