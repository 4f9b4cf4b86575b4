"""What one batch means for T3000's database, as the octets that wait in the outbox. Pure.

A posting is: the devices of which more than values changed, and the changes in their order. Written as msgpack

    [1, [device_id, ...], [[device_id, at_s, [code, point_index, raw, code, point_index, raw, ...]], ...]]

in runs of one device and second; `code` is kind | status << 2 | sample << 5 | auto_manual << 6. `raw` is already what T3000
keeps: the value x 1000 as a whole number. Measured: 6 to 9 bytes a change.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import msgspec

from t3actors.errors import GatewayError
from t3actors.points import Status, Value
from t3actors.store.values import STATUS_CODES

SCALE = 1000
_STATUSES = {code: status for status, code in STATUS_CODES.items()}
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1  # what msgpack's integers hold


class Unreadable(GatewayError):
    """These octets are no posting."""


class Change(NamedTuple):
    """One point's change. `kind`: 0 input, 1 output, 2 variable; `raw` None: the value that is there stays.

    `sample`: a trend row is to be written, if `raw` is there and the status is ok. `at_s`: Unix UTC seconds.
    """

    device_id: int
    at_s: int
    kind: int
    point_index: int
    raw: int | None
    status: Status
    auto_manual: int | None
    sample: bool


class Posting(NamedTuple):
    """One batch, unpacked. `devices`: those of which the row or the list of points changed."""

    devices: tuple[int, ...]
    changes: tuple[Change, ...]


class _Run(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    device_id: int
    at_s: int
    flat: list[int | str | None]


class _Form(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    form: Literal[1]
    devices: list[int]
    runs: list[_Run]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Form).decode


def raw_of(value: Value) -> int | None:
    """Return the value x 1000 as a whole number, half to even; None for text, for nothing, and for what is no number."""
    if isinstance(value, int):
        return value * SCALE
    if isinstance(value, float):
        scaled = value * SCALE
        return round(scaled) if math.isfinite(scaled) else None
    return None


class Packer:
    """Gathers one batch."""

    def __init__(self) -> None:
        self.devices: dict[int, None] = {}
        self.samples = 0
        self._runs: list[_Run] = []
        self._device_id = self._at_s = -1
        self._flat: list[int | str | None] = []

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to post."""
        return not self._runs and not self.devices

    def add(
        self,
        device_id: int,
        at_s: int,
        kind: int,
        point_index: int,
        value: Value,
        status: Status,
        auto_manual: int | None,
        *,
        sample: bool,
    ) -> None:
        """Add a change."""
        if device_id != self._device_id or at_s != self._at_s:
            self._flat = []
            self._device_id, self._at_s = device_id, at_s
            self._runs.append(_Run(device_id, at_s, self._flat))
        raw = raw_of(value)
        code = kind | STATUS_CODES[status] << 2
        if sample and raw is not None and status is Status.OK:
            code |= 32
            self.samples += 1
        if auto_manual is not None:
            code |= 128 if auto_manual else 64
        self._flat += (code, point_index, raw if raw is None or _LEAST <= raw <= _MOST else str(raw))

    def pack(self) -> bytes:
        """Return the octets."""
        return _encode(_Form(1, list(self.devices), self._runs))


def unpack(octets: bytes) -> Posting:
    """Return what was packed. **Raises**: Unreadable."""
    try:
        form = _decode(octets)
        changes = tuple(change for run in form.runs for change in _changes(run))
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        raise Unreadable(f"not a posting: {fault}") from fault
    return Posting(tuple(form.devices), changes)


def _changes(run: _Run) -> list[Change]:
    changes = []
    for code, index, raw in zip(*[iter(run.flat)] * 3, strict=True):
        if not isinstance(code, int) or not isinstance(index, int) or not 0 <= code < 192:
            raise ValueError(f"a change begins with {code!r}, {index!r}")
        kind, status, manual = code & 3, _STATUSES.get(code >> 2 & 7), code >> 6
        if kind == 3 or status is None:
            raise ValueError(f"no change has the code {code}")
        whole = int(raw) if isinstance(raw, str) else raw
        auto_manual = manual - 1 if manual else None
        changes.append(Change(run.device_id, run.at_s, kind, index, whole, status, auto_manual, bool(code & 32)))
    return changes
