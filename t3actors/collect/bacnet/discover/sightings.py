"""Who was seen where. A device is (network, mac, instance); an instance belongs to the first who was seen or known with it. Pure.

Two devices behind one IP and port are two stations' worth of instances at one place: two devices. One instance at two places (an
I-Am from another UDP port is another place) is a conflict: the first keeps it, the later is listed, and nothing is ever merged.

How a conflict ends. Never in favour of the later one by itself, however long the first is silent: silence to a Who-Is does not say
that a device is gone (it may well be answering polls behind a router that drops broadcasts, or be switched off for the winter), an
I-Am is anybody's word, and handing an instance on would join two devices under one history. Instead it is told that the first has
not been heard (`Elsewhere`), and a person forgets the first if it was moved. It ends when the later one has not been heard for
OVER_AFTER_S in which the first one was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from t3actors.collect.bacnet.link.requests import DeviceSeen
from t3actors.stations import Station, station, written

KEPT = 10_000
"""Claims of strangers, and as many of known devices: more than a building has, less than a flood of invented ones may fill."""
KEPT_AN_INSTANCE = 8
FIRST_SILENT_S = 6 * 3600.0  # several of the slowest sweeps
OVER_AFTER_S = 24 * 3600.0


class Claim(msgspec.Struct):
    """One device at one place that says, or is known, to have this instance.

    `at`: None where the place does not matter. `heard_at_s`: None until it is heard in this life. `is_ours`: it is known, by
    configuration or because it was met; else it is a stranger.
    """

    name: str
    instance: int
    at: Station | None
    address: str
    is_ours: bool = False
    seen: DeviceSeen | None = None
    heard_at_s: float | None = None
    in_conflict: bool = False
    told_elsewhere: bool = False


class Found(NamedTuple):
    """A device nobody knew, the first with its instance."""

    device: Claim


class Conflict(NamedTuple):
    """Two who are both there have one instance: `first` keeps it."""

    first: Claim
    later: Claim


class Elsewhere(NamedTuple):
    """`first` has not been heard for long, or not at all; meanwhile `later` says it has this instance."""

    first: Claim
    later: Claim


class Settled(NamedTuple):
    """The conflict is over: `later` is no longer heard."""

    first: Claim
    later: Claim


Happening = Found | Conflict | Elsewhere | Settled


def name_of(at: Station, instance: int) -> str:
    """Give the name of a discovered device, which is who it is."""
    return f"bacnet:{at.network or 0}:{at.mac.hex()}:{instance}"


class Sightings:
    """At most `kept` strangers, and as many who are known; what does not fit any more is counted in `ignored`. Strangers take no
    room from those who are known, and where there are many, those who fell silent go."""

    def __init__(self, kept: int = KEPT) -> None:
        self.ignored = 0
        self._kept = kept
        self._known = self._strangers = 0
        self._heard_s = 0.0
        self._claims: dict[int, list[Claim]] = {}

    def __len__(self) -> int:
        return self._known + self._strangers

    def hold(
        self, name: str, instance: int, at: Station | None, address: str = "", *, heard: float | None = None
    ) -> bool:
        """Know a device before it is seen: a configured or remembered one. **Returns**: False when it is not the first
        with this instance. `at` None: wherever it is seen; with `heard`, nowhere."""
        if self._known >= self._kept:
            self.ignored += 1
            return False
        claims = self._claims.setdefault(instance, [])
        if any(claim.at == at for claim in claims):
            return False
        claims.append(Claim(name, instance, at, address, is_ours=True, heard_at_s=heard))
        self._known += 1
        return len(claims) == 1

    def keep(self, claim: Claim) -> None:
        """This stranger was met: it is known from now on."""
        if not claim.is_ours and self.has(claim):
            claim.is_ours = True
            self._known += 1
            self._strangers -= 1

    def has(self, claim: Claim) -> bool:
        """Say whether this very claim still stands."""
        return any(one is claim for one in self._claims.get(claim.instance, ()))

    def let_go(self, claim: Claim) -> tuple[Happening, ...]:
        """Forget a stranger who was the first with its instance, and so whoever was in conflict with it: who is there is found
        when it is heard again."""
        if claim.is_ours or not self.has(claim):
            return ()
        claims = self._claims.pop(claim.instance)
        self._strangers -= sum(not one.is_ours for one in claims)
        self._known -= sum(one.is_ours for one in claims)
        return tuple(Settled(claims[0], later) for later in claims[1:] if later.in_conflict)

    def take(self, seen: DeviceSeen, now_s: float) -> tuple[Happening, ...]:
        """Take an I-Am; give what is news about it."""
        at = Station(seen.network, seen.mac)
        self._heard_s = max(self._heard_s, now_s)
        claims = self._claims.get(seen.instance, [])
        for claim in claims:
            if claim.at == at or (claim.at is None and claim.heard_at_s is None):
                return self._heard(claim, claims, seen, now_s)
        if self._strangers >= self._kept or len(claims) >= KEPT_AN_INSTANCE or not is_usable(at):
            self.ignored += 1
            return ()
        claim = Claim(name_of(at, seen.instance), seen.instance, at, seen.address)
        self._claims.setdefault(seen.instance, claims).append(claim)
        self._strangers += 1
        if len(claims) == 1:
            claim.seen, claim.heard_at_s = seen, now_s
            return (Found(claim),)
        return self._heard(claim, claims, seen, now_s)

    def swept(self) -> tuple[Happening, ...]:
        """Look round after a sweep, in which everybody was asked: who is missing, which conflicts are over."""
        happened: list[Happening] = []
        for claims in self._claims.values():
            for later in claims[1:]:
                first = claims[0]
                if later.heard_at_s is None:
                    continue
                if first.heard_at_s is None or later.heard_at_s - first.heard_at_s >= FIRST_SILENT_S:
                    if not later.told_elsewhere:
                        later.told_elsewhere = True
                        happened.append(Elsewhere(first, later))
                elif first.heard_at_s - later.heard_at_s >= OVER_AFTER_S:
                    happened += self._drop(later)
        if self._strangers > self._kept // 2:
            happened += self._make_room()
        return tuple(happened)

    def _make_room(self) -> list[Happening]:
        """Drop the strangers who have been silent while others were heard; but the first not before those behind it."""
        happened: list[Happening] = []
        for claims in list(self._claims.values()):
            for claim in reversed(tuple(claims)):
                silent = claim.heard_at_s is not None and self._heard_s - claim.heard_at_s >= FIRST_SILENT_S
                if silent and not claim.is_ours and (claim is not claims[0] or len(claims) == 1):
                    happened += self._drop(claim)
        return happened

    def _drop(self, claim: Claim) -> list[Happening]:
        claims = self._claims[claim.instance]
        first = claims[0]
        claims.remove(claim)
        self._known -= claim.is_ours
        self._strangers -= not claim.is_ours
        if not claims:
            del self._claims[claim.instance]
        return [Settled(first, claim)] if claim.in_conflict else []

    def listed(self) -> Iterator[tuple[Claim, Claim | None]]:
        """Give each device that was seen, and the first with its instance where it is not itself that."""
        for claims in self._claims.values():
            for claim in claims:
                if claim.seen is not None:
                    yield claim, None if claim is claims[0] else claims[0]

    @staticmethod
    def _heard(claim: Claim, claims: list[Claim], seen: DeviceSeen, now_s: float) -> tuple[Happening, ...]:
        first = claims[0]
        if claim.at is None:
            claim.at, claim.address = Station(seen.network, seen.mac), seen.address
        claim.seen, claim.heard_at_s = seen, now_s
        if claim is first:
            for later in claims[1:]:
                later.told_elsewhere = False
        if first.heard_at_s is None:
            return ()
        both = [later for later in claims[1:] if later.heard_at_s is not None and not later.in_conflict]
        for later in both:
            later.in_conflict = True
        return tuple(Conflict(first, later) for later in both)


def is_usable(at: Station) -> bool:
    """Say whether a device can be asked there: strangers may say that they are anywhere."""
    if at.network is None and (len(at.mac) != 6 or not 1 <= at.mac[0] <= 223):
        return False
    try:
        return station(written(at)) == at
    except ValueError:
        return False
