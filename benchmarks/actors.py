"""What the actors cost: run by hand, `python benchmarks/actors.py`. Figures depend on the machine; compare before and after."""

from __future__ import annotations

import gc
import resource
import threading
import time
from pathlib import Path
from typing import Any

import trio

from supervision import Backoff, ChildSpec, Intensity, Registry, Supervisor, SupervisorSpec, ThreadActor, TrioActor

MESSAGES = 100_000
ASKS = 10_000
IDLE = 500
CRASHES = 1_000


class Counter(TrioActor):
    """Counts what it gets, and tells when it has it all."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MESSAGES
        self.done = trio.Event()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        self.left -= 1
        if not self.left:
            self.done.set()
        return message


class Echo(ThreadActor):
    """Answers from a thread."""

    def on_receive(self, message: Any) -> Any:
        return message


def rss_kb() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024


def say(what: str, begun_s: float, times: int) -> None:
    """Print one figure."""
    print(f"{what:34s} {(time.perf_counter() - begun_s) / times * 1e6:8.2f} µs")


async def tells(registry: Registry, actor: Counter) -> None:
    """Tell from the loop, then from another thread; each time until all is handled."""
    actor.left, actor.done = MESSAGES, trio.Event()
    begun_s = time.perf_counter()
    for number in range(MESSAGES):
        registry.send("counter", number)
    await actor.done.wait()
    say("send in the loop, handled", begun_s, MESSAGES)

    actor.left, actor.done = MESSAGES, trio.Event()

    def outside() -> None:
        for number in range(MESSAGES):
            registry.send("counter", number)

    begun_s = time.perf_counter()
    threading.Thread(target=outside).start()
    await actor.done.wait()
    say("send from another thread, handled", begun_s, MESSAGES)


async def asks(registry: Registry, actor: Counter) -> None:
    """Ask a task, then a thread."""
    for role in ("counter", "thread"):
        actor.left = -1
        begun_s = time.perf_counter()
        for number in range(ASKS):
            await registry.ask(role, number)
        say(f"ask {role}, round trip", begun_s, ASKS)


async def idle(supervisor: Supervisor) -> None:
    """Start many that do nothing."""
    gc.collect()
    before_kb = rss_kb()
    begun_s = time.perf_counter()
    for number in range(IDLE):
        await supervisor.start_child(ChildSpec(f"idle-{number}", Counter))
    say("start of a child", begun_s, IDLE)
    gc.collect()
    print(f"{IDLE} idle actors, each {'':16s} {(rss_kb() - before_kb) / IDLE:8.2f} kB")


async def crashes(registry: Registry) -> None:
    """Crash one again and again; count what is left behind."""

    async def crash(times: int) -> None:
        for _ in range(times):
            incarnation = registry.incarnation("counter")
            registry.send("counter", ValueError("boom"))
            while registry.incarnation("counter") in {incarnation, None}:
                await trio.lowlevel.checkpoint()
        gc.collect()

    await crash(100)
    before_kb, tasks = rss_kb(), trio.lowlevel.current_statistics().tasks_living
    begun_s = time.perf_counter()
    await crash(CRASHES)
    say("crash and restart", begun_s, CRASHES)
    more = trio.lowlevel.current_statistics().tasks_living - tasks
    print(f"after {CRASHES} crashes: {rss_kb() - before_kb} kB, {more} tasks more, {threading.active_count()} threads")


async def main() -> None:
    """Measure everything in one tree."""
    registry = Registry()
    counters: list[Counter] = []

    def counter() -> Counter:
        counters[:] = [Counter()]
        return counters[0]

    at_once = Backoff(0, 1, 0, 0)
    children = (ChildSpec("counter", counter, backoff=at_once), ChildSpec("thread", Echo))
    supervisor = Supervisor(SupervisorSpec("bench", children, intensity=Intensity(10**6, 1)), registry=registry)
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await idle(supervisor)  # first, while there is no freed memory to reuse
        await tells(registry, counters[0])
        await asks(registry, counters[0])
        await crashes(registry)
        begun_s = time.perf_counter()
        await supervisor.stop()
        say("stop of a child", begun_s, IDLE)


if __name__ == "__main__":
    trio.run(main)
