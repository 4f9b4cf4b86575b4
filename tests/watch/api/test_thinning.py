"""A curve in fewer pieces loses no peak, no hole and no end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.points import Status
from t3actors.watch.api.thinning import Piece, sample_piece, thinned

values = st.one_of(st.none(), st.floats(-1e6, 1e6))


@st.composite
def curves(draw: st.DrawFn) -> list[Piece]:
    times = sorted(draw(st.lists(st.integers(0, 100_000), max_size=60)))
    made = []
    for at in times:
        value = draw(values)
        bad = [str(status) for status in Status if status is not Status.OK]
        made.append(sample_piece(at, value, "ok" if value is not None else draw(st.sampled_from(bad))))
    return made


@given(curves(), st.integers(1, 200_000))
def test_the_extremes_the_order_the_end_and_the_worst_status_are_kept(curve: list[Piece], step_ms: int) -> None:
    thin = thinned(curve, 0, step_ms)
    for which in (1, 2):
        pick = min if which == 1 else max
        before = [each[which] for each in curve if each[which] is not None]
        after = [each[which] for each in thin if each[which] is not None]
        assert pick(before, default=None) == pick(after, default=None)  # type: ignore[type-var]
    assert [each.at_ms for each in thin] == sorted({each.at_ms for each in thin}) or len(thin) <= len(curve)
    assert bool(thin) == bool(curve)
    if curve:
        assert (thin[0].at_ms, thin[-1].last) == (curve[0].at_ms, curve[-1].last)
        order = [str(status) for status in Status]
        assert min(order.index(each.status) for each in thin) == min(order.index(each.status) for each in curve)
    assert len(thin) <= 100_000 // step_ms + 1


def test_a_sample_that_is_alone_in_its_step_stays_as_it_is() -> None:
    curve = [sample_piece(at, float(at), "ok") for at in (0, 10, 20)]
    assert thinned(curve, 0, 10) == curve


def test_a_step_in_which_a_point_was_down_for_a_while_says_so() -> None:
    curve = [sample_piece(1, 5.0, "ok"), sample_piece(2, None, "down"), sample_piece(3, 7.0, "ok")]
    assert thinned(curve, 0, 10) == [Piece(1, 5.0, 7.0, 7.0, "down")]
    assert thinned(curve[:2], 0, 10) == [Piece(1, 5.0, 5.0, None, "down")]
