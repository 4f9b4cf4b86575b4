"""What the change detector costs per reading, by the share of readings that changed. Run: python -m benchmarks.detect

25,000 points on 500 devices, one poll each per round. "judge" is latest.py alone; "actor" is the whole ChangeDetector with
a writer that acknowledges at once: batches built, EVENTS rows, acknowledgements to the devices. CPU time of the process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import trio
import trio.testing

from supervision.registry import Registry
from supervision.testing import running
from t3actors.config import StoreConfig
from t3actors.detect.detector import ChangeDetector
from t3actors.detect.device import DeviceLatest
from t3actors.events import silent
from t3actors.messages import (
    BatchStored,
    DeviceAnnounced,
    PointsChanged,
    PointsRead,
    PollCounts,
    StateLoaded,
    StateRequested,
)
from t3actors.points import Kind, Point, Reading, Rules

DEVICES = 500
POINTS = 50
ROUNDS = 20
RULES = Rules(poll_interval_s=1.0, deadband=0.05)


def announcement(device: str) -> DeviceAnnounced:
    points = tuple(Point(point_id=f"IN{n}", kind=Kind.INPUT, point_index=n, rules=RULES) for n in range(POINTS))
    return DeviceAnnounced(
        device=device, protocol="modbus", address="", poll_interval_s=1.0, stale_after=3, down_after=6, points=points
    )


def polls(round_no: int, share: float) -> list[PointsRead]:
    """One poll of each device; `share` of the values differ from the round before."""
    every = round(1 / share) if share else 0
    return [
        PointsRead(
            device=f"d{d}",
            poll_no=round_no,
            sampled_at_ms=round_no * 1000,
            readings=tuple(
                Reading(f"IN{n}", 20.0 + (round_no if every and n % every == 0 else 0)) for n in range(POINTS)
            ),
            counts=PollCounts(round_no, 0, 1.0),
        )
        for d in range(DEVICES)
    ]


def judged_us(rounds: Sequence[list[PointsRead]]) -> float:
    """Microseconds per reading in latest.py."""
    devices = {f"d{d}": DeviceLatest(f"d{d}") for d in range(DEVICES)}
    for name, device in devices.items():
        device.announce(announcement(name), 0.0, 0)
    for read in rounds[0]:
        devices[read.device].take(read, 0.0)
    began = time.process_time()
    for round_no, reads in enumerate(rounds[1:], 1):
        for read in reads:
            devices[read.device].take(read, float(round_no))
    return (time.process_time() - began) / (len(rounds) - 1) / DEVICES / POINTS * 1e6


class Writer:
    """Acknowledges at once."""

    incarnation = 1

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def deliver(self, message: object) -> bool:
        match message:
            case StateRequested(incarnation=stream):
                self._registry.send("detector", StateLoaded(incarnation=stream, points=(), device_status={}))
            case PointsChanged(incarnation=stream, batch_no=number, items=items):
                stored = BatchStored(incarnation=stream, batch_no=number, rows=len(items), samples=0)
                self._registry.send("detector", stored)
        return True

    def ask_later(self, message: object) -> object:
        raise NotImplementedError


async def actor_us(rounds: Sequence[list[PointsRead]]) -> float:
    """Microseconds per reading through the actor."""
    registry = Registry()
    registry.register("writer", Writer(registry))  # type: ignore[arg-type]
    detector = ChangeDetector(StoreConfig(), wall_ms=lambda: 0, log=silent, stream_id=lambda: 1)
    async with running(detector, name="detector", registry=registry) as ref:
        for d in range(DEVICES):
            ref.tell(announcement(f"d{d}"))
        for read in rounds[0]:
            ref.tell(read)
        await trio.testing.wait_all_tasks_blocked(0.01)
        began = time.process_time()
        for reads in rounds[1:]:
            for read in reads:
                ref.tell(read)
            await trio.testing.wait_all_tasks_blocked()
        return (time.process_time() - began) / (len(rounds) - 1) / DEVICES / POINTS * 1e6


def tick_us() -> float:
    """Microseconds for a look at the ages of all points when nothing is due."""
    devices = [DeviceLatest(f"d{d}") for d in range(DEVICES)]
    for device in devices:
        device.announce(announcement(device.name), 0.0, 0)
        device.grow_old(0.0, 0)
    began = time.process_time()
    for _ in range(100):
        for device in devices:
            if device.check_at_s <= 1.0:
                device.grow_old(1.0, 0)
    return (time.process_time() - began) / 100 * 1e6


def walk_us() -> float:
    """Microseconds per point when a device's ages are looked at."""
    device = DeviceLatest("d")
    device.announce(announcement("d"), 0.0, 0)
    readings = tuple(Reading(f"IN{n}", 20.0) for n in range(POINTS))
    read = PointsRead(device="d", poll_no=1, sampled_at_ms=0, readings=readings, counts=PollCounts(1, 0, 1.0))
    device.take(read, 0.0)
    began = time.process_time()
    for _ in range(1000):
        device.check_at_s = 0.0
        device.grow_old(0.0, 0)
    return (time.process_time() - began) / 1000 / POINTS * 1e6


def main() -> None:
    for share in (0.0, 0.05, 1.0):
        rounds = [polls(round_no, share) for round_no in range(ROUNDS + 1)]
        row = {
            "changed": share,
            "judge_us_per_reading": round(judged_us(rounds), 3),
            "actor_us_per_reading": round(trio.run(actor_us, rounds), 3),
        }
        print(json.dumps(row))
    print(json.dumps({"idle_tick_us": round(tick_us(), 1), "age_walk_us_per_point": round(walk_us(), 3)}))


if __name__ == "__main__":
    main()
