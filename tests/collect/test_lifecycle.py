"""The life-cycle table, proof-read by tests."""

from __future__ import annotations

import pytest

from t3actors.collect.lifecycle import SHOWN, TABLE, Happened, State, after


def test_every_state_can_be_stopped() -> None:
    assert {after(state, Happened.STOPPED) for state in State} == {State.STOPPED}


@pytest.mark.parametrize("state", [State.CONNECTING, State.ONLINE, State.BACKING_OFF, State.OFFLINE, State.MISMATCHED])
def test_a_living_device_can_always_answer_again_and_always_be_refused(state: State) -> None:
    assert after(state, Happened.ANSWERED) is State.ONLINE
    for happened in (Happened.REFUSED, Happened.EXHAUSTED):
        assert after(state, happened) is State.OFFLINE
    assert after(state, Happened.MISMATCHED) is State.MISMATCHED


def test_one_lost_poll_does_not_make_a_device_offline_and_offline_stays_until_it_answers() -> None:
    assert after(State.ONLINE, Happened.UNANSWERED) is State.BACKING_OFF
    assert after(State.BACKING_OFF, Happened.UNANSWERED) is State.BACKING_OFF
    assert after(State.OFFLINE, Happened.UNANSWERED) is State.OFFLINE


def test_a_pair_that_cannot_happen_is_a_bug() -> None:
    with pytest.raises(KeyError):
        after(State.STOPPED, Happened.ANSWERED)
    with pytest.raises(KeyError):
        after(State.DISABLED, Happened.ANSWERED)


def test_every_state_is_shown_and_every_state_can_be_reached() -> None:
    assert set(SHOWN) == set(State)
    assert set(TABLE.values()) | {State.UNKNOWN} == set(State)
