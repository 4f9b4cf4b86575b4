"""A Trend Log object, or one of several properties, as a row of TRENDLOGS. Pure.

A Trend Log's number in the table is its instance. A Trend Log Multiple of the same instance would be the same row, so its number is the
whole of its 32-bit identifier.

Source: ANSI/ASHRAE 135, 12.25, 12.30 and 21 (BACnetLoggingType).
"""

from __future__ import annotations

from t3actors.collect.bacnet.codec.properties import DESCRIPTION, OBJECT_NAME, RELIABILITY
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.mapping import point_index, text_of
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.plainly import Properties, reliability, truth, whole, word
from t3actors.collect.bacnet.rare.references import references_text
from t3actors.objects import TrendLog

TREND_LOG = 20
BUFFER_SIZE, LOGS, ENABLE, LOG_INTERVAL = 126, 132, 133, 134
RECORD_COUNT, TOTAL_RECORD_COUNT, LOGGING_TYPE = 141, 145, 197
LOGGING_TYPES = {0: "polled", 1: "cov", 2: "triggered"}


def trend_log_row(identifier: ObjectId, properties: Properties, names: Names) -> TrendLog:
    """Give the row; a property that could not be read leaves its column None."""
    is_on = truth(properties.get(ENABLE))
    return TrendLog(
        index=identifier.instance if identifier.type == TREND_LOG else point_index(identifier),
        trendlog_id=names.of(identifier),
        trendlog_label=text_of(properties.get(OBJECT_NAME)),
        description=text_of(properties.get(DESCRIPTION)),
        interval_seconds=_seconds(whole(properties.get(LOG_INTERVAL))),
        buffer_size=whole(properties.get(BUFFER_SIZE)),
        record_count=whole(properties.get(RECORD_COUNT)),
        total_record_count=whole(properties.get(TOTAL_RECORD_COUNT)),
        status=None if is_on is None else ("ON" if is_on else "OFF"),
        logs=references_text(properties.get(LOGS), names),
        logging_type=word(properties.get(LOGGING_TYPE), LOGGING_TYPES, "type"),
        reliability=reliability(properties.get(RELIABILITY)),
    )


def _seconds(hundredths: int | None) -> int | None:
    """Give whole seconds, at least one where it logs by time at all."""
    return None if hundredths is None else max(round(hundredths / 100), min(hundredths, 1))
