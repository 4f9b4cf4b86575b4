"""A device's life on a clock of the test's own, with the messages it sends kept in a list."""

from __future__ import annotations

import pytest

from supervision.registry import Registry
from t3actors.collect.life import LONGEST_PAUSE_S, Life
from t3actors.collect.lifecycle import Happened, State
from t3actors.collect.report import Report
from t3actors.config import DeviceConfig
from t3actors.errors import LinkDown, NotSent, RequestTimedOut
from t3actors.events import LogEvent
from t3actors.messages import DeviceStatusChanged, PollMissed
from t3actors.points import DeviceFacts, DeviceStatus, Rules

SILENCE = RequestTimedOut("no answer within 1 s")


class Lived:
    """A life that has begun at 0 s and is connecting."""

    def __init__(self, *, speaks: bool = True, polled_s: float = 10.0) -> None:
        self.now_s = 0.0
        self.told: list[object] = []
        self.events: list[str] = []
        rules = Rules(poll_interval_s=polled_s, stale_after=3, down_after=6)
        config = DeviceConfig(name="ahu-1", protocol="modbus", address="10.0.0.1:502", rules=rules)
        report = Report(
            config, (), DeviceFacts(), send=self._send, registry=Registry(), wall_ms=lambda: 0, log=self._log
        )
        self.life = Life(config, lambda: report, now_s=lambda: self.now_s, random=lambda: 0.5, speaks=lambda: speaks)
        self.life.begin()
        self.life.move(Happened.STARTED)

    def _send(self, _role: str, message: object) -> bool:
        self.told.append(message)
        return True

    def _log(self, event: LogEvent, /, **_keys: object) -> None:
        self.events.append(event.name)

    def steps(self) -> list[DeviceStatus]:
        return [message.status for message in self.told if isinstance(message, DeviceStatusChanged)]


@pytest.mark.parametrize(("silent_s", "state"), [(59.9, State.BACKING_OFF), (60.0, State.OFFLINE)])
def test_a_silence_of_down_after_polls_is_an_outage(silent_s: float, state: State) -> None:
    lived = Lived()
    lived.life.answered(0.0, 3)
    lived.now_s = silent_s
    lived.life.unanswered(SILENCE)
    assert lived.life.state is state


def test_who_is_refused_is_offline_at_once() -> None:
    lived = Lived()
    lived.life.answered(0.0, 3)
    lived.life.unanswered(LinkDown("connection refused", refused=True))
    assert lived.steps() == [DeviceStatus.CONNECTING, DeviceStatus.ONLINE, DeviceStatus.OFFLINE]
    assert lived.events[-1] == "device.offline"


def test_pauses_grow_to_the_longest_and_an_answer_ends_them() -> None:
    lived = Lived()
    pauses = []
    for _ in range(12):
        lived.life.unanswered(SILENCE)
        pauses.append(lived.life.pause_left_s())
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(5.0)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S)
    lived.life.answered(lived.now_s, 3)
    assert (lived.life.pause_left_s(), lived.life.outage) == (0.0, None)


def test_a_busy_line_is_a_missed_poll_and_says_nothing_of_the_device() -> None:
    lived = Lived()
    lived.life.answered(0.0, 3)
    lived.now_s = 1000.0
    lived.life.not_asked(NotSent("the line is too busy"))
    assert (lived.life.state, lived.life.outage) == (State.ONLINE, None)
    assert isinstance(lived.told[-1], PollMissed)
    assert lived.life.polls.counts.polls_failed == 1


def test_a_busy_line_puts_off_the_next_try_of_an_outage_by_a_poll() -> None:
    lived = Lived()
    lived.life.unanswered(SILENCE)
    lived.now_s = 100.0
    lived.life.not_asked(NotSent("the line is too busy"))
    assert lived.life.pause_left_s() == 10.0


def test_one_for_whom_another_speaks_lives_in_silence() -> None:
    lived = Lived(speaks=False)
    lived.life.answered(0.0, 3)
    lived.life.unanswered(SILENCE)
    assert lived.life.state is State.BACKING_OFF
    assert (lived.told, lived.events) == ([], [])


def test_that_it_is_not_asked_any_more_is_told_to_nobody() -> None:
    lived = Lived()
    lived.life.end()
    assert lived.life.state is State.STOPPED
    assert lived.steps() == [DeviceStatus.CONNECTING]
