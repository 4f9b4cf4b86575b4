"""Whether the gateway gets on with its work, as one document that is made once a second and read by anybody at no cost.

Live is what makes progress, not what answers a timer: the loop turns (this actor ran), the detector looks at its ages and answers, and the
writer takes its mail and stores something whenever something waits. That devices are silent or actors are being restarted is told, and does
not make it less live. How each part is judged stands in parts.py; unit.py feeds systemd's watchdog by what has moved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec
import trio

from supervision.actor import TrioActor
from supervision.errors import NobodyThere
from t3actors.control import Override
from t3actors.questions import (
    DetectorCounts,
    DetectorCountsRequested,
    DeviceStanding,
    StandingsRequested,
    WriterStanding,
    WriterStandingRequested,
)
from t3actors.watch import parts
from t3actors.watch.growth import Growth
from t3actors.watch.neighbours import Neighbours
from t3actors.watch.parts import (
    ANSWERS_WITHIN_S,
    NAMED_AT_MOST,
    STORES_WITHIN_S,
    DoorPart,
    HealthReport,
    Judgement,
    LinkTrouble,
    Part,
    WebviewPart,
)
from t3actors.watch.tree import ChildRow

LOOK_EVERY_S = 1.0
AT_START_EVERY_S = 0.1
OLD_AFTER_S = 10.0
STOOD_STILL_S = 1.0
REMEMBERED_S = 60.0
"""For so long it is told that the loop stood still."""


class Moved(NamedTuple):
    """Counts on as each part makes progress."""

    loop: int = 0
    detector: int = 0
    writer: int = 0


class Shown(msgspec.Struct, frozen=True):
    """The document as it is sent."""

    body: bytes
    live: bool
    made_s: float = -math.inf


class HealthBoard:
    """Where the newest document hangs. `now_s` is the loop's clock. Thread: the trio loop."""

    def __init__(self, now_s: Callable[[], float] = trio.current_time) -> None:
        self.report: HealthReport | None = None
        self.moved = Moved()
        self._now_s = now_s
        self._shown = Shown(b'{"live":false,"reason":"the gateway is starting"}', live=False)

    def hang(self, report: HealthReport, *moved: str) -> None:
        """Hang a new one. `moved`: the parts that made progress since the last."""
        self.report = report
        self.moved = Moved(*(count + (name in moved) for name, count in self.moved._asdict().items()))
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
    """Looks once a second and hangs what it saw on the board. `links`: the devices on each link, by its role.

    `let_go`: what closes the database where it is only kept open, while the writer waits for a lock: one that SQLite itself was left with
    stays as long as anybody in this process has the file open (failing.py).
    """

    def __init__(
        self,
        identity: Identity,
        board: HealthBoard,
        wall_ms: Callable[[], int],
        *,
        children: Callable[[], Iterable[ChildRow]],
        overrides: Mapping[str, Override],
        links: Callable[[], Mapping[str, Sequence[str]]] = dict,
        neighbours: Neighbours | None = None,
        let_go: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__()
        self._identity = identity
        self._board = board
        self._children = children
        self._overrides = overrides
        self._links = links
        self._neighbours = neighbours or Neighbours()
        self._let_go = let_go
        self._wall_ms = wall_ms
        self._counts = DetectorCounts()
        self._standings: tuple[DeviceStanding, ...] = ()
        self._writer = WriterStanding()
        self._growth = Growth()
        self._writer_answered = False
        self._answered_s = self._looked_s = self._heard_s = self._stored_s = self._idle_s = 0.0
        self._late_s, self._late_at_s = 0.0, -math.inf
        self._known: dict[str, Part] = {}

    async def on_start(self) -> None:
        """Begin to look."""
        self._answered_s = self._looked_s = self._heard_s = self._stored_s = self.now_s()
        self.spawn(self._follow_writer)
        self.spawn(self._follow_neighbours)
        self.spawn(self._keep_looking)

    async def _keep_looking(self) -> None:
        while True:
            looks = self._counts.looks
            answered = await self._ask_detector()
            moved = ["loop"]
            if answered and self._counts.looks != looks:
                moved.append("detector")
                self._looked_s = self.now_s()
            report = self._report()
            if self._writer_answered and report.store.state != "stuck":
                moved.append("writer")
            self._writer_answered = False
            self._board.hang(report, *moved)
            due_s = self.now_s() + (LOOK_EVERY_S if self._counts.loaded else AT_START_EVERY_S)
            await trio.sleep_until(due_s)
            if self.now_s() - due_s > STOOD_STILL_S:
                self._stood_still(self.now_s() - due_s)

    def _stood_still(self, gap_s: float) -> None:
        """The loop itself stood still: no other part is to blame for what it could not do meanwhile."""
        self._late_s, self._late_at_s = gap_s, self.now_s()
        for name in ("_answered_s", "_looked_s", "_heard_s", "_stored_s"):
            setattr(self, name, min(getattr(self, name) + gap_s, self.now_s()))

    # ------------------------------------------------------------------------------------------------- the questions

    async def _ask_detector(self) -> bool:
        try:
            counts = await self.registry.ask("detector", DetectorCountsRequested(), timeout_s=ANSWERS_WITHIN_S)
            self._standings = await self.registry.ask("detector", StandingsRequested(), timeout_s=ANSWERS_WITHIN_S)
        except (NobodyThere, trio.TooSlowError):
            return False
        if not isinstance(counts, DetectorCounts):
            return False
        if counts.batches_stored != self._counts.batches_stored or not counts.pending + counts.in_flight:
            self._stored_s = self.now_s()
        self._idle_s = self.now_s() - self._stored_s
        self._counts = counts
        self._answered_s = self.now_s()
        return True

    async def _follow_writer(self) -> None:
        """One question at a time, however long it takes: while another program holds the database that is some seconds."""
        while True:
            with suppress(NobodyThere):
                standing = await self.registry.ask("writer", WriterStandingRequested())
                if isinstance(standing, WriterStanding):
                    self._writer, self._heard_s, self._writer_answered = standing, self.now_s(), True
                    if standing.waits_for_lock:
                        self._let_go()
                    if standing.size_bytes:
                        self._growth.note(self._heard_s, standing.size_bytes)
            await trio.sleep(LOOK_EVERY_S)

    async def _follow_neighbours(self) -> None:
        while True:
            await self._neighbours.look(self.registry, self.now_s)
            await trio.sleep(LOOK_EVERY_S)

    # ---------------------------------------------------------------------------------------------------- the report

    def _report(self) -> HealthReport:
        counts, now_s, children = self._counts, self.now_s(), tuple(self._children())
        before, self._known = self._known, {}
        late_ago_s = now_s - self._late_at_s
        machine = {
            "loop": self._part(before, "loop", parts.of_loop(self._late_s * (late_ago_s < REMEMBERED_S), late_ago_s)),
            "detector": self._part(
                before, "detector", parts.of_detector(counts, now_s - self._answered_s, now_s - self._looked_s)
            ),
            "store": self._part(
                before, "store", parts.of_store(self._writer, counts, now_s - self._heard_s, self._idle_s)
            ),
            "actors": self._part(before, "actors", parts.of_actors(children)),
        }
        judged = self._neighbours.webview(now_s)
        webview = None if judged is None else self._part(before, "webview", judged)
        whole = machine if webview is None else {**machine, "webview": webview}
        gateway = self._part(before, "gateway", parts.of_gateway(whole))
        links = self._judged_links(before, children)
        store = machine["store"].state
        return HealthReport(
            **msgspec.structs.asdict(self._identity),
            live=machine["detector"].state == "ok"
            and (store in {"ok", "degraded"} or (store == "blocked" and self._idle_s <= STORES_WITHIN_S)),
            at=self._wall_ms(),
            gateway=gateway,
            loop=machine["loop"],
            detector=machine["detector"],
            store=machine["store"],
            actors=machine["actors"],
            webview=None
            if webview is None
            else WebviewPart(**msgspec.structs.asdict(webview), waiting=self._neighbours.webview_waiting),
            t3000=self._judged_doors(before),
            links=Counter(link.state for link in links),
            troubled_links=[link for link in links if link.state != "ok"][:NAMED_AT_MOST],
            devices=Counter(each.status for each in self._standings),
            troubled=[parts.trouble_of(each) for each in self._standings if each.status not in parts.WELL][
                :NAMED_AT_MOST
            ],
            overrides=dict(self._overrides),
            points=counts.points,
            points_by_status=parts.points_by_status(self._standings),
            pending_changes=counts.pending + counts.in_flight,
            growth_mb_a_day=self._growth.mb_a_day(),
        )

    def _judged_links(self, before: Mapping[str, Part], children: Iterable[ChildRow]) -> list[LinkTrouble]:
        rows = {child.child: child for child in children}
        standings = {each.device: each for each in self._standings}
        judged = []
        for link, names in self._links().items():
            on_it = [standings[name] for name in names if name in standings]
            part = self._part(before, link, parts.of_link(rows.get(link), on_it))
            judged.append(LinkTrouble(link=link, **msgspec.structs.asdict(part)))
        return judged

    def _judged_doors(self, before: Mapping[str, Part]) -> list[DoorPart]:
        judged = []
        for name, standing, judgement in self._neighbours.doors():
            part = self._part(before, f"t3000/{name}", judgement)
            judged.append(
                DoorPart(
                    device=name,
                    method=standing.method,
                    worker_pid=standing.worker_pid,
                    **msgspec.structs.asdict(part),
                )
            )
        return judged

    def _part(self, before: Mapping[str, Part], name: str, judgement: Judgement) -> Part:
        """Return how a part is; since when, counts from the last change of its state."""
        state, reason = judgement
        was = before.get(name)
        since_at = was.since_at if was is not None and was.state == state else self._wall_ms()
        part = self._known[name] = Part(state=state, reason=reason, since_at=since_at)
        return part
