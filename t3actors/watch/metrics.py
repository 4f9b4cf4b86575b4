"""The metrics page for a Prometheus server: base units, prefix t3actors_, one series per device and none per point.

What is counted is taken together on the loop (`Figures`), the page is written in a thread: 500 devices are 10,000 lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from t3actors.points import DeviceStatus
from t3actors.questions import DetectorCounts, DeviceStanding
from t3actors.rows import PointCount
from t3actors.watch.parts import HealthReport
from t3actors.watch.tree import ChildRow

CONTENT_TYPE = CONTENT_TYPE_LATEST
NAMESPACE = "t3actors"


class Histogram(Protocol):
    """How late polls started: bounds in seconds, a count each (not summed up) and one beyond, and the sum."""

    @property
    def bounds_s(self) -> tuple[float, ...]:
        """Upper bounds."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Counts, one more than bounds."""

    @property
    def sum_s(self) -> float:
        """All of it together."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All that is counted, at one moment. `health`: the newest report; None before there is one.

    `api`: refused, flooded, failed, hung up; `supervision`: restarts, abandoned, mail_dropped.
    """

    version: str
    live: bool
    health: HealthReport | None
    started_at_ms: int
    counts: DetectorCounts
    standings: tuple[DeviceStanding, ...]
    children: tuple[ChildRow, ...]
    lateness: Histogram
    supervision: Mapping[str, int]
    dead_letters: int
    api: Mapping[str, int]
    listeners: int
    tasks: int
    threads: int
    mail_waiting: int
    memory_blocks: int
    database_bytes: int
    free_bytes: int


