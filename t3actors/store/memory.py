"""What drivers learned of their devices, and which devices were discovered: kept for the next start."""

from __future__ import annotations

import apsw

from t3actors.installations import KEY, panel_name, serials_kept
from t3actors.messages import DeviceLearned
from t3actors.points import DeviceStatus
from t3actors.questions import Remembered
from t3actors.store.tally import Tally

_LEARN = (
    "INSERT INTO device_memory (device_id, key, value, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (device_id, key)"
    " DO UPDATE SET (value, updated_at) = (excluded.value, excluded.updated_at) WHERE value IS NOT excluded.value"
)
_UNLEARN = "DELETE FROM device_memory WHERE device_id = ? AND key = ?"
_LEARNED = "SELECT m.key, m.value FROM device_memory m JOIN DEVICES d ON d.device_id = m.device_id WHERE d.name = ?"
_PANELS = "SELECT d.name, m.value FROM device_memory m JOIN DEVICES d ON d.device_id = m.device_id WHERE m.key = ? ORDER BY d.device_id"
_REMEMBERED = (  # who is in conflict over a serial number is no rival for an instance: that conflict is the store's to end
    "SELECT name, address, object_instance, bacnet_network, vendor_id,"
    " CASE WHEN claimed_serial IS NULL THEN status ELSE 'offline' END FROM DEVICES"
    " WHERE discovered AND object_instance IS NOT NULL ORDER BY device_id"
)


def write(tally: Tally, learned: DeviceLearned, at_ms: int) -> None:
    """Keep what was learned, or forget it. **Raises**: RowRefused."""
    device = tally.known.devices.get(learned.device)
    if device is None:
        return
    if learned.value is None:
        tally.connection.execute(_UNLEARN, (device.device_id, learned.key))
    else:
        tally.connection.execute(_LEARN, (device.device_id, learned.key, learned.value, at_ms))
    tally.count("rows", tally.connection.changes())


def learned_of(connection: apsw.Connection, device: str) -> dict[str, bytes]:
    """Return what is kept of a device; nothing for one that is not known."""
    return dict(connection.execute(_LEARNED, (device,)))


def remembered(connection: apsw.Connection) -> tuple[Remembered, ...]:
    """Return the devices that were discovered and not forgotten, the first one first."""
    return tuple(
        Remembered(
            name=name,
            address=address,
            instance=instance,
            network=network,
            vendor_id=vendor_id,
            status=DeviceStatus(status),
        )
        for name, address, instance, network, vendor_id, status in connection.execute(_REMEMBERED)
    )


def panels(connection: apsw.Connection) -> list[str]:
    """Return the names of the panels that installations remember."""
    return [
        panel_name(installation, serial)
        for installation, value in connection.execute(_PANELS, (KEY,))
        for serial in serials_kept(value)
    ]
