"""What a soak looks at, and whether it stays flat: /proc of the gateway's process, its own /metrics, and a robust slope.

A slope is Theil and Sen's: the median of the slopes between all pairs of samples, which a few outliers do not move. Its interval is
Sen's (95 %, normal approximation); samples that follow each other are alike, so it is rather too narrow. Linux only.
"""

from __future__ import annotations

import math
import os
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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


class Slope(NamedTuple):
    """Per hour, with the bounds of its interval."""

    per_hour: float
    low: float
    high: float


def slope(at_s: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit one."""
    count = len(values)
    pairs = sorted(
        (values[later] - values[earlier]) / (at_s[later] - at_s[earlier])
        for earlier in range(count)
        for later in range(earlier + 1, count)
        if at_s[later] > at_s[earlier]
    )
    if not pairs:
        return Slope(0.0, 0.0, 0.0)
    reach = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, int((len(pairs) - reach) / 2))
    high = min(len(pairs) - 1, int((len(pairs) + reach) / 2) + 1)
    return Slope(*(3600.0 * each for each in (statistics.median(pairs), pairs[low], pairs[high])))


class Row(NamedTuple):
    """How one figure went over the last three quarters."""

    name: str
    first: float
    last: float
    least: float
    most: float
    slope: Slope
    allowed_per_hour: float
    is_flat: bool


ALLOWED_PER_HOUR = {
    "RSS MB": 1.0, "PSS MB": 1.0, "private MB": 1.0, "anonymous MB": 1.0, "memory blocks": 5000.0, "threads": 0.0,
    "python threads": 0.0, "tasks": 0.5, "actors": 0.0, "fds": 0.5, "fds socket": 0.5, "fds pipe": 0.0, "fds database": 0.0,
    "fds log": 0.0, "fds anon": 0.0, "fds file": 0.0, "mail waiting": 0.5, "changes pending": 5.0, "series": 5.0,
    "restarts": 0.0, "abandoned": 0.0, "mail dropped": 0.0,
}  # fmt: skip


SAWS, VALLEY_S = {"memory blocks"}, 300.0
"""What rises until a full collection, minutes away: only its valleys say whether it grows."""


def _valleys(seen: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    least: dict[int, float] = {}
    for at_s, value in seen:
        place = int(at_s / VALLEY_S)
        least[place] = min(value, least.get(place, value))
    return [(place * VALLEY_S, value) for place, value in least.items()]


def judge(samples: Sequence[Mapping[str, float]]) -> list[Row]:
    """Look at the last three quarters of what was seen."""
    window = samples[len(samples) // 4 :]
    at_s = [each["at_s"] for each in window]
    rows = []
    for name, allowed in ALLOWED_PER_HOUR.items():
        seen = [(at, each[name]) for at, each in zip(at_s, window, strict=True) if name in each]
        if len(seen) < 4:
            continue
        values = [value for _, value in seen]
        fitted = slope(*zip(*(_valleys(seen) if name in SAWS else seen), strict=True))
        tenth = max(1, len(values) // 10)
        first, last = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
        rows.append(Row(name, first, last, min(values), max(values), fitted, allowed, fitted.per_hour <= allowed))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Write it down."""
    lines = [
        "figure | first tenth | last tenth | least | most | slope an hour (95 %) | allowed | flat",
        "---|---|---|---|---|---|---|---",
    ]
    for row in rows:
        slopes = f"{row.slope.per_hour:+.2f} ({row.slope.low:+.2f} to {row.slope.high:+.2f})"
        lines.append(
            f"{row.name} | {row.first:.1f} | {row.last:.1f} | {row.least:.1f} | {row.most:.1f} | {slopes} |"
            f" {row.allowed_per_hour:g} | {'yes' if row.is_flat else 'NO'}"
        )
    return "\n".join(lines)


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
