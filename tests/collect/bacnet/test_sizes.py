"""How long an answer will be is guessed better once some have been seen."""

from __future__ import annotations

from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Bits, Several
from t3actors.collect.bacnet.sizes import Seen, want

NAMES = [want(0, instance, 77) for instance in (1, 2)]


def test_texts_are_expected_as_long_as_their_like_and_what_was_not_seen_as_before() -> None:
    seen = Seen()
    others = [want(0, 1, 85), want(3, 1, 77), want(0, 1, 77, 1)]
    assert seen.fitted(NAMES) == NAMES
    seen.learn([(0, 1, 77, None, "x" * 50), (0, 9, 77, None, "x" * 50)])
    assert [each.value_octets for each in seen.fitted(NAMES)] == [53, 53]
    assert seen.fitted(others) == others


def test_texts_of_several_lengths_are_expected_a_little_longer_than_the_mean() -> None:
    seen = Seen()
    seen.learn([(0, 1, 77, None, "x" * 7), (0, 2, 77, None, "x" * 47)])
    assert [each.value_octets for each in seen.fitted(NAMES)] == [35, 35]


def test_an_error_a_list_and_a_number_are_measured_and_what_has_one_size_is_not() -> None:
    seen = Seen()
    seen.learn(
        [(0, 1, 28, None, PropertyError(2, 32)), (13, 1, 110, None, Several(("On", "Off"))), (45, 1, 85, None, 70000)]
    )
    seen.learn([(0, 1, 111, None, Bits(0, 4)), (0, 1, 85, None, 20.5)])
    wants = [want(0, 2, 28), want(13, 2, 110), want(45, 2, 85), want(0, 2, 111), want(0, 2, 85)]
    assert [each.value_octets for each in seen.fitted(wants)] == [4, 9, 4, 4, 5]


def test_numbers_and_flags_have_sure_sizes_and_texts_and_lists_have_not() -> None:
    sure = [want(0, 1, 85), want(13, 1, 85), want(0, 1, 111), want(0, 1, 117), want(8, 1, 76, 3), want(8, 1, 155)]
    unsure = [want(40, 1, 85), want(0, 1, 77), want(0, 1, 28), want(8, 1, 76), want(13, 1, 110), want(13, 1, 110, 1)]
    assert [each.is_sure for each in (*sure, *unsure)] == [True] * 6 + [False] * 6
    assert not want(17, 1, 85).is_sure, "a schedule's may be anything"


def test_a_plan_is_made_again_only_when_an_estimate_has_changed() -> None:
    seen = Seen()
    seen.learn([(0, 1, 77, None, "Zone")])
    version = seen.version
    seen.learn([(0, 2, 77, None, "Fans"), (0, 2, 85, None, 1.5)])
    assert seen.version == version
    seen.learn([(0, 3, 77, None, "a longer one")])
    assert seen.version == version + 1
