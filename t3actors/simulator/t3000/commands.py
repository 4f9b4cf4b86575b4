"""What a running simulated T3000 can be told, and what it answers: no I/O here. See the simulator's commands.py.

{"panel": "t3000", "fault": "slow", "delay_s": 2}   a fault of T3000 and its web server (faults.py)
{"panel": "t3000-2", "fault": "offline"}            panel 2 does not answer T3000; "none" ends it
{"panel": "t3000-2", "set": {"IN3": 21.5}}          hold points at values in their own units
{"panel": "t3000-2", "ask": "values"}               the truth about its points
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t3actors.simulator.t3000.faults import FaultKind
from t3actors.simulator.t3000.installation import ListedPanel
from t3actors.simulator.t3000.web_server import T3000WebServer

NAME = "t3000"
PANEL_FAULTS = ("none", "offline")


class BadT3000Command(ValueError):
    """A command that makes no sense here; its text says what is allowed."""


def is_named(name: object) -> bool:
    """Whether a command is for the T3000, or one of its panels."""
    return isinstance(name, str) and (name == NAME or name.startswith(f"{NAME}-"))


def listing(server: T3000WebServer) -> dict[str, Any]:
    """Give where it is and which panels it has."""
    panels = [
        {
            "name": f"{NAME}-{number}",
            "panel_number": number,
            "serial_number": listed.panel.serial_number,
            "object_instance": listed.object_instance,
        }
        for number, listed in server.installation.panels.items()
    ]
    return {"url": server.url, "panels": panels}


def obey(server: T3000WebServer, name: str, command: Mapping[str, Any], wanted: Mapping[str, float]) -> dict[str, Any]:
    """Carry one command out; `wanted` is what it wants to set, already checked. **Raises**: BadT3000Command, ValueError."""
    if name == NAME:
        _set_fault(server, command)
        return {"ok": True, "fault": command["fault"], "panels": [NAME]}
    listed = _find(server, name)
    if len(command) > 2:  # the panel, and what to do
        raise BadT3000Command(f"{name}: saw keys {sorted(command)}, allowed are panel and one of fault, set and ask")
    if "fault" in command:
        _must_be("fault", command["fault"], PANEL_FAULTS)
        listed.is_online = command["fault"] == "none"
        return {"ok": True, "fault": command["fault"], "panels": [name]}
    panel = listed.panel
    if "ask" in command:
        _must_be("ask", command["ask"], ("values",))
        return {"ok": True, "panel": name, "values": {each: panel.value(each) for each in panel.point_ids}}
    for point_id in wanted:
        panel.raw(point_id)  # all exist, or none is set
    for point_id, value in wanted.items():
        panel.set(point_id, value)
    return {"ok": True, "panel": name, "set": dict(wanted)}


def _set_fault(server: T3000WebServer, command: Mapping[str, Any]) -> None:
    unknown = [key for key in command if key not in {"panel", "fault", "delay_s"}]
    if unknown or "fault" not in command:
        raise BadT3000Command(f"{NAME}: saw keys {sorted(command)}, allowed are panel, fault and delay_s")
    kinds = tuple(str(kind) for kind in FaultKind)
    _must_be("fault", command["fault"], kinds)
    delay_s = command.get("delay_s", 0.0)
    if not isinstance(delay_s, int | float) or isinstance(delay_s, bool):
        raise BadT3000Command(f"delay_s: saw {delay_s!r}, allowed is a number of seconds")
    server.set_fault(FaultKind(command["fault"]), float(delay_s))


def _find(server: T3000WebServer, name: str) -> ListedPanel:
    for number, listed in server.installation.panels.items():
        if name == f"{NAME}-{number}":
            return listed
    raise BadT3000Command(
        f"panel: saw {name!r}, allowed are {NAME} and {NAME}-1 to {NAME}-{len(server.installation.panels)}"
    )


def _must_be(what: str, seen: object, allowed: tuple[str, ...]) -> None:
    if seen not in allowed:
        raise BadT3000Command(f"{what}: saw {seen!r}, allowed are {', '.join(allowed)}")
