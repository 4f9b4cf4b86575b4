"""The gateway as pipeline.py measures it: the product's own tree and log, and a Pace that remembers each poll.

Run by pipeline.py: the job comes as JSON on standard input, the record goes out as JSON.
"""

from __future__ import annotations

import cProfile
import json
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from t3actors.collect.pace import Pace
from t3actors.config import Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.pipeline import Gateway
from t3actors.points import Rules
from t3actors.questions import DetectorCounts, DetectorCountsRequested
from t3actors.watch.log import LogWriter

if TYPE_CHECKING:
    from supervision.spec import SupervisorSpec
    from t3actors.events import LogEvent


class RecordedPace(Pace):
    """Remembers of every poll on the grid when it was due and how late it began."""

    def __init__(self) -> None:
        super().__init__()
        self.polls: list[tuple[float, float]] = []

    def record(self, late_s: float) -> None:
        """A poll started this long after it fell due."""
        super().record(late_s)
        self.polls.append((trio.current_time() - late_s, late_s))


class RecordedGateway(Gateway):
    """The product, with that Pace."""

    polls: list[tuple[float, float]]

    def tree(self) -> SupervisorSpec:
        """Give the tree of the product."""
        pace = RecordedPace()
        self.pace = self.pollers.pace = pace
        self.polls = pace.polls
        return super().tree()


class CountedLog:
    """The product's log, and how often each warning and error was logged."""

    def __init__(self, writer: LogWriter) -> None:
        self.writer = writer
        self.errors: Counter[str] = Counter()

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        if event.level in {"warning", "error"}:
            self.errors[event.name] += 1
        self.writer(event, **keys)


def config_of(job: dict[str, Any]) -> Config:
    """Poll every panel by its own register map, as the demo does; all else is the product's default."""
    directory = Path(job["directory"])
    devices = tuple(
        DeviceConfig(
            name=panel["name"],
            protocol="modbus",
            address=f"{panel['host']}:{panel['port']}",
            unit_id=panel["unit_id"],
            serial_number=panel["serial_number"],
            profile="t3-controller",
            rules=Rules(poll_interval_s=job["interval_s"]),
        )
        for panel in job["panels"]
    )
    return Config(
        gateway=GatewayConfig(name="benchmark", data_dir=directory),
        store=StoreConfig(database=directory / "t3actors.db", min_free_bytes=0),
        devices=devices,
        source_hash="benchmark",
    )


async def run(job: dict[str, Any], log: CountedLog) -> dict[str, Any]:
    """Run the gateway and give the record."""
    gateway = RecordedGateway(config_of(job), log)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        await trio.sleep(job["warm_up_s"])
        before = await counts_of(gateway)
        begin_s, cpu_s = trio.current_time(), cpu_used_s()
        await trio.sleep(job["seconds"])
        end_s, end_cpu_s = trio.current_time(), cpu_used_s()
        after = await counts_of(gateway)
        await trio.sleep(job["interval_s"])
        gateway.stop("measured")
        await gateway.ended.wait()
    errors = dict(log.errors)
    if missed := after.polls_missed - before.polls_missed:
        errors["polls missed"] = missed
    return {
        "window": (begin_s, end_s),
        "cpu_s": (cpu_s, end_cpu_s),
        "readings": after.readings - before.readings,
        "rows": after.rows_stored - before.rows_stored,
        "samples": after.samples_stored - before.samples_stored,
        "points": after.points,
        "polls": gateway.polls,
        "errors": errors,
        "peak_rss_mb": peak_rss_mb(),
    }


async def counts_of(gateway: Gateway) -> DetectorCounts:
    """Ask the detector what it has done."""
    counts = await gateway.registry.ask("detector", DetectorCountsRequested())
    assert isinstance(counts, DetectorCounts)
    return counts


def cpu_used_s() -> tuple[float, float]:
    """Give user and system time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime, used.ru_stime


def peak_rss_mb() -> float:
    """Give the most memory this process held (VmHWM: ru_maxrss remembers who started it)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def main() -> None:
    """Run the job on standard input."""
    job = json.load(sys.stdin)
    with (Path(job["directory"]) / "gateway.log").open("w", encoding="utf-8") as stream:
        writer = LogWriter(stream, human=False, gateway="benchmark")
        profile = cProfile.Profile()
        if job["profile"]:
            profile.enable()
        record = trio.run(run, job, CountedLog(writer))
        if job["profile"]:
            profile.disable()
            profile.dump_stats(job["profile"])
        writer.close()
    print(json.dumps(record))


if __name__ == "__main__":
    main()
