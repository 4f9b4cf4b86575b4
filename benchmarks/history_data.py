"""The points that the history benchmarks simulate: 1,000 of a building, as the storage study had them.

| points | are | change |
|---|---|---|
| 400 | temperatures, 0.1 | each 1 to 5 min |
| 25 | flows, 0.01 | each 3 to 8 s |
| 25 | flows, noise of a 32-bit float | each 3 to 8 s |
| 100 | counters, whole or 0.1 | each 10 to 60 s |
| 300 | digital | 10 to 80 a day |
| 150 | setpoints | 0.2 to 8 a day |

Times are polls of a 1 s grid, a phase of each point, and 4 ms of jitter: hard to pack. 5 % of the points make 62 % of the samples.
"""

from __future__ import annotations

import heapq
import random
import struct
from collections.abc import Iterator
from pathlib import Path

from t3actors.config import StoreConfig
from t3actors.events import silent
from t3actors.messages import DeviceAnnounced, PointChange, PointsChanged
from t3actors.points import DeviceFacts, Kind, Point, Reading
from t3actors.store.store import Store

DAY_MS = 86_400_000
T0_MS = 1_793_491_200_000  # the first of a month
POINTS_PER_DEVICE = 50


class Signal:
    """One point: when it changes next, and to what."""

    def __init__(self, number: int, kind: str) -> None:
        self.device = f"panel-{number // POINTS_PER_DEVICE + 1}"
        self.point_id = f"IN{number % POINTS_PER_DEVICE + 1}"
        self.kind = kind
        self._random = random.Random(number)
        self._phase_ms = self._random.randrange(1000)
        self._value = 0.0
        self._state = 0
        low, high = {
            "temperature": (60, 300), "flow": (3, 8), "noisy flow": (3, 8), "counter": (10, 60),
            "digital": (1080, 8640), "setpoint": (10_800, 432_000),
        }[kind]  # fmt: skip
        self._every_s = self._random.uniform(low, high) if kind not in {"flow", "noisy flow"} else 0.0
        self._low, self._high = low, high
        self._decimal = self._random.random() < 0.5
        self._second = 0

    def next(self) -> tuple[int, Signal, float | int]:
        """Return (milliseconds, itself, value) of its next change."""
        pick = self._random
        mean = self._every_s or pick.uniform(self._low, self._high)
        self._second += max(1, round(mean if not self._every_s else pick.expovariate(1 / mean)))
        at_ms = self._second * 1000 + self._phase_ms + round(pick.gauss(0, 4))
        return max(0, at_ms), self, self._next_value()

    def _next_value(self) -> float | int:
        pick = self._random
        match self.kind:
            case "temperature":
                self._value = min(35.0, max(5.0, (self._value or 21.0) + pick.choice((-0.1, 0.1, 0.2, -0.2))))
                return round(self._value, 1)
            case "flow":
                return round(50 + pick.gauss(0, 4), 2)
            case "noisy flow":
                return float(struct.unpack("f", struct.pack("f", 50 + pick.gauss(0, 4)))[0])
            case "counter":
                self._value += pick.randrange(1, 20)
                return round(self._value / 10, 1) if self._decimal else int(self._value)
            case "digital":
                self._state = 1 - self._state
                return self._state
            case _:
                return round(pick.uniform(18, 24) * 2) / 2


MIX = (("temperature", 400), ("flow", 25), ("noisy flow", 25), ("counter", 100), ("digital", 300), ("setpoint", 150))


def signals(scale: float = 1.0) -> list[Signal]:
    """Return the points, or a share of each kind."""
    kinds = [kind for kind, count in MIX for _ in range(max(1, round(count * scale)))]
    random.Random(7).shuffle(kinds)
    return [Signal(number, kind) for number, kind in enumerate(kinds)]


def changes(points: list[Signal], days: float) -> Iterator[tuple[int, Signal, float | int]]:
    """Give all changes in the order of their times, milliseconds since T0_MS."""
    heap = [(*signal.next()[:1], number) for number, signal in enumerate(points)]
    heapq.heapify(heap)
    while heap:
        at_ms, number = heap[0]
        if at_ms >= days * DAY_MS:
            return
        following, signal, value = points[number].next()
        yield at_ms, signal, value
        heapq.heapreplace(heap, (max(following, at_ms + 1), number))


class Gateway:
    """A store with the hand on its clock, and the number of its next batch."""

    def __init__(
        self, path: Path, devices: dict[str, list[str]], incarnation: int = 1, now_ms: int = T0_MS, **config: object
    ) -> None:
        self.path = path
        self.now_ms = now_ms
        self.batch_no = 0
        self._incarnation = incarnation
        fields = {"database": path, "min_free_bytes": 0, "budget_bytes": 0} | config
        self.store = Store(
            StoreConfig(**fields), "bench", "0", "boot", silent, lambda: self.now_ms, clock_trusted=True  # type: ignore[arg-type]
        )  # fmt: skip
        self.store.open(lambda _checked: None)
        self.announce(devices)

    def announce(self, devices: dict[str, list[str]]) -> None:
        """Describe devices and their points."""
        self.put([announcement(number, name, ids) for number, (name, ids) in enumerate(devices.items())])

    def put(self, items: list[object]) -> None:
        """Store one batch."""
        self.batch_no += 1
        self.store.store(
            PointsChanged(incarnation=self._incarnation, batch_no=self.batch_no, at_ms=self.now_ms, items=tuple(items))
        )  # type: ignore[arg-type]

    def tidy(self) -> None:
        """Do all there is to pack, merge and let go of at this time of its clock."""
        tidying = self.store.tidying
        assert tidying is not None
        tidying.finish()


def devices_of(points: list[Signal]) -> dict[str, list[str]]:
    """Return the points of each device."""
    found: dict[str, list[str]] = {}
    for signal in points:
        found.setdefault(signal.device, []).append(signal.point_id)
    return found


def announcement(number: int, name: str, ids: list[str]) -> DeviceAnnounced:
    """Describe a device."""
    return DeviceAnnounced(
        device=name,
        protocol="modbus",
        address=f"192.0.2.{number % 250}:502",
        poll_interval_s=1,
        stale_after=3,
        down_after=6,
        points=tuple(Point(point_id=id_, kind=Kind.INPUT, point_index=int(id_[2:]), units="°C") for id_ in ids),
        complete=True,
        facts=DeviceFacts(serial_number=12345 + number),
    )


def change(device: str, point_id: str, at_ms: int, value: float | str) -> PointChange:
    """One change of a point."""
    return PointChange(
        device=device, point_id=point_id, reading=Reading(point_id, value), sampled_at_ms=at_ms, at_ms=at_ms,
        changed=True, sample=True,
    )  # fmt: skip


def written_bytes() -> int:
    """Bytes passed to write() by this process so far (Linux)."""
    return int(Path("/proc/self/io").read_text().split("wchar: ")[1].split()[0])


def file_bytes(path: Path) -> int:
    """The database and its WAL."""
    return sum(part.stat().st_size for part in path.parent.glob(path.name + "*") if not part.name.endswith("-shm"))
