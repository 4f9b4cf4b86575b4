"""What a search found: as rows, as the `[[devices]]` table of each, as a whole configuration file. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from t3actors.collect.bacnet.discover.sightings import Claim
from t3actors.collect.bacnet.link.requests import DeviceSeen
from t3actors.config import BacnetConfig
from t3actors.stations import TEMCO

SEGMENTATION = ("both", "transmit", "receive", "none")  # BACnetSegmentation, 21

Row = dict[str, Any]


def rows_of(
    listed: Iterable[tuple[Claim, Claim | None]], limits: tuple[int, int] | None, vendor: int | None
) -> list[Row]:
    """Make the rows, in an order that does not depend on who answered first; those of other instances or vendors left out."""
    rows = [_row(claim.seen, claim, first) for claim, first in listed if claim.seen is not None]
    low, high = limits or (0, 1 << 22)
    wanted = [row for row in rows if low <= row["instance"] <= high and vendor in {None, row["vendor_id"]}]
    wanted.sort(key=lambda row: (row["network"] or 0, bytes.fromhex(row["mac"]), row["instance"]))
    _configure(wanted)
    return wanted


def conflicts_of(rows: Sequence[Row]) -> list[str]:
    """Say of each conflict who is in it."""
    return [
        f"conflict: instance {row['instance']} is claimed by {row['conflict']} and by {row['name']} at {row['address']}: "
        "give one of them another instance"
        for row in rows
        if row["conflict"] is not None
    ]


def file_text(rows: Sequence[Row], used: BacnetConfig) -> str:
    """Write a configuration that `t3actors check` accepts: the `[bacnet]` that was used for the search, and the devices."""
    lines = [
        "# Found by `t3actors discover`. Give the devices names of your own: history hangs on the name.",
        "",
        "[bacnet]",
    ]
    if used.interface:
        lines.append(f"interface = {_text(used.interface)}")
    if used.port:
        lines.append(f"port = {used.port}")
    if used.bbmd is not None:
        lines.append(f"bbmd = {_text(used.bbmd)}")
    for network in used.networks:
        if network.router is not None:
            lines += [f"[bacnet.networks.{network.number}]", f"router = {_text(network.router)}"]
    return "\n".join(lines) + "\n\n" + "\n".join(row["config"] for row in rows)


def _row(seen: DeviceSeen, claim: Claim, first: Claim | None) -> Row:
    return {
        "name": claim.name,
        "address": seen.address,
        "network": seen.network,
        "mac": seen.mac.hex(),
        "instance": seen.instance,
        "vendor_id": seen.vendor_id,
        "max_apdu": seen.max_apdu,
        "segmentation": SEGMENTATION[seen.segmentation],
        "conflict": None if first is None else first.name,
        "config": "",
    }


def _configure(rows: Sequence[Row]) -> None:
    """Give each row its table. A name is the instance; of those in conflict only the first is not commented out."""
    used: dict[str, int] = {}
    for row in rows:
        name = f"bacnet-{row['instance']}"
        if row["conflict"] is not None:
            used[name] = used.get(name, 1) + 1
            name = f"{name}-{used[name]}"
        row["config"] = _table(row, name)


def _table(row: Row, name: str) -> str:
    vendor = f"vendor {row['vendor_id']}" + (" (Temco)" if row["vendor_id"] == TEMCO else "")
    lines = [
        f"[[devices]]  # {vendor}, answers of up to {row['max_apdu']} octets, segmentation {row['segmentation']}",
        f"name = {_text(name)}",
        'protocol = "bacnet"',
        f"address = {_text(row['address'])}",
        f"instance = {row['instance']}",
    ]
    if row["conflict"] is not None:
        lines = [f"CONFLICT: instance {row['instance']} is that of {row['conflict']} too; it is not polled", *lines]
        lines = [f"# {line}" for line in lines]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # TOML's basic strings have JSON's escapes
