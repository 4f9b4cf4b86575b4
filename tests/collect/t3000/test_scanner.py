"""The scan's sockets, against sockets on loopback."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from t3actors.collect.t3000 import scanner
from t3actors.collect.t3000.scanner import Doors, bind, scan
from t3actors.errors import LinkDown
from tests.waiting import until

EVERYBODY_HERE = "127.255.255.255"
LONG_S = 60.0


@contextmanager
def peer(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Whoever is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.setblocking(False)
        one.bind((address, 0))
        yield one


def held(one: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    """Everything that came so far."""
    came = []
    try:
        while True:
            came.append(one.recvfrom(2048))
    except BlockingIOError:
        return came


async def scanned(
    doors: Doors, target: tuple[str, int], answer: socket.socket, to: tuple[str, int] | None = None
) -> list[bytes]:
    """Scan until one answer, which `answer` sends after the question has come."""
    heard: list[bytes] = []
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            lambda: scan(
                doors, [target], lambda data, _: heard.append(data), rounds=1, pause_s=0, wait_s=LONG_S, stop=stop
            )
        )
        came: list[tuple[bytes, tuple[str, int]]] = []
        await until(lambda: came.extend(held(answer)) or came)
        assert [data for data, _ in came] == [b"\x64\0\0\0\0"]
        answer.sendto(b"hello", to or came[0][1])
        await until(lambda: heard)
        stop.set()
    return heard


async def test_a_target_is_asked_and_its_answer_heard_with_its_address() -> None:
    with peer() as panel:
        doors = bind("127.0.0.1", 0, broadcast=None)
        assert (doors.ear, doors.everybody) == (None, None)
        assert await scanned(doors, panel.getsockname(), panel) == [b"hello"]


async def test_everybody_is_asked_and_an_answer_to_everybody_is_heard() -> None:
    with peer(EVERYBODY_HERE) as panel:
        doors = bind("127.0.0.1", 0, broadcast=EVERYBODY_HERE)
        assert doors.everybody == EVERYBODY_HERE
        ours = (EVERYBODY_HERE, int(doors.at.split(":")[1]))
        assert await scanned(doors, (EVERYBODY_HERE, panel.getsockname()[1]), panel, to=ours) == [b"hello"]


async def test_every_round_asks_every_target_and_nothing_else_is_sent() -> None:
    with peer() as first, peer() as second:
        doors = bind("127.0.0.1", 0, broadcast=None)
        targets = [first.getsockname(), second.getsockname()]
        sent = await scan(doors, targets, lambda *_: None, rounds=3, pause_s=0.0, wait_s=0.0, stop=trio.Event())
        assert sent == 6
        assert [data for data, _ in held(first) + held(second)] == [b"\x64\0\0\0\0"] * 6
    assert doors.own.fileno() == -1, "the port is given back"


async def test_a_stop_ends_it_in_the_first_pause() -> None:
    stop = trio.Event()
    stop.set()
    with peer() as panel:
        doors = bind("127.0.0.1", 0, broadcast=None)
        sent = await scan(
            doors, [panel.getsockname()], lambda *_: None, rounds=3, pause_s=LONG_S, wait_s=LONG_S, stop=stop
        )
    assert sent == 1


async def test_nobody_at_that_port_is_no_error() -> None:
    with peer() as gone:
        target = gone.getsockname()
    doors = bind("127.0.0.1", 0, broadcast=None)
    assert await scan(doors, [target], lambda *_: None, rounds=3, pause_s=0.01, wait_s=0.01, stop=trio.Event()) >= 1


def test_a_port_that_is_taken_is_said() -> None:
    with peer() as other:
        port = other.getsockname()[1]
        with pytest.raises(LinkDown, match=f"127.0.0.1:{port}: another program holds this UDP address and port"):
            bind("127.0.0.1", port, broadcast=None)


def test_an_ear_that_is_taken_is_said_and_the_port_given_back() -> None:
    with peer(EVERYBODY_HERE) as other:
        port = other.getsockname()[1]
        with pytest.raises(LinkDown, match=f"{EVERYBODY_HERE}:{port}: another program holds"):
            bind("127.0.0.1", port, broadcast=EVERYBODY_HERE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))


def test_where_any_port_will_do_another_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = scanner.broadcast_socket
    refused: list[int] = []

    def sometimes(address: str, port: int) -> socket.socket:
        if address == EVERYBODY_HERE and not refused:
            refused.append(port)
            raise LinkDown("taken")
        return bound(address, port)

    monkeypatch.setattr(scanner, "broadcast_socket", sometimes)
    doors = bind("127.0.0.1", 0, broadcast=EVERYBODY_HERE)
    doors.close()
    assert refused


def test_an_address_that_is_not_ours_is_said() -> None:
    with pytest.raises(LinkDown, match=r"192\.0\.2\.77:0: this machine has no such address now"):
        bind("192.0.2.77", 0, broadcast=None)


def test_on_a_real_network_the_question_goes_to_every_address() -> None:
    """Panels whose own address does not fit the network hear nothing else."""
    bound: list[str] = []

    def record(address: str, _port: int) -> socket.socket:
        bound.append(address)
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "broadcast_socket", record)
        doors = bind("10.0.0.1", 5, broadcast="10.0.0.255")
    doors.close()
    assert (bound, doors.everybody) == (["10.0.0.1", "255.255.255.255"], "255.255.255.255")


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EPERM, "this system does not let us send there"), (errno.ENETUNREACH, "Network is unreachable")],
)
async def test_a_question_that_may_not_be_sent_is_one_clear_error(number: int, said: str) -> None:
    class Deaf:
        async def sendto(self, _data: bytes, _target: tuple[str, int]) -> int:
            raise OSError(number, "Network is unreachable")

    with pytest.raises(LinkDown, match=f"here to 10.0.0.255:1234: {said}"):
        await scanner._ask(Deaf(), ("10.0.0.255", 1234), "here")  # type: ignore[arg-type]
