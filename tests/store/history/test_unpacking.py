"""Whatever stands in a row of blocks, taking it apart gives columns of one length, or says that it is damaged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.store.history.aggregate_block import AggregateBlock
from t3actors.store.history.block import Block
from t3actors.store.history.unpacking import AGGREGATE_FIELDS, BlockDamaged, aggregates_of, samples_of

WIDTHS = st.integers(-1, 9)
WHOLES = st.integers(-3, 40) | st.integers(-(1 << 63), (1 << 63) - 1)
ODD = st.none() | st.text(max_size=5) | st.floats() | st.binary(max_size=60)
OCTETS = st.binary(max_size=600)
PLACES = st.none() | st.sampled_from(["", "[0]", "[1,0]", "[7000]", "[", "[a]", "{}"])


def field(usual: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Mostly what there should be."""
    return st.one_of(usual, usual, usual, usual, usual, usual, ODD)


COUNT = field(st.integers(1, 5) | st.integers(-2, 2000))
SAMPLES = st.tuples(
    COUNT, *[field(kind) for kind in (WHOLES, WHOLES, WIDTHS, WHOLES, st.integers(-4, 10), WIDTHS, OCTETS)],
    field(st.none() | OCTETS | st.sampled_from(["[[0,0]]", "[[0,1],[2,0]]", "[[5,1]]", "[", "{}"])),
    field(st.none() | st.sampled_from(["[]", "[[0,1]]", "[[0,1],[0,1]]", "[[9,9]]"])),
)  # fmt: skip
AGGREGATES = st.tuples(
    COUNT, *[field(kind) for kind in (WHOLES, WHOLES, WIDTHS, st.integers(-2, 10), WHOLES, *[WIDTHS] * 4)],
    *[field(kind) for kind in (WHOLES, WIDTHS, WHOLES, WIDTHS, OCTETS)],
    st.none(), field(st.integers(0, 3)), field(st.integers(0, 1)), field(PLACES),
)  # fmt: skip


@given(SAMPLES, st.integers(0, 1 << 45))
def test_no_row_of_samples_does_worse_than_being_damaged(fields: tuple[object, ...], day_ms: int) -> None:
    try:
        columns = samples_of(fields, day_ms)
    except BlockDamaged:
        return
    assert {len(column) for column in columns} == {fields[0]}


@given(AGGREGATES, st.integers(0, 1 << 45))
def test_no_row_of_aggregates_does_worse_than_being_damaged(fields: tuple[object, ...], base_ms: int) -> None:
    try:
        columns = aggregates_of(fields, base_ms)
    except BlockDamaged:
        return
    assert {len(column) for column in columns} == {fields[0]}


def test_the_fields_are_those_that_are_packed() -> None:
    assert AggregateBlock._fields == AGGREGATE_FIELDS
    assert Block._fields == ("n", "t0", "tq", "tw", "v0", "vd", "vw", "d", "q", "x")
