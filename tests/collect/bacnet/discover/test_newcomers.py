"""Found devices that were never met: so many, for so long."""

from __future__ import annotations

from t3actors.collect.bacnet.discover.newcomers import UNMET_FOR_S, UNMET_WHILE_OTHERS_WAIT_S, Newcomers
from t3actors.collect.bacnet.discover.sightings import Claim

ONE, TWO = Claim("one", 1, None, ""), Claim("two", 2, None, "")


def test_there_is_room_until_there_are_so_many_and_again_when_one_is_met_or_gone() -> None:
    new = Newcomers(most=1)
    room = [new.has_room]
    new.tried(ONE, 0.0)
    room.append(new.has_room)
    assert new.met({"one", "stranger"}) == [ONE]
    room.append(new.has_room)
    new.tried(TWO, 0.0)
    new.gone(TWO)
    assert [*room, new.has_room] == [True, False, True, True]


def test_one_that_is_tried_twice_has_its_time_once() -> None:
    new = Newcomers()
    new.tried(ONE, 0.0)
    new.tried(ONE, 100.0)
    assert len(new) == 1
    assert new.overdue(UNMET_FOR_S - 1.0, others_wait=True) == []
    assert new.overdue(UNMET_FOR_S, others_wait=False) == [ONE]


def test_where_others_wait_for_a_place_it_ends_sooner() -> None:
    new = Newcomers(most=2)
    new.tried(ONE, 0.0)
    assert new.overdue(UNMET_WHILE_OTHERS_WAIT_S, others_wait=True) == [], "there is a place"
    new.tried(TWO, 1.0)
    assert new.overdue(UNMET_WHILE_OTHERS_WAIT_S - 1.0, others_wait=True) == []
    assert new.overdue(UNMET_WHILE_OTHERS_WAIT_S, others_wait=False) == []
    assert new.overdue(UNMET_WHILE_OTHERS_WAIT_S, others_wait=True) == [ONE]
