"""By hand, from the root of the repository: `python -m tests.embed.valgrind`. The same host under valgrind, which takes 20 s and more.

It looks for reads of memory that was never written, beside what the address sanitizer of the suite looks for. Needs valgrind, a C
compiler and cffi. Prints what it finds and exits with 1; a run that must find something (points that are not freed) is made too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from t3actors.cli.demo_plant import SimulatedPlant
from tests.embed.library import HERE, Builder, Host

VALGRIND = [
    "valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
    f"--suppressions={HERE / 'python.supp'}",
]  # fmt: skip


def run(host: Host, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the host under valgrind."""
    environment = {**os.environ, "T3ACTORS_DATA_DIR": "data", "PYTHONMALLOC": "malloc"}
    command = [*VALGRIND, str(host.program), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def main() -> int:
    """Run it clean, then with a fault; give the exit code."""
    with tempfile.TemporaryDirectory() as name, SimulatedPlant(1, 1) as plant:
        folder, panel = Path(name), plant.listing.panels[0]
        host = Builder(folder).host()
        begun = ["init", "add", "1", f"{panel.host}:{panel.port}", "wait", "1"]
        clean = run(host, folder, *begun, "threads", "4", "1", "10", "points", "77", "stop", "init", "stop")
        lost = run(host, folder, *begun, "lost", "1", "stop")
    sys.stdout.write(clean.stdout.rpartition("threads")[2] + clean.stderr)
    well = clean.returncode == 0 and lost.returncode == 9 and "definitely lost" in lost.stderr
    sys.stdout.write(f"clean: {clean.returncode}, with a fault: {lost.returncode}\n{'well' if well else 'NOT WELL'}\n")
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
