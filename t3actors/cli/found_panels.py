"""What T3000's scan found: as rows, as the `[[devices]]` table of each, as a whole configuration file. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from t3actors.collect import products
from t3actors.collect.t3000.scan import ScannedPanel
from t3actors.collect.t3000.scanned_panels import Heard

BACNET_PORT = 47808
OVER_MSTP = frozenset({10, 12})  # subnet_protocol of a device that only answers BACnet behind its panel

Row = dict[str, Any]
ProfilesOf = Callable[[int], tuple[str, ...]]
"""(product number) -> the profiles that read it, the usual one first."""


def rows_of(listed: Iterable[tuple[Heard, Heard | None]], profiles_of: ProfilesOf) -> list[Row]:
    """Make the rows, in the order they are listed in."""
    rows: list[Row] = []
    units: dict[tuple[str, int], str] = {}
    names: dict[str, int] = {}
    for one, first in listed:
        fitting = profiles_of(one.panel.product)
        row = _row(one, fitting[0] if fitting else None)
        if first is not None:
            names[row["name"]] = names.get(row["name"], 1) + 1
            row["name"] += f"-{names[row['name']]}"
            row["conflict"] = f"serial number of {first.address}"
        elif row["profile"] is not None:
            owner = units.setdefault((row["address"], row["unit_id"]), row["name"])
            row["conflict"] = f"address and unit id of {owner}" if owner != row["name"] else None
        row["config"] = _table(row, one.panel, fitting[1:])
        rows.append(row)
    return rows


def conflicts_of(rows: Sequence[Row]) -> list[str]:
    """Say of each conflict who is in it."""
    return [
        f"conflict: {row['name']} at {row['address']} unit {row['unit_id']} has the {row['conflict']}: give one of them its own"
        for row in rows
        if row["conflict"] is not None
    ]


def resting(in_boot_loader: Iterable[Heard]) -> list[str]:
    """Say who answered the scan and cannot be polled now."""
    return [
        f"left out: {products.name_of(one.panel.product, one.panel.mini_type)}, serial number {one.panel.serial_number}, at "
        f"{one.address}: its boot loader "
        + (
            "runs, not its program: it is starting, or being updated"
            if one.panel.isp_mode == 1
            else "says it is damaged"
        )
        for one in in_boot_loader
    ]


def file_text(rows: Sequence[Row]) -> str:
    """Write a configuration that `t3actors check` accepts."""
    head = "# Found by `t3actors discover`. Give the devices names of your own: history hangs on the name.\n\n"
    return head + "\n".join(row["config"] for row in rows)


def _row(one: Heard, profile: str | None) -> Row:
    panel = one.panel
    over_mstp = bool(panel.parent_serial) and panel.subnet_protocol in OVER_MSTP
    return {
        "name": f"t3-{panel.serial_number}",
        "serial_number": panel.serial_number,
        "product": panel.product,
        "model": products.name_of(panel.product, panel.mini_type),
        "label": panel.name or None,
        "address": one.address,
        "unit_id": panel.modbus_id,
        "profile": None if over_mstp or not _is_unit(panel.modbus_id) else profile,
        "parent_serial": panel.parent_serial or None,
        "online": one.online,
        "panel_number": panel.panel_number,
        "instance": panel.object_instance,
        "bacnet_port": panel.bacnet_port,
        "firmware": None if panel.version is None else products.version_text(panel.product, panel.version),
        "hardware": panel.hardware,
        "subnet_protocol": panel.subnet_protocol,
        "command_version": panel.command_version,
        "mini_type": panel.mini_type,
        "answered_from": one.sender,
        "conflict": None,
        "config": "",
    }


def _table(row: Row, panel: ScannedPanel, others: tuple[str, ...]) -> str:
    about = [f"{row['model']} (product {row['product']})"]
    if row["firmware"] is not None:
        about.append(f"firmware {row['firmware']}")
    if row["label"] is not None:
        about.append(_text(row["label"]))
    if row["parent_serial"] is not None:
        about.append(f"behind serial number {row['parent_serial']}")
    lines = [
        f"[[devices]]  # {', '.join(about)}",
        f"name = {_text(row['name'])}",
        'protocol = "modbus"',
        f"address = {_text(row['address'])}",
        f"unit_id = {row['unit_id']}",
        f"serial_number = {row['serial_number']}",
    ]
    if row["profile"] is not None:
        lines.append(f"profile = {_text(row['profile'])}" + "".join(f"  # or {_text(other)}" for other in others))
    why_not = _why_not(row, panel)
    if why_not is not None:
        lines = [why_not, *lines]
    lines += _over_bacnet(row, panel)
    if why_not is not None:
        lines = [line if line.startswith("#") else f"# {line}" for line in lines]
    return "\n".join(lines) + "\n"


def _why_not(row: Row, panel: ScannedPanel) -> str | None:
    """Say why this table is commented out; None where it is not."""
    if row["conflict"] is not None:
        return f"CONFLICT: it has the {row['conflict']}; it is not polled"
    if row["parent_serial"] is not None and panel.subnet_protocol in OVER_MSTP:
        return "It is on MS/TP behind its panel and answers only BACnet: t3actors discover --bacnet"
    if not _is_unit(panel.modbus_id):
        return f"Its Modbus id is {panel.modbus_id}: a device is polled as unit 1 to 247, or 255; give it one"
    if row["profile"] is None:
        return "No profile reads this product: list its points by hand"
    return None


def _over_bacnet(row: Row, panel: ScannedPanel) -> list[str]:
    speaks = panel.product in products.SPEAKS_BACNET and row["parent_serial"] is None
    if not speaks or panel.object_instance is None:
        return []
    address = f"{panel.ip_address}:{panel.bacnet_port or BACNET_PORT}"
    return [
        f'# Over BACnet, with labels: protocol = "bacnet", address = "{address}", instance = {panel.object_instance}'
    ]


def _is_unit(modbus_id: int) -> bool:
    return 1 <= modbus_id <= 247 or modbus_id == 255


def _text(value: str) -> str:
    return json.dumps("".join(letter if letter.isprintable() else "?" for letter in value), ensure_ascii=False)
