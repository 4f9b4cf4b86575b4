"""One real InstallationActor on a mock clock, between a scripted door and a recording detector."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, TypeVar

import msgspec
import pytest
import trio
from trio.testing import MockClock

from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.pace import Pace
from t3actors.collect.t3000.document import split
from t3actors.collect.t3000.door import Answer, Memory, answer
from t3actors.collect.t3000.installation import InstallationActor
from t3actors.collect.t3000.known_panels import ASKED_EVERY_CYCLES, KEY, NOT_THERE
from t3actors.collect.t3000.trend_log_round import APART_S, FIRST_AFTER_S
from t3actors.config import DeviceConfig
from t3actors.cycles import CycleEnded, CycleStored
from t3actors.errors import LinkDown, NotReady, RequestRefused, RequestTimedOut
from t3actors.events import LogEvent
from t3actors.messages import (
    DeviceAnnounced,
    DeviceLearned,
    DeviceStatusChanged,
    GatewayPaused,
    ObjectsRead,
    PointsRead,
    PollMissed,
    ReadingsTaken,
    StoreRenewed,
    SyncFinished,
    SyncRequested,
)
from t3actors.pauses import Pauses
from t3actors.points import DeviceStatus, Rules, Status
from t3actors.questions import InsightRequested, LearnedRequested
from tests.collect.test_afresh import Machine
from tests.system.t3000_answers import real, real_panel
from tests.waiting import until

M = TypeVar("M")
START_MS = 1_795_000_000_000
PACKED_INPUT = (
    b"Supply".ljust(21, b"\0")
    + b"SAT".ljust(9, b"\0")
    + (21500).to_bytes(4, "little")
    + bytes(6)
    + b"\x01"
    + bytes(4)
    + b"\x03"
)


class ScriptedDoor:
    """Answers as the test says: `reply` gives the text of an answer, or the error to raise; `takes_s` how long it needs."""

    def __init__(self) -> None:
        self.has_memory = False
        self.reply: Callable[[int, dict[str, Any]], str | Exception] = lambda *_: real(panel(1))
        self.takes_s = 0.1
        self.calls: list[tuple[float, int, dict[str, Any]]] = []
        self.asked_trend_logs: list[tuple[float, int]] = []
        self.closed = 0
        self.memory = Memory(PACKED_INPUT, b"", None)

    async def open(self) -> None:
        await trio.lowlevel.checkpoint()

    async def call(self, action: int, request: dict[str, object]) -> Answer:
        self.calls.append((trio.current_time(), action, request))
        await trio.sleep(self.takes_s)
        said = self.reply(action, request)
        if isinstance(said, Exception):
            raise said
        body = memoryview(said.encode())
        return answer(body, split(body), self.takes_s)

    async def read_memory(self) -> Memory:
        await trio.lowlevel.checkpoint()
        return self.memory

    async def trend_logs(
        self, panel_id: int, *, serial_number: int | None = None, object_instance: int | None = None
    ) -> Answer | None:
        self.asked_trend_logs.append((trio.current_time(), panel_id))
        await trio.lowlevel.checkpoint()
        said = {
            "panel_id": panel_id,
            "trendlogs": [{"id": "MON1", "label": "Temps", "interval_seconds": 60, "status": "ON"}],
        }
        body = memoryview(json.dumps(said).encode())
        return answer(body, split(body), 0.0)

    async def close(self) -> None:
        self.closed += 1


class Detector(TrioActor):
    """Records, acknowledges, and has the writer store every cycle at once."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []
        self.stores = True

    async def on_receive(self, message: object) -> None:
        self.heard.append(message)
        if isinstance(message, PointsRead):
            taken = ReadingsTaken(device=message.device, poll_no=message.poll_no, incarnation=self.incarnation)
            self.send(f"device/{message.device}", taken)
        if isinstance(message, CycleEnded) and self.stores:
            self.send("device/plant", CycleStored(device="plant", group=message.group, panels=()))

    def of(self, kind: type[M], device: str = "") -> list[M]:
        return [each for each in self.heard if isinstance(each, kind) and device in ("", each.device)]


