"""A device's table of COV subscriptions, and the notifications it owes (clauses 13.1, 13.14). Pure: `now_s` is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.bvll import Address, encode_address
from t3actors.simulator.bacnet.npdu import Station
from t3actors.simulator.bacnet.objects import NO_FLAGS
from t3actors.simulator.bacnet.point_objects import ANALOG, PointObject
from t3actors.simulator.bacnet.requests import CovWish
from t3actors.simulator.bacnet.words import Property


class Peer(NamedTuple):
    """Whom an answer goes to: an address, and the station behind it when that is a router."""

    address: Address
    station: Station | None = None


Key = tuple[Peer, int, int]  # who, process, object


class TableFull(Exception):
    """No slot is left."""


@dataclass(slots=True)
class Subscription:
    """One client's wish to be told about one point."""

    peer: Peer
    process_id: int
    point: PointObject
    confirmed: bool
    ends_s: float | None  # None: for ever
    told_raw: int | None = None
    told_flags: bytes = NO_FLAGS

    def is_due(self) -> bool:
        """Whether the value or the flags moved far enough since the last notification."""
        point = self.point
        if self.told_raw is None or point.flags != self.told_flags:
            return True
        moved = abs(point.raw - self.told_raw)
        return moved >= point.cov_increment * 1000 and moved > 0 if point.object_type in ANALOG else moved > 0

    def remaining_s(self, now_s: float) -> int:
        """Give the whole seconds left; 0 stands for ever."""
        return 0 if self.ends_s is None else max(1, round(self.ends_s - now_s))

    def notification(self, device_id: int, now_s: float) -> bytes:
        """Build the notification's data and remember what was told."""
        point = self.point
        self.told_raw, self.told_flags = point.raw, point.flags
        values = (
            tags.unsigned(Property.PRESENT_VALUE, 0)
            + tags.wrapped(2, point.read(Property.PRESENT_VALUE))
            + tags.unsigned(Property.STATUS_FLAGS, 0)
            + tags.wrapped(2, point.flags)
        )
        return (
            tags.unsigned(self.process_id, 0)
            + tags.object_id(device_id, 1)
            + tags.object_id(point.object_id, 2)
            + tags.unsigned(self.remaining_s(now_s), 3)
            + tags.wrapped(4, values)
        )


class Subscriptions:
    """At most `slots` of them."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._held: dict[Key, Subscription] = {}

    def __len__(self) -> int:
        return len(self._held)

    def subscribe(
        self, peer: Peer, wish: CovWish, point: PointObject, now_s: float, early_s: float | None
    ) -> Subscription:
        """Take or renew one; `early_s` ends it after that time, whatever was wished. **Raises**: TableFull."""
        self.expire(now_s)
        key = (peer, wish.process_id, wish.object_id)
        if key not in self._held and len(self._held) >= self._slots:
            raise TableFull
        lifetime_s = float(wish.lifetime_s) if wish.lifetime_s else None
        ends_s = None if lifetime_s is None else now_s + lifetime_s
        if early_s is not None:
            ends_s = now_s + early_s
        made = Subscription(peer, wish.process_id, point, bool(wish.confirmed), ends_s)
        self._held[key] = made
        return made

    def cancel(self, peer: Peer, wish: CovWish) -> None:
        """Drop one, if it is there."""
        self._held.pop((peer, wish.process_id, wish.object_id), None)

    def forget(self) -> None:
        """Drop all, as a reboot does."""
        self._held.clear()

    def expire(self, now_s: float) -> None:
        """Drop those whose time is over."""
        over = [key for key, each in self._held.items() if each.ends_s is not None and each.ends_s <= now_s]
        for key in over:
            del self._held[key]

    def due(self, now_s: float) -> list[Subscription]:
        """Give those that are owed a notification now."""
        if not self._held:
            return []
        self.expire(now_s)
        return [each for each in self._held.values() if each.is_due()]

    def listing(self, now_s: float) -> bytes:
        """Give Active_COV_Subscriptions as it travels."""
        self.expire(now_s)
        return b"".join(_listed(each, now_s) for each in self._held.values())


def _listed(one: Subscription, now_s: float) -> bytes:
    station = one.peer.station or Station(0, encode_address(one.peer.address))
    address = tags.unsigned(station.network) + tags.octets(station.mac)
    recipient = tags.wrapped(0, tags.wrapped(1, address)) + tags.unsigned(one.process_id, 1)
    reference = tags.object_id(one.point.object_id, 0) + tags.enumerated(Property.PRESENT_VALUE, 1)
    increment = tags.real(one.point.cov_increment, 4) if one.point.object_type in ANALOG else b""
    return (
        tags.wrapped(0, recipient)
        + tags.wrapped(1, reference)
        + tags.boolean(one.confirmed, 2)
        + tags.unsigned(one.remaining_s(now_s), 3)
        + increment
    )
