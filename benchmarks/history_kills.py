"""kill -9, again and again, of a store that lives fast while it packs, merges, archives and lets go of history.

    python benchmarks/history_kills.py [--kills 100] [--folder DIR]

After each: integrity_check, and through the view and the gateway's reader each sample exactly once, none of an acknowledged
batch missing. Prints one JSON object; exits with 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import apsw

from tests.store.history.living import faults_in

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    arguments = parser.parse_args()
    pick = random.Random(11)
    states: dict[str, int] = {}
    faults: list[str] = []
    began_s = time.monotonic()
    last = -1
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        path = Path(name) / "t3actors.db"
        for _ in range(arguments.kills):
            command = [sys.executable, "-m", "tests.store.history.living", str(path)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            assert child.stdout is not None
            for _ in range(pick.randrange(5, 400)):
                last = int(child.stdout.readline())
            time.sleep(pick.random() * 0.02)
            child.kill()
            rest = child.stdout.read().split("\n")[:-1]
            child.wait()
            last = int(rest[-1]) if rest else last
            connection = apsw.Connection(str(path))
            for state, count in connection.execute(
                "SELECT state, count(*) FROM parts WHERE state IN (0, 9) GROUP BY state"
            ):
                key = "in the making" if state == 0 else "being deleted"
                states[key] = states.get(key, 0) + (count > 0)
            connection.close()
            faults += faults_in(path, last)
        size = path.stat().st_size
    print(json.dumps({"kills": arguments.kills, "batches": last + 1, "kills_with_a_part": states, "faults": faults[:10],
        "file_mb": round(size / 1e6, 1), "took_s": round(time.monotonic() - began_s)}))  # fmt: skip
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
