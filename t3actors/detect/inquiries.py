"""What the detector answers to whoever asks how things are: its counts, every device, one point. Reads only. Called by detector.py."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from t3actors.detect.delivery import Delivery
from t3actors.detect.device import DeviceLatest
from t3actors.detect.latest import Latest
from t3actors.messages import BatchItem, PointChange
from t3actors.points import DeviceStatus, Status
from t3actors.questions import (
    DetectorCounts,
    DetectorCountsRequested,
    DeviceStanding,
    PointTrace,
    StandingsRequested,
    TraceRequested,
)

NOT_HEARD_OF = "nobody has spoken for it since the start"
Handler = Callable[[Any], object]


def inquiries(
    latest: Latest, out: Delivery, now_s: Callable[[], float], own_counts: Callable[[], dict[str, int]]
) -> dict[type, Handler]:
    """Return who answers which question. `own_counts`: what is counted by the detector itself."""

    def counts(_asked: DetectorCountsRequested) -> DetectorCounts:
        devices = latest.devices.values()
        return out.counts(
            devices=len(devices),
            devices_online=sum(
                device.status is DeviceStatus.ONLINE and is_spoken_for(device) and device.name not in latest.conflicts
                for device in devices
            ),
            points=latest.points(),
            **own_counts(),
        )

    def standings(_asked: StandingsRequested) -> tuple[DeviceStanding, ...]:
        return tuple(standing_of(device, latest.conflicts.get(name, "")) for name, device in latest.devices.items())

    def trace(asked: TraceRequested) -> PointTrace | None:
        device, waiting = latest.devices.get(asked.device), out.batches.pending.point_keys()
        return trace_of(device, asked.point_id, now_s(), waiting, out.batches.in_flight_contents)

    return {DetectorCountsRequested: counts, StandingsRequested: standings, TraceRequested: trace}


def is_spoken_for(device: DeviceLatest) -> bool:
    """Say whether anybody has told of the device since the start: of another the store alone knows how it was."""
    return device.announced is not None or device.status is DeviceStatus.DISABLED


def standing_of(device: DeviceLatest, conflict: str = "") -> DeviceStanding:
    """Say how a device is. `conflict`: the store's word on its serial number, which stands against the device's own."""
    said, is_known = device.said_last, is_spoken_for(device)
    status = device.status if device.status is not None and is_known else DeviceStatus.UNKNOWN
    reason = "" if said is None else said.reason
    reason = reason if is_known else NOT_HEARD_OF
    if conflict:
        status, reason = DeviceStatus.CONFLICT, conflict
    return DeviceStanding(
        device=device.name,
        status=status,
        reason=reason,
        since_at_ms=None if said is None else said.at_ms,
        last_ok_at_ms=device.last_ok_at_ms,
        poll_interval_s=None if device.announced is None else device.announced.poll_interval_s,
        counts=device.counts,
        points=len(device.tracks),
        points_by_status=device.by_status()
        if is_known
        else Counter(dict.fromkeys(device.tracks, Status.UNKNOWN).values()),
    )


def trace_of(
    device: DeviceLatest | None, point_id: str, now_s: float, waiting: set[tuple[str, str]], flown: Iterable[BatchItem]
) -> PointTrace | None:
    """Say what is held of a point; None where it is not known. `waiting`: points whose change waits; `flown`: the batch in flight."""
    track = None if device is None else device.tracks.get(point_id)
    if device is None or track is None:
        return None
    key = (device.name, point_id)
    is_flown = any(isinstance(item, PointChange) and (item.device, item.point_id) == key for item in flown)
    return PointTrace(
        stored=track.stored,
        seen=track.seen,
        read_ago_s=now_s - track.stamp.now_s,
        sampled_at_ms=track.sampled_at_ms,
        emitted_ago_s=now_s - track.emitted_s,
        repeat_in_s=_from_now(track.due_s, now_s),
        ages_in_s=_from_now(track.ages_at_s(device.counts.achieved_interval_s), now_s),
        waits=is_flown or key in waiting,
        point=track.point,
        rules=track.rules,
    )


def _from_now(at_s: float, now_s: float) -> float | None:
    return None if at_s == math.inf else max(0.0, at_s - now_s)
