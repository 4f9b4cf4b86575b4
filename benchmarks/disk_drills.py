"""Faults of the disk at the system's own calls, under a real gateway: what each costs, sample by sample.

    python -m benchmarks.disk_drills [--only WORD] [--seconds 20] [--directory DIR]      (needs a C compiler; Linux)

`t3actors run` in a process of its own, over a panel whose answers are numbered (tests/system/disk_drill.py), with a library before it that
lets the system's calls fail (tests/system/faulty_calls.c). Each drill: some seconds of peace, the fault, peace again, a stop in order; then
every sample in the database, and in what was set aside, is held against what the panel served. Ends with 1 when something is wrong: a
value that was never served, a sample twice, one that is missing and was not counted, a database that is not sound, a sound one set
aside, a restart, an actor that failed, an end with an error.

The longest pause between two polls says whether polling suffered. `missing` are samples; there are ten to a poll, ten polls a second.
"""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import apsw
import trio

from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.disk_drill import POINTS, Judgement, Numbered, configuration, judge
from tests.system.faulty_calls import Calls, FaultyCalls
from tests.system.foreground import GatewayProcess, ask
from tests.waiting import until

DATABASE = "*/t3actors.db*"
FILE, LOG, INDEX = "*/t3actors.db", "*/t3actors.db-wal", "*/t3actors.db-shm"
PEACE_S = 5.0
WELL_WITHIN_S = 90.0
MOST_BEHIND = 10
"""Polls that were under way when the stop came."""
QUIET = {
    "store.full",
    "store.failing",
    "store.busy",
    "tidying.failed",
    "store.recovered",
    "changes.coalesced",
    "changes.caught_up",
}
TOLD = (
    *sorted(QUIET),
    "store.damaged",
    "store.opened",
    "store.log_lost",
    "child.exited",
    "child.abandoned",
    "child.restarted",
)


class Scene:
    """One gateway, its disk and its panel."""

    def __init__(self, one: Drill, folder: Path, disk: FaultyCalls, panel: Numbered, seconds: float) -> None:
        self.folder, self.disk, self.panel, self.seconds = folder, disk, panel, seconds
        self.data = folder / "data"
        self.database = self.data / "t3actors.db"
        self.config = folder / "drill.toml"
        self.log = folder / "drill.out"
        self.gateway: GatewayProcess | None = None
        self.one = one

    def start(self, *before: str) -> None:
        """Start the gateway."""
        self.config.write_text(
            configuration(self.data, self.panel.port, self.one.poll_interval, durability=self.one.durability)
        )
        self.gateway = GatewayProcess(self.config, environment=self.disk.environment, before=before)

    async def is_at_work(self) -> None:
        """Wait until something is stored."""
        await until(lambda: bool(ask(self.database, "SELECT 1 FROM samples LIMIT 1")))

    async def peace(self, seconds: float = PEACE_S) -> None:
        """Let it work for a while."""
        await trio.sleep(seconds)

    async def fault(self, calls: Calls, pattern: str, error: int = 0, share: int = 1000, **how: int) -> None:
        """Have a fault for some seconds."""
        self.disk.fail(calls, pattern, error, share=share, **how)  # type: ignore[arg-type]
        await trio.sleep(self.seconds)
        self.hits = self.disk.hits
        self.disk.mend()

    hits = 0


@dataclass(frozen=True)
class Drill:
    """What is done to the gateway, and what may come of it."""

    name: str
    run: Callable[[Scene], Awaitable[None]]
    started_first: bool = True
    before: tuple[str, ...] = ()
    may_set_aside: bool = False
    durability: str = "normal"
    poll_interval: str = "100ms"
    uncounted: int = 0
    """Samples of polls that were under way when the gateway was stopped."""
    may_fail: bool = False
    code: int = 0
    least_s: float = 0.0


def failing(
    calls: Calls, pattern: str, error: int = 0, share: int = 1000, **how: int
) -> Callable[[Scene], Awaitable[None]]:
    async def run(scene: Scene) -> None:
        await scene.fault(calls, pattern, error, share, **how)

    return run


def mixed(*rules: tuple[Calls, str, int, int]) -> Callable[[Scene], Awaitable[None]]:
    async def run(scene: Scene) -> None:
        for rule in rules[1:]:
            scene.disk.fail(*rule[:3], share=rule[3])
        await scene.fault(*rules[0])

    return run


def at_the_start(calls: Calls, pattern: str, error: int, share: int = 1000) -> Callable[[Scene], Awaitable[None]]:
    """A gateway that has a database already is started with the fault."""

    async def run(scene: Scene) -> None:
        assert scene.gateway is not None
        scene.gateway.end(signal.SIGTERM)
        scene.disk.fail(calls, pattern, error, share=share)
        scene.start()
        await trio.sleep(scene.seconds)
        scene.hits = scene.disk.hits
        scene.disk.mend()

    return run


