"""Reads the section `[store]`: where the database is, what a commit waits for, and how long history is kept."""

from __future__ import annotations

from pathlib import Path

from t3actors.config import Durability, Stamp, StoreConfig
from t3actors.configure import keys, webview
from t3actors.configure.durations import duration_s, duration_text, size_bytes
from t3actors.configure.faults import Place
from t3actors.configure.points import KEEP

LEAST_BUDGET = 20_000_000  # points, events and a day or two of a small building


def _budget(text: str) -> int:
    budget = size_bytes(text)
    if 0 < budget < LEAST_BUDGET:
        raise ValueError
    return budget


SECTION_KEYS: dict[str, keys.Key] = {
    "database": keys.path(),
    "durability": keys.one_of(Durability),
    "batch_rows": keys.whole(1, 200_000),
    "batch_age": keys.duration(0.01, 60),
    "recent": keys.duration(3600, 366 * 86400),
    "min_free": keys.size(),
    "webview": webview.TABLE,
    "budget": keys.Key(str, 'a size from "20MB", or "0B" for no limit but the disk', _budget),
    "raw": KEEP,
    "minutes": KEEP,
    "hours": KEEP,
    "stamp": keys.one_of(Stamp),
}


def read_section(raw: object, place: Place, data_dir: Path) -> StoreConfig:
    """Convert the section; the database lies in `data_dir` unless it says another place."""
    values = keys.read_table(raw, SECTION_KEYS, place)
    values["database"] = data_dir / values.get("database", StoreConfig().database)
    if "webview" in values:
        table = values.pop("webview")
        values["webview"] = webview.read_section(table, place.key("webview"), data_dir)
    fields = {
        "batch_age": "batch_age_s",
        "recent": "recent_s",
        "min_free": "min_free_bytes",
        "budget": "budget_bytes",
    }
    fields |= {name: f"{name}_s" for name in ("raw", "minutes", "hours")}
    if "stamp" in values:
        values["stamp_ms"] = round(duration_s(values.pop("stamp")) * 1000)
    store = StoreConfig(**{fields.get(name, name): value for name, value in values.items()})
    if 0 < store.raw_s < store.recent_s:
        place.key("raw").refuse(raw.get("raw"), f'at least recent, which is "{duration_text(store.recent_s)}"')  # type: ignore[attr-defined]
    return store
