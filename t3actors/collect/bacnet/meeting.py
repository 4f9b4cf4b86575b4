"""Meets one device: is it the configured one, and what does it say of itself. What it says of its objects, describing.py asks."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.properties import (
    DATABASE_REVISION,
    FIRMWARE_REVISION,
    MAX_APDU_LENGTH_ACCEPTED,
    MODEL_NAME,
    OBJECT_IDENTIFIER,
    OBJECT_NAME,
    PROTOCOL_SERVICES_SUPPORTED,
    SEGMENTATION_SUPPORTED,
    SERIAL_NUMBER,
    VENDOR_IDENTIFIER,
)
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.read_property import decode_result
from t3actors.collect.bacnet.codec.tags import DEVICE, Bits, Constructed, ObjectId, Undecodable
from t3actors.collect.bacnet.limits import Told
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rounds import Asked
from t3actors.collect.bacnet.sizes import want
from t3actors.errors import BadResponse, DeviceMismatch, LinkDown, RequestRefused, RequestTimedOut
from t3actors.points import DeviceFacts
from t3actors.stations import TEMCO, station

WHOEVER = 4194303  # 15.5.2: the instance that stands for whatever device is asked
UNKNOWN_OBJECT = 31  # 21: error code
READ_MULTIPLE_BIT = 14  # 21: BACnetServicesSupported
UNSAID_APDU = 480  # what a device is taken to bear that does not say


class Met(NamedTuple):
    """What a device says of itself."""

    facts: DeviceFacts
    revision: int | None


async def identify(asking: Asking, instance: int) -> None:
    """Ask once, without retries, whether the configured device is there. **Raises**: DriverError, DeviceMismatch."""
    try:
        answer = await asking.read_one(DEVICE, instance, OBJECT_IDENTIFIER, retries=0)
    except RequestRefused as error:
        raise BadResponse(f"{asking.where}: it could not be identified: {error}") from None
    if answer == (DEVICE, instance) and isinstance(answer, ObjectId):
        return
    if isinstance(answer, ObjectId):
        raise _mismatch(asking, answer)
    if isinstance(answer, PropertyError) and answer.error_code == UNKNOWN_OBJECT:
        raise _mismatch(asking, await _whoever(asking))
    raise BadResponse(f"{asking.where}: it could not be identified: {answer!r:.200}")


async def instance_at(asking: Asking) -> int:
    """Ask whatever device is there for its instance, which is who it is. **Raises**: DriverError when it does not say."""
    try:
        found = await _read_whoever(asking, retries=None)
    except RequestRefused as error:
        raise BadResponse(f"{asking.where}: it answers but does not say its instance: {error}") from None
    if found is None or found.type != DEVICE or found.instance == WHOEVER:
        raise BadResponse(f"{asking.where}: it answers but does not say its instance")
    return found.instance


async def meet(asking: Asking, address: str, instance: int) -> Met:
    """Ask the device about itself, first how much it bears. **Raises**: DriverError."""
    asking.told(await _told(asking, instance))
    properties = (OBJECT_NAME, VENDOR_IDENTIFIER, MODEL_NAME, FIRMWARE_REVISION, DATABASE_REVISION, SERIAL_NUMBER)
    gathered = await asking.gather(Asked(want(DEVICE, instance, which) for which in properties))
    for which in (
        VENDOR_IDENTIFIER,
        DATABASE_REVISION,
    ):  # who it is hangs on them: a lost answer is not "it does not say"
        reason = gathered.failures.get((DEVICE, instance, which, None))
        if reason is not None:
            raise BadResponse(f"{asking.where}: it did not say who it is (property {which}): {reason}")
    said = {which: answer for _, _, which, _, answer in gathered.results}
    revision, vendor = whole(said.get(DATABASE_REVISION)), whole(said.get(VENDOR_IDENTIFIER))
    facts = msgspec.structs.replace(
        facts_at(address, instance),
        serial_number=_serial(said.get(SERIAL_NUMBER)) if vendor == TEMCO else None,
        panel_name=text_of(said.get(OBJECT_NAME)) or None,
        vendor_id=vendor,
        model=text_of(said.get(MODEL_NAME)) or None,
        firmware=text_of(said.get(FIRMWARE_REVISION)) or None,
    )
    return Met(facts, revision)


async def read_revision(asking: Asking, instance: int) -> int | None:
    """Ask for the database-revision; None where it is not said. **Raises**: LinkDown when the instance is no more there."""
    try:
        answer = await asking.read_one(DEVICE, instance, DATABASE_REVISION)
    except (RequestRefused, BadResponse):
        return None
    if isinstance(answer, PropertyError) and answer.error_code == UNKNOWN_OBJECT:
        raise LinkDown(f"{asking.where}: another device answers there now")
    return whole(answer)


async def _told(asking: Asking, instance: int) -> Told:
    said: dict[int, Answer] = {}
    for which in (MAX_APDU_LENGTH_ACCEPTED, SEGMENTATION_SUPPORTED, PROTOCOL_SERVICES_SUPPORTED):
        try:
            said[which] = await asking.read_one(DEVICE, instance, which)
        except (RequestRefused, BadResponse):
            said[which] = None
    services = said[PROTOCOL_SERVICES_SUPPORTED]
    return Told(
        max_apdu=whole(said[MAX_APDU_LENGTH_ACCEPTED]) or UNSAID_APDU,
        transmits_segments=whole(said[SEGMENTATION_SUPPORTED]) in {0, 1},
        read_multiple=not isinstance(services, Bits) or bool(services.mask >> READ_MULTIPLE_BIT & 1),
    )


async def _whoever(asking: Asking) -> ObjectId | None:
    try:
        return await _read_whoever(asking, retries=0)
    except (RequestRefused, RequestTimedOut):
        return None


async def _read_whoever(asking: Asking, retries: int | None) -> ObjectId | None:
    try:
        answer = await asking.read_one(DEVICE, WHOEVER, OBJECT_IDENTIFIER, retries=retries)
    except BadResponse as error:  # it may answer under its own number, as 15.5.2 lets it
        try:
            answer = decode_result(error.raw)[4]
        except BadResponse:
            return None
    return answer if isinstance(answer, ObjectId) else None


def _mismatch(asking: Asking, found: ObjectId | None) -> DeviceMismatch:
    said = "has another instance" if found is None else f"is instance {found.instance}"
    return DeviceMismatch(f"{asking.where}: the device there {said}", found=None)


def whole(answer: Answer) -> int | None:
    """Give a whole number that is none below 0; None for anything else."""
    return int(answer) if isinstance(answer, int) and not isinstance(answer, bool) and answer >= 0 else None


def _serial(answer: Answer) -> int | None:
    """Give a serial that is a number, as Temco's are; other makers' tell apart only their own devices, some not even these."""
    if isinstance(answer, Constructed | Undecodable) or not re.fullmatch(r"[0-9]{1,10}", text_of(answer), re.ASCII):
        return None
    number = int(text_of(answer))
    return number if 0 < number < 2**32 else None


def facts_at(address: str, instance: int | None) -> DeviceFacts:
    """Give what its address and instance alone say of a device. **Raises**: ValueError when that is no address."""
    network, mac = station(address)
    known = DeviceFacts(bacnet_network=network, object_instance=instance)
    if len(mac) == 6:
        host, port = ".".join(map(str, mac[:4])), int.from_bytes(mac[4:], "big")
        return msgspec.structs.replace(known, ip_address=host, port=port)
    return msgspec.structs.replace(known, bacnet_mstp_mac_id=mac[0] if len(mac) == 1 else None)
