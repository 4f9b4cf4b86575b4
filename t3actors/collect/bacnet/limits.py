"""How much may be asked of a device in one request: what it says of itself, then what it proves to bear. Pure.

The first plan is the largest that max-APDU and segmentation allow. What a device refuses for its size starts a search between
the largest request it has answered and the smallest it has refused, in octets of answer and in number of properties, each
halved in the logarithm: a search over 1 to 266 properties ends within a fifth of the truth after `MAX_PROBES` requests,
the refused first one among them. Then the limits are settled. They do not flap: a settled size that is refused once is
halved for that one request, and only a second refusal in a row makes it smaller for good. They grow again by one probe
a day at most, half as often after each that failed.

Limits are kept in the store (`msgspec`); `resume` takes them up unless the device says something else of itself by now.
The caller owns the clock, sends what `planning.plan` says and reports to `proven` and `refused`.
"""

from __future__ import annotations

from enum import Enum, auto
from math import isqrt

import msgspec

from t3actors.collect.bacnet import denials
from t3actors.collect.bacnet.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.planning import Planned, Room
from t3actors.collect.bacnet.read_multiple import PropertyError
from t3actors.collect.bacnet.sizes import ANSWER_HEADER, REQUEST_HEADER, SEGMENT_HEADER

MIN_APDU, MAX_APDU = 50, 1476  # 12.11.18 and Annex J: BACnet/IP carries 1476 octets
MAX_SEGMENTS = 16
MAX_PROBES = 6
REFUSALS_IN_A_ROW = 2
DAY_MS = 86_400_000
MAX_PATIENCE_DAYS = 32
_LEAST_OCTETS = 20
_TIGHT = 1.1  # the border is known well enough when what is refused is at most so many times what works

_SEGMENTATION = {denials.ABORT_SEGMENTATION_NOT_SUPPORTED, denials.ABORT_APDU_TOO_LONG, denials.ABORT_WINDOW_SIZE}
_OCTETS = _SEGMENTATION | {denials.ABORT_BUFFER_OVERFLOW}
_TRANSIENT_ABORTS = {denials.ABORT_INVALID_IN_THIS_STATE, denials.ABORT_PREEMPTED}
_TRANSIENT_CODES = {2, 3, 82}  # configuration in progress, device busy, busy


class Next(Enum):
    """What is to be done with the wants of a refused request."""

    PLAN_AGAIN = auto()
    """Under the new limits."""
    HALVE = auto()
    """`planning.halves`: the limits stand, this request did not."""
    ONE_BY_ONE = auto()
    """`planning.one_by_one`: each by ReadProperty; one of them may spoil the others."""
    LATER = auto()
    """At the next poll: the device is busy with something else."""
    GIVE_UP = auto()
    """The property's own fault: its point gets the refusal as its reason."""


class Told(msgspec.Struct, frozen=True):
    """What the device says of itself. `transmits_segments`: segmentation-supported is both or transmit."""

    max_apdu: int = MAX_APDU
    transmits_segments: bool = False
    read_multiple: bool = True
    """Bit 14 of protocol-services-supported; True when that is not known."""


