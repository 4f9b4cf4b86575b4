"""Draws a point's history as lines of text. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from t3actors.moments import clock_time

MOST_DIGITS = 6
PLAINLY_BELOW = 1e6
RANGE, MEAN, HELD = "│", "•", "·"


class Column(NamedTuple):
    """What is to be seen in one column: least, mean and most; equal where a value only held on."""

    least: float
    mean: float
    most: float
    held: bool = False


def plot(
    columns: Sequence[Column | None],
    height: int,
    since_ms: int,
    until_ms: int,
    zone: dt.tzinfo,
    units: str,
    states: Sequence[str] = (),
) -> list[str]:
    """Draw the columns, None being a gap, between the least and the most of all of them; or between all `states`, the words for 0, 1, 2."""
    known = [column for column in columns if column is not None]
    if not known:
        return ["nothing to plot: no number in that time"]
    low, high = min(column.least for column in known), max(column.most for column in known)
    if 1 < len(states) < height and low >= 0 and high < len(states):
        low, high = 0, len(states) - 1
        labels = {_row(value, low, high, height): f"{value} {word}".rstrip() for value, word in enumerate(states)}
    else:
        labels = _labels(low, high, height)
    grid = [[" "] * len(columns) for _ in range(height)]
    for place, column in enumerate(columns):
        if column is not None:
            bottom, top = (_row(value, low, high, height) for value in (column.least, column.most))
            for row in range(bottom, top + 1):
                grid[row][place] = RANGE
            grid[_row(column.mean, low, high, height)][place] = HELD if column.held else MEAN
    width = max(len(label) for label in labels.values())
    lines = [f"{labels.get(row, ''):>{width}} ┤{''.join(grid[row])}".rstrip() for row in range(height - 1, -1, -1)]
    first, last = clock_time(since_ms, zone), clock_time(until_ms, zone)
    lines.append(" " * width + " └" + "─" * len(columns))
    lines.append(f"{'':{width}}  {first}{last:>{max(len(last) + 1, len(columns) - len(first))}}")
    return [f"{units}".rjust(width), *lines] if units else lines


def _labels(low: float, high: float, height: int) -> dict[int, str]:
    """Label the rows: as exactly as one row differs from the next. One value alone is labelled once."""
    step = (high - low) / (height - 1)
    if not step > 0 or not math.isfinite(step):
        return {(height - 1) // 2: f"{low:.6g}"} if high <= low else {height - 1: f"{high:.6g}", 0: f"{low:.6g}"}
    rows = {0, height - 1} | ({(height - 1) // 2} if height > 4 else set())
    digits = math.ceil(-math.log10(step))
    plainly = digits <= MOST_DIGITS and max(abs(low), abs(high)) < PLAINLY_BELOW
    return {row: _number(low + step * row, max(0, digits)) if plainly else f"{low + step * row:.6g}" for row in rows}


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _row(value: float, low: float, high: float, height: int) -> int:
    if high <= low:
        return (height - 1) // 2
    return min(height - 1, max(0, math.floor((value - low) / (high - low) * (height - 1) + 0.5)))
