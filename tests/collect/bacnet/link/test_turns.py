"""The link and its real queues, over a stack whose stations answer by the clock: who waits for whom, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.jobs import Job
from t3actors.collect.bacnet.link.questions import QUESTIONS_AT_ONCE
from t3actors.collect.bacnet.link.queues import WAITING_PER_PEER
from t3actors.collect.bacnet.link.requests import BACKGROUND_PATIENCE_S, LINK, ReadMultiple, WhoIs, ask_link
from t3actors.config import BacnetConfig, BacnetNetwork
from t3actors.errors import NotSent, RequestTimedOut
from t3actors.stations import Station
from tests.collect.bacnet.peer import Logged

TRUNK = BacnetNetwork(number=50, in_flight=1, busy_limit=1.0, min_gap_s=0.0)
ANSWERS_AFTER_S = 0.1


class Thread:
    """One that does not end."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.failure = None

    def silent_s(self) -> float:
        return 0.0


class Stations:
    """Stands for a Stack. Stations answer after `takes_s`; those that are not there never."""

    decode_constructed = None

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.thread = Thread()
        self.takes_s: dict[str, float] = {}
        self.asked: list[str] = []
        self.invoke_ids: list[int | None] = []
        self.released = trio.Event()

    async def ask(self, job: Job, *, retries: int) -> bytes:
        assert retries == 0, "a trunk is not held for several tries"
        self.asked.append(job.peer)
        self.invoke_ids.append(job.begun.invoke_id)
        job.begun.invoke_id = job.begun.invoke_id or 7
        with trio.move_on_after(job.request.timeout_s):
            await trio.sleep(self.takes_s.get(job.peer, float("inf")))
            return b"\x01"
        raise RequestTimedOut(f"{job.peer}: no answer")

    async def tell(self, to: Station, service: int, data: bytes) -> None:
        await self.released.wait()

    async def close(self) -> None:
        self.released.set()


class Link(BacnetLink):
    """On such a stack."""

    stations: Stations

    async def _open_stack(self) -> None:
        self.stations = Stations(self._endpoint())
        self._serving.stack = cast("Any", self.stations)


class House:
    def __init__(self, link: Link, registry: Registry) -> None:
        self.link, self.registry, self.stations = link, registry, link.stations
        self.came: list[object] = []

    async def ask(self, mac: int, *, background: bool = False, timeout_s: float = 3.0, retries: int = 2) -> None:
        """Note what came, and when."""
        asked = ReadMultiple(
            address=f"50:{mac}", service_data=b"", timeout_s=timeout_s, retries=retries, background=background
        )
        try:
            self.came.append(await ask_link(self.registry, asked))
        except (NotSent, RequestTimedOut) as error:
            self.came.append(type(error))


@asynccontextmanager
async def house(network: BacnetNetwork = TRUNK) -> AsyncIterator[House]:
    registry = Registry()
    link = Link(BacnetConfig(interface="127.0.0.1", networks=(network,)), log=Logged())
    async with running(link, name=LINK, registry=registry):
        yield House(link, registry)


async def test_dead_stations_let_the_living_ones_of_their_trunk_go_between_their_tries(
    autojump_clock: MockClock,
) -> None:
    async with house() as one, trio.open_nursery() as nursery:
        one.stations.takes_s = {"50:99": ANSWERS_AFTER_S}
        for mac in range(5):
            nursery.start_soon(one.ask, mac)
        await trio.testing.wait_all_tasks_blocked()
        began_s, waited_s = trio.current_time(), []
        while len(one.came) < 5:
            asked_s = trio.current_time()
            living = House(one.link, one.registry)
            await living.ask(99)
            assert living.came == [b"\x01"]
            waited_s.append(trio.current_time() - asked_s)
        assert trio.current_time() - began_s > 5 * 3 * 3.0, "all their tries were made"
        assert max(waited_s) < 5 * 3.0 + 1.0
        assert len(waited_s) >= 3
    dead = [peer for peer in one.stations.asked if peer != "50:99"]
    assert sorted(dead[:5]) == [f"50:{mac}" for mac in range(5)]
    assert dead == 3 * dead[:5], "each in its turn"
    assert one.came == 5 * [RequestTimedOut]


async def test_all_tries_have_one_invoke_id(autojump_clock: MockClock) -> None:
    async with house() as one:
        await one.ask(1, retries=2)
    assert one.stations.invoke_ids == [None, 7, 7]


