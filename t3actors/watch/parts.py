"""How each part of the gateway is, and why; and the whole in one line. Pure: health.py asks the parts and keeps since when.

A part is `stuck` when it made no progress though it should have, and `blocked` when something outside is to blame that a restart would
not mend (another program holds the database). `degraded`, `down` and `starting` parts do make progress.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from t3actors.control import Override
from t3actors.points import DeviceStatus, Status
from t3actors.questions import DetectorCounts, DeviceStanding, DoorStanding, WebviewStanding, WriterStanding
from t3actors.watch.advice import advice_on
from t3actors.watch.tree import ChildRow

State = Literal["ok", "starting", "degraded", "down", "blocked", "stuck"]
WORST_FIRST: tuple[State, ...] = ("stuck", "blocked", "down", "starting", "degraded", "ok")
ANSWERS_WITHIN_S = 5.0
LOOKS_WITHIN_S = 5.0
STORES_WITHIN_S = 35.0
"""A batch waits 2 s at most, one in flight is sent again after 30 s: a writer that stored nothing for longer makes no progress."""
NAMED_AT_MOST = 20
WELL = {DeviceStatus.ONLINE, DeviceStatus.DISABLED}
NOT_WELL = (Status.DOWN, Status.STALE, Status.FAULT)
Judgement = tuple[State, str]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How one part of the gateway is, why, and since when (Unix ms)."""

    state: State
    reason: str
    since_at: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is not online, and why; since when (Unix ms; null: since before the start); where to look, where that is known."""

    device: str
    status: DeviceStatus
    reason: str
    since_at: int | None
    look_at: str


class LinkTrouble(Part, frozen=True, kw_only=True):
    """A link that is not well: "link/modbus/<address>" or "link/bacnet"."""

    link: str


class DoorPart(Part, frozen=True, kw_only=True):
    """The way into an installation of T3000. `method`: how its panels are asked; `worker_pid`: the process that has T3000's library
    loaded, null where there is none."""

    device: str
    method: str
    worker_pid: int | None


class WebviewPart(Part, frozen=True, kw_only=True):
    """T3000's own database. `waiting`: so many batches wait for it."""

    waiting: int


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `live`: loop, detector and store make progress. `at`: when it was made (Unix ms).

    `gateway` is as the worst of `loop`, `detector`, `store`, `actors` and `webview`, and says which; links, installations and devices are
    told beside it. `actors` is degraded while a child of the tree does not run. `webview`: T3000's own database, where it is kept filled,
    else null; `t3000`: the way into each installation. `links` and `devices`: how many are in which state; `troubled_links` and `troubled`:
    the first 20 that are not well. `overrides`: what holds instead of the configuration until the gateway is restarted, by device.
    `growth_mb_a_day`: of the database, as measured; null in the first hour.
    """

    name: str
    version: str
    boot_id: str
    live: bool
    at: int
    started_at: int
    gateway: Part
    loop: Part
    detector: Part
    store: Part
    actors: Part
    webview: WebviewPart | None
    t3000: list[DoorPart]
    links: dict[State, int]
    troubled_links: list[LinkTrouble]
    devices: dict[DeviceStatus, int]
    troubled: list[Trouble]
    overrides: dict[str, Override]
    points: int
    points_by_status: dict[Status, int]
    pending_changes: int
    growth_mb_a_day: float | None


def of_gateway(parts: Mapping[str, Part]) -> Judgement:
    """The worst of them, the first of these where several are equally bad."""
    name, worst = min(parts.items(), key=lambda item: WORST_FIRST.index(item[1].state))
    return ("ok", "") if worst.state == "ok" else (worst.state, f"{name}: {worst.reason}")


def of_loop(late_s: float, ago_s: float) -> Judgement:
    """The loop stood still for `late_s` that long ago; 0: it did not lately."""
    return ("degraded", f"it stood still for {late_s:.1f} s, {ago_s:.0f} s ago") if late_s else ("ok", "")


def of_detector(counts: DetectorCounts, unheard_s: float, unlooked_s: float) -> Judgement:
    """By its last answer, `unheard_s` ago. `unlooked_s`: so long its answers have told of no look at ages and batches."""
    if unheard_s > ANSWERS_WITHIN_S:
        return "stuck", f"the detector has not answered for {unheard_s:.0f} s"
    if not counts.loaded:
        return "starting", "it waits for the database to say what is stored"
    if unlooked_s > LOOKS_WITHIN_S:
        return "stuck", f"the detector answers, but has not looked at ages and batches for {unlooked_s:.0f} s"
    return "ok", ""


def of_store(writer: WriterStanding, counts: DetectorCounts, unheard_s: float, idle_s: float) -> Judgement:
    """By the writer's last answer, `unheard_s` ago. `idle_s`: so long something waits, and nothing was stored."""
    if unheard_s > STORES_WITHIN_S:
        return "stuck", f"the writer has not answered for {unheard_s:.0f} s"
    if writer.waits_for:
        return "blocked", writer.waits_for
    if not counts.loaded:
        return "starting", "the database is being opened"
    if idle_s > STORES_WITHIN_S:
        return "stuck", f"nothing was stored for {idle_s:.0f} s while changes wait"
    return ("degraded", "no room for history; current values go on") if writer.history_waits else ("ok", "")


