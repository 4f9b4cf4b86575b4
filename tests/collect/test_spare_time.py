"""A driver's own work fits between polls, and a poll that always overruns does not starve it."""

from __future__ import annotations

import math

from t3actors.collect.spare_time import STARVED_S, SpareTime


def test_before_the_device_is_met_nothing_is_due() -> None:
    assert SpareTime().due_s == math.inf


def test_a_piece_begins_only_where_the_last_one_would_have_fitted() -> None:
    spare = SpareTime()
    spare.begin(100.0)
    assert spare.due_s == 100.0
    assert spare.allows(100.0, 100.001), "nothing is known yet of how long a piece takes"
    spare.worked(100.0, 100.2, 0.1)
    assert spare.due_s == 100.2 + 0.1
    assert not spare.allows(100.3, 100.5), "0.2 s, half as long again, do not fit into 0.2 s"
    assert spare.allows(100.3, 100.7)


def test_a_poll_that_always_overruns_does_not_starve_it() -> None:
    spare = SpareTime()
    spare.begin(0.0)
    spare.worked(0.0, 1.0, 0.0)
    assert not spare.allows(1.5, 1.5)
    assert spare.allows(1.0 + STARVED_S, 1.0 + STARVED_S)


def test_without_further_work_nothing_is_due() -> None:
    spare = SpareTime()
    spare.begin(0.0)
    spare.worked(0.0, 1.0, None)
    assert spare.due_s == math.inf
