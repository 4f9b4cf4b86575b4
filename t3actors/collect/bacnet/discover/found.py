"""The devices that were found: who has an actor now, and whether those who look for them have looked round once.

Discovery decides who comes and goes, and tells here how far it is; the pipeline asks here who is polled beside the configured ones.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from supervision.errors import (
    AlreadyPresent,
    AlreadyStarted,
    ChildStartFailed,
    NotFound,
    NotRunning,
    Restarting,
    StillRunning,
)
from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor
from t3actors.config import DeviceConfig
from t3actors.messages import DeviceRemoved

NEVER_MET = "it was found but never answered a request"


class FoundDevices:
    """Thread: the trio loop. `pool`: the supervisor of their actors; `spec`: the child that polls one device."""

    def __init__(
        self,
        pool: Callable[[], Supervisor],
        spec: Callable[[DeviceConfig], ChildSpec],
        tell: Callable[[DeviceRemoved], object],
        wall_ms: Callable[[], int],
    ) -> None:
        self.devices: dict[str, DeviceConfig] = {}
        self.is_polled_otherwise: Callable[[str], bool] = lambda _name: False
        """Whether a device of this name is polled for another reason than that it was found: then it is not started here."""
        self._pool = pool
        self._spec = spec
        self._tell = tell
        self._wall_ms = wall_ms
        self._looked = trio.Event()
        self._trouble = ""

    def names(self) -> list[str]:
        """Give who is polled."""
        return list(self.devices)

    async def adopt(self, device: DeviceConfig) -> bool:
        """Have a device polled, if it is not already. **Returns**: False when that cannot be now."""
        if self.is_polled_otherwise(device.name):
            return True
        try:
            await self._pool().start_child(self._spec(device))
        except (AlreadyStarted, AlreadyPresent):
            pass
        except (NotFound, NotRunning, ChildStartFailed):
            return False
        self.devices[device.name] = device
        return True

    async def dismiss(self, name: str, reason: str = NEVER_MET) -> bool:
        """Have a device polled no more; its row stays, disabled. **Returns**: False when that cannot be now."""
        device = self.devices.get(name)
        if device is None:
            return True
        try:
            pool, child = self._pool(), self._spec(device).name
            await pool.stop_child(child)
            await pool.delete_child(child)
        except NotFound:
            pass  # it went with its pool
        except (NotRunning, StillRunning, Restarting):
            return False
        self.devices.pop(name, None)
        if reason != NEVER_MET or not device.shown_once_met:
            self._tell(DeviceRemoved(device=name, at_ms=self._wall_ms(), reason=reason))
        return True

    def looked(self, trouble: str) -> None:
        """Everybody was asked who is there, and who was found is polled; or `trouble` says why that is not so."""
        self._trouble = trouble
        self._looked.set()

    async def first_round(self, within_s: float) -> str:
        """Wait until that is said. **Returns**: why not everybody was found; nothing when all went well."""
        with trio.move_on_after(within_s):
            await self._looked.wait()
            return self._trouble
        return f"the search for devices had not ended after {within_s:g} s"
