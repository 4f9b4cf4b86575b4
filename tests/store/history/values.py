"""What hypothesis makes of samples: anything that may stand in `samples`, in time order."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from t3actors.store.history.aggregates import Aggregate
from t3actors.store.history.block import DAY_MS
from t3actors.store.history.unpacking import Samples

DECIMALS = st.builds(
    lambda whole, ten: whole / ten, st.integers(-(10**9), 10**9), st.sampled_from([1, 10, 100, 1000, 10000])
)
SINGLES = st.floats(width=32, allow_nan=False)
DOUBLES = st.floats(allow_nan=False) | st.sampled_from(
    [-0.0, 5e-324, 2.0**53 + 2, 1.7976931348623157e308, float("inf"), float("-inf")]
)
WHOLES = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(-5, 5)
    | st.sampled_from([2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
)
TEXTS = st.text(max_size=30) | st.sampled_from(["", "a\0b", "Auto", "°C", "\U0001f600"])
DIGITS = st.integers(2**63, 2**64).map(lambda number: str(number).encode())
VALUES = st.none() | DECIMALS | SINGLES | DOUBLES | WHOLES | TEXTS | DIGITS
CODES = st.sampled_from([0, 0, 0, 1, 3, 5, 8, 11]) | st.integers(0, 2**20)


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """A run: of one kind mostly, as points are; or of anything."""
    value = draw(st.sampled_from([DECIMALS, SINGLES, DOUBLES, WHOLES, TEXTS, DIGITS, VALUES, st.none() | DECIMALS]))
    values = draw(
        st.lists(value, min_size=1, max_size=40) | st.lists(value, min_size=1, max_size=3).map(lambda some: some * 400)
    )
    step = draw(st.sampled_from([0, 1, 10, 1000, 60_000]))
    if step and draw(st.booleans()):
        times = [min(DAY_MS - 1, index * step) for index in range(len(values))]
    else:
        times = (
            sorted(draw(st.lists(st.integers(0, DAY_MS - 1), min_size=len(values), max_size=len(values))))
            if len(values) < 100
            else [index * 997 % 9973 + index * 50_000 for index in range(len(values))]
        )
        times = sorted(time % DAY_MS for time in times)
    codes = draw(
        st.just([0] * len(values))
        | st.lists(CODES, min_size=1, max_size=5).map(lambda some: (some * len(values))[: len(values)])
    )
    return Samples(times, list(values), list(codes))


def each_span(rows: Iterable[Aggregate], span_ms: int) -> list[Aggregate]:
    """Give each span a row of its own."""
    return [
        row._replace(at_ms=row.at_ms + place * span_ms, spans=1, held=row.held if place == row.spans - 1 else True)
        for row in rows
        for place in range(row.spans)
    ]
