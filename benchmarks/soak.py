"""A soak: the real gateway for an hour over devices of which one in ten is always faulty, and with everything that people do to it.

    python -m benchmarks.soak --minutes 60 [--modbus 20 --bacnet 20] [--results soak.jsonl] [--directory DIR]

`t3actors run` in a process of its own, with its API on its socket and its log in a file; history is packed and aggregated
when the clock's hour is over. Simulated devices of 50 points at 1 s in two other processes, one of which loses its power every few
minutes. Faults and values: soak_plant.py; the operator: soak_operator.py; /metrics is asked every 5 s.

Every 10 s: memory, files, threads, tasks, queues (soak_figures.py); and what is held after each full collection that the gateway itself
makes (soak_inside.py). Every 4 minutes what was stored is judged (soak_truth.py). At the end: slopes over the second half, restarts,
wrong values, turns that are missing, lateness, CPU. Exits with 1 when a figure grows, an actor was restarted (no fault that is injected
here is a reason for that) or a value is wrong or missing; with 2 when all that is well, but the run was too short to tell of some
figure whether it grows (soak_verdict.py). Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import httpx
import trio

from benchmarks.soak_figures import of_metrics, of_process
from benchmarks.soak_operator import CHANGED, HANDLED, REMOVED, Operator
from benchmarks.soak_plant import TURN_S, PlantProcess, Trouble, Truth, free_ports, now_ms
from benchmarks.soak_report import Ended, tell
from benchmarks.soak_truth import Verdict, judge
from benchmarks.soak_window import look

SAMPLE_EVERY_S = 10.0
SCRAPE_EVERY_S = 5.0
JUDGE_EVERY_S = 240.0
JUDGED_AFTER_S = 15.0  # a turn is stored by then
UP_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0
SHAKY = 2  # of each protocol in the process that loses its power
EXCUSED = {*CHANGED, REMOVED, HANDLED, "panel-2"}
HEAD = """\
[gateway]
name = "soak"
data_dir = "{data_dir}"

[defaults]
poll_interval = "1s"
max_interval = "5m"

[store]
budget = "100MB"
recent = "1h"
minutes = "1h"
min_free = "0B"

[log]
file = "t3actors.log"
file_size = "1MB"
file_count = 3
stdout = false

