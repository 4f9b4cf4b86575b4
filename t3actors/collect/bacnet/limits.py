"""How much may be asked of a device in one request: what it says of itself, then what it proves to bear. Pure.

The first plan is the largest that max-APDU and segmentation allow. What a device refuses for its size starts a search between
the largest answer it has given and the smallest it has refused, halved in the logarithm: from 1476 octets to a single property it
ends within a fifth of the truth after `MAX_PROBES` requests at most, the first refused one among them. What it has given is
measured in real octets, what it has refused can only be estimated. Octets are blamed first: few devices count properties, and one that
does refuses more of them than it has answered though they take no more octets; then a number of properties is searched for.

Then the limits are settled. They do not flap: a settled size that is refused once is halved for that one request, and only a
second refusal in a row makes it smaller for good. They grow again by one probe a day at most, half as often after each that failed.

Whatever a device refuses and for whatever reason, a search costs it no more than `MAX_REFUSALS`. Once they are *spent*, nothing is asked
for in one request but what is known to work: as many octets and properties as it has given, by ReadProperty where nothing has worked.
What has only an estimated size, a text, is asked for alone somewhat earlier (`Room.sure`): the last refusals are for polls.
A growth costs one refusal at most.

An error about the whole of a request is taken for a refusal of its size, unless as much has worked before; `exonerated` takes that
back when one property proves to have been the cause.

Limits are kept in the store (`msgspec`); `resume` takes them up unless the device says something else of itself by now.
The caller owns the clock, sends what `planning.plan` says and reports to `proven` and `refused`.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from t3actors.collect.bacnet.border import Border
from t3actors.collect.bacnet.codec import denials
from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.planning import Planned, Room
from t3actors.collect.bacnet.sizes import ANSWER_HEADER, REQUEST_HEADER, SEGMENT_HEADER

MIN_APDU, MAX_APDU = 50, 1476  # 12.11.18 and Annex J: BACnet/IP carries 1476 octets
MAX_SEGMENTS = 16
MAX_PROBES = 6
MAX_REFUSALS = 6
SURE_FROM = 4  # of 3 to 6, this left the polls of a model sweep the largest
REFUSALS_IN_A_ROW = 2
DAY_MS = 86_400_000
MAX_PATIENCE_DAYS = 32
_LEAST_APDU_OCTETS = 42  # what a search begins above: little less than the smallest APDU holds
_LEAST_OCTETS = 16  # and when as little as that is not borne: one property
_NEAR_LEAST = 120

_SEGMENTATION = {denials.ABORT_SEGMENTATION_NOT_SUPPORTED, denials.ABORT_APDU_TOO_LONG, denials.ABORT_WINDOW_SIZE}
_OCTETS = _SEGMENTATION | {denials.ABORT_BUFFER_OVERFLOW}


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
    refused: int = 0
    """All that it has ever met, but for those that ended a growth and those that were no matter of size."""
    growing: bool = False
    grow_at_ms: int | None = None
    patience_days: int = 1

    @property
    def settled(self) -> bool:
        """Say whether the search is over (or none was needed)."""
        return (
            self.spent
            or self.probes >= MAX_PROBES
            or (self.octets.is_tight(self.least_octets) and self.count.is_tight(1))
        )

    @property
    def spent(self) -> bool:
        """Say whether it has refused as often as a search may cost: then only what is known to work is asked for."""
        return self.refused >= MAX_REFUSALS

    @property
    def request_octets(self) -> int:
        """The most octets of service data one request may have; it is never segmented."""
        return _apdu(self.told) - REQUEST_HEADER

    @property
    def answer_octets(self) -> int:
        """The most octets of service data one answer should have."""
        room = MAX_SEGMENTS * (_apdu(self.told) - SEGMENT_HEADER) if self.segmented else self.unsegmented_octets
        if self.spent:
            return min(room, max(1, self.octets.good))
        target = self.octets.target(self.least_octets, settled=self.settled)
        if target is None:
            return room
        if not self.settled and self.octets.known < self.unsegmented_octets < target:
            return self.unsegmented_octets  # a segmented answer was refused: whether it is for that comes first
        return min(room, target)

    @property
    def least_octets(self) -> int:
        """What a search for the octets of an answer begins above."""
        return _LEAST_APDU_OCTETS if self.octets.bad is None or self.octets.bad > _NEAR_LEAST else _LEAST_OCTETS

    @property
    def unsegmented_octets(self) -> int:
        """What one answer holds without segmentation."""
        return _apdu(self.told) - ANSWER_HEADER

    @property
    def properties(self) -> int | None:
        """The most properties one request should ask for; None: any number."""
        return max(1, self.count.good) if self.spent else self.count.target(1, settled=self.settled)

    @property
    def room(self) -> Room:
        """What `planning.plan` plans by."""
        sure = self.refused >= SURE_FROM
        return Room(self.request_octets, self.answer_octets, self.properties, self.read_multiple, sure)


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


def proven(limits: Limits, request: Planned, octets: int, *, now_ms: int) -> Limits:
    """Give the limits once the device has answered this request with so many octets of service data."""
    if request.alone:
        return limits
    count = len(request.wants)
    # a half that was answered says nothing of the whole
    at_size = limits.refusals > 0 and (4 * count > 3 * limits.count.good or 4 * octets > 3 * limits.octets.good)
    is_step, allowed = False, request.answer_octets
    if limits.octets.bad is not None:
        is_step, allowed = request.room > limits.octets.known, octets + max(0, request.room - request.answer_octets)
    if limits.count.bad is not None:
        is_step |= request.most > limits.count.known
    is_known = limits.octets.good >= octets and limits.octets.allowed >= allowed and limits.count.good >= count
    if is_known and not is_step and not at_size:
        return limits
    new = msgspec.structs.replace(
        limits,
        octets=limits.octets.works(octets, allowed),
        count=limits.count.works(count, request.most),
        probes=limits.probes + (is_step and not limits.settled),
        refusals=0,
    )
    return _settling(limits, new, now_ms)


def refused(limits: Limits, request: Planned, denial: Denial | None, *, now_ms: int) -> tuple[Limits, Next]:
    """Give the limits once the device has refused this whole request, and what to do with its wants.

    **Shape**: `denial` None: it answered what cannot be decoded (BadResponse).
    """
    if denial is not None and denials.is_transient(denial):
        return limits, Next.LATER
    if request.alone:
        return limits, Next.GIVE_UP
    if denial is not None and denials.denies_service(denial):
        return msgspec.structs.replace(limits, read_multiple=False, grow_at_ms=None), Next.PLAN_AGAIN
    is_error_of_what_worked = isinstance(denial, PropertyError) and had_worked(limits, request)
    if not (is_error_of_what_worked and _has_surely_worked(limits, request)):  # else it is one property's doing
        was_spent, limits = limits.spent, _counted(limits, now_ms)
        if not limits.read_multiple or limits.spent is not was_spent:
            return limits, Next.PLAN_AGAIN
    if denial is None or len(request.wants) == 1:
        patience = 1 if denial is not None and limits.probes else 3
        return _without_use(limits, patience, now_ms), Next.ONE_BY_ONE
    return (limits, Next.HALVE) if is_error_of_what_worked else too_large(limits, request, denial, now_ms=now_ms)


def too_large(limits: Limits, request: Planned, denial: Denial, *, now_ms: int) -> tuple[Limits, Next]:
    """Give the limits once it is known that this request was refused for its size."""
    again = limits.refusals + 1
    if had_worked(limits, request) and again < REFUSALS_IN_A_ROW:
        return msgspec.structs.replace(limits, refusals=again), Next.HALVE
    return _settling(limits, _smaller(limits, request, denial), now_ms), Next.PLAN_AGAIN


def remeasured(limits: Limits, octets: int) -> Limits:
    """Give the limits once more is known of how long the answer would have been that was refused last for its length."""
    border = limits.octets
    return msgspec.structs.replace(limits, octets=msgspec.structs.replace(border, bad=max(octets, border.known + 1)))


def exonerated(limits: Limits, before: Limits) -> Limits:
    """Give the limits as they were `before` requests were refused because of one property, not for their size."""
    octets, count = before.octets.works(limits.octets.good), before.count.works(limits.count.good)
    return msgspec.structs.replace(before, octets=octets, count=count)


def grown(limits: Limits, *, now_ms: int) -> Limits:
    """Give limits that allow one larger request, when it is time for one; the same limits when it is not."""
    if limits.grow_at_ms is None or now_ms < limits.grow_at_ms:
        return limits
    anew = limits.spent or not limits.read_multiple
    return msgspec.structs.replace(
        limits,
        read_multiple=True,
        octets=_loosened(limits.octets, limits.least_octets, anew=anew),
        count=_loosened(limits.count, 1, anew=anew),
        probes=MAX_PROBES - 1,
        refusals=0,
        refused=min(limits.refused, MAX_REFUSALS - 1),
        growing=True,
        grow_at_ms=None,
    )


def _counted(limits: Limits, now_ms: int) -> Limits:
    """Give the limits with one refusal more. It ends a growth; and the last one of a search leaves only what is known to work."""
    refused, is_over = limits.refused + 1, limits.refused + 1 == MAX_REFUSALS
    if limits.growing:
        is_over, refused = True, refused if is_over else limits.refused
        patience = min(limits.patience_days * 2, MAX_PATIENCE_DAYS)
        limits = msgspec.structs.replace(limits, probes=MAX_PROBES, growing=False, patience_days=patience)
    limits = msgspec.structs.replace(limits, refused=min(refused, MAX_REFUSALS))
    if not is_over:
        return limits
    grow_at_ms = now_ms + limits.patience_days * DAY_MS
    return msgspec.structs.replace(limits, read_multiple=limits.count.good > 1, refusals=0, grow_at_ms=grow_at_ms)


def _smaller(limits: Limits, request: Planned, denial: Denial) -> Limits:
    """Give the limits after a refusal for size; which size, the reason says."""
    new = msgspec.structs.replace(limits, probes=min(limits.probes + 1, MAX_PROBES), refusals=0)
    too_long = (isinstance(denial, Abort) and denial.reason in _OCTETS) or (
        isinstance(denial, Reject) and denial.reason == denials.REJECT_BUFFER_OVERFLOW
    )
    if limits.segmented and isinstance(denial, Abort) and denial.reason in _SEGMENTATION:
        if request.answer_octets > limits.unsegmented_octets:
            return msgspec.structs.replace(new, segmented=False)
        new = msgspec.structs.replace(new, segmented=False)
    if not too_long and limits.in_flight > 1:
        return msgspec.structs.replace(new, in_flight=1)
    is_none_too_long = not too_long or all(want.is_sure for want in request.wants)  # whatever it says
    if is_none_too_long and request.answer_octets <= limits.octets.good and not had_worked(limits, request):
        return msgspec.structs.replace(new, count=limits.count.fails(len(request.wants)))
    return msgspec.structs.replace(new, octets=limits.octets.fails(request.answer_octets))


def _without_use(limits: Limits, patience: int, now_ms: int) -> Limits:
    """Count a whole request refused while none has ever worked: after a few, ReadPropertyMultiple itself does not work."""
    if limits.count.good:
        return limits
    again = limits.refusals + 1
    if again < patience:
        return msgspec.structs.replace(limits, refusals=again)
    grow_at_ms = now_ms + limits.patience_days * DAY_MS
    return msgspec.structs.replace(limits, refusals=again, read_multiple=False, grow_at_ms=grow_at_ms)


def had_worked(limits: Limits, request: Planned) -> bool:
    """Say whether as much was answered before. Octets are estimated, properties are counted: not one more of them has worked."""
    return request.answer_octets <= limits.octets.known and len(request.wants) <= limits.count.known


def _has_surely_worked(limits: Limits, request: Planned) -> bool:
    """Say the same where nothing is only allowed or estimated."""
    fits = request.answer_octets <= limits.octets.good and len(request.wants) <= limits.count.good
    return fits and all(want.is_sure for want in request.wants)


def _settling(before: Limits, after: Limits, now_ms: int) -> Limits:
    """Set the time to grow when a search has just ended."""
    has_border = after.octets.bad is not None or after.count.bad is not None or after.probes > 0
    if not after.settled or not has_border or (after.grow_at_ms is not None and before.settled):
        return after
    return msgspec.structs.replace(after, growing=False, grow_at_ms=now_ms + after.patience_days * DAY_MS)


def _loosened(border: Border, least: int, *, anew: bool) -> Border:
    """Give a border whose next target is twice what is known to work."""
    if border.bad is None and not anew:
        return border
    return Border(border.good, 4 * max(border.known, least), border.allowed)


def _apdu(told: Told) -> int:
    return min(max(told.max_apdu, MIN_APDU), MAX_APDU)