def page(figures: Figures, points: Iterable[PointCount]) -> bytes:
    """Write the page. Thread: any."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(figures, tuple(points)))
    ProcessCollector(namespace=NAMESPACE, registry=registry)
    return bytes(generate_latest(registry))


class _Once(Collector):
    def __init__(self, figures: Figures, points: tuple[PointCount, ...]) -> None:
        self._figures = figures
        self._points = points

    def collect(self) -> Iterator[Metric]:
        yield from _gateway(self._figures)
        if self._figures.health is not None:
            yield from _parts(self._figures.health)
        yield from _flow(self._figures.counts)
        yield from _devices(self._figures.standings)
        yield from _children(self._figures.children)
        points = _gauge("device_points", "Points of a device by status, as stored.", "device", "status")
        for each in self._points:
            points.add_metric([each.name, each.status], each.points)
        yield points


def _gateway(figures: Figures) -> Iterator[Metric]:
    version = InfoMetricFamily(f"{NAMESPACE}_build", "The version that runs.")
    version.add_metric([], {"version": figures.version})
    yield version
    yield _gauge("live", "1 while loop, detector and writer make progress.", value=figures.live)
    yield _gauge("start_time_seconds", "When the gateway started, Unix time.", value=figures.started_at_ms / 1000)
    late = figures.lateness
    bounds = [*(f"{bound:g}" for bound in late.bounds_s), "+Inf"]
    lateness = HistogramMetricFamily(
        f"{NAMESPACE}_poll_lateness_seconds", "How long after it fell due a poll started, all devices together."
    )
    lateness.add_metric([], list(zip(bounds, map(float, accumulate(late.counts)), strict=True)), late.sum_s)
    yield lateness
    yield _counter("restarts", "Actors started again after a failure.", figures.supervision.get("restarts", 0))
    yield _counter(
        "abandoned", "Threads and tasks that would not end, left behind.", figures.supervision.get("abandoned", 0)
    )
    dropped = figures.supervision.get("mail_dropped", 0)
    yield _counter("mail_dropped", "Messages dropped with a failed actor's inbox.", dropped)
    yield _counter("dead_letters", "Messages that reached nobody.", figures.dead_letters)
    yield _gauge("tasks", "Tasks of the loop that live.", value=figures.tasks)
    yield _gauge("threads", "Threads that live.", value=figures.threads)
    yield _gauge("mail_waiting", "Messages that wait in the inboxes of all actors.", value=figures.mail_waiting)
    yield _gauge("memory_blocks", "Pieces of memory that Python's objects hold.", value=figures.memory_blocks)
    yield _gauge("database_bytes", "Size of the database with its log.", value=figures.database_bytes)
    yield _gauge("free_bytes", "Free room where the database lies.", value=figures.free_bytes)
    refusals = CounterMetricFamily(
        f"{NAMESPACE}_api_refused",
        "Requests and connections of the API that were turned away, or failed.",
        labels=["why"],
    )
    for why in ("refused", "flooded", "failed", "hung_up"):
        refusals.add_metric([why], figures.api.get(why, 0))
    yield refusals
    yield _gauge("api_listeners", "Clients that listen on /live.", value=figures.listeners)


def _parts(health: HealthReport) -> Iterator[Metric]:
    parts = {"loop": health.loop, "detector": health.detector, "store": health.store, "actors": health.actors}
    if health.webview is not None:
        parts["webview"] = health.webview
        yield _gauge(
            "webview_waiting_batches", "Batches that wait for T3000's own database.", value=health.webview.waiting
        )
    well = _gauge("part_ok", "1 while a part of the gateway is well; webview: T3000's own database.", "part")
    for name, part in parts.items():
        well.add_metric([name], part.state == "ok")
    yield well
    doors = _gauge("t3000_ok", "1 while an installation of T3000 answers.", "device", "method")
    for door in health.t3000:
        doors.add_metric([door.device, door.method], door.state == "ok")
    yield doors
    links = _gauge("links", "Links by state.", "state")
    for state, count in health.links.items():
        links.add_metric([state], count)
    yield links


def _flow(counts: DetectorCounts) -> Iterator[Metric]:
    yield _counter("readings", "Readings that devices handed in.", counts.readings)
    yield _counter("changes", "Readings that differed from what was stored.", counts.changes)
    yield _counter("repeats", "Unchanged readings that were stored again.", counts.repeats)
    yield _counter("samples_stored", "Rows of history that the writer acknowledged.", counts.samples_stored)
    yield _counter("rows_stored", "All rows that the writer acknowledged.", counts.rows_stored)
    yield _counter("batches_stored", "Transactions that the writer acknowledged.", counts.batches_stored)
    yield _counter("changes_dropped", "Changes that the store had to let go.", counts.changes_dropped)
    yield _counter("samples_lost", "Samples replaced by newer ones while the writer was behind.", counts.lost_samples)
    yield _gauge("changes_pending", "Changes that wait for a batch.", value=counts.pending)
    yield _gauge("changes_in_flight", "Changes in the batch that is not acknowledged yet.", value=counts.in_flight)


def _devices(standings: tuple[DeviceStanding, ...]) -> Iterator[Metric]:
    by_status = _gauge("devices", "Devices by status.", "status")
    for status in DeviceStatus:
        by_status.add_metric([status], sum(each.status is status for each in standings))
    yield by_status
    online = _gauge("device_online", "1 while the device answers.", "device")
    polls = CounterMetricFamily(f"{NAMESPACE}_device_polls", "Polls of a device.", labels=["device", "result"])
    interval = _gauge("device_poll_interval_seconds", "How often the device is to be polled.", "device")
    achieved = _gauge("device_achieved_interval_seconds", "How often it is really polled.", "device")
    heard = _gauge("device_last_answer_timestamp_seconds", "When it last answered, Unix time.", "device")
    for each in standings:
        online.add_metric([each.device], each.status is DeviceStatus.ONLINE)
        polls.add_metric([each.device, "ok"], each.counts.polls_ok)
        polls.add_metric([each.device, "failed"], each.counts.polls_failed)
        if each.poll_interval_s is not None:
            interval.add_metric([each.device], each.poll_interval_s)
            achieved.add_metric([each.device], each.counts.achieved_interval_s)
        if each.last_ok_at_ms is not None:
            heard.add_metric([each.device], each.last_ok_at_ms / 1000)
    yield from (online, polls, interval, achieved, heard)


def _children(children: tuple[ChildRow, ...]) -> Iterator[Metric]:
    restarts = CounterMetricFamily(
        f"{NAMESPACE}_child_restarts", "How often an actor or supervisor was started again.", labels=["child"]
    )
    running = _gauge("child_running", "1 while the actor or supervisor runs.", "child")
    for child in children:
        restarts.add_metric([child.child], child.restarts)
        running.add_metric([child.child], child.state == "running")
    yield from (restarts, running)


def _gauge(name: str, says: str, *labels: str, value: float | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{NAMESPACE}_{name}", says, value=value, labels=labels or None)


def _counter(name: str, says: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"{NAMESPACE}_{name}", says, value=value)
