"""A device's COV notifications: who is told what, and what was not acknowledged yet. Pure: `now_s` is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from t3actors.simulator.bacnet import apdu
from t3actors.simulator.bacnet.answers import Outcome
from t3actors.simulator.bacnet.apdu import Ended, Kind
from t3actors.simulator.bacnet.counts import BacnetCounts
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.objects import PropertyRefused
from t3actors.simulator.bacnet.point_objects import PointObject
from t3actors.simulator.bacnet.requests import decode_subscribe_cov
from t3actors.simulator.bacnet.subscriptions import Peer, Subscriptions, TableFull
from t3actors.simulator.bacnet.tags import enumerated
from t3actors.simulator.bacnet.words import Confirmed, ErrorClass, ErrorCode, Unconfirmed

APDU_TIMEOUT_S = 3.0
MOST_RETRIES = 3
INVOKE_IDS = 256


@dataclass(slots=True)
class _Unacknowledged:
    data: bytes
    due_s: float
    tries: int = 0


class Notifier:
    """Holds one device's subscriptions."""

    def __init__(self, device: SimulatedDevice, counts: BacnetCounts) -> None:
        self._device = device
        self._counts = counts
        self._table = Subscriptions(device.abilities.cov_slots)
        self._open: dict[tuple[Peer, int], _Unacknowledged] = {}
        self._invoke_id = 0
        self._now_s = 0.0

    def __len__(self) -> int:
        return len(self._table)

    def forget(self) -> None:
        """Drop everything, as a reboot does."""
        self._table.forget()
        self._open.clear()

    def listing(self) -> bytes:
        """Give Active_COV_Subscriptions, as of the latest time that was told."""
        return self._table.listing(self._now_s)

    def at(self, now_s: float) -> None:
        """Say what time it is."""
        self._now_s = now_s

    def subscribe(
        self, data: bytes, peer: Peer, now_s: float, faults: Mapping[BacnetFaultKind, BacnetFault]
    ) -> Outcome:
        """Answer a SubscribeCOV. **Raises**: BadEncoding."""
        wish = decode_subscribe_cov(data)
        try:
            point = self._device.object(wish.object_id)
        except PropertyRefused as refused:
            return _refusal(refused.error_class, refused.code)
        if not isinstance(point, PointObject):
            return _refusal(ErrorClass.OBJECT, ErrorCode.OPTIONAL_FUNCTIONALITY_NOT_SUPPORTED)
        if wish.ends:
            self._counts.cancelled += 1
            self._table.cancel(peer, wish)
            return Outcome(Kind.SIMPLE_ACK)
        full = _refusal(ErrorClass.RESOURCES, ErrorCode.NO_SPACE_TO_ADD_LIST_ELEMENT)
        if BacnetFaultKind.COV_REFUSE in faults:
            return full
        early = faults.get(BacnetFaultKind.COV_EXPIRE)
        try:
            self._table.subscribe(peer, wish, point, now_s, early.delay_s if early else None)
        except TableFull:
            return full
        self._counts.subscribed += 1
        return Outcome(Kind.SIMPLE_ACK)

    def due(self, now_s: float, faults: Mapping[BacnetFaultKind, BacnetFault]) -> list[tuple[bytes, Peer]]:
        """Build the notifications that are owed now."""
        if BacnetFaultKind.COV_SILENT in faults:
            return []
        built = []
        for one in self._table.due(now_s):
            data = one.notification(self._device.device_id, now_s)
            if not one.confirmed:
                built.append((apdu.unconfirmed(Unconfirmed.COV_NOTIFICATION, data), one.peer))
                continue
            invoke_id = self._next_invoke_id(one.peer)
            if invoke_id is None:  # the client acknowledges nothing: it is told when the value moves again
                continue
            request = apdu.confirmed(Confirmed.COV_NOTIFICATION, invoke_id, data)
            self._open[one.peer, invoke_id] = _Unacknowledged(request, now_s + APDU_TIMEOUT_S)
            built.append((request, one.peer))
        copies = 2 if BacnetFaultKind.COV_DUPLICATE in faults else 1
        self._counts.notifications += copies * len(built)
        return [each for each in built for _ in range(copies)]

    def ended(self, ended: Ended, peer: Peer) -> None:
        """Take the client's acknowledgement or refusal of a notification."""
        self._open.pop((peer, ended.invoke_id), None)

    def dues(self) -> list[float]:
        """Say when acknowledgements are overdue."""
        return [each.due_s for each in self._open.values()]

    def repeat(self, now_s: float) -> list[tuple[bytes, Peer]]:
        """Give the notifications to send again; give up on the hopeless."""
        repeated = []
        for key, each in list(self._open.items()):
            if each.due_s > now_s:
                continue
            each.tries += 1
            if each.tries > MOST_RETRIES:
                del self._open[key]
                continue
            each.due_s = now_s + APDU_TIMEOUT_S
            repeated.append((each.data, key[0]))
        return repeated

    def _next_invoke_id(self, peer: Peer) -> int | None:
        for _ in range(INVOKE_IDS):
            self._invoke_id = (self._invoke_id + 1) % INVOKE_IDS
            if (peer, self._invoke_id) not in self._open:
                return self._invoke_id
        return None


def _refusal(error_class: int, code: int) -> Outcome:
    return Outcome(Kind.ERROR, enumerated(error_class) + enumerated(code))
