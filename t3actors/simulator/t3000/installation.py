"""A simulated T3000: which panels it knows, what it has read of them, and what it answers. Pure: no socket, `now_s` is told.

It answers the actions that only read, as the C++ function does, oddities included: action 15 gives what was read last, old
or not, and nothing at all while its switch is off or within its cooldown; action 17 to a panel that does not answer gives
the answer without its rows, and no error. Anything else it does not know. Source: T3000/BacnetWebView.cpp.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from copy import copy
from random import Random
from typing import Any

from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.t3000.rows import COUNTS, ENTRY_TYPES, Row, all_points, rows

GET_PANELS_LIST, LOGGING_DATA, GET_WEBVIEW_LIST = 4, 15, 17
ALL_PANELS = -1
MOST_PANELS = 254  # panel numbers 1 to 254
LARGEST_SERIAL = 2**31 - 1
LARGEST_INSTANCE = 0x3FFFFE
DEBUG = {"debug": "HandleWebViewMsg returned empty response"}


class ListedPanel:
    """One panel as T3000 lists it. `panel` is the truth about its points, `read` what T3000 last read of them."""

    def __init__(self, panel: SimulatedPanel) -> None:
        self.panel = panel
        self.object_instance = panel.serial_number % LARGEST_INSTANCE + 1
        self.is_online = True
        self.online_at_s = 0
        self.read_at_s = 0
        self.read: SimulatedPanel | None = None

    def take(self, now_s: float) -> None:
        """Have T3000 read all points, if the panel is there."""
        if self.is_online:
            self.read = copy(self.panel)
            self.read.image = self.panel.image.copy()
            self.read_at_s = self.online_at_s = int(now_s)


class Installation:
    """T3000 and its panels.

    **Units**: `now_s` is Unix time in seconds; within `cooldown_s` of one action 15 the next one gives nothing (T3000: 15 s).
    **Raises**: ValueError for no panel, too many, or two with one number.
    """

    def __init__(
        self, panels: Iterable[SimulatedPanel], *, logging_enabled: bool = True, cooldown_s: float = 0.0
    ) -> None:
        listed = tuple(panels)
        self.panels = {panel.panel_number: ListedPanel(panel) for panel in listed}
        if not 1 <= len(listed) <= MOST_PANELS or len(self.panels) < len(listed):
            numbers = [panel.panel_number for panel in listed]
            raise ValueError(f"panel numbers: saw {numbers}, allowed are 1 to {MOST_PANELS} panels, all different")
        self.logging_enabled = logging_enabled
        self.cooldown_s = cooldown_s
        self._logged_at_s = -math.inf

    def advance(self, seconds: float, now_s: float) -> None:
        """Let time pass in the building, and T3000 read every panel that is there."""
        for listed in self.panels.values():
            listed.panel.advance(seconds)
            listed.take(now_s)

    def answer(self, request: Mapping[str, Any], now_s: float) -> bytes:
        """Give the text that the C++ function would write."""
        action = request.get("action")
        if action == GET_PANELS_LIST:
            said = self._panels_list()
        elif action == LOGGING_DATA:
            said = self._logging_data(_number(request, "panelId"), now_s)
        elif action == GET_WEBVIEW_LIST:
            said = self._webview_list(request)
        else:
            said = DEBUG
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    def _panels_list(self) -> Row:
        entries = [
            {
                "panel_number": number,
                "object_instance": listed.object_instance,
                "serial_number": listed.panel.serial_number,
                "online_time": listed.online_at_s,
                "pid": listed.panel.product,
                "panel_name": listed.panel.name,
            }
            for number, listed in self.panels.items()
        ]
        return {"action": "GET_PANELS_LIST_RES", "data": entries}

    def _logging_data(self, panel_id: int, now_s: float) -> Row:
        if not self.logging_enabled or now_s - self._logged_at_s < self.cooldown_s:
            return DEBUG
        self._logged_at_s = now_s
        wanted = [listed for number, listed in self.panels.items() if panel_id in {ALL_PANELS, number}]
        devices = [_device(listed.read, listed.read_at_s) for listed in wanted if listed.read is not None]
        said: Row = {"action": "LOGGING_DATA_RES"}
        return said | {"data": devices} if devices else said

    def _webview_list(self, request: Mapping[str, Any]) -> Row:
        names = ("panelId", "serialNumber", "entryType", "entryIndexStart", "entryIndexEnd", "objectinstance")
        asked = {name: _number(request, name) for name in names}
        if not 1 <= asked["panelId"] <= MOST_PANELS:
            return {"error": "Panel is invalid ."}
        listed = self.panels.get(asked["panelId"])
        if listed is None or listed.panel.serial_number != asked["serialNumber"]:
            return {"error": "The serial number does not match the panel."}
        if listed.object_instance != asked["objectinstance"]:
            return {"error": "The objectinstance does not match the panel."}
        found: list[Row] = []
        if listed.is_online and asked["entryType"] in ENTRY_TYPES:
            found = rows(
                listed.panel, ENTRY_TYPES[asked["entryType"]], asked["entryIndexStart"], asked["entryIndexEnd"]
            )
        return {"data": asked | ({"device_data": found} if found else {})}


def _device(panel: SimulatedPanel, at_s: int) -> Row:
    return {
        "panel_id": panel.panel_number,
        "panel_name": panel.name,
        "panel_serial_number": panel.serial_number,
        "panel_ipaddress": f"192.168.1.{panel.panel_number}",
        "input_logging_time": at_s,
        "output_logging_time": at_s,
        "variable_logging_time": at_s,
        "device_data": all_points(panel),
    }


def _number(request: Mapping[str, Any], name: str) -> int:
    seen = request.get(name, 0)
    return seen if isinstance(seen, int) else 0


def some_panels(count: int, seed: int = 1) -> list[SimulatedPanel]:
    """Make panels 1 to `count`, every point of theirs in use, the same for the same seed.

    **Raises**: ValueError.
    """
    if not 1 <= count <= MOST_PANELS:
        raise ValueError(f"t3000: saw {count}, allowed is 1 to {MOST_PANELS} panels")
    chance = Random(seed)  # noqa: S311 - reproducible on purpose
    serials = chance.sample(range(10_000, LARGEST_SERIAL), count)
    full = {"inputs": COUNTS["IN"], "outputs": COUNTS["OUT"], "variables": COUNTS["VAR"]}
    return [
        SimulatedPanel(chance.getrandbits(64), serial, name=f"Panel {number}", panel_number=number, **full)
        for number, serial in enumerate(serials, 1)
    ]
