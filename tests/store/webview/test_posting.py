from __future__ import annotations

import contextlib
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.points import Status, Value
from t3actors.store.webview.posting import Change, Packer, Unreadable, raw_of, unpack

VALUES = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(), st.booleans())
CHANGES = st.tuples(
    st.integers(1, 1 << 40), st.integers(0, 1 << 40), st.integers(0, 2), st.integers(0, (1 << 32) - 1), VALUES,
    st.sampled_from(Status), st.none() | st.integers(0, 1), st.booleans(),
)  # fmt: skip


def packed(
    changes: list[tuple[int, int, int, int, Value, Status, int | None, bool]], devices: tuple[int, ...] = ()
) -> Packer:
    packer = Packer()
    packer.devices |= dict.fromkeys(devices)
    for *fields, sample in changes:
        packer.add(*fields, sample=sample)  # type: ignore[arg-type]
    return packer


@given(st.lists(CHANGES, max_size=20), st.lists(st.integers(1, 1 << 40), unique=True, max_size=5))
def test_what_is_packed_is_unpacked(
    changes: list[tuple[int, int, int, int, Value, Status, int | None, bool]], devices: list[int]
) -> None:
    packer = packed(changes, tuple(devices))
    posting = unpack(packer.pack())
    assert posting.devices == tuple(devices)
    assert posting.changes == tuple(
        Change(
            device,
            at_s,
            kind,
            index,
            raw_of(value),
            status,
            manual,
            sample and status is Status.OK and raw_of(value) is not None,
        )
        for device, at_s, kind, index, value, status, manual, sample in changes
    )
    assert packer.samples == sum(change.sample for change in posting.changes)
    assert packer.is_empty == (not changes and not devices)


@given(
    st.binary()
    | st.recursive(
        st.integers(-(1 << 63), (1 << 64) - 1) | st.text() | st.none(), lambda x: st.lists(x, max_size=4)
    ).map(msgspec.msgpack.encode)
)
def test_no_octets_make_it_raise_anything_but_its_own_error(octets: bytes) -> None:
    with contextlib.suppress(Unreadable):
        unpack(octets)


@given(st.lists(st.integers(-1, 300) | st.text(max_size=3) | st.none(), max_size=7))
def test_nor_does_any_run_of_a_posting(flat: list[object]) -> None:
    with contextlib.suppress(Unreadable):
        unpack(msgspec.msgpack.encode([1, [7], [[7, 1_795_000_000, flat]]]))


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (21.5, 21500), (0.0005, 0), (0.0015, 2), (-0.0005, 0), (-0.0015, -2), (21.4565, 21456), (1.005, 1005), (0, 0), (1, 1000),
        (True, 1000), (-0.0, 0), ((1 << 64) - 1, ((1 << 64) - 1) * 1000), (1e300, int(1e303)), (math.nan, None), (math.inf, None),
        (1e307, None), ("on", None), (None, None),
    ],
)  # fmt: skip
def test_raw_is_the_value_times_1000_half_to_even(value: Value, raw: int | None) -> None:
    found = raw_of(value)
    if isinstance(value, float) and value > 1e200 and found is not None:
        assert math.isclose(found, 1e303)
    else:
        assert found == raw


def test_a_run_of_changes_costs_a_few_octets_each() -> None:
    changes = [(3, 1_795_000_000, 0, n, 20 + n / 10, Status.OK, None, True) for n in range(1, 101)]
    assert len(packed(changes).pack()) < 100 * 6  # type: ignore[arg-type]
