"""Whether what a configuration names on this machine can be had: the files of its logs, the libraries of its T3000s. Told before a start.

Nothing is written. A library is loaded by a worker process, as the gateway will (ffi_door.py), and none of its functions is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from t3actors.config import Config, DeviceConfig
from t3actors.store.webview.place import file_system_of, list_mounts
from t3actors.watch.seed_words import FFI as FFI_LOG
from t3actors.watch.seed_words import INITIALIZE

FFI = "ffi:"
BUFFER_BYTES = 64_000
KEEPS_NO_FILES = {"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "debugfs", "securityfs", "tracefs"}


def faults_here(config: Config) -> Iterator[str]:
    """Name what cannot be had, a line each."""
    log, data_dir = config.log, config.gateway.data_dir
    mounts = list_mounts()
    if why := no_place_for_files(data_dir, mounts):
        yield f"gateway.data_dir: {why}"
    elif why := no_database(config.store.database, mounts):
        yield f"store.database: {why}"
    if log.t3_web_log is not None:
        for name in (FFI_LOG, INITIALIZE):
            if why := unwritable(log.t3_web_log / name, data_dir):
                yield f"log.t3_web_log: {why}"
                break
    if log.file is not None and (why := unwritable(log.file, data_dir)):
        yield f"log.file: {why}"
    for device in config.devices:
        is_loaded = device.enabled and device.protocol == "t3000" and device.address.startswith(FFI)
        if is_loaded and (why := _why_not_loaded(device)):
            yield f'devices "{device.name}": {device.address}: {why}'


def no_place_for_files(folder: Path, mounts: str) -> str:
    """Say why nothing can be kept in that folder, made when it is missing; "": it can, as far as its kind goes."""
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            return f"{there} is no directory; allowed: a directory, which is made when it is missing"
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror}"
    kind = file_system_of(os.path.realpath(folder), mounts)
    return f"{folder} lies on {kind}, which keeps no files; allowed: a disk" if kind in KEEPS_NO_FILES else ""


def no_database(file: Path, mounts: str) -> str:
    """Say why a database cannot lie there, likewise."""
    try:
        if file.exists() and not file.is_file():
            return f"{file} is no file; allowed: a database, which is made when it is missing"
    except OSError as error:
        return f"{file} cannot be looked at: {error.strerror}"
    return no_place_for_files(file.parent, mounts)


def unwritable(file: Path, data_dir: Path) -> str:
    """Say why this user cannot write a file; "": he can. Of what is to lie in a `data_dir` that is not there yet nothing is said."""
    try:
        return _unwritable(file, data_dir)
    except OSError as error:  # a directory on the way that he may not enter, a name that is too long
        return f"{file} cannot be looked at: {error.strerror}"


def _unwritable(file: Path, data_dir: Path) -> str:
    if file.is_relative_to(data_dir) and not data_dir.exists():
        return ""
    if file.is_dir():
        return f"{file} is a directory; allowed: a file"
    if file.exists():
        return "" if os.access(file, os.W_OK) else f"{file} may not be written by you"
    folder = next(parent for parent in file.parents if parent.exists())
    if not folder.is_dir():
        return f"{folder} is no directory"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} may not be written by you (user {os.getuid()}), and {file.name} is not there"
    return ""


def _why_not_loaded(device: DeviceConfig) -> str:
    library = Path(device.address.removeprefix(FFI))
    try:
        if not library.is_file():
            return "no such file" if not library.exists() else "is no file"
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    import trio  # noqa: PLC0415 - only where there is a library: trio is slow to import

    from t3actors.collect.t3000.ffi_door import FfiDoor  # noqa: PLC0415
    from t3actors.errors import DriverError  # noqa: PLC0415
    from t3actors.events import silent  # noqa: PLC0415

    async def loaded() -> str:
        door = FfiDoor(library, buffer_bytes=BUFFER_BYTES, timeout_s=device.timeout_s, log=silent)
        try:
            await door.open()
        except DriverError as error:
            return str(error)
        finally:
            await door.close()
        return ""

    return trio.run(loaded)
