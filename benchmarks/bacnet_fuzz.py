"""Damaged frames at every door of the BACnet side, by the million: only typed errors, and no door stands still.

    python -m benchmarks.bacnet_fuzz [--frames 10_000_000] [--seed 1] [--seconds S]          (from the root of the repository)

Real frames (what simulated devices answer, and what else travels) are damaged and put through each decoder in turn, and in between
through the whole stack below the socket with requests under way. A run is known by its seed: it goes in rounds of 1,000 frames at
each door, each round seeded by (seed, round), and `--round N` begins with that one. Ends with 1 and says the octets, the seed and
the round when a door lets out an error that is not its own.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter

from tests.collect.bacnet import corpus
from tests.collect.bacnet.doors import AT_A_TIME, DOORS, StackDoor, Told, WrongError, push, seeds_of

A_ROUND = 1000  # frames at each door
SAY_EVERY_S = 30.0


class Slowest:
    """The frame that took longest at a decoder."""

    def __init__(self) -> None:
        self.took_s, self.name, self.frame = 0.0, "", b""

    def took(self, seconds: float, name: str, frame: bytes) -> None:
        """Keep it if it was slower than all before."""
        if seconds > self.took_s:
            self.took_s, self.name, self.frame = seconds, name, frame


async def one_round(seed: int, number: int, told: Told, slowest: Slowest) -> None:
    """Put a round of frames through every door. **Raises**: WrongError."""
    chance = random.Random(f"{seed} {number}")
    for name, door in DOORS.items():
        seeds = seeds_of(name)
        for _ in range(A_ROUND):
            frame = door.mutated(chance.choice(seeds), chance)
            began_s = time.perf_counter()
            push(name, frame, told)
            slowest.took(time.perf_counter() - began_s, name, frame)
    stack, seeds = StackDoor(), corpus.frames()
    for _ in range(A_ROUND // AT_A_TIME):
        await stack.push([corpus.mutated_frame(chance.choice(seeds), chance) for _ in range(AT_A_TIME)], chance, told)
    await stack.still_works()
    stack.close()


async def run(frames: int, seed: int, first: int, seconds: float | None) -> tuple[Told, int, float, Slowest]:
    """Go on until there were so many frames, or the time is over."""
    told, slowest = Told(Counter(), Counter()), Slowest()
    began_s = said_s = time.monotonic()
    number = first
    while told.frames.total() < frames and (seconds is None or time.monotonic() - began_s < seconds):
        try:
            await one_round(seed, number, told, slowest)
        except WrongError:
            print(f"seed {seed}, round {number}", flush=True)
            raise
        number += 1
        if time.monotonic() - said_s >= SAY_EVERY_S:
            said_s = time.monotonic()
            print(
                f"round {number}: {told.frames.total():,} frames, {told.frames.total() / (said_s - began_s):,.0f}/s",
                flush=True,
            )
    return told, number, time.monotonic() - began_s, slowest


def main() -> int:
    """Print frames, frames a second, and errors by door and type."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--round", type=int, default=0, dest="first", help="where to begin")
    parser.add_argument("--seconds", type=float, default=None)
    given = parser.parse_args()
    try:
        told, number, took_s, slowest = asyncio.run(run(given.frames, given.seed, given.first, given.seconds))
    except WrongError as error:
        print(error)
        return 1
    for name, count in told.frames.items():
        errors = {kind: times for (door, kind), times in told.errors.items() if door == name}
        print(f"{name:32} {count:12,d} frames  {errors or 'no error possible'}")
    total = told.frames.total()
    print(
        f"{total:,} frames in {took_s:.0f} s, {total / took_s:,.0f}/s, seed {given.seed}, rounds {given.first} to {number - 1}"
    )
    print(f"slowest frame: {slowest.took_s * 1000:.1f} ms at {slowest.name}: {slowest.frame[:40].hex()}")
    print("every error was the door's own")
    return 0


if __name__ == "__main__":
    sys.exit(main())
