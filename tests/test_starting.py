"""What goes on around the start of the tree."""

from __future__ import annotations

import sys
from pathlib import Path

import trio
from trio.testing import MockClock

from t3actors.starting import HOLD_EVERY_S, TURNS_S, keep_hold, short_turns
from t3actors.store.lock import data_dir_locked
from tests.system.house import RecordedLog


def test_threads_take_short_turns_while_the_gateway_runs_and_afterwards_as_before() -> None:
    usual_s = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() == TURNS_S
    assert sys.getswitchinterval() == usual_s


async def test_a_lost_lock_is_said_once_and_what_lasts_for_a_moment_is_not(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    log, lock = RecordedLog(), tmp_path / "data" / "t3actors.lock"
    with data_dir_locked(lock.parent) as held:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_hold, held.renew, log)
            await trio.sleep(3.5 * HOLD_EVERY_S)
            lock.unlink()
            await trio.sleep(HOLD_EVERY_S)
            assert [line["reason"] for line in log.of("gateway.lock_lost")] == ["it was made anew, and is held"]
            lock.unlink()
            with data_dir_locked(lock.parent):
                await trio.sleep(HOLD_EVERY_S)
            await trio.sleep(HOLD_EVERY_S)
            assert len(log.of("gateway.lock_lost")) == 2
            lock.parent.rename(tmp_path / "moved")
            await trio.sleep(5 * HOLD_EVERY_S)
            assert log.of("gateway.lock_lost")[2:] == [
                {"reason": f"{lock}: cannot be created: No such file or directory"}
            ]
            (tmp_path / "moved").rename(lock.parent)
            await trio.sleep(2 * HOLD_EVERY_S)
            lock.parent.rename(tmp_path / "moved")
            await trio.sleep(5 * HOLD_EVERY_S)
            assert log.of("gateway.lock_lost")[3:] == log.of("gateway.lock_lost")[2:3]  # another time
            nursery.cancel_scope.cancel()
