"""What systemd is told: when the gateway is up, that it makes progress, how it is, that it stops."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from t3actors.watch.health import HealthBoard
from t3actors.watch.notify import ServiceManager
from t3actors.watch.unit import Unit
from tests.system.house import RecordedLog
from tests.waiting import WITHIN_S
from tests.watch.reports import part, report
from tests.watch.systemd import FakeManager

WATCHDOG_S = 8.0
ALL = ("loop", "detector", "writer")


class Attended:
    """A unit at work; its parts move on every second, but for those in `still`."""

    def __init__(self, manager: FakeManager, watchdog_s: float | None) -> None:
        self.manager = manager
        self.log = RecordedLog()
        self.board = HealthBoard()
        self.unit = Unit(ServiceManager(manager.address, watchdog_s), self.log)
        self.still: set[str] = set()
        self.report = report()

    async def move_on(self) -> None:
        while True:
            self.board.hang(self.report, *(name for name in ALL if name not in self.still))
            await trio.sleep(1.0)

    async def heard_within(self, seconds: float) -> list[str]:
        """Listen twice a second, for no more than ten datagrams wait for a listener."""
        self.manager.listen()
        heard = []
        until_s = trio.current_time() + seconds
        while trio.current_time() < until_s:
            await trio.sleep(min(0.5, seconds))
            heard += self.manager.listen()
        return heard


@asynccontextmanager
async def attended(folder: Path, watchdog_s: float | None = WATCHDOG_S, *, up: bool = True) -> AsyncIterator[Attended]:
    with FakeManager(folder / "notify") as manager:
        at = Attended(manager, watchdog_s)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(at.move_on)
            nursery.start_soon(at.unit.attend, at.board)
            await trio.sleep(0.5)
            if up:
                at.unit.ready()
            yield at
            nursery.cancel_scope.cancel()


async def test_until_the_tree_is_up_the_start_is_given_more_time_and_nobody_is_told_ready(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with attended(tmp_path, up=False) as at:
        assert "STATUS=starting: the database is opened and checked" in at.manager.listen()
        heard = set(await at.heard_within(100))
        assert "EXTEND_TIMEOUT_USEC=6000000" in heard
        assert not heard & {"READY=1", "WATCHDOG=1"}
        at.unit.ready()
        assert at.manager.listen()[0] == "READY=1"


async def test_the_watchdog_is_fed_twice_as_often_as_asked_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with attended(tmp_path) as at:
        heard = await at.heard_within(80)
        assert heard.count("WATCHDOG=1") == 40


@pytest.mark.parametrize("stuck", ALL)
async def test_it_is_not_fed_while_one_part_stands_still_and_again_when_it_moves(
    tmp_path: Path, autojump_clock: MockClock, stuck: str
) -> None:
    async with attended(tmp_path) as at:
        await at.heard_within(20)
        at.report = report(gateway=part("stuck", f"{stuck}: it hangs"))
        at.still = {stuck}
        await at.heard_within(2.5)
        assert "WATCHDOG=1" not in await at.heard_within(60)
        (told,) = at.log.of("watchdog.withheld")
        assert (told["parts"], told["reason"]) == ([stuck], f"{stuck}: it hangs")
        assert told["silent_s"] == 6.0
        assert told["restarts_in_s"] == 2.0
        at.still = set()
        assert (await at.heard_within(20)).count("WATCHDOG=1") >= 8
        assert len(at.log.of("watchdog.resumed")) == 1


async def test_a_process_that_stood_still_itself_accuses_none_of_its_parts_and_feeds_as_soon_as_they_have_moved(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with attended(tmp_path) as at:
        await at.heard_within(20)
        at.still = set(ALL)
        while "WATCHDOG=1" in await at.heard_within(2.5):
            pass
        at.board.hang(at.report, *ALL)
        while "WATCHDOG=1" not in await at.heard_within(0.5):
            pass
        autojump_clock.jump(0.8 * WATCHDOG_S)
        await trio.sleep(0.3)
        at.board.hang(at.report, *ALL)
        assert "WATCHDOG=1" in await at.heard_within(1.5)
        assert at.log.of("watchdog.withheld") == []


async def test_parts_that_move_by_turns_count_as_moving_once_all_have(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with attended(tmp_path) as at:
        at.still = {"writer", "detector"}
        await at.heard_within(3)
        at.still = {"writer"}
        assert "WATCHDOG=1" not in await at.heard_within(3)
        at.still = {"detector"}
        assert (await at.heard_within(3)).count("WATCHDOG=1") == 1


async def test_nobody_who_does_not_watch_is_fed(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with attended(tmp_path, None) as at:
        assert "WATCHDOG=1" not in await at.heard_within(100)


async def test_the_status_is_said_when_it_changes(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with attended(tmp_path) as at:
        await trio.sleep(10)
        at.manager.listen()
        assert [each for each in await at.heard_within(30) if each.startswith("STATUS")] == []
        at.report = report(growth_mb_a_day=1.2)
        assert "STATUS=2/2 devices online, 1.2 MB/day" in await at.heard_within(4)


async def test_a_stop_is_said_at_once_and_given_more_time_while_it_lasts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with attended(tmp_path) as at:
        at.manager.listen()
        at.unit.stopping()
        assert at.manager.listen()[0] == "STOPPING=1"
        heard = await at.heard_within(20)
        assert heard.count("EXTEND_TIMEOUT_USEC=6000000") >= 9
        assert "WATCHDOG=1" not in heard
        at.unit.ready()
        assert at.manager.listen() == [], "a start that ends during a stop is no start"


async def test_a_reload_begins_with_the_time_it_began_and_ends_with_ready(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with attended(tmp_path) as at:
        at.manager.listen()
        at.unit.reloading()
        reloading, stamp = at.manager.listen()
        assert reloading == "RELOADING=1"
        assert stamp.removeprefix("MONOTONIC_USEC=").isdigit()
        at.unit.reloaded("the old configuration holds: site.toml is refused")
        assert at.manager.listen() == ["READY=1", "STATUS=the old configuration holds: site.toml is refused"]


async def test_what_could_not_be_said_is_said_later_and_logged_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    log = RecordedLog()
    unit = Unit(ServiceManager(str(tmp_path / "notify"), WATCHDOG_S), log)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(unit.attend, HealthBoard())
        await trio.sleep(1)
        unit.ready()
        await trio.sleep(20)
        assert len(log.of("unit.unheard")) == 1
        with FakeManager(tmp_path / "notify") as manager:
            unit.reloading()
            assert manager.listen()[0] == "READY=1"
            nursery.cancel_scope.cancel()


async def test_without_a_service_manager_nothing_is_done(autojump_clock: MockClock) -> None:
    unit = Unit()
    with trio.fail_after(1):
        await unit.attend(HealthBoard())
    unit.ready()
    unit.reloading()
    unit.reloaded("")
    unit.stopping()


async def test_a_loop_that_is_stuck_feeds_nobody_until_it_turns_again(tmp_path: Path) -> None:
    """On the real clock: what hangs is the loop itself."""
    released, heard_while_stuck = threading.Event(), list[str]()

    def listen_meanwhile(manager: FakeManager) -> None:
        manager.listen()
        heard_while_stuck.extend(manager.wait(0.4))
        released.set()

    async with attended(tmp_path, 0.2) as at:
        at.unit.ready()
        fed = threading.Event()
        while not fed.is_set():
            at.board.hang(at.report, *ALL)
            if "WATCHDOG=1" in await at.heard_within(0.05):
                fed.set()
        threading.Thread(target=listen_meanwhile, args=(at.manager,)).start()
        released.wait(WITHIN_S)  # this is the loop's own thread
        assert heard_while_stuck == []
        at.board.hang(at.report, *ALL)
        with trio.fail_after(WITHIN_S):
            while "WATCHDOG=1" not in await at.heard_within(0.05):
                at.board.hang(at.report, *ALL)
