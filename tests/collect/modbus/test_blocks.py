"""The plan: fewest reads, never an illegal one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.modbus.blocks import MAX_BITS, MAX_REGISTERS, Block, Cut, Limits, Want, plan, split

HOLDING_WANTS = st.lists(
    st.builds(Want, st.just("holding"), st.integers(0, 24), st.integers(1, 4)), min_size=1, max_size=5, unique=True
)
LIMITS = st.builds(Limits, max_registers=st.integers(4, 14), max_bits=st.just(2000), max_gap=st.integers(0, 6))


def legal(wants: tuple[Want, ...], limits: Limits, holes: set[int], cuts: set[int]) -> bool:
    """The law, said plainly: one read from the first to the last of these values is allowed."""
    start = min(want.address for want in wants)
    end = max(want.address + want.size for want in wants)
    held = {address for want in wants for address in range(want.address, want.address + want.size)}
    if end - start > limits.max_registers:
        return False
    run = 0
    for address in range(start, end):
        run = 0 if address in held else run + 1
        if run > limits.max_gap or (address not in held and address in holes):
            return False
    return not any(start < cut < end and not any(w.address < cut < w.address + w.size for w in wants) for cut in cuts)


def fewest(wants: list[Want], limits: Limits, holes: set[int]) -> int:
    """Try every way to sort the values into reads."""
    best = len(wants)
    for groups in product(range(len(wants)), repeat=len(wants)):
        used = set(groups)
        if len(used) >= best:
            continue
        if all(
            legal(tuple(w for w, g in zip(wants, groups, strict=True) if g == group), limits, holes, set())
            for group in used
        ):
            best = len(used)
    return best


@given(HOLDING_WANTS, LIMITS)
def test_no_plan_needs_fewer_reads(wants: list[Want], limits: Limits) -> None:
    assert len(plan(wants, limits)) == fewest(wants, limits, set())


@given(HOLDING_WANTS, LIMITS, st.lists(st.integers(0, 28), max_size=3, unique=True))
def test_no_plan_around_refused_addresses_needs_fewer_reads(wants: list[Want], limits: Limits, bad: list[int]) -> None:
    refused = [Want("holding", address, 1) for address in bad]
    asked = [want for want in wants if want not in refused]
    if asked:
        assert len(plan(wants, limits, refused=refused)) == fewest(asked, limits, set(bad))


@given(
    st.lists(
        st.builds(
            Want,
            st.sampled_from(["holding", "input", "coil", "discrete"]),
            st.integers(0, 65532),
            st.sampled_from([1, 2, 4]),
        ),
        max_size=60,
    ),
    st.builds(Limits, max_registers=st.integers(4, 200), max_bits=st.just(2000), max_gap=st.integers(0, 40)),
)
def test_every_want_is_read_whole_by_a_read_within_the_protocol(wants: list[Want], limits: Limits) -> None:
    blocks = plan(wants, limits)
    assert {want for block in blocks for want in block.wants} == set(wants)
    for block in blocks:
        assert block.address >= 0
        assert block.address + block.size <= 65536
        assert 1 <= block.size <= (MAX_BITS if block.table in {"coil", "discrete"} else MAX_REGISTERS)
        for want in block.wants:
            assert want.table == block.table
            assert block.address <= want.address
            assert want.address + want.size <= block.address + block.size


def test_neighbours_become_one_read() -> None:
    wants = [Want("holding", 100, 2), Want("holding", 102, 1)]
    assert plan(wants) == (Block("holding", 100, 3, tuple(wants)),)


@pytest.mark.parametrize(("gap", "reads"), [(9, 2), (10, 1), (11, 1)])
def test_a_gap_is_spanned_up_to_the_limit(gap: int, reads: int) -> None:
    assert len(plan([Want("holding", 0, 1), Want("holding", 11, 1)], Limits(max_gap=gap))) == reads


def test_a_gap_of_bits_may_be_16_times_as_long() -> None:
    assert len(plan([Want("coil", 0, 1), Want("coil", 17, 1)], Limits(max_gap=1))) == 1
    assert len(plan([Want("coil", 0, 1), Want("coil", 18, 1)], Limits(max_gap=1))) == 2
    assert len(plan([Want("coil", 0, 1), Want("coil", 2, 1)], Limits(max_gap=0))) == 2


@pytest.mark.parametrize(("count", "reads"), [(124, 1), (125, 1), (126, 2)])
def test_a_read_holds_125_registers_and_no_more(count: int, reads: int) -> None:
    assert len(plan([Want("holding", address, 1) for address in range(count)])) == reads


@pytest.mark.parametrize(("count", "reads"), [(1999, 1), (2000, 1), (2001, 2)])
def test_a_read_holds_2000_bits_and_no_more(count: int, reads: int) -> None:
    assert len(plan([Want("discrete", address, 1) for address in range(count)])) == reads


def test_a_value_at_the_limit_moves_whole_into_the_next_read() -> None:
    wants = [*(Want("holding", address, 1) for address in range(124)), Want("holding", 124, 2)]
    assert [(block.address, block.size) for block in plan(wants)] == [(0, 124), (124, 2)]


@pytest.mark.parametrize("address", [0, 65534, 65535])
def test_the_ends_of_the_address_space_can_be_read(address: int) -> None:
    assert plan([Want("holding", address, 1)]) == (Block("holding", address, 1, (Want("holding", address, 1),)),)


def test_a_value_beyond_address_65535_is_refused() -> None:
    with pytest.raises(ValueError, match="addresses are 0 to 65535"):
        plan([Want("holding", 65535, 2)])
    with pytest.raises(ValueError, match="addresses are 0 to 65535"):
        plan([Want("holding", -1, 1)])


def test_a_value_longer_than_one_read_is_refused() -> None:
    with pytest.raises(ValueError, match="one read takes 1 to 3"):
        plan([Want("holding", 0, 4)], Limits(max_registers=3))


def test_a_refused_value_is_not_read_and_not_spanned_but_one_over_it_is_asked_on_its_merits() -> None:
    wants = [Want("holding", 0, 1), Want("holding", 1, 2), Want("holding", 3, 1), Want("holding", 1, 1)]
    blocks = plan(wants, refused=[Want("holding", 1, 2)])
    assert [(block.address, block.size) for block in blocks] == [(0, 2), (3, 1)]


def test_a_refused_value_of_another_table_is_no_hole() -> None:
    wants = [Want("holding", 0, 1), Want("holding", 2, 1)]
    assert len(plan(wants, refused=[Want("input", 1, 1)])) == 1


def test_a_cut_ends_a_read_but_never_a_value() -> None:
    wants = [Want("holding", 0, 2), Want("holding", 2, 2), Want("holding", 4, 2)]
    assert [block.address for block in plan(wants, cuts=[Cut("holding", 2)])] == [0, 2]
    assert [(block.address, block.size) for block in plan(wants, cuts=[Cut("holding", 3)])] == [(0, 4), (4, 2)]


@given(HOLDING_WANTS)
def test_halves_hold_all_values_and_are_smaller(wants: list[Want]) -> None:
    for block in plan(wants):
        parts = split(block)
        assert {want for part in parts for want in part.wants} == set(block.wants)
        if len(block.wants) == 1:
            assert parts == (block,)
        else:
            assert all(len(part.wants) < len(block.wants) for part in parts)
