"""References to a property of an object, of this device or another: decoded, and as text ("AV1 present-value"). Pure.

Source: ANSI/ASHRAE 135, 21 (BACnetObjectPropertyReference, BACnetDeviceObjectPropertyReference, BACnetSetpointReference).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import DEVICE, MAX_INSTANCE, ObjectId
from t3actors.collect.bacnet.codec.walk import ENUMERATED, Walk, decoded
from t3actors.collect.bacnet.rare.naming import Names, standard_name

MOST_SHOWN = 100
_NAMES = {
    28: "description",
    36: "event-state",
    65: "max-pres-value",
    69: "min-pres-value",
    77: "object-name",
    81: "out-of-service",
    85: "present-value",
    87: "priority-array",
    90: "program-change",
    103: "reliability",
    104: "relinquish-default",
    108: "setpoint",
    111: "status-flags",
    123: "weekly-schedule",
    133: "enable",
    174: "schedule-default",
}


class Reference(NamedTuple):
    """A property, `at` one of its array's elements; `device` None: of this device."""

    object: ObjectId
    which: int
    at: int | None = None
    device: ObjectId | None = None


def references(answer: Answer) -> tuple[Reference, ...] | None:
    """Give the references of a list, an array or a single one, without those that are said to point nowhere; None for anything else."""
    return decoded(answer, _references)


def setpoint_reference(answer: Answer) -> tuple[Reference, ...] | None:
    """Give a loop's reference to its set point; () where that is its own property."""
    return decoded(answer, lambda walk: _references(walk.inside(0)) if walk.more else ())


def reference_text(one: Reference, names: Names) -> str:
    """Give "AV1 present-value", of another device "device 7 AV1 present-value"."""
    is_here = one.device is None or one.device == (DEVICE, names.instance)
    if one.device is None or is_here:
        where, name = "", names.of(one.object)
    else:
        where, name = f"device {one.device.instance} ", standard_name(one.object)
    index = "" if one.at is None else f"[{one.at}]"
    return f"{where}{name} {_NAMES.get(one.which, f'property {one.which}')}{index}"


def references_text(answer: Answer, names: Names) -> str | None:
    """Give the text of a list of references, separated by commas; None where it is none."""
    found = references(answer)
    return None if found is None else joined(", ", (reference_text(each, names) for each in found))


def joined(separator: str, texts: Iterable[str]) -> str:
    """Give the texts in one; of very many the first, and how many more there are."""
    listed = list(texts)
    if len(listed) > MOST_SHOWN:
        listed = [*listed[:MOST_SHOWN], f"and {len(listed) - MOST_SHOWN} more"]
    return separator.join(listed)


def _references(walk: Walk) -> tuple[Reference, ...]:
    found = []
    while walk.more:
        identifier, which = walk.object(0), walk.whole(1, ENUMERATED)
        at = walk.whole(2) if walk.has(2) else None
        device = walk.object(3) if walk.has(3) else None
        if identifier.instance != MAX_INSTANCE:
            found.append(Reference(identifier, which, at, device))
    return tuple(found)
