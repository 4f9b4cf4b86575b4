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

from benchmarks.soak_figures import judged, lateness
from benchmarks.soak_operator import Operator
from benchmarks.soak_plant import SLACK_MS
from benchmarks.soak_truth import Verdict
from benchmarks.soak_verdict import FLAT, GROWS, table, whole

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
    collections: Sequence[Mapping[str, float]],
    verdicts: Sequence[Verdict],
    injected: Mapping[str, int],
    operator: Operator,
    ended: Ended,
) -> int:
    """Print it; give the exit code: 0 when nothing grows, nothing was restarted, and every value is right and there; 1 when not; 2 when all
    is right, but of some figure it cannot be told whether it grows."""
    first, last = samples[len(samples) // 2], samples[-1]
    seconds = last["at_s"] - first["at_s"]
    rows = judged(samples, collections)
    hours = last["at_s"] / 3600
    happened = {name: count / hours for name, count in _happened(injected, operator, len(samples)).items()}
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
        f"the second half, {seconds / 60:.0f} minutes; {sum(happened.values()):.0f} events an hour"
        f" ({_listed({name: round(count) for name, count in happened.items()})}):\n\n{table(rows, happened)}\n\n"
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
    is_right = not (wrong or missing or last["restarts"] or ended.code)
    verdict = whole(rows)
    print(
        "right" if is_right else "NOT right: see above", "and", {FLAT: "flat", GROWS: "it GROWS"}.get(verdict, verdict)
    )
    for row in rows:
        if row.verdict != FLAT:
            print(f"  {row.name}: {row.verdict}")
    return 1 if not is_right or verdict == GROWS else 0 if verdict == FLAT else 2


def _happened(injected: Mapping[str, int], operator: Operator, samples: int) -> dict[str, int]:
    """Count what happened, by kind. Of scrapes there are two for each sample."""
    return {
        "faults": sum(injected.values()),
        "verbs": sum(operator.exits.values()),
        "reloads, listeners and locks": sum(operator.done.values()),
        "scrapes": 2 * samples,
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _log_lines(data_dir: Path) -> list[dict[str, Any]]:
    files = sorted(data_dir.glob("t3actors.log*"), reverse=True)
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
