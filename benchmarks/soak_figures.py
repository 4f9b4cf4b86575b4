"""What a soak looks at: /proc of the gateway's process, its own /metrics, what is held inside it (soak_inside.py); and how much each may
grow. Whether it does: soak_verdict.py. Linux only.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.soak_verdict import Row, judge, second_half

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
FD_KINDS = ("socket", "pipe", "database", "log", "anon", "file")
METRICS = {
    "tasks": "t3actors_tasks",
    "python threads": "t3actors_threads",
    "mail waiting": "t3actors_mail_waiting",
    "memory blocks": "t3actors_memory_blocks",
    "changes pending": "t3actors_changes_pending",
    "changes in flight": "t3actors_changes_in_flight",
    "api listeners": "t3actors_api_listeners",
    "restarts": "t3actors_restarts_total",
    "abandoned": "t3actors_abandoned_total",
    "mail dropped": "t3actors_mail_dropped_total",
    "dead letters": "t3actors_dead_letters_total",
    "database MB": "t3actors_database_bytes",
}


def of_process(pid: int) -> dict[str, float]:
    """Give memory (MB), threads, CPU seconds and open files by kind."""
    seen: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        if name in {"Rss", "Pss", "Private_Dirty", "Anonymous"}:
            seen[{"Private_Dirty": "private", "Anonymous": "anonymous"}.get(name, name.upper()) + " MB"] = (
                int(rest.split()[0]) * 1.024e-3
            )
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    seen["CPU s"] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    seen["threads"] = int(fields[17])
    kinds: Counter[str] = Counter()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            kinds[_kind_of(str(link.readlink()))] += 1
        except OSError:
            continue
    seen["fds"] = kinds.total()
    return seen | {f"fds {kind}": kinds[kind] for kind in FD_KINDS}


def _kind_of(target: str) -> str:
    for kind, mark in (
        ("socket", "socket:"),
        ("pipe", "pipe:"),
        ("anon", "anon_inode:"),
        ("database", ".db"),
        ("log", ".log"),
    ):
        if mark in target:
            return kind
    return "file"


def of_metrics(page: str) -> dict[str, float]:
    """Take what matters out of the metrics page; series with labels are told apart only for children and lateness."""
    values: dict[str, float] = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    seen = {short: values.get(name, 0.0) for short, name in METRICS.items()}
    seen["database MB"] /= 1e6
    seen["actors"] = sum(value for name, value in values.items() if name.startswith("t3actors_child_running{"))
    seen["devices online"] = values.get('t3actors_devices{status="online"}', 0.0)
    seen |= {
        name.removeprefix("t3actors_poll_"): value
        for name, value in values.items()
        if name.startswith("t3actors_poll_lateness_seconds")
    }
    seen["series"] = len(values)
    return seen


ALLOWED_PER_HOUR = {
    "RSS MB": 0.5, "private MB": 0.5, "anonymous MB": 0.5, "python blocks": 1500.0, "malloc kB": 150.0, "sqlite kB": 150.0,
    "threads": 3.0, "tasks": 3.0, "actors": 3.0, "fds": 3.0, "fds socket": 3.0, "fds pipe": 3.0, "fds database": 3.0,
    "fds log": 3.0, "fds anon": 3.0, "fds file": 3.0, "mail waiting": 3.0, "changes pending": 50.0, "series": 5.0,
    "restarts": 0.0, "abandoned": 0.0, "mail dropped": 0.0,
}  # fmt: skip
"""Of what is counted: less than one for each of the rarest events, of which an hour has four (a backup). Of what is held: 100 bytes (one
or two pieces) for each of the 1,500 events or so that an hour of soak has, which is what a site has in days."""
AFTER_COLLECTIONS = {"python blocks": ("blocks", 1.0), "malloc kB": ("malloc", 1e-3), "sqlite kB": ("sqlite", 1e-3)}
"""What is told right after each full collection, when only what is held is left. malloc: without what SQLite has of it."""


def judged(samples: Sequence[Mapping[str, float]], collections: Sequence[Mapping[str, float]]) -> list[Row]:
    """Judge the second half: `samples` of the outside, every few seconds, and what was held after each full collection."""
    until_s = samples[-1]["at_s"]
    rows = []
    for name, allowed in ALLOWED_PER_HOUR.items():
        key, scale = AFTER_COLLECTIONS.get(name, (name, 1.0))
        source = collections if name in AFTER_COLLECTIONS else samples
        seen = second_half([(each["at_s"], scale * each[key]) for each in source if key in each], until_s)
        if seen:
            rows.append(judge(name, seen, allowed))
    return rows


def lateness(first: Mapping[str, float], last: Mapping[str, float]) -> str:
    """Say how late polls were between two looks: those beyond 100 ms, and the bucket in which the 99th percentile lies."""
    prefix = 'lateness_seconds_bucket{le="'
    counts = {
        name.removeprefix(prefix).removesuffix('"}'): value - first.get(name, 0.0)
        for name, value in last.items()
        if name.startswith(prefix)
    }
    total = counts.get("+Inf", 0.0)
    if not total:
        return "no polls"
    p99 = next(bound for bound, below in counts.items() if below >= 0.99 * total)
    late = f"{total - counts['0.1']:.0f} more than 0.1 s, {total - counts['1']:.0f} more than 1 s"
    return f"{total:.0f} polls begun, 99 % at most {p99} s late, {late}"
