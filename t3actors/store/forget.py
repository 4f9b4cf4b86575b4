"""Forgets discovered devices, for the command line while no gateway runs: its caller holds the lock of the data directory.

What is forgotten is that it was found, and what its driver learned of it: the next start does not poll it. A panel of a T3000 is
one too: its installation remembers it. Its rows and its history stay. A BACnet device that was announced on the network and never
answered has none: `forget_never_online` takes its row in DEVICES away. The file is left as a clean stop leaves it: the WAL folded in
and empty, and nothing said of how the last gateway ended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from t3actors.errors import StoreUnreachable
from t3actors.installations import KEY, kept, serials_kept, split_name
from t3actors.points import DeviceStatus, Status
from t3actors.store import devices
from t3actors.store.connection import make_durable, open_for_writing
from t3actors.store.known import Known
from t3actors.store.memory import learned_of
from t3actors.store.migrate import migrate, schema_files, schema_of
from t3actors.store.sqlite_errors import translated
from t3actors.store.tally import Tally

SINCE_SCHEMA = 2
REASON = "forgotten"

_FIND = "SELECT 1 FROM DEVICES WHERE name = ? AND discovered"
_FORGET = (
    "UPDATE DEVICES SET discovered = 0, claimed_serial = NULL, status = ?1, status_reason = ?2, updated_at = ?3,"
    " status_at = CASE status WHEN ?1 THEN status_at ELSE ?3 END WHERE device_id = ?4"
)
_REMEMBER = (
    "UPDATE device_memory SET value = ? WHERE key = ? AND device_id = (SELECT device_id FROM DEVICES WHERE name = ?)"
)
_UNLEARN = "DELETE FROM device_memory WHERE device_id = ?"
_NEVER_ONLINE = (  # only discovery gives such names
    "SELECT device_id, name FROM DEVICES d WHERE protocol = 'bacnet' AND name LIKE 'bacnet:%' AND last_ok_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM POINTS p WHERE p.device_id = d.device_id)"
    " AND NOT EXISTS (SELECT 1 FROM series_groups g WHERE g.device_id = d.device_id) ORDER BY device_id"
)
_TRACES = (_UNLEARN, "DELETE FROM EVENTS WHERE device_id = ?", "DELETE FROM DEVICES WHERE device_id = ?")

T = TypeVar("T")


def forget(path: Path, name: str, now_ms: int) -> bool:
    """Forget the discovered device of this name, or the panel. **Returns**: False, and nothing has changed, when there is none.

    **Raises**: StoreUnreachable where no database lies or it is not ours, SchemaTooNew, StoreBusy while another program
    writes to it, StoreDamaged, StoreFull.
    """

    def one(connection: apsw.Connection) -> bool:
        panels = _panels_but(connection, name)
        if panels is None and not _is_discovered(connection, name):
            return False
        with connection:
            if panels is not None:
                connection.execute(_REMEMBER, panels)
            _forget(connection, name, now_ms)
        return True

    return _changed(path, one, nothing=False)


def forget_never_online(path: Path) -> tuple[str, ...]:
    """Take away the devices that were found and never answered, rows and events. **Returns**: their names. **Raises**: as `forget`."""

    def all_of_them(connection: apsw.Connection) -> tuple[str, ...]:
        found = list(connection.execute(_NEVER_ONLINE))
        with connection:
            for statement in _TRACES:
                connection.executemany(statement, ((device_id,) for device_id, _ in found))
        return tuple(name for _, name in found)

    return _changed(path, all_of_them, nothing=())


def _changed(path: Path, change: Callable[[apsw.Connection], T], *, nothing: T) -> T:
    """Open the file, change it, and leave it as a clean stop does. `nothing`: for a file in which nobody was discovered."""
    if schema_of(path, schema_files()[-1].number) < SINCE_SCHEMA:
        if not path.exists():
            raise StoreUnreachable(f"{path}: no such database")
        return nothing  # written by a version that discovered nothing; the next start brings it up to date
    connection = open_for_writing(path)
    try:
        make_durable(connection, path, "full")
        migrate(connection, path)
        with translated(path, connection):
            made = change(connection)
            if made:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            return made
    finally:
        connection.close(True)


def _is_discovered(connection: apsw.Connection, name: str) -> bool:
    try:
        return connection.execute(_FIND, (name,)).get is not None
    except UnicodeEncodeError:  # typed on a terminal that does not speak UTF-8: no device has such a name
        return False


def _panels_but(connection: apsw.Connection, name: str) -> tuple[bytes, str, str] | None:
    """Return what is to be kept of which installation once this panel is forgotten; None where it remembers no such panel."""
    panel = split_name(name)
    if panel is None:
        return None
    installation, serial = panel
    try:
        learned = learned_of(connection, installation)
    except UnicodeEncodeError:  # as above
        return None
    serials = serials_kept(learned.get(KEY, b""))
    if serial not in serials:
        return None
    return kept(each for each in serials if each != serial), KEY, installation


def _forget(connection: apsw.Connection, name: str, now_ms: int) -> None:
    known = Known(connection)
    tally = Tally(connection, known)
    device = known.devices.get(name)
    if device is None:  # a panel of which nothing but its number was ever kept
        return
    for point in device.rows.values():
        if point.status is not Status.DISABLED:
            devices.set_point_status(tally, point, Status.DISABLED, REASON, now_ms)
    connection.execute(_FORGET, (DeviceStatus.DISABLED, REASON, now_ms, device.device_id))
    connection.execute(_UNLEARN, (device.device_id,))
    tally.add_events(
        [(now_ms, device.device_id, None, "device.forgotten", device.status, DeviceStatus.DISABLED, REASON)]
    )
