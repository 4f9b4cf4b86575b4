"""A health report in which all is well, to be changed."""

from __future__ import annotations

from typing import Any

import msgspec

from t3actors.points import DeviceStatus, Status
from t3actors.watch.parts import HealthReport, Part, State

WELL = Part(state="ok", reason="", since_at=0)


def part(state: State, reason: str = "") -> Part:
    """A part in that state."""
    return Part(state=state, reason=reason, since_at=0)


def report(**changes: Any) -> HealthReport:
    """Two devices online, with four points each."""
    well = HealthReport(
        name="a", version="1", boot_id="b", live=True, at=0, started_at=0, gateway=WELL, loop=WELL, detector=WELL, store=WELL,
        actors=WELL, webview=None, t3000=[], links={"ok": 1}, troubled_links=[], devices={DeviceStatus.ONLINE: 2}, troubled=[],
        overrides={},
        points=8, points_by_status={Status.OK: 8}, pending_changes=0, growth_mb_a_day=None,
    )  # fmt: skip
    return msgspec.structs.replace(well, **changes)
