"""What is learned of a BACnet device, as octets for the store, and back: what it bears, which objects it has, what these say.

So a restart asks no device for what it has said under the same database-revision, and finds no limit a second time. What the store gives
back was written by some version of this program: what cannot be decoded any more is as if it had never been kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from t3actors.collect.bacnet.codec.tags import ObjectId, Several, elements
from t3actors.collect.bacnet.describing import Describing, Said
from t3actors.collect.bacnet.limits import DAY_MS, Limits
from t3actors.collect.bacnet.scaling import Scale

LIMITS, DESCRIPTION = "bacnet.limits", "bacnet.description"

_Plain = int | float | str | list[str]


class KeptDescription(msgspec.Struct, frozen=True, array_like=True):
    """A description as it is kept. An object is its 32-bit identifier."""

    revision: int | None
    objects: list[int]
    said: dict[int, dict[int, _Plain]]
    scale: tuple[int, bool, str] | None = None


def limits_kept(limits: Limits) -> bytes:
    """Give the limits for the store."""
    return msgspec.json.encode(limits)


def limits_of(kept: Mapping[str, bytes], now_ms: int) -> Limits | None:
    """Give the limits of the store; the time of their next growth counts anew, for its clock began anew."""
    octets = kept.get(LIMITS)
    if octets is None:
        return None
    try:
        limits = msgspec.json.decode(octets, type=Limits)
    except msgspec.DecodeError:
        return None
    if limits.grow_at_ms is None:
        return limits
    return msgspec.structs.replace(limits, grow_at_ms=now_ms + limits.patience_days * DAY_MS)


def description_kept(describing: Describing, scale: Scale | None) -> bytes:
    """Give a description, whole or not, for the store."""
    said = {_number(each): _plain(properties) for each, properties in describing.described}
    objects = [_number(each) for each in describing.objects or ()]
    decided = None if scale is None else (scale.divisor, scale.decided, scale.reason)
    return msgspec.msgpack.encode(KeptDescription(describing.revision, objects, said, decided))


def description_of(kept: Mapping[str, bytes], instance: int) -> tuple[Describing | None, Scale | None]:
    """Give the description of the store, and what a panel's values are divided by."""
    octets = kept.get(DESCRIPTION)
    if octets is None:
        return None, None
    try:
        found = msgspec.msgpack.decode(octets, type=KeptDescription)
    except msgspec.DecodeError:
        return None, None
    said = {_identifier(number): _answers(properties) for number, properties in found.said.items()}
    objects = tuple(_identifier(number) for number in found.objects)
    scale = None if found.scale is None else Scale(*found.scale)
    return Describing(instance, found.revision, objects or None, said), scale


def _number(identifier: ObjectId) -> int:
    return identifier.type << 22 | identifier.instance


def _identifier(number: int) -> ObjectId:
    return ObjectId(number >> 22, number & 0x3FFFFF)


def _plain(said: Said) -> dict[int, _Plain]:
    """Leave out what says nothing: an error, what could not be decoded."""
    plain: dict[int, _Plain] = {}
    for which, answer in said.items():
        if isinstance(answer, Several):
            plain[which] = [each if isinstance(each, str) else "" for each in elements(answer)]
        elif isinstance(answer, str):
            plain[which] = str(answer)
        elif isinstance(answer, float):
            plain[which] = float(answer)
        elif isinstance(answer, int) and not isinstance(answer, bool):
            plain[which] = int(answer)
    return plain


def _answers(plain: dict[int, _Plain]) -> Said:
    return {which: Several(value) if isinstance(value, list) else value for which, value in plain.items()}
