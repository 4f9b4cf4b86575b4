"""The events of a gateway inside a C or C++ host."""

from __future__ import annotations

from t3actors.events import event

HOST_JOINED = event(
    "host.joined",
    "info",
    "program pid data_dir config",
    "A host program has called `init_data_sync_service`: the gateway starts in a thread of that process. `config` is the file that "
    "T3ACTORS_CONFIG named; empty: all defaults.",
)
HOST_LEFT = event(
    "host.left",
    "info",
    "reason",
    "The gateway ends because its host said so (`t3a_stop`), unloads the library, or ends itself.",
)
HOST_MEMORY_SILENT = event(
    "host.memory_silent",
    "error",
    "device call silent_s",
    "One of the host's own functions (`call`) has not returned. Its thread is left alone and never asked a second time meanwhile; "
    "the points of `device` grow old.",
    "A bug or a lock in the host. The gateway goes on with all other devices.",
)
DEVICE_ADDED = event(
    "device.added",
    "info",
    "device address protocol number",
    "The host has added this device. `number`: its id in the C interface as long as no serial number is known.",
)
DEVICE_SOUGHT = event(
    "device.sought",
    "warning",
    "address reason next_try_s",
    "The host has added a BACnet address without an instance, and nobody there says which device it is. Said once per reason; asked again "
    "until somebody answers.",
    'Look at power, cable and address; or add it as "IP/instance".',
)
GATEWAY_REVIVED = event(
    "gateway.revived",
    "warning",
    "next_try_s",
    "The gateway inside a host gave up (`gateway.failed` says why). No service manager would start it anew there, so it does it itself.",
    "Read the `child.exited` lines before `gateway.failed`.",
)
