"""What it takes to look at history in a large file, cold: by the gateway's own reader, its command line, its API, and the stock shell.

    python benchmarks/history_queries.py [--gb 0.1] [--keep FILE] [--folder DIR]
    python benchmarks/history_queries.py --database FILE

A file of so many GB is made and tidied (5 GB, almost two years of 1,000 points: some minutes), or one that was kept is used; before each
question the system is told to forget the file's pages (posix_fadvise). Nine tries of each: the least, the middle, the most, in
milliseconds. What Python takes to start is asked likewise. The shell's answers are compared with the reader's, row by row.

"API": a real gateway on the file, asked by its socket. "holds": the same question in a thread beside a trio loop that wakes each
millisecond, and how late it woke at most: 0 is measured without a question. `passes`: the middle over that of `python -c pass`, which
compares machines and hours of the day. Nothing here is a test: one JSON object per line.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import http.client
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

import trio

from benchmarks.history_data import DAY_MS, Gateway, file_bytes, signals
from benchmarks.history_file import made_file
from t3actors.store.reader import Reader, open_reader
from t3actors.watch.api.reading import Lane
from t3actors.watch.api.samples import encoded_samples

ROOT = Path(__file__).parents[1]
TRIES = 9
HOUR_MS = 3_600_000
MANY = 18_000
VERBS = [("points",), ("devices",), ("status",), ("alarms",), ("storage",), ("logs",), ("why", "panel-1/IN1")]
FLOOR: dict[str, float] = {}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SITE = """
[gateway]
data_dir = "{folder}"
[store]
database = "{database}"
budget = "0B"
[bacnet]
interface = "127.0.0.1"
discover = "list"
"""


def forget_pages(path: Path) -> None:
    """Have the system drop what it holds of the file."""
    for part in path.parent.glob(path.name + "*"):
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def cpu_s() -> float:
    """Seconds that the processor has worked for us and for those of our children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(path: Path, ask: Callable[[], int], tries: int = TRIES) -> dict[str, object]:
    """Ask some times, cold. `cpu_ms`: the middle of what the processor worked for it, here or in a child."""
    took, worked, found = [], [], 0
    for _ in range(tries):
        forget_pages(path)
        began_s, began_cpu_s = time.perf_counter(), cpu_s()
        found = ask()
        took.append((time.perf_counter() - began_s) * 1000)
        worked.append((cpu_s() - began_cpu_s) * 1000)
    took.sort()
    worked.sort()
    return {
        "rows": found,
        "least_ms": round(took[0], 1),
        "middle_ms": round(took[tries // 2], 1),
        "most_ms": round(took[-1], 1),
        "cpu_ms": round(worked[tries // 2], 1),
    }


class Point:
    """A point and the times that it is asked for: a day and a year that end with the file."""

    def __init__(self, path: Path, device: str, point_id: str, end_ms: int) -> None:
        self.path = path
        self.at = (device, point_id)
        with open_reader(path) as reader:
            newest = reader.history(*self.at, end_ms - 3 * DAY_MS, end_ms, MANY)
        self.day = (min(newest[0].sampled_at, end_ms - DAY_MS), end_ms)
        self.year = (end_ms - 365 * DAY_MS, end_ms)

    def samples(self) -> int:
        """Ask the reader for the day."""
        with open_reader(self.path) as reader:
            return sum(len(run.sampled_at) for run in reader.history_runs(*self.at, *self.day, 1_000_000))

    def hours(self) -> int:
        """Ask the reader for the year."""
        with open_reader(self.path) as reader:
            return len(reader.spans(*self.at, *self.year, HOUR_MS))

    def command(self, *options: str, of: str = "day") -> Callable[[], int]:
        """Ask the command line. **Returns**: the question."""
        since, until = (
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}+00:00"
            for at in getattr(self, of)
        )
        asked = ["--data", str(self.path.parent), "--since", since, "--until", until, "--limit", "1000000"]

        def ask() -> int:
            command = [sys.executable, "-m", "t3actors", "history", "/".join(self.at), *asked, *options]
            done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=ENVIRONMENT)
            return done.stdout.count(b"\n")

        return ask

    def api(self, what: str) -> Callable[[], int]:
        """Ask the gateway that runs. **Returns**: the question."""
        span = self.day if what == "history" else self.year
        path = f"/{what}?point={quote('/'.join(self.at))}&since={span[0]}&until={span[1]}"
        path += "&limit=50000" if what == "history" else "&pieces=5000"

        def ask() -> int:
            answer = json.loads(got(self.path.parent, path))
            return len(answer["samples"] if what == "history" else answer["at"])

        return ask

    def shell(self, view: str, columns: str, span: tuple[int, int]) -> Callable[[], int]:
        """Ask the stock shell. **Returns**: the question."""

        def ask() -> int:
            return len(self.told_by_shell(view, columns, span))

        return ask

    def told_by_shell(self, view: str, columns: str, span: tuple[int, int]) -> list[str]:
        device, point_id = self.at
        key = "sampled_at" if view == "TRENDLOG_ALL" else "logging_time * 1000"
        sql = (
            f"SELECT {columns} FROM {view} WHERE name = '{device}' AND point_id = '{point_id}' AND logging_day BETWEEN"
            f" {span[0] // DAY_MS} AND {span[1] // DAY_MS} AND {key} BETWEEN {span[0]} AND {span[1]} ORDER BY 1"
        )
        done = subprocess.run(["sqlite3", "-readonly", str(self.path), sql], capture_output=True, check=True, text=True)
        return done.stdout.splitlines()

    def shell_is_right(self) -> dict[str, object]:
        """Compare what the shell tells with what the reader tells."""
        with open_reader(self.path) as reader:
            samples = [(row.sampled_at, row.value) for row in reader.history(*self.at, *self.day, 1_000_000)]
            packed_ms = reader.hours(*self.at)[-1].at
            hours = [(row.at // 1000, row.mean, row.count) for row in reader.hours(*self.at, self.year[0], packed_ms)]
        said = [line.split("|") for line in self.told_by_shell("TRENDLOG_ALL", "sampled_at, value", self.day)]
        said_hours = [
            line.split("|")
            for line in self.told_by_shell("TRENDLOG_HOURLY", "logging_time, mean, count", (self.year[0], packed_ms))
        ]
        same = len(said) == len(samples) and all(
            int(at) == at_ms and abs(float(number) - value) <= 1e-12 * abs(value)
            for (at, number), (at_ms, value) in zip(said, samples, strict=True)
        )
        same_hours = len(said_hours) == len(hours) and all(
            (int(at), int(count)) == (hour, n) and abs(float(number) - mean) <= 1e-9 * max(1.0, abs(mean))
            for (at, number, count), (hour, mean, n) in zip(said_hours, hours, strict=True)
        )
        return {"samples": len(said), "same": same, "hours": len(said_hours), "same_hours": same_hours}


# ------------------------------------------------------------------------------------------------------------- API


def got(folder: Path, path: str) -> bytes:
    """Ask the gateway in that folder."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(folder / "t3actors.sock"))
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(body)
        return body


@contextlib.contextmanager
def running(kept: Path) -> Iterator[Path]:
    """A gateway on a copy of the file, with nothing to poll: it lives today, and packs what was left."""
    folder = kept.with_name("gateway")
    folder.mkdir()
    path = Path(shutil.copyfile(kept, folder / kept.name))
    site = path.parent / "site.toml"
    site.write_text(SITE.format(folder=path.parent, database=path), encoding="utf-8")
    command = [sys.executable, "-m", "t3actors", "run", str(site)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=ENVIRONMENT) as gateway:
        try:
            while True:
                time.sleep(0.2)
                with contextlib.suppress(OSError, RuntimeError):
                    got(path.parent, "/devices")
                    break
            time.sleep(2.0)
            yield path
        finally:
            gateway.terminate()
            gateway.wait()
            shutil.rmtree(folder)


def held_ms(path: Path, question: Callable[[Reader], object] | None) -> float:
    """Return by how much a loop woke late at most while the question was answered in a thread beside it."""
    latest = 0.0

    async def watched() -> None:
        nonlocal latest
        lane = Lane(path, open_reader, 30.0)  # type: ignore[arg-type]

        async def tick() -> None:
            nonlocal latest
            while True:
                due_s = trio.current_time() + 0.001
                await trio.sleep(0.001)
                latest = max(latest, trio.current_time() - due_s)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tick)
            await trio.sleep(0.05)
            latest = 0.0
            if question is None:
                await trio.sleep(0.05)
            else:
                await lane.read(question)  # type: ignore[arg-type]
            nursery.cancel_scope.cancel()
        lane.close()

    forget_pages(path)
    trio.run(watched)
    return latest * 1000


def holds(path: Path, question: Callable[[Reader], object] | None) -> list[float]:
    """The least, the middle and the most of some tries."""
    tries = sorted(held_ms(path, question) for _ in range(TRIES))
    return [round(tries[place], 1) for place in (0, TRIES // 2, -1)]


# ------------------------------------------------------------------------------------------------------------ main


def verb(path: Path, *words: str) -> Callable[[], int]:
    """Ask another verb. **Returns**: the question."""
    command = [sys.executable, "-m", "t3actors", *words, "--data", str(path.parent)]
    return lambda: subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=ENVIRONMENT).stdout.count(
        b"\n"
    )


def backed_up(path: Path) -> Callable[[], int]:
    """Have the file copied, once, and the copy removed. **Returns**: the question."""

    def ask() -> int:
        copy = path.with_name("copy.db")
        rows = verb(path, "backup", str(copy))()
        copy.unlink()
        return rows

    return ask


def told(of: str, question: str, seen: dict[str, object]) -> None:
    """Print what was seen, as multiples of `python -c pass` as well."""
    FLOOR.setdefault("ms", float(str(seen["middle_ms"])))
    passes = round(float(str(seen["middle_ms"])) / FLOOR["ms"], 1)
    print(json.dumps({"of": of, "question": question, **seen, "passes": passes}), flush=True)


def floors(path: Path) -> None:
    """Print what Python itself takes."""
    for words in ("pass", "import apsw", "import apsw, msgspec, click"):

        def ask(words: str = words) -> int:
            return subprocess.run([sys.executable, "-c", words], check=True, env=ENVIRONMENT).returncode

        told("python -c", words, timed(path, ask))


def asked(path: Path, end_ms: int) -> None:
    """Ask all there is to ask."""
    compileall.compile_dir(ROOT / "t3actors", quiet=1)
    floors(path)
    points = signals()
    slow, fast = (next(signal for signal in points if signal.kind == kind) for kind in ("temperature", "flow"))
    for who, signal in (("fast point", fast), ("slow point", slow)):
        point = Point(path, signal.device, signal.point_id, end_ms)
        questions = {
            "a day of samples, reader": point.samples,
            "a day of samples, command, CSV": point.command("--csv"),
            "a day of samples, command, table": point.command(),
            "a day of samples, command, JSON": point.command("--json"),
            "a year of hours, reader": point.hours,
            "a year of hours, command, CSV": point.command("--every", "1h", "--csv", of="year"),
            "a year of hours, command, table": point.command("--every", "1h", of="year"),
            "a year of hours, command, JSON": point.command("--every", "1h", "--json", of="year"),
            "a year of days, command, table": point.command("--every", "1d", of="year"),
            "a year of 90 minutes, command, CSV": point.command("--every", "90m", "--csv", of="year"),
        }
        if shutil.which("sqlite3"):
            questions["a day of samples, sqlite3 shell"] = point.shell("TRENDLOG_ALL", "sampled_at, value", point.day)
            questions["a year of hours, sqlite3 shell"] = point.shell(
                "TRENDLOG_HOURLY", "logging_time, mean", point.year
            )
            print(json.dumps({"of": who, "question": "is the shell right", **point.shell_is_right()}), flush=True)
        for question, ask in questions.items():
            told(who, question, timed(path, ask))
    for words in VERBS:
        told("the file", " ".join(words), timed(path, verb(path, *words)))
    told("the file", "backup", timed(path, backed_up(path), tries=1))
    point = Point(path, fast.device, fast.point_id, end_ms)

    def history(reader: Reader) -> bytes:
        return encoded_samples(reader.history_runs(*point.at, *point.day, 50_000))

    held = {"history": holds(path, history), "0": holds(path, None)}
    print(json.dumps({"of": "fast point", "question": "holds the loop for, ms", **held}), flush=True)
    with running(path) as copy:
        point.path = copy
        for question, ask in (
            ("a day of samples, API", point.api("history")),
            ("a year, API (trend)", point.api("trend")),
        ):
            told("fast point", question, timed(copy, ask))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--gb", type=float, default=0.1)
    parser.add_argument("--keep", type=Path, help="Leave the file here: for --database, here and in history_rates.py.")
    parser.add_argument("--database", type=Path, help="A file that was kept.")
    arguments = parser.parse_args()
    print(json.dumps({"load": [round(load, 1) for load in os.getloadavg()], "cores": os.cpu_count()}), flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        path = Path(name) / "t3actors.db"
        if arguments.database:
            path.symlink_to(arguments.database.absolute())
            fast = next(signal for signal in signals() if signal.kind == "flow")
            with open_reader(path) as reader:
                end_ms = reader.history(fast.device, fast.point_id, limit=1)[-1].sampled_at
            Gateway(path, {}, time.time_ns(), end_ms).store.close()  # brings it up to this version
        else:
            began_s = time.perf_counter()
            made, end_ms = made_file(Path(name), arguments.gb)
            made_s = time.perf_counter() - began_s
            took = {"made_s": round(made_s)}
            print(json.dumps({"file_mb": round(file_bytes(made) / 1e6), **took}), flush=True)
            made.rename(path)
        asked(path, end_ms)
        if arguments.keep:
            shutil.move(path, arguments.keep)


if __name__ == "__main__":
    main()
