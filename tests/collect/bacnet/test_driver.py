"""The driver on loopback, against simulated devices: every kind of device is read whole, and each fault costs only itself."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.testing import running
from t3actors.clock import wall_ms
from t3actors.collect.bacnet.driver import DESCRIBED_AGAIN_EVERY_S, REVISION_EVERY_S, BacnetDriver
from t3actors.collect.bacnet.rounds import Asked, Gathered
from t3actors.collect.driver import Opened
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.errors import BadResponse, DeviceMismatch, LinkDown, RequestTimedOut, StoreBusy
from t3actors.points import Kind, Reading, Status
from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Abilities, Preset
from t3actors.simulator.bacnet.answers import Outcome
from t3actors.simulator.bacnet.apdu import Kind as ApduKind
from t3actors.simulator.bacnet.apdu import Request
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.responder import Responder
from t3actors.simulator.bacnet.router import Router
from t3actors.simulator.bacnet.server import BacnetServer
from t3actors.simulator.bacnet.words import Property, Segmentation
from tests.collect.bacnet.peer import House, Logged, link_up

INSTANCE = 1001
COUNTS = PointCounts(12, 8, 16)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Meeting:
    """A simulated device, and a driver that is to read it."""

    def __init__(self, house: House, server: BacnetServer, responder: Responder, settings: dict[str, Any]) -> None:
        self.house, self.server, self.responder = house, server, responder
        self.device: SimulatedDevice = responder.device
        self.log, self.clock = Logged(), Clock()
        where = f"127.0.0.1:{server.port}"
        defaults: dict[str, Any] = {"address": where, "instance": INSTANCE, "timeout_s": 30.0, "retries": 0}
        self.config = DeviceConfig(name="d", protocol="bacnet", **(defaults | settings))
        self.driver = BacnetDriver(
            self.config, house.registry, self.log, self.clock, bacnet=BacnetConfig(), wall_ms=wall_ms
        )
        self.opened = Opened(facts=None, points=())  # type: ignore[arg-type]

    async def open(self) -> Opened:
        self.opened = await self.driver.open()
        while await self.driver.work(hurry=True) is not None:
            pass
        self.opened = Opened(facts=self.opened.facts, points=self.driver.take_changed_points() or self.opened.points)
        return self.opened

    async def read(self, **how: bool) -> dict[str, Reading]:
        made = await self.driver.read(self.opened.points, **how)
        assert len(made) == len(self.opened.points)
        return {reading.point_id: reading for reading in made}

    def fault(self, kind: BacnetFaultKind, **about: Any) -> None:
        self.responder.set_fault(BacnetFault(kind, **about), 0.0)

    def be_patient(self, timeout_s: float) -> None:
        """Wait so long for each answer from now on; 30 s at first, so that no busy machine is taken for a silent device."""
        self.driver._asking._config = msgspec.structs.replace(self.config, timeout_s=timeout_s)

    def asked(self) -> int:
        return self.server.counts.datagrams


@asynccontextmanager
async def meeting(
    preset: Preset = Preset.GENERIC,
    counts: PointCounts = COUNTS,
    abilities: Abilities | None = None,
    **settings: Any,
) -> AsyncIterator[Meeting]:
    responder = Responder(build_device(preset, 1, INSTANCE, counts, abilities=abilities))
    server = BacnetServer(Router(responder))
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        async with link_up() as house:
            yield Meeting(house, server, responder, settings)
        nursery.cancel_scope.cancel()


def as_the_device_has_it(met: Meeting, readings: dict[str, Reading]) -> None:
    """Every point is there, ok, and has the simulated device's own value."""
    assert set(readings) == set(met.device.points)
    for point_id, reading in readings.items():
        assert (reading.status, reading.reason) == (Status.OK, ""), point_id
        if isinstance(reading.value, str):
            continue
        truth = met.device.value(point_id)
        if point_id.startswith(("MS", "IV", "PIV")):
            truth = max(math.floor(truth), 1) if point_id.startswith("MS") else math.floor(truth)
        assert reading.value == pytest.approx(truth, rel=1e-6, abs=1e-6), point_id


