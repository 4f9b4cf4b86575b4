"""One confirmed request, made ready to be sent: its service, its octets, and what its answer becomes. And who subscribed to what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from t3actors.collect.bacnet.codec import services, temco
from t3actors.collect.bacnet.codec.read_property import decode_result, encode_request
from t3actors.collect.bacnet.codec.tags import Constructed, Undecodable, Value
from t3actors.collect.bacnet.link.frames import LONGEST_DATA, endpoint
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
from t3actors.errors import BadResponse, DriverError, NotSent, RequestRefused, RequestTimedOut
from t3actors.stations import known_station

Decode = Callable[[int, int, int | None, bytes], Any]
"""Makes plain Python of a constructed value: object type, property, index, octets (constructed.decode)."""
SUBSCRIPTIONS = 1 << 15
IP_MAC = 6  # octets: J.1.2


class Begun:
    """What is known of a request that was sent: all tries have one invoke id, so that a late answer to the first is an answer."""

    __slots__ = ("first_segment", "invoke_id")

    def __init__(
        self, invoke_id: int | None = None, first_segment: tuple[bytes, tuple[str, int]] | None = None
    ) -> None:
        """`first_segment`: it is answered already, in segments: the frame of the first, and from where it came."""
        self.invoke_id = invoke_id
        self.first_segment = first_segment


class Job:
    """One confirmed request, in line or under way."""

    __slots__ = (
        "_silence",
        "at_once",
        "begun",
        "data",
        "direct",
        "finish",
        "give_up_at_s",
        "network",
        "peer",
        "pending",
        "request",
        "retries",
        "service",
        "to",
    )

    def __init__(
        self, request: Confirmed, default_port: int, now_s: float, leave: Callable[[Job], None] | None = None
    ) -> None:
        """`leave` is called when nobody waits for it any more. **Raises**: ValueError when the address is none."""
        self.request = request
        self.to, self.peer = known_station(request.address, default_port)
        self.network = self.to.network
        self.pending = Pending(None if leave is None else partial(leave, self))
        self.retries = request.retries
        self.begun = Begun()
        self._silence: RequestTimedOut | None = None
        self.give_up_at_s = now_s + request.patience_s
        self.service = 0
        self.data = b""
        self.direct: tuple[str, int] | None = None
        """Where it may be sent without bacpypes3 (direct.py)."""
        self.at_once: Callable[[bytes], Any] = bytes
        """For such: as `finish`, on the trio loop; None when `finish` is needed, which only bacpypes3's thread has the time for."""
        self.finish: Callable[[bytes], Any] = bytes

    def is_silent(self, silence: RequestTimedOut, took_s: float) -> None:
        """Prepare for the next try; the time of this one was not spent in line."""
        self.retries -= 1
        self.give_up_at_s += took_s
        self._silence = silence
        self.pending.in_line_again(silence)

    @property
    def impatience(self) -> DriverError:
        """What has come of it when it has stood in line for too long."""
        waited = f"it stood in line for {self.request.patience_s:g} s and was never sent"
        return self._silence or NotSent(f"{self.peer}: {waited}")


class Subscriptions:
    """Which process id of which station stands for whose subscription. Bounded by SUBSCRIPTIONS.

    Thread: trio; `expected` is looked into by another.
    """

    def __init__(self) -> None:
        self.expected: dict[tuple[str, int], tuple[int, int]] = {}
        """(station, process id): object type, instance. A device that was given our ids by an earlier life stops nobody's but its own."""
        self._roles: dict[tuple[str, int], str] = {}

    def role(self, peer: str, process_id: int) -> str | None:
        """Give who is told."""
        return self._roles.get((peer, process_id))

    def add(self, peer: str, request: SubscribeCov) -> None:
        """Expect notifications from now on. **Raises**: RequestRefused when there are enough; ValueError at a lifetime for ever."""
        if request.lifetime_s < 1:
            raise ValueError(f"lifetime_s: saw {request.lifetime_s}; allowed: 1 and more")
        key = peer, request.process_id
        if key not in self.expected and len(self.expected) >= SUBSCRIPTIONS:
            raise RequestRefused(f"{SUBSCRIPTIONS} subscriptions are enough", code=-1, kind="local")
        self.expected[key] = request.object_type, request.object_instance
        self._roles[key] = request.role

    def drop(self, peer: str, process_id: int) -> None:
        """Expect none any more."""
        self.expected.pop((peer, process_id), None)
        self._roles.pop((peer, process_id), None)


def prepare(job: Job, subscriptions: Subscriptions, decode: Decode) -> None:
    """Fill in what is sent and what becomes of the answer.

    **Raises**: as Subscriptions.add; ValueError at a property that the protocol cannot name, and at a private transfer that may
    change the device.
    """
    request = job.request
    if isinstance(request, ReadMultiple):
        job.service, job.data = services.READ_MULTIPLE, request.service_data
        _may_go_directly(job)
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


def _may_go_directly(job: Job) -> None:
    if job.network is None and len(job.to.mac) == IP_MAC and len(job.data) <= LONGEST_DATA:
        job.direct = endpoint(job.to.mac)


def _prepare_read(job: Job, request: ReadProperty, decode: Decode) -> None:
    which, index = request.property_id, request.index
    asked = request.object_type, request.object_instance, which, index

    def value_of(answer: bytes) -> Value | Undecodable:
        *said, value = decode_result(answer)
        if tuple(said) != asked:
            raise BadResponse("the answer is about another property", raw=answer)
        return value

    def at_once(answer: bytes) -> PropertyRead | None:
        value = value_of(answer)
        return None if isinstance(value, Constructed) else PropertyRead(value)

    def finish(answer: bytes) -> PropertyRead:
        value = value_of(answer)
        if isinstance(value, Constructed):
            return PropertyRead(decode(request.object_type, which, index, value), bytes(value))
        return PropertyRead(value)

    job.service, job.at_once, job.finish = services.READ_PROPERTY, at_once, finish
    job.data = encode_request(request.object_type, request.object_instance, which if index is None else (which, index))
    _may_go_directly(job)


def _prepare_private_transfer(job: Job, request: PrivateTransfer) -> None:
    vendor_id, service_number = request.vendor_id, request.service_number
    temco.must_be_reading(vendor_id, service_number, request.parameters)
    job.service = services.PRIVATE_TRANSFER
    job.data = services.private_transfer(vendor_id, service_number, request.parameters)
    job.finish = lambda answer: services.private_result(answer, vendor_id, service_number)


def _prepare_subscription(job: Job, request: SubscribeCov, subscriptions: Subscriptions) -> None:
    subscriptions.add(job.peer, request)
    process_id = request.process_id
    job.service = services.SUBSCRIBE_COV
    job.data = services.subscribe_cov(
        process_id,
        request.object_type,
        request.object_instance,
        confirmed=request.confirmed,
        lifetime_s=request.lifetime_s,
    )
    job.finish = lambda _answer: process_id


def _prepare_cancellation(job: Job, request: CancelCov, subscriptions: Subscriptions) -> None:
    subscriptions.drop(job.peer, request.process_id)
    job.service = services.SUBSCRIBE_COV
    job.data = services.subscribe_cov(request.process_id, request.object_type, request.object_instance)
    job.finish = lambda _answer: None
