"""Turns a device's right answers into the ones a faulty device gives: pure, chance is given."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from t3actors.simulator.bacnet.apdu import SEGMENT_HEADER, SEGMENTED, Kind
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind

Faults = Mapping[BacnetFaultKind, BacnetFault]
SEQUENCE = 2  # where a segment's number stands


def is_lost(faults: Faults, chance: Random) -> bool:
    """Whether a packet, coming or going, is lost now."""
    drop = faults.get(BacnetFaultKind.DROP)
    return BacnetFaultKind.STALL in faults or (drop is not None and chance.random() < drop.share)


def distorted(faults: Faults, answer: bytes, chance: Random) -> bytes:
    """Give what is sent instead of this APDU."""
    if BacnetFaultKind.GARBAGE in faults:
        return chance.randbytes(len(answer))
    kind = answer[0] >> 4
    if kind == Kind.COMPLEX_ACK and answer[0] & SEGMENTED:
        if BacnetFaultKind.TRUNCATED_SEGMENT in faults and answer[SEQUENCE]:
            answer = answer[: SEGMENT_HEADER - 1]
    elif kind == Kind.COMPLEX_ACK and BacnetFaultKind.MALFORMED in faults:
        answer = answer[: 3 + (len(answer) - 3) * 2 // 3]
    if BacnetFaultKind.WRONG_INVOKE_ID in faults:
        answer = bytes((answer[0], (answer[1] + 1) % 256)) + answer[2:]
    return answer


def is_held_back(faults: Faults, answer: bytes) -> bool:
    """Whether this APDU is a segment that is never sent."""
    is_segment = answer[0] >> 4 == Kind.COMPLEX_ACK and bool(answer[0] & SEGMENTED)
    return BacnetFaultKind.HALF_ANSWER in faults and is_segment and answer[SEQUENCE] > 0


def delay_s(faults: Faults) -> float:
    """Give how late an answer is."""
    slow = faults.get(BacnetFaultKind.SLOW)
    return slow.delay_s if slow is not None else 0.0