async def test_what_nobody_waits_for_any_more_is_not_tried_again(autojump_clock: MockClock) -> None:
    async with house() as one:
        with trio.move_on_after(1.0):
            await one.ask(1, retries=2)
        await trio.sleep(20.0)
        assert one.stations.asked == ["50:1"]
        assert (one.link._serving.queues.waiting, one.link._serving.queues._peers, one.link._serving.jobs) == (
            0,
            {},
            set(),
        )


async def test_a_retry_that_has_no_turn_in_time_ends_as_the_silence_that_it_was(autojump_clock: MockClock) -> None:
    async with house() as one, trio.open_nursery() as nursery:
        asked = ReadMultiple(address="50:1", service_data=b"", timeout_s=3.0, retries=2, patience_s=5.0)

        async def impatient() -> None:
            with pytest.raises(RequestTimedOut, match="no answer"):
                await ask_link(one.registry, asked)

        nursery.start_soon(impatient)
        await trio.testing.wait_all_tasks_blocked()
        for mac in range(2, 6):
            nursery.start_soon(one.ask, mac)
    assert one.stations.asked.count("50:1") == 1


async def test_a_background_request_that_is_not_sent_soon_is_taken_back(autojump_clock: MockClock) -> None:
    async with house() as one, trio.open_nursery() as nursery:
        nursery.start_soon(one.ask, 1)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(2 * WAITING_PER_PEER):
            began_s, waiting = trio.current_time(), House(one.link, one.registry)
            with trio.move_on_after(1.5 * BACKGROUND_PATIENCE_S):
                await waiting.ask(1, background=True)
            if waiting.came != [NotSent]:
                break
            assert trio.current_time() - began_s == pytest.approx(BACKGROUND_PATIENCE_S)
            assert one.link._serving.queues.waiting == 0
        else:
            raise AssertionError("its station was never free")
    assert one.came == [RequestTimedOut]


async def test_a_background_request_that_was_sent_is_waited_for(autojump_clock: MockClock) -> None:
    async with house() as one:
        one.stations.takes_s = {"50:1": 10 * BACKGROUND_PATIENCE_S}
        await one.ask(1, background=True, timeout_s=20.0)
        one.stations.takes_s = {}
        await one.ask(1, background=True, timeout_s=20.0, retries=1)
    assert one.came == [b"\x01", RequestTimedOut]
    assert one.stations.asked == 3 * ["50:1"], "sent again, too, when nothing else waits"


async def test_a_background_retry_that_is_not_sent_soon_is_taken_back_as_a_silence(autojump_clock: MockClock) -> None:
    async with house() as one, trio.open_nursery() as nursery:
        began_s = trio.current_time()

        async def in_background() -> None:
            await one.ask(1, background=True, retries=1)
            assert trio.current_time() - began_s == pytest.approx(3.0 + BACKGROUND_PATIENCE_S)

        nursery.start_soon(in_background)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(one.ask, 2)
    assert one.came == [RequestTimedOut, RequestTimedOut]
    assert one.stations.asked == ["50:1", "50:2", "50:2", "50:2"]


async def test_a_poll_comes_soon_after_the_background_work_of_its_own_device(autojump_clock: MockClock) -> None:
    """The device's own task works, then polls; others keep the trunk busy all the time."""
    async with house() as one, trio.open_nursery() as nursery:
        one.stations.takes_s = {f"50:{mac}": ANSWERS_AFTER_S for mac in range(100)}

        async def busy(mac: int) -> None:
            while True:
                await House(one.link, one.registry).ask(mac)

        for mac in range(2, 22):
            nursery.start_soon(busy, mac)
        await trio.testing.wait_all_tasks_blocked()
        names = 0
        for _ in range(20):
            began_s = trio.current_time()
            await one.ask(1, background=True)
            names += one.came.pop() == b"\x01"
            assert trio.current_time() - began_s <= BACKGROUND_PATIENCE_S + ANSWERS_AFTER_S + 0.01
            await one.ask(1)
            assert one.came.pop() == b"\x01"
        assert names >= 5, "it is named all the same"
        nursery.cancel_scope.cancel()


async def test_more_who_is_than_may_be_under_way_are_not_sent(autojump_clock: MockClock) -> None:
    async with house() as one, trio.open_nursery() as nursery:
        for _ in range(QUESTIONS_AT_ONCE):
            nursery.start_soon(ask_link, one.registry, WhoIs())
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(NotSent, match="under way already"):
            await ask_link(one.registry, WhoIs())
        one.stations.released.set()
    async with house() as one:
        one.stations.released.set()
        await ask_link(one.registry, WhoIs())
