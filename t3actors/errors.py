"""Errors, named by what their receiver must do. Vendor exceptions become one of these at their door and stop there."""

from __future__ import annotations


class GatewayError(Exception):
    """Anything the gateway itself raises. Its text is one line a controls engineer can act on."""


class ConfigError(GatewayError):
    """The operator must mend the configuration: every fault of it at once, one line each (exit 78)."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DriverError(GatewayError):
    """Talking to a device failed."""


class LinkDown(DriverError):
    """Nobody can be reached there now: back off. `refused` when the other side said so itself."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class RequestTimedOut(DriverError):
    """No answer in time: retry, then treat it as LinkDown."""


class NotReady(RequestTimedOut):
    """The program behind the door is still starting: ask again at the next cycle."""


class NotSent(DriverError):
    """It stayed in our own queue and never went out: ask again later. It says nothing of the device."""


class RequestRefused(DriverError):
    """The device answered no: this request is bad, go on with the others. `code` is the protocol's own.

    On BACnet `kind` says which answer it was ("error", "reject", "abort"; "local": our own stack would not send it) and
    `code` is the error code or the reason; `error_class` stands with an error only.
    """

    def __init__(self, text: str, *, code: int, kind: str = "error", error_class: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.kind = kind
        self.error_class = error_class


class BadResponse(DriverError):
    """The answer makes no sense: nothing of it is used. `raw` is kept for the log, once."""

    def __init__(self, text: str, *, raw: bytes = b"") -> None:
        super().__init__(text)
        self.raw = raw


class DeviceMismatch(DriverError):
    """Another device answers at this address: nothing of it is used until the operator has looked. `found` is its serial."""

    def __init__(self, text: str, *, found: int | None) -> None:
        super().__init__(text)
        self.found = found


class StoreError(GatewayError):
    """The database failed."""


class StoreBusy(StoreError):
    """Another program holds the database: give the same batch again."""


class StoreFailing(StoreBusy):
    """The disk failed (EIO), not the file as far as is known: it is opened anew; give the same batch again."""


class StoreHindered(StoreFailing):
    """The machine lacks something (memory, descriptors, the disk in its place): likewise, and the file is never to blame."""


class StoreFull(StoreError):
    """No room: hold what can be held, health says so."""


class StoreDamaged(StoreError):
    """The file is not sound: it was set aside, never deleted, and a new one begun."""


class StoreUnreachable(StoreError):
    """The database cannot be opened or created (exit 73)."""


class SchemaTooNew(StoreError):
    """The file was written by a newer gateway: refuse it, change nothing (exit 73)."""


class AlreadyRunning(GatewayError):
    """Another gateway holds this data directory (exit 75)."""
