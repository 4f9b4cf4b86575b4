"""Whose answer is this? Transaction ids of one link, over all its connections. Pure.

An answer is used when it carries the id of the request that waits. One with an id given out earlier on this connection, or
shortly before on another, is late: thrown away, whatever it holds. Some gateways never echo the id; that is believed only
after `PROOFS` answers in a row, to as many requests, which match the waiting request in unit, function and length and carry
an id that was never given out. None of those is used. From then on answers are matched by unit, function and length alone,
and the link drops the connection at every time-out, so that no late answer can be on it.

Why ids of earlier connections count as late: a gateway whose queue outlives the connection and is one answer behind would otherwise
prove three times over that it echoes nothing, and from then on give each request its predecessor's values.
"""

from __future__ import annotations

from enum import Enum, auto

from t3actors.collect.modbus.wire import Asked, Frame, mismatch

IDS = 65535  # 1 to 65535: 0 is what devices answer that do not echo
PROOFS = 3
RECENT = 1000  # ids of earlier connections that are still known as ours
WORN_AT = 1000  # ids given up on one connection: more than any line that still works needs


class Verdict(Enum):
    """What is to be done with a frame."""

    USE = auto()
    """It answers the request that waits (perhaps wrongly: that is for `wire.take` to say)."""
    LATE = auto()
    """It answers an earlier request."""
    STRANGE = auto()
    """It answers nothing that was asked."""
    PROVEN = auto()
    """Strange, and the last proof that ids are not echoed here."""


class Transactions:
    """The ids given out, and what is known of how they come back. Lives as long as its link."""

    def __init__(self, last_id: int = 0) -> None:
        """**Shape**: `last_id`, 0 to 65535, best drawn at random: many a gateway that echoes nothing counts from 1 itself."""
        self.ids_echoed = True
        self._last = last_id
        self._given = 0
        self._given_before = 0
        self._discarded: set[int] = set()
        self._proofs = 0
        self._proven_by = 0

    @property
    def worn(self) -> bool:
        """Say whether so many ids were given up on this connection that a new one is due."""
        return len(self._discarded) >= WORN_AT

    def connected(self) -> None:
        """Begin a new connection; ids go on from where they were."""
        self._given_before = min(self._given_before + self._given, RECENT)
        self._given = 0
        self._discarded.clear()

    def next_id(self) -> int:
        """Give the id for the next request: never 0, never one given up on this connection."""
        self._last = self._last % IDS + 1
        self._given += 1
        while self._last in self._discarded:
            self._last = self._last % IDS + 1
            self._given += 1
        return self._last

    def discard(self, transaction_id: int) -> None:
        """Give an id up after a time-out."""
        self._discarded.add(transaction_id)

    def judge(self, frame: Frame, waiting: Asked | None) -> Verdict:
        """Say what the frame is, given the request that waits."""
        if waiting is not None and frame.transaction_id == waiting.transaction_id:
            self._proofs = 0
            return Verdict.USE
        if waiting is not None and not self.ids_echoed:
            return Verdict.USE
        if self._was_given(frame.transaction_id):
            self._proofs = 0
            return Verdict.LATE
        if waiting is None or mismatch(frame, waiting):
            return Verdict.STRANGE
        if self._proven_by != waiting.transaction_id:
            self._proven_by = waiting.transaction_id
            self._proofs += 1
        if self._proofs < PROOFS:
            return Verdict.STRANGE
        self.ids_echoed = False
        return Verdict.PROVEN

    def _was_given(self, transaction_id: int) -> bool:
        return transaction_id != 0 and (self._last - transaction_id) % IDS < self._given + self._given_before
