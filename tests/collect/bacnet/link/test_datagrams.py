"""Datagrams on their way from the trio loop to the asyncio loop: bounded, none forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from t3actors.collect.bacnet.link.datagrams import HANDED_OVER, IN_ONE_GO, Datagrams
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.loop import AsyncioThread
from tests.waiting import until

SOURCE = ("127.0.0.9", 47808)
MANY = 30_000


class Recorded(Datagrams):
    """Takes what comes without a stack above it."""

    def __init__(self) -> None:
        super().__init__(Endpoint("127.0.0.1", 47808))
        nothing: Any = object()
        self._own = nothing
        self.got: list[tuple[bytes, bool]] = []

    def came(self, data: bytes, addr: tuple[str, int], to: Any) -> None:
        assert addr == SOURCE
        self.got.append((data, to.is_localbroadcast))


async def test_none_is_forgotten_whenever_the_other_loop_is_just_about_to_rest() -> None:
    """The loop is woken once for many: the wake must not be lost between its last look and its rest."""
    datagrams, thread = Recorded(), AsyncioThread("bacnet")
    thread.start()
    for number in range(MANY):
        if datagrams.hand_over(b"%d" % number, SOURCE, by_broadcast=False):
            thread.post(datagrams.take_handed)
        if number % 3 == 0:
            await until(lambda: len(datagrams._handed) < HANDED_OVER // 2)
    await until(lambda: len(datagrams.got) == MANY)
    assert [data for data, _ in datagrams.got] == [b"%d" % number for number in range(MANY)]
    assert datagrams.dropped == 0
    await thread.stop()


def test_what_is_too_much_is_dropped_and_counted() -> None:
    datagrams = Recorded()
    wakes = [datagrams.hand_over(b"x", SOURCE, by_broadcast=False) for _ in range(HANDED_OVER + 3)]
    assert wakes.count(True) == 1, "one wake for all"
    assert wakes[0]
    assert datagrams.dropped == 3


@pytest.mark.parametrize("by_broadcast", [False, True])
def test_some_are_taken_at_a_time_and_what_they_start_has_its_turn_in_between(*, by_broadcast: bool) -> None:
    datagrams, counts = Recorded(), []
    for _ in range(2 * IN_ONE_GO + 1):
        datagrams.hand_over(b"x", SOURCE, by_broadcast=by_broadcast)

    async def run() -> None:
        datagrams.take_handed()
        for _ in range(4):
            counts.append(len(datagrams.got))
            await asyncio.sleep(0)

    asyncio.run(run())
    assert counts == [IN_ONE_GO, 2 * IN_ONE_GO, 2 * IN_ONE_GO + 1, 2 * IN_ONE_GO + 1]
    assert {to for _, to in datagrams.got} == {by_broadcast}
    assert datagrams.hand_over(b"x", SOURCE, by_broadcast=False), "it rests: it is to be woken"


def test_what_is_closed_takes_nothing_more() -> None:
    datagrams = Recorded()
    datagrams.hand_over(b"x", SOURCE, by_broadcast=False)
    datagrams.close()
    datagrams.take_handed()
    assert datagrams.got == []
