"""Makes a curve of any number of samples one of a few hundred pieces, and loses no peak. Pure.

A piece is what a point did from its moment until that of the next: the least and the most of its values, the last one, and the worst
status. A sample alone is a piece whose least, most and last are one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from t3actors.points import Status

_WORST_FIRST = {str(status): place for place, status in enumerate(Status)}

Value = float | None


class Pieces(NamedTuple):
    """Columns of one length, in the order of time. `low` and `high` None: no value in it; `last` None: none at its end; `status`: the
    worst in it."""

    at_ms: Sequence[int]
    low: Sequence[Value]
    high: Sequence[Value]
    last: Sequence[Value]
    status: Sequence[str]


def sample_pieces(at_ms: Sequence[int], values: Sequence[Value], status: Sequence[str] | None) -> Pieces:
    """Make pieces of samples. `status` None: all are ok."""
    return Pieces(at_ms, values, values, values, [str(Status.OK)] * len(at_ms) if status is None else status)


def one_after_another(some: Sequence[Pieces]) -> Pieces:
    """Put pieces behind one another."""
    return Pieces(*([each for column in columns for each in column] for columns in zip(*some, strict=True)))


def thinned(pieces: Pieces, since_ms: int, step_ms: int) -> Pieces:
    """Put together those that fall into one step of `step_ms` from `since_ms` on."""
    begins: list[int] = []
    start, count = 0, len(pieces.at_ms)
    while start < count:
        begins.append(start)
        end_ms = (pieces.at_ms[start] - since_ms) // step_ms * step_ms + since_ms + step_ms
        start = bisect_left(pieces.at_ms, end_ms, start + 1)
    steps = list(zip(begins, [*begins, count][1:], strict=True))
    return Pieces(
        [pieces.at_ms[start] for start in begins],
        _each(min, pieces.low, steps),
        _each(max, pieces.high, steps),
        [pieces.last[end - 1] for _, end in steps],
        _worst(pieces.status, steps),
    )


def _each(pick: Callable[..., Any], column: Sequence[Value], steps: Sequence[tuple[int, int]]) -> list[Value]:
    """Pick one of the values of each step."""
    if None not in column:
        return [pick(column[start:end]) for start, end in steps]
    return [pick((each for each in column[start:end] if each is not None), default=None) for start, end in steps]


def _worst(column: Sequence[str], steps: Sequence[tuple[int, int]]) -> list[str]:
    if len(set(column)) == 1:
        return [column[0]] * len(steps)
    return [min(column[start:end], key=_badness) for start, end in steps]


def _badness(status: str) -> int:
    return _WORST_FIRST.get(status, 0)
