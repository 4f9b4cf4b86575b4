"""One connection for all units of an address: what is used, what is dropped, what is said."""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.modbus.link import ModbusLink
from t3actors.collect.modbus.requests import LinkSettings, ReadRequest, ReleaseLink, read, role_of
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestRefused, RequestTimedOut
from t3actors.events import LogEvent, silent
from t3actors.events.modbus import ANSWER_REJECTED, LINK_IDS_NOT_ECHOED, LINK_LOST, LINK_OPENED
from tests.collect.modbus.fake_device import (
    Behaviour,
    FakeDevice,
    Late,
    Request,
    close_mid_frame,
    close_now,
    exception,
    frame,
    good,
    in_pieces,
    raw,
    serving,
    stall,
    with_id,
    with_pdu,
    word_at,
)
from tests.waiting import until

SHORT_S = 0.05  # a time-out that the test waits for
ENOUGH_S = 0.5  # one by which an answer has come, though it is not the one that is waited for
LONG_S = 60.0  # one that it must not have to wait for


class Bench:
    """A link, what it logged, and how to ask it."""

    def __init__(self, registry: Registry, address: str) -> None:
        self.registry = registry
        self.role = role_of(address)
        self.logged: list[tuple[LogEvent, dict[str, object]]] = []

    def log(self, event: LogEvent, /, **keys: object) -> None:
        assert set(keys) == set(event.keys)
        self.logged.append((event, keys))

    def events(self, event: LogEvent) -> list[dict[str, object]]:
        return [keys for logged, keys in self.logged if logged is event]

    async def ask(
        self, address: int = 100, count: int = 2, unit: int = 1, function: int = 3, timeout_s: float = LONG_S
    ) -> list[int]:
        return (await read(self.registry, self.role, ReadRequest(unit, function, address, count, timeout_s))).words

    async def fails(self, error: type[DriverError], **how: Any) -> DriverError:
        with pytest.raises(error) as caught:
            await self.ask(**how)
        return caught.value


@asynccontextmanager
async def linked(device: FakeDevice | str, **options: Any) -> AsyncIterator[Bench]:
    """A running link to the device."""
    address = device if isinstance(device, str) else device.address
    registry = Registry()
    bench = Bench(registry, address)
    async with running(ModbusLink(address, LinkSettings(**options), log=bench.log), name=bench.role, registry=registry):
        yield bench


@asynccontextmanager
async def behind(*behaviours: Behaviour, **options: Any) -> AsyncIterator[tuple[FakeDevice, Bench]]:
    """A device that misbehaves so, and a link to it."""
    device = FakeDevice()
    device.behaviours.extend(behaviours)
    async with serving(device), linked(device, **options) as bench:
        yield device, bench


def expected(address: int = 100, count: int = 2, unit: int = 1, function: int = 3) -> list[int]:
    return [word_at(unit, function, address + place) for place in range(count)]


async def test_what_was_asked_for_comes_back_from_all_four_tables() -> None:
    async with behind() as (_, bench):
        assert await bench.ask() == expected()
        assert await bench.ask(function=4) == expected(function=4)
        assert await bench.ask(function=1, count=11) == [word & 1 for word in expected(count=11, function=1)]
        assert await bench.ask(function=2, count=8) == [word & 1 for word in expected(count=8, function=2)]


@pytest.mark.parametrize("unit", [0, 1, 255])
@pytest.mark.parametrize("address", [0, 65534])
async def test_any_unit_and_the_ends_of_the_address_space_can_be_read(unit: int, address: int) -> None:
    async with behind() as (_, bench):
        assert await bench.ask(address=address, unit=unit) == expected(address=address, unit=unit)


async def test_it_connects_at_the_first_request_and_keeps_the_connection() -> None:
    async with behind() as (device, bench):
        assert device.connections == 0
        for _ in range(5):
            await bench.ask()
        assert device.connections == 1
        assert bench.events(LINK_OPENED) == [{"link": device.address}]


async def test_an_answer_in_pieces_is_an_answer() -> None:
    async with behind(in_pieces) as (_, bench):
        assert await bench.ask(count=20) == expected(count=20)


