"""What `t3actors doctor` looks at, one finding each: this machine, as it concerns one gateway. Nothing is changed or sent."""

from __future__ import annotations

import grp
import os
import pwd
import resource
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import msgspec

from t3actors import clock
from t3actors.addresses import split_address
from t3actors.cli.asking import NoAnswer, health_of
from t3actors.cli.exits import Told
from t3actors.cli.here import faults_here
from t3actors.cli.life import Life, life_of
from t3actors.cli.port_holders import HELD, can_be_bound, holders_of, may_be_shared
from t3actors.cli.whereabouts import Whereabouts
from t3actors.collect.bacnet.link.interfaces import Endpoint, choose, list_addresses
from t3actors.config import BacnetConfig, Config
from t3actors.errors import ConfigError, LinkDown, StoreError
from t3actors.moments import age
from t3actors.store.reader import open_reader
from t3actors.watch.api.secrets import read_token, tls_context

Verdict = Literal["ok", "note", "bad"]
SAID_BY = {
    "store": "store.full, store.failing, store.busy",
    "webview": "webview.*",
    "detector": "child.exited",
    "actors": "child.exited",
}
DESCRIPTORS_BESIDE = 64
UNSEEN = "a process of another user (ask as root)"
ONLY_THE_GATEWAY = "only the gateway needs to"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `bad`: a gateway cannot work so; `note`: it can, but somebody should know. `do`: what then."""

    what: str
    verdict: Verdict
    seen: str
    do: str = ""


def findings(where: Whereabouts, config: Config | None) -> Iterator[Finding]:
    """Look at everything. `config` None: only what can be looked at without it."""
    now_ms = clock.wall_ms()
    life = life_of(where.data_dir, _gateway_row(where), now_ms)
    yield _clock()
    yield from _folder(where)
    yield from _disk(where, config)
    yield from _database(where, now_ms)
    yield from _gateway(where, life)
    if config is not None:
        yield from _bacnet(config, life)
        yield from _api(config, life)
        yield _descriptors(config)
        for fault in faults_here(config):
            what, _, seen = fault.partition(": ")
            yield Finding(what, "bad", seen, "the path, and who may write or read there")


def _clock() -> Finding:
    if clock.is_trusted():
        return Finding("clock", "ok", "the kernel knows it to be synchronised")
    return Finding(
        "clock",
        "bad",
        "not synchronised, by the kernel's word",
        "set up NTP (chrony, systemd-timesyncd): history has its time",
    )


def _folder(where: Whereabouts) -> Iterator[Finding]:
    folder = where.data_dir
    if not folder.is_dir():
        yield Finding(
            "data_dir",
            "note",
            f"{folder} is not there",
            "it is created at the first start, if its parent can be written",
        )
        folder = next(parent for parent in folder.parents if parent.exists())
    else:
        yield Finding("data_dir", "ok", _rights(folder))
    may_write = os.access(folder, os.W_OK | os.X_OK)
    who = f"you ({_user()})"
    if may_write:
        yield Finding("rights", "ok", f"{who} may write {folder}")
    else:
        yield Finding(
            "rights",
            "note",
            f"{who} may not write {folder}",
            "run the gateway as its owner; to ask it, its group is enough",
        )


def _disk(where: Whereabouts, config: Config | None) -> Iterator[Finding]:
    folder = next((path for path in (where.database.parent, *where.database.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    least = 500_000_000 if config is None else config.store.min_free_bytes
    told = f"{free / 1e6:,.0f} MB free beside the database, {least / 1e6:,.0f} MB are kept free (min_free)"
    if not free // 1_000_000:
        yield Finding("disk", "bad", told, "make room: nothing can be stored now")
    elif free < least:
        yield Finding("disk", "bad", told, "make room, or lower min_free: history does not grow now")
    elif free < 2 * least:
        yield Finding("disk", "note", told, "make room soon")
    else:
        yield Finding("disk", "ok", told)


def _gateway_row(where: Whereabouts) -> dict[str, Any] | None:
    try:
        with closing(open_reader(where.database)) as reader:
            row = reader.gateway()
    except StoreError:
        return None
    return None if row is None else msgspec.structs.asdict(row)


def _database(where: Whereabouts, now_ms: int) -> Iterator[Finding]:
    if not where.database.exists():
        yield Finding("database", "note", f"{where.database} is not there", "it is created at the first start")
        return
    try:
        with closing(open_reader(where.database)) as reader:
            row = reader.gateway()
            devices = len(reader.devices())
    except StoreError as error:
        yield Finding("database", "bad", str(error), "rights, or see docs/operating.md: The database is damaged")
        return
    heard = "never" if row is None else f"{age(row.heartbeat_at, now_ms)} ago"
    size = where.database.stat().st_size / 1e6
    yield Finding("database", "ok", f"{size:.1f} MB, {devices} devices, last written {heard}")
    if not os.access(where.database, os.W_OK):
        yield Finding("database", "note", f"you ({_user()}) may not write it", ONLY_THE_GATEWAY)


def _gateway(where: Whereabouts, life: Life) -> Iterator[Finding]:
    if life is Life.NOT_RUNNING:
        yield Finding("gateway", "note", f"none is running in {where.data_dir}")
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


def _bacnet(config: Config, life: Life) -> Iterator[Finding]:
    line = config.bacnet or BacnetConfig()
    if line.discover == "off" and not any(one.enabled and one.protocol == "bacnet" for one in config.devices):
        return
    try:
        own = list_addresses()
        endpoint = choose(line.interface, line.port, own)
    except (ConfigError, LinkDown) as error:
        yield Finding("interface", "bad", str(error), "[bacnet] interface; the cable; ip address")
        return
    yield Finding("interface", "ok", f"BACnet/IP on {endpoint}, broadcast {endpoint.broadcast or 'none'}")
    yield _bacnet_port(endpoint, life)


def _bacnet_port(endpoint: Endpoint, life: Life) -> Finding:
    what, port = "bacnet port", endpoint.port
    holders = holders_of("udp", port)
    others = [f"{one.address} by {one.process or UNSEEN}" for one in holders]
    held = f"UDP {port} is held: {', '.join(others)}"
    if life is not Life.NOT_RUNNING:
        if len({one.process for one in holders}) > 1:
            return Finding(
                what, "note", f"{held}: one of them takes what is sent to the other", "stop the other program"
            )
        if others:
            return Finding(what, "ok", held)
        return Finding(what, "bad", f"the gateway runs, and nobody holds UDP {port}", "bacnet.blocked in the log")
    if not others:
        return Finding(what, "ok", f"UDP {port} is free")
    how = may_be_shared(port, endpoint.address)
    shares = f"it shares by {how}" if how else "it shares with nobody"
    blocked = can_be_bound("udp", endpoint.address, port)
    return Finding(
        what,
        "bad" if blocked else "note",
        f"{held}; {shares}",
        "stop that program, or another [bacnet] port (broadcasts reach only the port they are sent to)",
    )


def _api(config: Config, life: Life) -> Iterator[Finding]:
    api = config.api
    if not api.listen:
        return
    yield _api_port(api.listen, life)
    try:
        if api.token_file:
            read_token(api.token_file)
        if api.tls_certificate:
            tls_context(api.tls_certificate, api.tls_key)
    except PermissionError as error:
        yield Finding("api secrets", "note", f"you ({_user()}) may not read {error.filename}", ONLY_THE_GATEWAY)
    except (OSError, ValueError) as error:
        yield Finding("api secrets", "bad", str(error), "the file, or LoadCredential= in the unit")
    else:
        if api.token_file or api.tls_certificate:
            yield Finding("api secrets", "ok", "token and certificate can be read")


def _api_port(listen: str, life: Life) -> Finding:
    what = "api port"
    host, port = split_address(listen, 0)
    blocked, runs = can_be_bound("tcp", host, port), life is not Life.NOT_RUNNING
    if runs and not blocked:
        return Finding(what, "bad", f"the gateway runs and does not listen on {listen}", "api.blocked in its log")
    if blocked and not (runs and blocked == HELD):
        held = ", ".join(one.process or UNSEEN for one in holders_of("tcp", port))
        do = "[api] listen; a port below 1024 needs CAP_NET_BIND_SERVICE"
        return Finding(what, "bad", f"{listen}: {blocked}" + (f" ({held})" if held else ""), do)
    return Finding(what, "ok", f"{listen}: " + ("the gateway listens" if runs else "free"))


def _descriptors(config: Config) -> Finding:
    least = DESCRIPTORS_BESIDE + len(config.devices) + 2 * config.api.connections
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"{soft} descriptors a process, up to {least} are wanted"
    if soft == resource.RLIM_INFINITY or soft >= least:
        return Finding("descriptors", "ok", told)
    return Finding("descriptors", "bad", told, "LimitNOFILE= in the unit, or ulimit -n")


def _rights(path: Path) -> str:
    found = path.stat()
    return f"{path} {stat.filemode(found.st_mode)} {_named(pwd.getpwuid, found.st_uid)}:{_named(grp.getgrgid, found.st_gid)}"


def _named(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def _user() -> str:
    return _named(pwd.getpwuid, os.getuid())
