"""Makes a curve of any number of samples one of a few hundred pieces, and loses no peak. Pure.

A piece is what a point did from its moment until that of the next: the least and the most of its values, the last one, and the worst
status. A sample alone is a piece whose least, most and last are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from t3actors.points import Status

_WORST_FIRST = {str(status): place for place, status in enumerate(Status)}


class Piece(NamedTuple):
    """`low` and `high` None: no value in it; `last` None: none at its end. `status`: the worst in it."""

    at_ms: int
    low: float | None
    high: float | None
    last: float | None
    status: str


def sample_piece(at_ms: int, value: float | None, status: str) -> Piece:
    """Make a piece of a sample."""
    return Piece(at_ms, value, value, value, status)


def thinned(pieces: Sequence[Piece], since_ms: int, step_ms: float) -> list[Piece]:
    """Put together those that fall into one step of `step_ms` from `since_ms` on. They are in the order of time, and stay so."""
    made: list[Piece] = []
    together: list[Piece] = []
    place: int | None = None
    for piece in pieces:
        here = int((piece.at_ms - since_ms) // step_ms)
        if together and here != place:
            made.append(_one_of(together))
            together = []
        place = here
        together.append(piece)
    if together:
        made.append(_one_of(together))
    return made


def _one_of(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        pieces[0].at_ms,
        min(_values(each.low for each in pieces), default=None),
        max(_values(each.high for each in pieces), default=None),
        pieces[-1].last,
        min((each.status for each in pieces), key=lambda status: _WORST_FIRST.get(status, 0)),
    )


def _values(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
