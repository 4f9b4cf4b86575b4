"""What `t3actors doctor` looks at, one finding each: this machine, as it concerns one gateway. Nothing is changed or sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec

from t3actors import clock
from t3actors.cli.asking import NoAnswer, health_of
from t3actors.cli.checkup_files import of_files
from t3actors.cli.checkup_ports import of_ports
from t3actors.cli.exits import Told
from t3actors.cli.finding import Finding, runner_of
from t3actors.cli.here import faults_here
from t3actors.cli.life import Life, life_of
from t3actors.cli.whereabouts import Whereabouts
from t3actors.config import Config
from t3actors.errors import StoreError
from t3actors.store.reader import open_reader

SAID_BY = {
    "store": "store.full, store.failing, store.busy",
    "webview": "webview.*",
    "detector": "child.exited",
    "actors": "child.exited",
}
OLDEST_MS = 1_767_225_600_000
"""2026-01-01: there was no such program before, so that a clock which shows less was never set."""
AHEAD_MS = 60_000
SET_IT = "set up NTP (chrony, systemd-timesyncd): history has its time"


def findings(where: Whereabouts, config: Config | None) -> Iterator[Finding]:
    """Look at everything. `config` None: only what can be looked at without it."""
    now_ms = clock.wall_ms()
    row = _gateway_row(where)
    life = life_of(where.data_dir, row, now_ms)
    runner = None if life is Life.NOT_RUNNING else runner_of(where.data_dir)
    yield _clock(now_ms, row)
    yield from of_files(where, config, None if runner is None else runner.uid, now_ms)
    yield from _gateway(where, life)
    if config is not None:
        yield from of_ports(config, runner)
        for fault in faults_here(config):
            what, _, seen = fault.partition(": ")
            yield Finding(what, "bad", seen, "the path, and who may write or read there")


def _clock(now_ms: int, row: dict[str, Any] | None) -> Finding:
    shows = f"it shows {_moment(now_ms)}"
    if now_ms < OLDEST_MS:
        return Finding("clock", "bad", f"{shows}: nobody has set it", SET_IT)
    if row is not None and row["heartbeat_at"] > now_ms + AHEAD_MS:
        written = f"the database was last written at {_moment(row['heartbeat_at'])}"
        return Finding("clock", "bad", f"{shows}, and {written}: one of them is wrong", SET_IT)
    if clock.is_trusted():
        return Finding("clock", "ok", "the kernel knows it to be synchronised")
    return Finding("clock", "note", f"{shows}; the kernel does not know it to be synchronised", SET_IT)


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _gateway_row(where: Whereabouts) -> dict[str, Any] | None:
    try:
        with closing(open_reader(where.database)) as reader:
            row = reader.gateway()
    except StoreError:
        return None
    return None if row is None else msgspec.structs.asdict(row)


def _gateway(where: Whereabouts, life: Life) -> Iterator[Finding]:
    if life is Life.NOT_RUNNING:
        do = "systemctl status t3actors; docs/operating.md: The service does not run"
        yield Finding("gateway", "note", f"none is running in {where.data_dir}", do)
        return
    try:
        health = health_of(where)
    except NoAnswer as silent:
        yield Finding("gateway", "bad", f"it does not answer: {silent.how.seen}", silent.how.do)
        return
    except Told as refused:
        yield Finding(
            "gateway", "bad", refused.format_message(), "api.blocked in its log, or the rights of t3actors.sock"
        )
        return
    except SystemExit:
        yield Finding("gateway", "bad", "it went away just now", "its log")
        return
    if health is None:
        yield Finding("gateway", "note", "it answers, but has no time to say how it is", "api.flooded in its log")
        return
    parts = ((part, health[part]) for part in ("detector", "store", "actors", "webview") if health.get(part))
    stuck = [f"{part} {seen['state']}: {seen['reason']}" for part, seen in parts if seen["state"] != "ok"]
    if not health["live"]:
        yield Finding(
            "gateway",
            "bad",
            "; ".join(stuck) or "it makes no progress",
            f"{_events_of(health)} in its log; t3actors top",
        )
    elif stuck:
        yield Finding("gateway", "note", "; ".join(stuck), f"{_events_of(health)} in its log")
    else:
        yield Finding("gateway", "ok", "it runs and makes progress")
    for door in health.get("t3000", ()):
        worker = "" if door["worker_pid"] is None else f", process {door['worker_pid']} has its library loaded"
        told = f"{door['device']}: {door['state']}{worker}" + (f": {door['reason']}" if door["reason"] else "")
        if door["state"] in {"ok", "starting"}:
            yield Finding("t3000", "ok", told)
        else:
            yield Finding("t3000", "note", told, "docs/t3000.md; t3actors logs --event 'cycle.*'")


def _events_of(health: dict[str, Any]) -> str:
    """Name the events of the log that say more of what is not well."""
    names = [events for part, events in SAID_BY.items() if health.get(part) and health[part]["state"] != "ok"]
    return ", ".join(names) or "loop.stalled"
