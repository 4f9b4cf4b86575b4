"""What drivers and discovery ask of the BACnet link, and what it tells of its own accord. Plain values only cross here.

Ask with `ask_link(registry, request)`. Values are those of tags.py; a constructed property value is plain lists and dicts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import trio

from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.bacnet.codec.tags import Undecodable, Value
from t3actors.errors import LinkDown, NotSent

LINK = "link/bacnet"
DISCOVERY = "discovery"
GIVE_UP_WAITING_S = 120.0
BACKGROUND_PATIENCE_S = 1.0


class _OfStation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is asked of one station.

    `timeout_s` runs from when it is sent, anew for each of `retries`; `patience_s` is the longest it may stand in line, where each
    retry to another network stands again. `background`: it lets every request go first that is not (queues.py), and is taken out
    of the line when it has not been sent within BACKGROUND_PATIENCE_S, for whoever asks has more urgent things to do.
    """

    address: str
    timeout_s: float = 3.0
    retries: int = 2
    patience_s: float = GIVE_UP_WAITING_S
    background: bool = False


class ReadMultiple(_OfStation, frozen=True, kw_only=True, gc=False):
    """Service 14 with these octets. **Answered** with the octets of the acknowledgement's service data (bytes)."""

    service_data: bytes


class ReadRange(_OfStation, frozen=True, kw_only=True, gc=False):
    """Service 26 with these octets, as ReadMultiple."""

    service_data: bytes


class ReadProperty(_OfStation, frozen=True, kw_only=True, gc=False):
    """One property, all numbers the standard's. **Answered** with a PropertyRead."""

    object_type: int
    object_instance: int
    property_id: int
    index: int | None = None


class PropertyRead(msgspec.Struct, frozen=True):
    """A property's value: tags.Value; lists and dicts where it is constructed and known; tags.Undecodable where it makes no sense."""

    value: Value | Undecodable | list[Any] | dict[str, Any]
    octets: bytes = b""
    """Of a constructed value: what it was made from."""


class PrivateTransfer(_OfStation, frozen=True, kw_only=True, gc=False):
    """A vendor's own service. **Answered** with the content of the result block (bytes), `parameters` is that of an OCTET STRING.

    **Raises** ValueError, before anything is sent, unless it is a command known to read (temco.must_be_reading).
    """

    parameters: bytes
    vendor_id: int = 260
    service_number: int = 1
    retries: int = 0


class WhoIs(msgspec.Struct, frozen=True, kw_only=True):
    """Ask who is there: "*:*" everybody, "*" our own network, "50:*" network 50, or one station. Answers come to `discovery`.

    **Answered** with None once it is sent. The rate is the asker's to keep.
    """

    low: int | None = None
    high: int | None = None
    destination: str = "*:*"


class SubscribeCov(_OfStation, frozen=True, kw_only=True, gc=False):
    """Subscribe, or renew. **Answered** with the process id. Notifications come to `role` as CovNotified, until CancelCov.

    `lifetime_s` is never 0, which would mean for ever.
    """

    object_type: int
    object_instance: int
    role: str
    lifetime_s: int
    confirmed: bool = False
    process_id: int


class CancelCov(_OfStation, frozen=True, kw_only=True, gc=False):
    """Take a subscription back; from now on its notifications are not delivered, whatever the device says. **Answered** with None."""

    object_type: int
    object_instance: int
    process_id: int


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

    __slots__ = ("_error", "_in_line", "_leave", "_over", "_patience", "_patience_s", "_result", "withdrawn")

    def __init__(self, leave: Callable[[], None] | None = None) -> None:
        """`leave` is called once when nobody waits any more for what is not over."""
        self._over = trio.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        self._leave = leave
        self._in_line = True
        self._patience: trio.CancelScope | None = None
        self._patience_s = 0.0
        self.withdrawn = False

    def sent(self) -> None:
        """Say that it is on its way: from now on it is waited for."""
        self._in_line = False
        if self._patience is not None:
            self._patience.deadline = float("inf")

    def in_line_again(self, error: BaseException) -> None:
        """Say that it is to be sent again, in its turn; `error` is what has come of it so far."""
        self._in_line = True
        self._error = error
        if self._patience is not None:
            self._patience.deadline = trio.current_time() + self._patience_s

    def succeed(self, result: Any) -> None:
        """Give the answer; only the first outcome counts."""
        if not self._over.is_set():
            self._result, self._error = result, None
            self._end()

    def fail(self, error: BaseException) -> None:
        """Give the error; only the first outcome counts."""
        if not self._over.is_set():
            self._error = error
            self._end()

    def _end(self) -> None:
        self._leave = None  # it leads back here: what is over must not wait for the collector
        self._over.set()

    async def wait(self, patience_s: float = float("inf")) -> Any:
        """Wait for the answer; while it stands in line at most `patience_s`. Only one may wait, and once.

        Whoever is cancelled here no longer wants it: nothing is sent again for it. **Raises**: NotSent; what came of it instead.
        """
        try:
            if patience_s == float("inf"):
                await self._over.wait()
            else:
                await self._wait_patiently(patience_s)
        finally:
            if not self._over.is_set():
                self.withdrawn = True
                if self._leave is not None:
                    self._leave()
        error, self._error = self._error, None  # its traceback leads back here, as above
        try:
            if error is not None:
                raise error
        finally:
            del error
        return self._result

    async def _wait_patiently(self, patience_s: float) -> None:
        self._patience_s = patience_s
        while not self._over.is_set():
            with trio.CancelScope() as self._patience:
                if self._in_line:
                    self._patience.deadline = trio.current_time() + patience_s
                await self._over.wait()
            if self._patience.cancelled_caught and self._in_line and not self._over.is_set():
                raise self._error or NotSent(f"it stood in line for {patience_s:g} s and was never sent")


async def ask_link(registry: Registry, request: Request, role: str = LINK) -> Any:
    """Ask, and wait for the answer. **Thread**: trio.

    **Raises**: LinkDown (also when there is no link now, or it ends meanwhile), NotSent, RequestTimedOut, RequestRefused,
    BadResponse; ValueError when the address has not the form of one, or what is asked is not allowed.
    """
    try:
        pending: Pending = await registry.ask(role, request)
    except NobodyThere as nobody:
        raise LinkDown(f"the BACnet link is not there now: {nobody}") from None
    if isinstance(request, _OfStation) and request.background:
        return await pending.wait(min(BACKGROUND_PATIENCE_S, request.patience_s))
    return await pending.wait()