[bacnet]
interface = "127.0.0.1"
port = {port}
cov_lifetime = "1m"
"""
MODBUS = """
[[devices]]
name = "{name}"
protocol = "modbus"
address = "{host}:{port}"
unit_id = {unit_id}
serial_number = {serial_number}
profile = "t3-controller"
"""
BACNET = """
[[devices]]
name = "{name}"
protocol = "bacnet"
address = "{host}:{port}"
instance = {instance}
scale = 1
"""


def write_config(path: Path, data_dir: Path, port: int, plants: list[PlantProcess], variant: int) -> None:
    """Write the configuration; every other variant has two devices changed and one left out."""
    text = HEAD.format(data_dir=data_dir, port=port)
    for plant in plants:
        for name, row in plant.devices.items():
            known = row | {"name": plant.prefix + name}
            if variant % 2 and known["name"] == REMOVED:
                continue
            text += (BACNET if "instance" in row else MODBUS).format(**known)
            if variant % 2 and known["name"] in CHANGED:
                text += 'poll_interval = "2s"\n'
            if name in {"bacnet-1", "bacnet-5", "bacnet-6"}:
                text += "cov = true\n"
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.rename(path)


class Soak:
    """One soak in one directory."""

    def __init__(self, options: argparse.Namespace, directory: Path, results: TextIO) -> None:
        self._options, self._results = options, results
        self._directory, self._data_dir = directory, directory / "data"
        self._config = directory / "soak.toml"
        self._database = self._data_dir / "t3actors.db"
        self._truth = Truth()
        self._window = directory / "window.sock"
        self._samples: list[dict[str, float]] = []
        self._collections: list[dict[str, float]] = []
        self._verdicts: list[Verdict] = []
        self._metrics: dict[str, float] = {}
        self._began_s = self._began_at_s = 0.0

    async def run(self) -> int:
        """Run it; give the exit code."""
        options = self._options
        first = free_ports(600)
        steady = PlantProcess(options.modbus - SHAKY, options.bacnet - SHAKY, first, 2, "", 0, self._truth)
        number = options.modbus + options.bacnet - 2 * SHAKY
        shaky = PlantProcess(SHAKY, SHAKY, first + 100, 3, "shaky-", number, self._truth)
        for plant in (steady, shaky):
            await plant.start()
        write = partial(write_config, self._config, self._data_dir, first + 599, [steady, shaky])
        write(0)
        with (self._directory / "gateway.err").open("wb") as said:
            gateway = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
                [sys.executable, "-m", "benchmarks.soak_inside", str(self._window), "run", str(self._config)],
                stdout=said,
                stderr=said,
            )
        try:
            operator = Operator(gateway.pid, self._config, self._data_dir, write, self._note, 5)
            trouble = Trouble(steady, shaky, self._truth, self._note, 7)
            await self._until_up(gateway)
            self._began_s, self._began_at_s = trio.current_time(), time.monotonic()
            with trio.move_on_after(60 * options.minutes):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trouble.keep_turning)
                    for slot in range(round((options.modbus + options.bacnet) * 0.1)):
                        nursery.start_soon(trouble.keep_striking, slot)
                    nursery.start_soon(trouble.keep_cutting_power)
                    nursery.start_soon(operator.keep_asking, "panel-1/IN1")
                    nursery.start_soon(operator.keep_listening)
                    nursery.start_soon(operator.keep_reloading)
                    nursery.start_soon(operator.keep_backing_up)
                    nursery.start_soon(operator.keep_holding_the_database)
                    nursery.start_soon(self._keep_scraping)
                    nursery.start_soon(self._keep_sampling, gateway.pid)
                    nursery.start_soon(self._keep_judging)
                    nursery.start_soon(self._notice_the_end, gateway)
            took_s = time.monotonic()
            gateway.send_signal(signal.SIGTERM)
            code = await trio.to_thread.run_sync(partial(gateway.wait, ENDS_WITHIN_S))
            took_s = time.monotonic() - took_s
        finally:
            gateway.kill()
        ended = Ended(code, took_s, (self._directory / "gateway.err").read_text(encoding="utf-8"), self._data_dir)
        return tell(self._samples, self._collections, self._verdicts, trouble.injected, operator, ended)

    def _note(self, what: str, **more: Any) -> None:
        at_s = trio.current_time() - self._began_s
        self._results.write(json.dumps({"at_s": round(at_s, 1), "what": what, **more}) + "\n")
        self._results.flush()

    async def _until_up(self, gateway: subprocess.Popen[bytes]) -> None:
        with trio.fail_after(UP_WITHIN_S):
            while not (self._data_dir / "t3actors.sock").exists():
                if gateway.poll() is not None:
                    raise SystemExit((self._directory / "gateway.err").read_text())
                await trio.sleep(0.2)

    async def _notice_the_end(self, gateway: subprocess.Popen[bytes]) -> None:
        code = await trio.to_thread.run_sync(gateway.wait, abandon_on_cancel=True)
        raise SystemExit(f"the gateway ended with {code}: {(self._directory / 'gateway.err').read_text()[-2000:]}")

    async def _keep_scraping(self) -> None:
        way = httpx.AsyncHTTPTransport(uds=str(self._data_dir / "t3actors.sock"))
        async with httpx.AsyncClient(transport=way, base_url="http://gateway", timeout=30) as client:
            while True:
                try:
                    answer = await client.get("/metrics")
                    answer.raise_for_status()
                    self._metrics = of_metrics(answer.text)
                except httpx.HTTPError as error:
                    self._note("scrape failed", error=repr(error))
                await trio.sleep(SCRAPE_EVERY_S)

    async def _keep_sampling(self, pid: int) -> None:
        due_s = trio.current_time()
        while True:
            due_s += SAMPLE_EVERY_S
            await trio.sleep_until(due_s)
            seen = {"at_s": trio.current_time() - self._began_s, **of_process(pid), **self._metrics}
            seen["load"] = os.getloadavg()[0]
            self._samples.append(seen)
            self._note("sample", **seen)
            for each in (await look(self._window))["collections"]:
                each["at_s"] -= self._began_at_s
                each["malloc"] = each["malloc used"] - each["sqlite"]
                self._collections.append(each)
                self._note("collection", **each)

    async def _keep_judging(self) -> None:
        since_ms = now_ms()
        while True:
            await trio.sleep(min(JUDGE_EVERY_S, 60 * self._options.minutes / 4 - JUDGED_AFTER_S))
            until_ms = now_ms()
            await trio.sleep(JUDGED_AFTER_S)
            look = partial(judge, self._database, self._truth, since_ms, until_ms, EXCUSED)
            verdict = await trio.to_thread.run_sync(look)
            self._verdicts.append(verdict)
            self._note("judged", samples=verdict.samples, wrong=verdict.wrong[:20], late=verdict.late,
                       late_ms=verdict.late_ms, owed=verdict.owed,
                       missing=len(verdict.missing), some=verdict.missing[:20])  # fmt: skip
            self._truth.judged_until_ms = since_ms = until_ms - int(TURN_S * 1000)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description="A gateway under faults for an hour: what grows?")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--modbus", type=int, default=20)
    parser.add_argument("--bacnet", type=int, default=20)
    parser.add_argument(
        "--results", type=Path, default=Path("soak.jsonl"), help="a line for each look, fault and judgement"
    )
    parser.add_argument("--directory", type=Path, help="where configuration, log and database are made, and kept")
    options = parser.parse_args()
    if min(options.modbus, options.bacnet) < 10:
        parser.error("at least 10 devices of each protocol: some of them have a role")
    with tempfile.TemporaryDirectory() as temporary, options.results.open("w", encoding="utf-8") as results:
        directory = options.directory or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        return trio.run(Soak(options, directory.resolve(), results).run)


if __name__ == "__main__":
    sys.exit(main())
