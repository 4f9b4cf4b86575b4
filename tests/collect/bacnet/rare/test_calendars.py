"""A Calendar is a row of HOLIDAYS."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, Date, ObjectId, Several
from t3actors.collect.bacnet.rare.calendars import holiday_row
from t3actors.collect.bacnet.rare.days import Entry, Range
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.objects import Holiday
from t3actors.stations import TEMCO
from tests.collect.bacnet import written

ONE = ObjectId(6, 2)


def listed(*entries: Entry) -> Constructed:
    return Constructed(b"".join(map(written.entry, entries)))


def test_a_calendar_has_its_dates_one_per_line() -> None:
    dates = listed(Date(2026, 12, 25, None), Range(Date(2026, 12, 28, None), Date(2027, 1, 1, None)))
    assert holiday_row(ONE, {77: "Closed", 85: True, 23: dates}, Names(vendor_id=TEMCO)) == Holiday(
        index=2,
        holiday_id="HOL2",
        holiday_label="Closed",
        holiday_value="2026-12-25\n2026-12-28..2027-01-01",
        status="active",
    )


@pytest.mark.parametrize(
    ("date", "fields"),
    [(Date(2026, 12, 25, None), (2026, 12, 25)), (Date(None, 12, 32, None), (None, 12, None)),
     (Date(None, 13, 1, None), (None, None, 1))],
)  # fmt: skip
def test_a_calendar_of_one_date_has_its_parts(date: Date, fields: tuple[int | None, ...]) -> None:
    row = holiday_row(ONE, {23: listed(date)}, Names())
    assert (row.year_field, row.month_field, row.day_field) == fields


def test_an_empty_calendar_is_no_unread_one() -> None:
    assert holiday_row(ONE, {85: False, 23: Several(())}, Names()).holiday_value == ""
    assert holiday_row(ONE, {85: PropertyError(2, 32)}, Names()) == Holiday(index=2, holiday_id="CAL2")
