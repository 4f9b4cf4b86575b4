"""Laws E1-E5: nested supervisors, escalation, names."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from supervision import (
    ChildSpec,
    ChildState,
    Intensity,
    NotFound,
    RestartLimitReached,
    StopTree,
    Strategy,
    Supervisor,
    SupervisorSpec,
    SupervisorStarted,
    TreeStopped,
)
from tests.supervision.stage import AT_ONCE, Stage, calm, fail

FRAGILE = Intensity(0, 10)


def inner(*children: ChildSpec | SupervisorSpec, name: str = "inner", intensity: Intensity = FRAGILE) -> SupervisorSpec:
    return SupervisorSpec(name, children, intensity=intensity, backoff=AT_ONCE)


async def test_an_inner_supervisor_over_its_limit_comes_back_with_its_static_children_only(
    autojump_clock: MockClock,
) -> None:
    """E1"""
    stage = Stage()
    async with await stage.open(stage.probe("a"), inner(stage.probe("b"))):
        before = stage.sup.find("inner")
        await before.start_child(stage.probe("dynamic"))
        stage.tell("b", ValueError("boom"))
        await calm(1)
        assert stage.incarnations("a", "b", "dynamic") == [1, 2, None]
        assert stage.error is None
        after = stage.sup.find("inner")
        assert after is not before
        assert [info.name for info in after.children()] == ["b"]
        assert [event.supervisor for event in stage.told(SupervisorStarted)] == ["root/inner", "root", "root/inner"]


async def test_one_for_all_above_restarts_the_sibling_supervisors(autojump_clock: MockClock) -> None:
    """E2"""
    stage = Stage(strategy=Strategy.ONE_FOR_ALL)
    async with await stage.open(inner(stage.probe("a"), name="left"), inner(stage.probe("b"), name="right")):
        stage.tell("a", ValueError("boom"))
        await calm(1)
        assert stage.incarnations("a", "b") == [2, 2]
        assert stage.error is None


async def test_escalation_stops_where_the_limit_holds_and_the_root_ends_with_the_cause(
    autojump_clock: MockClock,
) -> None:
    """E3"""
    stage = Stage(intensity=Intensity(1, 1000))
    async with await stage.open(stage.probe("z"), inner(inner(stage.probe("a"), name="deep"))):
        stage.tell("a", ValueError("first"))
        await calm(1)
        assert not stage.over.is_set()
        assert stage.incarnations("a", "z") == [2, 1]
        stage.tell("a", ValueError("second"))
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)
        assert stage.error.child == "inner/deep/a"
        assert str(stage.error.cause) == "second"
        assert stage.incarnations("a", "z") == [None, None]


async def test_an_inner_supervisor_that_cannot_come_up_again_uses_up_its_parents_limit(
    autojump_clock: MockClock,
) -> None:
    """E3, I4"""
    stage = Stage(intensity=Intensity(3, 10))
    async with await stage.open(inner(stage.probe("a"))):
        stage.on_start["a"].append(fail(ValueError("gone")))
        stage.tell("a", ValueError("boom"))
        await stage.over.wait()
        assert isinstance(stage.error, RestartLimitReached)
        assert stage.journal.count("starting a") == 1 + 3


async def test_an_inner_supervisor_that_is_ended_by_others_comes_back_without_orphans(
    autojump_clock: MockClock,
) -> None:
    """E4"""
    stage = Stage()
    async with await stage.open(inner(stage.probe("b"))):
        stage.sup.find("inner").request_stop()
        await calm(1)
        assert stage.incarnations("b") == [2]
        child = stage.sup._table["inner"]
        assert child.life is not None
        child.life.body._scope.cancel()  # type: ignore[attr-defined]
        await calm(1)
        assert stage.incarnations("b") == [3]
        assert stage.journal.count("stopped b") == 2


async def test_a_name_resolves_to_the_new_one_after_each_kind_of_restart(autojump_clock: MockClock) -> None:
    """E5"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        for expected in (2, 3):
            stage.tell("a", ValueError("boom"))
            await calm(1)
            assert await stage.ask("a", lambda actor: actor.incarnation) == expected
        await stage.sup.stop_child("a")
        await stage.sup.restart_child("a")
        assert await stage.ask("a", lambda actor: actor.incarnation) == 4


async def test_stop_tree_deep_below_ends_the_root(autojump_clock: MockClock) -> None:
    class Fatal(StopTree):
        pass

    stage = Stage()
    async with await stage.open(stage.probe("z"), inner(stage.probe("a"))):
        stage.tell("a", Fatal("no disk"))
        await stage.over.wait()
        assert isinstance(stage.error, TreeStopped)
        assert isinstance(stage.error.cause, Fatal)
        assert stage.error.child == "inner/a"


async def test_find_walks_a_path_and_refuses_what_is_no_supervisor(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), inner(inner(name="deep"))):
        assert isinstance(stage.sup.find("inner/deep"), Supervisor)
        assert stage.sup.find("inner/deep").path == "root/inner/deep"
        for path in ("a", "nobody", "inner/nobody"):
            with pytest.raises(NotFound):
                stage.sup.find(path)


async def test_a_nested_supervisor_can_be_stopped_and_restarted_by_name(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(inner(stage.probe("a"))):
        await stage.sup.stop_child("inner")
        assert stage.incarnations("a") == [None]
        assert stage.state("inner") is ChildState.STOPPED
        await stage.sup.restart_child("inner")
        assert stage.incarnations("a") == [2]


async def test_a_supervisor_can_be_started_dynamically(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open():
        await stage.sup.start_child(inner(stage.probe("a")))
        assert stage.incarnations("a") == [1]
        assert stage.sup.counts().supervisors == 1