class Writer(TrioActor):
    """Knows which panels there were."""

    def __init__(self, learned: dict[str, bytes], silent_s: float) -> None:
        super().__init__()
        self.learned = learned
        self._silent_s = silent_s

    async def on_receive(self, message: object) -> object:
        await trio.sleep_until(max(trio.current_time(), self._silent_s))
        return self.learned if isinstance(message, LearnedRequested) else None


class Asker(TrioActor):
    def __init__(self) -> None:
        super().__init__()
        self.finished: list[SyncFinished] = []

    async def on_receive(self, message: object) -> None:
        if isinstance(message, SyncFinished):
            self.finished.append(message)


class Site:
    """What a test looks at."""

    def __init__(self, door: ScriptedDoor, detector: Detector, registry: Registry) -> None:
        self.door, self.detector, self.registry = door, detector, registry
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.asker = Asker()

    def log(self, event: LogEvent, /, **keys: Any) -> None:
        assert set(keys) <= set(event.keys), f"{event.name} logs keys that the catalogue does not name: {keys}"
        self.logged.append((event.name, keys))

    def events(self, name: str) -> list[dict[str, Any]]:
        return [keys for event, keys in self.logged if event == name]

    def began(self) -> list[float]:
        return [round(at, 3) for at, action, _ in self.door.calls if action in (4, 15)]


def panel(number: int, at_s: float | None = None) -> dict[str, Any]:
    at_s = START_MS / 1000 + trio.current_time() if at_s is None else at_s
    return real_panel(1000 + number, number, at_s=int(at_s), counts=(2, 1, 1))


@asynccontextmanager
async def site(
    *,
    door: ScriptedDoor | None = None,
    learned: dict[str, bytes] | None = None,
    address: str = "ffi:/t3000.so",
    spoken_for: tuple[int, ...] = (),
    silent_writer_s: float = 0.0,
    pauses: Pauses | None = None,
    **changes: Any,
) -> AsyncIterator[Site]:
    door, detector, registry = door or ScriptedDoor(), Detector(), Registry()
    built = Site(door, detector, registry)
    for serial in spoken_for:
        registry.speak_for("device/plant", f"device/plant:{serial}")
    fields = {
        "rules": Rules(poll_interval_s=30.0, trend="always"),
        "timeout_s": 30.0,
        "retries": 3,
        "panel_pause_s": 0.0,
        **changes,
    }
    config = DeviceConfig(name="plant", protocol="t3000", address=address, **fields)
    actor = InstallationActor(
        config,
        lambda *_: door,
        ordinal=0,
        wall_ms=lambda: START_MS + round(1000 * trio.current_time()),
        log=built.log,
        pace=Pace(),
        random=lambda: 0.5,
        pauses=pauses,
    )
    async with (
        running(Writer(learned or {}, silent_writer_s), name="writer", registry=registry),
        running(detector, name="detector", registry=registry),
        running(built.asker, name="asker", registry=registry),
        running(actor, name="device/plant", registry=registry),
    ):
        yield built


