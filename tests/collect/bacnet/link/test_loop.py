"""The asyncio thread: hard time-outs, fenced when it hangs, replaced when it dies, and its port never held twice."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import pytest
import trio
from bacpypes3.apdu import RejectPDU

from supervision.registry import Registry
from supervision.spec import ChildSpec, SupervisorSpec
from supervision.supervisor import Supervisor
from t3actors.collect.bacnet.link import actor as link_module
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.loop import AsyncioThread
from t3actors.collect.bacnet.link.requests import LINK, ReadMultiple, ask_link
from t3actors.config import BacnetConfig
from t3actors.errors import LinkDown, RequestRefused, RequestTimedOut
from tests.collect.bacnet.peer import Logged, Peer, acknowledging, link_up
from tests.ports import free_port
from tests.waiting import WITHIN_S, until


async def test_a_base_exception_behind_the_door_is_one_of_our_errors_in_front_of_it() -> None:
    thread = AsyncioThread("bacnet")
    thread.start()

    async def reject() -> None:
        raise RejectPDU(1, 9)

    with pytest.raises(RequestRefused, match="unrecognized"):
        await thread.call(reject, timeout_s=WITHIN_S)

    async def works() -> int:
        return 7

    assert await thread.call(works, timeout_s=WITHIN_S) == 7
    await thread.stop()
    assert thread.over.is_set()
    with pytest.raises(LinkDown):
        await thread.call(works, timeout_s=WITHIN_S)


async def test_what_takes_too_long_is_cancelled_at_its_hard_limit() -> None:
    thread = AsyncioThread("bacnet")
    thread.start()
    cancelled = threading.Event()

    async def for_ever() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    with pytest.raises(RequestTimedOut, match="hard limit"):
        await thread.call(for_ever, timeout_s=1.0)  # it must have begun by then
    await until(cancelled.is_set)
    await thread.stop()


async def test_a_thread_whose_stop_is_cancelled_keeps_no_port_though_nobody_may_be_there_to_hear_of_its_end() -> None:
    thread = AsyncioThread("bacnet")
    thread.start()
    released = threading.Event()
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as port:
        thread.guard(port)
        thread.post(released.wait)
        with trio.CancelScope() as scope:
            scope.cancel()
            await thread.stop()
        assert scope.cancelled_caught
        assert port.fileno() == -1
        released.set()
        await until(thread.over.is_set)


async def test_an_endless_loop_is_seen_given_up_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t3actors.collect.bacnet.link.loop.STOP_S", 0.2)
    thread = AsyncioThread("bacnet")
    thread.start()

    async def spin() -> None:
        while True:
            pass

    with pytest.raises(RequestTimedOut):
        await thread.call(spin, timeout_s=1.0)  # likewise
    await until(lambda: thread.silent_s() > 0.5)
    assert "spin" in thread.where()
    thread.give_up("it hangs")
    await until(lambda: not thread.is_alive and thread.over.is_set())
    assert isinstance(thread.failure, SystemExit)


async def test_who_waits_for_a_thread_that_ends_gets_link_down() -> None:
    thread = AsyncioThread("bacnet")
    thread.start()

    async def end() -> None:
        asyncio.get_running_loop().stop()
        await asyncio.get_running_loop().create_future()

    with pytest.raises(LinkDown, match=r"given up|ended"):
        await thread.call(end, timeout_s=WITHIN_S)
    await until(thread.over.is_set)


class Tree:
    """A supervisor over one link."""

    def __init__(self, port: int) -> None:
        self.links: list[BacnetLink] = []
        self.registry = Registry()
        self.port = port

    def start(self) -> BacnetLink:
        self.links.append(BacnetLink(BacnetConfig(interface="127.0.0.1", port=self.port), log=Logged()))
        return self.links[-1]

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        spec = SupervisorSpec(name="gateway", children=(ChildSpec(name=LINK, start=self.start),))
        await Supervisor(spec, registry=self.registry, on_event=lambda _event: None).run(task_status=task_status)


@pytest.mark.parametrize("how", ["ends", "hangs"])
async def test_a_link_whose_thread_dies_is_started_anew_on_the_same_port(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "LOOK_S", 0.1)
    tree, released = Tree(free_port()), threading.Event()
    with Peer(acknowledging(b"\x05")) as peer:
        asked = ReadMultiple(address=peer.address, service_data=b"\x0c", timeout_s=30, retries=0)
        async with trio.open_nursery() as nursery:
            await nursery.start(tree.run)
            assert await ask_link(tree.registry, asked) == b"\x05"
            stack = tree.links[0]._serving.stack
            assert stack is not None
            thread = stack.thread
            outcomes: list[str] = []

            async def ask_meanwhile() -> None:
                silent = ReadMultiple(address="127.0.0.1:9", service_data=b"\x0c", timeout_s=60, retries=0)
                with pytest.raises(LinkDown):
                    await ask_link(tree.registry, silent)
                outcomes.append("link down")

            nursery.start_soon(ask_meanwhile)
            await until(lambda: tree.links[0]._serving.jobs)
            thread.post(raising if how == "ends" else released.wait)
            with (
                monkeypatch.context() as impatient
            ):  # no longer than it must be: a busy machine hangs for a second, too
                if how == "hangs":
                    impatient.setattr(link_module, "HANG_S", 1.0)
                await until(lambda: not tree.links[0]._serving.stack or len(tree.links) > 1)
            await until(lambda: len(tree.links) == 2 and tree.links[1]._serving.stack is not None)
            await until(lambda: outcomes)
            assert await ask_link(tree.registry, asked) == b"\x05"
            released.set()
            await until(lambda: not thread.is_alive)
            nursery.cancel_scope.cancel()


def raising() -> None:
    raise SystemExit("killed by a test")


async def test_a_link_that_stops_leaves_no_thread_and_no_port() -> None:
    async with link_up() as house:
        stack = house.link._serving.stack
        assert stack is not None
        thread, at = stack.thread, house.at
    assert not thread.is_alive or thread.over.is_set()
    with Peer(port=at[1]):
        pass
