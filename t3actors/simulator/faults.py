"""The ways a panel or the line to it misbehaves: pure data, refused when wrong.

Each is one seen in the field. Which of them act on a listener (and so on every unit behind it) is in LISTENER_KINDS;
the others act on one unit's answers, or on those of all units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    NONE = "none"
    STALL = "stall"  # the request is read, and never answered
    DROP = "drop"  # the connection is closed on a request
    DROP_MID_FRAME = "drop_mid_frame"  # half of the answer, then the connection is closed
    EXCEPTION = "exception"  # every request is answered by exception `code`, after `delay_s`
    GARBAGE = "garbage"  # random bytes instead of an answer
    SLOW = "slow"  # the right answer, `delay_s` late; the line waits with it
    LATE = "late"  # answer N is sent when request N+1 comes, or `delay_s` later when that is not 0
    WRONG_ID = "wrong_id"  # the transaction id is one too high
    ZERO_ID = "zero_id"  # a gateway that answers every transaction id with 0
    CONSTANT_ID = "constant_id"  # likewise with `transaction_id`
    WRONG_UNIT = "wrong_unit"  # the unit id is one too high
    WRONG_FUNCTION = "wrong_function"  # 3 answered as 4, 1 as 2, and the reverse
    WRONG_PROTOCOL = "wrong_protocol"  # a protocol id other than 0
    SHORT = "short"  # one register (or eight bits) fewer than asked, in a well-formed answer
    LONG = "long"  # one register (or eight bits) more than asked, in a well-formed answer
    WRONG_COUNT = "wrong_count"  # the byte count disagrees with the bytes that follow
    OVERLONG = "overlong"  # the header promises more than any Modbus frame may have
    ILLEGAL_RANGES = "illegal_ranges"  # a request that touches one of `registers` gets exception 2
    REFUSE = "refuse"  # nobody listens, and open connections are closed: power cut
    BLACKHOLE = "blackhole"  # connecting hangs, open connections are silent: cable pulled
    ONE_CLIENT = "one_client"  # a second connection is closed at once


LISTENER_KINDS = frozenset({FaultKind.REFUSE, FaultKind.BLACKHOLE, FaultKind.ONE_CLIENT})
LONGEST_DELAY_S = 3600.0


class BadFault(ValueError):
    """A fault that does not exist or is not possible; its text says what is."""


def _must_be_whole(key: str, seen: object, low: int, high: int) -> None:
    if not isinstance(seen, int) or isinstance(seen, bool) or not low <= seen <= high:
        raise BadFault(f"{key}: saw {seen!r}, allowed is a whole number from {low} to {high}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, with what it needs to know.

    **Units**: `registers` holds the first and the last address of each span.
    **Raises**: BadFault.
    """

    kind: FaultKind
    code: int = 4
    delay_s: float = 0.0
    transaction_id: int = 1
    registers: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        _must_be_whole("code", self.code, 1, 255)
        _must_be_whole("transaction_id", self.transaction_id, 0, 0xFFFF)
        number = isinstance(self.delay_s, int | float) and not isinstance(self.delay_s, bool)
        if not number or not math.isfinite(self.delay_s) or not 0 <= self.delay_s <= LONGEST_DELAY_S:
            raise BadFault(f"delay_s: saw {self.delay_s!r}, allowed is 0 to {LONGEST_DELAY_S:.0f} seconds")
        for low, high in self.registers:
            _must_be_whole("registers", low, 0, 0xFFFF)
            _must_be_whole("registers", high, low, 0xFFFF)
        if self.kind is FaultKind.ILLEGAL_RANGES and not self.registers:
            raise BadFault("registers: saw none, illegal_ranges needs at least one address or [first, last]")

    @property
    def of_listener(self) -> bool:
        """Whether it strikes every unit behind one listener."""
        return self.kind in LISTENER_KINDS


NO_FAULT = Fault(FaultKind.NONE)
PARAMETERS = tuple(each.name for each in fields(Fault) if each.name != "kind")


def decode_fault(kind: object, parameters: Mapping[str, Any]) -> Fault:
    """Make a fault of what a person or a script wrote.

    **Shape**: `registers` is a list of addresses and of [first, last].
    **Raises**: BadFault.
    """
    kinds = [str(each) for each in FaultKind]
    if not isinstance(kind, str) or kind not in kinds:
        raise BadFault(f"fault: saw {kind!r}, allowed are {', '.join(kinds)}")
    unknown = [key for key in parameters if key not in PARAMETERS]
    if unknown:
        raise BadFault(f"unknown key {unknown[0]!r}, allowed beside a fault are {', '.join(PARAMETERS)}")
    known = dict(parameters)
    if "registers" in known:
        known["registers"] = _spans(known["registers"])
    return Fault(FaultKind(kind), **known)


def _spans(seen: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(seen, list):
        raise BadFault(f"registers: saw {seen!r}, allowed is a list of addresses and of [first, last]")
    spans = []
    for each in seen:
        span = each if isinstance(each, list) else [each, each]
        if len(span) != 2:
            raise BadFault(f"registers: saw {each!r}, allowed is an address or [first, last]")
        spans.append((span[0], span[1]))
    return tuple(spans)
