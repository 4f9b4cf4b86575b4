"""Who is stopped and started, as a table."""

from __future__ import annotations

import pytest

from supervision import DoNotRestart, Exit, ExitKind, Restart, Strategy
from supervision.strategy import Plan, plan, wants_restart


@pytest.mark.parametrize(
    ("strategy", "failed", "stop", "start"),
    [
        (Strategy.ONE_FOR_ONE, "b", "", "b"),
        (Strategy.ONE_FOR_ALL, "b", "dca", "abcd"),
        (Strategy.ONE_FOR_ALL, "a", "dcb", "abcd"),
        (Strategy.REST_FOR_ONE, "a", "dcb", "abcd"),
        (Strategy.REST_FOR_ONE, "b", "dc", "bcd"),
        (Strategy.REST_FOR_ONE, "d", "", "d"),
    ],
)
def test_the_plan_of_each_strategy(strategy: Strategy, failed: str, stop: str, start: str) -> None:
    assert plan(strategy, "abcd", failed) == Plan(tuple(stop), tuple(start))


@pytest.mark.parametrize(
    ("kind", "permanent", "transient"),
    [
        (ExitKind.NORMAL, True, False),
        (ExitKind.SHUTDOWN, True, False),
        (ExitKind.CRASHED, True, True),
        (ExitKind.KILLED, True, True),
        (ExitKind.LATE, True, True),
        (ExitKind.START_FAILED, True, True),
        (ExitKind.IGNORED, False, False),
    ],
)
def test_who_comes_back_after_which_exit(kind: ExitKind, permanent: bool, transient: bool) -> None:
    assert wants_restart(Restart.PERMANENT, Exit(kind)) is permanent
    assert wants_restart(Restart.TRANSIENT, Exit(kind)) is transient
    assert wants_restart(Restart.TEMPORARY, Exit(kind)) is False


def test_do_not_restart_is_obeyed_whatever_the_type() -> None:
    class Final(DoNotRestart, ValueError):
        pass

    for restart in Restart:
        assert not wants_restart(restart, Exit(ExitKind.CRASHED, Final("over")))
