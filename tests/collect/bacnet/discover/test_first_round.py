"""How long the first round of a search takes."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.discover.first_round import first_round_s
from t3actors.config import BacnetConfig


def test_a_round_takes_three_sweeps_and_the_time_for_answers() -> None:
    usual = first_round_s(BacnetConfig(discover="all"))
    assert 20 < usual < 60
    assert first_round_s(BacnetConfig(discover="all", who_is_rate=0.1)) > 3 * usual


@pytest.mark.parametrize("limits", [(7, 7), (0, 999)])
def test_a_narrow_range_is_one_question_a_sweep(limits: tuple[int, int]) -> None:
    rate = 0.5
    config = BacnetConfig(discover="all", who_is_range=limits, who_is_rate=rate)
    assert first_round_s(config) == pytest.approx(1 / rate + 3 * 5.0, abs=2 / rate)
