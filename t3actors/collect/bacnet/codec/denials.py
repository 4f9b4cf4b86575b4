"""How a device says no: Error, Reject and Abort, by their numbers and in the standard's words. Pure; limits judge by them.

Source: ANSI/ASHRAE 135, 21 (BACnetAbortReason, BACnetRejectReason, Error) and 18.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.errors import RequestRefused

ABORT_BUFFER_OVERFLOW, ABORT_PREEMPTED, ABORT_SEGMENTATION_NOT_SUPPORTED = 1, 3, 4
ABORT_INVALID_IN_THIS_STATE, ABORT_WINDOW_SIZE, ABORT_APDU_TOO_LONG = 2, 7, 11
REJECT_BUFFER_OVERFLOW, REJECT_UNRECOGNIZED_SERVICE = 1, 9

ABORTS = {
    0: "other",
    1: "buffer overflow",
    2: "invalid APDU in this state",
    3: "preempted by higher priority task",
    4: "segmentation not supported",
    5: "security error",
    6: "insufficient security",
    7: "window size out of range",
    8: "application exceeded reply time",
    9: "out of resources",
    10: "TSM timeout",
    11: "APDU too long",
}
REJECTS = {
    0: "other",
    1: "buffer overflow",
    2: "inconsistent parameters",
    3: "invalid parameter data type",
    4: "invalid tag",
    5: "missing required parameter",
    6: "parameter out of range",
    7: "too many arguments",
    8: "undefined enumeration",
    9: "unrecognized service",
    10: "invalid data encoding",
}
CLASSES = {
    0: "device",
    1: "object",
    2: "property",
    3: "resources",
    4: "security",
    5: "services",
    6: "VT",
    7: "communication",
}
CODES = {  # those that a reading client meets; any other is named by its number
    0: "other",
    2: "configuration in progress",
    3: "device busy",
    9: "invalid data type",
    17: "no objects of specified type",
    25: "operational problem",
    27: "read access denied",
    29: "service request denied",
    30: "timeout",
    31: "unknown object",
    32: "unknown property",
    36: "unsupported object type",
    41: "character set not supported",
    42: "invalid array index",
    44: "not COV property",
    45: "optional functionality not supported",
    47: "datatype not supported",
    50: "property is not an array",
    72: "value not initialized",
    80: "parameter out of range",
    82: "busy",
    83: "communication disabled",
    85: "access denied",
    131: "internal error",
    132: "not configured",
    133: "out of memory",
}
TRANSIENT_CODES = frozenset({2, 3, 82})  # 21: configuration in progress, device busy, busy
_TRANSIENT_ABORTS = frozenset({ABORT_INVALID_IN_THIS_STATE, ABORT_PREEMPTED})
_SERVICE_NOT_SUPPORTED = frozenset({(5, 29), (5, 45)})  # class services: the request's service itself is denied


class Abort(NamedTuple):
    """The device, or a router before it, gave the request up."""

    reason: int


class Reject(NamedTuple):
    """The device could not make sense of the request."""

    reason: int


Denial = PropertyError | Abort | Reject


def denial_of(error: RequestRefused) -> Denial:
    """Give what the link's error says, as limits judge it. What our own stack would not send counts as an abort."""
    if error.kind == "error":
        return PropertyError(error.error_class or 0, error.code)
    return Reject(error.code) if error.kind == "reject" else Abort(error.code)


def is_transient(denial: Denial) -> bool:
    """Say whether the device is only busy with something else."""
    if isinstance(denial, Abort):
        return denial.reason in _TRANSIENT_ABORTS
    return isinstance(denial, PropertyError) and denial.error_code in TRANSIENT_CODES


def denies_service(denial: Denial) -> bool:
    """Say whether the device does not know the request's service at all."""
    if isinstance(denial, Reject):
        return denial.reason == REJECT_UNRECOGNIZED_SERVICE
    return isinstance(denial, PropertyError) and tuple(denial) in _SERVICE_NOT_SUPPORTED


def words(denial: Denial) -> str:
    """Say it for a person, numbers included."""
    if isinstance(denial, Abort):
        return f"{ABORTS.get(denial.reason, 'unknown reason')} (abort {denial.reason})"
    if isinstance(denial, Reject):
        return f"{REJECTS.get(denial.reason, 'unknown reason')} (reject {denial.reason})"
    name = CLASSES.get(denial.error_class, "unknown class")
    code = CODES.get(denial.error_code, "unknown code")
    return f"{code} ({name} error {denial.error_class}/{denial.error_code})"
