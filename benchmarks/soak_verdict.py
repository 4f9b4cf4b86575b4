"""Whether a figure of a soak grows, stays flat, or was not looked at for long enough to tell. Pure.

The first half of a run is warming up: caches fill to their bounds, the allocator takes what it will go on using. Only the second half is
judged. A slope is Theil and Sen's: the median of the slopes between all pairs of looks, which outliers do not move. Its interval is
Sen's (95 %), widened by how much each look is like the one before (lag-1 autocorrelation): a hundred looks in a row at one slow wave are
not a hundred opinions.

    grows         all of the interval is above 0, and the slope above what is allowed
    flat          all of the interval is at most what is allowed
    cannot tell   anything else: the run was too short for so much noise. That is no pass.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

GROWS, FLAT, UNTOLD = "grows", "flat", "cannot tell"
LOOKS_AT_MOST = 200  # pairs grow with the square
LEAST_LOOKS = 8
NORMAL_95 = 1.96
LIKENESS_AT_MOST = 0.95


class Slope(NamedTuple):
    """Per hour, with the bounds of its interval."""

    per_hour: float
    low: float
    high: float


class Row(NamedTuple):
    """How one figure went over the second half: medians of its first and last tenth, its least and most, and what that means."""

    name: str
    first: float
    last: float
    least: float
    most: float
    slope: Slope
    allowed_per_hour: float
    verdict: str


def second_half(seen: Sequence[tuple[float, float]], until_s: float) -> list[tuple[float, float]]:
    """Return the (seconds since the start, value) of the time that is judged."""
    return [(at_s, value) for at_s, value in seen if at_s >= until_s / 2]


def judge(name: str, seen: Sequence[tuple[float, float]], allowed_per_hour: float) -> Row:
    """Judge what was seen of one figure in the time that counts: (seconds, value), one at least."""
    values = [value for _, value in seen]
    tenth = max(1, len(values) // 10)
    fitted = slope(thinned(seen))
    ends = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
    verdict = verdict_on(fitted, allowed_per_hour) if len(seen) >= LEAST_LOOKS else UNTOLD
    return Row(name, *ends, min(values), max(values), fitted, allowed_per_hour, verdict)


def verdict_on(fitted: Slope, allowed_per_hour: float) -> str:
    """Say what a slope means."""
    if fitted.low > 0.0 and fitted.per_hour > allowed_per_hour:
        return GROWS
    return FLAT if fitted.high <= allowed_per_hour else UNTOLD


def thinned(seen: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most LOOKS_AT_MOST looks, each the medians of neighbours."""
    size = math.ceil(len(seen) / LOOKS_AT_MOST)
    parts = [seen[start : start + size] for start in range(0, len(seen), size)]
    return [(statistics.median(at for at, _ in part), statistics.median(value for _, value in part)) for part in parts]


def slope(seen: Sequence[tuple[float, float]]) -> Slope:
    """Fit one."""
    pairs = sorted(
        (later - earlier) / (later_s - earlier_s)
        for place, (earlier_s, earlier) in enumerate(seen)
        for later_s, later in seen[place + 1 :]
        if later_s > earlier_s
    )
    if not pairs:
        return Slope(0.0, 0.0, 0.0)
    per_s, count = statistics.median(pairs), len(seen)
    reach = NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    alike = likeness([value - per_s * at_s for at_s, value in seen])
    reach *= math.sqrt((1 + alike) / (1 - alike))
    low = max(0, int((len(pairs) - reach) / 2))
    high = min(len(pairs) - 1, int((len(pairs) + reach) / 2) + 1)
    return Slope(*(3600.0 * each for each in (per_s, pairs[low], pairs[high])))


def likeness(values: Sequence[float]) -> float:
    """Return how much each is like the one before: 0 not at all, at most LIKENESS_AT_MOST."""
    middle = statistics.fmean(values)
    apart = [value - middle for value in values]
    total = sum(each * each for each in apart)
    if not total:
        return 0.0
    alike = sum(earlier * later for earlier, later in pairwise(apart)) / total
    return min(max(0.0, alike), LIKENESS_AT_MOST)


def whole(rows: Sequence[Row]) -> str:
    """Return the verdict over all: the worst."""
    verdicts = {row.verdict for row in rows}
    return GROWS if GROWS in verdicts else UNTOLD if UNTOLD in verdicts else FLAT


def table(rows: Sequence[Row], events_per_hour: Mapping[str, float]) -> str:
    """Write it down. `events_per_hour`: what happened, by kind: a slope is told as a share of all of it, too."""
    events = sum(events_per_hour.values()) or 1.0
    lines = [
        "figure | first tenth | last tenth | least | most | slope an hour (95 %) | allowed | for each event | verdict",
        "---|---|---|---|---|---|---|---|---",
    ]
    for row in rows:
        slopes = f"{row.slope.per_hour:+.2f} ({row.slope.low:+.2f} to {row.slope.high:+.2f})"
        lines.append(
            f"{row.name} | {row.first:.1f} | {row.last:.1f} | {row.least:.1f} | {row.most:.1f} | {slopes} |"
            f" {row.allowed_per_hour:g} | {row.slope.per_hour / events:+.5f} | {row.verdict}"
        )
    return "\n".join(lines)
