"""CPU and memory to decode T3000's LOGGING_DATA answers to points and readings, beside stdlib json and a plain loop.

    python -m benchmarks.t3000_decode [--panels 100] [--megabytes 95] [--rounds 5]

Each line is a process of its own, which loads the answer first (the buffer that a door has anyway) and tells its largest resident memory
by `getrusage`; the program that starts them stays small, for a child inherits that figure. The answer is of the real shape (the
documented one where it says so): 64 inputs, 64 outputs, 128 variables a panel, about half of them in use, texts of the length that
engineers write. CPU times are the best of the rounds; a panel's is that of one slice of the event loop, and its largest is the largest of
the median round.

    first       nothing is known of the panels: every point and reading is made
    unchanged   the same answer once more, with what the first one came to
    changed     every third value differs
    stdlib      json.loads of the whole, then a loop to plain tuples (id, label, description, units, value, auto_manual): less than ours
                makes, and no tolerance

What the panels came to is kept, as the gateway keeps it; in the answer of --megabytes nothing is kept and it is not compared with before,
for T3000 has at most 254 panels: there it is about the memory beside the buffer.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t3actors.collect.t3000.document import split
from t3actors.collect.t3000.panel_answer import PanelAnswer, decode_panel
from t3actors.points import Kind, Rules
from t3actors.ranges import meaning

KINDS = (("INPUT", "IN", 64), ("OUTPUT", "OUT", 64), ("VARIABLE", "VAR", 128))
WORDS = (
    "Supply",
    "Return",
    "Zone",
    "Room",
    "Chilled Water",
    "Fan",
    "Valve",
    "Damper",
    "Temp",
    "Setpoint",
    "Status",
    "CO2",
)


# ------------------------------------------------------------------------------------------------ the answer


def point(kind: str, prefix: str, place: int, panel_id: int, dice: random.Random) -> dict[str, Any]:
    used, digital = dice.random() < 0.5, dice.random() < 0.3
    words = " ".join(dice.sample(WORDS, 3))[:20] if used else ""
    value = dice.choice((0, 1000)) if digital else dice.randrange(0, 100_000)
    made = {
        "auto_manual": int(dice.random() < 0.05),
        "command": f"{panel_id}{prefix}{place + 1}",
        "control": int(digital and value > 0),
        "description": words,
        "digital_analog": int(not digital),
        "id": f"{prefix}{place + 1}",
        "index": place,
        "label": words.replace(" ", "").upper()[:8],
        "pid": panel_id,
        "range": dice.randrange(1, 23) if used else 0,
        "type": kind,
        "value": value if used else 0,
    }
    if kind == "INPUT":
        made |= {"calibration_h": 0, "calibration_l": dice.randrange(30), "calibration_sign": dice.randrange(2)}
        made |= {"decom": int(dice.random() < 0.02), "filter": 5, "unit": made["range"]}
    elif kind == "OUTPUT":
        made |= {"decom": 0, "high_voltage": 100, "hw_switch_status": 1, "low_voltage": 0}
    else:
        made["unused"] = 0
    return made


def panel(number: int, dice: random.Random) -> dict[str, Any]:
    panel_id = number % 254 + 1
    return {
        "device_data": [
            point(kind, prefix, place, panel_id, dice) for kind, prefix, count in KINDS for place in range(count)
        ],
        "input_logging_time": 1787212812,
        "output_logging_time": 1787212813,
        "panel_id": panel_id,
        "panel_ipaddress": f"192.168.{panel_id}.100",
        "panel_name": f"T3-BB-{number:04d}",
        "panel_serial_number": 200_000 + number,
        "variable_logging_time": 1787212815,
    }


def documented(real: dict[str, Any]) -> dict[str, Any]:
    lists: dict[str, list[dict[str, Any]]] = {"input_points": [], "output_points": [], "variable_points": []}
    for each in real["device_data"]:
        lists[f"{each['type'].lower()}_points"].append(
            {
                "index": each["index"] + 1,
                "panel": each["pid"],
                "full_label": each["description"],
                "value": each["value"] / 1000,
                "range": each["range"],
                "units": "Deg.C",
                "status": 1,
                "timestamp": "2025-10-21T12:00:16Z",
                "id": each["id"],
            }
        )
    told = {name: value for name, value in real.items() if name != "device_data"}
    return {"device_info": told, **lists}


def write(path: Path, panels: int, megabytes: float, shape: str, changed: bool) -> None:
    """Write the answer a panel at a time; until it is as large as asked where `megabytes` is given."""
    dice, other = random.Random(1), random.Random(2)
    count = size = 0
    with path.open("w", encoding="ascii") as file:
        file.write('{"action":"LOGGING_DATA_RES",' + ('"data":[' if shape == "real" else '"devices":['))
        while size < megabytes * 1e6 if megabytes else count < panels:
            one = panel(count, dice)
            if changed:
                for each in one["device_data"]:
                    each["value"] += 1000 * (other.random() < 1 / 3)
            text = json.dumps(one if shape == "real" else documented(one), separators=(",", ":"))
            file.write("," * bool(count) + text)
            count, size = count + 1, size + len(text) + 1
        file.write("]}")


# ------------------------------------------------------------------------------------------------ what is measured


def ours(path: str, then: str, rounds: int, keep: bool) -> dict[str, Any]:
    body = memoryview(loaded(path))
    with_buffer = peak_mb()
    rules = Rules(trend="always")
    known: dict[int, PanelAnswer] = {}
    splits, slices = [], []

    def cycle(body: memoryview, before: dict[int, PanelAnswer]) -> list[float]:
        began = time.process_time()
        document = split(body)
        splits.append(time.process_time() - began)
        taken = []
        for at, length in document.panels:
            began = time.process_time()
            answer = decode_panel(body[at : at + length], document.shape, rules, before.get(at))
            taken.append(time.process_time() - began)
            if keep:
                known[at] = answer
        return taken

    for _ in range(rounds if not then else 1):
        known.clear()
        slices.append(cycle(body, {}))
    peak, points = peak_mb(), 256 * len(slices[0])
    if then:
        before = list(known.values())
        following = memoryview(loaded(then))
        splits, slices = [], []
        places = {at: each for (at, _), each in zip(split(following).panels, before, strict=True)}
        for _ in range(rounds):
            slices.append(cycle(following, places))
    return {
        "panels": len(slices[0]),
        "megabytes": len(body) / 1e6,
        "split_s": min(splits),
        "decode_s": min(map(sum, slices)),
        "panel_ms": statistics.median(statistics.median(each) for each in slices) * 1e3,
        "largest_ms": statistics.median(max(each) for each in slices) * 1e3,
        "points": points,
        "buffer_mb": with_buffer,
        "peak_mb": peak,
    }


def stdlib(path: str, then: str, rounds: int, keep: bool) -> dict[str, Any]:
    kinds = {kind: Kind(kind.lower()) for kind, _, _ in KINDS}
    body = loaded(path)
    with_buffer = peak_mb()
    totals, parses, rows, panels = [], [], 0, 0
    for _ in range(rounds):
        began = time.process_time()
        answer = json.loads(body)
        parses.append(time.process_time() - began)
        made = []
        for device in answer["data"]:
            for each in device["device_data"]:
                digital = each["digital_analog"] == 0
                units = meaning(kinds[each["type"]], each["range"], digital=digital).units
                value = each["control"] if digital else each["value"] / 1000
                made.append((each["id"], each["label"], each["description"], units, value, each["auto_manual"]))
        totals.append(time.process_time() - began)
        rows, panels = len(made), len(answer["data"])
        del answer, made
    return {
        "panels": panels,
        "megabytes": len(body) / 1e6,
        "split_s": min(parses),
        "decode_s": min(totals) - min(parses),
        "panel_ms": min(totals) / panels * 1e3,
        "largest_ms": min(totals) * 1e3,
        "points": rows,
        "buffer_mb": with_buffer,
        "peak_mb": peak_mb(),
    }


def loaded(path: str) -> bytearray:
    """Read a file without a second copy of it."""
    size = Path(path).stat().st_size
    buffer = bytearray(size)
    with Path(path).open("rb", buffering=0) as file:
        at = 0
        while at < size:
            at += file.readinto(memoryview(buffer)[at:]) or 0
    return buffer


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


MEASURED: dict[str, Callable[[str, str, int, bool], dict[str, Any]]] = {"ours": ours, "stdlib": stdlib}


# ------------------------------------------------------------------------------------------------ the program


def child(*words: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.t3000_decode", "--child", *words]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out) if out.strip() else None


def line(name: str, found: dict[str, Any]) -> str:
    beside = found["peak_mb"] - found["buffer_mb"]
    return (
        f"| {name} | {found['megabytes']:.1f} | {found['split_s']:.3f} | {found['decode_s']:.3f} | {found['panel_ms']:.2f} | "
        f"{found['largest_ms']:.1f} | {found['buffer_mb']:.0f} | {found['peak_mb']:.0f} | {beside:+.0f} |"
    )


def run(arguments: argparse.Namespace) -> None:
    rounds = str(arguments.rounds)
    print(
        "| answer | MB | split or parse, s | to readings, s | a panel, ms | largest slice, ms | RSS with buffer, MB | peak | beside |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        names = ("real", "changed", "documented", "large")
        real, changed, told, large = (str(Path(folder) / f"{name}.json") for name in names)
        count = str(arguments.panels)
        child("write", real, count, "0", "real", "")
        child("write", changed, count, "0", "real", "changed")
        child("write", told, count, "0", "documented", "")
        child("write", large, "0", str(arguments.megabytes), "real", "")
        first = child("ours", real, "", rounds, "keep")
        print(line(f"{first['panels']} panels, first", first))
        print(line("unchanged", child("ours", real, real, rounds, "keep")))
        print(line("changed", child("ours", real, changed, rounds, "keep")))
        print(line("documented shape, first", child("ours", told, "", rounds, "keep")))
        print(line("stdlib", child("stdlib", real, "", rounds, "")))
        found = child("ours", large, "", "1", "")
        print(line(f"{found['panels']} panels, first", found))
        print(line("stdlib", child("stdlib", large, "", "1", "")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=100)
    parser.add_argument("--megabytes", type=float, default=95.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.child:
        case None:
            run(arguments)
        case ["write", path, panels, megabytes, shape, changed]:
            write(Path(path), int(panels), float(megabytes), shape, bool(changed))
        case [what, path, then, rounds, keep]:
            print(json.dumps(MEASURED[what](path, then, int(rounds), bool(keep))))


if __name__ == "__main__":
    main()
