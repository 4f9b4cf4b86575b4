"""One device as its clients meet it: APDUs in, APDUs out, with segmentation, subscriptions and faults.

Pure: `now_s` is given and chance is seeded. Networks and sockets are elsewhere. **Thread**: any one.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from t3actors.simulator.bacnet import apdu, tags
from t3actors.simulator.bacnet.answers import Answers, Outcome
from t3actors.simulator.bacnet.apdu import BadApdu, Ended, Kind, Request, SegmentAck, Unconfirmed, decode_apdu
from t3actors.simulator.bacnet.counts import BacnetCounts
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.distort import delay_s, distorted, is_held_back, is_lost
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.notifier import Notifier
from t3actors.simulator.bacnet.objects import UNDECODABLE, UNFRAMED, PropertyRefused
from t3actors.simulator.bacnet.requests import decode_private_transfer, decode_who_is
from t3actors.simulator.bacnet.segments import SegmentedAnswer, SegmentedRequest
from t3actors.simulator.bacnet.subscriptions import Peer
from t3actors.simulator.bacnet.tags import BadEncoding
from t3actors.simulator.bacnet.words import Aborted, Confirmed, ErrorClass, Rejected
from t3actors.simulator.bacnet.words import Unconfirmed as UnconfirmedService

MOST_TRANSACTIONS = 256
WRITES = frozenset(
    {
        UnconfirmedService.TIME_SYNCHRONIZATION,
        UnconfirmedService.UTC_TIME_SYNCHRONIZATION,
        UnconfirmedService.WRITE_GROUP,
    }
)
FIRST_WRITING_COMMAND = 100
REFUSALS = (BacnetFaultKind.ABORT, BacnetFaultKind.REJECT, BacnetFaultKind.ERROR)


class Sending(NamedTuple):
    """One APDU on its way: to `peer`, or to everyone when it is a broadcast."""

    apdu: bytes
    peer: Peer
    delay_s: float = 0.0
    broadcast: bool = False
    other_port: bool = False


class Responder:
    """Answers for one device."""

    def __init__(self, device: SimulatedDevice, seed: int = 0) -> None:
        self.device = device
        self.counts = BacnetCounts()
        self.faults: dict[BacnetFaultKind, BacnetFault] = {}
        self.notifier = Notifier(device, self.counts)
        self._answers = Answers(device)
        self._random = Random(seed)  # noqa: S311 - losses on purpose
        self._sending: dict[tuple[Peer, int], SegmentedAnswer] = {}
        self._taking: dict[tuple[Peer, int], SegmentedRequest] = {}
        self._held: list[Sending] = []
        self._silent_until_s = float("-inf")
        device.active_subscriptions = self.notifier.listing

    # -- faults

    def set_fault(self, fault: BacnetFault, now_s: float) -> None:
        """Switch a fault on; NONE ends all of them. **Raises**: ValueError for a point that is not here."""
        kind = fault.kind
        if kind is BacnetFaultKind.NONE:
            self.faults.clear()
            self.device.claim(None)
            for each in self.device.points.values():
                each.heal()
            return
        if kind is BacnetFaultKind.UNDECODABLE:
            self._spoil(fault, UNDECODABLE)
        elif kind is BacnetFaultKind.UNFRAMED:
            self._spoil(fault, UNFRAMED)
        elif kind is BacnetFaultKind.PROPERTY_ERROR:
            self._spoil(fault, PropertyRefused(ErrorClass.PROPERTY, fault.code))
        elif kind is BacnetFaultKind.DUPLICATE_INSTANCE:
            self.device.claim(fault.instance)
        elif kind is BacnetFaultKind.REBOOT:
            self._reboot(now_s + fault.delay_s)
            return
        self.faults[kind] = fault

    def _spoil(self, fault: BacnetFault, instead: bytes | PropertyRefused) -> None:
        self.device.point(fault.object or next(iter(self.device.points))).spoil(fault.property, instead)

    def _reboot(self, until_s: float) -> None:
        self.notifier.forget()
        self._sending.clear()
        self._taking.clear()
        self._held.clear()
        self._silent_until_s = until_s

    # -- what comes

    def receive(self, data: bytes, peer: Peer, now_s: float, *, broadcast: bool = False) -> list[Sending]:
        """Take one APDU; give what is to be sent. Never raises for what the bytes hold."""
        if now_s < self._silent_until_s or is_lost(self.faults, self._random):
            return []
        self.notifier.at(now_s)
        try:
            decoded = decode_apdu(data)
            if isinstance(decoded, Request):
                return self._request(decoded, peer, now_s)
            if isinstance(decoded, Unconfirmed):
                return self._unconfirmed(decoded, peer, broadcast)
            if isinstance(decoded, SegmentAck):
                return self._segment_ack(decoded, peer, now_s)
        except (BadApdu, BadEncoding):
            self.counts.flawed += 1
            return []
        self._ended(decoded, peer)
        return []

    def announce(self, peer: Peer, *, broadcast: bool) -> Sending:
        """Build an I-Am."""
        able = self.device.abilities
        data = tags.object_id(self.device.device_id) + tags.unsigned(able.max_apdu)
        data += tags.enumerated(able.segmentation) + tags.unsigned(self.device.vendor)
        other = BacnetFaultKind.OTHER_PORT in self.faults
        return Sending(apdu.unconfirmed(UnconfirmedService.I_AM, data), peer, delay_s(self.faults), broadcast, other)

    # -- time

    @property
    def due_s(self) -> float | None:
        """When `wake` has something to do."""
        dues = [each.due_s for each in self._sending.values()] + self.notifier.dues()
        return min(dues, default=None)

    def wake(self, now_s: float) -> list[Sending]:
        """Repeat what was not acknowledged in time."""
        sendings = []
        for key, transfer in list(self._sending.items()):
            if transfer.due_s <= now_s:
                repeated = transfer.again(now_s)
                if repeated is None:
                    del self._sending[key]
                else:
                    sendings += self._out(repeated, key[0])
        for data, peer in self.notifier.repeat(now_s):
            sendings += self._notify([data], peer)
        return sendings

    def changed(self, now_s: float) -> list[Sending]:
        """Give the notifications that are owed after values moved."""
        if not len(self.notifier):
            return []
        if now_s < self._silent_until_s:
            return []
        return [each for data, peer in self.notifier.due(now_s, self.faults) for each in self._notify([data], peer)]

    # -- inside

    def _request(self, request: Request, peer: Peer, now_s: float) -> list[Sending]:
        if not request.segmented:
            return self._answer(request, peer, now_s)
        if not self.device.abilities.segmentation.receives:
            return self._refuse(apdu.abort(request.invoke_id, Aborted.SEGMENTATION_NOT_SUPPORTED), peer)
        key = (peer, request.invoke_id)
        if request.sequence == 0 and key not in self._taking:
            self._taking = {each: taking for each, taking in self._taking.items() if taking.due_s > now_s}
            if len(self._taking) >= MOST_TRANSACTIONS:
                return self._refuse(apdu.abort(request.invoke_id, Aborted.OUT_OF_RESOURCES), peer)
            self._taking[key] = SegmentedRequest(request, self.device.abilities.window, now_s)
        if key not in self._taking:
            return []
        ack, whole = self._taking[key].take(request, now_s)
        sendings = self._out([ack], peer) if ack else []
        if whole is not None:
            del self._taking[key]
            sendings += self._answer(whole, peer, now_s)
        return sendings

    def _answer(self, request: Request, peer: Peer, now_s: float) -> list[Sending]:
        self.counts.requests += 1
        if request.service == Confirmed.SUBSCRIBE_COV:
            outcome = self._subscribe(request, peer, now_s)
        else:
            serial = 0 if BacnetFaultKind.SERIAL_ZERO in self.faults else self.device.serial_number
            outcome = self._answers.answer(request, serial)
        self.counts.writes += outcome.is_write
        for kind in REFUSALS:
            fault = self.faults.get(kind)
            if fault is not None and fault.strikes(request.service, outcome.properties, len(outcome.data)):
                outcome = _refusal(kind, fault.code)
        sendings = self._out(self._encoded(request, outcome, peer, now_s), peer)
        if BacnetFaultKind.LATE in self.faults:
            self._held, sendings = sendings, self._held
        if request.service == Confirmed.SUBSCRIBE_COV and outcome.kind is Kind.SIMPLE_ACK:
            sendings += self.changed(now_s)
        return sendings

    def _encoded(self, request: Request, outcome: Outcome, peer: Peer, now_s: float) -> list[bytes]:
        invoke_id, service = request.invoke_id, request.service
        if outcome.kind is Kind.COMPLEX_ACK:
            return self._acknowledged(request, outcome.data, peer, now_s)
        if outcome.kind is Kind.SIMPLE_ACK:
            return [apdu.simple_ack(invoke_id, service)]
        self.counts.refused += 1
        if outcome.kind is Kind.ERROR:
            return [apdu.error(invoke_id, service, outcome.data)]
        refuse = apdu.reject if outcome.kind is Kind.REJECT else apdu.abort
        return [refuse(invoke_id, outcome.code)]

    def _acknowledged(self, request: Request, data: bytes, peer: Peer, now_s: float) -> list[bytes]:
        able = self.device.abilities
        most = min(able.max_apdu, request.max_apdu)
        if len(data) + apdu.COMPLEX_HEADER <= most:
            return [apdu.complex_ack(request.invoke_id, request.service, data)]
        reason = None
        transfer = SegmentedAnswer(request, data, most - apdu.SEGMENT_HEADER, able.window)
        if not able.segmentation.transmits or not request.accepts_segments:
            reason = Aborted.SEGMENTATION_NOT_SUPPORTED
        elif request.max_segments is not None and transfer.count > request.max_segments:
            reason = Aborted.BUFFER_OVERFLOW
        elif len(self._sending) >= MOST_TRANSACTIONS:
            reason = Aborted.OUT_OF_RESOURCES
        if reason is not None:
            self.counts.refused += 1
            return [apdu.abort(request.invoke_id, reason)]
        self._sending[peer, request.invoke_id] = transfer
        return transfer.start(now_s)

    def _segment_ack(self, ack: SegmentAck, peer: Peer, now_s: float) -> list[Sending]:
        key = (peer, ack.invoke_id)
        transfer = self._sending.get(key)
        if transfer is None or ack.from_server:
            return []
        following = transfer.acknowledge(ack, now_s)
        if following is None:
            del self._sending[key]
            return []
        return self._out(following, peer)

    def _subscribe(self, request: Request, peer: Peer, now_s: float) -> Outcome:
        if not self.device.abilities.cov_slots:
            return Outcome(Kind.REJECT, code=Rejected.UNRECOGNIZED_SERVICE)
        try:
            return self.notifier.subscribe(request.data, peer, now_s, self.faults)
        except BadEncoding:
            return Outcome(Kind.REJECT, code=Rejected.INVALID_TAG)

    def _unconfirmed(self, request: Unconfirmed, peer: Peer, broadcast: bool) -> list[Sending]:
        if request.service == UnconfirmedService.WHO_IS:
            self.counts.who_is += 1
            wanted = decode_who_is(request.data)
            if wanted.low <= self.device.claimed_instance <= wanted.high:
                return [self.announce(peer, broadcast=broadcast)]
        elif request.service in WRITES:
            self.counts.writes += 1
        elif request.service == UnconfirmedService.PRIVATE_TRANSFER:
            self.counts.writes += decode_private_transfer(request.data).command >= FIRST_WRITING_COMMAND
        return []

    def _ended(self, ended: Ended, peer: Peer) -> None:
        if ended.kind is Kind.ABORT:
            self._sending.pop((peer, ended.invoke_id), None)
        self.notifier.ended(ended, peer)

    def _refuse(self, refusal: bytes, peer: Peer) -> list[Sending]:
        self.counts.refused += 1
        return self._out([refusal], peer)

    def _notify(self, notifications: list[bytes], peer: Peer) -> list[Sending]:
        late_s = delay_s(self.faults)
        return [Sending(each, peer, late_s) for each in notifications if not is_lost(self.faults, self._random)]

    def _out(self, answers: list[bytes], peer: Peer) -> list[Sending]:
        self.counts.answered += len(answers)
        if not self.faults:
            return [Sending(each, peer) for each in answers]
        late_s, elsewhere = delay_s(self.faults), BacnetFaultKind.WRONG_SOURCE in self.faults
        times = 2 if BacnetFaultKind.DUPLICATE in self.faults else 1
        return [
            Sending(distorted(self.faults, each, self._random), peer, late_s, other_port=elsewhere)
            for each in answers
            if not is_lost(self.faults, self._random) and not is_held_back(self.faults, each)
            for _ in range(times)
        ]


def _refusal(kind: BacnetFaultKind, code: int) -> Outcome:
    if kind is BacnetFaultKind.ERROR:
        return Outcome(Kind.ERROR, tags.enumerated(ErrorClass.DEVICE) + tags.enumerated(code))
    return Outcome(Kind.ABORT if kind is BacnetFaultKind.ABORT else Kind.REJECT, code=code)
