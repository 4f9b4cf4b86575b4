"""The link on loopback, against devices of hand-written octets: every trap of bacpypes3 fenced at the door."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from bacpypes3.app import Application
from bacpypes3.local.analog import AnalogInputObject
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject

from supervision.backoff import Backoff
from supervision.registry import Registry
from t3actors.collect.bacnet.codec.services import encode_i_am
from t3actors.collect.bacnet.link import actor as link_module
from t3actors.collect.bacnet.link.addressing import addressed
from t3actors.collect.bacnet.link.loop import AsyncioThread
from t3actors.collect.bacnet.link.requests import ReadMultiple, ReadProperty, ReadRange, ask_link
from t3actors.config import BacnetNetwork
from t3actors.errors import BadResponse, LinkDown, NotSent, RequestRefused, RequestTimedOut
from t3actors.stations import station
from tests.collect.bacnet.peer import PRESENT, Peer, ack, acknowledging, confirmed, link_up, plain, unicast
from tests.ports import free_port
from tests.waiting import WITHIN_S, until

DATA = b"\x0c\x00\x00\x00\x01\x1e\x09\x55\x1f"


def multiple(peer: Peer, timeout_s: float = 30.0, retries: int = 0) -> ReadMultiple:
    return ReadMultiple(address=peer.address, service_data=DATA, timeout_s=timeout_s, retries=retries)


async def test_what_is_asked_goes_out_and_what_is_answered_comes_back_octet_for_octet() -> None:
    with Peer(acknowledging(b"\x0c\x00\x00\x00\x01\x1e\x1f")) as peer:
        async with link_up() as house:
            assert await ask_link(house.registry, multiple(peer)) == b"\x0c\x00\x00\x00\x01\x1e\x1f"
    assert [data for _, _, data in peer.requests(14)] == [DATA]
    assert peer.frames[0][6:8] == bytes([0x02, 0x65]), "segments accepted, 64 of them, 1476 octets"


async def test_a_property_comes_as_a_plain_value() -> None:
    with Peer(acknowledging(PRESENT, 12)) as peer:
        async with link_up() as house:
            asked = ReadProperty(address=peer.address, object_type=0, object_instance=0, property_id=85)
            read = await ask_link(house.registry, asked)
            assert type(read.value) is float
            assert read.value == 42.25


async def test_a_schedule_comes_as_lists_and_dicts() -> None:
    day = bytes.fromhex("0eb40800000044428c0000b411000000000f")
    whole = bytes.fromhex("0c04400001197b3e") + day * 7 + bytes.fromhex("3f")
    with Peer(acknowledging(whole, 12)) as peer:
        async with link_up() as house:
            asked = ReadProperty(address=peer.address, object_type=17, object_instance=1, property_id=123)
            read = await ask_link(house.registry, asked)
    assert len(read.value) == 7
    assert read.value[0] == {
        "daySchedule": [{"time": (8, 0, 0, 0), "value": 70.0}, {"time": (17, 0, 0, 0), "value": None}]
    }
    assert "bacpypes3" not in str({type(part).__module__ for part in read.value[0]["daySchedule"][0].values()})


@pytest.mark.parametrize(
    ("answer", "kind", "code", "says"),
    [
        (b"\x50%\x0e\x91\x02\x91\x1f", "error", 31, "property: unknown-object"),
        (b"\x60%\x09", "reject", 9, "unrecognized-service"),
        (b"\x71%\x04", "abort", 4, "segmentation-not-supported"),
        (b"\x71%\x09", "abort", 9, "out-of-resources"),
        (b"\x60%\xc8", "reject", 200, "200"),
    ],
)
async def test_a_no_says_which_kind_of_no_it_is(answer: bytes, kind: str, code: int, says: str) -> None:
    """libraries.md 1.5, trap 1: bacpypes3 raises these as BaseException."""

    def refuse(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [plain(answer.replace(b"%", bytes([asked[0]])))] if asked else []

    with Peer(refuse) as peer:
        async with link_up() as house:
            with pytest.raises(RequestRefused, match=says) as caught:
                await ask_link(house.registry, multiple(peer))
            assert (caught.value.kind, caught.value.code) == (kind, code)
            assert caught.value.error_class == (2 if kind == "error" else None)


async def test_no_answer_is_a_time_out_after_as_many_frames_as_there_are_tries() -> None:
    with Peer() as peer:
        async with link_up() as house:
            with pytest.raises(RequestTimedOut):
                await ask_link(house.registry, multiple(peer, timeout_s=0.05, retries=2))
    asked = peer.requests(14)
    assert len(asked) == 3
    assert len({invoke_id for invoke_id, _, _ in asked}) == 1, "a late answer to the first try is an answer"


async def test_an_answer_whose_tags_make_no_sense_is_a_bad_response_at_once() -> None:
    """Trap 2: bacpypes3 waits for ever."""
    with Peer(acknowledging(b"\x0c\x00\x00", 12)) as peer:
        async with link_up() as house:
            asked = ReadProperty(address=peer.address, object_type=0, object_instance=0, property_id=85, timeout_s=30)
            with trio.fail_after(WITHIN_S), pytest.raises(BadResponse) as caught:
                await ask_link(house.registry, asked)
            assert caught.value.raw == b"\x0c\x00\x00"


async def test_an_answer_about_another_property_is_a_bad_response() -> None:
    with Peer(acknowledging(PRESENT, 12)) as peer:
        async with link_up() as house:
            asked = ReadProperty(address=peer.address, object_type=0, object_instance=1, property_id=85)
            with pytest.raises(BadResponse, match="another property"):
                await ask_link(house.registry, asked)


async def test_an_answer_to_another_service_is_a_bad_response() -> None:
    def other(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [plain(bytes([0x30, asked[0], 12]) + b"\x00")] if asked else []

    with Peer(other) as peer:
        async with link_up() as house:
            with pytest.raises(BadResponse, match="service"):
                await ask_link(house.registry, multiple(peer))


async def test_what_cannot_be_encoded_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap 3: in bacpypes3 it fails in a task that nobody looks at, and the request hangs."""
    with Peer(acknowledging(b"\x01", 26)) as peer:
        async with link_up() as house:
            stack = house.link._serving.stack
            assert stack is not None
            assert stack.application is not None
            asked = ReadRange(address=peer.address, service_data=DATA)
            monkeypatch.setattr(stack.application.nsap, "indication", None)
            with trio.fail_after(WITHIN_S), pytest.raises(RequestRefused) as caught:
                await ask_link(house.registry, msgspec.structs.replace(asked, timeout_s=30))
            assert caught.value.kind == "local"
            monkeypatch.undo()
            assert await ask_link(house.registry, asked) == b"\x01"


