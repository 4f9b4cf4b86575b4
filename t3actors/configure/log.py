"""`[log]`: where the log goes, and how large its files may grow."""

from __future__ import annotations

from pathlib import Path

from t3actors.config import LogConfig, LogLevel
from t3actors.configure import keys
from t3actors.configure.durations import SIZE_FORM, size_bytes
from t3actors.configure.faults import Place

LEAST_BYTES = 100_000


def _file_size(text: str) -> int:
    size = size_bytes(text)
    if size < LEAST_BYTES:
        raise ValueError
    return size


SECTION_KEYS: dict[str, keys.Key] = {
    "level": keys.one_of(LogLevel),
    "stdout": keys.flag(),
    "file": keys.path(),
    "file_size": keys.Key(str, f'a size from "100kB", {SIZE_FORM}', _file_size),
    "file_count": keys.whole(1, 100),
    "t3_web_log": keys.path(),
    "t3_web_log_size": keys.size(100_000),
}


def read_section(raw: object, place: Place, data_dir: Path) -> LogConfig:
    """Convert `[log]`; paths in it are seen from `data_dir`."""
    values = keys.read_table(raw, SECTION_KEYS, place)
    if values.get("stdout") is False and "file" not in values:
        place.key("file").say("missing; needed: a path, since stdout is false and the log would go nowhere")
    for name in ("file", "t3_web_log"):
        if name in values:
            values[name] = data_dir / values[name]
    fields = {"file_size": "file_size_bytes", "t3_web_log_size": "t3_web_log_size_bytes"}
    return LogConfig(**{fields.get(name, name): value for name, value in values.items()})
