"""Searching for what a device refuses: bounded, remembered, and undone within a day."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from t3actors.collect.modbus.blocks import Block, Limits, Want, plan
from t3actors.collect.modbus.quarantine import RETRY_AFTER_S, Quarantine


def wants(addresses: range | list[int], size: int = 1) -> list[Want]:
    return [Want("holding", address, size) for address in addresses]


def poll(
    quarantine: Quarantine,
    asked: list[Want],
    illegal: set[int],
    longest: int = 125,
    budget: int = 16,
    now_s: float = 0.0,
) -> tuple[set[Want], int, int]:
    """One poll as the driver makes it: what was read, requests, refusals."""
    limits = Limits()
    quarantine.expire(now_s)
    work = list(plan(asked, limits, refused=quarantine.refused, cuts=quarantine.cuts))
    read: set[Want] = set()
    requests = refusals = 0
    complete = True
    while work:
        block = work.pop(0)
        requests += 1
        if block.size <= longest and not illegal.intersection(range(block.address, block.address + block.size)):
            read.update(block.wants)
            continue
        refusals += 1
        parts = quarantine.learn(block, "illegal address", limits, now_s)
        if len(parts) <= budget:
            budget -= len(parts)
            work = [*parts, *work]
        else:
            complete = False
    if complete:
        quarantine.settle()
    return read, requests, refusals


def test_one_illegal_register_of_125_is_found_within_one_poll_and_costs_only_itself() -> None:
    quarantine = Quarantine()
    asked = wants(range(125))
    read, requests, _ = poll(quarantine, asked, {77})
    assert read == set(asked) - {Want("holding", 77, 1)}
    assert requests <= 1 + 14
    assert quarantine.refused == {Want("holding", 77, 1)}


def test_the_reads_grow_back_together_around_it() -> None:
    quarantine = Quarantine()
    poll(quarantine, wants(range(125)), {77})
    _, requests, refusals = poll(quarantine, wants(range(125)), {77})
    assert (requests, refusals) == (2, 0)


def test_a_hole_that_nobody_wants_is_learned_and_spanned_no_more() -> None:
    quarantine = Quarantine()
    asked = wants([*range(10), *range(12, 20)])
    for _ in range(3):
        read, requests, refusals = poll(quarantine, asked, {10})
        assert read == set(asked)
    assert (requests, refusals) == (2, 0)
    assert not quarantine.refused


def test_a_device_that_takes_short_reads_only_is_read_in_short_reads() -> None:
    quarantine = Quarantine()
    asked = wants(range(120))
    for _ in range(6):
        read, requests, refusals = poll(quarantine, asked, set(), longest=50)
    assert read == set(asked)
    assert refusals == 0
    assert requests <= 4


def test_a_multi_register_value_is_never_split() -> None:
    quarantine = Quarantine()
    asked = wants(range(0, 40, 4), size=4)
    read, _, _ = poll(quarantine, asked, {18})
    assert set(asked) - read == {Want("holding", 16, 4)}


def test_a_search_that_ran_out_of_requests_goes_on_at_the_next_poll() -> None:
    quarantine = Quarantine()
    asked = wants(range(100))
    counts = [poll(quarantine, asked, {50}, budget=4)[1] for _ in range(8)]
    assert max(counts) <= 1 + 8 + 4
    assert quarantine.refused == {Want("holding", 50, 1)}


def test_what_was_refused_is_asked_again_after_a_day() -> None:
    quarantine = Quarantine()
    asked = wants(range(10))
    poll(quarantine, asked, {5})
    assert Want("holding", 5, 1) not in poll(quarantine, asked, set(), now_s=RETRY_AFTER_S - 1)[0]
    assert poll(quarantine, asked, set(), now_s=RETRY_AFTER_S)[0] == set(asked)


def test_the_daily_retry_costs_no_neighbour_a_poll_however_many_addresses_are_refused() -> None:
    quarantine = Quarantine()
    asked, illegal = wants(range(125)), {3, 50, 77, 120}
    for _ in range(8):
        poll(quarantine, asked, illegal)
    healthy = {want for want in asked if want.address not in illegal}
    for _ in range(8):
        read, requests, _ = poll(quarantine, asked, illegal, now_s=RETRY_AFTER_S)
        assert read == healthy
        assert requests <= 16 + len(illegal) + 1
    assert {want.address for want in quarantine.refused} == illegal


def test_the_daily_retry_of_a_device_that_takes_short_reads_only_costs_no_poll() -> None:
    quarantine = Quarantine()
    asked = wants(range(120))
    for _ in range(20):
        poll(quarantine, asked, set(), longest=5)
    for _ in range(40):
        assert poll(quarantine, asked, set(), longest=5, now_s=RETRY_AFTER_S)[0] == set(asked)


def test_the_reason_is_kept() -> None:
    quarantine = Quarantine()
    bad = Want("holding", 5, 1)
    assert quarantine.learn(Block("holding", 5, 1, (bad,)), "why", Limits(), 0.0) == ()
    assert quarantine.reason(bad) == "why"
    assert quarantine.reason(Want("holding", 6, 1)) is None


@settings(max_examples=60)
@given(
    st.sets(st.integers(0, 150), min_size=1, max_size=60),
    st.sets(st.integers(0, 150), max_size=8),
    st.integers(20, 125),
)
def test_whatever_is_illegal_the_rest_is_soon_read_without_a_refusal(
    addresses: set[int], illegal: set[int], longest: int
) -> None:
    quarantine = Quarantine()
    asked = wants(sorted(addresses))
    for _ in range(40):
        read, requests, refusals = poll(quarantine, asked, illegal, longest)
        assert requests <= len(asked) + 16
        if not refusals:
            break
    else:
        raise AssertionError("still refused after 40 polls")
    assert read == {want for want in asked if want.address not in illegal}