MATRIX = [
    Preset.T3000, Preset.GENERIC, Preset.APDU_50, Preset.APDU_128, Preset.APDU_206, Preset.APDU_480,
    Preset.NO_SEGMENTATION, Preset.TRANSMIT_ONLY, Preset.RECEIVE_ONLY, Preset.NO_RPM, Preset.ODD_TEXT,
]  # fmt: skip


@pytest.mark.parametrize("preset", MATRIX)
async def test_every_kind_of_device_is_read_whole(preset: Preset) -> None:
    async with meeting(preset) as met:
        opened = await met.open()
        assert (opened.facts.object_instance, opened.facts.firmware) == (INSTANCE, "64.3")
        assert (opened.facts.ip_address, opened.facts.port) == ("127.0.0.1", met.server.port)
        as_the_device_has_it(met, await met.read())
        if preset is not Preset.ODD_TEXT:
            assert {point.label for point in opened.points} == {each.name for each in met.device.points.values()}


async def test_points_have_the_units_texts_and_kinds_that_the_device_says() -> None:
    async with meeting(Preset.GENERIC) as met:
        points = {point.point_id: point for point in (await met.open()).points}
        assert points["AI0"].kind is Kind.INPUT
        assert points["AI0"].units == "°C"
        assert points["AI0"].full_label == "Simulated input 0"
        assert points["BO0"].states in {("Off", "On"), ("Stop", "Start")}
        assert points["MSI0"].states == ("", "Off", "Heat", "Cool", "Auto")
        assert points["MSI0"].point_index == 13 << 22


async def test_state_texts_too_long_for_one_answer_are_read_one_by_one() -> None:
    small = Abilities(max_apdu=50, segmentation=Segmentation.NONE, first_instance=0)
    async with meeting(Preset.GENERIC, abilities=small) as met:
        texts = tuple(tags.text(f"a rather long text {number}") for number in range(6))
        met.device.point("MSI0").properties[Property.STATE_TEXT] = texts
        met.device.point("MSI0").properties[Property.NUMBER_OF_STATES] = tags.unsigned(6)
        points = {point.point_id: point for point in (await met.open()).points}
        assert points["MSI0"].states == ("", *(f"a rather long text {number}" for number in range(6)))


async def test_a_station_behind_a_router_is_read_whole() -> None:
    responder = Responder(build_device(Preset.T3000, 1, INSTANCE, COUNTS))
    server = BacnetServer(Router(None, {50: {b"\x07": responder}}))
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        async with link_up(routers={50: f"127.0.0.1:{server.port}"}) as house:
            met = Meeting(house, server, responder, {"address": "50:7"})
            facts = (await met.open()).facts
            assert (facts.bacnet_network, facts.bacnet_mstp_mac_id, facts.ip_address) == (50, 7, None)
            as_the_device_has_it(met, await met.read())
        nursery.cancel_scope.cancel()


async def test_what_is_odd_about_an_object_list_is_told() -> None:
    async with meeting(Preset.T3000) as met:
        met.device.objects[5 << 22] = build_device(Preset.GENERIC, 1, 5, COUNTS).point("BV1")
        opened = await met.open()
        (told,) = met.log.named("device.remarked")
        assert told["remarks"] == ["BV0: not VAR0, a panel counts from 1"]
        assert "BV0" in {point.point_id for point in opened.points}


async def test_a_thousand_points_take_few_requests() -> None:
    async with meeting(Preset.LARGE, PointCounts(400, 300, 300)) as met:
        await met.open()
        before = met.responder.counts.requests
        as_the_device_has_it(met, await met.read())
        assert met.responder.counts.requests - before <= 8, "a request is never segmented: 1,476 octets name 133 points"


async def test_a_poll_that_took_long_tells_how_old_each_value_is_by_its_own_answer() -> None:
    async with meeting(Preset.APDU_206) as met:
        await met.open()
        as_the_device_has_it(met, await met.read())
        assert met.driver.ages() == {}
        answers = iter(range(1, 1000))

        def an_answer_came() -> None:
            met.clock.now_s += 5.0
            next(answers)

        met.driver._asking._alive = an_answer_came
        as_the_device_has_it(met, await met.read())
        asked = next(answers) - 1
        assert asked > 3
        ages = met.driver.ages()
        assert set(ages) == set(met.device.points)
        assert set(ages.values()) == {5.0 * n for n in range(asked)}
        first = met.opened.points[0].point_id
        assert ages[first] == max(ages.values())


