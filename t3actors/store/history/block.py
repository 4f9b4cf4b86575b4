"""The block: samples of one series within one UTC day as one row, which plain SQL takes apart as well. Pure.

    time_i  = t0 + tq * U(d, i * tw, tw)        tw 0: t0 + i * tq            milliseconds since the day began
    value_i = (v0 + U(d, n * tw + i * vw, vw)) / vd

`U(d, o, w)` is the whole number in `w` bytes, big endian, at byte `o` of `d`. What `vd` says:

| vd   | value                                                                                              |
|------|----------------------------------------------------------------------------------------------------|
| > 0  | floating point: the sum over vd, exactly                                                           |
| 0    | a whole number: the sum; with vw 8, the signed 64 bits themselves                                  |
| -1   | floating point: vw is 8, the 64 bits themselves                                                    |
| -2   | text: `x` is a JSON array of [start, length] in bytes of d behind the times                        |
| -3   | a whole number beyond 64 bits: likewise, its digits                                                |

`q` is NULL where all is well. Else it has marks, code * 2 + is NULL, a code being `samples.status`: as JSON runs [[first i,
mark], ...], or where these are many, as a blob of one mark of length(q) / n bytes each.
Offsets from the block's start, not differences: then a view is a plain join, and one sample is read without the others.
How it was chosen: decision 9.
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from t3actors.store.history.integers import pack, width_of
from t3actors.store.history.numbers import Scaled, scaled
from t3actors.store.history.unpacking import DIGITS, MOST, RAW, TEXT, WHOLE, Samples, Value, samples_of

DAY_MS = 86_400_000
TARGET_BYTES = 984  # four rows fill a page of 4096; a bad size costs up to 37 % of the disk (storage study)
LEAST = 16  # samples in a block that is cut because it is full
ROW_BYTES = 40  # what another block costs
PIECE = 256  # where one value spoils the scale of a long run, the run is looked at in pieces
MOST_RUNS = 12
QUANTA_MS = (60_000, 1000, 100, 10)


class Block(NamedTuple):
    """The columns of a row of `blocks` behind its id."""

    n: int
    t0: int
    tq: int
    tw: int
    v0: int
    vd: int
    vw: int
    d: bytes
    q: str | bytes | None
    x: str | None


# ------------------------------------------------------------------------------------------------------------ encode


def encode(samples: Samples) -> list[Block]:
    """Pack a run, which is in time order, into as few blocks as fit."""
    times, values, codes = samples
    blocks: list[Block] = []
    for kind, first, end in _segments(values):
        column = _filled(values[first:end], kind)
        for start, stop, numbers in _scaled_pieces(kind, column):
            part = slice(first + start, first + stop)
            run = Samples(times[part], values[part], codes[part])
            if kind is float and numbers is None:
                blocks += _raw_blocks(run, column[start:stop])
            elif numbers is not None:
                blocks += _number_blocks(run, *numbers)
            else:
                blocks += _text_blocks(run, TEXT if kind is str else DIGITS)
    return blocks


def _segments(values: Sequence[Value]) -> Iterator[tuple[type, int, int]]:
    """Cut where the kind of value changes; NULL belongs to what is before it."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) <= 1:
        yield (kinds.pop() if kinds else int), 0, len(values)
        return
    first = 0
    kind: type = type(None)
    for index, value in enumerate(values):
        here = type(value)
        if value is not None and here is not kind:
            if kind is not type(None):
                yield kind, first, index
                first = index
            kind = here
    yield kind, first, len(values)


def _filled(values: list[Value], kind: type) -> list[Value]:
    """Put something that costs nothing where there is no value."""
    if None not in values:
        return values
    last: Value = next((value for value in values if value is not None), kind())
    return [last := last if value is None else value for value in values]


def _scaled_pieces(kind: type, column: list[Value]) -> Iterator[tuple[int, int, Scaled | None]]:
    """Give (start, end, its numbers): all of it, or pieces of which some have a scale."""
    if kind is int:
        yield 0, len(column), (WHOLE, column)  # type: ignore[misc]
    elif kind is not float:
        yield 0, len(column), None
    else:
        made = scaled(column)  # type: ignore[arg-type]
        if made is not None or len(column) <= PIECE:
            yield 0, len(column), made
            return
        for start in range(0, len(column), PIECE):
            piece = column[start : start + PIECE]
            yield start, start + len(piece), scaled(piece)  # type: ignore[arg-type]


def _number_blocks(run: Samples, vd: int, numbers: list[int]) -> list[Block]:
    width = _value_width(numbers)
    made = []
    for first, end in _cuts(run.times, width, lambda first, end: _value_width(numbers[first:end])):
        column = numbers[first:end]
        low = min(column)
        vw = width_of(max(column) - low)
        if vw >= 8:
            low, vw, octets = 0, 8, pack(column, 8)
        else:
            octets = pack([number - low for number in column], vw)
        made.append(_block(run, first, end, low, vd, vw, octets, None))
    return made


