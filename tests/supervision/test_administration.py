"""Laws M1-M7, R6, R7: the calls of an administrator."""

from __future__ import annotations

import gc
import time
import weakref

import pytest
import trio
from trio.testing import MockClock

from supervision import (
    AlreadyPresent,
    AlreadyStarted,
    BadSpec,
    ChildStartFailed,
    ChildState,
    NotFound,
    NotRunning,
    Restart,
    StillRunning,
    SupervisorSpec,
)
from tests.supervision.stage import Stage, calm, sleep


async def test_start_of_a_running_child_and_of_a_stopped_one_are_told_apart(autojump_clock: MockClock) -> None:
    """M1"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        with pytest.raises(AlreadyStarted, match="'a' is started already"):
            await stage.sup.start_child(stage.probe("a"))
        await stage.sup.stop_child("a")
        with pytest.raises(AlreadyPresent):
            await stage.sup.start_child(stage.probe("a"))


async def test_stop_of_an_unknown_child_is_an_error_and_stopping_twice_is_not(autojump_clock: MockClock) -> None:
    """M2"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        with pytest.raises(NotFound):
            await stage.sup.stop_child("nobody")
        await stage.sup.stop_child("a")
        await stage.sup.stop_child("a")
        assert stage.state("a") is ChildState.STOPPED


async def test_two_who_stop_one_child_at_once_both_return(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        stage.tell("a", sleep(2))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.sup.stop_child, "a")
            nursery.start_soon(stage.sup.stop_child, "a")
        assert stage.state("a") is ChildState.STOPPED


