"""Decides whether a reading differs from the last stored one, and what of it is worth storing. Pure.

The first that applies wins:

    nothing stored, or its status differs, or its value differs   change: point row and sample
    its value differs, but `min_interval_s` has not passed        nothing, but judged again when it has
    mode, flags, switch or class of reason differs                details: point row alone (TRENDLOG_DATA shows none of them)
    `max_interval_s` has passed, or `trend` is "always"           repeat:  point row and sample, not a change
    otherwise                                                     nothing

`trend = "never"` takes the sample away from each; "always" adds it. A reason's class is its text before the first colon:
a fault that merely words its detail anew ("no answer: 1.2 s", "no answer: 1.3 s") is the same fault, and the first
wording stays. The first good reading after a time in which nobody looked (a start, a pause) counts as overdue, is never too soon, and
is a sample in any case (track.py). Ages are not judged here (ages.py), and nothing is remembered (device.py). Called by track.py.
"""

from __future__ import annotations

import math
from enum import Enum, auto
from fractions import Fraction
from typing import NamedTuple

from t3actors.points import Reading, Rules, Status, Value

EXACT_IN_A_FLOAT = 2**53


class Emit(Enum):
    """What becomes of a reading."""

    NONE = auto()
    CHANGE = auto()
    DETAILS = auto()
    REPEAT = auto()
    SOON = auto()
    """Nothing now; it is a change once `min_interval_s` has passed."""


class Verdict(NamedTuple):
    """`sample`: a row of history too, not only the point's own row."""

    emit: Emit
    sample: bool


NOTHING = Verdict(Emit.NONE, sample=False)
ROW_ALONE = Verdict(Emit.DETAILS, sample=False)
_SOON = Verdict(Emit.SOON, sample=False)
_OK = Status.OK  # a word of an Enum costs 160 ns each time (Python 3.11)
_CHANGE, _DETAILS, _REPEAT = (
    {sample: Verdict(emit, sample) for sample in (False, True)} for emit in (Emit.CHANGE, Emit.DETAILS, Emit.REPEAT)
)


DETAILS_SAMPLED = _DETAILS[True]


def settled(reading: Reading, last_good: Value) -> Reading:
    """Return the reading with a value that may be kept: a value that is no value is a fault, and a fault keeps the last good one."""
    value, status, reason = reading.value, reading.status, reading.reason
    if status is _OK:
        if value is None:
            status, reason = Status.FAULT, "no value"
        elif isinstance(value, float) and not math.isfinite(value):
            status, reason = Status.FAULT, f"not a finite number: {value}"
        else:
            return reading
    return Reading(reading.point_id, last_good, status, reason, reading.auto_manual, reading.flags, reading.hw_switch)


def judge(
    new: Reading, stored: Reading | None, rules: Rules, *, digital: bool, overdue: bool, soon: bool = False
) -> Verdict:
    """Say what to emit for a settled reading. `stored` None: whatever was stored is not known any more.

    `overdue`: the time of `due_s` has come; `soon`: `min_interval_s` has not passed since anything was emitted, which a
    digital point does not mind.
    """
    sampled = rules.trend != "never"
    if stored is None or new.status is not stored.status:
        return _CHANGE[sampled]
    if value_differs(new.value, stored.value, 0.0 if digital else band(rules, stored.value)):
        return _SOON if soon and not digital else _CHANGE[sampled]
    if details_differ(new, stored):
        return _DETAILS[rules.trend == "always"]
    if overdue:
        return _REPEAT[sampled]
    return NOTHING


def band(rules: Rules, stored: Value) -> float:
    """Return how far a value may lie from the stored one without being another."""
    if not rules.deadband_percent or stored is None or isinstance(stored, str):
        return rules.deadband
    return max(rules.deadband, abs(stored) * rules.deadband_percent / 100)


def due_s(rules: Rules, emitted_s: float) -> float:
    """Return the monotonic time from which an unchanged reading is emitted again."""
    if rules.trend == "always" or rules.compress > 0:
        return -math.inf
    return emitted_s + rules.max_interval_s if rules.max_interval_s > 0 else math.inf


def value_differs(new: Value, old: Value, deadband: float) -> bool:
    """Compare exactly, then against the deadband: |new - old| > deadband as Python's numbers have it; text has no deadband.

    1 is 1.0; an integer beyond 2^53 is not rounded to a float first.
    """
    if new == old:
        return False
    if deadband <= 0 or new is None or old is None or isinstance(new, str) or isinstance(old, str):
        return True
    if type(new) is not type(old) and max(abs(new), abs(old)) > EXACT_IN_A_FLOAT:
        return abs(Fraction(new) - Fraction(old)) > deadband
    return abs(new - old) > deadband


def details_differ(new: Reading, stored: Reading) -> bool:
    """Say whether anything else about the point is to be shown anew."""
    return (
        new.flags != stored.flags
        or new.auto_manual != stored.auto_manual
        or new.hw_switch != stored.hw_switch
        or (new.reason != stored.reason and reason_class(new.reason) != reason_class(stored.reason))
    )


def reason_class(reason: str) -> str:
    """Return what kind of reason this is."""
    return reason.partition(":")[0]
