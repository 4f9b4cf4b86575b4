"""A Trend Log is a row of TRENDLOGS."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import Constructed, Enumerated, ObjectId
from t3actors.collect.bacnet.rare.naming import Names
from t3actors.collect.bacnet.rare.references import Reference
from t3actors.collect.bacnet.rare.trend_logs import trend_log_row
from t3actors.objects import TrendLog
from t3actors.stations import TEMCO
from tests.collect.bacnet import written

LOGGED = Constructed(written.reference(Reference(ObjectId(0, 1), 85, None, ObjectId(8, 5))))


def test_a_trend_log_says_what_it_records_how_often_and_how_much() -> None:
    said: dict[int, Answer] = {
        77: "T",
        133: True,
        134: 90_000,
        126: 100,
        141: 7,
        145: 1007,
        197: Enumerated(0),
        103: Enumerated(0),
        132: LOGGED,
    }
    assert trend_log_row(ObjectId(20, 4), said, Names(vendor_id=TEMCO, instance=1)) == TrendLog(
        index=4,
        trendlog_id="MON4",
        trendlog_label="T",
        interval_seconds=900,
        buffer_size=100,
        record_count=7,
        total_record_count=1007,
        status="ON",
        logs="device 5 AI1 present-value",
        logging_type="polled",
        reliability="no fault detected",
    )  # fmt: skip


@pytest.mark.parametrize(("hundredths", "seconds"), [(0, 0), (1, 1), (50, 1), (100, 1), (6000, 60), (-5, None)])
def test_an_interval_is_in_whole_seconds_and_at_least_one(hundredths: int, seconds: int | None) -> None:
    assert trend_log_row(ObjectId(20, 1), {134: hundredths}, Names()).interval_seconds == seconds


def test_a_log_of_several_properties_is_another_row_than_a_log_of_the_same_instance() -> None:
    several = trend_log_row(ObjectId(27, 1), {133: False, 132: Constructed(bytes(LOGGED) * 2)}, Names(instance=5))
    assert (several.trendlog_id, several.index, several.status) == ("TLM1", 27 << 22 | 1, "OFF")
    assert several.logs == "AI1 present-value, AI1 present-value"
    assert trend_log_row(ObjectId(20, 1), {}, Names()) == TrendLog(index=1, trendlog_id="TL1")