async def test_delete_and_restart_want_a_stopped_child(autojump_clock: MockClock) -> None:
    """M3"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        for call in (stage.sup.delete_child, stage.sup.restart_child):
            with pytest.raises(StillRunning):
                await call("a")
            with pytest.raises(NotFound):
                await call("nobody")
        await stage.sup.stop_child("a")
        await stage.sup.restart_child("a")
        assert stage.incarnations("a") == [2]
        await stage.sup.stop_child("a")
        await stage.sup.delete_child("a")
        with pytest.raises(NotFound):
            await stage.sup.restart_child("a")
        await stage.sup.start_child(stage.probe("a"))
        assert stage.incarnations("a") == [3]


async def test_a_child_begins_its_next_life_by_the_specification_it_was_given_meanwhile(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a"), SupervisorSpec("pool", (stage.probe("b"),))):
        stage.sup.replace_spec(stage.probe("a", restart=Restart.TEMPORARY))
        stage.sup.replace_spec(SupervisorSpec("pool", (stage.probe("c"),)))
        assert [stage.incarnations(name) for name in "abc"] == [[1], [1], [None]], "no life was touched"
        await stage.sup.stop_child("pool")
        await stage.sup.restart_child("pool")
        assert stage.registry.incarnation("b") is None
        assert stage.registry.incarnation("c") == 1
        stage.tell("a", ZeroDivisionError("a bug"))
        await trio.sleep(1)
        assert stage.registry.incarnation("a") is None, "it is temporary now"


async def test_a_specification_for_nobody_or_of_another_kind_is_refused(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        with pytest.raises(NotFound):
            stage.sup.replace_spec(stage.probe("nobody"))
        with pytest.raises(BadSpec, match="'a' is a ChildSpec; it cannot become SupervisorSpec"):
            stage.sup.replace_spec(SupervisorSpec("a"))


@pytest.mark.parametrize("restart", [Restart.PERMANENT, Restart.TRANSIENT])
async def test_a_stopped_child_is_kept_and_not_restarted(restart: Restart, autojump_clock: MockClock) -> None:
    """R6"""
    stage = Stage()
    async with await stage.open(stage.probe("a", restart=restart)):
        await stage.sup.stop_child("a")
        await calm(100)
        assert stage.state("a") is ChildState.STOPPED
        assert not stage.tell("a", "?")


async def test_a_stopped_temporary_child_is_forgotten(autojump_clock: MockClock) -> None:
    """R6"""
    stage = Stage()
    spec = stage.probe("a", restart=Restart.TEMPORARY)
    async with await stage.open(spec):
        await stage.sup.stop_child("a")
        assert stage.names() == []
        await stage.sup.start_child(spec)
        assert stage.incarnations("a") == [2]


async def test_the_arguments_of_a_temporary_child_are_let_go(autojump_clock: MockClock) -> None:
    """R7"""

    class Cargo:
        pass

    stage = Stage()
    async with await stage.open():
        cargo = Cargo()
        left = weakref.ref(cargo)
        spec = stage.probe("a", restart=Restart.TEMPORARY)
        start = spec.start
        object.__setattr__(spec, "start", lambda cargo=cargo: start())
        await stage.sup.start_child(spec)
        del cargo, spec
        stage.tell("a", ValueError("boom"))
        await calm(1)
        stage.events.clear()
        gc.collect()
        assert left() is None


async def test_counts_agree_with_the_list_at_every_step(autojump_clock: MockClock) -> None:
    """M4, with 2 000 children."""
    stage = Stage()

    def check(specs: int, active: int, supervisors: int) -> None:
        counts = stage.sup.counts()
        assert (counts.specs, counts.active, counts.supervisors) == (specs, active, supervisors)
        assert counts.workers == specs - supervisors
        infos = stage.sup.children()
        assert len(infos) == specs
        assert sum(info.state is ChildState.RUNNING for info in infos) == active

    async with await stage.open(SupervisorSpec("inner")):
        check(1, 1, 1)
        for number in range(2000):
            await stage.sup.start_child(stage.probe(f"w{number}"))
        check(2001, 2001, 1)
        await stage.sup.stop_child("w7")
        check(2001, 2000, 1)
        await stage.sup.delete_child("w7")
        check(2000, 2000, 1)


async def test_the_cost_of_many_children_is_about_linear(autojump_clock: MockClock) -> None:
    """M5: ten times the children take less than fifty times the processor time."""

    async def cost_s(children: int) -> float:
        stage = Stage()
        begun_s = time.process_time()
        async with await stage.open():
            for number in range(children):
                await stage.sup.start_child(stage.probe(f"w{number}"))
        return time.process_time() - begun_s

    await cost_s(50)
    assert await cost_s(1000) < 50 * await cost_s(100)


async def test_calls_to_a_supervisor_that_is_down_fail_at_once(autojump_clock: MockClock) -> None:
    """M7"""
    stage = Stage()
    async with await stage.open(stage.probe("a")):
        await stage.sup.stop()
        with pytest.raises(NotRunning):
            await stage.sup.start_child(stage.probe("b"))
        for call in (stage.sup.stop_child, stage.sup.restart_child, stage.sup.delete_child):
            with pytest.raises(NotRunning):
                await call("a")
        await stage.sup.stop()


async def test_a_child_that_is_no_spec_is_refused(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with await stage.open():
        with pytest.raises(BadSpec):
            await stage.sup.start_child("a")  # type: ignore[arg-type]


async def test_children_that_come_and_go_leave_nothing_behind(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervision.registry.ROLES_KEPT", 3)
    stage = Stage()
    async with await stage.open(stage.probe("a")):

        def refuse(_probe: object) -> None:
            raise ValueError("not today")

        for number in range(20):
            for name, restart in ((f"guest/{number}", Restart.TEMPORARY), (f"lodger/{number}", Restart.PERMANENT)):
                await stage.sup.start_child(stage.probe(name, restart=restart))
                await stage.sup.stop_child(name)
            await stage.sup.delete_child(f"lodger/{number}")
            stage.on_start[f"stranger/{number}"].append(refuse)
            with pytest.raises(ChildStartFailed):
                await stage.sup.start_child(stage.probe(f"stranger/{number}"))
        assert [child.name for child in stage.sup.children()] == ["a"]
        assert len(stage.registry._incarnations) == 1 + 3
        assert stage.registry.was_played("a")
