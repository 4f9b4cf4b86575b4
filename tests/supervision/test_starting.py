"""Laws S1-S12 of the conformance list: how a supervisor and its children start."""

from __future__ import annotations

import threading

import pytest
import trio
from trio.testing import MockClock

from supervision import (
    BadSpec,
    ChildStarted,
    ChildStartFailed,
    ChildState,
    Ignore,
    NotRunning,
    Registry,
    Restart,
    RestartLimitReached,
    StartTimedOut,
    Supervisor,
    SupervisorSpec,
    SupervisorStarted,
    SupervisorStopped,
    TrioActor,
)
from tests.supervision.stage import Stage, calm, fail, hang, sleep


def tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living


async def test_a_supervisor_without_children_starts_and_leaves_nothing_behind(autojump_clock: MockClock) -> None:
    """S1"""
    tasks_before, threads_before = tasks(), threading.active_count()
    async with Stage() as stage:
        assert stage.sup.counts().specs == 0
    await calm()
    assert tasks() == tasks_before
    assert threading.active_count() <= threads_before  # an earlier test's may have ended
    assert stage.error is None
    assert [type(event) for event in stage.events] == [SupervisorStarted, SupervisorStopped]


async def test_a_start_that_returns_no_actor_fails_the_supervisor_and_leaves_nothing(
    autojump_clock: MockClock,
) -> None:
    """S3"""
    tasks_before = tasks()
    stage = Stage()
    bad = stage.probe("bad")
    object.__setattr__(bad, "start", lambda: "no actor")
    async with await stage.open(stage.probe("good"), bad):
        assert isinstance(stage.error, ChildStartFailed)
        assert isinstance(stage.error.cause, BadSpec)
        assert "str" in str(stage.error)
    await calm()
    assert tasks() == tasks_before
    assert stage.registry.incarnation("good") is None


async def test_a_child_that_is_not_wanted_keeps_its_row_and_the_next_ones_start(autojump_clock: MockClock) -> None:
    """S4"""
    stage = Stage()
    stage.on_start["off"].append(fail(Ignore("disabled")))
    async with await stage.open(stage.probe("off"), stage.probe("on")):
        counts = stage.sup.counts()
        assert (counts.specs, counts.active) == (2, 1)
        assert stage.state("off") is ChildState.STOPPED


async def test_a_temporary_child_that_is_not_wanted_is_forgotten(autojump_clock: MockClock) -> None:
    """S5"""
    stage = Stage()
    stage.on_start["off"].append(fail(Ignore("disabled")))
    async with await stage.open(stage.probe("off", restart=Restart.TEMPORARY)):
        await stage.sup.start_child(stage.probe("off", restart=Restart.TEMPORARY))
        assert stage.sup.children() == ()


async def test_a_static_child_that_fails_stops_those_before_it_in_reverse_and_is_named(
    autojump_clock: MockClock,
) -> None:
    """S6"""
    stage = Stage()
    stage.on_start["c"].append(fail(ValueError("no port")))
    async with await stage.open(*(stage.probe(name) for name in "abcd")):
        assert isinstance(stage.error, ChildStartFailed)
        assert stage.error.child == "c"
        assert isinstance(stage.error.cause, ValueError)
        assert "no port" in str(stage.error)
        stops = [entry for entry in stage.journal if entry.startswith("stopped")]
        assert stops == ["stopped b", "stopped a"]
        assert "starting d" not in stage.journal


async def test_a_nested_static_child_that_fails_is_named_by_its_path(autojump_clock: MockClock) -> None:
    """S6, across levels: the true cause, not one wrapped per level."""
    stage = Stage()
    stage.on_start["c"].append(fail(ValueError("no port")))
    inner = SupervisorSpec("inner", (stage.probe("b"), stage.probe("c")))
    async with await stage.open(stage.probe("a"), inner):
        assert isinstance(stage.error, ChildStartFailed)
        assert stage.error.child == "inner/c"
        assert isinstance(stage.error.cause, ValueError)


