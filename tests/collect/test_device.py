"""One real DeviceActor on a mock clock, between a scripted driver and a recording detector."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TypeVar

import pytest
import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec
from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.device import DeviceActor
from t3actors.collect.driver import Beside, Opened, PollsOnly
from t3actors.collect.pace import Pace
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DeviceMismatch, DriverError, LinkDown, NotSent, RequestTimedOut
from t3actors.events import LogEvent, silent
from t3actors.messages import (
    DeviceAnnounced,
    DeviceLearned,
    DeviceStatusChanged,
    PointsRead,
    PollMissed,
    ReadingsTaken,
    StoreRenewed,
    SyncFinished,
    SyncRequested,
)
from t3actors.pauses import Pauses
from t3actors.points import DeviceFacts, DeviceStatus, Kind, Point, Reading, Rules, Status

M = TypeVar("M")
RULES = Rules(poll_interval_s=10.0, stale_after=3, down_after=6)
POINTS = (
    Point(point_id="temp", kind=Kind.INPUT, point_index=1, rules=RULES),
    Point(point_id="slow", kind=Kind.INPUT, point_index=2, rules=Rules(poll_interval_s=30.0)),
)


class ScriptedDriver(PollsOnly):
    """A device that does what the test says: `fault` is raised while it is set; `takes_s` is how long an answer needs."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.open_fault: Exception | None = None
        self.takes_s = 0.0
        self.came_ago: dict[str, float] = {}
        self.reads: list[tuple[float, tuple[str, ...], bool]] = []
        self.opened = 0
        self.closed = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.changed: tuple[Point, ...] | None = None
        self.bug: BaseException | None = None

    async def open(self) -> Opened:
        await trio.lowlevel.checkpoint()
        self.opened += 1
        if self.open_fault or self.fault:
            raise self.open_fault or self.fault  # type: ignore[misc]
        return Opened(facts=DeviceFacts(serial_number=4711), points=POINTS)

    async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.reads.append((trio.current_time(), tuple(point.point_id for point in points), probing))
        try:
            await trio.sleep(self.takes_s)
        finally:
            self.in_flight -= 1
        if self.bug:
            raise self.bug
        if self.fault:
            raise self.fault
        return tuple(Reading(point.point_id, 21.5) for point in points)

    def ages(self) -> dict[str, float]:
        return self.came_ago

    def take_changed_points(self) -> tuple[Point, ...] | None:
        changed, self.changed = self.changed, None
        return changed

    async def close(self) -> None:
        self.closed += 1
        await trio.lowlevel.checkpoint()


class Detector(TrioActor):
    """Records what devices say, and acknowledges unless told not to."""

    def __init__(self, *, acknowledges: bool = True, known: bool = True) -> None:
        super().__init__()
        self.heard: list[object] = []
        self.acknowledges = acknowledges
        self.known = known

    async def on_receive(self, message: object) -> None:
        self.heard.append(message)
        if isinstance(message, PointsRead) and self.acknowledges:
            taken = ReadingsTaken(
                device="ahu-1", poll_no=message.poll_no, incarnation=self.incarnation, known=self.known
            )
            self.send("device/ahu-1", taken)

    def of(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard if isinstance(message, kind)]


class House:
    """What a test looks at."""

    def __init__(self, driver: ScriptedDriver, detector: Detector, registry: Registry) -> None:
        self.driver = driver
        self.detector = detector
        self.registry = registry
        self.logged: list[tuple[str, dict[str, object]]] = []
        self.pace = Pace()

    def log(self, event: LogEvent, /, **keys: object) -> None:
        assert set(keys) <= set(event.keys), f"{event.name} logs keys that the catalogue does not name: {keys}"
        self.logged.append((event.name, keys))

    def events(self, name: str) -> list[dict[str, object]]:
        return [keys for event, keys in self.logged if event == name]

    def statuses(self) -> list[DeviceStatus]:
        return [changed.status for changed in self.detector.of(DeviceStatusChanged)]


