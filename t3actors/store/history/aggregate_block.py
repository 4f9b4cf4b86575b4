"""The block of aggregates: one series' minutes of a day, or hours of a month, as one row that plain SQL takes apart. Pure.

Columns lie one behind the other in `d`, each of whole numbers of one width (`integers.py`):

| column    | width | is                                                                        |
|-----------|-------|---------------------------------------------------------------------------|
| time      | tw    | t0 + tq * U, tw 0: t0 + i * tq: seconds since the day, or month, began    |
| least     | vw    | (v0 + U) / vd                                                             |
| most      | xw    | least + U / vd, exactly (v0 + U of both) / vd                             |
| last      | lw    | likewise                                                                  |
| mean      | fw    | least + (most - least) * U / 65535: off by at most 1/131070 of that range |
| over time | fw    | likewise                                                                  |
| count     | cw    | c0 + U                                                                    |
| known     | kw    | k0 + U, seconds for which a value was known                               |
| spans     | rw    | r0 + U: of how many spans, one after the other, the row tells (schema 7)  |

With vd -1 the first three values are 64-bit floats as they are. `x` has the shares of states, {"i": {"state": share}}. `ends` is a JSON
array of the rows behind which nothing held any more, '' for none; NULL where it was packed before schema 10: then nobody knows.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import TARGET_BYTES
from t3actors.store.history.integers import pack, width_of
from t3actors.store.history.numbers import scaled
from t3actors.store.history.unpacking import FRACTIONS, MOST, RAW, BlockDamaged, aggregates_of


class AggregateBlock(NamedTuple):
    """The columns of a row of `aggregate_blocks` behind its id."""

    n: int
    t0: int
    tq: int
    tw: int
    vd: int
    v0: int
    vw: int
    xw: int
    lw: int
    fw: int
    c0: int
    cw: int
    k0: int
    kw: int
    d: bytes
    x: str | None
    r0: int = 1
    rw: int = 0
    ends: str | None = None


def encode(rows: Sequence[Aggregate], span_s: int) -> list[AggregateBlock]:
    """Pack a run, which is in time order; its times are milliseconds since its day, or month, began."""
    made: list[AggregateBlock] = []
    if any(row.spans > MOST for row in rows):
        rows = [part for row in rows for part in _cut(row, span_s)]
    first, size = 0, MOST
    while first < len(rows):
        block = _block(rows[first : first + size], span_s)
        if len(block.d) > TARGET_BYTES and block.n > 1:
            size = max(1, block.n * TARGET_BYTES // len(block.d))
            continue
        made.append(block)
        first += block.n
        size = MOST
    return made


def _cut(row: Aggregate, span_s: int) -> list[Aggregate]:
    """Cut a row into as few as the views can count the spans of."""
    firsts = range(0, row.spans, MOST)
    return [
        row._replace(at_ms=row.at_ms + first * span_s * 1000, spans=min(MOST, row.spans - first)) for first in firsts
    ]


def _block(rows: Sequence[Aggregate], span_s: int) -> AggregateBlock:
    n = len(rows)
    seconds = [row.at_ms // 1000 for row in rows]
    t0 = seconds[0]
    step, tw, times = _times(seconds, span_s)
    values = [value for row in rows for value in (row.least, row.most, row.last)]
    made = scaled(values)
    fractions = [_fraction(row, row.mean) for row in rows] + [_fraction(row, row.time_mean) for row in rows]
    fw = 2 if any(fractions) else 0
    if made is None:
        vd, v0, widths = RAW, 0, (8, 8, 8)
        octets = b"".join(struct.pack(f">{n}d", *values[place::3]) for place in range(3))
    else:
        vd, numbers = made
        least = numbers[0::3]
        v0 = min(least)
        columns = (
            [number - v0 for number in least],
            [most - low for most, low in zip(numbers[1::3], least, strict=True)],
            [last - low for last, low in zip(numbers[2::3], least, strict=True)],
        )
        widths = tuple(width_of(max(column)) for column in columns)  # type: ignore[assignment]
        octets = b"".join(pack(column, width) for column, width in zip(columns, widths, strict=True))
    counts, known = [row.n for row in rows], [row.known_ms // 1000 for row in rows]
    c0, k0 = min(counts), min(known)
    cw, kw = width_of(max(counts) - c0), width_of(max(known) - k0)
    octets = times + octets + pack(fractions, fw)
    octets += pack([count - c0 for count in counts], cw) + pack([span - k0 for span in known], kw)
    spans = [row.spans for row in rows]
    r0 = min(spans)
    rw = width_of(max(spans) - r0)
    octets += pack([count - r0 for count in spans], rw)
    shares = {str(index): row.shares for index, row in enumerate(rows) if row.shares is not None}
    x = json.dumps(shares, separators=(",", ":")) if shares else None
    return AggregateBlock(n, t0, step, tw, vd, v0, *widths, fw, c0, cw, k0, kw, octets, x, r0, rw, _ends(rows))


def _ends(rows: Sequence[Aggregate]) -> str | None:
    if any(row.held is None for row in rows):
        return None
    ends = [index for index, row in enumerate(rows) if not row.held]
    return json.dumps(ends, separators=(",", ":")) if ends else ""


def _times(seconds: list[int], span_s: int) -> tuple[int, int, bytes]:
    t0, n = seconds[0], len(seconds)
    step, rest = divmod(seconds[-1] - t0, max(1, n - 1))
    if not rest and all(after - before == step for before, after in pairwise(seconds)):
        return step, 0, b""
    offsets = [(at - t0) // span_s for at in seconds]
    tw = width_of(offsets[-1])
    return span_s, tw, pack(offsets, tw)


def _fraction(row: Aggregate, mean: float) -> int:
    """Say where between least and most a mean lies. Halves first: the range may be beyond all numbers."""
    reach = row.most / 2 - row.least / 2
    if reach <= 0:
        return 0
    return min(FRACTIONS, max(0, round((mean / 2 - row.least / 2) / reach * FRACTIONS)))


def decode(block: AggregateBlock, base_ms: int = 0) -> list[Aggregate]:
    """Take a block apart: what was encoded, but for the rounding of the means; times count from `-base_ms`.

    **Raises**: BlockDamaged.
    """
    times, n, least, most, mean, last, time_mean, known, held, spans = aggregates_of(block, base_ms)
    shares = _shares(block.x, block.n)
    return list(map(Aggregate, times, n, least, most, mean, last, time_mean, known, held, shares, spans))


def _shares(x: str | None, n: int) -> Sequence[dict[int, float] | None]:
    if not x:
        return [None] * n
    try:
        shares = json.loads(x)
        return [_of_states(shares.get(str(index))) for index in range(n)]
    except (ValueError, TypeError, AttributeError) as error:
        raise BlockDamaged(f"not the shares of states: {error}") from error


def _of_states(shares: dict[str, float] | None) -> dict[int, float] | None:
    return None if shares is None else {int(state): share for state, share in shares.items()}
