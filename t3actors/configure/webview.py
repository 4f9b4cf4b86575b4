"""`[store.webview]`: T3000's own database, kept filled for its web front end. Nothing is looked up but what two paths lead to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from t3actors.config import WebviewConfig
from t3actors.configure import keys
from t3actors.configure.durations import SIZE_FORM, size_bytes
from t3actors.configure.faults import Place

LEAST_OUTBOX = 10_000_000  # a minute of the highest rates: so long a delivered batch stays there


def _outbox(text: str) -> int:
    size = size_bytes(text)
    if size < LEAST_OUTBOX:
        raise ValueError
    return size


TABLE = keys.Key(dict[str, Any], "a table [store.webview]")
SECTION_KEYS: dict[str, keys.Key] = {
    "database": keys.needed(keys.path()),
    "busy_timeout": keys.duration(0.1, 10),
    "outbox": keys.Key(str, f'a size of at least "10MB", {SIZE_FORM}', _outbox),
}
_FIELDS = {"busy_timeout": "busy_timeout_s", "outbox": "outbox_bytes"}


def read_section(raw: object, place: Place, data_dir: Path) -> WebviewConfig | None:
    """Convert `[store.webview]`."""
    values = keys.read_table(raw, SECTION_KEYS, place)
    if "database" not in values:
        return None
    values["database"] = Path(os.path.abspath(data_dir / values["database"]))
    return WebviewConfig(**{_FIELDS.get(name, name): value for name, value in values.items()})
