"""Under which serial number each device of ours is shown in T3000's file, written there: so that what it left under another is found.

One row of T3000's own APPLICATION_CONFIG, under a key that names our database: `config_value` has "device_id:serial" for each. A device
whose number has changed while nobody filled the file (an exchanged panel) is known by it after the next start. Where the row, or that
table, is missing, nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import apsw

from t3actors.store.webview import config_row

_FORM = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_ALL = re.compile(rf"{_FORM.pattern}( {_FORM.pattern})*")
_SAYS = "which devices the t3actors gateway shows in this file; not a setting"


class Showing:
    """The row of one database of ours. Everything happens inside the caller's transaction."""

    def __init__(self, identity: str, *, has_table: bool) -> None:
        self._key = f"t3actors.shown.{identity}"
        self._has_table = has_table

    def read(self, connection: apsw.Connection) -> dict[int, int]:
        """Return the serial number of each device_id."""
        text = config_row.read(connection, self._key) if self._has_table else None
        if text is None or _ALL.fullmatch(text) is None:
            return {}
        return {int(device_id): int(serial) for device_id, serial in _FORM.findall(text)}

    def write(self, connection: apsw.Connection, serials: Mapping[int, int]) -> None:
        """Write what is shown now."""
        if self._has_table:
            text = " ".join(f"{device_id}:{serial}" for device_id, serial in sorted(serials.items()))
            config_row.write(connection, self._key, text, _SAYS)
