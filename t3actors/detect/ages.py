"""Decides when a point that is not read any more turns `stale`, then `down`. Pure; called by device.py and track.py.

The detector owns age: no device has to say anything for its dead values to be marked, so a hung or crash-looping device
actor cannot keep them alive. A poll counts as missed half an interval after it fell due (GRACE): one that is merely on
its way is not missed, and a point is marked before the next one falls due.

A reading of any kind refreshes a point: a sensor that reads `fault` at each poll stays `fault`; one that is not read any
more becomes `down`. `unknown` waits for `down_after`; `disabled` stands when a reading or the configuration said so.

A point whose device tells of its changes (`mode` "cov") is read all the same every `verified_every_s`: these are its polls.
"""

from __future__ import annotations

import math
from functools import lru_cache

from msgspec.structs import replace

from t3actors.points import Point, Rules, Status

GRACE = 0.5  # of an interval


def rules_of(point: Point) -> Rules:
    """Return the rules that a point is judged and aged by: its own, with the interval at which it is really read."""
    if point.mode == "poll" or point.verified_every_s <= point.rules.poll_interval_s:
        return point.rules
    return _read_every(point.rules, point.verified_every_s)


@lru_cache(maxsize=64)
def _read_every(rules: Rules, poll_interval_s: float) -> Rules:
    """One for all points alike: the look at a device's ages goes by identity."""
    return replace(rules, poll_interval_s=poll_interval_s)


def interval_s(rules: Rules, achieved_interval_s: float) -> float:
    """Return the interval that polls are counted at: what was asked for, or what the line achieves where that is longer."""
    return max(rules.poll_interval_s, achieved_interval_s)


def stale_at_age_s(rules: Rules, achieved_interval_s: float) -> float:
    """Return the age at which `stale_after` polls have been missed."""
    return (rules.stale_after + GRACE) * interval_s(rules, achieved_interval_s)


def down_at_age_s(rules: Rules, achieved_interval_s: float) -> float:
    """Return the age at which `down_after` polls have been missed."""
    return (rules.down_after + GRACE) * interval_s(rules, achieved_interval_s)


def aged(status: Status, age_s: float, rules: Rules, achieved_interval_s: float) -> Status:
    """Return the status that a point has at this age, if nothing is read of it."""
    if status is Status.DOWN or age_s >= down_at_age_s(rules, achieved_interval_s):
        return Status.DOWN
    if status is Status.OK and age_s >= stale_at_age_s(rules, achieved_interval_s):
        return Status.STALE
    return status


def next_age_s(status: Status, rules: Rules, achieved_interval_s: float) -> float:
    """Return the age at which `aged` next says something else than `status`; infinity when it never will."""
    if status is Status.DOWN:
        return math.inf
    down_s = down_at_age_s(rules, achieved_interval_s)
    return min(down_s, stale_at_age_s(rules, achieved_interval_s)) if status is Status.OK else down_s
