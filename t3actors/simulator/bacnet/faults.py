"""The ways a BACnet device misbehaves: pure data, refused when wrong. Several may be in force on one device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from t3actors.simulator.bacnet.words import LARGEST_INSTANCE
from t3actors.simulator.faults import LONGEST_DELAY_S, BadFault


class BacnetFaultKind(StrEnum):
    """What goes wrong."""

    NONE = "none"  # ends all of them
    STALL = "stall"  # whatever comes is read, and never answered
    DROP = "drop"  # `share` of what comes, and of what goes, is lost
    SLOW = "slow"  # the right answer, `delay_s` late
    LATE = "late"  # answer N is sent when request N+1 comes
    REBOOT = "reboot"  # at once: forgets its subscriptions, is silent for `delay_s`, then says I-Am
    COV_REFUSE = "cov_refuse"  # SubscribeCOV: no space to add list element
    COV_SILENT = "cov_silent"  # subscriptions are taken, and nothing is ever notified
    COV_EXPIRE = "cov_expire"  # subscriptions end after `delay_s`, whatever was wished
    COV_DUPLICATE = "cov_duplicate"  # each notification is sent twice
    ABORT = (
        "abort"  # abort `code` (1, 4, 9...), of `service`, above `above` properties, from `octets` of answer on only
    )
    REJECT = "reject"  # reject `code`, likewise
    ERROR = "error"  # error `code` of class device, likewise
    MALFORMED = "malformed"  # an acknowledgement that is cut off in the middle of a value
    TRUNCATED_SEGMENT = "truncated_segment"  # segments after the first end inside their own header
    GARBAGE = "garbage"  # octets without any sense instead of each answer
    HALF_ANSWER = "half_answer"  # of an answer in segments only the first is ever sent
    DUPLICATE = "duplicate"  # each answer is sent twice
    WRONG_INVOKE_ID = "wrong_invoke_id"  # one too high
    WRONG_SOURCE = "wrong_source"  # answers come from another UDP port
    REFUSE = "refuse"  # nobody listens on its node's port, and the network says so
    DUPLICATE_INSTANCE = "duplicate_instance"  # it says that its instance is `instance`
    UNDECODABLE = "undecodable"  # `property` of `object` (the first point, unless named) is a REAL of three bytes
    UNFRAMED = (
        "unframed"  # likewise, and it announces more octets than it has, which spoils all that follows in the answer
    )
    PROPERTY_ERROR = "property_error"  # likewise, and reading it is error `code` of class property
    SERIAL_ZERO = "serial_zero"  # the serial number it reports is 0
    OTHER_PORT = "other_port"  # I-Am comes from another UDP port


@dataclass(frozen=True, slots=True)
class BacnetFault:
    """One fault, with what it needs to know.

    **Units**: `service` is a confirmed service's number, None for all; `octets` are those of the answer's data.
    **Raises**: BadFault.
    """

    kind: BacnetFaultKind
    delay_s: float = 0.0
    share: float = 0.5
    code: int = 9
    service: int | None = None
    above: int = 0
    octets: int = 0
    object: str = ""
    property: int = 85
    instance: int | None = None

    def __post_init__(self) -> None:
        _must_lie("delay_s", self.delay_s, 0.0, LONGEST_DELAY_S, int | float)
        _must_lie("share", self.share, 0.0, 1.0, int | float)
        _must_lie("code", self.code, 0, 255, int)
        _must_lie("above", self.above, 0, 100_000, int)
        _must_lie("octets", self.octets, 0, 1 << 20, int)
        _must_lie("property", self.property, 0, 0x3FFFFF, int)
        if self.service is not None:
            _must_lie("service", self.service, 0, 255, int)
        if self.instance is not None:
            _must_lie("instance", self.instance, 0, LARGEST_INSTANCE, int)
        if not isinstance(self.object, str):
            raise BadFault(f"object: saw {self.object!r}, allowed is a point's id")

    def strikes(self, service: int, properties: int, octets: int) -> bool:
        """Whether a request for so many properties, whose answer would have so many octets, is refused by it."""
        return self.service in {None, service} and properties > self.above and octets >= self.octets


PARAMETERS = tuple(each.name for each in fields(BacnetFault) if each.name != "kind")


def decode_bacnet_fault(kind: object, parameters: Mapping[str, Any]) -> BacnetFault:
    """Make a fault of what a person or a script wrote. **Raises**: BadFault."""
    kinds = [str(each) for each in BacnetFaultKind]
    if not isinstance(kind, str) or kind not in kinds:
        raise BadFault(f"fault: saw {kind!r}, allowed on a BACnet device are {', '.join(kinds)}")
    unknown = [key for key in parameters if key not in PARAMETERS]
    if unknown:
        raise BadFault(f"unknown key {unknown[0]!r}, allowed beside a BACnet fault are {', '.join(PARAMETERS)}")
    return BacnetFault(BacnetFaultKind(kind), **parameters)


def _must_lie(key: str, seen: object, low: float, high: float, wanted: Any) -> None:
    fits = isinstance(seen, wanted) and not isinstance(seen, bool) and math.isfinite(seen) and low <= seen <= high
    if not fits:
        what = "a whole number" if wanted is int else "a number"
        raise BadFault(f"{key}: saw {seen!r}, allowed is {what} from {low:g} to {high:g}")
