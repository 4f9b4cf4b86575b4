"""Says a T3000 cycle in the words of its own sync service: the lines of FFI.log and Initialize.log. Pure but for what it remembers.

Each line stands for something that has happened: "committed" is said when the writer has committed, and the counts of the validation
are those it has counted. So a cycle's end is said only when its last group is stored, and with it all before: a writer that is behind
tells of several groups as one, and may still tell of an earlier cycle's.
Source: FFI sync service flow, "Logging Pattern". Called by seed_log.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from t3actors.config import DeviceConfig
from t3actors.events import LogEvent
from t3actors.events.gateway import GATEWAY_STARTED, GATEWAY_STOPPED
from t3actors.events.store import STORE_DAMAGED, STORE_FULL, STORE_OPENED
from t3actors.events.t3000 import (
    CYCLE_ANSWERED,
    CYCLE_ENDED,
    CYCLE_FAILED,
    CYCLE_RECOVERED,
    CYCLE_STARTED,
    CYCLE_STORED,
    PANEL_INCOMPLETE,
    PANEL_READ,
    PANEL_SKIPPED,
)

FFI, INITIALIZE = "FFI.log", "Initialize.log"
Line = tuple[str, str]
"""(file, text without its time)."""
Keys = Mapping[str, Any]


class _Cycle:
    """One installation's cycle as far as it has been told."""

    def __init__(self) -> None:
        self.stored = ""
        """The group that was stored last."""
        self.ended: Keys | None = None


class SeedWords:
    """Turns events into lines. Bounded by the T3000 devices of the configuration."""

    def __init__(self, devices: Iterable[DeviceConfig]) -> None:
        self._devices = {device.name: device for device in devices if device.protocol == "t3000"}
        self._cycles: dict[str, _Cycle] = {}
        self._words: dict[LogEvent, Callable[[Keys], list[Line]]] = {
            GATEWAY_STARTED: self._started,
            GATEWAY_STOPPED: lambda keys: [(INITIALIZE, f"🛑 Sync service stopped: {keys['reason']}")],
            STORE_OPENED: lambda _keys: [(INITIALIZE, "✅ Database connection established")],
            STORE_DAMAGED: lambda keys: [(INITIALIZE, f"❌ Database is damaged and was set aside: {keys['reason']}")],
            STORE_FULL: lambda keys: [(INITIALIZE, f"❌ No room for the database: {keys['reason']}")],
            CYCLE_STARTED: self._cycle_started,
            CYCLE_ANSWERED: _answered,
            PANEL_READ: _panel_read,
            PANEL_SKIPPED: lambda keys: [(FFI, f"⚠️ Device '{keys['panel_name']}' skipped: {keys['reason']}")],
            PANEL_INCOMPLETE: _incomplete,
            CYCLE_STORED: self._stored,
            CYCLE_ENDED: self._ended,
            CYCLE_FAILED: lambda keys: [
                (FFI, f"❌ FFI call failed: {keys['reason']} - next try in {keys['next_try_s']:g}s")
            ],
            CYCLE_RECOVERED: lambda keys: [
                (FFI, f"✅ FFI call succeeded again after {keys['failed']} failed cycle(s)")
            ],
        }

    def lines(self, event: LogEvent, keys: Keys) -> list[Line]:
        """Return what an event adds to the files; nothing for one that is not the sync service's business."""
        words = self._words.get(event)
        return [] if words is None else words(keys)

    def _started(self, _keys: Keys) -> list[Line]:
        lines: list[Line] = []
        for device in self._devices.values():
            interval_s = device.rules.poll_interval_s
            lines += [
                (INITIALIZE, f"🚀 Starting T3000 LOGGING_DATA sync service with {interval_s:g}-second intervals"),
                (INITIALIZE, "⚡ Running immediate sync on startup, then continuing with periodic sync..."),
                (INITIALIZE, f"⚙️ Config: Timeout {device.timeout_s:g}s, Retry {device.retries}x"),
            ]
        return lines

    def _cycle_started(self, keys: Keys) -> list[Line]:
        self._cycles[keys["device"]] = _Cycle()
        return [(FFI, "🏃 Performing immediate startup sync...")] if keys["cycle_no"] == 1 else []

    def _stored(self, keys: Keys) -> list[Line]:
        panels = keys["panels"]
        lines = [(FFI, f"📊 Trend logs inserted ({keys['samples']} entries)")]
        lines += [(FFI, f"🎯 Device {panel['serial_number']} completed") for panel in panels]
        lines += [
            (FFI, f"💾 Committing transaction ({len(panels)} devices)"),
            (FFI, "✅ Transaction committed successfully"),
            (FFI, "🔍 Validation: Checking data persistence"),
            (FFI, "📊 Validation results: " + " ".join(map(_validated, panels))),
        ]
        cycle = self._cycles.get(keys["device"])
        if cycle is not None:
            cycle.stored = keys["group"]
            lines += self._completed(keys["device"], cycle)
        return lines

    def _ended(self, keys: Keys) -> list[Line]:
        cycle = self._cycles.get(keys["device"])
        if cycle is None:
            return []
        cycle.ended = keys
        return self._completed(keys["device"], cycle)

    def _completed(self, device: str, cycle: _Cycle) -> list[Line]:
        if cycle.ended is None or cycle.ended["last_group"] not in {"", cycle.stored}:
            return []
        del self._cycles[device]
        interval_s = self._devices[device].rules.poll_interval_s if device in self._devices else cycle.ended["next_s"]
        return [
            (FFI, f"🎉 SYNC CYCLE COMPLETED - Next in {interval_s:g}s"),
            (FFI, f"⏰ Waiting {interval_s:g} seconds until next sync cycle"),
        ]


def _answered(keys: Keys) -> list[Line]:
    found = f"{keys['panels']} devices found, " if keys["panels"] else ""  # a list of one panel's points names none
    return [
        (FFI, f"🔄 Starting HandleWebViewMsg({keys['action']}) call"),
        (FFI, f"📋 FFI Response - {found}{keys['octets']} characters received"),
    ]


def _panel_read(keys: Keys) -> list[Line]:
    lines = [(FFI, "💾 Database transaction started")] if keys["number"] == 1 else []
    name = keys["panel_name"] or ""
    lines.append((FFI, f"📱 Device {keys['number']}/{keys['panels']}: Serial={keys['serial_number']}, Name='{name}'"))
    for kind in ("input", "output", "variable"):
        lines.append((FFI, f"🔧 Processing {keys[f'{kind}s']} {kind.upper()} points..."))
        lines.append((FFI, f"✅ {kind.upper()} points completed"))
    return lines


def _incomplete(keys: Keys) -> list[Line]:
    what = [f"missing {', '.join(keys['missing'])}"] if keys["missing"] else []
    what += [f"not used: {'; '.join(keys['refused'])}"] if keys["refused"] else []
    return [(FFI, f"⚠️ Device {keys['panel']}: {'; '.join(what)}")]


def _validated(panel: Keys) -> str:
    return (
        f"Device {panel['serial_number']}: {panel['devices']} record(s) in DEVICES table; {panel['inputs']} INPUT points; "
        f"{panel['outputs']} OUTPUT points; {panel['variables']} VARIABLE points;"
    )