def _value_width(numbers: list[int]) -> int:
    return min(8, width_of(max(numbers) - min(numbers)))


def _raw_blocks(run: Samples, column: list[Value]) -> list[Block]:
    made = []
    for first, end in _cuts(run.times, 8, lambda _first, _end: 8):
        octets = struct.pack(f">{end - first}d", *column[first:end])
        made.append(_block(run, first, end, 0, RAW, 8, octets, None))
    return made


def _text_blocks(run: Samples, vd: int) -> list[Block]:
    """Equal texts of a block are written once."""
    made = []
    start = 0
    while start < len(run.values):
        places: dict[bytes, list[int]] = {}
        index: list[list[int]] = []
        octets = b""
        for value in run.values[start : start + MOST]:
            text = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""
            place = places.get(text)
            if place is None:
                if octets and len(octets) + len(text) > TARGET_BYTES:
                    break
                place = places[text] = [len(octets), len(text)]
                octets += text
            index.append(place)
        end = start + len(index)
        made.append(_block(run, start, end, 0, vd, 0, octets, json.dumps(index, separators=(",", ":"))))
        start = end
    return made


def _cuts(times: list[int], vw: int, width_between: object) -> Iterator[tuple[int, int]]:
    """Cut a run so that each block is full: `vw` is the width of all its values, a part may need less."""
    count = len(times)
    tw, span = _time_width(times, vw)
    first = 0
    while first < count:
        reach = bisect_right(times, times[first] + span, first)
        end = min(reach, first + _fitting(tw, vw))
        if end < min(reach, count) and vw:
            narrow = width_between(first, end)  # type: ignore[operator]
            if narrow < vw:
                longer = min(reach, first + _fitting(tw, narrow))
                if width_between(first, longer) <= narrow:  # type: ignore[operator]
                    end = longer
        yield first, end
        first = end


def _fitting(tw: int, vw: int) -> int:
    return min(MOST, max(LEAST, TARGET_BYTES // ((tw + vw) or 1)))


def _time_width(times: list[int], vw: int) -> tuple[int, int]:
    """Return the width of times that costs least, and how far a block may reach with it."""
    quantum = _quantum(times)
    reach = (times[-1] - times[0]) // quantum
    best = width_of(reach)
    least = None
    for width in range(min(1, best), best + 1):
        span = (1 << (8 * width)) - 1 if width else 0
        blocks = max(1 + reach // (span or 1), len(times) / _fitting(width, vw))
        cost = len(times) * width + ROW_BYTES * blocks
        if least is None or cost < least:
            least, best = cost, width
    return best, ((1 << (8 * best)) - 1) * quantum


def _quantum(times: list[int]) -> int:
    first = times[0]
    for quantum in QUANTA_MS:
        if not any((at - first) % quantum for at in times):
            return quantum
    return 1


def _block(
    run: Samples, first: int, end: int, v0: int, vd: int, vw: int, octets: bytes, x: str | None
) -> Block:  # fmt: skip
    times = run.times[first:end]
    t0, n = times[0], end - first
    tq, tw, packed = _packed_times(times)
    return Block(n, t0, tq, tw, v0, vd, vw, packed + octets, _marks(run, first, end), x)


def _packed_times(times: list[int]) -> tuple[int, int, bytes]:
    t0, n = times[0], len(times)
    step, rest = divmod(times[-1] - t0, max(1, n - 1))
    if not rest and all(after - before == step for before, after in pairwise(times)):
        return step, 0, b""
    quantum = _quantum(times)
    offsets = [(at - t0) // quantum for at in times]
    tw = width_of(offsets[-1])
    return quantum, tw, pack(offsets, tw)


def _marks(run: Samples, first: int, end: int) -> str | bytes | None:
    codes, values = run.codes[first:end], run.values[first:end]
    if not any(codes) and None not in values:
        return None
    marks = [code << 1 | (value is None) for code, value in zip(codes, values, strict=True)]
    runs = [[0, marks[0]]]
    runs += [[index, mark] for index, (before, mark) in enumerate(pairwise(marks), 1) if mark != before]
    if len(runs) > MOST_RUNS:
        return pack(marks, max(1, width_of(max(marks))))
    return json.dumps(runs, separators=(",", ":"))


# ------------------------------------------------------------------------------------------------------------ decode


def decode(block: Block, day_ms: int = 0) -> Samples:
    """Take a block apart; times count from `-day_ms`. **Raises**: BlockDamaged."""
    return samples_of(block, day_ms)