class Border(msgspec.Struct, frozen=True):
    """Between what is known to work and what is known to be refused (None: nothing was)."""

    good: int = 0
    bad: int | None = None

    def target(self, least: int, *, settled: bool) -> int | None:
        """Give the most to ask for now; None when nothing is against any size."""
        if self.bad is None:
            return None
        good = max(self.good, least)
        if settled or self.is_tight(least):
            return good
        return min(max(isqrt(good * self.bad), good + 1), self.bad - 1)

    def is_tight(self, least: int) -> bool:
        """Say whether there is nothing worth finding out."""
        good = max(self.good, least)
        return self.bad is None or self.bad <= good + 1 or self.bad <= good * _TIGHT

    def works(self, size: int) -> Border:
        """Give the border once this size has worked."""
        good = max(self.good, size)
        return Border(good, None if self.bad is None or self.bad <= good else self.bad)

    def fails(self, size: int) -> Border:
        """Give the border once this size was refused: what was good before and is larger is so no more."""
        return Border(self.good if self.good < size else size * 2 // 3, size)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All that was learned of one device."""

    told: Told = Told()
    read_multiple: bool = True
    segmented: bool = False
    in_flight: int = 1
    octets: Border = Border()
    count: Border = Border()
    probes: int = 0
    refusals: int = 0
    """In a row, of a size that had worked; or of whole requests, while none has worked."""
    growing: bool = False
    grow_at_ms: int | None = None
    patience_days: int = 1

    @property
    def settled(self) -> bool:
        """Say whether the search is over (or none was needed)."""
        return self.probes >= MAX_PROBES or (self.octets.is_tight(_LEAST_OCTETS) and self.count.is_tight(1))

    @property
    def request_octets(self) -> int:
        """The most octets of service data one request may have; it is never segmented."""
        return _apdu(self.told) - REQUEST_HEADER

    @property
    def answer_octets(self) -> int:
        """The most octets of service data one answer should have."""
        room = MAX_SEGMENTS * (_apdu(self.told) - SEGMENT_HEADER) if self.segmented else self.unsegmented_octets
        target = self.octets.target(_LEAST_OCTETS, settled=self.settled)
        return room if target is None else min(room, target)

    @property
    def unsegmented_octets(self) -> int:
        """What one answer holds without segmentation."""
        return _apdu(self.told) - ANSWER_HEADER

    @property
    def properties(self) -> int | None:
        """The most properties one request should ask for; None: any number."""
        return self.count.target(1, settled=self.settled)

    @property
    def room(self) -> Room:
        """What `planning.plan` plans by."""
        return Room(self.request_octets, self.answer_octets, self.properties, self.read_multiple)


def first(told: Told, *, in_flight: int = 1) -> Limits:
    """Give the limits of a device that was never asked."""
    return Limits(
        told=told, read_multiple=told.read_multiple, segmented=told.transmits_segments, in_flight=max(1, in_flight)
    )


def resume(stored: Limits | None, told: Told, *, in_flight: int = 1) -> Limits:
    """Give the stored limits, or the first when there are none or the device now says something else of itself."""
    if stored is None or stored.told != told:
        return first(told, in_flight=in_flight)
    return msgspec.structs.replace(stored, in_flight=max(1, min(stored.in_flight, in_flight)))


def proven(limits: Limits, request: Planned, *, now_ms: int) -> Limits:
    """Give the limits once the device has answered this request."""
    if request.alone:
        return limits
    size, count = max(request.answer_octets, request.room), max(len(request.wants), request.most)
    at_size = (
        limits.refusals > 0 and 4 * count > 3 * limits.count.good
    )  # a half that was answered says nothing of the whole
    if limits.octets.good >= size and limits.count.good >= count and not at_size:
        return limits  # nothing new
    searching = not limits.settled
    larger = size > limits.octets.good or count > limits.count.good
    new = msgspec.structs.replace(
        limits,
        octets=limits.octets.works(size),
        count=limits.count.works(count),
        probes=limits.probes + (searching and larger),
        refusals=0,
    )
    return _settling(limits, new, now_ms)


def refused(limits: Limits, request: Planned, denial: Denial | None, *, now_ms: int) -> tuple[Limits, Next]:
    """Give the limits once the device has refused this whole request, and what to do with its wants.

    **Shape**: `denial` None: it answered what cannot be decoded (BadResponse).
    """
    if denial is not None and _is_transient(denial):
        return limits, Next.LATER
    if request.alone:
        return limits, Next.GIVE_UP
    if denial is not None and _denies_service(denial):
        return msgspec.structs.replace(limits, read_multiple=False), Next.PLAN_AGAIN
    if denial is None or isinstance(denial, PropertyError):
        return _without_use(limits, patience=3), Next.ONE_BY_ONE
    if len(request.wants) == 1:
        return _without_use(limits, patience=1 if limits.probes else 3), Next.ONE_BY_ONE
    return _too_large(limits, request, denial, now_ms)


def _too_large(limits: Limits, request: Planned, denial: Denial, now_ms: int) -> tuple[Limits, Next]:
    again = limits.refusals + 1
    if limits.settled and _had_worked(limits, request) and again < REFUSALS_IN_A_ROW:
        return msgspec.structs.replace(limits, refusals=again), Next.HALVE
    return _settling(limits, _smaller(limits, request, denial), now_ms), Next.PLAN_AGAIN


def grown(limits: Limits, *, now_ms: int) -> Limits:
    """Give limits that allow one larger request, when it is time for one; the same limits when it is not."""
    if limits.grow_at_ms is None or now_ms < limits.grow_at_ms or not limits.read_multiple:
        return limits
    return msgspec.structs.replace(
        limits,
        octets=_loosened(limits.octets, _LEAST_OCTETS),
        count=_loosened(limits.count, 1),
        probes=MAX_PROBES - 1,
        refusals=0,
        growing=True,
        grow_at_ms=None,
    )


def _smaller(limits: Limits, request: Planned, denial: Denial) -> Limits:
    """Give the limits after a refusal for size; which size, the reason says."""
    new = msgspec.structs.replace(limits, probes=limits.probes + 1, refusals=0)
    too_long = (isinstance(denial, Abort) and denial.reason in _OCTETS) or (
        isinstance(denial, Reject) and denial.reason == denials.REJECT_BUFFER_OVERFLOW
    )
    if limits.segmented and isinstance(denial, Abort) and denial.reason in _SEGMENTATION:
        return msgspec.structs.replace(new, segmented=False)
    if too_long:
        return msgspec.structs.replace(new, octets=limits.octets.fails(request.answer_octets))
    if limits.in_flight > 1:
        return msgspec.structs.replace(new, in_flight=1)
    return msgspec.structs.replace(new, count=limits.count.fails(len(request.wants)))


def _without_use(limits: Limits, *, patience: int) -> Limits:
    """Count a whole request refused while none has ever worked: after a few, ReadPropertyMultiple itself does not work."""
    if limits.count.good:
        return limits
    again = limits.refusals + 1
    return msgspec.structs.replace(limits, refusals=again, read_multiple=again < patience)


def _had_worked(limits: Limits, request: Planned) -> bool:
    return request.answer_octets <= limits.octets.good and len(request.wants) <= limits.count.good


def _settling(before: Limits, after: Limits, now_ms: int) -> Limits:
    """Set the time to grow when a search has just ended."""
    has_border = after.octets.bad is not None or after.count.bad is not None or after.probes > 0
    if not after.settled or not has_border or (after.grow_at_ms is not None and before.settled):
        return after
    failed = before.growing and (after.octets.bad, after.count.bad) != (before.octets.bad, before.count.bad)
    worse = failed and (after.octets.good, after.count.good) == (before.octets.good, before.count.good)
    patience = min(before.patience_days * 2, MAX_PATIENCE_DAYS) if worse else before.patience_days
    return msgspec.structs.replace(after, growing=False, patience_days=patience, grow_at_ms=now_ms + patience * DAY_MS)


def _loosened(border: Border, least: int) -> Border:
    """Give a border whose next target is twice what is known to work."""
    return border if border.bad is None else Border(border.good, 4 * max(border.good, least))


def _is_transient(denial: Denial) -> bool:
    if isinstance(denial, Abort):
        return denial.reason in _TRANSIENT_ABORTS
    return isinstance(denial, PropertyError) and denial.error_code in _TRANSIENT_CODES


def _denies_service(denial: Denial) -> bool:
    if isinstance(denial, Reject):
        return denial.reason == denials.REJECT_UNRECOGNIZED_SERVICE
    return isinstance(denial, PropertyError) and tuple(denial) in denials.SERVICE_NOT_SUPPORTED


def _apdu(told: Told) -> int:
    return min(max(told.max_apdu, MIN_APDU), MAX_APDU)
