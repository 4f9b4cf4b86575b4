"""The direct way and bacpypes3's: the same octets, the same errors; and what hostile stations make of the direct one."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

import pytest
import trio

from t3actors.collect.bacnet.link import actor as link_module
from t3actors.collect.bacnet.link.jobs import Job
from t3actors.collect.bacnet.link.requests import LinkCountsRequested, ReadMultiple, ReadProperty, ask_link
from t3actors.errors import DriverError, LinkDown, RequestTimedOut
from tests.collect.bacnet.peer import Answer, House, Peer, ack, acknowledging, confirmed, link_up, plain, unicast
from tests.waiting import until

DATA = b"\x0c\x00\x00\x00\x01\x1e\x09\x55\x1f"


def multiple(peer: Peer, timeout_s: float = 30.0, retries: int = 0) -> ReadMultiple:
    return ReadMultiple(address=peer.address, service_data=DATA, timeout_s=timeout_s, retries=retries)


def saying(*frames: Callable[[int], bytes]) -> Answer:
    """Answers each request by these frames, made of its invoke id."""

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [make(asked[0]) for make in frames] if asked else []

    return answer


def apdu(text: str) -> Answer:
    """Answers by one APDU; "%%" stands for the invoke id."""
    return saying(lambda invoke_id: plain(bytes.fromhex(text.replace("%%", f"{invoke_id:02x}"))))


def in_segments(*parts: bytes) -> Answer:
    def segment(invoke_id: int, number: int) -> bytes:
        more = 0x04 if number < len(parts) - 1 else 0
        return plain(bytes([0x38 | more, invoke_id, number, 1, 14]) + parts[number])

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        if (asked := confirmed(frame)) is not None:
            return [segment(asked[0], 0)]
        acknowledged = frame[6:]
        following = acknowledged[2] + 1
        is_ack = acknowledged[0] >> 4 == 4
        return [segment(acknowledged[1], following)] if is_ack and following < len(parts) else []

    return answer


async def outcome(asking: Callable[[], Awaitable[object]]) -> tuple[object, ...]:
    """What came of it, or all that an error says."""
    try:
        return (await asking(),)
    except DriverError as error:
        return type(error), str(error), vars(error)


def slowly(house: House, peer: Peer, timeout_s: float) -> Callable[[], Awaitable[object]]:
    """Ask through bacpypes3."""
    stack = house.link._serving.stack
    assert stack is not None
    job = Job(multiple(peer, timeout_s), 47808, 0.0)
    job.service, job.data = 14, DATA
    return lambda: stack.ask(job, retries=0)


WAYS: dict[str, Answer] = {
    "acknowledged": acknowledging(bytes(range(256)) * 5),
    "acknowledged with nothing": acknowledging(b""),
    "acknowledged by broadcast": saying(lambda invoke_id: b"\x81\x0b" + ack(invoke_id, 14, b"\x07")[2:]),
    "acknowledged to all networks": saying(
        lambda invoke_id: unicast(b"\x01\x20\xff\xff\x00\xff\x30" + bytes((invoke_id, 14, 7)))
    ),
    "simply acknowledged": apdu("20%%0e"),
    "in segments": in_segments(b"one-", b"two-", b"three"),
    "another service": apdu("30%%0c00"),
    "simply another service": apdu("20%%0f"),
    "error": apdu("50%%0e9102911f"),
    "error of another service": apdu("50%%0c9102911f"),
    "error unknown to us": apdu("50%%0e9163922710"),
    "error that is none": apdu("50%%0e91"),
    "empty error": apdu("50%%0e"),
    "reject": apdu("60%%09"),
    "reject by a reason of its own": apdu("60%%c8"),
    "abort": apdu("71%%04"),
    "abort by a reason of its own": apdu("71%%c8"),
    "a segment out of order": apdu("3c%%05010e00"),
}
SILENT_WAYS: dict[str, Answer] = {
    "silence": saying(),
    "another invoke id": saying(lambda invoke_id: ack(invoke_id ^ 1, 14, b"\x07")),
    "from behind a router": saying(
        lambda invoke_id: unicast(b"\x01\x08\x00\x32\x01\x07\x30" + bytes((invoke_id, 14, 7)))
    ),
    "a client's abort": apdu("70%%04"),
    "half an acknowledgement": apdu("30%%"),
    "half a frame": saying(lambda invoke_id: ack(invoke_id, 14, b"\x07")[:-1]),
    "garbage": saying(lambda _invoke_id: b"\x81\x0a\x00\x06\xff\xff"),
}


@pytest.mark.parametrize("name", [*WAYS, *SILENT_WAYS])
async def test_both_ways_have_the_same_outcome_octet_for_octet_and_word_for_word(name: str) -> None:
    timeout_s = 30.0 if name in WAYS else 0.1
    with Peer({**WAYS, **SILENT_WAYS}[name]) as peer:
        async with link_up() as house:
            direct = await outcome(lambda: ask_link(house.registry, multiple(peer, timeout_s)))
            stack = await outcome(slowly(house, peer, timeout_s))
            assert direct == stack
            assert len(house.link._serving.direct.lane) == 0
    asked = [frame for frame in peer.frames if confirmed(frame)]
    ids = [frame[8] for frame in asked]
    assert ids[0] >= 128 > ids[1], "one went each way"
    assert asked[0][:8] + asked[0][9:] == asked[1][:8] + asked[1][9:]


PRESENT_VALUE = "30%%0c0c0000000019553e44422900003f"
SCHEDULE = "30%%0c0c04400001197b3e" + 7 * "0eb40800000044428c00000f" + "3f"


@pytest.mark.parametrize("answer", [PRESENT_VALUE, SCHEDULE, "30%%0c0c00", "50%%0c9102911f"])
@pytest.mark.parametrize("object_type", [0, 17])
async def test_a_property_is_the_same_by_either_way(answer: str, object_type: int) -> None:
    """Constructed values are made plain by bacpypes3 whichever way they came."""
    of_schedule = object_type == 17
    with Peer(apdu(answer)) as peer:
        async with link_up() as house:
            asked = ReadProperty(
                address=peer.address,
                object_type=object_type,
                object_instance=int(of_schedule),
                property_id=123 if of_schedule else 85,
                timeout_s=30,
                retries=0,
            )
            direct = await outcome(lambda: ask_link(house.registry, asked))
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(house.link._serving.direct, "send", lambda *_: False)
                assert await outcome(lambda: ask_link(house.registry, asked)) == direct
    assert [frame[8] >= 128 for frame in peer.frames] == [True, False]


async def test_an_answer_from_another_port_or_address_is_none() -> None:
    with Peer(address="127.0.0.2") as stranger, Peer() as neighbour:

        def answer(frame: bytes, source: tuple[str, int]) -> list[bytes]:
            asked = confirmed(frame)
            assert asked is not None
            for other in (stranger, neighbour):
                other.socket.sendto(ack(asked[0], 14, b"false"), source)
            return []

        with Peer(answer) as peer:
            async with link_up() as house:
                with pytest.raises(RequestTimedOut):
                    await ask_link(house.registry, multiple(peer, 0.3))
                await until(
                    lambda: house.link._serving.direct.lane.late >= 2
                )  # the peers may be later than the time-out
                counts = await house.registry.ask("link/bacnet", LinkCountsRequested())
                assert counts.late_answers == 2


async def test_an_answer_that_comes_twice_is_counted_once_too_often_and_answers_nothing_else() -> None:
    number = 0

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        nonlocal number
        asked = confirmed(frame)
        assert asked is not None
        number += 1
        return 2 * [ack(asked[0], 14, bytes((number,)))]

    with Peer(answer) as peer:
        async with link_up() as house:
            answers = [await ask_link(house.registry, multiple(peer)) for _ in range(20)]
            assert answers == [bytes((n,)) for n in range(1, 21)]
            await until(lambda: house.link._serving.direct.lane.late == 20)


async def test_a_late_answer_to_what_was_given_up_is_no_answer_to_the_next() -> None:
    held: list[bytes] = []

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        assert asked is not None
        held.append(ack(asked[0], 14, b"%d" % len(held)))
        return held[-2:] if len(held) > 1 else []

    with Peer(answer) as peer:
        async with link_up() as house:
            with pytest.raises(RequestTimedOut):
                await ask_link(house.registry, multiple(peer, 0.1))
            assert await ask_link(house.registry, multiple(peer)) == b"1"
            assert house.link._serving.direct.lane.late == 1


async def test_a_late_answer_to_the_first_try_is_an_answer_to_the_second() -> None:
    def answer(_frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = peer.requests(14)
        return [ack(asked[0][0], 14, b"\x01")] if len(asked) == 2 else []

    with Peer(answer) as peer:
        async with link_up() as house:
            assert await ask_link(house.registry, multiple(peer, 1.0, retries=3)) == b"\x01"
    assert len(peer.frames) == 2
    assert peer.frames[0] == peer.frames[1]


async def test_an_answer_that_stops_after_its_first_segment_is_asked_for_again_as_often_as_any() -> None:
    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        if asked is None:
            return []
        return (
            [plain(bytes([0x3C, asked[0], 0, 1, 14, 1]))]
            if len(peer.requests(14)) == 1
            else [ack(asked[0], 14, b"\x02")]
        )

    with Peer(answer) as peer:
        async with link_up() as house:
            stack = house.link._serving.stack
            assert stack is not None
            assert stack.application is not None
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("t3actors.collect.bacnet.link.application._Abilities.apduSegmentTimeout", 50)
                assert await ask_link(house.registry, multiple(peer, 0.5, retries=1)) == b"\x02"
            assert (stack.application._waiting, stack.application.asap.clientTransactions) == ({}, [])
            assert len(house.link._serving.direct.lane) == 0
    assert len({invoke_id for invoke_id, _, _ in peer.requests(14)}) == 1


async def test_a_request_too_long_for_one_piece_goes_by_bacpypes3() -> None:
    with Peer() as peer:
        async with link_up() as house:
            long = ReadMultiple(address=peer.address, service_data=bytes(1473), timeout_s=0.1, retries=0)
            with pytest.raises(RequestTimedOut):
                await ask_link(house.registry, long)
            await until(lambda: peer.frames)
            assert peer.frames[0][8] < 128


async def test_whoever_waits_directly_gets_link_down_when_the_stack_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise LinkDown("this machine has no such address now")

    monkeypatch.setattr(link_module, "LOOK_S", 0.05)
    monkeypatch.setattr(link_module, "LOOK_AT_ADDRESS_S", 0.0)
    with Peer() as peer:
        async with link_up() as house:
            async with trio.open_nursery() as nursery:

                async def in_vain() -> None:
                    with pytest.raises(LinkDown, match="no such address"):
                        await ask_link(house.registry, multiple(peer, 60))

                nursery.start_soon(in_vain)
                await until(lambda: len(house.link._serving.direct.lane) == 1)
                monkeypatch.setattr(house.link, "_endpoint", lost)
            assert house.link._serving.queues._free == 64
            assert len(house.link._serving.direct.lane) == 0


async def test_direct_requests_go_on_while_bacpypes3_is_busy() -> None:
    with Peer(acknowledging(b"\x01")) as peer:
        async with link_up() as house:
            stack = house.link._serving.stack
            assert stack is not None
            released = threading.Event()
            stack.thread.post(released.wait)
            for _ in range(10):
                assert await ask_link(house.registry, multiple(peer)) == b"\x01"
            released.set()


async def test_what_cannot_be_sent_is_counted_and_ends_as_a_time_out() -> None:
    async with link_up() as house:
        asked = ReadMultiple(address="192.0.2.1:9", service_data=DATA, timeout_s=0.05, retries=1)
        with pytest.raises(RequestTimedOut):  # from loopback there is no way to it
            await ask_link(house.registry, asked)
        counts = await house.registry.ask("link/bacnet", LinkCountsRequested())
        assert counts.send_errors == 2
