"""The devices of a soak: simulated in processes of their own, set to values that say whose they are, one in ten of them faulty.

A point's value names device, point and turn; every TURN_S all points of all devices are set to the next turn. `Truth` remembers
when, so that a stored sample can be judged: did its very point have this value at about its time? And the other way round:
is each turn of a device that was well there? Nothing moves by itself (`--tick-s 3600`).
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import trio

from t3actors.simulator.signals import INPUT_PROFILES, OUTPUT_PROFILES, VARIABLE_PROFILES

TURN_S = 10.0
FILLING_S, FILLING_TURN_S = 720.0, 1.5  # at first: the writer's cache is to be full before anything is judged flat
TURNS = 8  # then the values come again
POINTS = {"--inputs": 32, "--outputs": 10, "--variables": 8}
SETTLES_S = 80.0  # a device that was silent is asked again within a minute
SLACK_MS = 5_000  # a busy machine
TURNS_KEPT = (
    300  # more than pass between two looks at what was stored; all that were not looked at yet, where that takes longer
)
FORGIVEN_MS = 60_000
"""All values of a poll are stamped with its end, and one that takes six requests, each answered late, lasts for 20 s."""
PRESETS = "generic,t3000,no_segmentation,apdu_206,few_cov"
KINDS = {"IN": INPUT_PROFILES, "OUT": OUTPUT_PROFILES, "VAR": VARIABLE_PROFILES}

MODBUS_FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "stall"}, {"fault": "drop"}, {"fault": "drop_mid_frame"}, {"fault": "exception", "code": 4},
    {"fault": "exception", "code": 6}, {"fault": "garbage"}, {"fault": "slow", "delay_s": 0.4}, {"fault": "slow", "delay_s": 2.5},
    {"fault": "late"}, {"fault": "wrong_id"}, {"fault": "wrong_unit"}, {"fault": "wrong_function"}, {"fault": "wrong_protocol"},
    {"fault": "short"}, {"fault": "long"}, {"fault": "wrong_count"}, {"fault": "overlong"}, {"fault": "refuse"},
    {"fault": "blackhole"},
)  # fmt: skip
BACNET_FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "stall"}, {"fault": "drop", "share": 0.5}, {"fault": "slow", "delay_s": 0.5}, {"fault": "slow", "delay_s": 4.0},
    {"fault": "late"}, {"fault": "reboot", "delay_s": 15.0}, {"fault": "abort", "code": 9}, {"fault": "abort", "code": 4},
    {"fault": "reject", "code": 0}, {"fault": "error", "code": 16}, {"fault": "malformed"}, {"fault": "garbage"},
    {"fault": "duplicate"}, {"fault": "wrong_invoke_id"}, {"fault": "wrong_source"}, {"fault": "refuse"},
    {"fault": "half_answer"}, {"fault": "cov_silent"}, {"fault": "cov_refuse"}, {"fault": "cov_duplicate"},
    {"fault": "undecodable"}, {"fault": "property_error", "code": 31},
)  # fmt: skip


def now_ms() -> int:
    """Unix time, as samples have it."""
    return time.time_ns() // 1_000_000


def value_of(device: int, point: int, point_id: str, outputs: int | None, turn: int) -> float:
    """Give what a point has in a turn. `outputs`: of a panel whose relays come first, how many it has."""
    kind = point_id.rstrip("0123456789")
    if kind in {"MSI", "MSO", "MSV"}:
        return float(1 + (turn + point) % 3)
    if kind in KINDS:
        place = int(point_id.removeprefix(kind)) - 1
        profiles = KINDS[kind]
        relays_first = kind == "OUT" and outputs is not None
        is_analog = place >= outputs // 2 if relays_first and outputs else profiles[place % len(profiles)].analog
    else:
        is_analog = kind in {"AI", "AO", "AV"}
    if not is_analog:
        return float((turn + point) % 2)
    return float((device * 50 + point) * TURNS + turn % TURNS)


@dataclass
class Turn:
    """One turn of one device: asked to begin, begun for sure; over for sure (0: not yet)."""

    number: int  # -1: what it has right after its start
    asked_ms: int
    begun_ms: int
    over_ms: int = 0
    values: dict[str, float] = field(default_factory=dict)


class Truth:
    """What every point had lately, and when; and when a device was not well, all the time."""

    def __init__(self) -> None:
        self.turns: dict[str, list[Turn]] = {}
        self.unwell: dict[str, list[tuple[int, int]]] = {}
        self.judged_until_ms = 0
        """What was stored before is judged."""

    def begin(self, device: str, turn: Turn) -> None:
        """A device has new values from here on."""
        turns = self.turns.setdefault(device, [])
        if turns:
            turns[-1].over_ms = turn.begun_ms
        turns.append(turn)
        while len(turns) > TURNS_KEPT and turns[0].over_ms + 2 * FORGIVEN_MS < self.judged_until_ms:
            del turns[0]

    def mark(self, device: str, from_ms: int, until_ms: int) -> None:
        """It was not well in this time."""
        self.unwell.setdefault(device, []).append((from_ms, until_ms))

    def late_by_ms(self, device: str, point: str, at_ms: int, value: float) -> int | None:
        """Say how long ago a point had a value: 0 where it had it then; None where it did not within FORGIVEN_MS."""
        best: int | None = None
        for turn in reversed(self.turns.get(device, ())):
            over_ms = turn.over_ms or 1 << 60
            if over_ms + FORGIVEN_MS < at_ms:
                break
            had = turn.values.get(point)
            if had is None or abs(had - value) > 1e-6 * max(1.0, abs(had)) or turn.asked_ms - SLACK_MS > at_ms:
                continue
            late_ms = max(0, at_ms - over_ms)
            best = late_ms if best is None else min(best, late_ms)
        return best

    def owed(self, device: str, since_ms: int, until_ms: int) -> Iterator[Turn]:
        """Give the turns that must have left a sample: long enough, and the device well before, in and after them.

        Not the first: a state may have been what it is.
        """
        for turn in self.turns.get(device, ()):
            if turn.number < 2 or not turn.over_ms or not since_ms <= turn.begun_ms or turn.over_ms > until_ms:
                continue
            is_well = all(
                until + SETTLES_S * 1000 < turn.begun_ms or turn.over_ms + SLACK_MS < start
                for start, until in self.unwell.get(device, ())
            )
            if is_well and turn.over_ms - turn.begun_ms > TURN_S * 700:
                yield turn


class PlantProcess:
    """One simulator process at fixed ports, and the conversation with it. It ends when its standard input does."""

    def __init__(self, modbus: int, bacnet: int, port: int, seed: int, prefix: str, first: int, truth: Truth) -> None:
        """`prefix`: put before the simulator's names, to tell two processes apart; `first`: number of its first device."""
        self.prefix = prefix
        self._truth = truth
        self._first = first
        self._command = [sys.executable, "-m", "t3actors.simulator.process", "--seed", str(seed), "--tick-s", "3600"]
        self._command += ["--devices", str(modbus), "--bacnet", str(bacnet), "--bacnet-layout", "alone"]
        self._command += ["--bacnet-presets", PRESETS, "--port", str(port), "--bacnet-port", str(port + 200)]
        self._command += [word for name, count in POINTS.items() for word in (name, str(count))]
        self._process: trio.Process | None = None
        self._pending = b""
        self._turn = trio.Lock()
        self.devices: dict[str, dict[str, Any]] = {}
        self._values: dict[str, dict[str, float]] = {}

    async def start(self) -> None:
        """Start it, and learn its devices and what they have."""
        asked_ms = now_ms()
        async with self._turn:
            self._process = await trio.lowlevel.open_process(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._pending = b""
            listed = json.loads(await self._line())
            for row in (*listed["panels"], *listed["bacnet"]):
                self.devices[row["name"]] = row
            for name in self.devices:
                had = (await self._say({"panel": name, "ask": "values"}))["values"]
                self._values[name] = had
                self._truth.begin(self.prefix + name, Turn(-1, asked_ms, now_ms(), values=had))

    async def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        async with self._turn:
            self._process.kill()
            await self._process.wait()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            await self._process.stdin.aclose()
            await self._process.stdout.aclose()
            self._process = None

    async def tell(self, command: dict[str, Any]) -> dict[str, Any]:
        """Say a line and return what it answers; nothing while it is dead."""
        async with self._turn:
            return {} if self._process is None else await self._say(command)

    async def _say(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        await self._process.stdin.send_all(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._line())
        assert answer["ok"], answer
        return answer

    async def set_turn(self, number: int) -> None:
        """Set every point of every device to what it has in this turn."""
        if self._process is None:
            return
        for place, (name, row) in enumerate(self.devices.items()):
            outputs = POINTS["--outputs"] if row.get("preset") == "t3000" else None
            values = {
                point_id: value_of(self._first + place, index, point_id, outputs, number)
                for index, point_id in enumerate(self._values[name])
            }
            asked_ms = now_ms()
            if await self.tell({"panel": name, "set": values}):
                self._truth.begin(self.prefix + name, Turn(number, asked_ms, now_ms(), values=values))

    async def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        while b"\n" not in self._pending:
            got = await self._process.stdout.receive_some()
            if not got:
                raise RuntimeError("a simulator ended; what it said is above")
            self._pending += got
        line, _, self._pending = self._pending.partition(b"\n")
        return line


class Trouble:
    """One in ten devices faulty at any time, and one process that loses its power every few minutes. Says each to `note`."""

    def __init__(
        self, steady: PlantProcess, shaky: PlantProcess, truth: Truth, note: Callable[..., None], seed: int
    ) -> None:
        self._steady, self._shaky, self._truth, self._note = steady, shaky, truth, note
        self._chance = random.Random(seed)
        self._struck: set[str] = set()
        self._turn = 0
        self.injected: dict[str, int] = {}

    async def keep_turning(self) -> None:
        """Set a new turn every TURN_S; for the first minutes oftener."""
        due_s = began_s = trio.current_time()
        while True:
            self._turn += 1
            for plant in (self._steady, self._shaky):
                await plant.set_turn(self._turn)
            now_s = trio.current_time()
            due_s = max(due_s, now_s - TURN_S) + (TURN_S if now_s - began_s > FILLING_S else FILLING_TURN_S)
            await trio.sleep_until(due_s)

    async def keep_striking(self, slot: int) -> None:
        """Have one device faulty, then another."""
        await trio.sleep(slot * 7.0)
        while True:
            well = sorted(set(self._steady.devices) - self._struck)
            name = self._chance.choice(well)
            fault = self._chance.choice(BACNET_FAULTS if name.startswith("bacnet") else MODBUS_FAULTS)
            await self._strike(name, fault, self._chance.uniform(20.0, 90.0))

    async def _strike(self, name: str, fault: dict[str, Any], seconds: float) -> None:
        self._struck.add(name)
        began_ms = now_ms()
        self._truth.mark(name, began_ms, 1 << 60)
        self._note("fault", device=name, **fault, seconds=round(seconds))
        self.injected[fault["fault"]] = self.injected.get(fault["fault"], 0) + 1
        await self._steady.tell({"panel": name, **fault})
        await trio.sleep(seconds)
        await self._steady.tell({"panel": name, "fault": "none"})
        marks = self._truth.unwell[name]
        marks[marks.index((began_ms, 1 << 60))] = (began_ms, now_ms())
        self._struck.discard(name)

    async def keep_cutting_power(self) -> None:
        """Kill the shaky process, leave it dead for a while, start it anew."""
        names = [self._shaky.prefix + name for name in self._shaky.devices]
        while True:
            await trio.sleep(self._chance.uniform(150.0, 300.0))
            began_ms = now_ms()
            for name in names:
                self._truth.mark(name, began_ms, 1 << 60)
            await self._shaky.kill()
            self._note("power cut", devices=names)
            self.injected["power cut"] = self.injected.get("power cut", 0) + 1
            await trio.sleep(self._chance.uniform(15.0, 60.0))
            await self._shaky.start()
            for name in names:
                marks = self._truth.unwell[name]
                marks[marks.index((began_ms, 1 << 60))] = (began_ms, now_ms())


def free_ports(needed: int) -> int:
    """Give the first of so many UDP and TCP ports in a row that nobody has."""
    for _ in range(100):
        first = random.randrange(20_000, 31_000)
        try:
            for port in range(first, first + needed):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as one:
                        one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise SystemExit("no ports are free")