async def worn_out_at_the_start(scene: Scene) -> None:
    """One page of the database can never be read again."""
    assert scene.gateway is not None
    await scene.peace(10)
    scene.gateway.end(signal.SIGTERM)
    scene.disk.fail(Calls.READ, FILE, errno.EIO, place=(40960, 45056))
    scene.start()
    await trio.sleep(scene.seconds)
    scene.hits = scene.disk.hits
    scene.disk.mend()


async def log_cannot_be_folded(scene: Scene) -> None:
    """Another program writes much; and the database's own pages are not taken, so that the log grows."""
    other = apsw.Connection(str(scene.database))
    other.set_busy_timeout(10_000)
    other.pragma("wal_autocheckpoint", 0)
    other.execute("CREATE TABLE junk (octets)")
    scene.disk.fail(Calls.WRITE, FILE, errno.EIO)
    for _ in range(5):
        other.execute("INSERT INTO junk VALUES (zeroblob(8000000))")
        await trio.sleep(0.5)
    other.close()
    await trio.sleep(scene.seconds)
    scene.hits = scene.disk.hits
    scene.disk.mend()


W, R, S, OPENING, T = Calls.WRITE, Calls.READ, Calls.SYNC, Calls.OPEN, Calls.TRUNCATE
DRILLS = (
    Drill("nothing", failing(Calls(0), "", 0)),
    Drill("EIO writing, persistent", failing(W | S | T, "*/data/*", errno.EIO)),
    Drill("EIO writing, all the disk, 1 in 20", failing(W, DATABASE, errno.EIO, 50)),
    Drill("EIO reading, persistent", failing(R, DATABASE, errno.EIO)),
    Drill("EIO reading and writing, 1 in 20", failing(R | W | S, DATABASE, errno.EIO, 50)),
    Drill("EIO, every call, 1 in 50", failing(Calls.ALL, DATABASE, errno.EIO, 20)),
    Drill("EIO writing the database file alone", log_cannot_be_folded, may_set_aside=True, least_s=90.0),
    Drill("ENOSPC writing", failing(W, "*/data/*", errno.ENOSPC)),
    Drill("ENOSPC writing, 1 in 5", failing(W, DATABASE, errno.ENOSPC, 200)),
    Drill("EDQUOT writing", failing(W, "*/data/*", errno.EDQUOT)),
    Drill("EROFS", failing(W | T | Calls.UNLINK | Calls.RENAME, "*/data/*", errno.EROFS)),
    Drill("EFBIG", failing(W, DATABASE, errno.EFBIG)),
    Drill("fsync fails, full", failing(S, DATABASE, errno.EIO), durability="full"),
    Drill("fsync fails", failing(S, DATABASE, errno.EIO)),
    Drill("fsync takes 3 s", failing(S, DATABASE, wait_ms=3000)),
    Drill("fsync takes 3 s, full", failing(S, DATABASE, wait_ms=3000), durability="full"),
    Drill("each write takes 0.2 s", failing(W, DATABASE, wait_ms=200)),
    Drill("fsync hangs for 100 s", failing(S, DATABASE, wait_ms=100_000), may_fail=True, least_s=110.0),
    Drill("short reads and writes", failing(R | W, DATABASE, half=1)),
    Drill("open fails, EIO", failing(OPENING, DATABASE, errno.EIO)),
    Drill("open fails, EMFILE", failing(OPENING, "*", errno.EMFILE)),
    Drill("mmap fails", failing(Calls.MAP | OPENING, INDEX, errno.ENOMEM)),
    Drill("locks refused, ENOLCK", failing(Calls.LOCK, DATABASE, errno.ENOLCK)),
    Drill("ftruncate, unlink, rename fail", failing(T | Calls.UNLINK | Calls.RENAME, "*/data/*", errno.EIO)),
    Drill("stat fails", failing(Calls.STAT, "*/data*", errno.EIO)),
    Drill("start: EIO opening", at_the_start(OPENING, DATABASE, errno.EIO), uncounted=3 * POINTS),
    Drill("start: EIO reading", at_the_start(R, DATABASE, errno.EIO), uncounted=3 * POINTS),
    Drill("start: ENOSPC", at_the_start(W, "*/data/*", errno.ENOSPC), uncounted=3 * POINTS),
    Drill(
        "start: EROFS", at_the_start(W | T | Calls.UNLINK | Calls.RENAME, "*/data/*", errno.EROFS), uncounted=3 * POINTS
    ),
    Drill("start: EMFILE", at_the_start(OPENING, DATABASE, errno.EMFILE), uncounted=3 * POINTS),
    Drill("start: mmap fails", at_the_start(Calls.MAP, INDEX, errno.ENOMEM), uncounted=3 * POINTS),
    Drill(
        "start: a page that can never be read",
        worn_out_at_the_start,
        may_set_aside=True,
        uncounted=3 * POINTS,
        least_s=90.0,
    ),
    Drill("start: the lock is refused", at_the_start(Calls.LOCK, "*/data/*", errno.ENOLCK), code=73),
    Drill(
        "EIO writing now and then, opening fails often",
        mixed((W, DATABASE, errno.EIO, 50), (OPENING, DATABASE, errno.EIO, 400)),
    ),
    Drill(
        "EIO writing now and then, EMFILE often", mixed((W, DATABASE, errno.EIO, 50), (OPENING, "*", errno.EMFILE, 400))
    ),
    Drill(
        "EIO writing now and then, mmap fails often",
        mixed((W, DATABASE, errno.EIO, 50), (Calls.MAP, INDEX, errno.ENOMEM, 600)),
    ),
    Drill("/tmp is full", failing(W | OPENING, "/*tmp/etilqs*", errno.ENOSPC)),
)


