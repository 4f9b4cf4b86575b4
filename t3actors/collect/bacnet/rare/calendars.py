"""A Calendar object as a row of HOLIDAYS. Pure.

Source: ANSI/ASHRAE 135, 12.9.
"""

from __future__ import annotations

from t3actors.collect.bacnet.codec.properties import DESCRIPTION, OBJECT_NAME, PRESENT_VALUE
from t3actors.collect.bacnet.codec.tags import Date, ObjectId
from t3actors.collect.bacnet.mapping import text_of
from t3actors.collect.bacnet.rare.days import date_list, entry_text
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties, truth
from t3actors.collect.bacnet.rare.references import joined
from t3actors.objects import Holiday

DATE_LIST = 23
LAST_MONTH, LAST_DAY = 12, 31  # what lies beyond is a pattern


def holiday_row(identifier: ObjectId, properties: Properties, names: Names) -> Holiday:
    """Give the row; a property that could not be read leaves its column None."""
    entries = date_list(properties.get(DATE_LIST))
    is_active = truth(properties.get(PRESENT_VALUE))
    only = entries[0] if entries is not None and len(entries) == 1 else None
    date = only if isinstance(only, Date) else Date(None, None, None, None)
    return Holiday(
        index=identifier.instance,
        holiday_id=names.of(identifier),
        holiday_label=text_of(properties.get(OBJECT_NAME)),
        description=text_of(properties.get(DESCRIPTION)),
        holiday_value=None if entries is None else joined("\n", map(entry_text, entries)),
        status=None if is_active is None else ("active" if is_active else "inactive"),
        month_field=_within(date.month, LAST_MONTH),
        day_field=_within(date.day, LAST_DAY),
        year_field=date.year,
    )


def _within(number: int | None, most: int) -> int | None:
    return number if number is not None and 1 <= number <= most else None