async def test_what_a_device_told_itself_while_it_was_polled_is_of_now() -> None:
    async with meeting(Preset.APDU_206) as met:
        await met.open()

        def an_answer_came() -> None:
            met.clock.now_s += 5.0

        met.driver._asking._alive = an_answer_came
        first, second = (point.point_id for point in met.opened.points[:2])
        told = Reading(first, 77.0)
        met.driver._subscriptions.polled = lambda made, _began_s: [  # type: ignore[method-assign]
            told if each.point_id == first else each for each in made
        ]
        assert (await met.read())[first] is told
        assert first not in met.driver.ages()
        assert second in met.driver.ages()


async def test_a_property_that_cannot_be_decoded_costs_itself() -> None:
    async with meeting() as met:
        await met.open()
        met.fault(BacnetFaultKind.UNDECODABLE, object="AI1")
        readings = await met.read()
        assert readings.pop("AI1").status is Status.FAULT
        assert {reading.status for reading in readings.values()} == {Status.OK}


async def test_a_property_that_is_an_error_marks_its_point_only() -> None:
    async with meeting() as met:
        await met.open()
        del met.device.point("AI1").properties[Property.STATUS_FLAGS]
        del met.device.objects[met.device.point("AI2").object_id]
        met.device.database_revision += 1
        readings = await met.read()
        assert readings["AI1"].status is Status.OK
        assert (readings["AI2"].status, readings["AI2"].value) == (Status.FAULT, None)
        assert "unknown object" in readings["AI2"].reason
        del readings["AI2"]
        assert {reading.status for reading in readings.values()} == {Status.OK}


async def test_an_object_that_spoils_the_answer_of_all_is_found_once_and_then_asked_alone() -> None:
    async with meeting() as met:
        await met.open()
        await met.read()
        spoiler = tags.object_id(met.device.point("AI1").object_id, 0)
        answer = met.responder._answers.answer

        def spoilt(request: Request, serial_number: int) -> Outcome:
            if spoiler in request.data:
                return Outcome(ApduKind.ERROR, tags.enumerated(0) + tags.enumerated(25))
            return answer(request, serial_number)

        met.responder._answers.answer = spoilt  # type: ignore[method-assign]
        for most in (80, 3):
            before = met.responder.counts.requests
            readings = await met.read()
            assert met.responder.counts.requests - before <= most
            assert (readings["AI1"].status, readings["AI1"].value) == (Status.FAULT, None)
            assert "operational problem" in readings.pop("AI1").reason
            assert {reading.status for reading in readings.values()} == {Status.OK}


async def test_a_fault_flag_is_named_by_the_reliability() -> None:
    async with meeting() as met:
        await met.open()
        met.device.point("AI1").set_flags(fault=True)
        met.device.point("AI2").set_flags(in_alarm=True)
        readings = await met.read()
        assert (readings["AI1"].status, readings["AI1"].reason) == (Status.FAULT, "no sensor")
        assert (readings["AI2"].status, readings["AI2"].flags) == (Status.OK, 1)


async def test_a_device_that_refuses_more_than_it_says_is_read_whole_with_smaller_requests() -> None:
    async with meeting() as met:
        met.fault(BacnetFaultKind.ABORT, code=1, service=14, above=9)
        await met.open()
        for _ in range(3):
            as_the_device_has_it(met, await met.read())
        before = met.responder.counts.requests
        as_the_device_has_it(met, await met.read())
        assert met.responder.counts.requests - before <= 15


@pytest.mark.parametrize(("kind", "code"), [(BacnetFaultKind.REJECT, 9), (BacnetFaultKind.ABORT, 9)])
async def test_a_device_that_refuses_read_multiple_is_read_by_read_property(kind: BacnetFaultKind, code: int) -> None:
    async with meeting() as met:
        met.fault(kind, code=code, service=14)
        await met.open()
        as_the_device_has_it(met, await met.read())
        assert not met.driver._asking.limits.read_multiple


async def test_another_instance_at_the_address_is_a_mismatch_and_nothing_of_it_is_used() -> None:
    async with meeting(instance=77) as met:
        with pytest.raises(DeviceMismatch, match="device 77: the device there is instance 1001"):
            await met.open()