async def drill(one: Drill, folder: Path, seconds: float) -> tuple[Judgement, Scene, int | None]:
    """Do one."""
    disk = FaultyCalls(folder)
    code: int | None = None
    async with AsyncExitStack() as stack:
        plant = await stack.enter_async_context(running_plant(PlantSize(1, seed=5, tick_s=3600)))
        scene = Scene(one, folder, disk, Numbered(plant.servers[0]), seconds)
        scene.start(*one.before)
        await scene.is_at_work()
        await scene.peace()
        await one.run(scene)
        gateway = scene.gateway
        assert gateway is not None
        with trio.move_on_after(WELL_WITHIN_S):
            while not gateway.ended and not _is_well(scene):  # noqa: ASYNC110 - another process
                await trio.sleep(0.2)
        await scene.peace(3.0)
        if not gateway.ended:
            gateway.process.send_signal(signal.SIGTERM)
        with trio.move_on_after(40):
            while not gateway.ended:  # noqa: ASYNC110 - likewise
                await trio.sleep(0.1)
        code = gateway.process.poll()
        gateway.__exit__()
    return judge(scene.database, scene.panel, scene.log), scene, code


def _is_well(scene: Scene) -> bool:
    """Whether what was said to be wrong is over."""
    text = scene.log.read_text()
    begun = sum(text.count(f'"event":"{name}"') for name in ("store.full", "store.failing", "store.busy"))
    over = sum(text.count(f'"event":"{name}"') for name in ("store.recovered",))
    behind = text.count('"event":"changes.coalesced"') - text.count('"event":"changes.caught_up"')
    return begun <= over and behind <= 0


def made(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir()
    return folder


def faults_of(one: Drill, found: Judgement, code: int | None) -> list[str]:
    """Say what is wrong."""
    wrong = list(found.wrong[:3])
    if found.twice:
        wrong.append(f"{found.twice} samples twice")
    if found.missing > found.counted + one.uncounted and not found.repeated:
        wrong.append(f"{found.missing - found.counted} samples are missing and were not counted")
    if found.counted > found.missing + one.uncounted:
        wrong.append(f"{found.counted - found.missing} samples were counted that are not missing")
    if found.behind > MOST_BEHIND:
        wrong.append(f"the last {found.behind} polls are not stored")
    if found.integrity != "ok":
        wrong.append(f"not sound: {found.integrity}")
    if found.set_aside and not one.may_set_aside:
        wrong.append(f"set aside: {found.set_aside}")
    if found.events["child.exited"] and not one.may_fail:
        wrong.append(f"{found.events['child.exited']} actors failed")
    if code != one.code:
        wrong.append(f"exit {code}")
    return wrong


def main() -> int:
    """Drill, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--keep", action="store_true", help="keep each log")
    parser.add_argument("--share", default="1/1", help="2/3: the second of every three drills")
    arguments = parser.parse_args()
    bad = 0
    mine, shares = map(int, arguments.share.split("/"))
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for number, one in enumerate(DRILLS):
            if arguments.only not in one.name or number % shares != mine - 1:
                continue
            found, scene, code = trio.run(
                drill, one, made(Path(directory) / str(number)), max(arguments.seconds, one.least_s)
            )
            wrong = faults_of(one, found, code)
            bad += bool(wrong)
            told = " ".join(f"{name}:{found.events[name]}" for name in TOLD if found.events[name])
            print(
                f"{'WRONG' if wrong else 'ok':5} {one.name}: hits {scene.hits}, pause {scene.panel.longest_pause_ms} ms, "
                f"stored {found.stored}, missing {found.missing}, counted {found.counted}; {told}",
                flush=True,
            )
            for line in wrong:
                print(f"      {line}", flush=True)
            if (wrong or arguments.keep) and scene.gateway is not None:
                print("      " + scene.gateway.complaint[-600:].replace("\n", "\n      "), flush=True)
                keep = Path(directory).parent / f"drill-{number}.log"
                keep.write_text(scene.log.read_text())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
