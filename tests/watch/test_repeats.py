"""Nothing that happens is lost from the log, and nothing that flaps fills it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.events import CATALOGUE, LogEvent
from t3actors.events.detect import POINTS_DOWN, POINTS_RECOVERED
from t3actors.events.device import DEVICE_BACKING_OFF, DEVICE_CONNECTING, DEVICE_OFFLINE, DEVICE_ONLINE, POINT_ILLEGAL
from t3actors.events.gateway import GATEWAY_SUMMARY
from t3actors.watch import repeats
from t3actors.watch.catalogue import event_modules
from t3actors.watch.log import json_line
from t3actors.watch.log_file import LogFile
from t3actors.watch.repeats import FIRST_S, LONGEST_S, MOST, WINDOW_S, Line, Repeats, classed, kind_of

T0_MS = 1_767_225_600_000
DAY_S = 86_400.0


class Told:
    """Repeats on a clock that the test sets."""

    def __init__(self) -> None:
        self.repeats = Repeats()
        self.lines: list[tuple[float, Line]] = []

    def happen(self, now_s: float, event: LogEvent = DEVICE_OFFLINE, **keys: object) -> list[Line]:
        keys = {"device": "ahu-1", **keys}
        lines = self.repeats.take(event, keys, now_s, T0_MS + round(now_s * 1000))
        self.lines += [(now_s, line) for line in lines]
        return lines

    def counted(self) -> Counter[tuple[str, object]]:
        """How often each event of each device is said to have happened, what is still held included."""
        counted: Counter[tuple[str, object]] = Counter()
        for line in (*(line for _, line in self.lines), *self.repeats.flush()):
            counted[line.event.name, line.keys.get("device")] += int(str(line.keys.get("repeated", 1)))
        return counted


def repeated(lines: Iterable[Line]) -> list[int]:
    return [int(str(line.keys["repeated"])) for line in lines if "repeated" in line.keys]


def test_the_first_lines_of_a_kind_are_written_as_they_come_and_the_next_is_held() -> None:
    told = Told()
    for number in range(MOST):
        assert [line.keys for line in told.happen(float(number), reason="refused")] == [
            {"device": "ahu-1", "reason": "refused"}
        ]
    assert told.happen(float(MOST), reason="refused") == []


def test_what_is_held_is_told_in_one_line_with_its_number_and_since_when() -> None:
    told = Told()
    for second in range(MOST + 7):
        told.happen(float(second), DEVICE_BACKING_OFF, next_try_s=second)
    assert told.happen(MOST + FIRST_S - 1, GATEWAY_SUMMARY) != []
    *summaries, _ = told.happen(MOST + FIRST_S, GATEWAY_SUMMARY)
    (line,) = summaries
    assert line.keys == {"device": "ahu-1", "next_try_s": MOST + 6, "repeated": 7, "since_at": T0_MS + MOST * 1000}
    assert (line.event.name, line.level) == ("device.backing_off", "error"), "a warning that repeats becomes an error"


def test_a_recovery_that_repeats_keeps_its_level() -> None:
    told = Told()
    for second in range(MOST + 1):
        told.happen(float(second), DEVICE_ONLINE)
    assert [line.level for line in told.repeats.flush()] == ["info"]


def test_each_sum_covers_twice_the_time_of_the_one_before_up_to_six_hours() -> None:
    told = Told()
    for minute in range(3 * 24 * 60):
        told.happen(60.0 * minute)
    times = [now_s for now_s, line in told.lines if "repeated" in line.keys]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] == pytest.approx(2 * FIRST_S, abs=120)
    assert pauses[1] == pytest.approx(4 * FIRST_S, abs=120)
    assert max(pauses) == pytest.approx(LONGEST_S, abs=120)


def test_after_a_quiet_hour_the_rest_is_told_and_lines_are_written_at_once_again() -> None:
    told = Told()
    for minute in range(24 * 60):
        told.happen(60.0 * minute)
    last_s = 60.0 * (24 * 60 - 1)
    assert told.happen(last_s + WINDOW_S - 1, GATEWAY_SUMMARY)[:-1] == [], "six hours are not over yet"
    (rest, _) = told.happen(last_s + WINDOW_S, GATEWAY_SUMMARY)
    assert repeated([rest]) != []
    (line,) = told.happen(last_s + WINDOW_S + 1)
    assert "repeated" not in line.keys
    assert told.counted()["device.offline", "ahu-1"] == 24 * 60 + 1


@pytest.mark.parametrize(("apart_s", "held"), [(WINDOW_S / MOST, False), (WINDOW_S / MOST - 1, True)])
def test_what_comes_no_oftener_than_three_times_an_hour_is_never_held(apart_s: float, held: bool) -> None:
    told = Told()
    for number in range(200):
        told.happen(number * apart_s)
    assert any("repeated" in line.keys for _, line in told.lines) is held


def test_another_device_reason_or_point_is_another_kind() -> None:
    told = Told()
    for number in range(MOST + 1):
        told.happen(float(number), reason="refused")
    assert told.happen(10.0, reason="no answer")
    assert told.happen(10.0, device="ahu-2", reason="refused")
    for number in range(20):
        assert told.happen(10.0, POINT_ILLEGAL, points=["a", str(number)], reason="illegal")


def test_numbers_in_a_reason_and_counts_of_points_make_no_other_kind() -> None:
    assert classed("no answer within 3.5 s (try 2)") == classed("no answer within 4 s (try 17)")
    one, other = ({"device": "a", "points": count} for count in (3, 4))
    assert kind_of(POINTS_DOWN, one) == kind_of(POINTS_DOWN, other)


@pytest.mark.parametrize("event", [GATEWAY_SUMMARY, DEVICE_CONNECTING])
def test_what_is_regular_or_for_those_who_debug_is_always_written(event: LogEvent) -> None:
    told = Told()
    for minute in range(1000):
        assert len(told.happen(60.0 * minute, event)) == 1


def test_every_event_of_which_every_line_is_written_exists() -> None:
    event_modules()
    assert set(CATALOGUE) >= repeats.EVERY_LINE


def test_of_kinds_that_come_and_go_only_those_of_the_last_hour_are_known() -> None:
    told = Told()
    for minute in range(3 * 24 * 60):
        for _ in range(1 + minute % 5):
            told.happen(60.0 * minute, POINT_ILLEGAL, point_id=f"IN{minute}", reason="illegal")
    assert len(told.repeats._kinds) <= WINDOW_S / 60 + 1
    assert told.counted().total() == sum(1 + minute % 5 for minute in range(3 * 24 * 60))


def test_kinds_are_bounded_and_the_one_heard_of_longest_ago_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "KINDS_AT_MOST", 2)
    told = Told()
    for second in range(MOST + 5):
        told.happen(float(second), device="a")
    told.happen(10.0, device="b")
    assert repeated(told.happen(11.0, device="c")) == [5]
    told.happen(12.0, device="a")
    assert told.counted()["device.offline", "a"] == MOST + 6


@given(
    st.lists(
        st.tuples(st.floats(0, 5000), st.sampled_from(["a", "b"]), st.sampled_from([DEVICE_OFFLINE, DEVICE_ONLINE])),
        max_size=200,
    )
)
def test_lines_and_sums_always_add_up_to_what_happened(happenings: list[tuple[float, str, LogEvent]]) -> None:
    told, now_s = Told(), 0.0
    happened: Counter[tuple[str, object]] = Counter()
    for pause_s, device, event in happenings:
        now_s += pause_s
        happened[event.name, device] += 1
        told.happen(now_s, event, device=device)
    assert told.counted() == happened


# ---------------------------------------------------------------------------------------------------- a month of flapping


def flaps(seed: int, devices: int, days: float) -> Iterator[tuple[float, LogEvent, dict[str, object]]]:
    """What devices that fail every few seconds to minutes have to say, in order of time; a summary a minute besides."""
    lot = random.Random(seed)
    next_s = {f"panel-{number}": lot.uniform(0, 60) for number in range(devices)}
    is_up = dict.fromkeys(next_s, True)
    minute_s = 60.0
    while True:
        device = min(next_s, key=next_s.__getitem__)
        now_s = next_s[device]
        while minute_s <= now_s:
            yield minute_s, GATEWAY_SUMMARY, {"devices_online": sum(is_up.values()), "devices_total": 100, "polls": 600}
            minute_s += 60.0
        if now_s > days * DAY_S:
            return
        who = {"device": device, "address": f"10.0.0.{device[6:]}:502"}
        is_up[device] = not is_up[device]
        if is_up[device]:
            yield now_s, DEVICE_ONLINE, {**who, "serial_number": 12345, "points": 64, "offline_s": 12.5}
            yield now_s, POINTS_RECOVERED, {"device": device, "points": 64}
        else:
            reason = lot.choice([f"no answer within {lot.randint(1, 9)} s", "connection refused"])
            silence = {"reason": reason, "last_ok_at": T0_MS, "next_try_s": round(lot.uniform(0.5, 60), 1)}
            yield now_s, DEVICE_BACKING_OFF, {**who, **silence}
            yield now_s, DEVICE_OFFLINE, {**who, **silence}
            yield now_s, POINTS_DOWN, {"device": device, "points": 64, "last_ok_at": T0_MS}
        next_s[device] = now_s + lot.choice([lot.uniform(3, 60), lot.uniform(60, 600)])


def test_a_month_in_which_a_tenth_of_a_hundred_devices_flap_stays_in_the_log_and_the_log_under_its_bound(
    tmp_path: Path,
) -> None:
    """Virtual time; the default bound: ten megabytes a file, five old ones."""
    path = tmp_path / "t3actors.log"
    told, happened, summaries = Told(), Counter[tuple[str, object]](), 0
    bytes_of: Counter[bool] = Counter()
    with LogFile(path) as file:
        for now_s, event, keys in flaps(seed=7, devices=10, days=30):
            if event is not GATEWAY_SUMMARY:
                happened[event.name, keys["device"]] += 1
            lines = told.repeats.take(event, keys, now_s, T0_MS + round(now_s * 1000))
            for line in lines:
                summaries += line.event is GATEWAY_SUMMARY
                told.lines += [(now_s, line)] if line.event is not GATEWAY_SUMMARY else []
                entry = {"timestamp": "2026-01-01T00:00:00.000Z", "level": line.level, "event": line.event.name}
                text = json_line(None, "", {**entry, "gateway": "riverside", **line.keys}) + "\n"
                bytes_of[line.event is GATEWAY_SUMMARY] += len(text)
                file.write(text)
    transitions = sum(count for (name, _), count in happened.items() if name in {"device.online", "device.offline"})
    assert transitions > 100_000
    assert summaries == 30 * 24 * 60
    assert len(told.lines) < sum(happened.values()) / 10
    assert bytes_of[False] < 10_000_000, "what flaps takes less than one file"
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".log"] in ([], ["t3actors.log.1"])
    assert told.counted() == happened
