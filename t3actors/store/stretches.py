"""Stretches of the clock: between two steps of it, trusted or not; and which of them a sample's time is of.

A box without a battery begins in 1970, or when it was last shut down, until somebody tells it the time; its clock may be set by
hand, or by a server that was wrong. The machine's time since it was switched on knows nothing of that: what the wall clock
is ahead of it stays the same but for steps. So a step is seen at the next look, and a time that was taken before it, and
is stored after it, can still be told.

Once the kernel knows its clock to be right, what was stamped before, since this start, is stamped anew (history/restamping.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import apsw
import msgspec

STEP_MS = 500
"""A smaller difference is the clock being drawn along, not set (ntpd steps from 128 ms on, chrony as it is told)."""
KEPT = 500  # stretches in the table
NUMBER_SHIFT = 4
NOT_TRUSTED = 8
TOLERANCE_MS = 1000
SET_RIGHT_MS = 3_600_000
"""A clock that was put ahead, and then to what it would say else but for so much, was set right: what held then held on."""

Life = tuple[int, int]
"""From, until (Unix milliseconds)."""

_NEXT = "SELECT COALESCE(MAX(number), 0) + 1 FROM CLOCK_STRETCHES"
_OPEN = (
    "INSERT INTO CLOCK_STRETCHES (number, boot_id, since_at, offset_ms, trusted, first_event)"
    " VALUES (?, ?, ?, ?, ?, (SELECT COALESCE(MAX(id), 0) + ? FROM EVENTS))"
)
_CLOSE = "UPDATE CLOCK_STRETCHES SET until_at = ?, offset_ms = ? WHERE number = ?"
_FORGET = "DELETE FROM CLOCK_STRETCHES WHERE number <= ? AND restamped_ms IS NOT NULL OR number <= ?"
_STRETCHES = "SELECT since_at, until_at FROM CLOCK_STRETCHES ORDER BY number"
_ENDED = "SELECT at FROM EVENTS WHERE device_id IS NULL AND event IN ('gateway.stopped', 'gateway.lost') AND at > ? AND at < ?"
LEFT = "INSERT INTO EVENTS (at, event, reason) VALUES (?, 'clock.left', '')"
STEPPED = "INSERT INTO EVENTS (at, event, reason) VALUES (?, 'clock.stepped', ?)"
_TO_BE_LIVED = (  # the rows that say of a time beyond this that nobody lived through it; the one before, where it is their own
    "SELECT s.id, s.at, b.at FROM EVENTS s LEFT JOIN EVENTS b ON b.id = s.id - 1 AND b.device_id IS NULL AND b.event = 'clock.left'"
    " WHERE s.device_id IS NULL AND s.event = 'clock.stepped' AND s.at > ?"
)
_IS_BACK = "UPDATE EVENTS SET at = ? WHERE id = ?"
_UNSETTLED = (
    "SELECT number, since_at, COALESCE(until_at, ?2), offset_ms, first_event FROM CLOCK_STRETCHES"
    " WHERE boot_id = ?1 AND NOT trusted AND restamped_ms IS NULL ORDER BY number"
)


class KernelClock(Protocol):
    """The machine's own word (clock.py is one)."""

    def machine_ms(self) -> int:
        """Milliseconds since it was switched on, time asleep included."""

    def is_trusted(self) -> bool:
        """Whether the kernel knows its wall clock to be right."""


class Unsettled(msgspec.Struct, frozen=True):
    """A stretch of this start whose times may be wrong."""

    number: int
    since_at: int
    until_at: int
    offset_ms: int
    first_event: int


class _Stretch:
    """One that this writer has seen. Machine times are those between which it was looked at."""

    def __init__(self, number: int, offset_ms: int, since_machine_ms: int, *, trusted: bool) -> None:
        self.number = number
        self.offset_ms = offset_ms
        self.since_machine_ms = self.until_machine_ms = since_machine_ms
        self.trusted = trusted

    @property
    def mark(self) -> int:
        """What a sample's status carries of it."""
        return 0 if self.trusted else NOT_TRUSTED | self.number << NUMBER_SHIFT


def lived(connection: apsw.Connection, left_at: int, at_ms: int) -> list[Life]:
    """Return what of the time between two a gateway lived through already, before the clock was set back; in order, apart.

    Such a time is no gap when it is passed over. What begins at `left_at` went on without a gap that is not told elsewhere; the others
    were stepped into, over `left_at`, and the rows that said so went when the clock was set back.
    """
    on_ms, ahead, before = left_at, list[Life](), None
    is_ahead = False
    for since, until in connection.execute(_STRETCHES):
        stepped = before is not None and before <= left_at
        is_ahead = since > left_at and (is_ahead or stepped)
        before = until
        if until is None or until <= left_at or since >= at_ms:
            continue
        if is_ahead:
            ahead.append((since, min(until, at_ms)))
        else:
            on_ms = max(on_ms, min(until, at_ms))
    ends = [at for (at,) in connection.execute(_ENDED, (left_at, at_ms))]
    on_ms = max([on_ms, *(at for at in ends if not any(since <= at <= until for since, until in ahead))])
    lives: list[Life] = [(left_at, on_ms)]
    for since, until in sorted(ahead):
        if since <= lives[-1][1]:
            lives[-1] = lives[-1][0], max(lives[-1][1], until)
        else:
            lives.append((since, until))
    return [(since, until) for since, until in lives if until > since]