def of_actors(children: Iterable[ChildRow]) -> Judgement:
    """Degraded while one does not run."""
    down = [f"{child.child} ({child.state})" for child in children if child.state != "running"]
    if not down:
        return "ok", ""
    more = f" and {len(down) - NAMED_AT_MOST} more" if len(down) > NAMED_AT_MOST else ""
    return "degraded", ", ".join(down[:NAMED_AT_MOST]) + more


def of_webview(standing: WebviewStanding | None, unheard_s: float) -> Judgement:
    """By its last answer, `unheard_s` ago. It never keeps the gateway from its own work: degraded at worst."""
    if unheard_s > STORES_WITHIN_S:
        return "degraded", f"who writes T3000's database has not answered for {unheard_s:.0f} s"
    if standing is None:
        return "starting", "T3000's database is being opened"
    if standing.waits_for:
        waiting = f"; {standing.waiting} batches wait for it" if standing.waiting else ""
        return "degraded", f"{standing.waits_for}{waiting}"
    return "ok", ""


def of_door(standing: DoorStanding | None) -> Judgement:
    """By what its actor says; None: it does not."""
    if standing is None:
        return "degraded", "its actor does not answer: it is being started anew"
    if standing.trouble:
        return "down", standing.trouble
    return ("ok", "") if standing.has_answered else ("starting", "no cycle of it was answered yet")


def of_link(child: ChildRow | None, devices: Sequence[DeviceStanding]) -> Judgement:
    """Well as long as one of the enabled devices on it answers."""
    if child is not None and child.state != "running":
        return "degraded", f"it is {child.state}"
    asked = [each for each in devices if each.status is not DeviceStatus.DISABLED]
    silent = [each for each in asked if each.status is DeviceStatus.OFFLINE]
    if silent and len(silent) == len(asked):
        return "down", f"none of its {len(asked)} devices answers: {silent[0].reason}" if len(asked) > 1 else silent[
            0
        ].reason
    if asked and all(each.status is DeviceStatus.UNKNOWN for each in asked):
        return "starting", "nobody on it was asked yet"
    return "ok", ""


def trouble_of(standing: DeviceStanding) -> Trouble:
    """Word a device that is not well."""
    return Trouble(
        device=standing.device,
        status=standing.status,
        reason=standing.reason,
        since_at=standing.since_at_ms,
        look_at=advice_on(standing.reason),
    )


def points_by_status(standings: Iterable[DeviceStanding]) -> dict[Status, int]:
    """Count all of their points."""
    counted: Counter[Status] = Counter()
    for standing in standings:
        counted.update(standing.points_by_status)
    return dict(counted)


def status_line(report: HealthReport) -> str:
    """Say it in one line, as `systemctl status` shows it: "12/14 devices online, 3 points down, 1.2 MB/day"."""
    online = report.devices.get(DeviceStatus.ONLINE, 0)
    total = sum(count for status, count in report.devices.items() if status is not DeviceStatus.DISABLED)
    said = [f"{online}/{total} devices online"] if report.devices else []
    bad = [(status, report.points_by_status.get(status, 0)) for status in NOT_WELL]
    told = [f"{count} {status}" for status, count in bad if count]
    if told:
        first, *others = told
        count, word = first.split(" ")
        said += [f"{count} {'point' if count == '1' else 'points'} {word}", *others]
    if report.growth_mb_a_day is not None:
        said.append(f"{report.growth_mb_a_day:.1f} MB/day")
    line = ", ".join(said) or "no device is known yet"
    return (
        line
        if report.gateway.state in {"ok", "degraded"}
        else f"{report.gateway.state}: {report.gateway.reason}; {line}"
    )
