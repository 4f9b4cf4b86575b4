"""The plan: every want once, in its order, within the room there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.read_multiple import Property, encode_request
from t3actors.collect.bacnet.planning import Room, halves, one_by_one, plan
from t3actors.collect.bacnet.sizes import Want, want

WANTS = st.lists(
    st.builds(
        want,
        st.sampled_from([0, 3, 13, 40]),
        st.integers(1, 6),
        st.sampled_from([77, 85, 111, 512]),
        st.none() | st.integers(0, 300),
    ),
    max_size=40,
)
ROOMS = st.builds(Room, st.integers(46, 400), st.integers(47, 1000), st.none() | st.integers(1, 20))


def octets(wants: tuple[Want, ...]) -> int:
    """What asking for these takes, as they are encoded."""
    objects: list[tuple[int, int, list[Property]]] = []
    for each in wants:
        if not objects or objects[-1][:2] != each.owner:
            objects.append((*each.owner, []))
        objects[-1][2].append(each.which if each.array_index is None else (each.which, each.array_index))
    return len(encode_request(objects))


@given(WANTS, ROOMS)
def test_every_want_is_asked_for_once_within_the_room(wants: list[Want], room: Room) -> None:
    requests = plan(wants, room)
    asked = [each for request in requests for each in request.wants]
    assert asked == (
        wants if not room.sure or not room.read_multiple else sorted(wants, key=lambda each: not each.is_sure)
    )
    for request in requests:
        assert octets(request.wants) <= room.request_octets
        assert request.answer_octets <= room.answer_octets or len(request.wants) == 1
        assert len(request.wants) <= (room.properties or len(wants))


@given(WANTS.filter(bool))
def test_halves_hold_the_same_wants(wants: list[Want]) -> None:
    (request,) = plan(wants, Room(10**6, 10**6))
    parts = halves(request)
    assert tuple(each for part in parts for each in part.wants) == request.wants
    assert len(parts) == min(2, len(wants))
    assert all(part.alone for part in parts) is (len(wants) == 1)


def test_an_object_s_wants_stay_together_where_they_fit() -> None:
    wants = [want(0, instance, which) for instance in (1, 2, 3) for which in (85, 111)]
    assert [len(request.wants) for request in plan(wants, Room(1000, 1000, properties=3))] == [2, 2, 2]
    assert [len(request.wants) for request in plan(wants, Room(1000, 1000, properties=1))] == [1] * 6


def test_a_want_larger_than_any_room_is_asked_for_by_itself() -> None:
    wants = [want(0, 1, 85), want(8, 1, 76), want(0, 2, 85)]
    assert [len(request.wants) for request in plan(wants, Room(46, 47))] == [1, 1, 1]


def test_without_read_property_multiple_each_is_asked_for_alone() -> None:
    wants = [want(0, 1, 85), want(0, 1, 111)]
    assert plan(wants, Room(1000, 1000, read_multiple=False)) == one_by_one(wants)


def test_three_and_more_wants_of_one_object_are_torn_apart_rather_than_leave_much_of_the_room_empty() -> None:
    wants = [want(0, instance, which) for instance in (1, 2, 3) for which in (77, 28, 117, 22)]
    assert [len(request.wants) for request in plan(wants, Room(1000, 1000, properties=6))] == [6, 6]
    assert [len(request.wants) for request in plan(wants, Room(1000, 1000, properties=5))] == [4, 4, 4]
