"""Whether T3000's database lies on this machine: SQLite's WAL does not cross a network share, and would damage the file in silence.

Said before anything is opened, by `check` and by `run`. What cannot be told (no /proc, an unknown file system) is not refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from t3actors.config import Config
from t3actors.errors import ConfigError

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "afs", "ncpfs", "ceph", "lustre", "gpfs", "vboxsf", "prl_fs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph-fuse", "fuse.rclone", "fuse.davfs", "fuse.vmhgfs-fuse", "fuse.s3fs",
}  # fmt: skip
"""Linux's names for file systems that lie on another machine, or are shared with the machine around a virtual one."""


def list_mounts() -> str:
    """Return what the kernel says of this process's mounts; nothing where it says nothing."""
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def must_be_here(config: Config, mounts: Callable[[], str]) -> None:
    """Refuse a `[store.webview] database` on a network file system. **Raises**: ConfigError."""
    webview = config.store.webview
    if webview is None:
        return
    kind = file_system_of(os.path.realpath(webview.database), mounts())
    if kind in NETWORK:
        fault = (
            f"store.webview.database: {webview.database} lies on a network file system ({kind}); allowed: a disk of this "
            "machine, on which T3000 runs too (two machines cannot share a SQLite file in WAL mode)"
        )
        raise ConfigError([fault])


def file_system_of(path: str, mounts: str) -> str | None:
    """Return the file system's name from a text in the form of /proc/self/mountinfo (proc(5)); None where none is found. Pure."""
    best, found = -1, None
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if not dash or len(fields) < 5:
            continue
        mounted = _unescaped(fields[4])
        if (path == mounted or path.startswith(mounted.rstrip("/") + "/")) and len(mounted) >= best:
            best, found = len(mounted), kind  # of two on one place, the later hides the earlier
    return found


def _unescaped(text: str) -> str:
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, character)
    return text