async def test_a_device_that_is_silent_about_what_is_too_large_for_it_is_asked_for_less() -> None:
    async with meeting(timeout_s=0.4) as met:
        receive = met.server.receive
        met.server.receive = lambda data, origin: None if len(data) > 120 else receive(data, origin)  # type: ignore[method-assign]
        silences = 0
        readings: dict[str, Reading] = {}
        while not readings and silences < 5:
            try:
                await met.open()
                readings = await met.read()
            except RequestTimedOut:
                silences += 1
        met.be_patient(30.0)
        for _ in range(3):
            as_the_device_has_it(met, readings)
            readings = await met.read()


async def test_a_device_that_was_exchanged_while_it_was_away_is_not_taken_for_itself() -> None:
    async with meeting() as met:
        await met.open()
        met.fault(BacnetFaultKind.DUPLICATE_INSTANCE, instance=5)
        with pytest.raises(DeviceMismatch, match="is instance 5"):
            await met.driver.open()


async def test_a_device_that_was_exchanged_between_two_polls_is_met_anew() -> None:
    async with meeting() as met:
        await met.open()
        met.fault(BacnetFaultKind.DUPLICATE_INSTANCE, instance=5)
        met.clock.now_s += REVISION_EVERY_S
        with pytest.raises(LinkDown, match="another device"):
            await met.read()


async def test_a_silent_device_is_a_time_out_and_is_read_again_when_it_speaks() -> None:
    async with meeting() as met:
        await met.open()
        met.be_patient(0.3)
        met.fault(BacnetFaultKind.STALL)
        before = met.asked()
        with pytest.raises(RequestTimedOut):
            await met.read()
        with pytest.raises(RequestTimedOut):
            await met.driver.open()
        assert met.asked() - before <= 2, "a device that is down is asked one question"
        met.be_patient(30.0)
        met.fault(BacnetFaultKind.NONE)
        before = met.asked()
        await met.open()
        assert met.asked() - before <= 6, "what is known of its points is not read again"
        as_the_device_has_it(met, await met.read(probing=True))


async def test_without_a_link_the_device_is_down() -> None:
    config = DeviceConfig(name="d", protocol="bacnet", address="127.0.0.1:9", instance=1)
    with pytest.raises(LinkDown):
        await BacnetDriver(config, Registry(), Logged(), Clock(), bacnet=BacnetConfig(), wall_ms=wall_ms).open()


async def test_points_that_come_and_change_are_taken_over_when_the_database_revision_says_so() -> None:
    async with meeting() as met:
        opened = await met.open()
        met.device.point("AI1").properties[Property.UNITS] = tags.enumerated(64)
        met.device.database_revision += 1
        assert (await met.read())["AI1"].status is Status.OK, "it is looked at now and then"
        met.clock.now_s += REVISION_EVERY_S
        readings = await met.read()
        assert (readings["AI1"].status, readings["AI1"].value) == (Status.FAULT, None)
        changed = met.driver.take_changed_points()
        assert changed is not None
        assert met.driver.take_changed_points() is None
        assert {point.point_id for point in changed if point not in opened.points} == {"AI1"}
        met.opened = Opened(facts=opened.facts, points=changed)
        as_the_device_has_it(met, await met.read())


@pytest.mark.parametrize("preset", [Preset.T3000, Preset.T3000_X1000])
async def test_the_scale_of_a_temco_panel_is_decided_and_told(preset: Preset) -> None:
    async with meeting(preset) as met:
        await met.open()
        (told,) = met.log.named("device.scaled")
        assert told["divisor"] == (1000 if preset is Preset.T3000_X1000 else 1)
        assert told["decided"]
        as_the_device_has_it(met, await met.read())


async def test_a_configured_scale_is_taken_as_it_is() -> None:
    async with meeting(Preset.T3000_X1000, scale=1) as met:
        await met.open()
        truth = met.device.value("IN1")
        assert (await met.read())["IN1"].value == pytest.approx(1000 * truth, rel=1e-6)
        assert met.log.named("device.scaled") == []


async def test_a_device_that_answers_nonsense_only_does_not_answer() -> None:
    async with meeting() as met:
        await met.open()
        met.fault(BacnetFaultKind.MALFORMED)
        before = met.responder.counts.requests
        with pytest.raises(BadResponse, match="no ReadPropertyMultiple answer"):
            await met.read()
        assert met.responder.counts.requests - before == 3


