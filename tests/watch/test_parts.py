"""How each part is judged, and the line that a person reads."""

from __future__ import annotations

import pytest

from t3actors.messages import PollCounts
from t3actors.points import DeviceStatus, Status
from t3actors.questions import DetectorCounts, DeviceStanding, DoorStanding, WebviewStanding, WriterStanding
from t3actors.watch import parts
from t3actors.watch.parts import STORES_WITHIN_S
from t3actors.watch.tree import ChildRow
from tests.watch.reports import WELL, part, report

LOADED = DetectorCounts(loaded=True)


def standing(status: DeviceStatus, reason: str = "") -> DeviceStanding:
    return DeviceStanding(
        device="a", status=status, reason=reason, since_at_ms=None, last_ok_at_ms=None, poll_interval_s=1.0,
        counts=PollCounts(), points=1,
    )  # fmt: skip


def child(name: str, state: str) -> ChildRow:
    return ChildRow(supervisor="gateway", child=name, kind="task", state=state, incarnation=1, restarts=0, last_exit="")


def test_the_gateway_is_as_its_worst_part_and_names_it() -> None:
    assert parts.of_gateway({"loop": WELL, "store": WELL}) == ("ok", "")
    judged = {"actors": part("degraded", "x"), "store": part("stuck", "y"), "detector": part("stuck", "z")}
    assert parts.of_gateway(judged) == ("stuck", "store: y")


@pytest.mark.parametrize(
    ("writer", "counts", "unheard_s", "idle_s", "state"),
    [
        (WriterStanding(), LOADED, 0, 0, "ok"),
        (WriterStanding(), LOADED, STORES_WITHIN_S, STORES_WITHIN_S, "ok"),
        (WriterStanding(), LOADED, STORES_WITHIN_S + 0.1, 0, "stuck"),
        (WriterStanding(), LOADED, 0, STORES_WITHIN_S + 0.1, "stuck"),
        (WriterStanding(waits_for="locked"), LOADED, 0, 1000, "blocked"),
        (WriterStanding(waits_for="locked"), LOADED, 1000, 1000, "stuck"),
        (WriterStanding(), DetectorCounts(), 0, 1000, "starting"),
        (WriterStanding(history_waits=True), LOADED, 0, 0, "degraded"),
    ],
)
def test_the_store_is_judged_by_what_the_writer_says_and_does(
    writer: WriterStanding, counts: DetectorCounts, unheard_s: float, idle_s: float, state: str
) -> None:
    assert parts.of_store(writer, counts, unheard_s, idle_s)[0] == state


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], "ok"),
        ([DeviceStatus.DISABLED], "ok"),
        ([DeviceStatus.UNKNOWN, DeviceStatus.UNKNOWN], "starting"),
        ([DeviceStatus.OFFLINE, DeviceStatus.UNKNOWN], "ok"),
        ([DeviceStatus.OFFLINE, DeviceStatus.ONLINE], "ok"),
        ([DeviceStatus.OFFLINE, DeviceStatus.DISABLED], "down"),
        ([DeviceStatus.OFFLINE, DeviceStatus.OFFLINE], "down"),
    ],
)
def test_a_link_is_judged_by_the_enabled_devices_on_it(statuses: list[DeviceStatus], state: str) -> None:
    assert parts.of_link(child("link", "running"), [standing(status) for status in statuses])[0] == state


@pytest.mark.parametrize(
    ("webview", "unheard_s", "judged"),
    [
        (None, 0, ("starting", "T3000's database is being opened")),
        (WebviewStanding(), STORES_WITHIN_S, ("ok", "")),
        (WebviewStanding(), 36, ("degraded", "who writes T3000's database has not answered for 36 s")),
        (WebviewStanding(waits_for="busy"), 0, ("degraded", "busy")),
        (WebviewStanding(waits_for="busy", waiting=7), 0, ("degraded", "busy; 7 batches wait for it")),
    ],
)
def test_t3000_s_own_database_is_degraded_at_worst(
    webview: WebviewStanding | None, unheard_s: float, judged: tuple[str, str]
) -> None:
    assert parts.of_webview(webview, unheard_s) == judged


@pytest.mark.parametrize(
    ("door", "state"),
    [
        (None, "degraded"),
        (DoorStanding(method="auto"), "starting"),
        (DoorStanding(method="auto", has_answered=True), "ok"),
        (DoorStanding(method="auto", has_answered=True, trouble="the library crashed: SIGSEGV"), "down"),
    ],
)
def test_the_way_into_a_t3000_is_judged_by_its_last_cycle(door: DoorStanding | None, state: str) -> None:
    assert parts.of_door(door)[0] == state


def test_of_a_t3000_that_was_not_asked_yet_it_is_not_said_that_it_is_being_asked() -> None:
    """Where `auto_start` is off its first cycle may be days away."""
    assert parts.of_door(DoorStanding(method="auto")) == ("starting", "no cycle of it was answered yet")


def test_actors_that_do_not_run_are_named_up_to_twenty() -> None:
    assert parts.of_actors([child("a", "running")]) == ("ok", "")
    state, reason = parts.of_actors([child(f"device/{number}", "restarting") for number in range(21)])
    assert state == "degraded"
    assert reason.startswith("device/0 (restarting), device/1 (restarting)")
    assert reason.endswith("device/19 (restarting) and 1 more")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "2/2 devices online"),
        ({"growth_mb_a_day": 1.23}, "2/2 devices online, 1.2 MB/day"),
        (
            {
                "devices": {DeviceStatus.ONLINE: 12, DeviceStatus.OFFLINE: 2, DeviceStatus.DISABLED: 3},
                "points_by_status": {Status.OK: 90, Status.DOWN: 3},
                "growth_mb_a_day": 1.2,
            },
            "12/14 devices online, 3 points down, 1.2 MB/day",
        ),
        ({"points_by_status": {Status.STALE: 1, Status.FAULT: 2}}, "2/2 devices online, 1 point stale, 2 fault"),
        ({"gateway": part("degraded", "actors: x (restarting)")}, "2/2 devices online"),
        ({"gateway": part("stuck", "store: y")}, "stuck: store: y; 2/2 devices online"),
        ({"gateway": part("blocked", "store: y"), "devices": {}}, "blocked: store: y; no device is known yet"),
    ],
)
def test_one_line_says_how_it_is(changes: dict[str, object], line: str) -> None:
    assert parts.status_line(report(**changes)) == line
