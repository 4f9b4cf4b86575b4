"""What `t3actors doctor` finds of the data directory: whose it is, what may be written, the disk it lies on, the database in it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from t3actors.cli.finding import ONLY_THE_GATEWAY, Finding, named, user
from t3actors.cli.whereabouts import Whereabouts
from t3actors.config import Config, StoreConfig
from t3actors.errors import StoreError
from t3actors.moments import age
from t3actors.store.locked import LOCK_NAME
from t3actors.store.reader import open_reader


def of_files(where: Whereabouts, config: Config | None, gateway_uid: int | None, now_ms: int) -> Iterator[Finding]:
    """Look at all of it. `gateway_uid`: whose process runs there; None: none does, or it cannot be seen."""
    yield from _folder(where)
    yield from _owners(where, gateway_uid)
    yield from _disk(where, config)
    yield from _database(where, now_ms)


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
    who = f"you ({user()})"
    if os.access(folder, os.W_OK | os.X_OK):
        yield Finding("rights", "ok", f"{who} may write {folder}")
    else:
        yield Finding(
            "rights",
            "note",
            f"{who} may not write {folder}",
            "run the gateway as its owner; to ask it, its group is enough",
        )


def _owners(where: Whereabouts, gateway_uid: int | None) -> Iterator[Finding]:
    """Find what the gateway's user may not write: a backup that root put there, a -shm that a reader made."""
    try:
        folder = where.data_dir.stat()
    except OSError:
        return
    uid = folder.st_uid if gateway_uid is None else gateway_uid
    gateway = named(pwd.getpwuid, uid)
    if not _may_write(folder, uid):
        do = f"chown {gateway} {where.data_dir}"
        yield Finding("rights", "bad", f"the gateway ({gateway}) may not write {_rights(where.data_dir)}", do)
    beside = (where.database.with_name(where.database.name + suffix) for suffix in ("", "-wal", "-shm"))
    for path in (*beside, where.data_dir / LOCK_NAME):
        try:
            is_writable = _may_write(path.stat(), uid)
        except OSError:
            continue
        if not is_writable:
            do = f"stop the gateway; chown {gateway}: {path}"
            yield Finding("rights", "bad", f"the gateway ({gateway}) may not write {_rights(path)}", do)


def _may_write(found: os.stat_result, uid: int) -> bool:
    """By the mode alone, as access(2) would judge for that user."""
    if uid in {0, found.st_uid}:
        return uid == 0 or bool(found.st_mode & stat.S_IWUSR)
    try:
        person = pwd.getpwuid(uid)
        groups = os.getgrouplist(person.pw_name, person.pw_gid)
    except KeyError:
        groups = []
    return bool(found.st_mode & (stat.S_IWGRP if found.st_gid in groups else stat.S_IWOTH))


def _disk(where: Whereabouts, config: Config | None) -> Iterator[Finding]:
    folder = next((path for path in (where.database.parent, *where.database.parents) if path.exists()), Path("/"))
    volume = os.statvfs(folder)
    if volume.f_flag & os.ST_RDONLY:
        seen = f"what holds {folder} is mounted read-only, by the kernel where the disk fails"
        yield Finding("disk", "bad", seen, "dmesg; mount it to be written: nothing can be stored now")
        return
    if volume.f_files and not volume.f_favail:  # some file systems count none
        seen = f"what holds {folder} has no room for another file: its {volume.f_files:,} inodes are used up"
        yield Finding("disk", "bad", seen, "remove files, whatever their size (df -i): no file can be made now")
        return
    free = shutil.disk_usage(folder).free
    least = (StoreConfig() if config is None else config.store).min_free_bytes
    told = f"{free / 1e6:,.0f} MB free beside the database, {least / 1e6:,.0f} MB are kept free (min_free)"
    if not free // 1_000_000:
        yield Finding("disk", "bad", told, "make room: nothing can be stored now")
    elif free < least:
        yield Finding("disk", "bad", told, "make room, or lower min_free: history does not grow now")
    elif free < 2 * least:
        yield Finding("disk", "note", told, "make room soon")
    else:
        yield Finding("disk", "ok", told)


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
        yield Finding("database", "note", f"you ({user()}) may not write it", ONLY_THE_GATEWAY)


def _rights(path: Path) -> str:
    found = path.stat()
    return (
        f"{path} {stat.filemode(found.st_mode)} {named(pwd.getpwuid, found.st_uid)}:{named(grp.getgrgid, found.st_gid)}"
    )