async def test_the_first_cycle_is_made_at_once_and_then_one_every_interval(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(100)
        assert at.began() == [0.0, 30.0, 60.0, 90.0]
        assert len(at.events("cycle.ended")) == 4


async def test_a_cycle_that_overruns_is_alone_and_skips_what_it_ran_over(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.takes_s = 40.0
    async with site(door=door) as at:
        await trio.sleep(300)
        assert all(later - earlier >= 40.0 for earlier, later in pairwise(at.began()))
        assert len(at.began()) == 5


async def test_a_panel_is_announced_before_its_readings_and_its_answer_is_one_group(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1), panel(2))
    async with site(door=door) as at:
        await trio.sleep(5)
        mine = [
            message for message in at.detector.heard if message.device != "plant" or isinstance(message, CycleEnded)
        ]
        first_read = next(place for place, message in enumerate(mine) if isinstance(message, PointsRead))
        assert any(isinstance(message, DeviceAnnounced) and message.complete for message in mine[:first_read])
        groups = {read.group for read in at.detector.of(PointsRead) if read.device != "plant"}
        (ended,) = at.detector.of(CycleEnded)
        assert groups == {ended.group}
        assert ended.panels == ("plant:1001", "plant:1002")
        assert mine.index(ended) > max(mine.index(read) for read in mine if isinstance(read, PointsRead))
        assert {read.part for read in at.detector.of(PointsRead, "plant:1001")} == {"inputs", "outputs", "variables"}


async def test_every_call_of_a_cycle_uses_the_same_kind_of_answer_time_for_its_samples(
    autojump_clock: MockClock,
) -> None:
    door = ScriptedDoor()
    stands_s = START_MS // 1000 - 7
    door.reply = lambda *_: real(panel(1, stands_s))
    async with site(door=door) as at:
        await trio.sleep(40)
        first, second = (
            read.sampled_at_ms for read in at.detector.of(PointsRead, "plant:1001") if read.part == "inputs"
        )
        assert first == stands_s * 1000
        assert second == START_MS + 30_100, "a time that has not moved gives the cycle's own"


async def test_silence_is_stale_to_the_detector_and_offline_after_down_after_cycles(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(10)
        at.door.reply = lambda *_: RequestTimedOut("no answer within 30 s")
        await trio.sleep(600)
        for device in ("plant", "plant:1001"):
            words = [changed.status for changed in at.detector.of(DeviceStatusChanged, device)]
            assert words == [
                DeviceStatus.CONNECTING,
                DeviceStatus.ONLINE,
                DeviceStatus.CONNECTING,
                DeviceStatus.OFFLINE,
            ]
        assert at.detector.of(PollMissed, "plant:1001")
        assert len(at.events("cycle.failed")) == 1
        at.door.reply = lambda *_: real(panel(1))
        await trio.sleep(100)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.ONLINE
        assert len(at.events("cycle.recovered")) == 1


async def test_a_panel_that_t3000_reads_no_more_goes_offline_as_a_silent_device_does_and_says_so_once(
    autojump_clock: MockClock,
) -> None:
    door = ScriptedDoor()
    stands_s = START_MS // 1000
    door.reply = lambda *_: real(panel(1, stands_s), panel(2))
    async with site(door=door) as at:
        await trio.sleep(85)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.ONLINE
        await trio.sleep(30)  # its time has stood still for `stale_after` cycles
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.CONNECTING
        await trio.sleep(70)  # and for `down_after`
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.OFFLINE
        await trio.sleep(600)
        words = [changed.status for changed in at.detector.of(DeviceStatusChanged, "plant:1001")]
        assert words == [
            DeviceStatus.CONNECTING,
            DeviceStatus.ONLINE,
            DeviceStatus.CONNECTING,
            DeviceStatus.OFFLINE,
        ]
        (offline,) = at.events("device.offline")
        assert offline["reason"] == f"T3000 has not read this panel since {stands_s} (Unix seconds, its own clock)"
        assert offline["last_ok_at"] == START_MS + 60_100, "when it was last believed"
        hearsay = [read for read in at.detector.of(PointsRead, "plant:1001") if read.is_hearsay]
        assert sorted(read.part for read in hearsay) == ["inputs", "outputs", "variables"], "told once"
        assert {reading.status for read in hearsay for reading in read.readings} == {Status.STALE}
        assert not any(read.is_hearsay for read in at.detector.of(PointsRead, "plant:1002"))
        assert [(keys["panels"], keys["panels_silent"]) for keys in at.events("cycle.ended")[2:4]] == [(2, 0), (1, 1)]
        door.reply = lambda *_: real(panel(1), panel(2))
        await trio.sleep(31)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.ONLINE
        assert not at.detector.of(PointsRead, "plant:1001")[-1].is_hearsay


async def test_a_panel_that_t3000_has_not_read_yet_is_awaited_for_down_after_cycles(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1, 0))
    async with site(door=door) as at:
        await trio.sleep(125)
        assert [each.status for each in at.detector.of(DeviceStatusChanged, "plant:1001")] == [DeviceStatus.CONNECTING]
        first = at.detector.of(PointsRead, "plant:1001")[0]
        assert {(reading.status, reading.reason) for reading in first.readings} == {
            (Status.UNKNOWN, "T3000 has not read this panel yet")
        }
        await trio.sleep(30)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.OFFLINE
        assert len(at.events("device.offline")) == 1


async def test_a_sync_of_a_panel_that_t3000_reads_no_more_says_why(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1, START_MS // 1000 - 3600))
    async with site(door=door) as at:
        await trio.sleep(5)
        at.registry.send("device/plant", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(5)
        (finished,) = at.asker.finished
        assert (finished.points_ok, finished.points_failed) == (0, 4)
        assert finished.error.startswith("plant:1001: T3000 has not read this panel since")


async def test_a_refused_connection_is_offline_at_once_for_all_panels(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(10)
        at.door.reply = lambda *_: LinkDown("127.0.0.1:9103: connection refused", refused=True)
        await trio.sleep(31)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.OFFLINE


async def test_a_t3000_that_stays_silent_is_tried_within_its_interval_for_ever(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: NotReady("T3000 is still starting")
    async with site(door=door) as at:
        await trio.sleep(3600)
        assert 100 <= len(at.began()) <= 160
        assert len(at.logged) < 400, "debug lines of cycles, and nothing repeated beside them"
        assert len(at.events("cycle.failed")) == 1


async def test_one_panel_that_leaves_the_answer_costs_the_others_nothing(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1), panel(2))
    async with site(door=door) as at:
        await trio.sleep(10)
        door.reply = lambda *_: real(panel(2))
        await trio.sleep(300)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.OFFLINE
        assert at.detector.of(DeviceStatusChanged, "plant:1002")[-1].status is DeviceStatus.ONLINE
        assert len([read for read in at.detector.of(PointsRead, "plant:1002") if read.part == "inputs"]) == 11


def lists(silent: set[int]) -> Callable[[int, dict[str, Any]], str | Exception]:
    """A T3000 with three panels that are asked one by one; who is silent gives nothing, as C++ does."""

    def reply(action: int, request: dict[str, Any]) -> str | Exception:
        if action == 4:
            listed = [
                {
                    "panel_number": n,
                    "object_instance": n,
                    "serial_number": 1000 + n,
                    "online_time": 1,
                    "pid": 74,
                    "panel_name": f"P{n}",
                }
                for n in (1, 2, 3)
            ]
            return json.dumps({"action": "GET_PANELS_LIST_RES", "data": listed})
        number = request["panelId"]
        kind = {0: "OUTPUT", 1: "INPUT", 2: "VARIABLE"}[request["entryType"]]
        points = [] if number in silent else [point for point in panel(number)["device_data"] if point["type"] == kind]
        echoed = {
            name: request[name] for name in ("panelId", "serialNumber", "entryType", "entryIndexStart", "entryIndexEnd")
        }
        return json.dumps({"data": {**echoed, "objectinstance": number, "device_data": points}})

    return reply


async def test_over_http_panels_are_asked_one_by_one_with_a_pause_and_each_is_a_group(
    autojump_clock: MockClock,
) -> None:
    door = ScriptedDoor()
    door.reply = lists(set())
    async with site(
        door=door, address="http://10.0.0.9:9103", panel_pause_s=2.0, rules=Rules(poll_interval_s=900.0)
    ) as at:
        await trio.sleep(60)
        asked = [(round(when, 1), request["panelId"]) for when, action, request in door.calls if action == 17]
        assert asked == [(0.1, 1), (0.2, 1), (0.3, 1), (2.4, 2), (2.5, 2), (2.6, 2), (4.7, 3), (4.8, 3), (4.9, 3)]
        assert [ended.panels for ended in at.detector.of(CycleEnded)] == [
            ("plant:1001",),
            ("plant:1002",),
            ("plant:1003",),
        ]
        assert {request["entryIndexEnd"] for _, action, request in door.calls if action == 17} == {63, 127}


async def test_a_dead_panel_is_asked_for_one_list_and_more_rarely_and_the_others_go_on(
    autojump_clock: MockClock,
) -> None:
    door = ScriptedDoor()
    door.reply = lists({2})
    async with site(door=door, address="http://10.0.0.9:9103") as at:
        await trio.sleep(30.0 * 20 + 5)
        asked = [request["panelId"] for _, action, request in door.calls if action == 17]
        assert asked.count(1) == asked.count(3) == 3 * 21
        assert asked.count(2) == ASKED_EVERY_CYCLES + 20 // ASKED_EVERY_CYCLES
        gone = at.detector.of(DeviceStatusChanged, "plant:1002")[-1]
        assert (gone.status, gone.reason) == (DeviceStatus.OFFLINE, "10.0.0.9:9103: T3000 read none of its points")
        door.reply = lists(set())
        await trio.sleep(30.0 * 5)
        assert at.detector.of(PointsRead, "plant:1002")


async def test_whatever_is_wrong_with_an_answer_over_http_names_the_address(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: '{"data": 5}'
    async with site(door=door, address="http://10.0.0.9:9103") as at:
        await trio.sleep(5)
        assert [str(line["reason"]).partition(": ")[0] for line in at.events("cycle.failed")] == ["10.0.0.9:9103"]


async def test_a_known_panel_that_died_is_asked_every_fourth_cycle(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lists(set())
    async with site(door=door, address="http://10.0.0.9:9103") as at:
        await trio.sleep(5)
        door.reply = lists({2})
        before = len(door.calls)
        await trio.sleep(30.0 * 40)
        asked = [request["panelId"] for _, action, request in door.calls[before:] if action == 17]
        assert asked.count(2) <= ASKED_EVERY_CYCLES + 40 // ASKED_EVERY_CYCLES + 1
        assert at.detector.of(DeviceStatusChanged, "plant:1002")[-1].status is DeviceStatus.OFFLINE
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.ONLINE


async def test_a_panel_that_is_polled_directly_is_left_out_in_either_way_of_asking_and_after_a_restart(
    autojump_clock: MockClock,
) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1), panel(2))
    kept = {KEY: msgspec.msgpack.encode([1001, 1002])}
    async with site(door=door, leave_out=(1001,), learned=kept) as at:
        await trio.sleep(40)
        assert at.detector.of(DeviceAnnounced, "plant:1001") == []
        assert at.detector.of(PointsRead, "plant:1002")
        (skipped,) = at.events("panel.skipped")
        assert "leave_out" in skipped["reason"]
    door = ScriptedDoor()
    door.reply = lists(set())
    async with site(door=door, address="http://10.0.0.9:9103", leave_out=(1001,)) as at:
        await trio.sleep(40)
        assert 1 not in {request["panelId"] for _, action, request in door.calls if action == 17}


async def test_trend_logs_are_read_once_slowly_after_the_start(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: real(panel(1), panel(2))
    async with site(door=door) as at:
        await trio.sleep(200)
        (first, one), (second, two) = door.asked_trend_logs
        assert (one, two) == (1, 2)
        assert first >= FIRST_AFTER_S
        assert round(second - first, 3) == APART_S
        (rows,) = at.detector.of(ObjectsRead, "plant:1001")
        assert (rows.table, rows.rows[0].index, rows.rows[0].ffi_synced) == ("TRENDLOGS", 1, 1)  # type: ignore[union-attr]


async def test_the_panels_of_an_earlier_life_are_devices_before_t3000_answers(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.reply = lambda *_: RequestTimedOut("no answer within 30 s")
    async with site(door=door, learned={KEY: msgspec.msgpack.encode([1001])}) as at:
        await trio.sleep(5)
        (announced, *_) = at.detector.of(DeviceAnnounced, "plant:1001")
        assert (announced.complete, announced.points, announced.facts.serial_number) == (False, (), 1001)
        assert at.detector.of(PollMissed, "plant:1001")


async def test_which_panels_there_are_is_kept_once(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(100)
        (kept,) = at.detector.of(DeviceLearned)
        assert (kept.device, kept.key) == ("plant", KEY)
        assert msgspec.msgpack.decode(kept.value or b"") == [1001]


async def test_which_panels_there_are_is_kept_again_in_a_database_that_was_begun_anew(
    autojump_clock: MockClock,
) -> None:
    learned = {KEY: msgspec.msgpack.encode([1001])}
    async with site(learned=learned) as at:
        await trio.sleep(40)
        assert at.detector.of(DeviceLearned) == [], "the old one had it"
        for device in ("plant", "plant:1001"):  # all devices are told
            at.registry.send(f"device/{device}", StoreRenewed(device=device))
        await trio.sleep(1)
        (kept,) = at.detector.of(DeviceLearned)
        assert msgspec.msgpack.decode(kept.value or b"") == [1001]


async def test_words_of_another_version_about_panels_are_as_if_never_kept(autojump_clock: MockClock) -> None:
    async with site(learned={KEY: b"\xc1"}) as at:
        await trio.sleep(5)
        assert at.detector.of(PointsRead, "plant:1001")


async def test_a_sync_waits_for_the_writer_and_says_when_it_has_not_stored(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(5)
        at.registry.send("device/plant:1001", SyncRequested(request_id=3, reply_to="asker"))
        await trio.sleep(5)
        (finished,) = at.asker.finished
        assert (finished.request_id, finished.points_ok, finished.points_failed, finished.error) == (3, 4, 0, "")
        assert at.detector.of(CycleEnded)[-1].requested
        at.detector.stores = False
        at.registry.send("device/plant", SyncRequested(request_id=4, reply_to="asker"))
        await trio.sleep(60)
        assert "had not stored" in at.asker.finished[-1].error


async def test_a_sync_of_a_t3000_that_refuses_says_why(autojump_clock: MockClock) -> None:
    async with site(method="logging_data") as at:
        await trio.sleep(5)
        at.door.reply = lambda *_: RequestRefused("returned empty response", code=0)
        at.registry.send("device/plant", SyncRequested(request_id=1, reply_to="asker"))
        await trio.sleep(5)
        assert at.asker.finished[0].error == "returned empty response"


async def test_a_memory_is_one_panel_under_the_installations_own_name(autojump_clock: MockClock) -> None:
    door = ScriptedDoor()
    door.has_memory = True
    async with site(door=door) as at:
        await trio.sleep(40)
        assert door.calls == []
        read = at.detector.of(PointsRead, "plant")[0]
        assert [(reading.point_id, reading.value, reading.status) for reading in read.readings] == [
            ("IN1", 21.5, Status.OK)
        ]
        assert {message.device for message in at.detector.heard} == {"plant"}
        assert at.detector.of(CycleEnded)[0].panels == ("plant",)
        words = [changed.status for changed in at.detector.of(DeviceStatusChanged, "plant")]
        assert words[-1] is DeviceStatus.ONLINE


async def test_who_asks_how_a_panel_stands_is_told_of_that_panel(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(35)
        at.door.reply = lambda *_: real()
        await trio.sleep(60)
        plant, lost = [
            await at.registry.ask(f"device/{name}", InsightRequested(device=name), 1.0)
            for name in ("plant", "plant:1001")
        ]
        assert (plant.state, lost.state) == ("online", "backing off")
        assert lost.polls[-1].error == NOT_THERE
        assert lost.polls[0].points == 4
        assert plant.next_try_s is not None


async def test_a_disabled_installation_asks_nothing(autojump_clock: MockClock) -> None:
    async with site(enabled=False) as at:
        await trio.sleep(100)
        assert at.door.calls == []
        assert at.detector.of(DeviceStatusChanged, "plant")[-1].status is DeviceStatus.DISABLED


async def test_a_disabled_installation_disables_the_panels_of_its_former_life_whatever_the_store_knows_of_them(
    autojump_clock: MockClock,
) -> None:
    async with site(enabled=False, spoken_for=(1001,)) as at:
        await trio.sleep(5)
        assert at.detector.of(DeviceAnnounced, "plant:1001")[-1].enabled is False
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.DISABLED


async def test_a_disabled_installation_asks_for_its_panels_until_the_store_says_them(autojump_clock: MockClock) -> None:
    async with site(enabled=False, learned={KEY: msgspec.msgpack.encode([1001])}, silent_writer_s=100.0) as at:
        await trio.sleep(90)
        assert at.detector.of(DeviceAnnounced, "plant:1001") == []
        await trio.sleep(60)
        assert at.detector.of(DeviceStatusChanged, "plant:1001")[-1].status is DeviceStatus.DISABLED


async def test_a_stop_lets_go_of_t3000(autojump_clock: MockClock) -> None:
    async with site() as at:
        await trio.sleep(5)
    assert at.door.closed == 1


@pytest.mark.parametrize("asleep", [False, True])
async def test_a_time_in_which_the_gateway_itself_stood_still_is_no_silence_of_a_panel_and_the_cycle_is_made_anew(
    autojump_clock: MockClock, asleep: bool
) -> None:
    """The panel was asked before it, and is answered behind it: by what it was then."""
    machine = Machine(autojump_clock)
    async with trio.open_nursery() as nursery, site(pauses=machine.pauses) as at:
        nursery.start_soon(machine.pauses.keep_looking)
        await trio.sleep(45)
        at.door.takes_s = 2.0
        await until(lambda: len(at.began()) == 3, within_s=100.0)
        before = len(at.detector.of(PointsRead, "plant:1001"))
        machine.pause(6 * 3600.0, asleep=asleep)
        resumed_s = trio.current_time()
        machine.pauses.look()
        at.registry.send("device/plant", GatewayPaused(device="plant:1001"))
        await trio.sleep(30)
        read = at.detector.of(PointsRead, "plant:1001")[before:]
        assert read
        assert all(each.came_at_ms - START_MS >= 1000 * (resumed_s + 2.0) for each in read), "asked for anew"
        assert at.began()[3] - resumed_s < 10
        assert at.detector.of(PollMissed) == []
        assert at.events("cycle.failed") == []
        assert DeviceStatus.OFFLINE not in {each.status for each in at.detector.of(DeviceStatusChanged)}
        assert read[-1].counts.achieved_interval_s < 60
        nursery.cancel_scope.cancel()


async def test_what_a_t3000_has_of_before_the_pause_is_not_taken_for_fresh(autojump_clock: MockClock) -> None:
    machine = Machine(autojump_clock)
    async with trio.open_nursery() as nursery, site(pauses=machine.pauses) as at:
        nursery.start_soon(machine.pauses.keep_looking)
        await trio.sleep(45)
        old = real(panel(1))
        at.door.reply = lambda *_: old
        machine.pause(6 * 3600.0, asleep=False)
        await trio.sleep(25)
        last = at.detector.of(PointsRead, "plant:1001")[-1]
        assert {reading.status for reading in last.readings} == {Status.STALE}
        nursery.cancel_scope.cancel()