async def test_three_hundred_requests_to_one_station_are_sent_one_by_one() -> None:
    """Trap 4: the 257th outstanding request to a peer makes bacpypes3 spin for ever."""
    refused = answered = 0
    with Peer(acknowledging(b"\x01")) as peer:
        async with link_up() as house:

            async def one() -> None:
                nonlocal refused, answered
                try:
                    await ask_link(house.registry, multiple(peer))
                    answered += 1
                except NotSent as full:
                    refused += "wait already" in str(full)

            async with trio.open_nursery() as nursery:
                for _ in range(300):
                    nursery.start_soon(one)
            assert answered + refused == 300
            assert 65 <= answered < 256, "one under way and 64 in line, and those that came when some were over"
            assert await ask_link(house.registry, multiple(peer)) == b"\x01"


async def test_the_application_itself_never_has_two_requests_under_one_invoke_id() -> None:
    """Trap 4 again, without the queue in front: of the 256 ids half are its own."""
    with Peer() as peer:
        async with link_up() as house:
            stack = house.link._serving.stack
            assert stack is not None

            async def all_of_them() -> int:
                application = stack.application
                assert application is not None
                to = addressed(station(peer.address))
                tries = (application.ask(to, 14, DATA, 0.3, 0, lambda: True) for _ in range(129))
                outcomes = await asyncio.gather(*tries, return_exceptions=True)
                return sum(isinstance(outcome, LinkDown) for outcome in outcomes)

            assert await stack.thread.call(all_of_them, timeout_s=20) == 1
            assert stack.application is not None
            assert stack.application.asap.clientTransactions == []


