"""Octets of schedules, calendars, references and time stamps, written from the standard's rules; and such values for hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from t3actors.collect.bacnet.codec.tags import Date, Enumerated, ObjectId, Time
from t3actors.collect.bacnet.rare.days import Entry, Range, WeekDay
from t3actors.collect.bacnet.rare.references import Reference
from t3actors.collect.bacnet.rare.stamps import Moment, Stamp
from t3actors.collect.bacnet.rare.switches import Day, Special
from tests.collect.bacnet.encoding import encoded, number_octets, tagged


def wrapped(number: int, inner: bytes) -> bytes:
    extended = bytes([number]) if number > 14 else b""
    first = min(number, 15) << 4
    return bytes([first | 0x0E]) + extended + inner + bytes([first | 0x0F]) + extended


def under(number: int, value: object) -> bytes:
    """A primitive value under a context tag."""
    plain = encoded(value)
    return tagged(number, plain[2 if plain[0] & 7 == 5 else 1 :], context=True)


def day(switches: Day) -> bytes:
    return b"".join(encoded(each.at) + encoded(each.value) for each in switches)


def week(days: Sequence[Day]) -> bytes:
    return b"".join(wrapped(0, day(each)) for each in days)


def entry(one: Entry) -> bytes:
    if isinstance(one, Date):
        return under(0, one)
    if isinstance(one, Range):
        return wrapped(1, encoded(one.first) + encoded(one.last))
    return tagged(2, bytes(255 if part is None else part for part in one), context=True)


def special(one: Special) -> bytes:
    when = under(1, one.when) if isinstance(one.when, ObjectId) else wrapped(0, entry(one.when))
    return when + wrapped(2, day(one.day)) + under(3, one.priority)


def reference(one: Reference) -> bytes:
    index = b"" if one.at is None else under(2, one.at)
    device = b"" if one.device is None else under(3, one.device)
    return under(0, one.object) + tagged(1, number_octets(one.which), context=True) + index + device


def stamp(one: Stamp) -> bytes:
    if isinstance(one, Moment):
        return wrapped(2, encoded(one.date) + encoded(one.time))
    return under(0, one) if isinstance(one, Time) else under(1, one)


DATES = st.builds(
    Date,
    st.none() | st.integers(1900, 2154),
    st.none() | st.integers(1, 14),
    st.none() | st.integers(1, 34),
    st.none() | st.integers(1, 7),
)
TIMES = st.builds(Time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 99))
VALUES = st.one_of(
    st.none(),
    st.floats(width=32, allow_nan=False),
    st.integers(0, 9).map(Enumerated),
    st.integers(0, 2**32 - 1),
)
SWITCHES = st.lists(st.tuples(TIMES, VALUES), max_size=5)
ENTRIES = st.one_of(
    DATES,
    st.builds(Range, DATES, DATES),
    st.builds(WeekDay, st.none() | st.integers(1, 14), st.none() | st.integers(1, 9), st.none() | st.integers(1, 7)),
)
OBJECTS = st.builds(ObjectId, st.integers(0, 127), st.integers(0, 0x3FFFFE))
REFERENCES = st.builds(
    Reference,
    OBJECTS,
    st.integers(0, 511),
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.builds(ObjectId, st.just(8), st.integers(0, 0x3FFFFE)),
)
STAMPS = st.one_of(TIMES, st.integers(0, 65535), st.builds(Moment, DATES, TIMES))
