"""Lines of the log and rows of EVENTS as one timeline."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.rows import EventRow
from t3actors.watch.catalogue import event_modules
from t3actors.watch.timeline import TOGETHER_MS, Entry, Wanted, level_of, of_line, of_row, together

T0_MS = 1_767_225_600_000


def line(event: str = "device.offline", at: int = T0_MS, level: str = "error", **keys: Any) -> Entry:
    stamp = f"2026-01-01T00:00:{(at - T0_MS) / 1000:06.3f}Z"
    text = json.dumps({"timestamp": stamp, "level": level, "event": event, "gateway": "g", **keys})
    entry = of_line(text.encode())
    assert entry is not None
    return entry


def row(event: str = "device.offline", at: int = T0_MS, **changes: Any) -> EventRow:
    _, _, status = event.partition(".")
    fields: dict[str, Any] = {
        "name": "ahu-1",
        "point": None,
        "from_status": "online",
        "to_status": status,
        "reason": "",
    }
    return EventRow(**{"id": 1, "at": at, "event": event, **fields, **changes})


def test_a_line_is_read_with_or_without_its_priority() -> None:
    text = b'{"timestamp":"2026-01-01T00:00:00.500Z","level":"error","event":"device.offline","gateway":"g","device":"a","n":1}\n'
    entry = Entry(
        at=T0_MS + 500, level="error", event="device.offline", device="a", point=None, source="log", keys={"n": 1}
    )
    assert of_line(text) == of_line(b"<3>" + text) == entry


def test_an_actor_of_a_device_is_of_that_device() -> None:
    assert line("child.restarted", child="device/ahu-1").device == "ahu-1"
    assert line("child.restarted", child="writer").device is None


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'{"timestamp":"x","level":"error","event":"e"}', b'{"timestamp":1,"level":"error","event":"e"}',
     b'{"timestamp":"2026-01-01T00:00:00Z","level":"loud","event":"e"}', b'{"timestamp":"2026-01-01T00:00:00Z","level":"error","event":3}',
     b'{"timestamp":"2026-01-01T00:00:00Z","level":[],"event":"e"}'],
)  # fmt: skip
def test_what_is_no_line_of_ours_is_left_out(text: bytes) -> None:
    assert of_line(text) is None


@given(st.binary(max_size=200))
def test_no_octets_make_the_reader_raise(octets: bytes) -> None:
    of_line(octets)


def test_what_stands_in_both_is_shown_once_as_the_log_has_it() -> None:
    said = line(device="ahu-1", reason="connection refused")
    assert together([said], [of_row(row(at=T0_MS + TOGETHER_MS))]) == [said]
    assert len(together([said], [of_row(row(at=T0_MS + TOGETHER_MS + 1))])) == 2
    assert len(together([said], [of_row(row(name="ahu-2"))])) == 2
    assert len(together([said], [of_row(row()), of_row(row())])) == 2, "two rows are not said by one line"


def test_a_step_that_the_log_names_more_exactly_is_the_same() -> None:
    said = line("device.backing_off", level="warning", device="ahu-1")
    assert together([said], [of_row(row("device.connecting"))]) == [said]


def test_a_line_that_sums_up_hides_no_row() -> None:
    summed = line(device="ahu-1", repeated=7, since_at=T0_MS)
    assert len(together([summed], [of_row(row()) for _ in range(7)])) == 8


def test_points_of_a_device_are_never_taken_for_the_device() -> None:
    said = line("device.offline", device="ahu-1")
    assert len(together([said], [of_row(row("device.offline", point="IN1"))])) == 2


def test_all_is_in_order_of_time() -> None:
    entries = together([line(at=T0_MS + 9000), line(at=T0_MS)], [of_row(row("point.stale", at=T0_MS + 5000))])
    assert [entry.at - T0_MS for entry in entries] == [0, 5000, 9000]


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (row("device.offline"), "error"),
        (row("point.down"), "error"),
        (row("point.stale"), "warning"),
        (row("point.ok"), "info"),
        (row("device.online"), "info"),
        (row("device.connecting"), "warning"),
        (row("device.connecting", from_status="unknown"), "info"),
        (row("child.restarted", to_status=""), "warning"),
        (row("sync.finished", to_status=""), "info"),
    ],
)
def test_a_row_is_as_bad_as_its_status_or_as_the_log_takes_it(seen: EventRow, level: str) -> None:
    event_modules()
    assert level_of(seen) == level


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Wanted(), True),
        (Wanted(since_ms=T0_MS), True),
        (Wanted(since_ms=T0_MS + 1), False),
        (Wanted(device="ahu-1"), True),
        (Wanted(device="ahu-2"), False),
        (Wanted(event="device.*"), True),
        (Wanted(event="point.*"), False),
        (Wanted(level="error"), True),
    ],
)
def test_what_is_wanted(wanted: Wanted, is_wanted: bool) -> None:
    assert wanted.wants(line(device="ahu-1")) is is_wanted


def test_the_summary_of_each_minute_is_shown_only_when_asked_for() -> None:
    summary = line("gateway.summary", level="info")
    assert not Wanted().wants(summary)
    assert Wanted(event="gateway.*").wants(summary)
    assert not Wanted(level="warning", event="*").wants(summary)
