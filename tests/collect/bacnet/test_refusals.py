"""T13: whatever a device bears, says of that and says instead of an answer: a search costs it six refusals, and every point is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.codec.read_multiple import Result
from t3actors.collect.bacnet.limits import MAX_REFUSALS, Told
from t3actors.collect.bacnet.planning import Request
from tests.collect.bacnet.test_asking import POINTS, RESOURCES, Device, Texts, Use, refusal

APDUS = (50, 128, 206, 480, 1024, 1476)
UNBOUNDED = 1 << 20
DAY_S = 86_400.0
DAYS = (1, 2, 3, 4, 7, 8, 15, 16, 31, 40)


class Model(Device):
    """A device that says no to many octets in one way and to many properties in another, or does not know the service at all."""

    def __init__(self, bears: int, how: Denial, texts: Texts, most: int | None, how_many: Denial, rpm: bool) -> None:
        super().__init__(bears, how, texts=texts)
        self.allowed, self.how_many, self.rpm = most, how_many, rpm

    def __repr__(self) -> str:
        return f"bears {self.bears} else {self.how}, {self.allowed} properties else {self.how_many}, {self.texts}, RPM {self.rpm}"

    def answers(self, request: Request) -> tuple[list[Result], int]:
        if not request.planned.alone:
            too_many = self.allowed is not None and len(request.keys) > self.allowed
            if not self.rpm or too_many:
                self.refused += 1
                raise refusal(self.how_many if self.rpm else Reject(9))
        return super().answers(request)


NOES = st.sampled_from([Abort(1), Abort(4), Abort(9), Abort(0), Reject(1), Reject(7), RESOURCES])
LENGTHS = st.tuples(st.integers(0, 60), st.integers(0, 120)).map(lambda both: (min(both), max(both)))


@st.composite
def uses(draw: st.DrawFn) -> Use:
    """A device as it is and as it says that it is."""
    says = draw(st.sampled_from(APDUS))
    says_segments, segments = draw(st.booleans()), draw(st.booleans())
    largest = UNBOUNDED if segments else says
    model = Model(
        draw(st.sampled_from([largest, *(largest * share // 100 for share in (20, 50, 80))])),
        draw(NOES),
        Texts(draw(LENGTHS), draw(LENGTHS)),
        draw(st.none() | st.integers(1, 60)),
        draw(NOES),
        draw(st.sampled_from([True, True, True, False])),
    )
    return Use(model, Told(says, transmits_segments=says_segments))


@given(uses())
def test_a_search_meets_six_refusals_at_most_reads_every_point_and_is_over(use: Use) -> None:
    use.describe()
    for _ in range(4):
        assert len(use.poll()) == 2 * POINTS
    for _ in range(2):
        assert use.refused_by(use.poll) == 0
    use.describe()
    assert use.device.refused <= MAX_REFUSALS, (use.device, use.asking.limits)


@given(uses())
def test_it_grows_by_a_refusal_at_a_time_and_ever_more_rarely(use: Use) -> None:
    """From day to day it is polled and now and then described anew: each growth that is refused doubles the days until the next."""
    use.describe()
    use.poll()
    for day in DAYS:
        use.asking._today_s = lambda day=day: day * DAY_S + 1  # type: ignore[misc]
        for act in (use.poll, use.describe, use.poll):
            act()
    growths_in_vain = use.asking.limits.patience_days.bit_length() - 1
    assert growths_in_vain <= 5
    assert use.device.refused <= MAX_REFUSALS + growths_in_vain, (use.device, use.asking.limits)
    assert use.refused_by(use.poll) == 0
