"""Draws a point's history as lines of text. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from t3actors.moments import clock_time

RANGE, MEAN, HELD = "│", "•", "·"


class Column(NamedTuple):
    """What is to be seen in one column: least, mean and most; equal where a value only held on."""

    least: float
    mean: float
    most: float
    held: bool = False


def plot(
    columns: Sequence[Column | None], height: int, since_ms: int, until_ms: int, zone: dt.tzinfo, units: str
) -> list[str]:
    """Draw the columns, None being a gap, between the least and the most of all of them."""
    known = [column for column in columns if column is not None]
    if not known:
        return ["nothing to plot: no number in that time"]
    low, high = min(column.least for column in known), max(column.most for column in known)
    grid = [[" "] * len(columns) for _ in range(height)]
    for place, column in enumerate(columns):
        if column is not None:
            bottom, top = (_row(value, low, high, height) for value in (column.least, column.most))
            for row in range(bottom, top + 1):
                grid[row][place] = RANGE
            grid[_row(column.mean, low, high, height)][place] = HELD if column.held else MEAN
    labels = {height - 1: f"{high:.6g}", 0: f"{low:.6g}"}
    if height > 4:
        labels[(height - 1) // 2] = f"{low + (high - low) * ((height - 1) // 2) / (height - 1):.6g}"
    width = max(len(label) for label in labels.values())
    lines = [f"{labels.get(row, ''):>{width}} ┤{''.join(grid[row])}".rstrip() for row in range(height - 1, -1, -1)]
    first, last = clock_time(since_ms, zone), clock_time(until_ms, zone)
    lines.append(" " * width + " └" + "─" * len(columns))
    lines.append(f"{'':{width}}  {first}{last:>{max(len(last) + 1, len(columns) - len(first))}}")
    return [f"{units}".rjust(width), *lines] if units else lines


def _row(value: float, low: float, high: float, height: int) -> int:
    if high <= low:
        return (height - 1) // 2
    return min(height - 1, max(0, math.floor((value - low) / (high - low) * (height - 1) + 0.5)))