def say_left(connection: apsw.Connection, left_at: int, lives: Sequence[Life]) -> None:
    """Say from when on nobody listened, before what ends that is said, inside the caller's transaction."""
    if not lives or lives[0][0] > left_at:
        connection.execute(LEFT, (left_at,))
    for since, until in lives:
        if since > left_at:
            connection.execute(STEPPED, (since, "the clock had been put forward before"))
        connection.execute(LEFT, (until,))


class Stretches:
    """The stretches since this writer opened the database. **Thread**: the writer's."""

    def __init__(
        self, connection: apsw.Connection, boot_id: str, kernel: KernelClock, wall_ms: Callable[[], int]
    ) -> None:
        """Begin one, inside the caller's transaction."""
        self._connection = connection
        self._boot_id = boot_id
        self._kernel = kernel
        self._wall_ms = wall_ms
        self._seen: list[_Stretch] = []
        self._opened_machine_ms = kernel.machine_ms()
        self._begin(self._opened_machine_ms, wall_ms(), trusted=kernel.is_trusted(), since_event=0)

    @property
    def trusted(self) -> bool:
        """Whether the clock is right now, as of the last look."""
        return self._seen[-1].trusted

    @property
    def all_trusted(self) -> bool:
        """Whether no sample on its way needs a mark."""
        return all(stretch.trusted for stretch in self._seen)

    @property
    def since_start_ms(self) -> int:
        """For how long this writer has had the database open, by the machine's own time."""
        return self._kernel.machine_ms() - self._opened_machine_ms

    @property
    def offset_ms(self) -> int:
        """What the wall clock is ahead of the machine's own, as of the last look."""
        return self._seen[-1].offset_ms

    def has_changed(self) -> bool:
        """Look: has the clock stepped, or become trusted, or no more? Then `begin_anew`. Never blocks."""
        now = self._seen[-1]
        machine_ms = self._kernel.machine_ms()
        offset_ms = self._wall_ms() - machine_ms
        if abs(offset_ms - now.offset_ms) > STEP_MS or self._kernel.is_trusted() is not now.trusted:
            return True
        now.offset_ms = offset_ms
        now.until_machine_ms = machine_ms
        return False

    def begin_anew(self) -> int:
        """End the stretch at hand and begin another, inside the caller's transaction. **Returns**: the step, milliseconds."""
        machine_ms, now = self._kernel.machine_ms(), self._seen[-1]
        since_machine_ms, now.until_machine_ms = now.until_machine_ms, machine_ms
        self._connection.execute(_CLOSE, (machine_ms + now.offset_ms, now.offset_ms, now.number))
        at_ms = self._wall_ms() - machine_ms + since_machine_ms  # it may have stepped just after the last look
        step_ms = at_ms - since_machine_ms - now.offset_ms
        if step_ms > STEP_MS:
            left_at = machine_ms + now.offset_ms
            lives = lived(self._connection, left_at, at_ms) if now.trusted else []  # else it is moved with its stretch
            say_left(self._connection, left_at, lives)
        self._begin(since_machine_ms, at_ms, trusted=self._kernel.is_trusted(), since_event=1)
        if step_ms > STEP_MS:
            self._connection.execute(STEPPED, (at_ms, f"put forward by {step_ms / 1000:.1f} s"))
        elif step_ms < -STEP_MS:
            self._take_steps_back(at_ms, at_ms - step_ms)
        del self._seen[:-8]
        return step_ms

    def _take_steps_back(self, at_ms: int, before_ms: int) -> None:
        """What lies ahead is to be lived through: it is no gap. `before_ms`: what the clock said before it was set back.

        The gap goes as a whole where the clock is where it would be without the step. Set back to the middle of it, it ended now; so did
        one that was made of several (trimming.py).
        """
        for number, stepped_at, left_at in list(self._connection.execute(_TO_BE_LIVED, (at_ms,))):
            lived_ms = max(0, before_ms - stepped_at)
            if left_at is not None and at_ms <= left_at + lived_ms + SET_RIGHT_MS:
                self._connection.execute("DELETE FROM EVENTS WHERE id IN (?1, ?1 - 1)", (number,))
            else:
                self._connection.execute(_IS_BACK, (at_ms, number))

    def mark_of(self, at_ms: int) -> int:
        """Return what the status of a sample of that time is to carry: 0 where its clock was trusted."""
        if len(self._seen) == 1:
            return self._seen[0].mark
        for stretch in reversed(self._seen):
            machine_ms = at_ms - stretch.offset_ms
            last_ms = stretch.until_machine_ms if stretch is not self._seen[-1] else self._kernel.machine_ms()
            if stretch.since_machine_ms <= machine_ms <= last_ms + TOLERANCE_MS:
                return stretch.mark
        return self._seen[-1].mark

    def unsettled(self) -> list[Unsettled]:
        """Return the stretches of this start that were not trusted and are not settled, the oldest first."""
        return [Unsettled(*row) for row in self._connection.execute(_UNSETTLED, (self._boot_id, self._wall_ms()))]

    def _begin(self, machine_ms: int, at_ms: int, *, trusted: bool, since_event: int) -> None:
        """`since_event`: 0 when its first event, the gateway's start, is written already."""
        number = self._connection.execute(_NEXT).get
        offset_ms = at_ms - machine_ms
        self._connection.execute(_OPEN, (number, self._boot_id, at_ms, offset_ms, trusted, since_event))
        self._connection.execute(_FORGET, (number - KEPT, number - 10 * KEPT))
        self._seen.append(_Stretch(number, offset_ms, machine_ms, trusted=trusted))
