"""What the detector says when it is asked how a device stands."""

from __future__ import annotations

from msgspec.structs import replace

from supervision.registry import Registry
from t3actors.detect.device import DeviceLatest
from t3actors.detect.latest import Latest
from t3actors.messages import StateLoaded
from t3actors.points import DeviceFacts, DeviceStatus, Kind, Reading, Status, Value
from t3actors.questions import DeviceNow, LatestRequested, PointNow
from tests.detect.speech import RULES, Writer, announced, point, read, stored, turned
from tests.detect.test_detector import House


def now_of(device: DeviceLatest) -> dict[int, tuple[Value, Status, int]]:
    return {each.point_index: (each.value, each.status, each.sampled_at_ms) for each in device.now().points}


def with_serial(name: str, serial: int | None) -> DeviceLatest:
    device = DeviceLatest(name)
    device.announce(replace(announced(name, point("IN1")), facts=DeviceFacts(serial_number=serial)), 0.0, 0)
    return device


def test_it_is_the_last_reading_not_the_last_stored_one() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1", replace(RULES, deadband=5.0))), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", 20.0)), 1.0)
    assert device.take(read("a", 2, Reading("IN1", 21.0)), 2.0).changes == []
    assert now_of(device) == {1: (21.0, Status.OK, 2000)}


def test_a_point_that_is_not_ok_has_its_last_good_value_and_the_time_of_that() -> None:
    device = DeviceLatest("a")
    device.announce(announced("a", point("IN1"), point("IN2")), 0.0, 0)
    device.take(read("a", 1, Reading("IN1", 20.0), Reading("IN2", 30.0)), 1.0)
    device.take(read("a", 2, Reading("IN1", None, Status.FAULT, "open"), Reading("IN2", 31.0)), 2.0)
    assert now_of(device) == {1: (20.0, Status.FAULT, 1000), 2: (31.0, Status.OK, 2000)}
    device.go_down("gone", 3.0, 3000)
    assert now_of(device) == {1: (20.0, Status.DOWN, 1000), 2: (31.0, Status.DOWN, 2000)}


def test_what_is_known_from_the_store_alone_is_never_called_ok() -> None:
    latest = Latest()
    loaded = StateLoaded(incarnation=1, points=(stored("a", "IN1", 20.0),), device_status={"a": DeviceStatus.ONLINE})
    latest.load(loaded, 0.0)
    device = latest.devices["a"]
    assert device.now().points == (), "nobody has described it yet"
    device.announce(announced("a", point("IN1"), point("IN2")), 0.0, 0)
    assert now_of(device) == {1: (20.0, Status.UNKNOWN, 5), 2: (None, Status.UNKNOWN, 0)}
    device.take(read("a", 1, Reading("IN1", 20.0)), 1.0)
    assert now_of(device) == {1: (20.0, Status.OK, 1000), 2: (None, Status.UNKNOWN, 0)}


def test_a_device_is_found_by_its_serial_number_before_its_name() -> None:
    latest = Latest()
    latest.devices = {"a": with_serial("a", 7), "b": with_serial("b", 8), "c": with_serial("c", None)}

    def found(**asked: int | str) -> str | None:
        now = latest.now(LatestRequested(**asked))  # type: ignore[arg-type]
        return None if now is None else now.device

    assert found(serial_number=8) == "b"
    assert found(serial_number=8, device="a") == "b"
    assert found(serial_number=9, device="a") == "a"
    assert found(device="c") == "c"
    assert found(serial_number=9, device="nobody") is found() is None


def test_a_device_in_conflict_over_its_serial_number_does_not_answer_to_it() -> None:
    latest = Latest()
    latest.devices = {"a": with_serial("a", 7), "b": with_serial("b", 7)}
    latest.devices["a"].following(turned("a", DeviceStatus.ONLINE, DeviceStatus.CONFLICT))
    assert latest.now(LatestRequested(serial_number=7)) == DeviceNow(
        "b", 7, (PointNow(Kind.INPUT, 1, None, Status.UNKNOWN, 0),)
    )


async def test_the_detector_answers_whoever_asks() -> None:
    registry = Registry()
    house = House(registry, Writer(registry))
    async with house.at_work():
        house.tell(announced("a", point("IN1"), point("IN2")))
        house.poll(1, 20.0, 30.0)
        now = await registry.ask("detector", LatestRequested(device="a"))
        assert now == DeviceNow(
            "a",
            None,
            (PointNow(Kind.INPUT, 1, 20.0, Status.OK, 1000), PointNow(Kind.INPUT, 2, 30.0, Status.OK, 1000)),
        )
        assert await registry.ask("detector", LatestRequested(device="b")) is None
