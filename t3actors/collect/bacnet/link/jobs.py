"""One confirmed request, made ready to be sent: its service, its octets, and what its answer becomes. And who subscribed to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from t3actors.collect.bacnet.codec import services, temco
from t3actors.collect.bacnet.codec.read_property import decode_result, encode_request
from t3actors.collect.bacnet.codec.tags import Constructed
from t3actors.collect.bacnet.link.requests import (
    CancelCov,
    Confirmed,
    Pending,
    PrivateTransfer,
    PropertyRead,
    ReadMultiple,
    ReadProperty,
    ReadRange,
    SubscribeCov,
)
from t3actors.errors import BadResponse, DriverError, RequestRefused
from t3actors.stations import Station, known_station

Decode = Callable[[int, int, int | None, bytes], Any]
"""Makes plain Python of a constructed value: object type, property, index, octets (constructed.decode)."""
SUBSCRIPTIONS = 4096


class Job:
    """One confirmed request, in line or under way."""

    __slots__ = ("data", "failed", "finish", "give_up_at_s", "network", "peer", "pending", "request", "service", "to")

    def __init__(self, request: Confirmed, default_port: int, now_s: float) -> None:
        """**Raises**: ValueError when the address is none."""
        self.request = request
        self.to, self.peer = known_station(request.address, default_port)
        self.network = self.to.network
        self.pending = Pending()
        self.give_up_at_s = now_s + request.patience_s
        self.service = 0
        self.data = b""
        self.finish: Callable[[bytes], Any] = bytes
        self.failed: Callable[[], None] | None = None

    def fail(self, error: DriverError) -> None:
        """Tell whoever asked; and undo what was prepared."""
        if self.failed is not None:
            self.failed()
        self.pending.fail(error)


class Subscriptions:
    """Which process id stands for whose subscription. Bounded by SUBSCRIPTIONS. Thread: trio; `expected` is looked into by another."""

    def __init__(self, start: int) -> None:
        self.expected: dict[int, tuple[Station, int, int]] = {}
        """Process id: (station, object type, instance)."""
        self._roles: dict[int, str] = {}
        self._last = start

    def role(self, process_id: int) -> str | None:
        """Give who is told."""
        return self._roles.get(process_id)

    def add(self, to: Station, request: SubscribeCov) -> int:
        """Expect notifications from now on. **Raises**: RequestRefused when there are enough; ValueError at a lifetime for ever."""
        if request.lifetime_s < 1:
            raise ValueError(f"lifetime_s: saw {request.lifetime_s}; allowed: 1 and more")
        if request.process_id is None and len(self.expected) >= SUBSCRIPTIONS:
            raise RequestRefused(f"{SUBSCRIPTIONS} subscriptions are enough", code=-1, kind="local")
        if request.process_id is None:
            self._last += 1
        process_id = self._last if request.process_id is None else request.process_id
        self.expected[process_id] = to, request.object_type, request.object_instance
        self._roles[process_id] = request.role
        return process_id

    def drop(self, process_id: int) -> None:
        """Expect none any more."""
        self.expected.pop(process_id, None)
        self._roles.pop(process_id, None)


def prepare(job: Job, subscriptions: Subscriptions, decode: Decode) -> None:
    """Fill in what is sent and what becomes of the answer.

    **Raises**: as Subscriptions.add; ValueError at a property that the protocol cannot name, and at a private transfer that may
    change the device.
    """
    request = job.request
    if isinstance(request, ReadMultiple):
        job.service, job.data = services.READ_MULTIPLE, request.service_data
    elif isinstance(request, ReadRange):
        job.service, job.data = services.READ_RANGE, request.service_data
    elif isinstance(request, ReadProperty):
        _prepare_read(job, request, decode)
    elif isinstance(request, PrivateTransfer):
        _prepare_private_transfer(job, request)
    elif isinstance(request, SubscribeCov):
        _prepare_subscription(job, request, subscriptions)
    else:
        _prepare_cancellation(job, request, subscriptions)


def _prepare_read(job: Job, request: ReadProperty, decode: Decode) -> None:
    which, index = request.property_id, request.index
    asked = request.object_type, request.object_instance, which, index

    def finish(answer: bytes) -> PropertyRead:
        *said, value = decode_result(answer)
        if tuple(said) != asked:
            raise BadResponse("the answer is about another property", raw=answer)
        if isinstance(value, Constructed):
            return PropertyRead(decode(request.object_type, which, index, value), bytes(value))
        return PropertyRead(value)

    job.service, job.finish = services.READ_PROPERTY, finish
    job.data = encode_request(request.object_type, request.object_instance, which if index is None else (which, index))


def _prepare_private_transfer(job: Job, request: PrivateTransfer) -> None:
    vendor_id, service_number = request.vendor_id, request.service_number
    temco.must_be_reading(vendor_id, service_number, request.parameters)
    job.service = services.PRIVATE_TRANSFER
    job.data = services.private_transfer(vendor_id, service_number, request.parameters)
    job.finish = lambda answer: services.private_result(answer, vendor_id, service_number)


def _prepare_subscription(job: Job, request: SubscribeCov, subscriptions: Subscriptions) -> None:
    process_id = subscriptions.add(job.to, request)
    job.service = services.SUBSCRIBE_COV
    job.data = services.subscribe_cov(
        process_id,
        request.object_type,
        request.object_instance,
        confirmed=request.confirmed,
        lifetime_s=request.lifetime_s,
    )
    job.finish = lambda _answer: process_id
    if request.process_id is None:  # nobody knows the number, so nobody could renew or cancel it
        job.failed = lambda: subscriptions.drop(process_id)


def _prepare_cancellation(job: Job, request: CancelCov, subscriptions: Subscriptions) -> None:
    subscriptions.drop(request.process_id)
    job.service = services.SUBSCRIBE_COV
    job.data = services.subscribe_cov(request.process_id, request.object_type, request.object_instance)
    job.finish = lambda _answer: None
