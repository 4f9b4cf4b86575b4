"""T11 in history: a row that packing cannot take costs itself, is said once, and everything else is packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t3actors.store.history import block, packing, tidying
from t3actors.store.history.block import Block
from t3actors.store.history.unpacking import Samples
from tests.store.building import announced, point
from tests.store.history.telling import MIDNIGHT_MS, Told

SECOND = MIDNIGHT_MS // 1000 + 3607  # in the second hour
BY_HAND = "INSERT INTO TRENDLOG_DATA (serial_number, point_id, point_type, logging_time, {0}) VALUES (12345, 'IN1', 'INPUT', {1}, {2})"
AS_A_ROW = "INSERT INTO samples SELECT {0}, {1} FROM series LIMIT 1"
NOT_UTF8 = "CAST(x'48fffe' AS TEXT)"


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Five hours, of which nothing is packed."""
    made = Told(tmp_path, recent_s=2 * 3600.0)
    made.opened()
    made.put(announced([point(1), point(2)]))
    made.live(5)
    return made


def go_on(told: Told) -> None:
    """A day more, all packed."""
    told.tidy()
    told.live(24)
    told.tidy()


SPOILT = {
    "a text that is not UTF-8": (BY_HAND.format("text", SECOND, NOT_UTF8), "a text that is not UTF-8"),
    "a status that is a word": (AS_A_ROW.format(SECOND, "series_id, 1, 5, 'good'"), "its status is none"),
    "a status beyond all": (AS_A_ROW.format(SECOND, "series_id, 1, 5, -9"), None),
    "a series that is a word": (AS_A_ROW.format(SECOND, "'IN1', 1, 5, 0"), "a sample of no series"),
    "aggregates that are none": (
        f"INSERT INTO hours VALUES ({SECOND // 3600}, 7, 1, 1, 1, 1, 1, 1, 1, 1, 'nonsense')",
        None,
    ),
    "states that are no list": (
        "UPDATE series SET states = 'on, off' WHERE series_id = (SELECT MIN(series_id) FROM series)",
        "the words of its states",
    ),
    "late": (
        f"INSERT INTO late_samples SELECT {SECOND} - 86400, series_id, 1, {NOT_UTF8}, 0 FROM series LIMIT 1",
        "a text that is not UTF-8",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_another_program_wrote_costs_itself_and_is_said_once(told: Told, what: str) -> None:
    sql, reason = SPOILT[what]
    told.rows(sql)
    go_on(told)
    told.looking = told.reader = None
    assert told.told - told.read() == {}
    assert told.told - told.shown() == {}
    lines = told.logged("history.spoilt")
    if reason is not None:
        ((rows, said),) = [(line["rows"], str(line["reason"])) for line in lines]
        assert (rows, reason in said) == (1, True)
    assert told.one("SELECT packed_until FROM history") == told.now_ms // 1000 - 3600
    assert told.one("PRAGMA integrity_check") == "ok"


def test_aggregates_that_are_none_cost_that_hour_of_the_point(told: Told) -> None:
    told.tidy()
    told.rows(
        "UPDATE hours SET shares = 'nonsense' WHERE (hour, series_id) = (SELECT MIN(hour), MIN(series_id) FROM hours)"
    )
    go_on(told)
    ((rows, said),) = [(line["rows"], str(line["reason"])) for line in told.logged("history.spoilt")]
    assert (rows, "aggregates of an hour" in said) == (1, True)
    assert told.one("SELECT packed_until FROM history") == told.now_ms // 1000 - 3600


def test_a_text_that_is_not_utf8_keeps_what_can_be_read_of_it_before_and_after_it_is_packed(told: Told) -> None:
    told.rows(BY_HAND.format("text", SECOND, NOT_UTF8))
    assert ("IN1", SECOND * 1000, None, "ok", "H��") in told.read()
    go_on(told)
    told.looking = told.reader = None
    assert ("IN1", SECOND * 1000, None, "ok", "H��") in told.read()
    assert ("IN1", SECOND * 1000, None, "ok", "H��") in told.shown()


def test_a_blob_that_is_no_digits_is_read_as_a_text(told: Told) -> None:
    told.rows(BY_HAND.format("value", SECOND, "x'6162'"))
    assert ("IN1", SECOND * 1000, None, "ok", "ab") in told.read()


def test_a_name_by_hand_that_is_not_utf8_does_not_end_the_next_start(told: Told) -> None:
    told.rows(BY_HAND.format("value", SECOND, "7").replace("'IN1'", NOT_UTF8))
    told.reopened().put(announced([point(1), point(2)]))
    told.live(1)
    told.tidy()
    assert told.told - told.read() == {}


def choking(monkeypatch: pytest.MonkeyPatch, on: Any) -> None:
    """Let the packer itself have no answer to some samples."""
    encode = block.encode

    def chokes(samples: Samples) -> list[Block]:
        if on(samples.values):
            raise OverflowError("a number does not fit into 7 bytes")
        return encode(samples)

    monkeypatch.setattr(block, "encode", chokes)


def test_a_value_that_our_own_packer_cannot_take_is_a_fault_and_the_others_are_packed(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.tell("IN1", SECOND * 1000, 13.57)
    choking(monkeypatch, lambda values: 13.57 in values)
    go_on(told)
    (lost,) = told.told - told.read()
    assert lost == ("IN1", SECOND * 1000, 13.57, "ok", None)
    (strange,) = told.read() - told.told
    assert strange == ("IN1", SECOND * 1000, None, "fault", None)
    ((line),) = told.logged("history.spoilt")
    assert (line["device"], line["point_id"], line["at"]) == ("ahu-1", "IN1", SECOND * 1000)
    assert line["reason"] == "13.57: OverflowError: a number does not fit into 7 bytes"


def test_values_that_break_the_packer_only_together_cost_one_of_them(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.tell("IN1", SECOND * 1000, 1.25)
    told.tell("IN1", SECOND * 1000 + 60_000, 2.25)
    choking(monkeypatch, lambda values: 1.25 in values and 2.25 in values)
    go_on(told)
    (lost,) = told.told - told.read()
    assert lost == ("IN1", SECOND * 1000 + 60_000, 2.25, "ok", None)
    assert [line["rows"] for line in told.logged("history.spoilt")] == [1]


def test_what_no_mending_helps_is_raised_and_looked_at_again_later_and_costs_no_batch(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> Any:
        raise KeyError("a bug")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(packing, "pack_hour", broken)
        for _ in range(3):
            with pytest.raises(KeyError):
                told.tidy()
            told.live(1)
    assert told.logged("history.spoilt") == []
    go_on(told)
    assert told.told == told.read()


def test_after_a_while_it_is_looked_through_again(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.tell("IN1", SECOND * 1000, 13.57)
    mended = []

    def watched(desk: Any) -> Any:
        mended.append(desk)
        yield

    monkeypatch.setattr(tidying, "mend", watched)
    choking(monkeypatch, lambda values: 13.57 in values)
    for _ in range(3):
        with pytest.raises(OverflowError):
            told.tidy()
    assert len(mended) == 1
    monkeypatch.setattr(tidying, "MEND_EVERY_S", 0.0)
    told.tidying._look_again_s = 0.0
    for _ in range(30):
        told.tidying.step()
    assert len(mended) > 1
