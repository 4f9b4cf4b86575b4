"""`kill -9` of a gateway under load, again and again; after each the file is examined, and the next start watched.

    python -m benchmarks.kills [kills] [panels]          (from the root of the repository)

Each time: the panels' values stand still, the gateway is started and must write nothing that was stored already; then values move,
every 50 ms, and at a random number of stored samples the process is killed. Ends with 1 when anything was wrong.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

import trio

from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.kill_drill import Kill, KillDrill

SEED = 7


async def drill(times: int, panels: int, directory: Path) -> list[Kill]:
    """Kill so often."""
    chance = Random(SEED)
    kills = []
    async with running_plant(PlantSize(panels, seed=SEED, tick_s=0.05)) as plant:
        kill_drill = KillDrill(plant, directory, poll_interval="100ms")
        print(
            f"{'kill':>4} {'samples':>9} {'newest sample before':>21} {'file':>6} {'doubles':>8} {'repeats':>8} {'false':>6}"
        )
        for number in range(1, times + 1):
            kill = await kill_drill.once(more_samples=chance.randint(500, 5000))
            kills.append(kill)
            print(
                f"{number:4d} {kill.samples:9d} {kill.newest_before_kill_ms:18.0f} ms {' '.join(kill.integrity)[:20]:>6}"
                f" {len(kill.duplicates):8d} {len(kill.equal_neighbours):8d} {len(kill.false_changes) + len(kill.not_ok):6d}",
                flush=True,
            )
    return kills


def main() -> int:
    """Print one line per kill and a verdict."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    panels = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as directory:
        kills = trio.run(drill, times, panels, Path(directory))
    faults = [fault for kill in kills for fault in kill.faults]
    ages = sorted(kill.newest_before_kill_ms for kill in kills)
    print(f"{len(kills)} kills, {kills[-1].samples} samples, {len(faults)} faults {faults[:3] or ''}")
    print(
        f"newest stored sample before the kill: median {ages[len(ages) // 2]:.0f} ms, oldest {ages[-1]:.0f} ms (batch_age 50 ms)"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