async def test_an_answer_that_comes_too_late_is_never_taken_for_another() -> None:
    async with meeting() as met:
        await met.open()
        met.be_patient(0.25)
        met.fault(BacnetFaultKind.LATE)
        for value in (50.0, 51.0, 52.0):
            met.device.set("AI0", value)
            with pytest.raises(RequestTimedOut):
                await met.read()


async def test_a_busy_device_is_asked_once_more_and_marks_its_points_if_it_stays_so() -> None:
    async with meeting() as met:
        await met.open()
        met.fault(BacnetFaultKind.ABORT, code=3)
        before = met.responder.counts.requests
        assert {reading.status for reading in (await met.read()).values()} == {Status.FAULT}
        assert met.responder.counts.requests - before == 2


def test_a_device_without_an_instance_is_refused() -> None:
    config = DeviceConfig(name="d", protocol="bacnet", address="10.0.0.1")
    with pytest.raises(ValueError, match="instance"):
        BacnetDriver(config, Registry(), Logged(), Clock(), bacnet=BacnetConfig(), wall_ms=wall_ms)


async def test_a_unit_that_was_changed_without_a_word_is_found_within_a_day() -> None:
    async with meeting() as met:
        await met.open()
        point = met.device.point("AI0")
        point.properties[Property.UNITS] = tags.enumerated(64)
        assert met.driver.is_complete
        met.clock.now_s += DESCRIBED_AGAIN_EVERY_S
        while (changed := met.driver.take_changed_points()) is None:
            await met.driver.work()
        assert {point.point_id: point.units for point in changed}["AI0"] == "°F"
        assert met.driver.is_complete, "what is known holds meanwhile"


async def test_names_that_a_busy_device_does_not_tell_are_asked_for_again() -> None:
    async with meeting() as met:
        met.fault(BacnetFaultKind.PROPERTY_ERROR, code=3, property=Property.UNITS, object="AI0")
        await met.driver.open()
        with pytest.raises(BadResponse, match="could not be read"):
            while not met.driver.is_complete:
                await met.driver.work()
        met.fault(BacnetFaultKind.NONE)
        while not met.driver.is_complete:
            await met.driver.work()
        changed = met.driver.take_changed_points() or ()
        assert {point.point_id: point.units for point in changed}["AI0"] == "°C"


async def test_a_point_that_is_gone_under_a_new_revision_is_not_read_by_the_old_plan() -> None:
    async with meeting() as met:
        await met.open()
        del met.device.objects[0]  # AI0, by its 32-bit identifier
        met.device.database_revision += 1
        met.clock.now_s += REVISION_EVERY_S
        readings = await met.read()
        assert readings["AI0"].status is Status.FAULT
        assert readings["AI1"].status is Status.OK


async def test_who_it_is_is_not_guessed_when_that_answer_is_lost() -> None:
    async with meeting(Preset.T3000) as met:
        met.fault(BacnetFaultKind.ABORT, code=9, service=14)
        asking = met.driver._asking
        gather = asking.gather

        async def lossy(asked: Asked, retries: int | None = None) -> Gathered:
            gathered = await gather(asked, retries)
            kept = [result for result in gathered.results if result[2] != 120]
            return Gathered(kept, gathered.failures | {(8, INSTANCE, 120, None): "no answer"})

        asking.gather = lossy  # type: ignore[method-assign]
        with pytest.raises(BadResponse, match="who it is"):
            await met.driver.open()
        asking.gather = gather  # type: ignore[method-assign]
        assert {point.point_id[:2] for point in (await met.open()).points} >= {"IN", "OU", "VA"}


async def test_without_the_databases_word_nothing_is_learned_a_second_time() -> None:
    class Busy(TrioActor):
        async def on_receive(self, _message: object) -> None:
            raise StoreBusy("held by another program")

    async with meeting() as met:
        async with running(Busy(), name="writer", registry=met.house.registry):
            with pytest.raises(LinkDown, match="what was learned"):
                await met.driver.open()
        with pytest.raises(LinkDown, match="what was learned"):
            await met.driver.open()
        assert met.asked() == 0
