"""Roles: found anew at each send, and mail to nobody is counted."""

from __future__ import annotations

import threading

import pytest
from trio.testing import MockClock

from supervision import NobodyThere, Registry, RoleTaken, TrioActor
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
