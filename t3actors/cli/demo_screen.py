"""The demo's live table, drawn from what the database says: what is not stored is not shown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from t3actors.cli.tables import shown
from t3actors.errors import StoreError
from t3actors.questions import DetectorCounts
from t3actors.rows import DeviceRow, PointRow
from t3actors.store.reader import open_reader
from t3actors.watch.resources import file_mb

MOST_DEVICES = 30
VALUES_PER_DEVICE = 3
HEADINGS = (("device", 10), ("protocol", 8), ("status", 10), ("points ok", 9), ("some values", 22), ("address", 10))
COLOURS = {"online": "green", "connecting": "yellow", "offline": "red"}


def screen(database: Path, running_s: float, counts: DetectorCounts) -> RenderableType:
    """Read the database and draw it, with the detector's counts below. Thread: any, one at a time."""
    try:
        with open_reader(database) as reader:
            devices, points = reader.devices(), reader.points()
    except StoreError as error:
        return Text(f"waiting for the database: {error}")
    return Group(_table(devices, points), Text(_totals(database, devices, points, running_s, counts)))


def _totals(
    database: Path, devices: list[DeviceRow], points: list[PointRow], running_s: float, counts: DetectorCounts
) -> str:
    online = sum(device.status == "online" for device in devices)
    by_protocol = ", ".join(f"{count} {name}" for name, count in Counter(device.protocol for device in devices).items())
    good = sum(point.status == "ok" for point in points)
    kept = 100 * counts.samples / max(1, counts.readings)
    return (
        f"\n{online} of {len(devices)} devices online ({by_protocol}) · {good} of {len(points)} points ok"
        f" · {counts.readings / running_s:,.0f} readings/s · {counts.samples / running_s:,.0f} samples/s stored"
        f" ({kept:.0f} % of readings) · {file_mb(database, Path(f'{database}-wal')):.1f} MB · Ctrl-C stops"
    )


def _table(devices: list[DeviceRow], points: list[PointRow]) -> Table:
    some: dict[str, list[str]] = {}
    good = Counter(point.name for point in points if point.status == "ok")
    for point in points:
        values = some.setdefault(point.name, [])
        if len(values) < VALUES_PER_DEVICE and point.value is not None and point.point_type == "INPUT":
            values.append(f"{point.point_id} {point.text or shown(point.value)} {point.units}".strip())
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading, least in HEADINGS:
        table.add_column(heading, no_wrap=True, min_width=least)
    for device in some_of_each(devices):
        status = Text(device.status, style=COLOURS.get(device.status, ""))
        count = f"{good[device.name]} of {device.points}"
        table.add_row(
            device.name, device.protocol, status, count, " · ".join(some.get(device.name, [])), device.address
        )
    if len(devices) > MOST_DEVICES:
        table.add_row(f"... and {len(devices) - MOST_DEVICES} more")
    return table


def some_of_each(devices: list[DeviceRow]) -> list[DeviceRow]:
    """Give MOST_DEVICES at most, in their order, as many of each protocol as there is room for."""
    before: Counter[str] = Counter()
    places: dict[str, int] = {}
    for device in devices:
        places[device.name] = before[device.protocol]
        before[device.protocol] += 1
    chosen = sorted(places, key=lambda name: places[name])[:MOST_DEVICES]
    return [device for device in devices if device.name in chosen]
