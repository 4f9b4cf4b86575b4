from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.store.history.block import DAY_MS, LEAST, TARGET_BYTES, Block, decode, encode
from t3actors.store.history.unpacking import MOST, BlockDamaged, Samples, Value
from tests.store.history.values import samples


def exactly(values: Sequence[Value]) -> list[object]:
    """Values that compare by kind and bits: 1 is not 1.0, 0.0 is not -0.0."""
    return [struct.pack("d", value) if isinstance(value, float) else (type(value), value) for value in values]


def unpacked(blocks: list[Block]) -> Samples:
    whole = Samples([], [], [])
    for block in blocks:
        for column, part in zip(whole, decode(block), strict=True):
            column.extend(part)  # type: ignore[arg-type]
    return whole


@given(samples())
def test_what_is_packed_comes_back(run: Samples) -> None:
    back = unpacked(encode(run))
    assert back.times == run.times
    assert back.codes == run.codes
    assert exactly(back.values) == exactly(run.values)


@given(samples())
def test_a_block_is_no_larger_than_a_quarter_of_a_page_or_holds_few_samples(run: Samples) -> None:
    for block in encode(run):
        assert block.n <= MOST
        assert len(block.d) <= TARGET_BYTES or block.n <= LEAST or block.vd < -1


@pytest.mark.parametrize(
    ("values", "bytes_each"),
    [
        ([20.0 + index % 10 / 10 for index in range(1000)], 1),
        ([float(index % 2) for index in range(1000)], 1),
        ([index % 2 for index in range(1000)], 1),
        ([7.5] * 1000, 0),
        ([struct.unpack("f", struct.pack("f", 50 + index / 977))[0] for index in range(1000)], 3),
    ],
)
def test_values_take_few_bytes(values: list[float], bytes_each: float) -> None:
    blocks = encode(Samples([index * 5000 for index in range(1000)], list(values), [0] * 1000))
    assert sum(len(block.d) for block in blocks) <= 1000 * bytes_each + 40
    assert {block.tw for block in blocks} == {0}  # a fixed interval takes nothing at all


def test_rounded_times_take_fewer_bytes() -> None:
    times = sorted(index * index * 13 % 4_000_000 for index in range(200))
    sizes = []
    for quantum in (1, 100, 1000):
        rounded = [time // quantum * quantum for time in times]
        blocks = encode(Samples(rounded, [1.5] * 200, [0] * 200))
        assert {block.tq % quantum for block in blocks} == {0}
        sizes.append(sum(len(block.d) for block in blocks))
    assert sizes[0] > sizes[1] > sizes[2]


def test_one_wild_value_costs_its_neighbours_only() -> None:
    values: list[Value] = [20.5] * 2000
    values[1000] = -0.0
    blocks = encode(Samples([index * 1001 for index in range(2000)], values, [0] * 2000))
    assert sum(block.n for block in blocks if block.vd == -1) <= 256


def test_where_the_kind_of_value_changes_a_block_ends() -> None:
    blocks = encode(Samples([0, 1, 2, 3, 4], [1, None, 2.5, "on", b"99999999999999999999"], [0, 3, 0, 0, 0]))
    assert [(block.n, block.vd) for block in blocks] == [(2, 0), (1, 10), (1, -2), (1, -3)]


def test_equal_texts_are_written_once() -> None:
    values: list[Value] = ["Running", "Stopped"] * 400
    (block,) = encode(Samples([index * 60_000 for index in range(800)], values, [0] * 800))
    assert len(block.d) == 14


def test_many_changes_of_status_do_not_grow_without_bound() -> None:
    values: list[Value] = [20.5, None] * 400
    blocks = encode(Samples([index * 60_000 for index in range(800)], values, [0, 3] * 400))
    assert all(isinstance(block.q, bytes) and len(block.q) == block.n for block in blocks)


NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(
    st.builds(
        Block,
        st.integers(-2, 2000),
        NUMBERS,
        NUMBERS | st.just(1),
        st.integers(-1, 9),
        NUMBERS,
        st.integers(-5, 1000),
        st.integers(-1, 9),
        st.binary(max_size=100),
        st.none()
        | st.text(max_size=20)
        | st.binary(max_size=20)
        | st.sampled_from(["[]", "[[0,1]]", "[[1,1],[0,2]]", "[[0]]", "{}"]),
        st.none() | st.text(max_size=20) | st.sampled_from(["[[0,1]]", "[1]", "[[-1,-1]]"]),
    )
)
def test_no_row_makes_the_decoder_raise_anything_but_its_own_error(block: Block) -> None:
    try:
        run = decode(block)
    except BlockDamaged:
        return
    assert len(run.times) == len(run.values) == len(run.codes)


@given(samples(), st.integers(0, 10), st.data())
def test_a_block_that_was_cut_short_is_damaged(run: Samples, which: int, data: st.DataObject) -> None:
    blocks = [block for block in encode(run) if len(block.d) and block.vd >= -1]
    if blocks:
        block = blocks[which % len(blocks)]
        cut = data.draw(st.integers(0, len(block.d) - 1))
        with pytest.raises(BlockDamaged):
            decode(block._replace(d=block.d[:cut]))


def test_a_day_fits() -> None:
    assert unpacked(encode(Samples([0, DAY_MS - 1], [1, 2], [0, 0]))).times == [0, DAY_MS - 1]
