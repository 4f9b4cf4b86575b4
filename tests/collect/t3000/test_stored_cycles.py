from __future__ import annotations

from trio.testing import MockClock

from t3actors.collect.t3000.stored_cycles import StoredCycles
from t3actors.cycles import CycleStored
from t3actors.events import silent


def stored(group: str) -> CycleStored:
    return CycleStored(device="plant", group=group, panels=())


async def test_a_group_that_is_stored_says_so_of_all_before_it(autojump_clock: MockClock) -> None:
    cycles = StoredCycles("plant", silent)
    for group in ("1", "2", "3"):
        cycles.begin(group)
    cycles.note(stored("2"))  # a writer that is behind names the last of several
    assert not await cycles.all_within(1.0)
    cycles.note(stored("3"))
    assert await cycles.all_within(1.0)


async def test_a_group_of_an_earlier_cycle_says_nothing_of_this_one(autojump_clock: MockClock) -> None:
    cycles = StoredCycles("plant", silent)
    cycles.begin("1")
    cycles.begin_cycle()
    cycles.begin("2")
    cycles.note(stored("1"))
    assert not await cycles.all_within(1.0)
    assert (cycles.begun, cycles.last) == (1, "2")


def test_what_is_logged_of_a_stored_group_names_it() -> None:
    logged: list[object] = []
    cycles = StoredCycles("plant", lambda _event, /, **keys: logged.append(keys["group"]))
    cycles.note(stored("7"))
    assert logged == ["7"]
