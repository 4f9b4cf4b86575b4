"""A BACnet object as a server holds it: properties that are already encoded, or are encoded when asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.words import ErrorClass, ErrorCode, ObjectType, Property

Encoded = bytes | tuple[bytes, ...]  # a tuple is an array, an element each
Source = Encoded | Callable[[], Encoded]

NORMAL = tags.enumerated(0)  # event-state normal; reliability no-fault-detected; notify-type alarm; polarity normal
NO_FLAGS = tags.bits((False, False, False, False))
NO = tags.boolean(False)
YES = tags.boolean(True)
ALL_TRANSITIONS = tags.bits((True, True, True))
UNDECODABLE = b"\x43\x41\xac\x00"  # a REAL of three bytes: well framed, and no value
UNFRAMED = b"\x45\xfe\xff\xff"  # a REAL that announces 65,535 bytes: nothing that follows it can be found

NEVER_LISTED = frozenset(  # clause 12.11.x: Property_List names neither these nor itself
    {Property.OBJECT_IDENTIFIER, Property.OBJECT_NAME, Property.OBJECT_TYPE, Property.PROPERTY_LIST}
)
OPTIONAL = frozenset(
    {
        Property.ACTIVE_COV_SUBSCRIPTIONS, Property.ACTIVE_TEXT, Property.COV_INCREMENT, Property.DESCRIPTION,
        Property.EXCEPTION_SCHEDULE, Property.INACTIVE_TEXT, Property.LOCAL_DATE, Property.LOCAL_TIME,
        Property.LOG_DEVICE_OBJECT_PROPERTY, Property.LOG_INTERVAL, Property.MAX_SEGMENTS_ACCEPTED, Property.RELIABILITY,
        Property.SERIAL_NUMBER, Property.STATE_TEXT, Property.WEEKLY_SCHEDULE,
    }
)  # fmt: skip


class PropertyRefused(Exception):
    """This property cannot be read: the device's error class and code."""

    def __init__(self, error_class: ErrorClass, code: int) -> None:
        super().__init__(error_class, code)
        self.error_class = error_class
        self.code = code


class SimulatedObject:
    """One object: its identifier, its name, its properties."""

    __slots__ = ("_spoilt", "instance", "name", "object_id", "object_type", "properties")

    def __init__(self, object_type: ObjectType, instance: int, name: str, encoded_name: bytes = b"") -> None:
        self.object_type = object_type
        self.instance = instance
        self.name = name
        self.object_id = object_type << 22 | instance
        self._spoilt: dict[int, bytes | PropertyRefused] = {}
        self.properties: dict[int, Source] = {
            Property.OBJECT_IDENTIFIER: tags.object_id(self.object_id),
            Property.OBJECT_NAME: encoded_name or tags.text(name),
            Property.OBJECT_TYPE: tags.enumerated(object_type),
        }

    def read(self, property_id: int, index: int | None = None) -> bytes:
        """Give a property as it travels. **Raises**: PropertyRefused."""
        if property_id in self._spoilt:
            return _of_spoilt(self._spoilt[property_id])
        source = self._source(property_id)
        value = source() if callable(source) else source
        if index is None:
            return value if isinstance(value, bytes) else b"".join(value)
        if isinstance(value, bytes):
            raise PropertyRefused(ErrorClass.PROPERTY, ErrorCode.PROPERTY_IS_NOT_AN_ARRAY)
        if index == 0:
            return tags.unsigned(len(value))
        if index > len(value):
            raise PropertyRefused(ErrorClass.PROPERTY, ErrorCode.INVALID_ARRAY_INDEX)
        return value[index - 1]

    def expand(self, property_id: int) -> list[int]:
        """Give what "all", "required" and "optional" stand for here; any other property stands for itself."""
        if property_id == Property.ALL:
            return list(self.properties)
        if property_id == Property.REQUIRED:
            return [each for each in self.properties if each not in OPTIONAL]
        if property_id == Property.OPTIONAL:
            return [each for each in self.properties if each in OPTIONAL]
        return [property_id]

    def spoil(self, property_id: int, instead: bytes | PropertyRefused = UNDECODABLE) -> None:
        """Answer this property from now on with bytes that are no value, or with an error."""
        self._spoilt[property_id] = instead

    def heal(self) -> None:
        """Answer every property truthfully again."""
        self._spoilt.clear()

    def _source(self, property_id: int) -> Source:
        source = self.properties.get(property_id)
        if source is not None:
            return source
        if property_id == Property.PROPERTY_LIST:
            return tuple(tags.enumerated(each) for each in self.properties if each not in NEVER_LISTED)
        raise PropertyRefused(ErrorClass.PROPERTY, ErrorCode.UNKNOWN_PROPERTY)


def _of_spoilt(instead: bytes | PropertyRefused) -> bytes:
    if isinstance(instead, PropertyRefused):
        raise PropertyRefused(instead.error_class, instead.code)
    return instead
