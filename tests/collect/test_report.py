"""What a device's actor tells the detector, with the messages kept in a list."""

from __future__ import annotations

import pytest

from supervision.registry import Registry
from t3actors.collect.lifecycle import State
from t3actors.collect.report import Report
from t3actors.config import DeviceConfig
from t3actors.events import silent
from t3actors.messages import DeviceAnnounced, PollCounts, ReadingsTaken
from t3actors.points import DeviceFacts


@pytest.mark.parametrize("shown_once_met", [False, True])
def test_one_that_is_shown_once_it_is_met_announces_itself_then_and_not_before(shown_once_met: bool) -> None:
    told: list[object] = []

    def send(_role: str, message: object) -> bool:
        told.append(message)
        return True

    config = DeviceConfig(
        name="bacnet:0:5",
        protocol="bacnet",
        address="10.0.0.5",
        instance=5,
        discovered=True,
        shown_once_met=shown_once_met,
    )
    report = Report(config, (), DeviceFacts(), send=send, registry=Registry(), wall_ms=lambda: 0, log=silent)
    report.announce()
    report.moved(State.UNKNOWN, State.CONNECTING)
    report.missed("no answer", PollCounts())
    report.taken(ReadingsTaken(device=config.name, poll_no=1, incarnation=1, known=False))
    assert [one.discovered for one in told if isinstance(one, DeviceAnnounced)] == [False] * (
        0 if shown_once_met else 2
    )
    told.clear()
    report.describe((), DeviceFacts(object_instance=5))
    assert [one.discovered for one in told if isinstance(one, DeviceAnnounced)] == [True]
