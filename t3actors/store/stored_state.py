"""Reads back what the detector compares with after a restart: the last stored reading of every point."""

from __future__ import annotations

from typing import Any

import apsw

from t3actors.messages import StateLoaded, StoredPoint
from t3actors.points import DeviceStatus, Kind, Reading, Status
from t3actors.store.known import TABLES
from t3actors.store.values import from_columns


def _select(kind: Kind) -> str:
    hw_switch = "p.hw_switch_status" if kind is Kind.OUTPUT else "NULL"
    return (
        f"SELECT d.name, p.point_id, p.value, p.text, p.status, p.status_reason, p.auto_manual, p.flags, {hw_switch},"  # noqa: S608
        f" p.sampled_at, p.status_at FROM {TABLES[kind]} p JOIN DEVICES d ON d.device_id = p.device_id"
    )


_SELECT = {kind: _select(kind) for kind in Kind}


def load(connection: apsw.Connection, incarnation: int) -> StateLoaded:
    """Return the whole of it. A row that is gone from its device gives way to one that has its name now."""
    points: dict[tuple[str, str], StoredPoint] = {}
    for select in _SELECT.values():
        for row in connection.execute(select):
            point = _stored(row)
            key = point.device, point.point_id
            if key not in points or point.reading.status is not Status.DISABLED:
                points[key] = point
    devices = list(connection.execute("SELECT name, COALESCE(status_before, status), last_ok_at FROM DEVICES"))
    return StateLoaded(
        incarnation=incarnation,
        points=tuple(points.values()),
        device_status={name: DeviceStatus(status) for name, status, _ in devices},
        last_ok_at_ms={name: last_ok_at for name, _, last_ok_at in devices if last_ok_at is not None},
    )


def _stored(row: tuple[Any, ...]) -> StoredPoint:
    device, point_id, value, text, status, reason, auto_manual, flags, hw_switch, sampled_at, status_at = row
    reading = Reading(point_id, from_columns(value, text), Status(status), reason, auto_manual, flags, hw_switch)
    return StoredPoint(
        device=device, point_id=point_id, reading=reading, sampled_at_ms=sampled_at or 0, status_at_ms=status_at or 0
    )
