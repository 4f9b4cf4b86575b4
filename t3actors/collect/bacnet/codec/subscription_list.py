"""Active_COV_Subscriptions, as a device lists them: octets to who is told of what. Pure; subscriptions.py asks for it.

A hostile list costs nothing but itself: it is cut at `MOST`, and octets that are no such list raise BadResponse.

Source: ANSI/ASHRAE 135, 12.11 (Active_COV_Subscriptions) and 21 (BACnetCOVSubscription, BACnetRecipientProcess, BACnetAddress).
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.collect.bacnet.codec.tags import DEVICE, MAX_INSTANCE, FramingBroken, ObjectId
from t3actors.collect.bacnet.codec.walk import OCTETS, UNSIGNED, Walk
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


NOBODY = ObjectId(DEVICE, MAX_INSTANCE)
MANY = (Active(NOBODY, -1, NOBODY, 0),) * 20
"""What stands for a list that the device cannot send because it is too long."""


def decode(octets: bytes) -> tuple[Active, ...]:
    """Give the subscriptions of the property's value. **Raises**: BadResponse."""
    found: list[Active] = []
    walk = Walk(octets)
    try:
        while walk.more and len(found) < MOST:
            found.append(_subscription(walk))
    except FramingBroken:
        raise BadResponse("no list of COV subscriptions", raw=octets[:RAW_KEPT]) from None
    return tuple(found)


def _subscription(walk: Walk) -> Active:
    told = walk.inside(0)
    recipient, process_id = _recipient(told.inside(0)), told.whole(1)
    monitored = walk.inside(1).object(0)
    walk.whole(2)  # confirmed or not
    remaining_s = walk.whole(3)
    if walk.has(4):  # the increment, where there is one
        walk.context(4, OCTETS)
    return Active(recipient, process_id, monitored, remaining_s)


def _recipient(walk: Walk) -> Recipient:
    if walk.has(0):
        return walk.object(0)
    address = walk.inside(1)
    network, mac = address.plain(UNSIGNED), address.plain(OCTETS)
    if not isinstance(network, int) or not isinstance(mac, bytes):
        raise FramingBroken
    return network, mac
