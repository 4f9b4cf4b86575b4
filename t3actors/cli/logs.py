"""`t3actors logs`: what happened, as a timeline: the log's file where there is one, else the journal, and EVENTS of the database."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections import deque
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import cast

import click
import msgspec

from t3actors.cli.looking import refuse_unknown_device
from t3actors.cli.tables import print_json, shown
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.errors import StoreError, StoreUnreachable
from t3actors.events import Level
from t3actors.moments import MOMENT_FORM, clock_time, moment_ms
from t3actors.quoting import quoted
from t3actors.rows import EventRow
from t3actors.store.reader import open_reader
from t3actors.watch.catalogue import event_modules
from t3actors.watch.journal import JournalTail, lines_since
from t3actors.watch.log_reading import Tail, files_of, lines_of
from t3actors.watch.timeline import LEVELS, Entry, Wanted, of_line, of_row, together

LOOK_EVERY_S = 1.0
ROWS_AT_MOST = 100_000
COLOURS = {"error": "red", "warning": "yellow", "debug": "bright_black"}
REMEMBERED = 2000
LONG = 1e6
"""A number from there on is told whole: its fractions say nothing."""
LATE_ROWS_MS = 60_000
"""A row of EVENTS may be committed after one that happened later."""


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG.")
@click.option("--since", default="24h", show_default=True, help=MOMENT_FORM)
@click.option("--device", help="Only this device's.")
@click.option(
    "--event", default="", help='Only these, such as "device.*". Default: all but the summary of each minute.'
)
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", help="Only what is as bad as that.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="At most the newest N."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line; times are Unix milliseconds.")
@click.option("-f", "--follow", is_flag=True, help="Then go on with what happens, until Ctrl-C.")
def logs(
    config: Path | None,
    data: Path | None,
    since: str,
    device: str | None,
    event: str,
    level: str,
    limit: int,
    as_json: bool,
    follow: bool,
) -> None:
    """Print what happened, oldest first: from the log's file where [log] has one, else systemd's journal, and from EVENTS of the database.

    Times are in the gateway's time zone. Works whether the gateway runs or not.
    """
    event_modules()
    where = find(config, data)
    try:
        since_ms = moment_ms(since, time.time_ns() // 1_000_000, where.zone)
    except (ValueError, OverflowError):
        raise click.BadParameter(f'saw "{quoted(since)}"; allowed: {MOMENT_FORM}', param_hint="--since") from None
    wanted = Wanted(since_ms=since_ms, device=device, event=event, level=cast("Level", level))
    if device is not None:
        _refuse_unknown(device, where)
    show = _json if as_json else partial(_lines, where)
    follower = Follower(where, wanted) if follow else None
    found, told = _read(where, wanted)
    click.echo(f"t3actors: {told}", err=True)
    if len(found) > limit:
        click.echo(f"t3actors: only the newest {limit} of {len(found)}: see --limit", err=True)
    show(found[-limit:])
    if follower is not None:
        follower.begin(found)
        with closing(follower), suppress(KeyboardInterrupt):
            while True:
                time.sleep(LOOK_EVERY_S)
                show(follower.news())


def _read(where: Whereabouts, wanted: Wanted) -> tuple[list[Entry], str]:
    """Read both. **Returns**: what is wanted of them, and where that stood. **Raises**: StoreUnreachable where neither can be read."""
    files = [] if where.log_file is None else files_of(where.log_file, wanted.since_ms)
    journal = lines_since(_name(where), wanted.since_ms) if not files else []
    read = [line for file in files for line in lines_of(file)] or journal
    lines = [entry for line in read if (entry := of_line(line)) is not None]
    rows: list[EventRow] = []
    try:
        rows, from_database = rows_since(where, wanted.since_ms), f"EVENTS of {where.database}"
    except StoreUnreachable as error:
        if not files and not journal:
            raise
        from_database = f"no EVENTS ({error})"
    merged = [entry for entry in together(lines, map(of_row, rows)) if wanted.wants(entry)]
    if files:
        older = f" and {len(files) - 1} older" if len(files) > 1 else ""
        return merged, f"read from {files[-1]}{older}, and {from_database}"
    if journal:
        return merged, f"read from the journal, and {from_database}"
    why = "no log file is configured" if where.log_file is None else f"{where.log_file} has nothing of that time"
    readers = "" if os.geteuid() == 0 else "; it is shown to root and the group systemd-journal"
    return merged, f"read from {from_database} alone: {why}, and the journal has nothing of it{readers}"


def _name(where: Whereabouts) -> str:
    """Give the gateway's name, as its lines have it; empty where neither configuration nor database says it."""
    if where.name:
        return where.name
    try:
        with open_reader(where.database) as reader:
            row = reader.gateway()
    except StoreError:
        return ""
    return "" if row is None else row.name


