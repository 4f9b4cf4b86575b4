"""Whether the gateway gets on with its work, as one document that is made once a second and read by anybody at no cost.

Live is what makes progress, not what answers a timer: the loop turns (this actor ran), the detector answered, and the writer
stored something whenever something waited. That devices are silent or actors are being restarted is told, and does not make it less live.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec
import trio

from supervision.actor import TrioActor
from supervision.errors import NobodyThere
from t3actors.control import Override
from t3actors.messages import DetectorCounts, DetectorCountsRequested
from t3actors.points import DeviceStatus
from t3actors.questions import DeviceStanding, StandingsRequested
from t3actors.watch.tree import ChildRow

LOOK_EVERY_S = 1.0
AT_START_EVERY_S = 0.1
WELL = {DeviceStatus.ONLINE, DeviceStatus.DISABLED}
ANSWERS_WITHIN_S = 5.0
STORES_WITHIN_S = 35.0
"""A batch waits 2 s at most, one in flight is sent again after 30 s: a writer that stored nothing for longer makes no progress."""
OLD_AFTER_S = 10.0

NAMED_AT_MOST = 20
State = Literal["ok", "starting", "degraded", "stuck"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How one part of the gateway is, why, and since when (Unix ms)."""

    state: State
    reason: str
    since_at: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is not online, and why; since when (Unix ms; null: since before the start)."""

    device: str
    status: DeviceStatus
    reason: str
    since_at: int | None


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `live`: detector and store make progress. `at`: when it was made (Unix ms).

    `actors` is degraded while a child of the tree does not run. `devices`: how many have which status; `troubled`: the first 20 that are
    neither online nor disabled. `overrides`: what holds instead of the configuration until the gateway is restarted, by device.
    """

    name: str
    version: str
    boot_id: str
    live: bool
    at: int
    started_at: int
    detector: Part
    store: Part
    actors: Part
    devices: dict[DeviceStatus, int]
    troubled: list[Trouble]
    overrides: dict[str, Override]
    points: int
    pending_changes: int


class Shown(msgspec.Struct, frozen=True):
    """The document as it is sent."""

    body: bytes
    live: bool
    made_s: float = -math.inf


class HealthBoard:
    """Where the newest document hangs. `now_s` is the loop's clock. Thread: the trio loop."""

    def __init__(self, now_s: Callable[[], float] = trio.current_time) -> None:
        self._now_s = now_s
        self._shown = Shown(b'{"live":false,"reason":"the gateway is starting"}', live=False)

    def hang(self, report: HealthReport) -> None:
        """Hang a new one."""
        self._shown = Shown(msgspec.json.encode(report), report.live, self._now_s())

    def shown(self) -> Shown:
        """Return it; one that nobody has replaced for long says so."""
        shown = self._shown
        if math.isfinite(shown.made_s) and self._now_s() - shown.made_s > OLD_AFTER_S:
            return Shown(b'{"live":false,"reason":"nobody looks after the health of the gateway"}', live=False)
        return shown


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which gateway this is, and since when (Unix ms)."""

    name: str
    version: str
    boot_id: str
    started_at: int


class Health(TrioActor):
    """Looks once a second and hangs what it saw on the board."""

    def __init__(
        self,
        identity: Identity,
        board: HealthBoard,
        wall_ms: Callable[[], int],
        *,
        children: Callable[[], Iterable[ChildRow]],
        overrides: Mapping[str, Override],
    ) -> None:
        super().__init__()
        self._identity = identity
        self._board = board
        self._children = children
        self._overrides = overrides
        self._wall_ms = wall_ms
        self._counts = DetectorCounts()
        self._standings: tuple[DeviceStanding, ...] = ()
        self._stored_s = 0.0
        self._standing: dict[str, Part] = {}

    async def on_start(self) -> None:
        """Begin to look."""
        self._stored_s = self.now_s()
        self.spawn(self._keep_looking)

    async def _keep_looking(self) -> None:
        while True:
            answered = await self._ask()
            self._board.hang(self._report(answered))
            await trio.sleep(LOOK_EVERY_S if self._counts.loaded else AT_START_EVERY_S)

    async def _ask(self) -> bool:
        try:
            counts = await self.registry.ask("detector", DetectorCountsRequested(), timeout_s=ANSWERS_WITHIN_S)
            self._standings = await self.registry.ask("detector", StandingsRequested(), timeout_s=ANSWERS_WITHIN_S)
        except (NobodyThere, trio.TooSlowError):
            return False
        if not isinstance(counts, DetectorCounts):
            return False
        waits = counts.pending or counts.in_flight
        if counts.batches_stored != self._counts.batches_stored or not waits:
            self._stored_s = self.now_s()
        self._counts = counts
        return True

    def _report(self, answered: bool) -> HealthReport:
        counts = self._counts
        detector = self._part("detector", *_detector(counts, answered))
        store = self._part("store", *_store(counts, self.now_s() - self._stored_s))
        return HealthReport(
            **msgspec.structs.asdict(self._identity),
            live=detector.state == "ok" and store.state == "ok",
            at=self._wall_ms(),
            detector=detector,
            store=store,
            actors=self._part("actors", *_actors(self._children())),
            devices=Counter(each.status for each in self._standings),
            troubled=[_trouble(each) for each in self._standings if each.status not in WELL][:NAMED_AT_MOST],
            overrides=dict(self._overrides),
            points=counts.points,
            pending_changes=counts.pending + counts.in_flight,
        )

    def _part(self, name: str, state: State, reason: str) -> Part:
        """Return how a part is; since when, counts from the last change of its state."""
        before = self._standing.get(name)
        since_at = before.since_at if before is not None and before.state == state else self._wall_ms()
        part = self._standing[name] = Part(state=state, reason=reason, since_at=since_at)
        return part


def _actors(children: Iterable[ChildRow]) -> tuple[State, str]:
    down = [f"{child.child} ({child.state})" for child in children if child.state != "running"]
    if not down:
        return "ok", ""
    return "degraded", ", ".join(down[:NAMED_AT_MOST]) + (
        f" and {len(down) - NAMED_AT_MOST} more" * (len(down) > NAMED_AT_MOST)
    )


def _trouble(standing: DeviceStanding) -> Trouble:
    return Trouble(
        device=standing.device, status=standing.status, reason=standing.reason, since_at=standing.since_at_ms
    )


def _detector(counts: DetectorCounts, answered: bool) -> tuple[State, str]:
    if not answered:
        return "stuck", f"the detector did not answer within {ANSWERS_WITHIN_S:g} s"
    if not counts.loaded:
        return "starting", "it waits for the database to say what is stored"
    return "ok", ""


def _store(counts: DetectorCounts, idle_s: float) -> tuple[State, str]:
    if not counts.loaded:
        return "starting", "the database is being opened"
    if idle_s > STORES_WITHIN_S:
        return "stuck", f"nothing was stored for {idle_s:.0f} s while changes wait"
    return "ok", ""
