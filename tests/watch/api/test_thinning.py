"""A curve in fewer pieces loses no peak, no hole and no end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.points import Status
from t3actors.watch.api.thinning import Pieces, one_after_another, sample_pieces, thinned

values = st.one_of(st.none(), st.floats(-1e6, 1e6))


def curve_of(*samples: tuple[int, float | None, str]) -> Pieces:
    return sample_pieces(
        [at for at, _, _ in samples], [value for _, value, _ in samples], [how for _, _, how in samples]
    )


@st.composite
def curves(draw: st.DrawFn) -> Pieces:
    times = sorted(draw(st.lists(st.integers(0, 100_000), max_size=60)))
    bad = [str(status) for status in Status if status is not Status.OK]
    made = []
    for at in times:
        value = draw(values)
        made.append((at, value, "ok" if value is not None else draw(st.sampled_from(bad))))
    return curve_of(*made)


@given(curves(), st.integers(1, 200_000))
def test_the_extremes_the_order_the_end_and_the_worst_status_are_kept(curve: Pieces, step_ms: int) -> None:
    thin = thinned(curve, 0, step_ms)
    for pick, which in ((min, 1), (max, 2)):
        before = [each for each in curve[which] if each is not None]
        after = [each for each in thin[which] if each is not None]
        assert pick(before, default=None) == pick(after, default=None)  # type: ignore[operator]
    assert list(thin.at_ms) == sorted(set(thin.at_ms))
    assert len({len(column) for column in thin}) == 1
    assert bool(thin.at_ms) == bool(curve.at_ms)
    if curve.at_ms:
        assert (thin.at_ms[0], thin.last[-1]) == (curve.at_ms[0], curve.last[-1])
        order = [str(status) for status in Status]
        assert min(map(order.index, thin.status)) == min(map(order.index, curve.status))
    assert len(thin.at_ms) <= 100_000 // step_ms + 1


@given(curves(), st.integers(1, 50_000), st.integers(-1000, 0))
def test_each_piece_is_of_one_step(curve: Pieces, step_ms: int, since_ms: int) -> None:
    steps: dict[int, list[int]] = {}
    for place, at_ms in enumerate(curve.at_ms):
        steps.setdefault((at_ms - since_ms) // step_ms, []).append(place)
    thin = thinned(curve, since_ms, step_ms)
    assert list(thin.at_ms) == [curve.at_ms[places[0]] for places in steps.values()]
    assert list(thin.last) == [curve.last[places[-1]] for places in steps.values()]
    for low, high, places in zip(thin.low, thin.high, steps.values(), strict=True):
        known = [value for place in places if (value := curve.low[place]) is not None]
        assert (low, high) == ((min(known), max(known)) if known else (None, None))


def test_a_sample_that_is_alone_in_its_step_stays_as_it_is() -> None:
    curve = curve_of(*((at, float(at), "ok") for at in (0, 10, 20)))
    assert thinned(curve, 0, 10) == curve


def test_a_step_in_which_a_point_was_down_for_a_while_says_so() -> None:
    curve = curve_of((1, 5.0, "ok"), (2, None, "down"), (3, 7.0, "ok"))
    assert thinned(curve, 0, 10) == ([1], [5.0], [7.0], [7.0], ["down"])
    assert thinned(curve_of((1, 5.0, "ok"), (2, None, "down")), 0, 10) == ([1], [5.0], [5.0], [None], ["down"])


def test_pieces_lie_behind_one_another() -> None:
    assert one_after_another([curve_of((1, 5.0, "ok")), curve_of(), curve_of((2, None, "down"))]) == (
        [1, 2],
        [5.0, None],
        [5.0, None],
        [5.0, None],
        ["ok", "down"],
    )
