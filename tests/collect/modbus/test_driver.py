"""One device over a real link and socket: a failure costs what it must and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.arrivals import TOGETHER_S
from t3actors.collect.driver import Driver
from t3actors.collect.modbus.asking import SEARCH_REQUESTS
from t3actors.collect.modbus.driver import LAYOUT_EVERY_S, ModbusDriver
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.quarantine import RETRY_AFTER_S
from t3actors.collect.modbus.requests import LinkSettings, role_of
from t3actors.config import DeviceConfig, ModbusPoint
from t3actors.errors import BadResponse, DeviceMismatch, LinkDown, RequestTimedOut
from t3actors.events import LogEvent, silent
from t3actors.events.device import POINT_ILLEGAL
from t3actors.points import Kind, Point, Reading, Status
from t3actors.simulator.panel import SimulatedPanel
from tests.collect.modbus.fake_device import (
    Behaviour,
    FakeDevice,
    Request,
    close_now,
    exception,
    frame,
    good,
    raw,
    serving,
    stall,
    with_pdu,
    word_at,
)
from tests.simulator.client import serving as simulated
from tests.waiting import until

SHORT_S = 0.5  # a time-out that the test waits for, and by which what is answered has come
LONG_S = 60.0  # one that it does not


class Bench:
    """A driver, its link, the clock and the log."""

    def __init__(self, device: FakeDevice, registry: Registry, config: DeviceConfig) -> None:
        self.device = device
        self.registry = registry
        self.logged: list[tuple[LogEvent, dict[str, object]]] = []
        self.today_s = 0.0
        self.progress: list[None] = []
        self.an_answer_takes_s = 0.0
        self.driver = ModbusDriver(config, registry, self.log, lambda: self.today_s, self.alive)
        self.points: tuple[Point, ...] = ()

    def alive(self) -> None:
        self.progress.append(None)
        self.today_s += self.an_answer_takes_s

    def log(self, event: LogEvent, /, **keys: object) -> None:
        assert set(keys) == set(event.keys)
        self.logged.append((event, keys))

    async def open(self) -> None:
        self.points = (await self.driver.open()).points
        self.device.requests.clear()

    async def read(self, **how: Any) -> dict[str, Reading]:
        readings = await self.driver.read(self.points, **how)
        assert [reading.point_id for reading in readings] == [point.point_id for point in self.points]
        return {reading.point_id: reading for reading in readings}


def listed(*registers: int, **more: Any) -> tuple[ModbusPoint, ...]:
    return tuple(ModbusPoint(id=f"r{at}", kind=Kind.INPUT, register=at, **more) for at in registers)


@asynccontextmanager
async def bench(*, device: FakeDevice | None = None, **config: Any) -> AsyncIterator[Bench]:
    """A driver for one unit of a running device."""
    device = device or FakeDevice()
    async with serving(device):
        registry = Registry()
        settings = {"name": "dut", "protocol": "modbus", "address": device.address, "timeout_s": LONG_S, **config}
        made = DeviceConfig(**settings)
        per_poll = made.connection == "per_poll"
        link = ModbusLink(device.address, LinkSettings(per_poll=per_poll), log=silent)
        async with running(link, name=role_of(device.address), registry=registry):
            yield Bench(device, registry, made)


def ok(*registers: int, unit: int = 1) -> dict[str, Reading]:
    return {f"r{at}": Reading(f"r{at}", word_at(unit, 3, at)) for at in registers}


# -------------------------------------------------------------------------------------------------- the plain way


async def test_it_is_a_driver() -> None:
    async with bench() as b:
        driver: Driver = b.driver
        await driver.close()


async def test_listed_points_are_read_in_the_fewest_requests_as_they_were_asked_for() -> None:
    async with bench(points=listed(100, 101, 110, 500)) as b:
        await b.open()
        assert await b.read() == ok(100, 101, 110, 500)
        assert [(request.address, request.size) for request in b.device.requests] == [(100, 11), (500, 1)]


async def test_all_tables_are_read_by_their_own_function() -> None:
    points = tuple(
        ModbusPoint(id=table, kind=Kind.INPUT, register=9, table=table, type=kind)  # type: ignore[arg-type]
        for table, kind in (("coil", "bit"), ("discrete", "bit"), ("holding", "uint16"), ("input", "uint16"))
    )
    async with bench(points=points) as b:
        await b.open()
        readings = await b.read()
        assert {request.function for request in b.device.requests} == {1, 2, 3, 4}
        assert [readings[table].value for table in ("coil", "discrete", "holding", "input")] == [
            word_at(1, 1, 9) & 1,
            word_at(1, 2, 9) & 1,
            word_at(1, 3, 9),
            word_at(1, 4, 9),
        ]


async def test_a_poll_that_took_long_tells_how_old_each_value_is_by_its_own_answer() -> None:
    async with bench(points=listed(100, 101, 300, 500)) as b:
        await b.open()
        assert await b.read() == ok(100, 101, 300, 500)
        assert b.driver.ages() == {}
        b.an_answer_takes_s = 6.0
        assert await b.read() == ok(100, 101, 300, 500)
        assert b.driver.ages() == {"r100": 12.0, "r101": 12.0, "r300": 6.0, "r500": 0.0}
        b.an_answer_takes_s = TOGETHER_S / 4
        await b.read()
        assert b.driver.ages() == {}


async def test_what_came_before_a_time_out_is_as_old_as_it_is_and_what_did_not_come_is_of_now() -> None:
    device = FakeDevice()
    async with bench(device=device, points=listed(100, 300), timeout_s=SHORT_S, retries=1) as b:
        await b.open()
        device.behaviours.extend([good, stall, stall])
        b.an_answer_takes_s = 4.0
        readings = await b.read()
        assert readings["r300"].status is Status.FAULT
        assert b.driver.ages() == {"r100": 8.0}


async def test_a_subset_of_points_is_read_alone() -> None:
    async with bench(points=listed(100, 300)) as b:
        await b.open()
        readings = await b.driver.read(b.points[1:])
        assert readings == (ok(300)["r300"],)
        assert len(b.device.requests) == 1


async def test_max_registers_of_the_device_is_kept() -> None:
    async with bench(points=listed(*range(50)), max_registers=20) as b:
        await b.open()
        await b.read()
        assert max(request.size for request in b.device.requests) == 20


async def test_each_answer_and_each_time_out_is_told_as_progress() -> None:
    async with bench(points=listed(100, 300, 500), timeout_s=SHORT_S, retries=1) as b:
        await b.open()
        told = len(b.progress)
        b.device.behaviours.extend([good, stall])
        await b.read()
        assert len(b.progress) == told + 4


async def test_a_request_is_given_up_when_its_turn_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(points=listed(100), retries=0) as b:
        await b.open()
        monkeypatch.setattr("t3actors.collect.modbus.asking.TURN_WITHIN_S", -1.0)
        with pytest.raises(RequestTimedOut, match="turn"):
            await b.read()


async def test_two_units_behind_one_link_get_their_own_values() -> None:
    device = FakeDevice()
    async with bench(device=device, points=listed(100)) as b:
        other = ModbusDriver(
            DeviceConfig(name="b", protocol="modbus", address=device.address, unit_id=9, points=listed(100)),
            b.registry,
            b.log,
            lambda: 0.0,
        )
        await b.open()
        opened = await other.open()
        for _ in range(3):
            assert await b.read() == ok(100)
            assert await other.read(opened.points) == (ok(100, unit=9)["r100"],)
        assert device.connections == 1


async def test_a_connection_per_poll_is_closed_after_each() -> None:
    async with bench(points=listed(100), connection="per_poll") as b:
        await b.open()
        await until(lambda: b.device.open_connections == 0)
        await b.read()
        await until(lambda: b.device.open_connections == 0)
        assert b.device.connections == 2


# ---------------------------------------------------------------------------------------------------- illegal addresses


async def test_one_illegal_register_costs_only_its_own_point_and_is_told_once() -> None:
    async with bench(points=listed(*range(100, 150))) as b:
        b.device.illegal = {133}
        await b.open()
        for _ in range(3):
            readings = await b.read()
            assert readings.pop("r133") == Reading("r133", None, Status.FAULT, "illegal address (Modbus exception 2)")
            assert readings == ok(*(at for at in range(100, 150) if at != 133))
        (told,) = [keys for event, keys in b.logged if event is POINT_ILLEGAL]
        assert told["points"] == ["r133"]


async def test_an_illegal_point_is_left_alone_for_a_day_and_then_tried_again() -> None:
    async with bench(points=listed(100, 101, 102)) as b:
        b.device.illegal = {101}
        await b.open()
        await b.read()
        b.device.illegal = set()
        b.device.requests.clear()
        assert (await b.read())["r101"].status is Status.FAULT
        assert not any(request.address <= 101 < request.address + request.size for request in b.device.requests)
        b.today_s += RETRY_AFTER_S
        assert await b.read() == ok(100, 101, 102)


async def test_a_device_full_of_illegal_addresses_takes_a_bounded_number_of_requests_per_poll() -> None:
    async with bench(points=listed(*range(0, 100, 2)), max_gap=0) as b:
        b.device.illegal = set(range(0, 100, 4))
        await b.open()
        await b.read()
        assert len(b.device.requests) <= 50 + SEARCH_REQUESTS
    async with bench(points=listed(*range(100))) as b:
        b.device.illegal = set(range(0, 100, 2))
        await b.open()
        for _ in range(40):
            before = len(b.device.requests)
            readings = await b.read()
            assert len(b.device.requests) - before <= 100 + SEARCH_REQUESTS
        assert {name for name, reading in readings.items() if reading.status is Status.OK} == {
            f"r{at}" for at in range(1, 100, 2)
        }


async def test_a_device_that_refuses_all_its_points_is_still_asked_whether_it_lives() -> None:
    async with bench(points=listed(100, 101), timeout_s=SHORT_S) as b:
        b.device.illegal = {100, 101}
        await b.open()
        for _ in range(2):
            assert {reading.status for reading in (await b.read()).values()} == {Status.FAULT}
        b.device.always = stall
        with pytest.raises(RequestTimedOut):
            await b.read()


async def test_a_hole_between_points_is_read_around() -> None:
    async with bench(points=listed(100, 104)) as b:
        b.device.illegal = {102}
        await b.open()
        for _ in range(3):
            assert await b.read() == ok(100, 104)
        b.device.requests.clear()
        await b.read()
        assert len(b.device.requests) == 2


# --------------------------------------------------------------------------------------------- answers that are no answers


@pytest.mark.parametrize(
    ("code", "said"), [(1, "illegal function"), (4, "device failure"), (6, "device busy"), (8, "memory parity")]
)
async def test_another_exception_costs_that_reads_points_this_poll(code: int, said: str) -> None:
    async with bench(points=listed(100, 500), retries=0) as b:
        await b.open()
        b.device.behaviours.append(exception(code))
        readings = await b.read()
        assert readings["r100"].status is Status.FAULT
        assert said in readings["r100"].reason
        assert readings["r500"] == ok(500)["r500"]
        assert await b.read() == ok(100, 500)


async def test_a_busy_device_is_asked_again() -> None:
    async with bench(points=listed(100)) as b:
        await b.open()
        b.device.behaviours.append(exception(6))
        assert await b.read() == ok(100)


@pytest.mark.parametrize("code", [10, 11])
async def test_a_gateway_that_cannot_reach_the_unit_means_that_the_device_does_not_answer(code: int) -> None:
    async with bench(points=listed(100)) as b:
        await b.open()
        b.device.always = exception(code)
        with pytest.raises(RequestTimedOut, match="gateway"):
            await b.read()


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (with_pdu(lambda pdu: b"\x03\x04" + pdu[2:] + b"\0\0"), "data bytes came"),
        (with_pdu(lambda pdu: pdu, unit_shift=1), "unit 2 answered"),
        (raw(b"garbage, and more of it"), "no Modbus TCP"),
    ],
)
async def test_an_answer_that_makes_no_sense_gives_no_value_and_says_what_was_seen(
    behaviour: Behaviour, said: str
) -> None:
    async with bench(points=listed(100, 500), retries=0) as b:
        await b.open()
        b.device.behaviours.append(behaviour)
        readings = await b.read()
        assert (readings["r100"].value, readings["r100"].status) == (None, Status.FAULT)
        assert said in readings["r100"].reason
        assert readings["r500"] == ok(500)["r500"]


async def test_what_failed_once_is_tried_again_within_the_poll() -> None:
    async with bench(timeout_s=SHORT_S, points=listed(100), retries=1) as b:
        await b.open()
        for behaviour in (stall, with_pdu(lambda pdu: pdu[:-1]), raw(b"\xff" * 9)):
            b.device.behaviours.append(behaviour)
            assert await b.read() == ok(100)


# ----------------------------------------------------------------------------------------------------- devices that are gone


async def test_a_device_that_does_not_answer_is_told_after_its_retries() -> None:
    async with bench(timeout_s=SHORT_S, points=listed(100, 500), retries=2) as b:
        await b.open()
        b.device.always = stall
        with pytest.raises(RequestTimedOut):
            await b.read()
        assert len(b.device.requests) == 3


async def test_a_device_thought_dead_is_asked_one_cheap_question_without_retries() -> None:
    async with bench(timeout_s=SHORT_S, points=listed(*range(100, 150)), retries=2) as b:
        await b.open()
        await b.read()
        b.device.requests.clear()
        b.device.always = stall
        with pytest.raises(RequestTimedOut):
            await b.read(probing=True)
        assert [(request.address, request.size) for request in b.device.requests] == [(100, 1)]
        b.device.always = None
        assert await b.read(probing=True) == ok(*range(100, 150))


async def test_meeting_a_dead_device_takes_one_request() -> None:
    async with bench(timeout_s=SHORT_S, points=listed(100), retries=3, serial_number=5) as b:
        b.device.always = stall
        with pytest.raises(RequestTimedOut):
            await b.driver.open()
        assert len(b.device.requests) == 1


async def test_one_block_without_an_answer_costs_its_points_and_the_second_ends_the_poll() -> None:
    async with bench(timeout_s=SHORT_S, points=listed(100, 300, 500), retries=0) as b:
        await b.open()
        b.device.behaviours.extend([good, stall, good])
        readings = await b.read()
        assert readings["r300"].status is Status.FAULT
        assert (readings["r100"], readings["r500"]) == (ok(100)["r100"], ok(500)["r500"])
        b.device.behaviours.extend([good, stall, stall])
        with pytest.raises(RequestTimedOut):
            await b.read()


async def test_a_device_that_is_silent_about_its_first_block_only_is_read_from_the_next_poll_on() -> None:
    async def silent_about_100(device: FakeDevice, stream: Any, request: Request) -> None:
        if request.address != 100:
            await good(device, stream, request)

    async with bench(timeout_s=SHORT_S, points=listed(100, 300), retries=0) as b:
        await b.open()
        b.device.always = silent_about_100
        with pytest.raises(RequestTimedOut):
            await b.read()
        readings = await b.read()
        assert readings["r300"] == ok(300)["r300"]
        assert readings["r100"].status is Status.FAULT


async def test_a_refused_connection_is_told_as_refused() -> None:
    device = FakeDevice()
    async with bench(device=device, points=listed(100)) as b:
        pass
    async with running(ModbusLink(device.address, log=silent), name=role_of(device.address), registry=b.registry):
        with pytest.raises(LinkDown) as caught:
            await b.driver.open()
        assert caught.value.refused


async def test_without_its_link_a_device_is_down_and_nothing_crashes() -> None:
    async with bench(points=listed(100)) as b:
        driver = ModbusDriver(
            DeviceConfig(name="x", protocol="modbus", address="127.0.0.1:1", points=listed(1)),
            b.registry,
            b.log,
            lambda: 0.0,
        )
        with pytest.raises(LinkDown):
            await driver.open()


async def test_a_connection_that_always_closes_is_a_link_that_is_down() -> None:
    async with bench(points=listed(100)) as b:
        b.device.always = close_now
        with pytest.raises(LinkDown):
            await b.driver.open()


# ------------------------------------------------------------------------------------------------------------ who it is


def serial_words(serial: int, unit: int = 1) -> dict[tuple[int, int], int]:
    return {(unit, place): byte for place, byte in enumerate(serial.to_bytes(4, "little"))}


async def test_the_configured_serial_number_is_checked() -> None:
    async with bench(points=listed(100), serial_number=12345) as b:
        b.device.words = serial_words(12345)
        assert (await b.driver.open()).facts.serial_number == 12345


@pytest.mark.parametrize(("found", "said"), [(54321, "is serial number 54321"), (0, "says no serial number")])
async def test_another_device_at_the_address_is_a_mismatch(found: int, said: str) -> None:
    async with bench(points=listed(100), serial_number=12345) as b:
        b.device.words = serial_words(found)
        with pytest.raises(DeviceMismatch, match=said) as caught:
            await b.driver.open()
        assert caught.value.found == (found or None)


async def test_a_device_without_serial_registers_is_no_match_for_a_configured_one() -> None:
    async with bench(points=listed(100), serial_number=12345) as b:
        b.device.illegal = {0, 1, 2, 3}
        with pytest.raises(DeviceMismatch, match="says no serial number"):
            await b.driver.open()


async def test_a_device_that_could_not_be_identified_this_time_is_no_mismatch() -> None:
    async with bench(points=listed(100), serial_number=12345, retries=0) as b:
        b.device.behaviours.extend([good, exception(4)])
        with pytest.raises(BadResponse, match="could not be identified"):
            await b.driver.open()


async def test_a_hand_listed_device_without_a_serial_number_is_met_by_its_first_read() -> None:
    async with bench(points=listed(100)) as b:
        opened = await b.driver.open()
        assert [(request.address, request.size) for request in b.device.requests] == [(100, 1)]
        assert opened.facts.serial_number is None
        assert (opened.facts.ip_address, opened.facts.port) == ("127.0.0.1", b.device.port)


# ---------------------------------------------------------------------------------------------------------- a T3 panel


def panel(device: FakeDevice) -> None:
    """IN1 21.5 °C, IN2 Off/On on, OUT1 5 V in manual with its switch in hand, VAR3 250 Pa."""
    words = dict.fromkeys(range(7100, 8788), 0) | dict.fromkeys(range(50), 0)
    words |= dict(enumerate((90001).to_bytes(4, "little")))
    words |= {4: 3, 5: 64, 7: 74}
    words |= {7804: 0x0101, 7485: 21500, 7805: 0x0001, 7487: 1000}
    words |= {7292: 1, 7420: 1, 7101: 5000, 7356: 1, 7228: 2}
    words |= {8534: 4, 8662: 1, 8096: 3, 8097: 53392}
    device.words = {(1, register): word for register, word in words.items()}


@asynccontextmanager
async def panel_bench(**config: Any) -> AsyncIterator[Bench]:
    device = FakeDevice()
    panel(device)
    async with bench(device=device, profile="t3-controller", **config) as b:
        yield b


async def test_a_panel_says_who_it_is_and_what_it_has() -> None:
    async with panel_bench(serial_number=90001) as b:
        opened = await b.driver.open()
        assert (opened.facts.serial_number, opened.facts.firmware) == (90001, "64.3")
        assert [point.point_id for point in opened.points] == ["IN1", "IN2", "OUT1", "VAR3"]


async def test_a_panels_values_units_and_switches_are_read() -> None:
    async with panel_bench() as b:
        await b.open()
        readings = await b.read()
        assert readings["IN1"] == Reading("IN1", 21.5, auto_manual=0)
        assert readings["IN2"] == Reading("IN2", 1, auto_manual=0)
        assert readings["OUT1"] == Reading("OUT1", 5.0, auto_manual=1, hw_switch=2)
        assert readings["VAR3"] == Reading("VAR3", 250.0, auto_manual=0)


async def test_a_range_that_a_person_changes_is_noticed_and_its_value_not_given_by_the_old_one() -> None:
    async with panel_bench() as b:
        await b.open()
        b.device.words[1, 7804] = 0x0001
        b.device.words[1, 7806] = 0x0102
        await b.read()
        assert b.driver.take_changed_points() is None
        b.today_s += LAYOUT_EVERY_S
        readings = await b.read()
        assert readings["IN1"].status is Status.FAULT
        assert readings["IN2"].status is Status.OK
        changed = b.driver.take_changed_points()
        assert changed is not None
        assert b.driver.take_changed_points() is None
        assert {point.point_id: point.units for point in changed if point.kind is Kind.INPUT} == {
            "IN1": "",
            "IN2": "",
            "IN3": "°F",
        }
        b.points = changed
        assert (await b.read())["IN1"] == Reading("IN1", 1, auto_manual=0)


async def test_an_unchanged_layout_changes_nothing() -> None:
    async with panel_bench() as b:
        await b.open()
        b.today_s += LAYOUT_EVERY_S
        assert (await b.read())["IN1"].status is Status.OK
        assert b.driver.take_changed_points() is None


async def test_a_point_that_became_unused_is_a_fault_until_it_is_asked_for_no_more() -> None:
    async with panel_bench() as b:
        await b.open()
        b.device.words[1, 7804] = 0
        b.today_s += LAYOUT_EVERY_S
        await b.read()
        assert (await b.read())["IN1"] == Reading("IN1", None, Status.FAULT, "the device has no such point")


async def test_a_device_without_the_profiles_registers_is_a_mismatch_after_few_requests() -> None:
    async with panel_bench() as b:
        b.device.illegal = set(range(7000, 9000))
        with pytest.raises(DeviceMismatch, match="is not its map"):
            await b.driver.open()
        assert len(b.device.requests) < 8


async def test_ranges_that_could_not_be_read_this_time_make_no_panel_without_points() -> None:
    async def failing_beyond_7000(device: FakeDevice, stream: Any, request: Request) -> None:
        if request.address > 7000 and request.size > 1:
            await stream.send_all(frame(request.transaction_id, request.unit_id, bytes([0x83, 4])))
        else:
            await good(device, stream, request)

    async with panel_bench(retries=0) as b:
        b.device.always = failing_beyond_7000
        with pytest.raises(BadResponse, match="ranges could not be read"):
            await b.driver.open()


def test_a_value_that_no_read_of_the_device_can_hold_is_refused_before_the_first_poll() -> None:
    points = listed(100, type="float64")
    config = DeviceConfig(name="x", protocol="modbus", address="h:502", points=points, max_registers=2)
    with pytest.raises(ValueError, match="one read takes 1 to 2"):
        ModbusDriver(config, Registry(), silent, lambda: 0.0)


def test_a_profile_nobody_knows_is_refused() -> None:
    config = DeviceConfig(name="x", protocol="modbus", address="h:502", profile="t4")
    with pytest.raises(ValueError, match="allowed are"):
        ModbusDriver(config, Registry(), silent, lambda: 0.0)


# --------------------------------------------------------------------------------- what changes rarely is read rarely


async def test_auto_manual_and_switches_of_a_panel_are_read_every_ten_seconds_and_kept_between() -> None:
    now_s = 1000.0
    async with simulated(SimulatedPanel(1, 4711, inputs=8, outputs=4, variables=4)) as server:
        registry, address = Registry(), f"127.0.0.1:{server.port}"
        config = DeviceConfig(name="dut", protocol="modbus", address=address, profile="t3-controller")
        async with running(ModbusLink(address, log=silent), name=role_of(address), registry=registry):
            driver = ModbusDriver(config, registry, silent, lambda: now_s)
            points = (await driver.open()).points
            requests = []
            for step_s in (0.0, 1.0, 8.9, 0.1, 1.0):
                now_s += step_s
                before = server.counts.requests
                readings = await driver.read(points)
                requests.append(server.counts.requests - before)
                assert all(reading.auto_manual in {0, 1} for reading in readings)
            assert requests == [7, 3, 3, 7, 3]


async def test_a_device_that_only_talks_nonsense_does_not_answer() -> None:
    async with bench(points=listed(100, 500)) as b:
        await b.open()
        b.device.behaviours.extend([with_pdu(lambda pdu: b"\x04" + pdu[1:])] * 20)
        with pytest.raises(BadResponse):
            await b.driver.read(b.points)
