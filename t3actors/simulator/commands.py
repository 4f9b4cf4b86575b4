"""What a running plant can be told, a JSON object per line, and the line it answers: no I/O here.

{"panel": "panel-3", "fault": "stall"}            a fault (faults.py), with its parameters beside it
{"panel": "*", "fault": "none"}                   every panel
{"panel": "panel-3", "set": {"IN3": 21.5}}        hold points at values in their own units
{"panel": "panel-3", "ask": "values"}             the truth about its points
{"ask": "counts"}                                 what all listeners have seen

BACnet devices take the same under their names (bacnet-1, ... or bacnet-* for all of them), with faults of their own
(bacnet/faults.py); {"panel": "bacnet-1", "ask": "counts"} says what one has seen, its COV subscriptions among it.
A simulated T3000 is told things under the name t3000, its panels under t3000-1, ... (t3000/commands.py).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from t3actors.simulator.bacnet.faults import decode_bacnet_fault
from t3actors.simulator.bacnet.plant import PREFIX, BacnetPlant
from t3actors.simulator.faults import decode_fault
from t3actors.simulator.plant import Plant
from t3actors.simulator.t3000 import commands as t3000_commands
from t3actors.simulator.t3000.web_server import T3000WebServer

KEYS = ("fault", "set", "ask")


class BadCommand(ValueError):
    """A line that is no command; its text says what is allowed."""


def obey(
    plant: Plant, line: bytes, bacnet: BacnetPlant | None = None, t3000: T3000WebServer | None = None
) -> dict[str, Any]:
    """Carry one line out; give the answer, which is an error for a bad line. Never raises for what the line says."""
    try:
        command = _decoded(line)
        if t3000 is not None and t3000_commands.is_named(name := command.get("panel")):
            _must_have_one(command)
            return t3000_commands.obey(t3000, str(name), command, _wanted(command["set"]) if "set" in command else {})
        return _obey(plant, command, bacnet)
    except (ValueError, OSError) as error:  # an OSError: no file left for the door
        return {"ok": False, "error": str(error)}


def _obey(plant: Plant, command: dict[str, Any], bacnet: BacnetPlant | None) -> dict[str, Any]:
    _must_have_one(command)
    if command.get("ask") == "counts":
        if bacnet is not None and command.get("panel") is not None:
            return _obey_bacnet(bacnet, str(command["panel"]), command)
        _must_hold_only(command, "ask")
        seen = {"ok": True, "counts": asdict(plant.counts())}
        return seen if bacnet is None else seen | {"bacnet": asdict(bacnet.counts())}
    name = command.get("panel")
    if not isinstance(name, str):
        raise BadCommand(f"panel: saw {name!r}, allowed is a panel's name or *")
    if bacnet is not None and name.startswith(PREFIX):
        return _obey_bacnet(bacnet, name, command)
    if "fault" in command:
        parameters = _parameters(command)
        fault = decode_fault(command["fault"], parameters)
        return {"ok": True, "fault": str(fault.kind), "panels": list(plant.set_fault(name, fault))}
    plant.server_of(name)
    panel = plant.device(name)
    if "ask" in command:
        _must_hold_only(command, "panel", "ask")
        if command["ask"] != "values":
            raise BadCommand(f"ask: saw {command['ask']!r}, allowed are counts and values")
        return {"ok": True, "panel": name, "values": {each: panel.value(each) for each in panel.point_ids}}
    _must_hold_only(command, "panel", "set")
    wanted = _wanted(command["set"])
    for point_id in wanted:
        panel.value(point_id)  # all exist, or none is set
    for point_id, value in wanted.items():
        panel.set(point_id, value)
    return {"ok": True, "panel": name, "set": wanted}


def _obey_bacnet(plant: BacnetPlant, name: str, command: dict[str, Any]) -> dict[str, Any]:
    if "fault" in command:
        fault = decode_bacnet_fault(command["fault"], _parameters(command))
        return {"ok": True, "fault": str(fault.kind), "panels": list(plant.set_fault(name, fault))}
    placed = plant.find(name)
    if "set" in command:
        _must_hold_only(command, "panel", "set")
        wanted = _wanted(command["set"])
        plant.set_values(name, wanted)
        return {"ok": True, "panel": name, "set": wanted}
    _must_hold_only(command, "panel", "ask")
    if command["ask"] == "counts":
        seen = asdict(placed.responder.counts) | {"subscriptions": plant.subscriptions(name)}
        return {"ok": True, "panel": name, "counts": seen}
    if command["ask"] != "values":
        raise BadCommand(f"ask: saw {command['ask']!r}, allowed are counts and values")
    values = {point_id: point.value for point_id, point in placed.device.points.items()}
    return {"ok": True, "panel": name, "values": values}


def _parameters(command: dict[str, Any]) -> dict[str, Any]:
    return {key: seen for key, seen in command.items() if key not in {"panel", "fault"}}


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        command = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadCommand(f"command: saw {_short(line)}, allowed is a JSON object on one line ({error})") from error
    if not isinstance(command, dict):
        raise BadCommand(f"command: saw {_short(line)}, allowed is a JSON object on one line")
    return command


def _wanted(seen: object) -> dict[str, float]:
    if not isinstance(seen, dict) or not seen:
        raise BadCommand(f"set: saw {seen!r}, allowed is an object of point ids and numbers")
    for point_id, value in seen.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or abs(value) > 2_147_483:
            raise BadCommand(f"set {point_id}: saw {value!r}, allowed is a number up to 2147483 either way")
    return seen


def _must_have_one(command: dict[str, Any]) -> None:
    present = [key for key in KEYS if key in command]
    if len(present) != 1:
        raise BadCommand(f"command: saw keys {sorted(command)}, allowed is exactly one of {', '.join(KEYS)}")


def _must_hold_only(command: dict[str, Any], *allowed: str) -> None:
    unknown = [key for key in command if key not in allowed]
    if unknown:
        raise BadCommand(f"unknown key {unknown[0]!r}, allowed are {', '.join(allowed)}")


def _short(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))
