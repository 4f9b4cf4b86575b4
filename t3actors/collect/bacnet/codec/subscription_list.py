"""Active_COV_Subscriptions, as a device lists them: octets to who is told of what. Pure; subscriptions.py asks for it.

A hostile list costs nothing but itself: it is cut at `MOST`, and octets that are no such list raise BadResponse.

Source: ANSI/ASHRAE 135, 12.11 (Active_COV_Subscriptions) and 21 (BACnetCOVSubscription, BACnetRecipientProcess, BACnetAddress).
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.bacnet.codec.tags import (
    CONTEXT,
    MAX_INSTANCE,
    FramingBroken,
    ObjectId,
    Undecodable,
    closing,
    head,
    primitive,
)
from t3actors.errors import BadResponse

ACTIVE_COV_SUBSCRIPTIONS = 152  # 21: BACnetPropertyIdentifier
MOST = 1024  # of one device; small controllers have about 20
RAW_KEPT = 256

Recipient = ObjectId | tuple[int, bytes]
"""A device by its identifier, or a network number and an address there, as the device that lists it sees it."""


class Active(NamedTuple):
    """One subscription that the device holds."""

    recipient: Recipient
    process_id: int
    object: ObjectId
    remaining_s: int


NOBODY = ObjectId(8, MAX_INSTANCE)
MANY = (Active(NOBODY, -1, NOBODY, 0),) * 20
"""What stands for a list that the device cannot send because it is too long."""


def decode(octets: bytes) -> tuple[Active, ...]:
    """Give the subscriptions of the property's value. **Raises**: BadResponse."""
    found: list[Active] = []
    at = 0
    try:
        while at < len(octets) and len(found) < MOST:
            one, at = _subscription(octets, at)
            found.append(one)
    except FramingBroken:
        raise BadResponse("no list of COV subscriptions", raw=octets[:RAW_KEPT]) from None
    return tuple(found)


def _subscription(data: bytes, at: int) -> tuple[Active, int]:
    at, end = _inside(data, at, 0)
    recipient, at = _recipient(data, at)
    process_id, _ = _unsigned(data, at, 1)
    at, end = _inside(data, _after(data, end), 1)
    identifier, _ = _unsigned(data, at, 0)
    _confirmed, at = _unsigned(data, _after(data, end), 2)
    remaining_s, at = _unsigned(data, at, 3)
    if at < len(data) and _is_context(data, at, 4):  # the increment, where there is one
        tag = head(data, at)
        at = tag.content_at + tag.length
    return Active(recipient, process_id, _object(identifier), remaining_s), at


def _recipient(data: bytes, at: int) -> tuple[Recipient, int]:
    at, end = _inside(data, at, 0)
    recipient: Recipient
    if _is_context(data, at, 0):
        identifier, _ = _unsigned(data, at, 0)
        recipient = _object(identifier)
    else:
        at, _ = _inside(data, at, 1)
        network, at = _application(data, at, 2)
        mac, _ = _application(data, at, 6)
        if not isinstance(network, int) or not isinstance(mac, bytes):
            raise FramingBroken
        recipient = network, mac
    return recipient, _after(data, end)


def _inside(data: bytes, at: int, number: int) -> tuple[int, int]:
    """Step behind the opening tag `number`; give where that is, and where its closing tag stands."""
    tag = head(data, at)
    if tag.length != -1 or tag.number != number:
        raise FramingBroken
    return tag.content_at, closing(data, tag.content_at, number)


def _after(data: bytes, at: int) -> int:
    return head(data, at).content_at


def _is_context(data: bytes, at: int, number: int) -> bool:
    tag = head(data, at)
    return tag.form == CONTEXT and tag.number == number and tag.length >= 0


def _unsigned(data: bytes, at: int, number: int) -> tuple[int, int]:
    tag = head(data, at)
    if tag.form != CONTEXT or tag.number != number or not 1 <= tag.length <= 4:
        raise FramingBroken
    end = tag.content_at + tag.length
    return int.from_bytes(data[tag.content_at : end], "big"), end


def _application(data: bytes, at: int, number: int) -> tuple[object, int]:
    tag = head(data, at)
    if tag.form or tag.number != number:
        raise FramingBroken
    end = tag.content_at + tag.length
    value = primitive(number, tag.lvt, data[tag.content_at : end])
    if isinstance(value, Undecodable):
        raise FramingBroken
    return value, end


def _object(identifier: int) -> ObjectId:
    return ObjectId(identifier >> 22, identifier & MAX_INSTANCE)