@asynccontextmanager
async def house(
    config: DeviceConfig | None = None,
    detector: Detector | None = None,
    before: Callable[[ScriptedDriver], None] = lambda _: None,
    *,
    auto_start: bool = True,
    driver: ScriptedDriver | None = None,
    pauses: Pauses | None = None,
    ordinal: int = 0,
) -> AsyncIterator[House]:
    registry, driver, detector = Registry(), driver or ScriptedDriver(), detector or Detector()
    before(driver)
    config = config or DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES)
    built = House(driver, detector, registry)
    actor = DeviceActor(
        config,
        lambda *_: driver,
        POINTS,
        ordinal=ordinal,
        wall_ms=lambda: round(1_000_000 + 1000 * trio.current_time()),
        log=built.log,
        pace=built.pace,
        random=lambda: 0.5,
        auto_start=auto_start,
        pauses=pauses,
    )
    async with (
        running(detector, name="detector", registry=registry),
        running(actor, name="device/ahu-1", registry=registry),
    ):
        yield built


async def test_a_device_is_announced_before_it_is_met_and_again_when_it_is(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(1)
        first, second = built.detector.of(DeviceAnnounced)
        assert (first.complete, first.facts.serial_number) == (False, None)
        assert (second.complete, second.facts.serial_number) == (True, 4711)
        kinds = [type(message) for message in built.detector.heard]
        assert kinds.index(DeviceAnnounced) < kinds.index(PointsRead)
        assert built.statuses() == [DeviceStatus.CONNECTING, DeviceStatus.ONLINE]


async def test_polls_keep_their_grid_and_each_point_its_own_interval(autojump_clock: MockClock) -> None:
    async with house() as built:
        began = trio.current_time()
        await trio.sleep(65)
        times = [round(at - began, 3) for at, _, _ in built.driver.reads]
        assert times == [0, 10, 20, 30, 40, 50, 60]
        whole = [set(ids) == {"temp", "slow"} for _, ids, _ in built.driver.reads]
        assert whole == [True, False, False, True, False, False, True]


async def test_a_poll_that_overruns_is_alone_in_flight_and_skips_what_it_ran_over(autojump_clock: MockClock) -> None:
    """T18: a device slower than its period."""
    async with house(before=lambda driver: setattr(driver, "takes_s", 25.0)) as built:
        await trio.sleep(3600)
        assert built.driver.most_in_flight == 1
        assert len(built.driver.reads) == pytest.approx(3600 / 30, abs=1)
        assert len(built.events("poll.overrun")) == 1
        last = built.detector.of(PointsRead)[-1]
        assert last.counts.achieved_interval_s == pytest.approx(30.0, rel=0.01)
        built.driver.takes_s = 0.1
        await trio.sleep(400)
        assert len(built.events("poll.recovered")) == 1


async def test_one_missed_poll_is_backing_off_and_an_answer_ends_it(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = RequestTimedOut("no answer within 1 s")
        await trio.sleep(6)
        built.driver.fault = None
        await trio.sleep(20)
        assert built.statuses()[2:] == [DeviceStatus.CONNECTING, DeviceStatus.ONLINE]
        assert [missed.reason for missed in built.detector.of(PollMissed)] == ["no answer within 1 s"]
        assert len(built.events("device.backing_off")) == 1
        assert built.events("device.offline") == []


async def test_a_device_that_does_not_answer_says_when_it_last_did_in_an_earlier_life(
    autojump_clock: MockClock,
) -> None:
    def silent_for_now(driver: ScriptedDriver) -> None:
        driver.fault, driver.takes_s = RequestTimedOut("no answer within 1 s"), 1.0

    async with house(before=silent_for_now) as built:
        told = ReadingsTaken(device="ahu-1", poll_no=-1, incarnation=1, last_ok_at_ms=777)
        built.registry.send("device/ahu-1", told)
        await trio.sleep(100)
        assert [line["last_ok_at"] for line in built.events("device.backing_off")] == [777]
        assert [line["last_ok_at"] for line in built.events("device.offline")] == [777]
        built.driver.fault = None
        await trio.sleep(100)
        built.registry.send("device/ahu-1", told)
        built.driver.fault = RequestTimedOut("no answer within 1 s")
        await trio.sleep(30)
        assert built.events("device.backing_off")[-1]["last_ok_at"] > 1_000_000, "its own word counts more"  # type: ignore[operator]


async def test_silence_for_down_after_polls_is_offline_even_between_two_attempts(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        last_ok_s = built.driver.reads[-1][0]
        built.driver.fault = RequestTimedOut("no answer within 1 s")
        await trio.sleep(80)
        offline = built.detector.of(DeviceStatusChanged)[-1]
        assert offline.status is DeviceStatus.OFFLINE
        assert offline.at_ms == round(1_000_000 + 1000 * (last_ok_s + 6 * 10.0))
        assert len(built.events("device.offline")) == 1


async def test_a_refused_connection_is_offline_at_once(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = LinkDown("127.0.0.1:502 refused the connection", refused=True)
        await trio.sleep(6)
        offline = built.detector.of(DeviceStatusChanged)[-1]
        assert offline.status is DeviceStatus.OFFLINE


async def test_a_dead_device_is_probed_ever_more_rarely_up_to_once_a_minute(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = RequestTimedOut("no answer")
        built.driver.opened = 0
        await trio.sleep(3600)
        assert 58 <= built.driver.opened <= 75
        assert len(built.logged) < 12


async def test_after_any_outage_it_comes_back_within_the_longest_pause(autojump_clock: MockClock) -> None:
    """T03 on the actor: a thousand flaps of five seconds to two hours, in virtual time."""
    async with house() as built:
        rng = random.Random(7)
        faults = (LinkDown("gone"), RequestTimedOut("late"), LinkDown("no", refused=True))
        tasks = trio.lowlevel.current_statistics().tasks_living
        for flap in range(1000):
            built.driver.fault = faults[flap % 3]
            await trio.sleep(5.0 * 1440 ** rng.random())
            built.driver.fault = None
            await trio.sleep(60.0 * 1.2 + 10.0)
            assert built.statuses()[-1] is DeviceStatus.ONLINE
            del built.detector.heard[: built.detector.heard.index(built.detector.of(DeviceStatusChanged)[-1])]
        assert trio.lowlevel.current_statistics().tasks_living == tasks


async def test_the_first_read_after_an_outage_probes_and_meets_the_device_anew(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = RequestTimedOut("no answer")
        await trio.sleep(20)
        built.driver.fault = None
        opened, reads = built.driver.opened, len(built.driver.reads)
        await trio.sleep(30)
        assert built.driver.opened > opened
        _, ids, probing = built.driver.reads[reads]
        assert probing
        assert set(ids) == {"temp", "slow"}
        assert not built.driver.reads[reads + 1][2]


async def test_another_devices_serial_is_offline_and_named_once(autojump_clock: MockClock) -> None:
    wrong = DeviceMismatch("serial 99 answers, 4711 is configured", found=99)
    async with house(before=lambda driver: setattr(driver, "open_fault", wrong)) as built:
        await trio.sleep(600)
        assert built.statuses() == [DeviceStatus.CONNECTING, DeviceStatus.OFFLINE]
        assert len(built.events("device.mismatched")) == 1
        assert built.detector.of(PointsRead) == []


async def test_a_dead_panel_that_is_exchanged_for_another_is_named_as_another(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = LinkDown("refused", refused=True)
        await trio.sleep(200)
        assert built.statuses()[-1] is DeviceStatus.OFFLINE
        built.driver.fault = DeviceMismatch("serial 99 answers, 4711 is configured", found=99)
        await trio.sleep(300)
        (mismatched,) = built.events("device.mismatched")
        assert mismatched["found_serial"] == 99
        last = built.detector.of(DeviceStatusChanged)[-1]
        assert (last.status, last.reason) == (DeviceStatus.OFFLINE, "serial 99 answers, 4711 is configured")
        built.driver.fault = LinkDown("refused", refused=True)
        await trio.sleep(300)
        assert built.detector.of(DeviceStatusChanged)[-1].reason == "refused"
        assert len(built.events("device.offline")) == 2
        built.driver.fault = None
        await trio.sleep(100)
        assert built.statuses()[-1] is DeviceStatus.ONLINE


async def test_an_answer_that_makes_no_sense_is_a_missed_poll_not_a_crash(autojump_clock: MockClock) -> None:
    async with house(before=lambda driver: setattr(driver, "open_fault", BadResponse("12 bytes of noise"))) as built:
        await trio.sleep(30)
        assert built.statuses()[-1] is DeviceStatus.CONNECTING
        assert built.detector.of(PollMissed)[0].reason == "12 bytes of noise"


async def test_a_bug_in_the_driver_crashes_this_actor_only(autojump_clock: MockClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house() as built:
            await trio.sleep(15)
            built.driver.bug = ZeroDivisionError("a bug")
            await trio.sleep(15)
    assert built.registry.incarnation("device/ahu-1") is None
    assert built.driver.closed == 1


async def test_without_an_acknowledgement_the_device_announces_itself_again_and_goes_on(
    autojump_clock: MockClock,
) -> None:
    async with house(detector=Detector(acknowledges=False)) as built:
        await trio.sleep(35)
        kinds = [
            type(message).__name__ for message in built.detector.heard if not isinstance(message, DeviceStatusChanged)
        ]
        assert kinds == ["DeviceAnnounced"] * 2 + ["PointsRead"] + ["DeviceAnnounced", "PointsRead"] * 3


async def test_a_detector_that_does_not_know_the_device_is_told_again(autojump_clock: MockClock) -> None:
    async with house(detector=Detector(known=False)) as built:
        await trio.sleep(5)
        assert len(built.detector.of(DeviceAnnounced)) == 3


async def test_a_new_detector_incarnation_hears_the_announcement_before_the_next_readings(
    autojump_clock: MockClock,
) -> None:
    registry = Registry()
    config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES)
    driver, built_log = ScriptedDriver(), []
    actor = DeviceActor(
        config,
        lambda *_: driver,
        POINTS,
        ordinal=0,
        wall_ms=lambda: 0,
        log=lambda event, /, **keys: built_log.append(event.name),
        pace=Pace(),
        random=lambda: 0.5,
    )
    first, second = Detector(), Detector()
    async with running(actor, name="device/ahu-1", registry=registry):
        async with running(first, name="detector", registry=registry):
            await trio.sleep(15)
        async with running(second, name="detector", registry=registry):
            await trio.sleep(20)
            assert isinstance(second.heard[0], DeviceAnnounced)
            assert second.heard[0].complete
            assert len(second.of(DeviceAnnounced)) == 1
            assert len(second.of(PointsRead)) == 2


async def test_a_new_detector_incarnation_hears_that_the_device_is_offline(autojump_clock: MockClock) -> None:
    """The word that it went offline may have been lost with the old one, before it was stored."""
    registry, driver, first, second = Registry(), ScriptedDriver(), Detector(), Detector()
    config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES)
    actor = DeviceActor(
        config,
        lambda *_: driver,
        POINTS,
        ordinal=0,
        wall_ms=lambda: 0,
        log=silent,
        pace=Pace(),
        random=lambda: 0.5,
    )
    async with running(actor, name="device/ahu-1", registry=registry):
        async with running(first, name="detector", registry=registry):
            await trio.sleep(15)
        driver.fault = LinkDown("refused", refused=True)
        await trio.sleep(15)
        async with running(second, name="detector", registry=registry):
            await trio.sleep(300)
            announced, changed = second.heard[:2]
            assert isinstance(announced, DeviceAnnounced)
            assert isinstance(changed, DeviceStatusChanged)
            assert (changed.status, changed.reason) == (DeviceStatus.OFFLINE, "refused")
            assert len(second.of(DeviceStatusChanged)) == 1


async def test_a_disabled_device_is_announced_and_never_asked(autojump_clock: MockClock) -> None:
    config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES, enabled=False)
    async with house(config) as built:
        await trio.sleep(100)
        assert built.statuses() == [DeviceStatus.DISABLED]
        assert (built.driver.opened, built.driver.reads) == (0, [])


async def test_a_sync_of_a_disabled_device_is_answered_at_once(autojump_clock: MockClock) -> None:
    config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES, enabled=False)
    asker = Detector()
    async with house(config) as built, running(asker, name="sync/1", registry=built.registry):
        built.registry.send("device/ahu-1", SyncRequested(request_id=7, reply_to="sync/1"))
        await trio.sleep(1)
        (finished,) = asker.of(SyncFinished)
        assert "enabled = false" in finished.error
        assert built.driver.opened == 0


async def test_without_auto_start_nothing_is_polled_until_a_sync_is_asked_for(autojump_clock: MockClock) -> None:
    asker = Detector()
    async with house(auto_start=False) as built, running(asker, name="sync/1", registry=built.registry):
        await trio.sleep(100)
        assert built.driver.reads == []
        built.registry.send("device/ahu-1", SyncRequested(request_id=7, reply_to="sync/1"))
        await trio.sleep(1)
        assert asker.heard == [SyncFinished(request_id=7, device="ahu-1", points_ok=2, points_failed=0)]
        await trio.sleep(50)
        assert len(built.driver.reads) > 1


async def test_a_sync_of_a_dead_device_says_why_it_failed(autojump_clock: MockClock) -> None:
    asker = Detector()
    async with house(auto_start=False, before=lambda driver: setattr(driver, "fault", LinkDown("no route"))) as built:
        async with running(asker, name="sync/1", registry=built.registry):
            built.registry.send("device/ahu-1", SyncRequested(request_id=7, reply_to="sync/1"))
            await trio.sleep(5)
            (finished,) = asker.of(SyncFinished)
            assert finished.error == "no route"


async def test_points_that_changed_their_description_are_announced_before_their_readings(
    autojump_clock: MockClock,
) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.detector.heard.clear()
        renamed = (Point(point_id="temp", kind=Kind.INPUT, point_index=1, units="°F", rules=RULES), POINTS[1])
        built.driver.changed = renamed
        await trio.sleep(10)
        announced, read = built.detector.heard
        assert isinstance(announced, DeviceAnnounced)
        assert announced.points == renamed
        assert isinstance(read, PointsRead)


async def test_faulty_points_are_handed_over_as_they_are(autojump_clock: MockClock) -> None:
    async with house(auto_start=False) as built:
        asker = Detector()

        async def half(points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
            return (Reading("temp", 1.0), Reading("slow", None, Status.FAULT, "illegal address"))

        built.driver.read = half  # type: ignore[method-assign]
        async with running(asker, name="sync/1", registry=built.registry):
            built.registry.send("device/ahu-1", SyncRequested(request_id=1, reply_to="sync/1"))
            await trio.sleep(1)
            (finished,) = asker.of(SyncFinished)
            assert (finished.points_ok, finished.points_failed, finished.error) == (1, 1, "")


async def test_a_poll_may_take_long_as_long_as_answers_come_and_one_that_hangs_is_restarted(
    autojump_clock: MockClock,
) -> None:
    """A slow line with many units: an hour for one poll is slow, not dead. The watchdog's word counts from the last answer."""
    answers = 360

    class SlowLine(ScriptedDriver):
        alive: Callable[[], None]

        async def read(self, points: Sequence[Point], *, probing: bool = False) -> tuple[Reading, ...]:
            for _ in range(answers):
                await trio.sleep(10)
                self.alive()
            return await super().read(points, probing=probing)

    driver, registry = SlowLine(), Registry()

    def make_driver(_registry: Registry, alive: Callable[[], None]) -> SlowLine:
        driver.alive = alive
        return driver

    def make_actor() -> DeviceActor:
        config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES)
        return DeviceActor(
            config, make_driver, POINTS, ordinal=0, wall_ms=lambda: 0, log=silent, pace=Pace(), random=lambda: 0.5
        )

    supervisor = Supervisor(
        SupervisorSpec("root", (ChildSpec("device/ahu-1", make_actor, heartbeat_timeout_s=60.0),)), registry=registry
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await trio.sleep(4000)
        assert len(driver.reads) == 1
        assert registry.incarnation("device/ahu-1") == 1
        driver.takes_s = math.inf
        await trio.sleep(4000)
        assert registry.incarnation("device/ahu-1") == 2
        await supervisor.stop()


async def test_a_stop_lets_go_of_the_device_even_in_the_middle_of_a_poll(autojump_clock: MockClock) -> None:
    async with house(before=lambda driver: setattr(driver, "takes_s", 1000.0)) as built:
        await trio.sleep(5)
        assert built.driver.in_flight == 1
    assert built.driver.in_flight == 0
    assert built.driver.closed >= 1


class Learning(ScriptedDriver):
    """A device whose second point is known only after three pieces of work."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 3
        self.worked_at: list[float] = []
        self.work_fault: DriverError | None = None
        self.told: tuple[Beside, ...] = ()
        self.left_alone = 0
        self.work_takes_s = 0.01

    @property
    def is_complete(self) -> bool:
        return self.left == 0

    async def open(self) -> Opened:
        opened = await super().open()
        return opened if self.left == 0 else Opened(facts=opened.facts, points=POINTS[:1])

    async def work(self, *, hurry: bool = False) -> float | None:
        await trio.sleep(self.work_takes_s)
        self.worked_at.append(trio.current_time())
        if self.work_fault:
            raise self.work_fault
        if self.left == 0:
            return None
        self.left -= 1
        if self.left == 0:
            self.changed = POINTS
            self.told = (DeviceLearned(device="ahu-1", key="k", value=b"v"),)
            return None
        return 0.0 if hurry else 0.1

    def take_told(self) -> tuple[Beside, ...]:
        told, self.told = self.told, ()
        return told

    def notified(self, message: object) -> tuple[Reading, ...]:
        assert isinstance(message, str)
        return (Reading("temp", float(message)),)

    def keep_again(self) -> None:
        self.told = (DeviceLearned(device="ahu-1", key="k", value=b"again"),)

    async def leave(self, within_s: float) -> None:
        self.left_alone += 1


async def test_points_that_become_known_between_polls_are_announced_and_read_at_once(autojump_clock: MockClock) -> None:
    driver = Learning()
    async with house(driver=driver) as home:
        await trio.sleep(0.9)
        announced = home.detector.of(DeviceAnnounced)
        assert [(len(each.points), each.complete) for each in announced] == [(2, False), (1, False), (2, True)]
        assert [names for _, names, _ in driver.reads] == [("temp",), ("slow",)]
        assert home.detector.of(DeviceLearned) == [DeviceLearned(device="ahu-1", key="k", value=b"v")]


async def test_what_a_store_has_lost_is_told_again_with_the_next_poll(autojump_clock: MockClock) -> None:
    async with house(driver=Learning()) as home:
        await trio.sleep(5)
        home.registry.send("device/ahu-1", StoreRenewed(device="ahu-1"))
        await trio.sleep(10)
        assert [each.value for each in home.detector.of(DeviceLearned)] == [b"v", b"again"]


async def test_work_does_not_move_the_polls(autojump_clock: MockClock) -> None:
    driver = Learning()
    driver.left = 1000
    async with house(driver=driver) as home:
        await trio.sleep(55)
        times = [round(at, 3) for at, _, _ in driver.reads]
        assert len(driver.worked_at) > 400
        assert {round(after - before, 3) for before, after in pairwise(times)} == {10.0}
        assert home.events("poll.overrun") == []


async def test_work_that_fails_is_told_once_and_tried_again_while_polls_go_on(autojump_clock: MockClock) -> None:
    driver = Learning()
    driver.work_fault = RequestTimedOut("no answer")
    async with house(driver=driver) as home:
        await trio.sleep(100)
        assert 3 <= len(driver.worked_at) <= 5
        assert len(home.events("device.work_failed")) == 1
        assert len(driver.reads) >= 10
        assert home.statuses()[-1] is DeviceStatus.ONLINE


async def test_a_sync_waits_for_all_points_to_be_known(autojump_clock: MockClock) -> None:
    driver = Learning()
    finished: list[SyncFinished] = []

    class Asker(TrioActor):
        async def on_receive(self, message: object) -> None:
            assert isinstance(message, SyncFinished)
            finished.append(message)

    async with house(driver=driver, auto_start=False) as home, running(Asker(), name="asker", registry=home.registry):
        home.registry.send("device/ahu-1", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(0.5)
        assert [(each.points_ok, each.points_failed, each.error) for each in finished] == [(2, 0, "")]


async def test_what_the_device_tells_itself_is_handed_over_and_the_latest_waits_for_the_detector(
    autojump_clock: MockClock,
) -> None:
    driver = Learning()
    driver.left = 0
    detector = Detector(acknowledges=False)
    async with house(driver=driver, detector=detector) as home:
        await trio.sleep(0.1)
        (first,) = detector.of(PointsRead)
        for value in ("1", "2", "3"):
            home.registry.send("device/ahu-1", value)
        await trio.sleep(0.1)
        assert detector.of(PointsRead) == [first], "one is unacknowledged at a time"
        taken = ReadingsTaken(device="ahu-1", poll_no=first.poll_no, incarnation=1)
        home.registry.send("device/ahu-1", taken)
        await trio.sleep(0.1)
        assert [each.readings for each in detector.of(PointsRead)[1:]] == [(Reading("temp", 3.0),)]


async def test_what_the_device_tells_itself_and_waits_carries_the_time_at_which_it_was_told(
    autojump_clock: MockClock,
) -> None:
    driver = Learning()
    driver.left = 0
    detector = Detector(acknowledges=False)
    async with house(driver=driver, detector=detector) as home:
        await trio.sleep(0.1)
        (first,) = detector.of(PointsRead)
        home.registry.send("device/ahu-1", "1")
        await trio.sleep(0.25)
        home.registry.send("device/ahu-1", ReadingsTaken(device="ahu-1", poll_no=first.poll_no, incarnation=1))
        await trio.sleep(0.1)
        (told,) = detector.of(PointsRead)[1:]
        assert (told.readings, told.ages) == ((Reading("temp", 1.0),), ((1, 250),))


async def test_a_poll_that_took_long_is_handed_over_with_the_times_at_which_its_answers_came(
    autojump_clock: MockClock,
) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.came_ago = {"slow": 7.5}
        await trio.sleep(20)
        (both,) = [read for read in built.detector.of(PointsRead) if read.ages]
        assert [each.point_id for each in both.readings] == ["slow", "temp"]
        assert both.ages == ((1, 7_500),)


async def test_the_device_is_left_before_it_is_let_go(autojump_clock: MockClock) -> None:
    driver = Learning()
    async with house(driver=driver):
        await trio.sleep(0.1)
    assert (driver.left_alone, driver.closed) == (1, 1)


async def test_a_silent_device_is_not_believed_when_it_tells_something_but_asked_at_once(
    autojump_clock: MockClock,
) -> None:
    driver = Learning()
    driver.left = 0
    async with house(driver=driver) as home:
        await trio.sleep(0.1)
        driver.fault = RequestTimedOut("no answer")
        await trio.sleep(600)
        assert home.statuses()[-1] is DeviceStatus.OFFLINE
        before = len(home.detector.of(PointsRead)), driver.opened
        home.registry.send("device/ahu-1", "7")
        await trio.sleep(0.1)
        assert len(home.detector.of(PointsRead)) == before[0], "one word is no answer"
        assert driver.opened == before[1] + 1, "but it is worth a question"
        driver.fault = None
        home.registry.send("device/ahu-1", "7")
        await trio.sleep(0.1)
        assert home.statuses()[-1] is DeviceStatus.ONLINE


async def test_a_poll_whose_turn_never_came_is_missed_and_says_nothing_of_the_device(autojump_clock: MockClock) -> None:
    async with house() as home:
        await trio.sleep(15)
        opened = home.driver.opened
        home.driver.fault = NotSent("64 requests wait already")
        await trio.sleep(30)
        assert {missed.reason for missed in home.detector.of(PollMissed)} == {"64 requests wait already"}
        assert (home.driver.closed, home.statuses()[-1]) == (0, DeviceStatus.ONLINE)
        home.driver.fault = None
        await trio.sleep(15)
        assert home.driver.opened == opened, "it is the same device still"
        assert home.events("device.backing_off") == []
