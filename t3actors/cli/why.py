"""`t3actors why POINT`: one page of all that bears on a point, from the wire to its row, and what to look at next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import msgspec

from t3actors.cli.asking import NoAnswer, ask
from t3actors.cli.control import overridden
from t3actors.cli.exits import Exit
from t3actors.cli.life import Life, life_of
from t3actors.cli.looking import known_point
from t3actors.cli.tables import print_json, shown
from t3actors.cli.whereabouts import Whereabouts, find
from t3actors.moments import age, clock_time, span
from t3actors.rows import DOES_NOT_RUN
from t3actors.store.reader import Reader, open_reader

Page = dict[str, Any]
WIDTH = 10
FOREVER_MS = 1 << 52


@click.command()
@click.argument("point")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; times are Unix milliseconds.")
def why(point: str, config: Path | None, data: Path | None, as_json: bool) -> None:
    """Say why POINT (device/point_id) is as it is: its value and age, the last polls, the rules, the row, what to look at next.

    Where no gateway runs, what the database says; exit code 69. Likewise where one runs that does not answer; exit code 1.
    """
    where = find(config, data)
    now_ms = time.time_ns() // 1_000_000
    code = Exit.DONE
    if life_of(where.data_dir, None, now_ms) is Life.NOT_RUNNING:
        code = Exit.NOT_RUNNING
        page = _last_known(where, point, f"no gateway is running in {where.data_dir}", "start it")
    else:
        try:
            page = ask(where, "GET", f"/why?{urlencode({'point': point}, safe='/:')}")
        except NoAnswer as silent:
            code = Exit.FAILED
            how = f"the gateway in {where.data_dir} does not answer: {silent.how.seen}"
            page = _last_known(where, point, how, silent.how.do)
    if as_json:
        print_json([page])
    else:
        for line in _lines(page, where, now_ms):
            click.echo(line)
    if code is not Exit.DONE:
        raise SystemExit(code)


def _last_known(where: Whereabouts, point: str, why: str, look_at: str) -> Page:
    with closing(open_reader(where.database)) as reader:
        device, point_id = known_point(point, reader)
        row = reader.points(device, point_id=point_id, limit=1)[0]
        return {
            "point": point,
            "at": None,
            "sentence": f"{why}; this is the last it knew",
            "look_at": look_at,
            "row": {**_as_known(msgspec.to_builtins(row)), "device_status": "unknown"},
            "actor": None,
            "override": None,
            "now": None,
            "trace": None,
            **_stored(reader, device, point_id),
        }


def _as_known(row: Page) -> Page:
    """Nothing reads as live where nobody keeps it so."""
    if row["status"] in {"unknown", "disabled"}:
        return {**row, "status_reason": row["status_reason"].removeprefix(DOES_NOT_RUN)}
    return {**row, "status": "unknown", "status_reason": f"it was {row['status']}"}


def _stored(reader: Reader, device: str, point_id: str) -> Page:
    events = [each for each in reader.events(device, 0, 200) if each.point in {None, "", point_id}]
    return {
        "device": _as_known(msgspec.to_builtins(reader.device(device))),
        "samples": msgspec.to_builtins(reader.history(device, point_id, 0, FOREVER_MS, 5)),
        "events": msgspec.to_builtins(events[-10:]),
    }


def _lines(page: Page, where: Whereabouts, now_ms: int) -> Iterator[str]:
    row, device = page["row"], page["device"]

    def clock(at_ms: object) -> str:
        return clock_time(at_ms, where.zone) or "never"

    label = shown(row["label"]).strip()
    yield f"{page['point']}{label and f'  {label}'}: {_value(row)}, {row['status']}"
    yield f"  {shown(page['sentence'])}"
    if page["look_at"]:
        yield f"  look at: {page['look_at']}"
    yield ""
    yield _line("value", f"{_value(row)}, sampled {clock(row['sampled_at'])}, changed {clock(row['changed_at'])}")
    yield _line("status", f"{row['status']} since {clock(row['status_at'])} {shown(row['status_reason'])}".rstrip())
    yield from _of_rules(page)
    since = f"{device['status']} since {clock(device['status_at'])}"
    heard = "never heard" if device["last_ok_at"] is None else f"last ok {age(device['last_ok_at'], now_ms)} ago"
    yield _line("device", f"{device['name']}, {device['protocol']} {device['address']}: {since}, {heard}")
    if device["status_reason"]:
        yield _line("", shown(device["status_reason"]))
    yield from _of_actor(page, clock)
    yield _line(
        "row", f"{row['point_type']}_POINTS, serial_number {row['serial_number']}, point_index {row['point_index']}"
    )
    for number, sample in enumerate(page["samples"]):
        what = f"{_value(sample)} {sample['status'] if sample['status'] != 'ok' else ''}".rstrip()
        yield _line("" if number else "history", f"{clock(sample['sampled_at'])}  {what}")
    for number, event in enumerate(page["events"]):
        yield _line(
            "" if number else "events", f"{clock(event['at'])}  {event['event']}  {shown(event['reason'])}".rstrip()
        )


def _of_rules(page: Page) -> Iterator[str]:
    trace = page["trace"]
    if trace is None:
        return
    rules, units = trace["rules"], page["row"]["units"]
    deadband = f"more than {rules['deadband']:g} {units}".rstrip() if rules["deadband"] else "any difference"
    repeat = (
        "never again unchanged" if trace["repeat_in_s"] is None else f"unchanged again in {span(trace['repeat_in_s'])}"
    )
    yield _line("stored", f"{_reading(trace['stored'])}; on {deadband}, {repeat}; trend {rules['trend']}")
    seen = "that" if trace["seen"] is None or trace["seen"] == trace["stored"] else _reading(trace["seen"])
    yield _line(
        "read",
        f"{seen}, {span(trace['read_ago_s'])} ago; every {rules['poll_interval_s']:g} s, mode {page['row']['mode']}",
    )
    if trace["waits"]:
        yield _line("", "a change waits for its batch")
    if trace["ages_in_s"] is not None:
        after = f"stale after {rules['stale_after']}, down after {rules['down_after']} missed polls"
        yield _line("", f"{after}: the next in {span(trace['ages_in_s'])}, if nothing is read")


def _of_actor(page: Page, clock: Any) -> Iterator[str]:
    actor, now = page["actor"], page["now"]
    if actor is not None:
        ended = f"; its last life ended: {shown(actor['last_exit'])}" if actor["last_exit"] else ""
        yield _line("actor", f"{actor['child']} {actor['state']}, restarted {actor['restarts']} times{ended}")
    held = overridden(page["override"])
    if held:
        yield _line("", f"{held}, until the gateway is restarted")
    if now is None:
        return
    counts = now["counts"]
    when = "" if now["next_try_s"] is None else f", next in {span(now['next_try_s'])}"
    tried = f", asked {now['attempts']} times in vain" if now["attempts"] else ""
    went = (
        f"{counts['polls_ok']} answered, {counts['polls_failed']} missed, every {counts['achieved_interval_s']:.3g} s"
    )
    yield _line("polls", f"{now['state']}: {went}{tried}{when}")
    for poll in now["polls"]:
        took = "" if poll["took_s"] is None else f" in {1000 * poll['took_s']:.0f} ms"
        yield _line("", f"{clock(poll['at_ms'])}  " + (shown(poll["error"]) or f"{poll['points']} points{took}"))


def _line(heading: str, what: str) -> str:
    return f"{heading.ljust(WIDTH)}{what}"


def _value(row: Page) -> str:
    value = row["text"] if row["text"] is not None else row["value"]
    return f"{shown(value) or 'no value'} {row['units']}".rstrip()


def _reading(reading: Page) -> str:
    told = shown(reading["value"]) or "no value"
    return told if reading["status"] == "ok" else f"{told} ({reading['status']})"