def rows_since(where: Whereabouts, since_ms: int) -> list[EventRow]:
    """Read EVENTS. **Raises**: StoreUnreachable, StoreError."""
    with open_reader(where.database) as reader:
        return reader.events(None, since_ms, ROWS_AT_MOST)


class Follower:
    """What happens from its making on. A row of EVENTS comes up to some seconds after the line that says the same."""

    def __init__(self, where: Whereabouts, wanted: Wanted) -> None:
        self._where = where
        self._wanted = wanted
        self._tails = _tails(where, wanted.since_ms)
        self._lately: deque[Entry] = deque(maxlen=REMEMBERED)
        self._newest_id = self._newest_at = -1
        for row in self._rows():
            self._newest_id, self._newest_at = max(self._newest_id, row.id), max(self._newest_at, row.at)

    def begin(self, shown: list[Entry]) -> None:
        """What was shown before is not shown again."""
        self._lately.extend(shown)

    def news(self) -> list[Entry]:
        """Return what happened since the last call."""
        lines = [entry for tail in self._tails for line in tail.news() if (entry := of_line(line)) is not None]
        rows = [row for row in self._rows() if row.id > self._newest_id]
        for row in rows:
            self._newest_id, self._newest_at = max(self._newest_id, row.id), max(self._newest_at, row.at)
        said = [entry for entry in self._lately if entry.source == "log"]
        merged = together([*said, *(line for line in lines if line not in said)], map(of_row, rows))
        new = [entry for entry in merged if entry not in self._lately]
        self._lately.extend(entry for entry in new)
        return [entry for entry in new if self._wanted.wants(entry)]

    def close(self) -> None:
        """Follow no more."""
        for tail in self._tails:
            if isinstance(tail, JournalTail):
                tail.close()

    def _rows(self) -> list[EventRow]:
        since_ms = max(0, self._newest_at - LATE_ROWS_MS) if self._newest_at >= 0 else self._wanted.since_ms
        try:
            return rows_since(self._where, since_ms)
        except StoreError:  # it is being begun anew, or is not there yet: the log's file goes on
            return []


def _tails(where: Whereabouts, since_ms: int) -> list[Tail | JournalTail]:
    """Follow the log's file, also one to come; beside one that is left over from another time, the journal."""
    if where.log_file is None:
        return [JournalTail(_name(where))]
    is_left_over = where.log_file.exists() and not files_of(where.log_file, since_ms)
    return [Tail(where.log_file), *([JournalTail(_name(where))] if is_left_over else [])]


def _json(entries: list[Entry]) -> None:
    print_json(map(msgspec.structs.asdict, entries))


def _lines(where: Whereabouts, entries: list[Entry]) -> None:
    for entry in entries:
        time_of = clock_time(entry.at, where.zone)
        subject = shown(f"{entry.device or ''}{'/' if entry.point else ''}{entry.point or ''}")
        said = f"{time_of}  {entry.level:7}  {shown(entry.event)}" + (f"  {subject}" if subject else "")
        rest = "  ".join(part for name, value in entry.keys.items() if (part := _said(name, value, where.zone)))
        click.echo(click.style(said, fg=COLOURS.get(entry.level)) + (f"  {rest}" if rest else ""))


def _said(name: str, value: object, zone: dt.tzinfo) -> str:
    if value is None or value == "":
        return ""
    if name == "traceback":
        value = str(value).strip().rpartition("\n")[2]
    if isinstance(value, float) and abs(value) >= LONG:
        value = f"{value:.0f}"
    if name.endswith("_at") and isinstance(value, int):
        return f"{name}={clock_time(value, zone)}"
    return shown(value) if name == "reason" else f"{name}={shown(value)}"


def _refuse_unknown(device: str, where: Whereabouts) -> None:
    try:
        with open_reader(where.database) as reader:
            names = [row.name for row in reader.devices()]
    except StoreUnreachable:  # the log's file may be there all the same
        return
    refuse_unknown_device(device, names)
