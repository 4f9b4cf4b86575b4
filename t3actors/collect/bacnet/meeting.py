"""Meets one device: is it the configured one, what does it say of itself, which objects has it, how does it describe its points.

In order and at once: a point whose units came later would begin a second series. Nothing here is polled; the driver keeps what
is found until the device's database-revision says that it has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from t3actors.collect.bacnet.addressing import network_of, station
from t3actors.collect.bacnet.asking import Asked, Asking, unusable
from t3actors.collect.bacnet.limits import Told
from t3actors.collect.bacnet.mapping import NUMBER_OF_STATES, OBJECT_NAME, STATE_TEXT, TEMCO, describing, text_of
from t3actors.collect.bacnet.objects import KINDS
from t3actors.collect.bacnet.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.read_property import decode_result
from t3actors.collect.bacnet.sizes import Want, want
from t3actors.collect.bacnet.tags import Bits, Constructed, ObjectId, Several, Undecodable, elements
from t3actors.errors import BadResponse, DeviceMismatch, LinkDown, RequestRefused, RequestTimedOut
from t3actors.points import DeviceFacts

DEVICE = 8  # 21: BACnetObjectType
WHOEVER = 4194303  # 15.5.2: the instance that stands for whatever device is asked
FIRMWARE, MAX_APDU_ACCEPTED, MODEL, OBJECT_IDENTIFIER, OBJECT_LIST, SEGMENTATION = 44, 62, 70, 75, 76, 107
SERVICES_SUPPORTED, VENDOR_IDENTIFIER, DATABASE_REVISION, SERIAL_NUMBER = 97, 120, 155, 372
UNKNOWN_OBJECT = 31  # 21: error code
READ_MULTIPLE_BIT = 14  # 21: BACnetServicesSupported
UNSAID_APDU = 480  # what a device is taken to bear that does not say
MOST_OBJECTS = 50_000
MOST_STATES = 256  # of one point, read one by one

Described = list[tuple[ObjectId, dict[int, Answer]]]


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


async def meet(asking: Asking, address: str, instance: int) -> Met:
    """Ask the device about itself, first how much it bears. **Raises**: DriverError."""
    asking.told(await _told(asking, instance))
    properties = (OBJECT_NAME, VENDOR_IDENTIFIER, MODEL, FIRMWARE, DATABASE_REVISION, SERIAL_NUMBER)
    gathered = await asking.gather(Asked(want(DEVICE, instance, which) for which in properties))
    said = {which: answer for _, _, which, _, answer in gathered.results}
    revision, vendor = _whole(said.get(DATABASE_REVISION)), _whole(said.get(VENDOR_IDENTIFIER))
    facts = msgspec.structs.replace(
        _place(address),
        serial_number=_serial(said.get(SERIAL_NUMBER)) if vendor == TEMCO else None,
        panel_name=text_of(said.get(OBJECT_NAME)) or None,
        object_instance=instance,
        vendor_id=vendor,
        model=text_of(said.get(MODEL)) or None,
        firmware=text_of(said.get(FIRMWARE)) or None,
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
    return _whole(answer)


async def list_points(asking: Asking, instance: int) -> tuple[ObjectId, ...]:
    """Give the device's objects that are points: its list as a whole where it can send that, else one by one.

    **Raises**: DriverError.
    """
    try:
        whole = await asking.read_one(DEVICE, instance, OBJECT_LIST, retries=0)
    except (RequestRefused, BadResponse, RequestTimedOut):
        whole = None  # too long for it, and that is said in many ways
    listed: Iterable[Answer] = elements(whole) if isinstance(whole, ObjectId | Several) else ()
    if not listed:
        listed = await _list_one_by_one(asking, instance)
    return tuple(dict.fromkeys(each for each in listed if isinstance(each, ObjectId) and each.type in KINDS))


async def describe(asking: Asking, points: Iterable[ObjectId]) -> Described:
    """Read what says what these points are; what a point does not say is not there. **Raises**: DriverError."""
    described: dict[tuple[int, int], dict[int, Answer]] = {(each.type, each.instance): {} for each in points}
    missing: Iterable[Want] = [want(*key, which) for key in described for which in describing(key[0])]
    for _ in range(2):  # once more for what was lost on the way: without its units a point would begin another series
        gathered = await asking.gather(Asked(missing))
        for object_type, instance, which, _index, answer in gathered.results:
            described[object_type, instance][which] = answer
        missing = [want(*key[:3], key[3]) for key in gathered.failures]
        if not missing:
            break
    await _read_long_state_texts(asking, described)
    return [(ObjectId(*key), properties) for key, properties in described.items()]


async def _read_long_state_texts(asking: Asking, described: dict[tuple[int, int], dict[int, Answer]]) -> None:
    """Read the state texts one by one of those points whose answer would not hold them all."""
    counts = {
        key: number
        for key, said in described.items()
        if STATE_TEXT in describing(key[0])
        and STATE_TEXT not in said
        and (number := _whole(said.get(NUMBER_OF_STATES))) is not None
        and number <= MOST_STATES
    }
    if not counts:
        return
    wants = [want(*key, STATE_TEXT, index) for key, number in counts.items() for index in range(1, number + 1)]
    gathered = await asking.gather(Asked(wants))
    texts = {result[:4]: text_of(result[4]) for result in gathered.results}
    for key, number in counts.items():
        described[key][STATE_TEXT] = Several(texts.get((*key, STATE_TEXT, index), "") for index in range(1, number + 1))


async def _told(asking: Asking, instance: int) -> Told:
    said: dict[int, Answer] = {}
    for which in (MAX_APDU_ACCEPTED, SEGMENTATION, SERVICES_SUPPORTED):
        try:
            said[which] = await asking.read_one(DEVICE, instance, which)
        except (RequestRefused, BadResponse):
            said[which] = None
    services = said[SERVICES_SUPPORTED]
    return Told(
        max_apdu=_whole(said[MAX_APDU_ACCEPTED]) or UNSAID_APDU,
        transmits_segments=_whole(said[SEGMENTATION]) in {0, 1},
        read_multiple=not isinstance(services, Bits) or bool(services.mask >> READ_MULTIPLE_BIT & 1),
    )


async def _list_one_by_one(asking: Asking, instance: int) -> list[Answer]:
    try:
        count = _whole(await asking.read_one(DEVICE, instance, OBJECT_LIST, 0))
    except RequestRefused as error:
        raise BadResponse(f"{asking.where}: its object list could not be read: {error}") from None
    if count is None or count > MOST_OBJECTS:
        raise BadResponse(
            f"{asking.where}: its object list has {count} objects; allowed: a number of at most {MOST_OBJECTS}"
        )
    gathered = await asking.gather(Asked(want(DEVICE, instance, OBJECT_LIST, index) for index in range(1, count + 1)))
    if gathered.failures:
        reason = next(iter(gathered.failures.values()))
        raise BadResponse(
            f"{asking.where}: {len(gathered.failures)} of {count} objects of its list could not be read: {reason}"
        )
    return [result[4] for result in gathered.results if not unusable(result[4])]


async def _whoever(asking: Asking) -> ObjectId | None:
    try:
        answer = await asking.read_one(DEVICE, WHOEVER, OBJECT_IDENTIFIER, retries=0)
    except BadResponse as error:  # it may answer under its own number, as 15.5.2 lets it
        try:
            answer = decode_result(error.raw)[4]
        except BadResponse:
            return None
    except (RequestRefused, RequestTimedOut):
        return None
    return answer if isinstance(answer, ObjectId) else None


def _mismatch(asking: Asking, found: ObjectId | None) -> DeviceMismatch:
    said = "has another instance" if found is None else f"is instance {found.instance}"
    return DeviceMismatch(f"{asking.where}: the device there {said}", found=None)


def _whole(answer: Answer) -> int | None:
    return int(answer) if isinstance(answer, int) and not isinstance(answer, bool) and answer >= 0 else None


def _serial(answer: Answer) -> int | None:
    """Give a serial that is a number, as Temco's are; other makers' tell apart only their own devices, some not even these."""
    if isinstance(answer, Constructed | Undecodable) or not re.fullmatch(r"[0-9]{1,10}", text_of(answer), re.ASCII):
        return None
    number = int(text_of(answer))
    return number if 0 < number < 2**32 else None


def _place(address: str) -> DeviceFacts:
    at = station(address)
    network, mac = network_of(at), bytes(at.addrAddr)
    if len(mac) == 6:
        host, port = ".".join(map(str, mac[:4])), int.from_bytes(mac[4:], "big")
        return DeviceFacts(bacnet_network=network, ip_address=host, port=port)
    return DeviceFacts(bacnet_network=network, bacnet_mstp_mac_id=mac[0] if len(mac) == 1 else None)
