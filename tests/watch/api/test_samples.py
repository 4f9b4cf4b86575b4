"""Many samples as JSON: what each of them alone would be."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from t3actors.rows import SampleRow, SampleRun, rows_of
from t3actors.watch.api.samples import AT_ONCE, encoded_samples, without_oldest

NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=20) | st.sampled_from(['"sampled_at":0,"value":null', '"', ",", "\\"])


@st.composite
def runs(draw: st.DrawFn, length: int | None = None) -> SampleRun:
    count = draw(st.integers(1, 5)) if length is None else length

    def column(of: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(of, min_size=count, max_size=count))

    coded = draw(st.booleans())
    return SampleRun(
        name=draw(TEXTS),
        point_id=draw(TEXTS),
        units=draw(TEXTS),
        data_source=3,
        created_by=draw(TEXTS),
        sampled_at=column(st.integers(0, 2**50)),  # type: ignore[arg-type]
        value=column(NUMBERS),  # type: ignore[arg-type]
        text=column(st.none() | TEXTS) if draw(st.booleans()) else None,  # type: ignore[arg-type]
        status=column(st.sampled_from(["ok", "fault", "down"])) if coded else None,  # type: ignore[arg-type]
        clock_trusted=column(st.booleans()) if coded else None,  # type: ignore[arg-type]
    )


@given(st.lists(runs(), max_size=3))
def test_columns_make_the_json_that_rows_would_make(given_runs: list[SampleRun]) -> None:
    made = encoded_samples(given_runs)
    assert msgspec.json.decode(made, type=list[SampleRow]) == rows_of(given_runs)
    assert made == msgspec.json.encode(rows_of(given_runs))


def test_more_than_are_made_at_once_stay_in_order() -> None:
    for count in (AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 1):
        for text in (None, [str(number) for number in range(count)]):
            run = SampleRun(
                name="d", point_id="p", units="", data_source=3, created_by="", sampled_at=list(range(count)),
                value=[number / 3 for number in range(count)], text=text, status=["ok", *["fault"] * (count - 1)],
                clock_trusted=[True] * count,
            )  # fmt: skip
            assert encoded_samples([run]) == msgspec.json.encode(rows_of([run]))


@given(st.lists(runs(), min_size=1, max_size=3))
def test_without_the_oldest_all_others_are_left(given_runs: list[SampleRun]) -> None:
    assert rows_of(without_oldest(given_runs)) == rows_of(given_runs)[1:]
