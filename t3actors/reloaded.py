"""What is told of a configuration that was read anew: to whoever asked for it, by whichever way."""

from __future__ import annotations

import msgspec

from t3actors.errors import GatewayError


class NotReloadable(GatewayError):
    """It is not read anew now; the text says why. Nothing was changed."""


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `changed`: devices that were started anew, with their keys that differ; `found`: the keys in which devices that
    were found are polled otherwise. `waits_for_restart`: keys. `overrides_ended`: what a person had set. `failed`: why a device is not as
    configured.
    """

    file: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    found: tuple[str, ...]
    waits_for_restart: tuple[str, ...]
    overrides_ended: tuple[str, ...]
    failed: tuple[str, ...]
    devices: int
    config_hash: str
    took_s: float

    def __str__(self) -> str:
        counts = f"{len(self.added)} devices added, {len(self.removed)} removed, {len(self.changed)} changed"
        return counts + (f", {len(self.failed)} failed" if self.failed else "")
