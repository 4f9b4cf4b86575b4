"""One simulated BACnet device: its objects, its identity, and the truth about its points. Pure: no clock, no socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.abilities import Abilities
from t3actors.simulator.bacnet.objects import NORMAL, PropertyRefused, SimulatedObject
from t3actors.simulator.bacnet.point_objects import PointObject
from t3actors.simulator.bacnet.trend_log import TrendLog
from t3actors.simulator.bacnet.words import (
    LARGEST_INSTANCE,
    TEMCO,
    WILDCARD_INSTANCE,
    ErrorClass,
    ErrorCode,
    ObjectType,
    Property,
    object_identifier,
)

LARGEST_TYPE = 60  # bits of Protocol_Object_Types_Supported
DEVICE_BITS = ObjectType.DEVICE << 22
EPOCH_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z: where a device's clock starts unless told otherwise
SETTING_LENGTH = 400
PANEL_NAME_AT, PANEL_NUMBER_AT, SERIAL_AT, INSTANCE_AT = 52, 73, 177, 198  # T3000 CM5/ud_str.h, Str_Setting_Info
PANEL_NAME_LENGTH = 20


class SimulatedDevice:
    """A device that answers reads; `points` are what moves.

    **Raises**: ValueError for an instance that is none.
    """

    def __init__(
        self, instance: int, name: str, vendor: int, serial_number: int, abilities: Abilities,
        *, model: str = "Simulated", panel_number: int = 1, at_s: float = EPOCH_S,
    ) -> None:  # fmt: skip
        _check_instance(instance)
        self.instance = instance
        self.name = name
        self.vendor = vendor
        self.serial_number = serial_number
        self.panel_number = panel_number
        self.abilities = abilities
        self.at_s = at_s
        self.database_revision = 1
        self.objects: dict[int, SimulatedObject] = {}
        self.points: dict[str, PointObject] = {}
        self.active_subscriptions: Callable[[], bytes] = bytes
        self._claimed: int | None = None
        self._logs: list[TrendLog] = []
        self._moving: list[PointObject] = []
        self._identity = SimulatedObject(ObjectType.DEVICE, instance, name)
        self._describe(model)

    # -- identity

    @property
    def claimed_instance(self) -> int:
        """The instance it says is its own."""
        return self.instance if self._claimed is None else self._claimed

    def claim(self, instance: int | None) -> None:
        """Say from now on that this is the instance; None for the truth."""
        if instance is not None:
            _check_instance(instance)
        self._claimed = instance
        self._identity.properties[Property.OBJECT_IDENTIFIER] = tags.object_id(self.device_id)

    @property
    def device_id(self) -> int:
        """The identifier of its device object."""
        return object_identifier(ObjectType.DEVICE, self.claimed_instance)

    def settings(self, serial_number: int) -> bytes:
        """Give the settings block a Temco panel sends for command 98."""
        block = bytearray(SETTING_LENGTH)
        name = self.name.encode("ascii", "replace")[: PANEL_NAME_LENGTH - 1]
        block[PANEL_NAME_AT : PANEL_NAME_AT + len(name)] = name
        block[PANEL_NUMBER_AT] = self.panel_number
        block[SERIAL_AT : SERIAL_AT + 4] = serial_number.to_bytes(4, "little")
        block[INSTANCE_AT : INSTANCE_AT + 4] = self.claimed_instance.to_bytes(4, "little")
        return bytes(block)

    # -- objects

    def add(self, added: SimulatedObject) -> None:
        """Put an object in; its identifier must be free."""
        if added.object_id in self.objects:
            raise ValueError(f"{self.name}: object {added.object_type.name} {added.instance} is there already")
        self.objects[added.object_id] = added
        if isinstance(added, PointObject):
            self.points[added.point_id] = added
            if added.moves:
                self._moving.append(added)
        elif isinstance(added, TrendLog):
            self._logs.append(added)

    def change_objects(self, added: SimulatedObject) -> None:
        """Put an object in while running, which raises the database revision."""
        self.add(added)
        self.database_revision += 1

    def object(self, object_id: int) -> SimulatedObject:
        """Find an object, the device object under the wildcard instance too. **Raises**: PropertyRefused."""
        found = self.objects.get(object_id)
        if found is not None:
            return found
        if object_id in {self.device_id, DEVICE_BITS | WILDCARD_INSTANCE}:
            return self._identity
        raise PropertyRefused(ErrorClass.OBJECT, ErrorCode.UNKNOWN_OBJECT)

    def point(self, point_id: str) -> PointObject:
        """Find a point. **Raises**: ValueError for one that is not here."""
        if point_id not in self.points:
            ids = ", ".join(self.points) or "none"
            raise ValueError(f"{self.name} has no point {point_id!r}; its points are {ids}")
        return self.points[point_id]

    # -- the truth, for whoever tests against it

    def value(self, point_id: str) -> float:
        """Give a point's value in its own unit; a state is its number."""
        return self.point(point_id).value

    def set(self, point_id: str, value: float) -> None:
        """Hold a point at a value, until `release`."""
        self.point(point_id).set(value)

    def release(self, point_id: str) -> None:
        """Let a held point move again."""
        self.point(point_id).release()

    # -- time

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass in the building."""
        self.at_s += seconds
        for point in self._moving:
            if not point.held:
                point.raw = point.signal.advance(seconds)
        for log in self._logs:
            log.advance_to(self.at_s)

    # -- inside

    def _describe(self, model: str) -> None:
        able = self.abilities
        types = sorted(ObjectType)
        self._identity.properties |= {
            Property.OBJECT_IDENTIFIER: tags.object_id(self.device_id),
            Property.SYSTEM_STATUS: NORMAL,
            Property.VENDOR_NAME: tags.text("Temco Controls" if self.vendor == TEMCO else "Simulated Controls"),
            Property.VENDOR_IDENTIFIER: tags.unsigned(self.vendor),
            Property.MODEL_NAME: tags.text(model),
            Property.FIRMWARE_REVISION: tags.text("64.3"),
            Property.APPLICATION_SOFTWARE_VERSION: tags.text("1.0"),
            Property.DESCRIPTION: tags.text(f"Simulated device {self.instance}"),
            Property.PROTOCOL_VERSION: tags.unsigned(1),
            Property.PROTOCOL_REVISION: tags.unsigned(14),
            Property.PROTOCOL_SERVICES_SUPPORTED: tags.bits(able.services),
            Property.PROTOCOL_OBJECT_TYPES_SUPPORTED: tags.bits(each in types for each in range(LARGEST_TYPE)),
            Property.OBJECT_LIST: self._object_list,
            Property.MAX_APDU_LENGTH_ACCEPTED: tags.unsigned(able.max_apdu),
            Property.SEGMENTATION_SUPPORTED: tags.enumerated(able.segmentation),
            Property.LOCAL_DATE: lambda: tags.moment(self.at_s)[:5],
            Property.LOCAL_TIME: self._local_time,
            Property.APDU_TIMEOUT: tags.unsigned(3000),
            Property.NUMBER_OF_APDU_RETRIES: tags.unsigned(3),
            Property.DEVICE_ADDRESS_BINDING: b"",
            Property.DATABASE_REVISION: lambda: tags.unsigned(self.database_revision),
        }
        if able.segmentation.transmits or able.segmentation.receives:
            self._identity.properties[Property.APDU_SEGMENT_TIMEOUT] = tags.unsigned(2000)
            self._identity.properties[Property.MAX_SEGMENTS_ACCEPTED] = tags.unsigned(64)
        if able.cov_slots:
            self._identity.properties[Property.ACTIVE_COV_SUBSCRIPTIONS] = self._subscriptions

    def _subscriptions(self) -> bytes:
        return self.active_subscriptions()

    def _object_list(self) -> tuple[bytes, ...]:
        return tuple(map(tags.object_id, (self.device_id, *self.objects)))

    def _local_time(self) -> bytes:
        when = datetime.fromtimestamp(self.at_s, UTC)
        return tags.time(when.hour, when.minute, when.second)


def _check_instance(instance: int) -> None:
    if not 0 <= instance <= LARGEST_INSTANCE:
        raise ValueError(f"instance: saw {instance}, allowed is 0 to {LARGEST_INSTANCE}")
