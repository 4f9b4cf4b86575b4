"""bacpypes3 as a client that owes us nothing, in a thread and a loop of its own. Its port is never a server's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio
from bacpypes3.app import Application
from bacpypes3.basetypes import HostNPort
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject

from tests.ports import free_port
from tests.waiting import WITHIN_S

T = TypeVar("T")


async def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run an asyncio coroutine from a trio test."""

    async def bounded() -> T:
        return await asyncio.wait_for(_awaited(work), WITHIN_S)

    return await trio.to_thread.run_sync(lambda: asyncio.run(bounded()))


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


@asynccontextmanager
async def application(*, bbmd: tuple[str, int] | None = None, max_apdu: int = 1476) -> AsyncIterator[Any]:
    device = DeviceObject(
        objectIdentifier=("device", 599),
        objectName="independent",
        maxApduLengthAccepted=max_apdu,
        segmentationSupported="segmentedBoth",
        maxSegmentsAccepted=64,
        vendorIdentifier=999,
    )
    device.apduTimeout = 2000
    port = NetworkPortObject(f"127.0.0.1:{free_port()}", objectIdentifier=("network-port", 1), objectName="port")
    if bbmd is not None:
        port.bacnetIPMode = "foreign"
        port.fdBBMDAddress = HostNPort(f"{bbmd[0]}:{bbmd[1]}")
        port.fdSubscriptionLifetime = 60
    app = Application.from_object_list([device, port])
    (link,) = app.link_layers.values()
    await asyncio.gather(
        *link.server._transport_tasks
    )  # it binds in a task of its own and says nothing when it is done
    try:
        yield app
    finally:
        app.close()
        await asyncio.sleep(0)  # its transport is closed one turn later
