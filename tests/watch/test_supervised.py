"""What the supervisors tell, in the words of the log and as rows for EVENTS."""

from __future__ import annotations

import pytest

from supervision import events as told
from supervision.exits import ExitKind
from t3actors.events import LogEvent
from t3actors.messages import EventHappened
from t3actors.watch.supervised import SupervisionLog

WHERE = ("gateway/devices", "device/ahu-1", 3)


class Ears:
    """Keeps what is logged and told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []
        self.rows: list[EventHappened] = []
        self.supervision_log = SupervisionLog(self.log, lambda: 7, self.rows.append)

    def log(self, event: LogEvent, /, **keys: object) -> None:
        assert set(keys) == set(event.keys)
        self.lines.append((event.name, keys))

    def tell(self, *events: told.Event) -> None:
        for event in events:
            self.supervision_log(event)


def exited(child: str = "device/ahu-1", cause: BaseException | None = None) -> told.ChildExited:
    kind = ExitKind.LATE if cause is None else ExitKind.CRASHED
    return told.ChildExited("gateway/devices", child, 3, kind, cause, "", 9.0)


def test_a_crash_says_when_the_actor_is_tried_next() -> None:
    ears = Ears()
    ears.tell(
        exited(cause=ValueError("odd")), told.MailDropped(*WHERE, 2), told.ChildRestartScheduled(*WHERE, 1, 0.4321)
    )
    assert [name for name, _ in ears.lines] == ["mail.dropped", "child.exited"]
    assert ears.lines[-1][1]["next_try_s"] == 0.4
    assert ears.lines[-1][1]["cause"] == "ValueError('odd')"


@pytest.mark.parametrize(
    "after", [told.SupervisorStopped("gateway", None), told.ChildRestartScheduled("gateway", "writer", 1, 1, 5.0)]
)
def test_a_crash_that_nobody_tries_again_is_said_with_the_next_event_whatever_it_is(after: told.Event) -> None:
    ears = Ears()
    ears.tell(exited(), after)
    assert [(name, keys["next_try_s"]) for name, keys in ears.lines] == [("child.exited", None)]


def test_a_restart_is_a_row_for_events_that_names_the_device_and_the_cause() -> None:
    ears = Ears()
    ears.tell(exited(cause=ValueError("odd")), told.ChildRestarted("gateway/devices", "device/ahu-1", 4, 1))
    ears.tell(exited("writer"), told.ChildRestarted("gateway", "writer", 2, 1))
    assert [(row.event, row.device, row.reason, row.at_ms) for row in ears.rows] == [
        ("child.restarted", "ahu-1", "ValueError: odd", 7),
        ("child.restarted", None, "writer: late", 7),
    ]


def test_an_orderly_end_is_not_said() -> None:
    ears = Ears()
    ears.tell(told.ChildExited(*WHERE, ExitKind.SHUTDOWN, None, "", 9.0), told.SupervisorStopped("gateway", None))
    assert ears.lines == []


def test_of_children_that_fail_and_come_up_anew_or_go_no_cause_is_kept() -> None:
    ears = Ears()
    for number in range(20):
        child = f"device/{number}"
        ears.tell(exited(child), told.ChildRestarted("gateway/devices", child, 2, 1))
        ears.tell(exited(child), told.ChildStarted("gateway/devices", child, 3))
    assert not ears.supervision_log._causes
