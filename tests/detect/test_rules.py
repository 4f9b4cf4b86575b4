from __future__ import annotations

import math

import pytest

from t3actors.detect.rules import Emit, Verdict, due_s, judge, settled, value_differs
from t3actors.points import Reading, Rules, Status, Trend, Value

OK_20 = Reading("IN1", 20.0)
CHANGE = Verdict(Emit.CHANGE, sample=True)
NOTHING = Verdict(Emit.NONE, sample=False)


def verdict(
    new: Reading,
    stored: Reading | None = OK_20,
    *,
    deadband: float = 0.0,
    digital: bool = False,
    overdue: bool = False,
    trend: Trend = "changes",
) -> Verdict:
    return judge(new, stored, Rules(deadband=deadband, trend=trend), digital=digital, overdue=overdue)


@pytest.mark.parametrize(
    ("new", "old", "deadband", "differs"),
    [
        (20.0, 20.0, 0.0, False),
        (math.nextafter(20.0, 21.0), 20.0, 0.0, True),
        (20.25, 20.0, 0.5, False),
        (20.5, 20.0, 0.5, False),
        (math.nextafter(20.5, 21.0), 20.0, 0.5, True),
        (19.5, 20.0, 0.5, False),
        (math.nextafter(19.5, 19.0), 20.0, 0.5, True),
        (1, 1.0, 0.0, False),
        (0.0, -0.0, 0.0, False),
        (2**53 + 1, 2**53, 0.0, True),
        (2**53 + 1, float(2**53), 0.0, True),
        (2**64 - 1, 2**64 - 2, 0.5, True),
        (2**64 - 1, 2**64 - 2, 1.0, False),
        (2**53 + 2, float(2**53), 1.0, True),
        (2**53 + 1, float(2**53), 1.0, False),
        (2**53 + 1, float(2**53), 0.5, True),
        (10**400, 1.5, 1.0, True),
        (1e308, -1e308, 1.0, True),
        ("auto", "auto", 5.0, False),
        ("auto", "hand", 5.0, True),
        ("1", 1, 5.0, True),
        (None, None, 1.0, False),
        (None, 0, 1.0, True),
        (0, None, 1.0, True),
    ],
)
def test_a_value_differs_when_it_is_more_than_the_deadband_away(
    new: Value, old: Value, deadband: float, differs: bool
) -> None:
    assert value_differs(new, old, deadband) is differs


def test_a_repeat_is_dropped() -> None:
    assert verdict(Reading("IN1", 20.0)) == NOTHING


def test_a_first_or_forgotten_reading_is_a_change() -> None:
    assert verdict(OK_20, None) == CHANGE


def test_a_digital_point_ignores_the_deadband() -> None:
    assert verdict(Reading("IN1", 1), Reading("IN1", 0), deadband=5.0, digital=True) == CHANGE
    assert verdict(Reading("IN1", 1), Reading("IN1", 0), deadband=5.0) == NOTHING


def test_a_change_of_status_is_a_change_though_the_value_stays() -> None:
    assert verdict(Reading("IN1", 20.0, Status.FAULT, "open")) == CHANGE


@pytest.mark.parametrize(
    "new",
    [
        Reading("IN1", 20.0, auto_manual=1),
        Reading("IN1", 20.0, flags=4),
        Reading("IN1", 20.0, hw_switch=2),
        Reading("IN1", 20.0, reason="rough"),
    ],
)
def test_details_change_the_row_and_make_no_equal_sample(new: Reading) -> None:
    assert verdict(new) == Verdict(Emit.DETAILS, sample=False)
    assert verdict(new, trend="always") == Verdict(Emit.DETAILS, sample=True)


def test_a_fault_worded_anew_is_the_same_fault_but_another_class_of_reason_is_not() -> None:
    stored = Reading("IN1", 20.0, Status.FAULT, "no answer: 1.2 s")
    assert verdict(Reading("IN1", 20.0, Status.FAULT, "no answer: 1.3 s"), stored) == NOTHING
    assert verdict(Reading("IN1", 20.0, Status.FAULT, "sensor open"), stored).emit is Emit.DETAILS


def test_an_overdue_repeat_is_emitted_and_is_no_change() -> None:
    assert verdict(OK_20, overdue=True) == Verdict(Emit.REPEAT, sample=True)
    assert verdict(Reading("IN1", 21.0), overdue=True) == CHANGE


def test_trend_never_takes_the_sample_and_keeps_the_row() -> None:
    assert verdict(Reading("IN1", 21.0), trend="never") == Verdict(Emit.CHANGE, sample=False)
    assert verdict(OK_20, trend="never", overdue=True) == Verdict(Emit.REPEAT, sample=False)


@pytest.mark.parametrize(
    ("rules", "due"),
    [
        (Rules(max_interval_s=900.0), 1000.0),
        (Rules(max_interval_s=0.0), math.inf),
        (Rules(max_interval_s=900.0, trend="always"), -math.inf),
    ],
)
def test_a_repeat_is_due_after_max_interval_never_or_always(rules: Rules, due: float) -> None:
    assert due_s(rules, 100.0) == due


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_value_is_a_fault_that_keeps_the_last_good_one(value: Value) -> None:
    kept = settled(Reading("IN1", value, flags=4), 19.5)
    assert (kept.value, kept.status, kept.flags) == (19.5, Status.FAULT, 4)
    assert kept.reason


def test_a_fault_never_shows_its_own_value() -> None:
    assert settled(Reading("IN1", -40.0, Status.FAULT, "sensor open"), 19.5).value == 19.5


def test_a_good_reading_is_taken_as_it_is() -> None:
    assert settled(OK_20, 1.0) is OK_20


@pytest.mark.parametrize(
    ("new", "stored", "deadband", "percent", "changes"),
    [
        (102.0, 100.0, 0.0, 2.0, False),
        (102.1, 100.0, 0.0, 2.0, True),
        (-97.9, -100.0, 0.0, 2.0, True),
        (0.1, 0.0, 0.0, 50.0, True),
        (0.1, 0.0, 0.2, 50.0, False),
        (101.0, 100.0, 0.5, 2.0, False),
        (101.0, 100.0, 1.5, 0.5, False),
        ("b", "a", 5.0, 50.0, True),
        (2**60 + 2**50, 2**60, 0.0, 1.0, False),
    ],
)
def test_of_both_deadbands_the_wider_counts(
    new: Value, stored: Value, deadband: float, percent: float, changes: bool
) -> None:
    rules = Rules(deadband=deadband, deadband_percent=percent)
    made = judge(Reading("p", new), Reading("p", stored), rules, digital=False, overdue=False)
    assert (made.emit is Emit.CHANGE) is changes


@pytest.mark.parametrize(
    ("new", "digital", "emit"),
    [
        (Reading("IN1", 25.0), False, Emit.SOON),
        (Reading("IN1", 20.0), False, Emit.NONE),
        (Reading("IN1", 25.0), True, Emit.CHANGE),
        (Reading("IN1", 20.0, Status.FAULT), False, Emit.CHANGE),
    ],
)
def test_a_value_does_not_change_too_soon_but_a_state_and_a_status_do(new: Reading, digital: bool, emit: Emit) -> None:
    assert judge(new, OK_20, Rules(min_interval_s=10.0), digital=digital, overdue=False, soon=True).emit is emit
