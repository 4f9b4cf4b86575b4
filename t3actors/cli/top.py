"""`t3actors top`: the supervision tree and the rates, live on a terminal, once in a pipe."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from t3actors.cli.asking import ask
from t3actors.cli.tables import print_json, shown
from t3actors.cli.whereabouts import Whereabouts, find

LOOK_EVERY_S = 1.0
RATES = {
    "polls": "polls",
    "polls_missed": "missed",
    "readings": "readings",
    "changes": "changes",
    "samples_stored": "samples",
    "rows_stored": "rows",
    "batches_stored": "batches",
}
Tree = dict[str, Any]


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The gateway's data_dir, instead of CONFIG.")
@click.option("--all", "every", is_flag=True, help="Every actor, not only those that do not run or were restarted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: rates a second, counts, children.")
def top(config: Path | None, data: Path | None, every: bool, as_json: bool) -> None:
    """Show the supervision tree and what flows through it, a second apart: until Ctrl-C on a terminal, once in a pipe."""
    where = find(config, data)
    before = _look(where)
    time.sleep(LOOK_EVERY_S)
    if as_json:
        after = _look(where)
        print_json([{"rates": rates(before, after), **after}])
    elif sys.stdout.isatty():
        _live(where, before, every)
    else:
        click.echo("\n".join(lines(before, _look(where), every=every)))


def _live(where: Whereabouts, before: Tree, every: bool) -> None:
    with Live(console=Console(), auto_refresh=False, screen=True) as live:
        try:
            while True:
                after = _look(where)
                live.update(_drawn(before, after, every), refresh=True)
                before = after
                time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            return


def _look(where: Whereabouts) -> Tree:
    tree: Tree = ask(where, "GET", "/tree")
    return tree


def rates(before: Tree, after: Tree) -> dict[str, float]:
    """Return what was counted between two looks, a second; nothing where the detector began anew between them."""
    seconds = (after["at"] - before["at"]) / 1000
    if seconds <= 0 or before["counts"]["incarnation"] != after["counts"]["incarnation"]:
        return dict.fromkeys(RATES, 0.0)
    return {name: round((after["counts"][name] - before["counts"][name]) / seconds, 1) for name in RATES}


def lines(before: Tree, after: Tree, *, every: bool = False) -> Iterator[str]:
    """Word two looks."""
    counts = after["counts"]
    how = "live" if after["live"] else "NOT LIVE: t3actors status says why"
    yield f"{how}; {counts['devices_online']} of {counts['devices']} devices online, {counts['points']} points"
    yield "a second: " + ", ".join(f"{rate:g} {RATES[name]}" for name, rate in rates(before, after).items())
    waiting = f"{counts['pending']} changes, {counts['in_flight']} in the batch in flight"
    yield f"waiting: {waiting}; lost {counts['lost_samples']} samples"
    yield ""
    running: Counter[str] = Counter()
    for child in after["children"]:
        depth = child["supervisor"].count("/") + 1
        is_well = child["state"] == "running" and not child["restarts"]
        if is_well and child["kind"] != "supervisor" and depth > 1 and not every:
            running[child["supervisor"]] += 1
            continue
        yield "  " * (depth - 1) + _child(child)
    if running:
        yield ""
        yield "running and never restarted: " + ", ".join(f"{count} in {name}" for name, count in running.items())


def _child(child: Tree) -> str:
    told = f"{child['child']}  {child['state']}"
    if child["restarts"]:
        told += f", restarted {child['restarts']} times"
    return told + (f": {shown(child['last_exit'])}" if child["last_exit"] else "")


def _drawn(before: Tree, after: Tree, every: bool) -> RenderableType:
    drawn = list(lines(before, after, every=every))
    return Group(*(Text(line, style="" if "NOT LIVE" not in line else "bold red", no_wrap=True) for line in drawn))
