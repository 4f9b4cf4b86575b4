"""An unrelated stack reads our devices: what it cannot decode, we encode wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio
from bacpypes3.apdu import ErrorRejectAbortNack, ReadRangeRequest, SimpleAckPDU, SubscribeCOVRequest
from bacpypes3.basetypes import ErrorType, Range, RangeByPosition
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier, Real

from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.plant import BacnetPlantSize, running_bacnet_plant
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.server import BacnetServer
from t3actors.simulator.bacnet.words import ObjectType
from tests.ports import free_port
from tests.simulator.bacnet.client import FEW, responder_of, serving
from tests.simulator.bacnet.independent import application, run
from tests.waiting import asyncio_until

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def address_of(server: BacnetServer) -> Address:
    return Address(f"127.0.0.1:{server.port}")


async def everything_of(app: Any, address: Address, responder: Responder, wanted: str) -> dict[tuple[str, str], Any]:
    found = {}
    identifiers = [(int(each.object_type), each.instance) for each in responder.device.objects.values()]
    for identifier in [(int(ObjectType.DEVICE), responder.device.instance), *identifiers]:
        for identity, property_id, _index, value in await app.read_property_multiple(
            address, [ObjectIdentifier(identifier), [wanted]]
        ):
            assert not isinstance(value, ErrorType), (identity, property_id)
            found[str(identity), str(property_id)] = value
    return found


async def test_every_property_of_every_sort_of_object_decodes() -> None:
    responder = responder_of(Preset.GENERIC, PointCounts(16, 8, 48))
    async with serving(responder) as server:

        async def work() -> dict[tuple[str, str], Any]:
            async with application() as app:
                return await everything_of(app, address_of(server), responder, "all")

        found = await run(work)
    kinds = {identity.partition(",")[0] for identity, _property in found}
    assert len(kinds) == len(ObjectType), "one of each sort"
    for point in responder.device.points.values():
        if point.object_type is ObjectType.ANALOG_INPUT:
            value = found[f"analog-input,{point.instance}", "present-value"]
            assert value == pytest.approx(point.value, rel=1e-6)
    assert found["schedule,0", "exception-schedule"][1].period.calendarEntry.dateRange.startDate == (126, 8, 1, 255)
    assert len(found["schedule,0", "weekly-schedule"]) == 7
    assert len(found["calendar,0", "date-list"]) == 3
    assert found["loop,0", "controlled-variable-reference"].objectIdentifier == ObjectIdentifier("analog-input,0")
    assert found["event-enrollment,0", "event-parameters"].outOfRange.highLimit > 0
    assert found["trend-log,0", "log-device-object-property"].deviceIdentifier == ObjectIdentifier("device,1001")


async def test_required_and_optional_are_parts_of_all() -> None:
    responder = responder_of(Preset.T3000)
    async with serving(responder) as server:

        async def work() -> list[set[tuple[str, str]]]:
            async with application() as app:
                return [
                    set(await everything_of(app, address_of(server), responder, wanted))
                    for wanted in ("all", "required", "optional")
                ]

        everything, required, optional = await run(work)
    assert required | optional == everything
    assert not required & optional


@pytest.mark.parametrize("size", [50, 128, 206, 480, 1024, 1476])
async def test_a_long_answer_comes_in_segments_of_the_clients_size(size: int) -> None:
    responder = responder_of(Preset.GENERIC, PointCounts(100, 20, 20))
    async with serving(responder) as server:

        async def work() -> Any:
            async with application(max_apdu=size) as app:
                return await app.read_property(address_of(server), "device,1001", "object-list")

        assert len(await run(work)) == len(responder.device.objects) + 1


async def test_a_foreign_device_finds_every_device_and_reads_those_behind_routers() -> None:
    async with running_bacnet_plant(BacnetPlantSize(20, points=FEW)) as plant:

        async def work() -> tuple[set[int], list[int]]:
            async with application(bbmd=plant.bbmd.address) as app:
                await asyncio_until(lambda: plant.counts().datagrams)
                found: dict[int, Any] = {}
                while len(found) < len(plant.placed):  # until WITHIN_S is over: on a busy machine a second is soon over
                    found |= {each.iAmDeviceIdentifier[1]: each.pduSource for each in await app.who_is(timeout=1)}
                lengths = []
                for instance, source in found.items():
                    listed = await app.read_property(source, ObjectIdentifier(("device", instance)), "object-list")
                    lengths.append(len(listed))
                return set(found), lengths

        found, lengths = await run(work)
        assert found == {each.device.instance for each in plant.placed.values()}
        assert len([each for each in plant.placed.values() if each.place]) == 10
        assert sorted(lengths) == sorted(len(each.device.objects) + 1 for each in plant.placed.values())
        assert plant.counts().writes == 0


@pytest.mark.parametrize("confirmed", [False, True])
async def test_a_subscription_is_answered_at_once_and_on_change(confirmed: bool) -> None:
    responder = responder_of(Preset.T3000)
    heard: list[tuple[Any, float]] = []

    async with serving(responder) as server:

        async def work() -> None:
            async with application() as app:

                async def hear(apdu: Any) -> None:
                    told = apdu.listOfValues[0].value.cast_out(Real)
                    heard.append((apdu.monitoredObjectIdentifier, told))
                    if confirmed:
                        await app.response(SimpleAckPDU(context=apdu))

                app.do_UnconfirmedCOVNotificationRequest = hear
                app.do_ConfirmedCOVNotificationRequest = hear
                await app.request(
                    SubscribeCOVRequest(
                        subscriberProcessIdentifier=7,
                        monitoredObjectIdentifier=ObjectIdentifier(("analog-input", 1)),
                        issueConfirmedNotifications=confirmed,
                        lifetime=60,
                        destination=address_of(server),
                    )
                )
                listed = await app.read_property(address_of(server), "device,1001", "active-cov-subscriptions")
                assert listed[0].recipient.processIdentifier == 7
                assert listed[0].monitoredPropertyReference.objectIdentifier == ObjectIdentifier("analog-input,1")
                await asyncio_until(lambda: heard)
                token.run_sync_soon(change)
                await asyncio_until(lambda: len(heard) > 1 and responder.due_s is None)

        def change() -> None:
            responder.device.set("IN1", 77.0)
            server.values_changed(responder, None)

        token = trio.lowlevel.current_trio_token()
        await run(work)
    assert heard[-1] == (ObjectIdentifier("analog-input,1"), 77.0)


async def test_the_records_of_a_trend_log_decode() -> None:
    responder = responder_of(Preset.GENERIC)
    async with serving(responder) as server:

        async def work() -> Any:
            async with application() as app:
                return await app.request(
                    ReadRangeRequest(
                        objectIdentifier=ObjectIdentifier(("trend-log", 0)),
                        propertyIdentifier="log-buffer",
                        range=Range(byPosition=RangeByPosition(referenceIndex=91, count=20)),
                        destination=address_of(server),
                    )
                )

        answer = await run(work)
    assert answer.itemCount == 10
    assert [bool(each) for each in answer.resultFlags] == [False, True, False]


async def test_a_write_is_refused_by_the_standards_error() -> None:
    responder = responder_of(Preset.T3000)
    async with serving(responder) as server:

        async def work() -> str:
            async with application() as app:
                try:
                    await app.write_property(address_of(server), "analog-output,3", "present-value", 5.0)
                except ErrorRejectAbortNack as refused:
                    return str(refused)
                return "obeyed"

        assert "write-access-denied" in await run(work)
    assert responder.counts.writes == 1


async def test_the_faithful_device_answers_too() -> None:
    port = free_port()
    command = [sys.executable, "-m", "t3actors.simulator.bacnet.faithful", "--port", str(port), "--points", "12"]
    with subprocess.Popen(  # noqa: ASYNC220 - it starts at once
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        listing = json.loads(process.stdout.readline())

        async def work() -> list[Any]:
            async with application() as app:
                address = Address(f"127.0.0.1:{port}")
                listed = await app.read_property(address, f"device,{listing['instance']}", "object-list")
                return [len(listed), await app.read_property(address, "analog-value,1", "present-value")]

        assert await run(work) == [14, 20.25]
        process.stdin.close()
        assert process.wait(60) == 0
