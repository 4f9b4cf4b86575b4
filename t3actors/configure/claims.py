"""Gathers the files that a configuration names, by key, and says at its place which key names another one's. Called by file.py."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from t3actors.config import CREDENTIAL, Config
from t3actors.configure import api
from t3actors.configure.apart import (
    DATA_DIR_FILES,
    OLD_LOGS,
    SEED_LOGS,
    Claim,
    clashes,
    database_files,
    rotated,
)
from t3actors.configure.faults import Place, shown_path
from t3actors.configure.gathered import Gathered

CONFIGURATION = "the configuration itself"


def refuse_same_files(gathered: Gathered, config: Config) -> None:
    """Add a fault for each pair of keys that name the same file."""
    for clash in clashes(tuple(_claims(gathered, config))):
        section, _, key = clash.key.partition(".")
        place, raw = gathered.section(section)
        value: object = raw
        for name in key.split("."):
            place, value = place.key(name), value.get(name) if isinstance(value, dict) else None
        if value is None:  # its default
            place, value = Place(gathered.faults, place.file or gathered.files_read[0], place.path), clash.path
        place.refuse(value, f"another place than that of {clash.other} ({shown_path(clash.path)})")


def _claims(gathered: Gathered, config: Config) -> Iterator[Claim]:
    """Give what was there first, first: the later of two is told to go elsewhere."""
    data_dir, store, log = config.gateway.data_dir, config.store, config.log
    yield Claim(key=CONFIGURATION, paths=_real(gathered.files_read), writes=False)
    yield Claim(key="gateway.data_dir", paths=_real(data_dir / name for name in DATA_DIR_FILES))
    yield Claim(key="store.database", paths=_real(database_files(os.path.realpath(store.database))))
    for name in api.FILES:
        file = getattr(config.api, name)
        if file and not file.startswith(CREDENTIAL):
            yield Claim(key=f"api.{name}", paths=_real([file]), writes=False)
    if store.webview is not None:
        of_t3000 = database_files(os.path.realpath(store.webview.database))
        yield Claim(key="store.webview.database", paths=_real(of_t3000))
    if log.file is not None:
        yield Claim(key="log.file", paths=_real(rotated(str(log.file), log.file_count)))
    if log.t3_web_log is not None:
        old = (file for name in SEED_LOGS for file in rotated(str(log.t3_web_log / name), OLD_LOGS))
        yield Claim(key="log.t3_web_log", paths=_real(old))


def _real(paths: Iterable[str | Path]) -> tuple[str, ...]:
    return tuple(os.path.realpath(path) for path in paths)
