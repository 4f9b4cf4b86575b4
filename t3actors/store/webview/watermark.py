"""How far the outbox is in T3000's file, written there in the same transaction as the rows themselves.

So what was committed just before a kill is not written again, and what was not is. One row of T3000's own APPLICATION_CONFIG,
under a key that names our database: `config_value` has for each opening of it ("stream") the last row of the outbox, and how many of
that row's changes. A power cut that takes commits back takes the mark back with them.

Where the row is missing (a new file, somebody tidied up, a file without that table), nothing is known: then a trend row is
written only where no equal one is.
"""

from __future__ import annotations

import re

import apsw

from t3actors.store.webview import config_row

_SAYS = "how far the t3actors gateway has filled this file; not a setting"
_FORM = re.compile(r"([0-9a-f]{1,16}):([0-9]{1,18})\+([0-9]{1,9})")

_ALL = re.compile(rf"{_FORM.pattern}( {_FORM.pattern})*")

Place = tuple[int, int]
"""An id of the outbox, and how many of its changes are in."""


class Watermark:
    """The row of one database of ours. Everything happens inside the caller's transaction."""

    def __init__(self, identity: str, *, has_table: bool) -> None:
        self._key = f"t3actors.outbox.{identity}"
        self._has_table = has_table

    def read(self, connection: apsw.Connection) -> dict[int, Place] | None:
        """Return the place reached in each stream; None when nothing is known."""
        if not self._has_table:
            return None
        text = config_row.read(connection, self._key)
        if text is None or _ALL.fullmatch(text) is None:
            return None
        return {int(stream, 16): (int(id_), int(done)) for stream, id_, done in _FORM.findall(text)}

    def write(self, connection: apsw.Connection, places: dict[int, Place]) -> None:
        """Write the places reached."""
        if not self._has_table:
            return
        text = " ".join(f"{stream:x}:{id_}+{done}" for stream, (id_, done) in places.items())
        config_row.write(connection, self._key, text, _SAYS)
