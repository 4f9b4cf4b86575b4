"""Tells how a soak went: the table of slopes, then what was injected, done, stored, logged; and whether all is as it should be."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.soak_figures import judge, lateness, table
from benchmarks.soak_operator import Operator
from benchmarks.soak_plant import SLACK_MS
from benchmarks.soak_truth import Verdict

EXPECTED = (
    "device.", "points.", "point.", "link.", "poll.", "answer.", "cov.", "reload.refused", "store.busy", "store.recovered",
)  # fmt: skip
"""Warnings and errors that faults and the operator account for; any other is told apart."""
TOLD = 20  # of what is wrong


class Ended(NamedTuple):
    """How the gateway ended, and where it kept its things."""

    code: int
    took_s: float
    said: str
    data_dir: Path


def tell(
    samples: Sequence[Mapping[str, float]],
    verdicts: Sequence[Verdict],
    injected: Mapping[str, int],
    operator: Operator,
    ended: Ended,
) -> int:
    """Print it; give the exit code: 0 when nothing grew, nothing was restarted, and every value is right and there."""
    first, last = samples[len(samples) // 4], samples[-1]
    seconds = last["at_s"] - first["at_s"]
    rows = judge(samples)
    wrong = [each for verdict in verdicts for each in verdict.wrong]
    missing = [each for verdict in verdicts for each in verdict.missing]
    log = [line for line in _log_lines(ended.data_dir) if line["event"] != "gateway.summary"]
    minutes = [line for line in _log_lines(ended.data_dir) if line["event"] == "gateway.summary"]
    events = Counter(f"{line['level']} {line['event']}" for line in log)
    strange = [name for name in events if name.split()[0] != "info" and not name.split()[1].startswith(EXPECTED)]
    load = statistics.median(each["load"] for each in samples)
    octets = sum(file.stat().st_size for file in ended.data_dir.glob("t3actors.log*"))
    database = [each["database MB"] for each in samples if "database MB" in each]
    print(
        f"{last['at_s'] / 60:.0f} minutes; {os.cpu_count()} cores, Python {sys.version.split()[0]}, load {load:.1f}\n"
        f"the last three quarters, {seconds / 60:.0f} minutes:\n\n{table(rows)}\n\n"
        f"CPU        {(last['CPU s'] - first['CPU s']) / seconds * 100:.1f} % of a core\n"
        f"lateness   {lateness(samples[0], last)}\n"
        f"polls      {sum(each['polls'] for each in minutes)}, {sum(each['polls_failed'] for each in minutes)} of them missed\n"
        f"injected   {sum(injected.values())}: {_listed(injected)}\n"
        f"operator   {_listed(operator.done)}; exits {_listed(operator.exits)}; {operator.heard / 1e6:.0f} MB heard on /live\n"
        f"values     {sum(each.samples for each in verdicts)} samples judged, {len(wrong)} wrong;"
        f" {sum(each.late for each in verdicts)} stamped more than {SLACK_MS // 1000} s late, with the end of a long poll"
        f" (at most {max((each.late_ms for each in verdicts), default=0) / 1000:.0f} s);"
        f" {sum(each.owed for each in verdicts)} owed, {len(missing)} missing\n"
        f"restarts   {last['restarts']:.0f} actors, {last['abandoned']:.0f} abandoned\n"
        f"database   {database[-1]:.1f} MB with its log, at most {max(database):.1f}\n"
        f"log        {octets / 1e6:.2f} MB: {_listed(events)}\n"
        f"stop       exit {ended.code} after {ended.took_s:.1f} s {ended.said[-500:]!r}"
    )
    for each in (*wrong[:TOLD], *missing[:TOLD], *strange):
        print("  !", each)
    is_well = all(row.is_flat for row in rows) and not (wrong or missing or last["restarts"] or ended.code)
    print("flat, and right" if is_well else "NOT flat, or not right: see above")
    return 0 if is_well else 1


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _log_lines(data_dir: Path) -> list[dict[str, Any]]:
    files = sorted(data_dir.glob("t3actors.log*"), reverse=True)
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
