"""The metrics page: base units, the prefix, a series per device and none per point, and nothing that a parser refuses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from t3actors.collect.pace import Pace
from t3actors.messages import PollCounts
from t3actors.points import DeviceStatus
from t3actors.questions import DetectorCounts, DeviceStanding
from t3actors.rows import PointCount
from t3actors.watch.metrics import Figures, page
from t3actors.watch.parts import DoorPart, WebviewPart
from t3actors.watch.tree import ChildRow
from tests.watch.reports import part, report

LATE = Pace()
for late_s in (0.0005, 0.004, 0.004, 100.0):
    LATE.record(late_s)


def standing(name: str, status: DeviceStatus, heard_at_ms: int | None) -> DeviceStanding:
    return DeviceStanding(
        device=name, status=status, reason="", since_at_ms=None, last_ok_at_ms=heard_at_ms, poll_interval_s=30.0,
        counts=PollCounts(7, 2, 31.0), points=5,
    )  # fmt: skip


FIGURES = Figures(
    version="1.2.3",
    live=True,
    health=report(
        store=part("blocked", "disk"),
        links={"ok": 2, "down": 1},
        webview=WebviewPart(state="degraded", reason="busy", since_at=0, waiting=7),
        t3000=[DoorPart(state="down", reason="silent", since_at=0, device="plant", method="http", worker_pid=None)],
    ),
    started_at_ms=1_767_232_805_115,
    counts=DetectorCounts(readings=100, changes=10, samples_stored=9, pending=3),
    standings=(
        standing("ahu-1", DeviceStatus.ONLINE, 1_767_232_805_115),
        standing('odd "name"\n', DeviceStatus.OFFLINE, None),
    ),
    children=(
        ChildRow(
            supervisor="g", child="device/ahu-1", kind="task", state="running", incarnation=3, restarts=2, last_exit=""
        ),
    ),
    lateness=LATE.histogram(),
    supervision=Counter(restarts=2),
    dead_letters=1,
    api=Counter(refused=4, hung_up=2),
    listeners=2,
    tasks=12,
    threads=5,
    mail_waiting=3,
    memory_blocks=700_000,
    database_bytes=1_000_000,
    free_bytes=2_000_000,
)


@pytest.fixture(scope="module")
def series() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = page(FIGURES, [PointCount(name="ahu-1", status="ok", points=5)]).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("t3actors_live", {}, 1),
        ("t3actors_start_time_seconds", {}, 1_767_232_805.115),
        ("t3actors_build_info", {"version": "1.2.3"}, 1),
        ("t3actors_readings_total", {}, 100),
        ("t3actors_changes_pending", {}, 3),
        ("t3actors_devices", {"status": "online"}, 1),
        ("t3actors_devices", {"status": "offline"}, 1),
        ("t3actors_devices", {"status": "conflict"}, 0),
        ("t3actors_device_online", {"device": "ahu-1"}, 1),
        ("t3actors_device_online", {"device": 'odd "name"\n'}, 0),
        ("t3actors_device_polls_total", {"device": "ahu-1", "result": "failed"}, 2),
        ("t3actors_device_achieved_interval_seconds", {"device": "ahu-1"}, 31.0),
        ("t3actors_device_last_answer_timestamp_seconds", {"device": "ahu-1"}, 1_767_232_805.115),
        ("t3actors_device_points", {"device": "ahu-1", "status": "ok"}, 5),
        ("t3actors_child_restarts_total", {"child": "device/ahu-1"}, 2),
        ("t3actors_poll_lateness_seconds_bucket", {"le": "0.001"}, 1),
        ("t3actors_poll_lateness_seconds_bucket", {"le": "0.005"}, 3),
        ("t3actors_poll_lateness_seconds_bucket", {"le": "+Inf"}, 4),
        ("t3actors_poll_lateness_seconds_count", {}, 4),
        ("t3actors_api_refused_total", {"why": "refused"}, 4),
        ("t3actors_api_refused_total", {"why": "hung_up"}, 2),
        ("t3actors_tasks", {}, 12),
        ("t3actors_threads", {}, 5),
        ("t3actors_mail_waiting", {}, 3),
        ("t3actors_memory_blocks", {}, 700_000),
        ("t3actors_database_bytes", {}, 1_000_000),
        ("t3actors_part_ok", {"part": "loop"}, 1),
        ("t3actors_part_ok", {"part": "store"}, 0),
        ("t3actors_part_ok", {"part": "webview"}, 0),
        ("t3actors_webview_waiting_batches", {}, 7),
        ("t3actors_t3000_ok", {"device": "plant", "method": "http"}, 0),
        ("t3actors_links", {"state": "down"}, 1),
    ],
)
def test_what_is_counted_is_there(series: Any, name: str, labels: dict[str, str], value: float) -> None:
    assert series[name, tuple(sorted(labels.items()))] == pytest.approx(value)


def test_every_name_has_the_prefix_and_no_point_is_a_label(series: Any) -> None:
    assert all(name.startswith("t3actors_") for name, _ in series)
    assert {label for _, labels in series for label, _ in labels} <= {
        "device", "status", "result", "child", "le", "why", "version", "part", "method", "state",
    }  # fmt: skip


def test_a_device_that_was_never_heard_has_no_time(series: Any) -> None:
    assert ("t3actors_device_last_answer_timestamp_seconds", (("device", 'odd "name"\n'),)) not in series


def test_of_what_is_not_there_nothing_is_said() -> None:
    bare = msgspec.structs.replace(FIGURES, health=report())
    assert b"webview" not in page(bare, ()).replace(b"webview: T3000's own database", b"")
    assert b"t3actors_t3000_ok{" not in page(bare, ())
    assert b"part_ok" not in page(msgspec.structs.replace(FIGURES, health=None), ())
