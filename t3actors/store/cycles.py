"""Counts what a cycle of a T3000 installation left in the database: the seed's step 11.

Rows of DEVICES and the point tables are counted by the database, samples as they were inserted; all of it inside the transaction
that stores the cycle, so what is counted is committed with it. A row for EVENTS stands for each panel
of a cycle that somebody asked for, and of one that finds other rows in the tables than the last that was written down: not of every
cycle, for a hundred panels every 30 s would be 288,000 rows a day. (Samples alone differ each time where only changes are stored.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import apsw

from t3actors.cycles import CycleEnded, CycleStored, PanelCount
from t3actors.messages import BatchItem, PointChange
from t3actors.store.known import ROWS, Known, KnownDevice
from t3actors.store.tally import Tally

EVENT = "cycle.stored"
_DEVICES = "SELECT COUNT(*) FROM DEVICES WHERE serial_number = ?"
_POINTS = tuple(f"SELECT COUNT(*) FROM {table} WHERE serial_number = ?" for table in ROWS.values())  # noqa: S608
_SERIES_OF_A_DEVICE = 20
"""Bits: series_id >> 20 is the device_id (schema 1)."""


def write(tally: Tally, ended: CycleEnded) -> None:
    """Count the cycle's rows, and write down what is worth it."""
    inserted = Counter(row[1] >> _SERIES_OF_A_DEVICE for rows in tally.inserted for row in rows)
    tally.journal.set(tally, "inserted", ())
    panels = (tally.known.devices.get(name) for name in ended.panels)
    counts = [_count(tally.connection, device, inserted[device.device_id]) for device in panels if device is not None]
    tally.journal.put(
        tally.cycles, ended.group, CycleStored(device=ended.device, group=ended.group, panels=tuple(counts))
    )
    for count in counts if tally.events else ():
        seen = count.devices, count.inputs, count.outputs, count.variables
        if ended.requested or tally.known.cycles.get(count.device) != seen:
            tally.journal.put(tally.known.cycles, count.device, seen)
            device_id = tally.known.devices[count.device].device_id
            tally.add_events([(ended.at_ms, device_id, None, EVENT, "", "", words(count))])


def again(
    connection: apsw.Connection, known: Known, items: Iterable[BatchItem], dropped: Iterable[tuple[str, str]]
) -> tuple[CycleStored, ...]:
    """Say once more what a batch that is stored already, but for `dropped`, left of its cycles: whoever waits for one must hear of it.

    Its samples are counted by its items: of a point that was dropped, none.
    """
    gone = set(dropped)
    samples: Counter[str] = Counter()
    cycles: list[CycleStored] = []
    for item in items:
        if isinstance(item, PointChange) and item.sample and (item.device, item.point_id) not in gone:
            samples[item.device] += 1
        elif isinstance(item, CycleEnded):
            panels = (known.devices.get(name) for name in item.panels)
            counts = tuple(_count(connection, device, samples[device.name]) for device in panels if device is not None)
            cycles.append(CycleStored(device=item.device, group=item.group, panels=counts))
            samples.clear()
    return tuple(cycles)


def words(count: PanelCount) -> str:
    """Put a panel's counts as the seed's validation does."""
    return (
        f"{count.devices} record(s) in DEVICES table; {count.inputs} INPUT points; {count.outputs} OUTPUT points; "
        f"{count.variables} VARIABLE points; {count.samples} trend rows"
    )


def _count(connection: apsw.Connection, device: KnownDevice, samples: int) -> PanelCount:
    execute = connection.execute
    inputs, outputs, variables = (execute(points, (device.serial,)).get for points in _POINTS)
    return PanelCount(
        device=device.name,
        serial_number=device.serial,
        devices=execute(_DEVICES, (device.serial,)).get,
        inputs=inputs,
        outputs=outputs,
        variables=variables,
        samples=samples,
    )
