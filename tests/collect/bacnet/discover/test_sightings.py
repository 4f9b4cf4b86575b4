"""Who was seen where: an instance belongs to the first, and nothing is ever merged."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.bacnet.discover import sightings
from t3actors.collect.bacnet.discover.sightings import (
    FIRST_SILENT_S,
    OVER_AFTER_S,
    Conflict,
    Elsewhere,
    Found,
    Happening,
    Settled,
    Sightings,
)
from t3actors.stations import Station, station
from tests.collect.bacnet.seen import seen

HERE, THERE = "10.0.0.1:47808", "10.0.0.2:47808"


def told(happened: tuple[Happening, ...]) -> list[tuple[object, ...]]:
    return [(type(one), *(claim.name for claim in one)) for one in happened]


def test_a_device_is_its_network_mac_and_instance() -> None:
    book = Sightings()
    for address, name in [
        (HERE, "bacnet:0:0a000001bac0:1"),
        ("50:7", "bacnet:50:07:2"),
        ("1001:10.0.0.1:47808", "bacnet:1001:0a000001bac0:3"),
        ("50:0x010203", "bacnet:50:010203:4"),
    ]:
        assert told(book.take(seen(address, int(name[-1])), 0.0)) == [(Found, name)]


def test_who_is_known_is_no_news() -> None:
    book = Sightings()
    assert book.take(seen(HERE, 5), 0.0)
    assert book.take(seen(HERE, 5), 1.0) == ()
    assert len(book) == 1


def test_two_devices_behind_one_address_and_port_are_two() -> None:
    book = Sightings()
    assert told(book.take(seen(HERE, 5), 0.0)) == [(Found, "bacnet:0:0a000001bac0:5")]
    assert told(book.take(seen(HERE, 6), 0.0)) == [(Found, "bacnet:0:0a000001bac0:6")]


@pytest.mark.parametrize("later", [THERE, "10.0.0.1:47809", "50:7"])
def test_one_instance_at_another_address_port_or_network_is_a_conflict_told_once(later: str) -> None:
    book = Sightings()
    book.take(seen(HERE, 5), 0.0)
    (conflict,) = book.take(seen(later, 5), 1.0)
    assert isinstance(conflict, Conflict)
    assert (conflict.first.address, conflict.later.address) == (HERE, later)
    assert book.take(seen(later, 5), 2.0) == ()
    assert book.take(seen(HERE, 5), 3.0) == ()
    assert [(claim.address, first and first.address) for claim, first in book.listed()] == [(HERE, None), (later, HERE)]


def test_who_was_known_before_is_the_first_and_no_discovery() -> None:
    book = Sightings()
    assert book.hold("ahu-1", 5, station(HERE), HERE)
    assert not book.hold("ahu-2", 5, station(THERE), THERE), "one instance belongs to one"
    assert book.take(seen(HERE, 5), 0.0) == ()


def test_a_known_device_seen_only_elsewhere_is_told_once_after_a_sweep_and_is_no_second_device() -> None:
    book = Sightings()
    book.hold("ahu-1", 5, station(HERE), HERE)
    assert book.take(seen(THERE, 5), 0.0) == ()
    assert told(book.swept()) == [(Elsewhere, "ahu-1", "bacnet:0:0a000002bac0:5")]
    assert book.swept() == ()


def test_a_known_device_that_answers_after_the_other_makes_it_a_conflict() -> None:
    book = Sightings()
    book.hold("ahu-1", 5, station(HERE), HERE)
    book.take(seen(THERE, 5), 0.0)
    assert told(book.take(seen(HERE, 5), 0.1)) == [(Conflict, "ahu-1", "bacnet:0:0a000002bac0:5")]
    assert book.swept() == ()


def test_a_known_device_without_an_address_is_the_first_that_is_seen() -> None:
    book = Sightings()
    book.hold("ahu-1", 5, None)
    assert book.take(seen(HERE, 5), 0.0) == ()
    assert told(book.take(seen(THERE, 5), 0.0)) == [(Conflict, "ahu-1", "bacnet:0:0a000002bac0:5")]


def test_nobody_else_may_have_our_own_instance() -> None:
    book = Sightings()
    book.hold("this gateway", 5, None, heard=0.0)
    assert told(book.take(seen(HERE, 5), 0.0)) == [(Conflict, "this gateway", "bacnet:0:0a000001bac0:5")]


def test_the_first_keeps_its_instance_however_long_it_is_silent() -> None:
    book = Sightings()
    book.take(seen(HERE, 5), 0.0)
    book.take(seen(THERE, 5), FIRST_SILENT_S - 1.0)
    assert book.swept() == ()
    book.take(seen(THERE, 5), FIRST_SILENT_S)
    assert [type(one) for one in book.swept()] == [Elsewhere]
    book.take(seen(THERE, 5), 100 * OVER_AFTER_S)
    assert book.swept() == ()
    assert [first is None for _, first in book.listed()] == [True, False]


def test_a_conflict_is_over_when_the_later_was_silent_for_a_day_in_which_the_first_was_heard() -> None:
    book = Sightings()
    book.take(seen(HERE, 5), 0.0)
    book.take(seen(THERE, 5), 0.0)
    assert book.swept() == (), "nobody is heard: the line is down"
    book.take(seen(HERE, 5), OVER_AFTER_S - 1.0)
    assert book.swept() == ()
    book.take(seen(HERE, 5), OVER_AFTER_S)
    assert [type(one) for one in book.swept()] == [Settled]
    assert len(book) == 1
    assert [type(one) for one in book.take(seen(THERE, 5), OVER_AFTER_S + 1)] == [Conflict]


@pytest.mark.parametrize("mac", ["00000000bac0", "e0000001bac0", "ffffffffbac0", "0a0000010000", "0a000001", ""])
def test_an_address_that_no_device_has_is_ignored(mac: str) -> None:
    book = Sightings()
    assert book.take(msgspec.structs.replace(seen(HERE, 5), mac=bytes.fromhex(mac)), 0.0) == ()
    assert book.take(msgspec.structs.replace(seen("50:7", 5), mac=b""), 0.0) == ()
    assert (book.ignored, len(book)) == (2, 0)


def test_a_flood_of_invented_devices_ends_somewhere() -> None:
    book = Sightings(kept=10)
    for instance in range(12):
        book.take(seen(HERE, instance), 0.0)
    assert (len(book), book.ignored) == (10, 2)
    book = Sightings()
    for port in range(1, 12):
        book.take(seen(f"10.0.0.1:{port}", 5), 0.0)
    assert (len(book), book.ignored) == (sightings.KEPT_AN_INSTANCE, 11 - sightings.KEPT_AN_INSTANCE)


def test_strangers_take_no_room_from_those_who_are_known_nor_known_ones_from_strangers() -> None:
    book = Sightings(kept=3)
    assert [book.hold(f"known-{n}", n, station(f"50:{n}"), f"50:{n}") for n in range(1, 5)] == [True, True, True, False]
    assert [type(one) for one in book.take(seen(HERE, 100), 0.0)] == [Found]
    assert (len(book), book.ignored) == (4, 1)


def test_where_there_are_many_strangers_those_who_fell_silent_go_and_real_ones_are_found() -> None:
    book = Sightings(kept=10)
    for instance in range(10):
        book.take(seen(HERE, instance), 0.0)
    assert book.take(seen(THERE, 50), FIRST_SILENT_S - 1.0) == ()
    assert book.swept() == ()
    assert len(book) == 10
    assert book.take(seen(HERE, 1), FIRST_SILENT_S) == ()
    assert book.swept() == ()
    assert len(book) == 1, "only who is heard stays"
    assert [type(one) for one in book.take(seen(THERE, 50), FIRST_SILENT_S)] == [Found]


def test_who_was_met_stays_however_many_strangers_there_are() -> None:
    book = Sightings(kept=2)
    (found,) = book.take(seen(HERE, 1), 0.0)
    assert isinstance(found, Found)
    book.keep(found.device)
    book.take(seen(HERE, 2), 0.0)
    book.take(seen(HERE, 3), 2 * FIRST_SILENT_S)
    book.swept()
    assert book.has(found.device)
    assert len(book) == 2
    assert book.let_go(found.device) == ()
    assert book.has(found.device)


def test_of_silent_strangers_in_conflict_the_later_goes_first_and_the_conflict_is_over() -> None:
    book = Sightings(kept=3)
    book.take(seen(HERE, 5), 0.0)
    book.take(seen(THERE, 5), 0.0)
    book.take(seen(THERE, 6), FIRST_SILENT_S)
    assert [type(one) for one in book.swept()] == [Settled]
    assert len(book) == 1


def test_letting_a_stranger_go_lets_those_be_found_who_were_in_conflict_with_it() -> None:
    book = Sightings()
    (found,) = book.take(seen(HERE, 5), 0.0)
    assert isinstance(found, Found)
    book.take(seen(THERE, 5), 0.0)
    assert [type(one) for one in book.let_go(found.device)] == [Settled]
    assert (len(book), book.has(found.device), book.let_go(found.device)) == (0, False, ())
    assert [type(one) for one in book.take(seen(THERE, 5), 0.0)] == [Found]


@given(
    st.lists(
        st.tuples(st.sampled_from(["take", "keep", "let_go", "swept"]), st.integers(0, 4), st.integers(1, 4)),
        max_size=60,
    )
)
def test_whatever_happens_it_knows_how_many_there_are_and_never_keeps_more_strangers_than_allowed(
    steps: list[tuple[str, int, int]],
) -> None:
    book, found = Sightings(kept=6), []
    for number, (step, instance, place) in enumerate(steps):
        if step == "take":
            happened = book.take(seen(f"50:{place}", instance), number * FIRST_SILENT_S / 5)
            found += [one.device for one in happened if isinstance(one, Found)]
        elif step == "swept":
            book.swept()
        elif found:
            claim = found[instance % len(found)]
            (book.keep if step == "keep" else book.let_go)(claim)
        listed = [claim for claim, _ in book.listed()]
        assert len(book) == len(listed)
        assert sum(not claim.is_ours for claim in listed) <= 6


def test_a_station_without_a_network_has_an_ip_address() -> None:
    assert sightings.is_usable(Station(None, bytes.fromhex("0a000001bac0")))
    assert not sightings.is_usable(Station(None, b"\x07"))
    assert sightings.is_usable(Station(50, b"\x07"))
    assert not sightings.is_usable(Station(0, b"\x07"))
    assert not sightings.is_usable(Station(65535, b"\x07"))
