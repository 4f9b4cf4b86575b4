"""T23: a clock that begins in 1970 or at the last shutdown, steps, is trusted late, or sleeps: no sample is lost, twice or out of order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from t3actors.messages import ClockStep, EventHappened
from t3actors.store.history import restamping
from t3actors.store.history.governor import used_bytes
from t3actors.store.reader import open_reader
from t3actors.store.store import Store
from tests.store.building import T0_MS, House, announced, change

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
STAMPS = "SELECT value, sampled_at, clock_trusted FROM TRENDLOG_ALL ORDER BY value"


class Box(House):
    """A machine: what it was switched on for, what its wall clock says, whether the kernel knows that to be right."""

    def __init__(self, folder: Path, wall_ms: int, *, trusted: bool = False, **config: object) -> None:
        self.up_ms = 60_000
        self.ahead_ms = wall_ms - self.up_ms
        self.trusted = trusted
        self.number = 0
        super().__init__(folder, **({"recent_s": 2 * 86_400.0} | config))  # type: ignore[arg-type]

    @property
    def now_ms(self) -> int:
        return self.up_ms + self.ahead_ms

    @now_ms.setter
    def now_ms(self, _value: int) -> None:
        """The house sets a time of its own at first."""

    def machine_ms(self) -> int:
        return self.up_ms

    def is_trusted(self) -> bool:
        return self.trusted

    def new_store(self) -> Store:
        return Store(
            self.config,
            "test",
            "1.0",
            self.boot_id,
            self.log,
            lambda: self.now_ms,
            lambda _path: self.free,
            kernel=self,
        )

    def run(self, minutes: int) -> None:
        """A sample each minute, numbered on."""
        for _ in range(minutes):
            self.up_ms += 60_000
            self.put(change(self.number, at_ms=self.now_ms))
            self.number += 1

    def set_clock(self, wall_ms: int, *, trusted: bool) -> None:
        self.ahead_ms = wall_ms - self.up_ms
        self.trusted = trusted

    def stamps(self) -> list[tuple[object, ...]]:
        return self.rows(STAMPS)

    def read(self) -> list[tuple[object, ...]]:
        with open_reader(self.path) as reader:
            rows = reader.history("ahu-1", "IN1", limit=10_000)
        return sorted((row.value, row.sampled_at, int(row.clock_trusted)) for row in rows)  # type: ignore[type-var]


@pytest.fixture(params=["1970", "the last shutdown", "a month ahead", "an hour ahead"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    """A box that lived through three hours yesterday, and is switched on again with a clock that is wrong."""
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(200)
    box.tidy()
    box.store.close()
    box.boot_id = "second"
    wrong = {
        "1970": 5000,
        "the last shutdown": box.now_ms,
        "a month ahead": T0_MS + 31 * DAY_MS,
        "an hour ahead": T0_MS + DAY_MS + HOUR_MS,
    }
    box.up_ms = 10_000
    box.set_clock(wrong[request.param], trusted=False)
    box.store = box.new_store()
    box.opened().put(announced())
    yield box
    box.store.abandon_connection()


def test_what_was_stamped_wrong_is_stamped_anew_once_the_clock_is_right(box: Box) -> None:
    before = box.stamps()
    began_up_ms = box.up_ms
    box.run(130)
    box.tidy()
    assert [value for value, *_ in box.stamps()] == list(range(330))
    assert {trusted for *_, trusted in box.stamps()[200:]} == {0}
    box.up_ms += 1000
    box.set_clock(T0_MS + DAY_MS + 130 * 60_000 + 1000, trusted=True)
    box.run(10)
    box.tidy()
    found = box.stamps()
    assert found[:200] == before
    shift = T0_MS + DAY_MS - began_up_ms
    assert found[200:330] == [(200 + n, began_up_ms + (n + 1) * 60_000 + shift, 1) for n in range(130)]
    assert [trusted for *_, trusted in found[330:]] == [1] * 10
    assert [at_ms for _, at_ms, _ in found] == sorted(at_ms for _, at_ms, _ in found)  # type: ignore[type-var]
    assert box.read() == found
    assert len(box.logged("clock.stepped")) == len(box.logged("clock.trusted")) == len(box.logged("clock.settled")) == 1
    assert box.rows(
        "SELECT count(*) FROM sample_seconds WHERE logging_time NOT IN (SELECT logging_time FROM samples)"
    ) == [(0,)]
    (started,) = box.rows("SELECT at FROM EVENTS WHERE event = 'gateway.started' ORDER BY id DESC LIMIT 1")
    assert started == (T0_MS + DAY_MS,)
    box.tidy()
    assert box.stamps() == found  # once


def test_it_goes_on_where_it_was_when_it_is_killed_in_the_middle(box: Box) -> None:
    box.run(130)
    box.set_clock(T0_MS + DAY_MS + 130 * 60_000, trusted=True)
    box.run(1)
    box.tidying._look_again_s = 0.0
    box.tidying.step()
    box.store.abandon_connection()
    box.store = box.new_store()
    box.opened().put(announced())
    box.run(1)
    box.tidy()
    found = box.stamps()
    assert [value for value, *_ in found] == list(range(332))
    assert {trusted for *_, trusted in found} == {1}
    times = [at_ms for _, at_ms, _ in found]
    assert times == sorted(times)  # type: ignore[type-var]
    assert all(at_ms >= T0_MS + DAY_MS for at_ms in times[200:])  # type: ignore[operator]


def test_a_clock_nobody_vouches_for_is_marked_and_after_a_day_packed_all_the_same(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS)
    box.opened().put(announced())
    box.run(200)
    box.tidy()
    assert box.one("SELECT count(*) FROM parts") == 0
    box.up_ms += DAY_MS
    box.run(1)
    box.tidy()
    assert box.one("SELECT count(*) FROM parts") != 0
    assert {trusted for *_, trusted in box.stamps()} == {0}
    assert box.read() == box.stamps()


def test_history_of_a_doubtful_clock_is_packed_before_its_day_is_over_where_it_would_stop_for_the_budget_else(
    tmp_path: Path,
) -> None:
    empty = Box(tmp_path / "empty", T0_MS)
    empty.opened().put(announced())
    used = used_bytes(empty.tidying.desk.connection)
    box = Box(tmp_path / "full", T0_MS, budget_bytes=round(used / 0.95) + 100_000)
    box.opened().put(announced())
    stored = 0
    for _ in range(20):
        for _ in range(60):
            box.up_ms += 60_000
            box.put(*(change(stored + n, at_ms=box.now_ms + n) for n in range(10)))
            stored += 10
        box.tidy()
    assert box.logged("store.full") == []
    assert len(box.logged("store.over_budget")) == 1
    values = [value for value, *_ in box.stamps()]
    assert values == list(range(stored - len(values), stored)), "what went is the oldest"
    assert box.one("SELECT SUM(samples) FROM parts WHERE kind = 0") > 1000


@pytest.mark.takes_long
@pytest.mark.parametrize("wall_ms", [5000, T0_MS - 40 * DAY_MS, T0_MS + 40 * DAY_MS])
def test_what_was_packed_before_the_clock_came_right_stays_and_is_there_once(tmp_path: Path, wall_ms: int) -> None:
    box = Box(tmp_path, wall_ms)
    box.opened().put(announced())
    box.run(200)
    box.up_ms += DAY_MS
    box.run(130)
    box.tidy()
    packed = box.one("SELECT SUM(samples) FROM parts WHERE kind = 0")
    assert 200 < packed < 330
    box.set_clock(T0_MS, trusted=True)
    for _ in range(3):
        box.run(60)
        box.tidy()
        found = box.stamps()
        assert [value for value, *_ in found] == list(range(box.number))
        assert box.read() == found
    assert sum(not trusted for *_, trusted in found) == packed
    hours = box.rows("SELECT known_s FROM TRENDLOG_HOURLY")
    assert len(hours) < 36, "of what lies between, 56 years it may be, nothing"


def test_a_clock_that_nobody_vouches_for_neither_undoes_nor_lets_go_of_what_is_packed(box: Box) -> None:
    before, frontiers = box.rows("SELECT part, state FROM parts"), box.tidying.desk.frontiers
    box.run(30)
    box.tidy()
    assert set(before) <= set(box.rows("SELECT part, state FROM parts"))
    assert box.tidying.desk.frontiers.packed_until >= frontiers.packed_until
    assert box.tidying.desk.frontiers.recent_from == frontiers.recent_from
    assert box.one("SELECT count(*) FROM TRENDLOG_DATA WHERE value < 200") == 200


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS, 30 * DAY_MS, -30 * DAY_MS])
def test_a_step_of_a_trusted_clock_loses_nothing_and_is_said_once(tmp_path: Path, step_ms: int) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    for _ in range(2):
        box.run(100)
        box.tidy()
        box.set_clock(box.now_ms + step_ms, trusted=True)
        box.run(100)
        box.tidy()
        step_ms = -step_ms
    assert [value for value, *_ in box.stamps()] == list(range(400))
    assert box.read() == box.stamps()
    assert len(box.logged("clock.stepped")) == 2
    assert box.logged("clock.settled") == []


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS])
def test_a_step_is_told_once_with_the_next_batch_that_is_stored(tmp_path: Path, by_ms: int) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.set_clock(box.now_ms + by_ms, trusted=True)
    box.store.heartbeat()
    told = [box.store.store(box.batch(change(value, at_ms=box.now_ms))).clock_step for value in range(2)]
    assert told == [ClockStep(box.now_ms, by_ms), None]


def test_a_clock_that_is_put_forward_and_then_set_a_little_back_before_the_next_batch_was_put_forward(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    for by_ms in (HOUR_MS, -5000):
        box.set_clock(box.now_ms + by_ms, trusted=True)
        box.store.heartbeat()
    assert box.store.store(box.batch(change(at_ms=box.now_ms))).clock_step == ClockStep(box.now_ms, HOUR_MS)


def test_time_asleep_is_no_step(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(1)
    box.up_ms += 6 * HOUR_MS
    box.run(1)
    assert box.logged("clock.stepped") == []


def test_a_clock_that_is_drawn_along_does_not_step(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    for _ in range(20):
        box.ahead_ms += 400
        box.run(1)
    assert box.logged("clock.stepped") == []
    box.ahead_ms += 501
    box.run(1)
    assert [line["step_s"] for line in box.logged("clock.stepped")] == [0.5]


def test_a_sample_taken_before_the_step_and_stored_after_it_is_of_the_old_stretch(tmp_path: Path) -> None:
    box = Box(tmp_path, 5000)
    box.opened().put(announced())
    box.run(1)
    old_ms = box.now_ms + 100
    box.up_ms += 200
    box.set_clock(T0_MS, trusted=True)
    box.put(change(1, at_ms=old_ms), change(2, at_ms=T0_MS))
    assert [trusted for *_, trusted in box.stamps()] == [0, 0, 1]
    box.tidy()
    assert box.stamps()[1] == (1, T0_MS - 100, 1)


def test_a_clock_that_was_right_all_along_keeps_its_times(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS)
    box.opened().put(announced())
    box.run(3)
    before = [row[:2] for row in box.stamps()]
    box.trusted = True
    box.run(1)
    box.tidy()
    assert [row[:2] for row in box.stamps()][:3] == before
    assert {trusted for *_, trusted in box.stamps()} == {1}
    assert box.logged("clock.settled") == [{"shifted_ms": 0, "samples": 3}]


def test_a_sample_that_is_moved_onto_another_takes_the_next_millisecond(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(3)
    box.store.close()
    box.boot_id = "second"
    box.set_clock(T0_MS - HOUR_MS, trusted=False)
    box.store = box.new_store()
    box.opened().put(announced())
    box.run(3)
    box.set_clock(box.now_ms + HOUR_MS - 3 * 60_000, trusted=True)
    box.run(1)
    box.tidy()
    times = sorted(at_ms - T0_MS for _, at_ms, _ in box.stamps())  # type: ignore[operator]
    assert len(times) == len(set(times)) == 7


def test_trust_that_is_lost_is_said_and_marked(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(1)
    box.trusted = False
    box.run(1)
    assert [trusted for *_, trusted in box.stamps()] == [1, 0]
    assert len(box.logged("clock.doubted")) == 1
    assert box.one("SELECT clock_trusted FROM GATEWAY") == 0
    assert box.rows("SELECT trusted, until_at IS NULL FROM CLOCK_STRETCHES ORDER BY number") == [(1, 0), (0, 1)]


@pytest.mark.parametrize(("from_ms", "trusted", "hours"), [(5000, True, 5), (T0_MS, True, 5), (5000, False, 26)])
def test_no_value_holds_over_what_the_clock_was_put_forward_by(
    tmp_path: Path, from_ms: int, trusted: bool, hours: int
) -> None:
    box = Box(tmp_path, from_ms, trusted=trusted, minutes_s=30 * 86_400.0)
    box.opened().put(announced())
    box.run(3)
    box.up_ms += 1000
    box.set_clock(T0_MS + 40 * DAY_MS, trusted=trusted)
    box.run(1)
    assert box.rows("SELECT sampled_at, until_at - sampled_at <= 61_000 FROM TRENDLOG_SPANS WHERE value = 2") == [
        (from_ms + 3 * 60_000, 1)
    ]
    box.run(hours * 60)
    box.tidy()
    box.store.close()
    box.boot_id, box.up_ms = "second", box.up_ms + 1000
    box.store = box.new_store()
    box.opened().put(announced())
    box.run(130)
    box.tidy()
    hours += 2
    known = box.rows("SELECT known_s FROM TRENDLOG_HOURLY")
    assert hours - 2 <= len(known) <= hours + 2, "of forty days, or of 56 years, nothing"
    assert sum(int(known_s) for (known_s,) in known) <= hours * 3600 + 1000  # type: ignore[call-overload]
    assert len(box.logged("history.expired")) <= 3
    with open_reader(box.path) as reader:
        spans = reader.spans("ahu-1", "IN1", since_ms=0, until_ms=box.now_ms, every_ms=DAY_MS)
    assert len(spans) <= 4


def test_what_was_lived_through_after_the_clock_was_put_back_is_known(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(3)
    box.set_clock(box.now_ms + 30 * HOUR_MS, trusted=True)
    box.run(2)
    box.set_clock(box.now_ms - 30 * HOUR_MS, trusted=True)
    box.run(180)
    assert box.rows(
        "SELECT min(until_at - sampled_at), max(until_at - sampled_at) FROM TRENDLOG_SPANS WHERE value BETWEEN 6 AND 183"
    ) == [(60_000, 60_000)]
    box.run(31 * 60)
    box.tidy()
    ended = box.rows(
        "SELECT started_at - ended_at FROM GATEWAY_ENDS WHERE ended_at > 0 AND started_at - ended_at > 1000"
    )
    assert ended == []


def test_events_are_moved_once_however_often_it_is_killed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restamping, "EVENTS_AT_ONCE", 3)
    box = Box(tmp_path, 5000)
    box.opened().put(announced())
    for number in range(10):
        box.up_ms += 60_000
        box.put(EventHappened(at_ms=box.now_ms, event=f"e{number}"))
    before = box.rows("SELECT event, at FROM EVENTS WHERE event LIKE 'e%' OR event = 'gateway.started'")
    shift_ms = T0_MS - box.now_ms
    box.set_clock(T0_MS, trusted=True)
    box.run(1)
    for _ in range(8):
        box.tidying._look_again_s = 0.0
        box.tidying.step()
        box.tidying.step()
        box.store.abandon_connection()
        box.store = box.new_store()
        box.opened()
    box.tidy()
    after = box.rows("SELECT event, at FROM EVENTS WHERE event LIKE 'e%' OR event = 'gateway.started'")
    assert after == [(event, at_ms + shift_ms) for event, at_ms in before]  # type: ignore[operator]


def paused(box: Box, hours: float) -> EventHappened:
    """Nobody looked for so long; what the detector makes of it."""
    since_ms = box.now_ms
    box.up_ms += round(hours * HOUR_MS)
    return EventHappened(at_ms=box.now_ms, event="clock.stepped", reason="the machine was suspended", since_ms=since_ms)


def known_s(box: Box) -> int:
    return sum(int(seconds) for (seconds,) in box.rows("SELECT known_s FROM TRENDLOG_HOURLY"))  # type: ignore[call-overload]


@pytest.mark.parametrize("minutes_s", [0.0, 30 * 86_400.0])
def test_no_value_holds_over_a_time_in_which_the_gateway_itself_did_not_run(tmp_path: Path, minutes_s: float) -> None:
    box = Box(tmp_path, T0_MS, trusted=True, minutes_s=minutes_s)
    box.opened().put(announced())
    box.run(30)
    box.up_ms += 1000
    since_ms = box.now_ms
    gap = paused(box, 6.5)
    box.tidy()  # a writer that is awake sooner than the detector
    box.put(gap)
    box.up_ms += 2000
    back_ms = box.now_ms
    box.put(change(29, at_ms=back_ms))
    box.run(130)
    box.tidy()
    spans = box.rows("SELECT sampled_at, until_at FROM TRENDLOG_SPANS WHERE value = 29 ORDER BY 1")
    assert spans == [(since_ms - 1000, since_ms), (back_ms, back_ms + 60_000)]
    before_s, until_s = (since_ms - T0_MS) / 1000 - 60, box.tidying.desk.frontiers.packed_until
    assert known_s(box) == pytest.approx(before_s + until_s - back_ms / 1000, abs=3), "of six hours and a half, nothing"
    with open_reader(box.path) as reader:
        found = reader.spans("ahu-1", "IN1", since_ms=0, until_ms=box.now_ms, every_ms=DAY_MS)
    assert sum(span.known_s for span in found) == pytest.approx(before_s + (box.now_ms - back_ms) / 1000, abs=65)
    assert box.rows("SELECT event, reason FROM EVENTS WHERE event LIKE 'clock%' ORDER BY id") == [
        ("clock.left", ""), ("clock.stepped", "the machine was suspended"),
    ]  # fmt: skip
    assert box.logged("clock.stepped") == []


def test_hours_wait_behind_a_pause_until_it_is_stored_which_values_it_has_ended(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(30)
    box.tidy()
    before = box.tidying.desk.frontiers.packed_until
    gap = paused(box, 6.5)
    box.tidy()
    assert box.tidying.desk.frontiers.packed_until == before
    box.put(gap)
    box.tidy()
    assert box.tidying.desk.frontiers.packed_until > before


def test_hours_do_not_wait_for_ever_for_a_word_that_does_not_come(tmp_path: Path) -> None:
    box = Box(tmp_path, T0_MS, trusted=True)
    box.opened().put(announced())
    box.run(30)
    box.tidy()
    before = box.tidying.desk.frontiers.packed_until
    box.up_ms += 6 * HOUR_MS
    for _ in range(13):
        box.tidy()
        assert box.tidying.desk.frontiers.packed_until == before
        box.up_ms += 10_000
    box.tidy()
    assert box.tidying.desk.frontiers.packed_until > before
