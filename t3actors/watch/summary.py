"""Once a minute: how the last minute went, in one line. Counts what the stages tell; decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import trio

from supervision.actor import TrioActor
from supervision.errors import NobodyThere
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_SUMMARY
from t3actors.questions import DetectorCounts, DetectorCountsRequested
from t3actors.watch.resources import cpu_s, file_mb, rss_mb

EVERY_S = 60.0
ANSWER_WITHIN_S = 5.0


class Summary(TrioActor):
    """Logs gateway.summary every minute of the loop's clock."""

    def __init__(
        self,
        *,
        log: Log,
        take_pace: Callable[[], tuple[int, float]],
        restarts: Callable[[], int],
        database: Path,
        devices_total: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__()
        self._log = log
        self._take_pace = take_pace
        self._restarts = restarts
        self._database = database
        self._devices_total = devices_total
        self._every_s = every_s
        self._before = DetectorCounts()
        self._before_restarts = 0
        self._before_dead = 0
        self._before_cpu_s = 0.0

    async def on_start(self) -> None:
        """Begin the minute."""
        self._before_cpu_s = cpu_s()
        self.spawn(self._each_minute)

    async def _each_minute(self) -> None:
        at_s = self.now_s()
        while True:
            at_s += self._every_s
            await trio.sleep_until(at_s)
            self._say(await self._counts())

    async def _counts(self) -> DetectorCounts:
        """Ask the detector; while it is being restarted its old counts stand."""
        try:
            answer = await self.registry.ask("detector", DetectorCountsRequested(), timeout_s=ANSWER_WITHIN_S)
        except (NobodyThere, trio.TooSlowError):
            return self._before
        return answer if isinstance(answer, DetectorCounts) else self._before

    def _say(self, counts: DetectorCounts) -> None:
        polls, lateness_p99_ms = self._take_pace()
        restarts, dead, used_s = self._restarts(), sum(self.registry.dead_letters.values()), cpu_s()
        before = (
            self._before if counts.readings >= self._before.readings else DetectorCounts()
        )  # a new detector counts anew
        self._log(
            GATEWAY_SUMMARY,
            devices_online=counts.devices_online,
            devices_total=max(self._devices_total(), counts.devices),  # a T3000's panels are devices, too
            polls=polls,
            polls_failed=counts.polls_missed - before.polls_missed,
            readings=counts.readings - before.readings,
            changes=counts.changes - before.changes,
            samples_stored=counts.samples_stored - before.samples_stored,
            batches=counts.batches_stored - before.batches_stored,
            lateness_p99_ms=round(lateness_p99_ms, 1),
            pending_changes=counts.pending,
            changes_in_flight=counts.in_flight,
            lost_samples=counts.lost_samples - before.lost_samples,
            restarts=restarts - self._before_restarts,
            dead_letters=dead - self._before_dead,
            database_mb=file_mb(self._database, Path(f"{self._database}-wal")),
            cpu_percent=math.ceil(1000 * (used_s - self._before_cpu_s) / self._every_s) / 10,
            rss_mb=rss_mb(),
        )
        self._before, self._before_restarts, self._before_dead = counts, restarts, dead
        self._before_cpu_s = used_s
