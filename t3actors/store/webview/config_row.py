"""A row of ours in T3000's APPLICATION_CONFIG, read and written inside the caller's transaction."""

from __future__ import annotations

import apsw

_READ = "SELECT config_value FROM APPLICATION_CONFIG WHERE config_key = ?"
_UPDATE = "UPDATE APPLICATION_CONFIG SET config_value = ?2, updated_at = CURRENT_TIMESTAMP WHERE config_key = ?1"
_INSERT = "INSERT INTO APPLICATION_CONFIG (config_key, config_value, config_type, description, is_system) VALUES (?, ?, 'string', ?, 1)"


def read(connection: apsw.Connection, key: str) -> str | None:
    """Return the text under that key; None where there is none."""
    text = connection.execute(_READ, (key,)).get
    return text if isinstance(text, str) else None


def write(connection: apsw.Connection, key: str, text: str, says: str) -> None:
    """Write the text under that key. `says`: what a person who finds the row is to know."""
    connection.execute(_UPDATE, (key, text))
    if not connection.changes():
        connection.execute(_INSERT, (key, text, says))
