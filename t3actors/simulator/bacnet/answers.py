"""What an undisturbed device answers to one confirmed request: pure. It reads and nothing else; every write is refused.

A gateway asks for the same properties again and again: a ReadPropertyMultiple request is decoded once and its plan
kept, which is what lets one core stand for hundreds of devices. SubscribeCOV has state and is answered elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.apdu import Kind, Request
from t3actors.simulator.bacnet.device import SimulatedDevice
from t3actors.simulator.bacnet.objects import PropertyRefused, SimulatedObject
from t3actors.simulator.bacnet.requests import (
    TEMCO_HEADER,
    Asked,
    decode_private_transfer,
    decode_read_property,
    decode_read_property_multiple,
    decode_read_range,
)
from t3actors.simulator.bacnet.tags import BadEncoding
from t3actors.simulator.bacnet.trend_log import TrendLog
from t3actors.simulator.bacnet.words import (
    PRIVATE_VENDOR,
    Confirmed,
    ErrorClass,
    ErrorCode,
    ObjectType,
    Property,
    Rejected,
)

READ_SETTING = 98  # Temco's commands: reading below 100, writing from there on
FIRST_WRITING_COMMAND = 100
PRIVATE_SERVICE = 1
READ_ACCESS_DENIED, PROPERTY_IS_NOT_A_LIST = 27, 22  # error codes (clause 18)
MOST_PLANS = 64
ROOM_FOR_ALL = 1 << 20
RANGE_HEADER = 40  # what a ReadRange answer needs beside its items, at most

_DENIED = tags.enumerated(ErrorClass.PROPERTY) + tags.enumerated(ErrorCode.WRITE_ACCESS_DENIED)
_NOT_HERE = tags.enumerated(ErrorClass.SERVICES) + tags.enumerated(ErrorCode.SERVICE_REQUEST_DENIED)
_FIRST_ELEMENT = tags.wrapped(0, _DENIED) + tags.unsigned(1, 1)
WRITE_ERRORS: dict[
    int, bytes
] = {  # every confirmed service that may change a device, and the error that refuses it in its own form
    Confirmed.ACKNOWLEDGE_ALARM: _NOT_HERE,
    Confirmed.ATOMIC_WRITE_FILE: _NOT_HERE,
    Confirmed.ADD_LIST_ELEMENT: _FIRST_ELEMENT,
    Confirmed.REMOVE_LIST_ELEMENT: _FIRST_ELEMENT,
    Confirmed.CREATE_OBJECT: _FIRST_ELEMENT,
    Confirmed.DELETE_OBJECT: _NOT_HERE,
    Confirmed.WRITE_PROPERTY: _DENIED,
    Confirmed.WRITE_PROPERTY_MULTIPLE: tags.wrapped(0, _DENIED)
    + tags.wrapped(1, tags.object_id(0, 0) + tags.enumerated(Property.PRESENT_VALUE, 1)),
    Confirmed.DEVICE_COMMUNICATION_CONTROL: _NOT_HERE,
    Confirmed.TEXT_MESSAGE: _NOT_HERE,
    Confirmed.REINITIALIZE_DEVICE: _NOT_HERE,
    Confirmed.LIFE_SAFETY_OPERATION: _NOT_HERE,
}
_ENDS_VALUE, _ENDS_OBJECT = tags.closing(4), tags.closing(1)


class Outcome(NamedTuple):
    """How a request ends: `code` is a reject's or abort's reason; `properties` is how much was asked for."""

    kind: Kind
    data: bytes = b""
    code: int = 0
    properties: int = 1
    is_write: bool = False


class _Step(NamedTuple):
    """One property of a plan: what comes before it on the wire, and where to read it; no object: `error`."""

    before: bytes
    found: SimulatedObject | None
    property_id: int
    array_index: int | None
    error: bytes = b""


class Answers:
    """Answers for one device."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._plans: dict[bytes, list[_Step]] = {}
        self._plans_of: tuple[int, int] = (-1, -1)

    def answer(self, request: Request, serial_number: int) -> Outcome:
        """Answer one whole request. Never raises for what the request holds."""
        try:
            return self._served(request, serial_number)
        except BadEncoding:
            return Outcome(Kind.REJECT, code=Rejected.INVALID_TAG)
        except PropertyRefused as refused:
            return Outcome(Kind.ERROR, _error(refused.error_class, refused.code))

    def _served(self, request: Request, serial_number: int) -> Outcome:
        if request.service == Confirmed.READ_PROPERTY_MULTIPLE and self._device.abilities.rpm:
            return self._read_multiple(request.data)
        if request.service == Confirmed.READ_PROPERTY:
            return self._read(decode_read_property(request.data))
        if request.service == Confirmed.READ_RANGE:
            return self._read_range(request)
        if request.service == Confirmed.PRIVATE_TRANSFER:
            return self._private(request.data, serial_number)
        if request.service in WRITE_ERRORS:
            return Outcome(Kind.ERROR, WRITE_ERRORS[request.service], is_write=True)
        return Outcome(Kind.REJECT, code=Rejected.UNRECOGNIZED_SERVICE)

    def _read(self, asked: Asked) -> Outcome:
        if asked.property_id in {Property.ALL, Property.REQUIRED, Property.OPTIONAL}:
            raise PropertyRefused(ErrorClass.PROPERTY, ErrorCode.UNKNOWN_PROPERTY)
        found, object_id = self._found(asked.object_id)
        if isinstance(found, TrendLog) and asked.property_id == Property.LOG_BUFFER:
            return Outcome(Kind.ERROR, _error(ErrorClass.PROPERTY, READ_ACCESS_DENIED))
        value = found.read(asked.property_id, asked.array_index)
        return Outcome(Kind.COMPLEX_ACK, _echo(asked._replace(object_id=object_id)) + tags.wrapped(3, value))

    def _read_multiple(self, data: bytes) -> Outcome:
        current = (self._device.database_revision, self._device.claimed_instance)
        if current != self._plans_of:
            self._plans.clear()
            self._plans_of = current
        plan = self._plans.get(data)
        if plan is None:
            plan = self._planned(data)
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            self._plans[data] = plan
        parts = []
        for before, found, property_id, index, error in plan:
            parts.append(before)
            if found is None:
                parts.append(error)
                continue
            try:
                value = found.read(property_id, index)
            except PropertyRefused as refused:
                parts.append(tags.wrapped(5, _error(refused.error_class, refused.code)))
            else:
                parts += (b"\x4e", value, _ENDS_VALUE)
        parts.append(_ENDS_OBJECT)
        return Outcome(Kind.COMPLEX_ACK, b"".join(parts), properties=len(plan))

    def _planned(self, data: bytes) -> list[_Step]:
        steps: list[_Step] = []
        closes = b""
        for wanted, references in decode_read_property_multiple(data):
            error = b""
            found: SimulatedObject | None = None
            object_id = wanted
            try:
                found, object_id = self._found(wanted)
            except PropertyRefused as refused:
                error = tags.wrapped(5, _error(refused.error_class, refused.code))
            before = closes + tags.object_id(object_id, 0) + tags.opening(1)
            for reference, index in references:
                for property_id in found.expand(reference) if found else [reference]:
                    before += tags.unsigned(property_id, 2) + (b"" if index is None else tags.unsigned(index, 3))
                    steps.append(_Step(before, found, property_id, index, error))
                    before = b""
            closes = before + _ENDS_OBJECT
        if not steps:
            raise BadEncoding("nothing was asked for")
        return steps

    def _read_range(self, request: Request) -> Outcome:
        wanted = decode_read_range(request.data)
        found, object_id = self._found(wanted.asked.object_id)
        if not isinstance(found, TrendLog) or wanted.asked.property_id != Property.LOG_BUFFER:
            found.read(wanted.asked.property_id)
            return Outcome(Kind.ERROR, _error(ErrorClass.SERVICES, PROPERTY_IS_NOT_A_LIST))
        able = self._device.abilities
        whole = able.segmentation.transmits and request.accepts_segments
        room = ROOM_FOR_ALL if whole else min(able.max_apdu, request.max_apdu) - RANGE_HEADER
        items, flags, count, sequence = found.stretch(wanted, room)
        data = _echo(wanted.asked._replace(object_id=object_id)) + flags + tags.unsigned(count, 4)
        data += tags.wrapped(5, items) + (b"" if sequence is None else tags.unsigned(sequence, 6))
        return Outcome(Kind.COMPLEX_ACK, data)

    def _private(self, data: bytes, serial_number: int) -> Outcome:
        asked = decode_private_transfer(data)
        is_write = asked.command >= FIRST_WRITING_COMMAND
        served = (PRIVATE_VENDOR, PRIVATE_SERVICE, READ_SETTING)
        identity = tags.unsigned(asked.vendor, 0) + tags.unsigned(asked.service, 1)
        known = (asked.vendor, asked.service, asked.command) == served
        if not known or not self._device.abilities.private_transfer:
            refusal = tags.wrapped(0, _NOT_HERE) + tags.unsigned(asked.vendor, 1) + tags.unsigned(asked.service, 2)
            return Outcome(Kind.ERROR, refusal, is_write=is_write)
        block = self._device.settings(serial_number)
        length = TEMCO_HEADER.size + len(block)
        header = TEMCO_HEADER.pack(length, asked.command, asked.first, asked.last, asked.entity_size)
        return Outcome(Kind.COMPLEX_ACK, identity + tags.wrapped(2, tags.octets(header + block)))

    def _found(self, object_id: int) -> tuple[SimulatedObject, int]:
        found = self._device.object(object_id)
        is_device = found.object_type is ObjectType.DEVICE
        return found, self._device.device_id if is_device else object_id


def _error(error_class: int, code: int) -> bytes:
    return tags.enumerated(error_class) + tags.enumerated(code)


def _echo(asked: Asked) -> bytes:
    index = b"" if asked.array_index is None else tags.unsigned(asked.array_index, 2)
    return tags.object_id(asked.object_id, 0) + tags.unsigned(asked.property_id, 1) + index
