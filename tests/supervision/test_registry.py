"""Roles: found anew at each send, and mail to nobody is counted."""

from __future__ import annotations

import threading

import pytest
from trio.testing import MockClock

from supervision import NobodyThere, Registry, RoleTaken, TrioActor
from supervision.registry import ROLES_KEPT
from supervision.testing import running


class Echo(TrioActor):
    def on_receive(self, message: object) -> object:
        return message


async def test_mail_to_nobody_is_counted_and_never_raises(autojump_clock: MockClock) -> None:
    registry = Registry()
    assert registry.send("nobody", 1) is False
    assert registry.dead_letters == {"nobody": 1}
    with pytest.raises(NobodyThere, match="nobody plays 'nobody'"):
        await registry.ask("nobody", 1)
    assert registry.incarnation("nobody") is None


async def test_a_role_leads_to_its_present_player(autojump_clock: MockClock) -> None:
    registry = Registry()
    for expected in (1, 2):
        async with running(Echo(), name="echo", registry=registry):
            assert await registry.ask("echo", "hi") == "hi"
            assert registry.incarnation("echo") == expected
        assert registry.send("echo", "hi") is False


async def test_two_cannot_play_one_role(autojump_clock: MockClock) -> None:
    registry = Registry()
    async with running(Echo(), name="echo", registry=registry):
        with pytest.raises(RoleTaken, match="'echo' is played by incarnation 1"):
            async with running(Echo(), name="echo", registry=registry):
                raise AssertionError("never up")
        assert await registry.ask("echo", "still me") == "still me"


async def test_an_old_players_leaving_does_not_take_its_successors_role(autojump_clock: MockClock) -> None:
    registry = Registry()
    async with running(Echo(), name="echo", registry=registry):
        registry.unregister("echo", Echo())
        assert registry.incarnation("echo") == 1


def test_dead_letters_are_counted_right_from_many_threads() -> None:
    registry = Registry()
    threads = [threading.Thread(target=lambda: [registry.send("nobody", 1) for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.dead_letters["nobody"] == 4000


async def test_a_player_is_reached_by_the_names_it_speaks_for_also_after_a_restart(autojump_clock: MockClock) -> None:
    registry = Registry()
    registry.speak_for("house", "room")
    assert registry.send("room", 1) is False
    for expected in (1, 2):
        async with running(Echo(), name="house", registry=registry):
            assert await registry.ask("room", "hi") == "hi"
            assert registry.incarnation("room") == expected
    async with running(Echo(), name="house", registry=registry), running(Echo(), name="room", registry=registry):
        assert registry.incarnation("room") == 1, "a player of its own goes first"


async def test_who_is_no_longer_spoken_for_is_reached_no_more_and_named(autojump_clock: MockClock) -> None:
    registry = Registry()
    registry.speak_for("house", "room")
    registry.speak_for("house", "hall")
    registry.speak_for("barn", "loft")
    async with running(Echo(), name="house", registry=registry):
        assert registry.no_longer_spoken_for("house") == ["room", "hall"]
        assert registry.no_longer_spoken_for("house") == []
        assert registry.send("room", 1) is False
    async with running(Echo(), name="barn", registry=registry):
        assert registry.send("loft", 1) is True


async def test_of_roles_out_of_use_only_the_latest_are_known(autojump_clock: MockClock) -> None:
    registry = Registry()
    for number in range(ROLES_KEPT + 20):
        registry.next_incarnation(f"guest/{number}")
        if number % 2:
            registry.send(f"guest/{number}", "late")
        registry.out_of_use(f"guest/{number}")
    assert len(registry._incarnations) == ROLES_KEPT
    assert not registry.was_played("guest/19")
    assert registry.was_played("guest/20")
    assert registry.dead_letters["others"] == 10
    assert registry.dead_letters.total() == ROLES_KEPT // 2 + 10
    async with running(Echo(), name="guest/20", registry=registry):
        assert registry.incarnation("guest/20") == 2, "it goes on counting"


async def test_a_role_that_is_taken_up_again_is_in_use(autojump_clock: MockClock) -> None:
    registry = Registry()
    registry.out_of_use("echo")
    async with running(Echo(), name="echo", registry=registry):
        for number in range(ROLES_KEPT + 1):
            registry.out_of_use(f"guest/{number}")
        assert registry.was_played("echo")


def test_dead_letters_are_told_apart_for_so_many_roles_and_counted_together_for_further_ones() -> None:
    registry = Registry()
    for number in range(ROLES_KEPT + 50):
        registry.send(f"nobody/{number}", 1)
        registry.send("nobody/0", 1)
    assert len(registry.dead_letters) == ROLES_KEPT + 1
    assert registry.dead_letters["others"] == 50
    assert registry.dead_letters["nobody/0"] == ROLES_KEPT + 51
    assert registry.dead_letters.total() == 2 * (ROLES_KEPT + 50)
