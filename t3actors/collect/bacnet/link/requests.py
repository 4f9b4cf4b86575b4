"""What drivers and discovery ask of the BACnet link, and what it tells of its own accord. Plain values only cross here.

Ask with `ask_link(registry, request)`. Values are those of tags.py; a constructed property value is plain lists and dicts.
"""

from __future__ import annotations

from typing import Any

import msgspec
import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.bacnet.codec.tags import Undecodable, Value
from t3actors.errors import LinkDown

LINK = "link/bacnet"
DISCOVERY = "discovery"
GIVE_UP_WAITING_S = 120.0


class ReadMultiple(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Service 14 with these octets. **Answered** with the octets of the acknowledgement's service data (bytes).

    `timeout_s` runs from when it is sent, anew for each of `retries`; `patience_s` is the longest it may stand in line.
    `background`: it lets every request go first that is not (queues.py).
    """

    address: str
    service_data: bytes
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class ReadRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Service 26 with these octets, as ReadMultiple."""

    address: str
    service_data: bytes
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class ReadProperty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One property, all numbers the standard's. **Answered** with a PropertyRead."""

    address: str
    object_type: int
    object_instance: int
    property_id: int
    index: int | None = None
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class PropertyRead(msgspec.Struct, frozen=True):
    """A property's value: tags.Value; lists and dicts where it is constructed and known; tags.Undecodable where it makes no sense."""

    value: Value | Undecodable | list[Any] | dict[str, Any]
    octets: bytes = b""
    """Of a constructed value: what it was made from."""


class PrivateTransfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A vendor's own service. **Answered** with the content of the result block (bytes), `parameters` is that of an OCTET STRING.

    **Raises** ValueError, before anything is sent, unless it is a command known to read (temco.must_be_reading).
    """

    address: str
    parameters: bytes
    vendor_id: int = 260
    service_number: int = 1
    timeout_s: float = 3.0
    retries: int = 0
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class WhoIs(msgspec.Struct, frozen=True, kw_only=True):
    """Ask who is there: "*:*" everybody, "*" our own network, "50:*" network 50, or one station. Answers come to `discovery`.

    **Answered** with None once it is sent. The rate is the asker's to keep.
    """

    low: int | None = None
    high: int | None = None
    destination: str = "*:*"


class SubscribeCov(msgspec.Struct, frozen=True, kw_only=True):
    """Subscribe, or with `process_id` renew. **Answered** with the process id. Notifications come to `role` as CovNotified.

    `lifetime_s` is never 0, which would mean for ever.
    """

    address: str
    object_type: int
    object_instance: int
    role: str
    lifetime_s: int
    confirmed: bool = False
    process_id: int | None = None
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class CancelCov(msgspec.Struct, frozen=True, kw_only=True):
    """Take a subscription back; from now on its notifications are not delivered, whatever the device says. **Answered** with None."""

    address: str
    object_type: int
    object_instance: int
    process_id: int
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


Confirmed = ReadMultiple | ReadRange | ReadProperty | PrivateTransfer | SubscribeCov | CancelCov
Request = Confirmed | WhoIs


class DeviceSeen(msgspec.Struct, frozen=True):
    """An I-Am: `address` can be asked; `segmentation` 0 both, 1 transmit, 2 receive, 3 none."""

    address: str
    network: int | None
    mac: bytes
    instance: int
    vendor_id: int
    max_apdu: int
    segmentation: int


class DevicesSeen(msgspec.Struct, frozen=True):
    """Told to the role `discovery`: what was heard in the last moment, each device once. `dropped`: more than could be kept."""

    devices: tuple[DeviceSeen, ...]
    dropped: int = 0


class CovNotified(msgspec.Struct, frozen=True):
    """Told to the subscription's role: (property, index, value) of the object; a later notification replaces one not yet told."""

    address: str
    device_instance: int
    process_id: int
    object_type: int
    object_instance: int
    remaining_s: int
    values: tuple[tuple[int, int | None, Value | Undecodable], ...]


class LinkCountsRequested(msgspec.Struct, frozen=True):
    """**Answered** at once with LinkCounts."""


class LinkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How the link does."""

    is_open: bool
    endpoint: str
    registered: bool | None
    """With the BBMD; None where there is none."""
    in_flight: int
    waiting: int
    bad_datagrams: int
    dropped_datagrams: int
    send_errors: int
    heard_dropped: int
    stray_errors: int
    last_trouble: str
    late_answers: int = 0
    """Answers to direct requests that came twice, or after these were given up."""


class Pending:
    """An answer to come. Made by the link; waited for by whoever asked, on the same loop."""

    __slots__ = ("_error", "_over", "_result", "withdrawn")

    def __init__(self) -> None:
        self._over = trio.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        self.withdrawn = False

    def succeed(self, result: Any) -> None:
        """Give the answer."""
        self._result = result
        self._over.set()

    def fail(self, error: BaseException) -> None:
        """Give the error; only the first outcome counts."""
        if not self._over.is_set():
            self._error = error
            self._over.set()

    async def wait(self) -> Any:
        """Wait for the answer. Whoever is cancelled here no longer wants it: nothing is sent again for it."""
        try:
            await self._over.wait()
        finally:
            self.withdrawn = not self._over.is_set()
        if self._error is not None:
            raise self._error
        return self._result


async def ask_link(registry: Registry, request: Request, role: str = LINK) -> Any:
    """Ask, and wait for the answer. **Thread**: trio.

    **Raises**: LinkDown (also when there is no link now, or it ends meanwhile), RequestTimedOut, RequestRefused, BadResponse;
    ValueError when the address has not the form of one, or what is asked is not allowed.
    """
    try:
        pending: Pending = await registry.ask(role, request)
    except NobodyThere as nobody:
        raise LinkDown(f"the BACnet link is not there now: {nobody}") from None
    return await pending.wait()
