"""Which door leads into a T3000, by its configured address."""

from __future__ import annotations

from itertools import accumulate, repeat
from pathlib import Path

from t3actors.collect.t3000.door import Door
from t3actors.collect.t3000.ffi_door import FfiDoor
from t3actors.collect.t3000.host_memory import HOST_MEMORY, HostMemoryDoor
from t3actors.collect.t3000.http_door import HttpDoor
from t3actors.config import DeviceConfig
from t3actors.events import Log

FFI = "ffi:"
FIRST_PAUSE_S = 2.0
"""The seed: 2, 4 and 6 s apart while T3000 starts."""


def door_of(device: DeviceConfig, log: Log) -> Door:
    """Make the door; nothing is opened yet."""
    if device.address == HOST_MEMORY:
        return HostMemoryDoor(device.name, timeout_s=device.timeout_s, log=log)
    pauses_s = tuple(accumulate(repeat(FIRST_PAUSE_S, device.retries)))
    if device.address.startswith(FFI):
        return FfiDoor(
            Path(device.address.removeprefix(FFI)),
            buffer_bytes=device.buffer_bytes,
            timeout_s=device.timeout_s,
            not_ready_pauses_s=pauses_s,
            log=log,
        )
    return HttpDoor(
        device.address, buffer_bytes=device.buffer_bytes, timeout_s=device.timeout_s, not_ready_pauses_s=pauses_s
    )
