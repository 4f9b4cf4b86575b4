"""Power cuts, again and again, while samples are stored, packed, merged, archived and let go of.

    python -m benchmarks.power_cuts [--cuts 1000] [--durability full normal] [--seed 1]     (from the root of the repository)

A disk that forgets: what was written and not synced survives or not, sector by sector, in any order. After each cut the file
it leaves is laid out and examined: integrity_check; each sample exactly once in the views and as the gateway reads; nothing
lost but what docs/operating.md says of that durability. Prints one JSON object each; ends with 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from t3actors.config import Durability
from tests.store.cuts import Lives, at, faults_after, lay, newest_in

BATCHES, CUTS_A_LIFE = 150, 50


def drill(cuts: int, durability: Durability, seed: int, folder: Path) -> dict[str, object]:
    """Cut so often."""
    began_s = time.monotonic()
    pick = Random(seed)
    (folder / "life").mkdir()
    lives = Lives(folder / "life", pick, durability)
    doing: Counter[str] = Counter()
    faults: list[str] = []
    lost: list[int] = []
    lost_ms: list[int] = []
    while doing.total() < cuts:
        taken = lives.live(BATCHES, CUTS_A_LIFE)
        for cut in taken:
            path = lay(cut.files, folder / "cut")
            faults += faults_after(cut, path, durability)
            doing[cut.doing] += 1
            newest = newest_in(path)
            lost.append(max(0, cut.acknowledged - newest))
            lost_ms.append(cut.now_ms - at(newest + 1) if newest < cut.acknowledged else 0)
        lives.begin_on(pick.choice(taken[-10:]))
    return {
        "durability": durability, "cuts": doing.total(), "while": dict(doing.most_common()), "faults": faults[:5],
        "cuts_that_lost_acknowledged_batches": sum(map(bool, lost)), "most_batches_lost": max(lost),
        "oldest_lost_ms": max(lost_ms), "took_s": round(time.monotonic() - began_s),
    }  # fmt: skip


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--durability", nargs="*", default=["full", "normal"])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    wrong = False
    for durability in arguments.durability:
        with tempfile.TemporaryDirectory() as name:
            report = drill(arguments.cuts, durability, arguments.seed, Path(name))
        wrong = wrong or bool(report["faults"])
        print(json.dumps(report), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
