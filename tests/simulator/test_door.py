from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from t3actors.simulator.door import Door


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def knock(port: int) -> int:
    """Try to connect without waiting; give the error number, 0 when connected."""
    with socket.socket() as client:
        client.settimeout(0.2)
        try:
            client.connect(("127.0.0.1", port))
        except TimeoutError:
            return errno.ETIMEDOUT
        except OSError as error:
            return error.errno or -1
        return 0


def test_a_door_refuses_until_it_is_opened(door: Door) -> None:
    assert knock(door.port) == errno.ECONNREFUSED
    door.open()
    assert knock(door.port) == 0


def test_a_refusing_door_keeps_its_port_for_itself(door: Door) -> None:
    door.open()
    door.refuse()
    assert knock(door.port) == errno.ECONNREFUSED
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", door.port))
    door.open()
    assert knock(door.port) == 0


def test_no_other_door_is_given_a_port_that_is_taken() -> None:
    doors = [Door() for _ in range(200)]
    try:
        for each in doors:
            each.open()
        assert len({each.port for each in doors}) == 200
    finally:
        for each in doors:
            each.close()


def test_knocking_at_a_black_hole_hangs_until_it_opens(door: Door) -> None:
    door.swallow()
    assert knock(door.port) == errno.ETIMEDOUT
    door.open()
    assert knock(door.port) == 0


def test_a_given_port_that_is_taken_is_refused_even_by_another_door(door: Door) -> None:
    with pytest.raises(OSError, match="in use"):
        Door(port=door.open().getsockname()[1])