async def test_whoever_stops_waiting_causes_no_further_frame_and_no_second_request_beside_the_first() -> None:
    """Trap 5: bacpypes3 goes on retransmitting what was cancelled, beside what is asked next."""

    def slow(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        assert asked is not None
        if len(peer.requests(14)) == 1:
            return []
        return [plain(bytes([0x30, asked[0], 14]))]

    with Peer(slow) as peer:
        async with link_up() as house:
            async with trio.open_nursery() as impatient:
                impatient.start_soon(ask_link, house.registry, multiple(peer, timeout_s=1.0, retries=5))
                await until(lambda: peer.frames)
                impatient.cancel_scope.cancel()
            assert await ask_link(house.registry, multiple(peer)) == b""
    asked = peer.requests(14)
    assert len(asked) == 2
    assert asked[0][0] != asked[1][0], "a late answer to the first is no answer to the second"


async def test_a_station_that_is_silent_does_not_keep_the_others_waiting() -> None:
    with Peer() as dead, Peer(acknowledging(b"\x07")) as alive:
        async with link_up() as house:
            async with trio.open_nursery() as nursery:

                async def in_vain() -> None:
                    await ask_link(house.registry, multiple(dead, timeout_s=60))
                    raise AssertionError("it is silent")

                nursery.start_soon(in_vain)
                await trio.testing.wait_all_tasks_blocked()
                for _ in range(20):
                    assert await ask_link(house.registry, multiple(alive)) == b"\x07"
                nursery.cancel_scope.cancel()


async def test_an_address_that_this_machine_has_not_is_said_at_once_and_is_no_crash() -> None:
    """Trap 6: bacpypes3 tries for ever in silence."""
    async with link_up(interface="192.0.2.77") as house:
        assert "192.0.2.77" in house.log.named("bacnet.blocked")[0]["reason"]
        with trio.fail_after(WITHIN_S), pytest.raises(LinkDown, match=r"192\.0\.2\.77"):
            await ask_link(house.registry, ReadMultiple(address="127.0.0.1:9", service_data=b""))


async def test_a_port_that_another_program_holds_is_said_at_once_and_taken_when_it_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trap 8 too: the other one offers to share it (SO_REUSEPORT), as bacpypes3 does, and would get half of our datagrams."""
    monkeypatch.setattr(link_module, "HOLD_OFF", Backoff(initial_s=0.1, factor=1.0, cap_s=0.1, jitter=0.0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        async with link_up(port=port) as house:
            with pytest.raises(LinkDown, match="another program holds"):
                await ask_link(house.registry, ReadMultiple(address="127.0.0.1:9", service_data=b""))
            assert len(house.log.named("bacnet.blocked")) == 1
            other.close()
            await until(lambda: house.log.named("bacnet.opened"))
            with Peer(acknowledging(b"\x02")) as peer:
                assert await ask_link(house.registry, multiple(peer)) == b"\x02"


async def test_the_broadcast_address_counts_as_the_port_does() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.255.255.255", 0))
        async with link_up(interface="127.0.0.1/8", port=other.getsockname()[1]) as house:
            with pytest.raises(LinkDown, match=r"127\.255\.255\.255"):
                await ask_link(house.registry, ReadMultiple(address="127.0.0.1:9", service_data=b""))


async def test_our_own_port_is_not_shared_with_a_late_comer() -> None:
    async with link_up() as house:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                thief.bind(house.at)


async def test_a_station_on_another_loopback_address_with_our_own_port_is_reached() -> None:
    """Trap 7: bacpypes3 takes any 127.x address with its own port for itself."""
    async with link_up() as house:
        with Peer(acknowledging(b"\x03"), address="127.0.0.2", port=house.at[1]) as peer:
            assert await ask_link(house.registry, multiple(peer)) == b"\x03"


async def test_an_address_that_is_none_is_refused_by_what_is_allowed() -> None:
    async with link_up() as house:
        with pytest.raises(ValueError, match="network:station"):
            await ask_link(house.registry, ReadMultiple(address="ahu-1", service_data=b""))


async def test_without_a_link_whoever_asks_gets_link_down() -> None:
    with pytest.raises(LinkDown, match="not there"):
        await ask_link(Registry(), ReadMultiple(address="127.0.0.1:9", service_data=b""))


async def test_an_answer_in_segments_is_put_together() -> None:
    parts = [b"one-", b"two-", b"three"]

    def segment(invoke_id: int, number: int) -> bytes:
        more = 0x04 if number < len(parts) - 1 else 0
        return plain(bytes([0x38 | more, invoke_id, number, 1, 14]) + parts[number])

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        if (asked := confirmed(frame)) is not None:
            return [segment(asked[0], 0)]
        apdu = frame[6:]
        following = apdu[2] + 1
        return [segment(apdu[1], following)] if apdu[0] >> 4 == 4 and following < len(parts) else []

    with Peer(answer) as peer:
        async with link_up() as house:
            assert await ask_link(house.registry, multiple(peer)) == b"one-two-three"


async def test_an_answer_that_stops_in_the_middle_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """bacpypes3 has had its loop die of one."""
    monkeypatch.setattr("t3actors.collect.bacnet.link.application._Abilities.apduSegmentTimeout", 50)

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [plain(bytes([0x3C, asked[0], 0, 1, 14, 1]))] if asked else []

    with Peer(answer) as peer, Peer(acknowledging(b"")) as good:
        async with link_up() as house:
            with pytest.raises(RequestTimedOut):
                await ask_link(house.registry, multiple(peer, timeout_s=0.2))
            assert await ask_link(house.registry, multiple(good)) == b""


async def test_bacpypes3s_own_device_is_read_value_for_value() -> None:
    """An independent stack at the other end, in a thread of its own."""
    server = AsyncioThread("server")
    server.start()
    port = free_port("127.0.0.9")

    async def serve() -> Application:
        return Application.from_object_list(
            [
                DeviceObject(objectIdentifier=("device", 4711), objectName="panel"),
                NetworkPortObject(f"127.0.0.9/32:{port}", objectIdentifier=("network-port", 1), objectName="port"),
                AnalogInputObject(objectIdentifier=("analog-input", 3), objectName="supply", presentValue=21.5),
            ]
        )

    application = await server.call(serve, timeout_s=WITHIN_S)
    async with link_up() as house:

        async def read(object_type: int, instance: int, property_id: int, index: int | None = None) -> object:
            asked = ReadProperty(
                address=f"127.0.0.9:{port}",
                object_type=object_type,
                object_instance=instance,
                property_id=property_id,
                index=index,
            )
            return (await ask_link(house.registry, asked)).value

        assert await read(0, 3, 85) == 21.5
        assert await read(8, 4711, 77) == "panel"
        assert await read(8, 4711, 76) == ((8, 4711), (56, 1), (0, 3))
        assert await read(8, 4711, 76, 0) == 3
        with pytest.raises(RequestRefused) as caught:
            await read(0, 9, 85)
        assert (caught.value.kind, caught.value.error_class, caught.value.code) == ("error", 1, 31)

    async def close() -> None:
        application.close()

    await server.call(close, timeout_s=WITHIN_S)
    await server.stop()


async def test_what_nobody_waits_for_any_more_is_taken_out_of_the_line_and_never_sent() -> None:
    with Peer() as peer:
        async with link_up() as house:
            async with trio.open_nursery() as first:
                first.start_soon(ask_link, house.registry, multiple(peer))
                await until(lambda: peer.frames)
                async with trio.open_nursery() as second:
                    second.start_soon(ask_link, house.registry, multiple(peer))
                    await until(lambda: len(house.link._serving.jobs) == 2)
                    second.cancel_scope.cancel()
                invoke_id, _, _ = peer.requests(14)[0]
                peer.socket.sendto(ack(invoke_id, 14, b""), house.at)
            await until(lambda: not house.link._serving.jobs)
    assert len(peer.requests(14)) == 1


async def test_what_stood_in_line_longer_than_its_patience_is_not_sent_and_no_silence_of_the_device() -> None:
    with Peer() as peer:
        async with link_up() as house:
            async with trio.open_nursery() as nursery:

                async def impatient() -> None:
                    asked = ReadMultiple(address=peer.address, service_data=DATA, patience_s=0.01)
                    with pytest.raises(NotSent, match="never sent"):
                        await ask_link(house.registry, asked)

                nursery.start_soon(ask_link, house.registry, multiple(peer))
                await until(lambda: peer.frames)
                nursery.start_soon(impatient)
                await until(lambda: len(house.link._serving.jobs) == 2)
                in_line_s = trio.current_time()
                await until(lambda: trio.current_time() > in_line_s + 0.05)
                invoke_id, _, _ = peer.requests(14)[0]
                peer.socket.sendto(ack(invoke_id, 14, b""), house.at)
    assert len(peer.requests(14)) == 1


async def test_a_trunk_bears_one_request_at_a_time_whatever_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = 0, 0

    def router(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        assert asked is not None
        mac = frame[9:10]
        return [unicast(b"\x01\x08\x00\x32\x01" + mac + bytes([0x30, asked[0], 14]) + mac)]

    trunk = BacnetNetwork(number=50, in_flight=1, busy_limit=1.0, min_gap_s=0.001)
    with Peer(router) as peer:
        async with link_up(networks=(msgspec.structs.replace(trunk, router=peer.address),)) as house:
            stack = house.link._serving.stack
            assert stack is not None
            application = stack.application
            assert application is not None
            ask, answers = application.ask, []

            async def counted(*request: Any) -> bytes:
                nonlocal under_way, most
                under_way += 1
                most = max(most, under_way)
                try:
                    return await ask(*request)
                finally:
                    under_way -= 1

            monkeypatch.setattr(application, "ask", counted)

            async def one(mac: int) -> None:
                answers.append(await ask_link(house.registry, ReadMultiple(address=f"50:{mac}", service_data=DATA)))

            async with trio.open_nursery() as nursery:
                for mac in range(20):
                    nursery.start_soon(one, mac)
    assert sorted(answers) == [bytes([mac]) for mac in range(20)]
    assert most == 1


async def test_a_poll_overtakes_the_background_requests_of_its_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t3actors.collect.bacnet.link.requests.BACKGROUND_PATIENCE_S", WITHIN_S)
    all_asked = threading.Event()

    def router(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        assert asked is not None
        all_asked.wait(WITHIN_S)
        return [unicast(b"\x01\x08\x00\x32\x01" + frame[9:10] + bytes([0x30, asked[0], 14]))]

    trunk = BacnetNetwork(number=50, in_flight=1, busy_limit=1.0, min_gap_s=0.001)
    answered = []
    with Peer(router) as peer:
        async with link_up(routers={50: peer.address}, networks=(trunk,)) as house:

            async def one(mac: int, background: bool) -> None:
                asked = ReadMultiple(address=f"50:{mac}", service_data=DATA, timeout_s=WITHIN_S, background=background)
                await ask_link(house.registry, asked)
                answered.append(mac)

            async with trio.open_nursery() as nursery:
                for mac in range(10):
                    nursery.start_soon(one, mac, True)
                await until(lambda: len(house.link._serving.jobs) == 10)
                nursery.start_soon(one, 99, False)
                await until(lambda: len(house.link._serving.jobs) == 11)
                all_asked.set()
    assert answered[1] == 99, "only what was under way when it came went first"


def test_a_gateway_without_bacnet_does_not_pay_for_bacpypes3() -> None:
    script = "import sys, t3actors.pipeline; sys.exit('bacpypes3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_an_i_am_that_nobody_wants_is_no_dead_letter() -> None:
    with Peer() as peer:
        async with link_up() as house:
            peer.socket.sendto(plain(b"\x10\x00" + encode_i_am(5, 480, 148)), house.at)
            stack = house.link._serving.stack
            assert stack is not None
            await until(lambda: house.link._gathering)
            await until(lambda: not house.link._gathering and not stack.heard._items)
            assert house.registry.dead_letters == {}
