"""T14: real frames, damaged, at every door: only the door's own errors, and the stack goes on.

The long run is benchmarks/bacnet_fuzz.py.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collect.bacnet import corpus
from tests.collect.bacnet.doors import AT_A_TIME, DOORS, StackDoor, Told, push, seeds_of

FRAMES = 1500  # at each decoder
ROUNDS = 40  # of AT_A_TIME datagrams at the stack


def test_the_corpus_holds_what_the_doors_are_made_for() -> None:
    """Undamaged, most seeds of a door are taken, or it would be fuzzed with nothing but garbage."""
    kinds = {each[0] >> 4 for each in corpus.answers()}
    assert kinds >= {3, 5, 7}, "acknowledgements, errors, aborts"
    assert any(each[0] & 0x08 for each in corpus.answers()), "segments"
    told = Told(Counter(), Counter())
    for name in ("temco.decode_setting", "text.decode_text", "overhearing.overheard"):
        for seed in DOORS[name].seeds():
            push(name, seed, told)
    assert told.errors.total() == 0


@pytest.mark.parametrize("name", DOORS)
def test_damaged_frames_raise_nothing_but_the_door_s_own_error(name: str) -> None:
    chance, told = random.Random(f"{name} 135"), Told(Counter(), Counter())
    seeds = seeds_of(name)
    for _ in range(FRAMES):
        push(name, DOORS[name].mutated(chance.choice(seeds), chance), told)
    assert told.frames[name] == FRAMES


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(sorted(DOORS)))
def test_no_octets_that_hypothesis_finds_do_either(data: st.DataObject, name: str) -> None:
    seed = data.draw(st.sampled_from(DOORS[name].seeds()))
    start = data.draw(st.integers(0, len(seed)))
    octets = seed[:start] + data.draw(st.binary(max_size=30)) + seed[data.draw(st.integers(start, len(seed))) :]
    push(name, octets, Told(Counter(), Counter()))


def test_the_stack_below_the_socket_survives_damaged_frames_and_leaves_nothing_over() -> None:
    async def run() -> Told:
        chance, told, door = random.Random(135), Told(Counter(), Counter()), StackDoor()
        seeds = corpus.frames()
        for _ in range(ROUNDS):
            frames = [corpus.mutated_frame(chance.choice(seeds), chance) for _ in range(AT_A_TIME)]
            await door.push(frames, chance, told)
            await door.still_works()
        door.close()
        return told

    told = asyncio.run(run())
    assert told.frames[StackDoor.NAME] == ROUNDS * AT_A_TIME
    assert told.errors.total() > ROUNDS, "damage is found where it is"
