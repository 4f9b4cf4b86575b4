"""Makes JSON of many samples: what most of them have in common is written once, numbers many at a time.

A lane's thread does it while the loop runs on: no single step of it holds the interpreter for long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from t3actors.rows import SampleRow, SampleRun, rows_of

AT_ONCE = 2000
_AT, _VALUE = b'"sampled_at":0', b'"value":null'


def encoded_samples(runs: Sequence[SampleRun]) -> bytes:
    """Return a JSON array of SampleRow."""
    return b"[" + b",".join(piece for run in runs for piece in _pieces(run)) + b"]"


def without_oldest(runs: Sequence[SampleRun]) -> list[SampleRun]:
    """Return all of them but the first sample."""
    first, *rest = runs
    return [_part_of(first, slice(1, None)), *rest] if len(first.sampled_at) > 1 else rest


def _pieces(run: SampleRun) -> Iterator[bytes]:
    for start in range(0, len(run.sampled_at), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        if run.text is not None:
            yield msgspec.json.encode(rows_of([_part_of(run, some)]))[1:-1]
            continue
        times, values = (msgspec.json.encode(column[some])[1:-1].split(b",") for column in (run.sampled_at, run.value))
        if run.status is None or run.clock_trusted is None:
            head, middle, tail = _around(run, "ok", trusted=True)
            yield b",".join([head + at_ms + middle + value + tail for at_ms, value in zip(times, values, strict=True)])
            continue
        around = {
            seen: _around(run, *seen) for seen in set(zip(run.status[some], run.clock_trusted[some], strict=True))
        }
        rows = zip(times, values, run.status[some], run.clock_trusted[some], strict=True)
        made = []
        for at_ms, value, status, trusted in rows:
            head, middle, tail = around[status, trusted]
            made.append(head + at_ms + middle + value + tail)
        yield b",".join(made)


def _around(run: SampleRun, status: str, trusted: bool) -> tuple[bytes, bytes, bytes]:
    """Return what stands before a sample's time, between that and its value, and behind it."""
    row = SampleRow(
        name=run.name, point_id=run.point_id, sampled_at=0, value=None, text=None, units=run.units, status=status,
        data_source=run.data_source, created_by=run.created_by, clock_trusted=trusted,
    )  # fmt: skip
    head, _, rest = msgspec.json.encode(row).partition(_AT + b"," + _VALUE)
    return head + _AT[:-1], b"," + _VALUE[:-4], rest


def _part_of(run: SampleRun, some: slice) -> SampleRun:
    cut = {
        name: column[some]
        for name in ("sampled_at", "value", "text", "status", "clock_trusted")
        if (column := getattr(run, name)) is not None
    }
    return msgspec.structs.replace(run, **cut)