async def test_a_dynamic_child_that_fails_is_not_added_and_counts_as_no_restart(autojump_clock: MockClock) -> None:
    """S7"""
    stage = Stage()
    stage.on_start["bad"].append(fail(ValueError("no")))
    async with await stage.open(stage.probe("a")):
        for _ in range(20):
            with pytest.raises(ChildStartFailed):
                await stage.sup.start_child(stage.probe("bad"))
        assert stage.names() == ["a"]
        assert stage.incarnations("a") == [1]
        assert stage.error is None


async def test_a_manual_restart_that_fails_leaves_the_child_known_and_down(autojump_clock: MockClock) -> None:
    """S8"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        await stage.sup.stop_child("a")
        stage.on_start["a"].append(fail(ValueError("no")))
        with pytest.raises(ChildStartFailed):
            await stage.sup.restart_child("a")
        assert stage.state("a") is ChildState.STOPPED
        assert stage.error is None


async def test_children_start_one_after_another_in_listed_order(autojump_clock: MockClock) -> None:
    """S9"""
    stage = Stage()
    for name in "abc":
        stage.on_start[name].append(sleep(1))
    async with await stage.open(*(stage.probe(name) for name in "abc")):
        assert stage.journal == [f"{what} {name}" for name in "abc" for what in ("starting", "started")]


async def test_on_start_that_takes_too_long_is_a_failed_start(autojump_clock: MockClock) -> None:
    """S6 with start_timeout_s."""
    stage = Stage()
    stage.on_start["slow"].append(hang)
    async with await stage.open(stage.probe("slow", start_timeout_s=3)):
        assert isinstance(stage.error, ChildStartFailed)
        assert isinstance(stage.error.cause, StartTimedOut)
        assert trio.current_time() < 10


async def test_a_constructor_that_raises_is_a_failed_start(autojump_clock: MockClock) -> None:
    """S6"""

    class Broken(TrioActor):
        def __init__(self) -> None:
            raise GeneratorExit("odd")

    stage = Stage()
    spec = stage.probe("broken")
    object.__setattr__(spec, "start", Broken)
    async with await stage.open(spec):
        assert isinstance(stage.error, ChildStartFailed)
        assert isinstance(stage.error.cause, GeneratorExit)


async def test_a_role_that_is_taken_elsewhere_is_a_failed_start(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), SupervisorSpec("inner")):
        with pytest.raises(ChildStartFailed, match="played by incarnation 1 already"):
            await stage.sup.find("inner").start_child(stage.probe("a"))
        assert await stage.ask("a", "still me") == "still me"


async def test_stop_during_the_start_stops_what_is_up_in_reverse(autojump_clock: MockClock) -> None:
    """P9"""
    stage = Stage()
    stage.on_start["c"].append(hang)
    async with await stage.open(*(stage.probe(name, start_timeout_s=1000) for name in "abcd"), wait=False):
        await calm(1)
        assert stage.state("c") is ChildState.STARTING
        stage.sup.request_stop()
        await stage.over.wait()
        assert stage.error is None
        assert [entry for entry in stage.journal if "stopped" in entry] == ["stopped b", "stopped a"]
        assert "starting d" not in stage.journal
        assert trio.current_time() < 20


async def test_a_supervisor_is_run_once_only(autojump_clock: MockClock) -> None:
    async with Stage() as stage:
        with pytest.raises(NotRunning, match="make a new supervisor"):
            await stage.sup.run()


def test_a_supervisor_needs_a_supervisor_spec() -> None:
    with pytest.raises(BadSpec, match="needs a SupervisorSpec"):
        Supervisor("root")  # type: ignore[arg-type]


async def test_the_first_start_is_told_once_per_child(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), stage.probe("b")):
        assert [event.child for event in stage.told(ChildStarted)] == ["a", "b"]
        assert Registry().incarnation("a") is None
    assert not isinstance(stage.error, RestartLimitReached)