async def test_only_reads_can_be_asked_for() -> None:
    async with behind() as (device, bench):
        with pytest.raises(ValueError, match="only reads"):
            await bench.ask(function=6)
        assert await bench.ask() == expected()
        assert {request.function for request in device.requests} == {3}


# ------------------------------------------------------------------------------------------------- turns and pauses


async def test_one_request_is_in_flight_at_a_time_and_all_get_their_turn_in_order() -> None:
    in_flight: list[int] = []
    answers: list[tuple[int, list[int]]] = []

    async def slow(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        in_flight.append(request.unit_id)
        for _ in range(20):
            await trio.lowlevel.checkpoint()
        assert in_flight == [request.unit_id]
        in_flight.clear()
        await good(device, stream, request)

    async with behind() as (device, bench):
        device.always = slow

        async def one(unit: int) -> None:
            answers.append((unit, await bench.ask(unit=unit)))

        async with trio.open_nursery() as nursery:
            for unit in range(1, 11):
                nursery.start_soon(one, unit)
        assert device.connections == 1
        assert sorted(answers) == [(unit, expected(unit=unit)) for unit in range(1, 11)]


async def test_a_dead_unit_costs_its_neighbours_one_time_out_and_not_the_connection() -> None:
    async with behind() as (device, bench):
        device.dead_units = {2}
        await bench.ask(unit=1)
        await bench.fails(RequestTimedOut, unit=2, timeout_s=SHORT_S)
        assert await bench.ask(unit=1) == expected(unit=1)
        assert await bench.ask(unit=3) == expected(unit=3)
        assert device.connections == 1


async def test_the_pause_between_two_requests_is_kept() -> None:
    at: list[float] = []

    async def note(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        at.append(trio.current_time())
        await good(device, stream, request)

    async with behind(note, note, note, min_pause_s=0.03) as (_, bench):
        for _ in range(3):
            await bench.ask()
    assert all(later - earlier >= 0.03 for earlier, later in pairwise(at))


async def test_a_link_is_told_of_other_settings_and_keeps_its_connection() -> None:
    async with behind(per_poll=True) as (device, bench):
        await bench.ask()
        bench.registry.send(bench.role, LinkSettings(min_pause_s=0.03))
        bench.registry.send(bench.role, ReleaseLink())
        began_s = trio.current_time()
        for _ in range(3):
            await bench.ask()
        assert trio.current_time() - began_s >= 0.06
        assert device.connections == 1


async def test_a_request_whose_turn_does_not_come_in_time_is_not_sent_any_more() -> None:
    """A line full of dead units, or an asker that is long gone: its time is not spent on what nobody waits for."""
    async with behind() as (device, bench):
        late = ReadRequest(1, 3, 100, 2, LONG_S, turn_by_s=trio.current_time() - 0.001)
        with pytest.raises(RequestTimedOut, match="turn"):
            await read(bench.registry, bench.role, late)
        assert device.requests == []
        in_time = ReadRequest(1, 3, 100, 2, LONG_S, turn_by_s=trio.current_time() + LONG_S)
        assert (await read(bench.registry, bench.role, in_time)).words == expected()


# ------------------------------------------------------------------------------------------- answers that are not used


@pytest.mark.parametrize(
    "behaviour",
    [
        with_pdu(lambda pdu: pdu, unit_shift=1),
        with_pdu(lambda pdu: b"\x04" + pdu[1:]),
        with_pdu(lambda pdu: b"\x84\x02"),
        with_pdu(lambda pdu: b"\x03\x02" + pdu[2:4]),
        with_pdu(lambda pdu: b"\x03\x06" + pdu[2:] + b"\0\0"),
        with_pdu(lambda pdu: pdu[:-1]),
        with_pdu(lambda pdu: pdu + b"\0"),
        with_pdu(lambda pdu: pdu[:1]),
    ],
    ids=["unit", "function", "exception of another function", "short", "long", "cut", "byte too many", "function only"],
)
async def test_an_answer_that_does_not_match_is_a_bad_response_said_once_and_the_next_is_good(
    behaviour: Behaviour,
) -> None:
    async with behind(behaviour, behaviour) as (_, bench):
        await bench.fails(BadResponse)
        await bench.fails(BadResponse)
        assert await bench.ask() == expected()
        assert len(bench.events(ANSWER_REJECTED)) == 1
        assert bench.events(ANSWER_REJECTED)[0]["raw"]


async def test_a_rejection_is_said_again_after_a_good_answer_but_not_at_every_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A unit whose every other answer is wrong is one line in ten minutes."""
    short = with_pdu(lambda pdu: b"\x03\x02" + pdu[2:4])
    async with behind(*[short, good] * 6, short) as (_, bench):
        for _ in range(5):
            await bench.fails(BadResponse)
            await bench.ask()
        assert len(bench.events(ANSWER_REJECTED)) == 1
        await bench.fails(BadResponse)
        monkeypatch.setattr("t3actors.collect.modbus.telling.SAY_AGAIN_AFTER_S", 0.0)
        await bench.ask()
        await bench.fails(BadResponse)
        assert len(bench.events(ANSWER_REJECTED)) == 2


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400 Bad Request\r\n", b"\0\1\0\0\0\xff\1", b"\xff" * 64])
async def test_garbage_is_a_bad_response_at_once_and_costs_the_connection(junk: bytes) -> None:
    async with behind(raw(junk)) as (device, bench):
        await bench.fails(BadResponse)
        assert await bench.ask() == expected()
        assert device.connections == 2


async def test_garbage_that_differs_each_time_is_said_once_and_gives_one_reason() -> None:
    async with behind(*(raw(bytes([9, 9, at, at, 9, 9])) for at in range(1, 6))) as (_, bench):
        assert len({str(await bench.fails(BadResponse)) for _ in range(5)}) == 1
        assert len(bench.events(ANSWER_REJECTED)) == 1
        assert len(bench.events(LINK_LOST)) == 1


async def test_no_bytes_raise_anything_but_a_driver_error_and_the_link_lives_on() -> None:
    junk = random.Random(4)

    async def mangled(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        answer = bytearray(frame(request.transaction_id, request.unit_id, device.pdu(request)))
        for _ in range(junk.randint(1, 3)):
            answer[junk.randrange(len(answer))] = junk.randrange(256)
        await stream.send_all(bytes(answer[: junk.randint(1, len(answer))]))
        if junk.random() < 0.7:
            await stream.aclose()

    used = 0
    async with behind() as (device, bench):
        device.always = mangled
        for turn in range(150):
            with contextlib.suppress(DriverError):
                assert len(await bench.ask(address=turn, timeout_s=0.02)) == 2
                used += 1
        device.always = None
        await bench.ask()
    assert used < 150


async def test_an_exception_is_a_refusal_and_keeps_the_connection() -> None:
    async with behind(exception(2)) as (device, bench):
        error = await bench.fails(RequestRefused)
        assert isinstance(error, RequestRefused)
        assert error.code == 2
        await bench.ask()
        assert device.connections == 1


@pytest.mark.parametrize("shift", [lambda tid: 0, lambda tid: (tid + 1) % 65536, lambda tid: tid ^ 0x8000])
async def test_an_answer_with_a_wrong_id_is_not_used(shift: Callable[[int], int]) -> None:
    async with behind(with_id(shift)) as (_, bench):
        await bench.fails(RequestTimedOut, timeout_s=ENOUGH_S)
        assert len(bench.events(ANSWER_REJECTED)) == 1
        assert await bench.ask() == expected()


async def test_a_late_answer_is_thrown_away_and_the_right_one_behind_it_used() -> None:
    late = Late()
    async with behind(good, late.keep, late.send_before) as (device, bench):
        await bench.ask(unit=2)  # it answers, so the connection is kept after unit 1's time-out
        await bench.fails(RequestTimedOut, address=100, timeout_s=SHORT_S)
        assert await bench.ask(address=200) == expected(address=200)
        assert device.connections == 1
        (rejected,) = bench.events(ANSWER_REJECTED)
        assert str(rejected["reason"]).startswith("late")


async def test_every_third_answer_delayed_beyond_the_time_out_and_not_one_wrong_value_is_used() -> None:
    """T04: a proxy that delays answers; each register holds what no other holds."""
    late = Late()

    async def one_in_three(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        behave = late.keep if len(device.requests) % 3 == 0 else late.send_before
        await behave(device, stream, request)

    used = 0
    async with behind() as (device, bench):
        device.always = one_in_three
        for turn in range(60):
            where = {"address": 10 * turn, "unit": 1 + turn % 4, "function": 3 + turn % 2}
            try:
                assert await bench.ask(**where, timeout_s=SHORT_S) == expected(**where)
                used += 1
            except RequestTimedOut:
                pass
    assert used >= 20


async def test_ids_that_are_off_by_one_for_ever_bring_no_value_at_all() -> None:
    previous: list[bytes] = []

    async def off_by_one(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        previous.append(frame(request.transaction_id, request.unit_id, device.pdu(request)))
        if len(previous) > 1:
            await stream.send_all(previous[-2])

    async with behind() as (device, bench):
        device.always = off_by_one
        for turn in range(8):
            await bench.fails(RequestTimedOut, address=10 * turn, timeout_s=0.02)
        assert not bench.events(LINK_IDS_NOT_ECHOED)


# ------------------------------------------------------------------------------------------------ ids that are not echoed


async def test_three_proofs_and_no_fewer_lead_to_matching_without_ids_by_name() -> None:
    zero = with_id(lambda tid: 0)
    async with behind() as (device, bench):
        device.always = zero
        for proofs in range(3):
            assert len(bench.events(LINK_IDS_NOT_ECHOED)) == 0
            await bench.fails(RequestTimedOut, address=proofs, timeout_s=ENOUGH_S)
        assert bench.events(LINK_IDS_NOT_ECHOED) == [{"link": device.address}]
        assert await bench.ask(address=50) == expected(address=50)
        assert await bench.ask(address=60, unit=9) == expected(address=60, unit=9)


async def test_without_ids_any_time_out_drops_the_connection_so_that_nothing_late_is_on_it() -> None:
    zero = with_id(lambda tid: 0)
    async with behind() as (device, bench):
        device.always = zero
        for _ in range(3):
            await bench.fails(RequestTimedOut, timeout_s=ENOUGH_S)
        await bench.ask(unit=1)
        await bench.ask(unit=2)
        before = device.connections
        device.behaviours.append(stall)
        await bench.fails(RequestTimedOut, unit=2, timeout_s=SHORT_S)
        await bench.ask(unit=1)
        assert device.connections == before + 1


async def test_without_ids_an_answer_nobody_asked_for_drops_the_connection() -> None:
    async def twice(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        await stream.send_all(2 * frame(0, request.unit_id, device.pdu(request)))

    async with behind() as (device, bench):
        device.always = with_id(lambda tid: 0)
        for _ in range(3):
            await bench.fails(RequestTimedOut, timeout_s=ENOUGH_S)
        await bench.ask()
        before = device.connections
        device.behaviours.append(twice)
        assert await bench.ask(address=7) == expected(address=7)
        assert await bench.ask(address=9) == expected(address=9)
        assert device.connections == before + 1


# ----------------------------------------------------------------------------------------------- connections that go


async def test_a_request_that_meets_a_closed_connection_is_asked_once_more_on_a_fresh_one() -> None:
    async with behind(good, close_now) as (device, bench):
        await bench.ask()
        assert await bench.ask(address=7) == expected(address=7)
        assert device.connections == 2
        assert len(bench.events(LINK_LOST)) == 1


async def test_a_device_that_always_closes_is_a_link_that_is_down_after_two_tries() -> None:
    async with behind() as (device, bench):
        device.always = close_now
        error = await bench.fails(LinkDown)
        assert isinstance(error, LinkDown)
        assert not error.refused
        assert device.connections == 2


async def test_a_close_in_the_middle_of_an_answer_is_noticed_at_once_and_not_asked_again() -> None:
    async with behind(close_mid_frame) as (device, bench):
        with trio.fail_after(LONG_S / 2):
            await bench.fails(LinkDown)
        assert len(device.requests) == 1
        assert await bench.ask() == expected()


async def test_a_close_while_idle_is_noticed_without_a_request() -> None:
    streams: list[trio.SocketStream] = []

    async def remember(device: FakeDevice, stream: trio.SocketStream, request: Request) -> None:
        streams.append(stream)
        await good(device, stream, request)

    async with behind(remember) as (device, bench):
        await bench.ask()
        await streams[0].aclose()
        await until(lambda: bench.events(LINK_LOST))
        assert await bench.ask() == expected()
        assert len(device.requests) == 2


async def test_a_connection_on_which_nobody_answers_any_more_is_dropped() -> None:
    """A pulled cable: both units answered, then neither does."""
    async with behind() as (device, bench):
        await bench.ask(unit=1)
        await bench.ask(unit=2)
        device.dead_units = {1, 2}
        await bench.fails(RequestTimedOut, unit=1, timeout_s=SHORT_S)
        assert not bench.events(LINK_LOST)
        await bench.fails(RequestTimedOut, unit=2, timeout_s=SHORT_S)
        assert len(bench.events(LINK_LOST)) == 1
        device.dead_units = set()
        assert await bench.ask(unit=1) == expected(unit=1)
        assert device.connections == 2


async def test_a_refused_connection_says_so() -> None:
    device = FakeDevice()
    async with serving(device):
        address = device.address
    async with linked(address) as bench:
        error = await bench.fails(LinkDown)
        assert isinstance(error, LinkDown)
        assert error.refused
        assert "refused" in str(error)


async def test_a_host_that_does_not_exist_is_a_link_that_is_down() -> None:
    async with linked("no-such-host.invalid:502") as bench:
        error = await bench.fails(LinkDown)
        assert isinstance(error, LinkDown)
        assert not error.refused


async def test_requests_behind_a_failed_connection_fail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def black_hole(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        await trio.sleep_forever()

    monkeypatch.setattr(trio, "open_tcp_stream", black_hole)
    failures: list[DriverError] = []
    async with linked("192.0.2.1:502", connect_timeout_s=0.1) as bench:

        async def one(unit: int) -> None:
            failures.append(await bench.fails(LinkDown, unit=unit))

        async with trio.open_nursery() as nursery:
            for unit in range(20):
                nursery.start_soon(one, unit)
    assert len(failures) == 20
    assert tries == 1


async def test_after_the_hold_off_the_connection_is_tried_again() -> None:
    device = FakeDevice()
    async with serving(device):
        pass
    async with linked(device) as bench:
        await bench.fails(LinkDown)
        async with serving(device):
            with trio.fail_after(LONG_S):
                while True:
                    try:
                        assert await bench.ask() == expected()
                        break
                    except LinkDown:
                        await trio.lowlevel.checkpoint()


# --------------------------------------------------------------------------------------------------- per poll, and the end


async def test_a_released_link_is_closed_where_connections_are_per_poll_and_opened_again_when_needed() -> None:
    async with behind(per_poll=True) as (device, bench):
        await bench.ask()
        bench.registry.send(bench.role, ReleaseLink())
        await until(lambda: device.open_connections == 0)
        assert not bench.events(LINK_LOST)
        await bench.ask()
        assert device.connections == 2


async def test_a_released_link_stays_while_another_unit_waits_for_it() -> None:
    async with behind(per_poll=True) as (device, bench):
        await bench.ask()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(bench.ask, unit=2))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(partial(bench.ask, unit=3))
            bench.registry.send(bench.role, ReleaseLink())
        assert device.connections <= 2


async def test_a_released_link_stays_open_where_connections_are_persistent() -> None:
    async with behind() as (device, bench):
        await bench.ask()
        bench.registry.send(bench.role, ReleaseLink())
        await bench.ask()
        assert device.connections == 1


async def test_the_connection_ends_with_the_link() -> None:
    device = FakeDevice()
    async with serving(device):
        async with linked(device) as bench:
            await bench.ask()
        await until(lambda: device.open_connections == 0)
    gc.collect()  # a socket left open would be a warning, which is an error here


async def test_a_message_it_does_not_know_is_refused_and_it_lives_on() -> None:
    async with behind() as (_, bench):
        with pytest.raises(TypeError, match="allowed are ReadRequest"):
            await bench.registry.ask(bench.role, "hello")
        assert await bench.ask() == expected()


def test_an_address_without_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="host:port"):
        ModbusLink("panel:99999", log=silent)
