"""Lists the devices that are in conflict over an instance: their rows, which nobody polls and so nobody else announces."""

from __future__ import annotations

from collections.abc import Callable

from t3actors.collect.bacnet.discover.sightings import Conflict, Settled
from t3actors.config import DeviceConfig
from t3actors.messages import DeviceAnnounced, DeviceStatusChanged
from t3actors.points import DeviceFacts, DeviceStatus

DETECTOR = "detector"


class Conflicts:
    """`template`: the rules a found device has. `send` is the actor's. Thread: the trio loop."""

    def __init__(
        self, template: DeviceConfig, wall_ms: Callable[[], int], send: Callable[[str, object], object]
    ) -> None:
        self._rules = template.rules
        self._wall_ms = wall_ms
        self._send = send
        self._listed: dict[str, Conflict] = {}

    def began(self, conflict: Conflict) -> None:
        """List the later one."""
        self._listed[conflict.later.name] = conflict
        self._tell(conflict)

    def ended(self, settled: Settled) -> None:
        """The later one is not heard any more."""
        first, later = settled
        if self._listed.pop(later.name, None) is not None:
            reason = f"not heard any more; {first.name} has its instance {first.instance}"
            self._tell_status(later.name, DeviceStatus.OFFLINE, DeviceStatus.CONFLICT, reason)

    def tell_all(self) -> None:
        """A new detector knows nothing of them: only devices that are polled tell it again by themselves."""
        for conflict in self._listed.values():
            self._tell(conflict)

    def _tell(self, conflict: Conflict) -> None:
        first, later = conflict
        seen = later.seen
        if seen is None:
            return
        facts = DeviceFacts(
            object_instance=later.instance,
            vendor_id=seen.vendor_id,
            bacnet_network=seen.network,
            bacnet_mstp_mac_id=seen.mac[0] if len(seen.mac) == 1 else None,
        )
        announced = DeviceAnnounced(
            device=later.name,
            protocol="bacnet",
            address=later.address,
            poll_interval_s=self._rules.poll_interval_s,
            stale_after=self._rules.stale_after,
            down_after=self._rules.down_after,
            facts=facts,
        )
        reason = f"instance {first.instance} is that of {first.name}" + (
            f" at {first.address}" if first.address else ""
        )
        self._send(DETECTOR, announced)
        self._tell_status(later.name, DeviceStatus.CONFLICT, DeviceStatus.UNKNOWN, reason)

    def _tell_status(self, device: str, status: DeviceStatus, was: DeviceStatus, reason: str) -> None:
        changed = DeviceStatusChanged(device=device, at_ms=self._wall_ms(), status=status, was=was, reason=reason)
        self._send(DETECTOR, changed)
