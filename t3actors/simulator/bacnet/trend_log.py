"""A Trend Log with its records, and stretches of them as ReadRange asks (clauses 12.25, 15.8). Pure."""

from __future__ import annotations

import math
from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from t3actors.simulator.bacnet import tags
from t3actors.simulator.bacnet.objects import NO, NO_FLAGS, NORMAL, YES, SimulatedObject
from t3actors.simulator.bacnet.point_objects import ANALOG, BINARY, PointObject
from t3actors.simulator.bacnet.requests import Range
from t3actors.simulator.bacnet.words import ObjectType, Property

BUFFER = 100
REAL_DATUM, ENUMERATED_DATUM, UNSIGNED_DATUM = 2, 3, 4  # choices of BACnetLogRecord.logDatum
SWING_S = 7200.0  # the invented past swings once in so many seconds


class Record(NamedTuple):
    """One sample; `sequence` counts from 1 for ever."""

    sequence: int
    at_s: float
    encoded: bytes


class TrendLog(SimulatedObject):
    """Samples one point every `interval_s`, and has a past from the start."""

    __slots__ = ("_due_s", "interval_s", "point", "records")

    def __init__(
        self, instance: int, name: str, point: PointObject, device_id: int, at_s: float, interval_s: int
    ) -> None:
        super().__init__(ObjectType.TREND_LOG, instance, name)
        self.point = point
        self.interval_s = interval_s
        self.records: deque[Record] = deque(maxlen=BUFFER)
        self._due_s = at_s
        reference = tags.object_id(point.object_id, 0) + tags.enumerated(Property.PRESENT_VALUE, 1)
        self.properties |= {
            Property.DESCRIPTION: tags.text(f"Trend of {point.name}"),
            Property.ENABLE: YES,
            Property.LOG_DEVICE_OBJECT_PROPERTY: reference + tags.object_id(device_id, 3),
            Property.LOG_INTERVAL: tags.unsigned(interval_s * 100),  # in hundredths of a second
            Property.STOP_WHEN_FULL: NO,
            Property.BUFFER_SIZE: tags.unsigned(BUFFER),
            Property.RECORD_COUNT: lambda: tags.unsigned(len(self.records)),
            Property.TOTAL_RECORD_COUNT: lambda: tags.unsigned(self.records[-1].sequence),
            Property.LOGGING_TYPE: tags.enumerated(0),  # polled
            Property.EVENT_STATE: NORMAL,
            Property.STATUS_FLAGS: NO_FLAGS,
        }
        for place in range(BUFFER):
            before_s = (BUFFER - place) * interval_s
            swing = math.sin(before_s / SWING_S) if point.object_type in ANALOG else 0.0
            self._sample(at_s - before_s, point.raw + round(swing * 1000))

    def advance_to(self, at_s: float) -> None:
        """Take the samples that are due."""
        if at_s < self._due_s:
            return
        self._due_s = at_s + self.interval_s
        self._sample(at_s, self.point.raw)

    def stretch(self, wanted: Range, room: int) -> tuple[bytes, bytes, int, int | None]:
        """Give what was asked for and fits into `room` bytes.

        **Shape**: items, result flags (first, last, more), number of items, first sequence number where it is due.
        """
        chosen = self._chosen(wanted)
        whole = len(chosen)
        while chosen and sum(len(each.encoded) for each in chosen) > room:
            chosen = chosen[1:] if wanted.items < 0 else chosen[:-1]
        first = bool(chosen) and chosen[0] is self.records[0]
        last = bool(chosen) and chosen[-1] is self.records[-1]
        flags = tags.bits((first, last, len(chosen) < whole), 3)
        sequence = chosen[0].sequence if chosen and wanted.by in {"sequence", "time"} else None
        return b"".join(each.encoded for each in chosen), flags, len(chosen), sequence

    def _chosen(self, wanted: Range) -> list[Record]:
        records = list(self.records)
        if not wanted.by:
            return records
        place = self._place(records, wanted)
        if place is None or not wanted.items:
            return []
        if wanted.items > 0:
            return records[place : place + wanted.items]
        return records[max(0, place + 1 + wanted.items) : place + 1]

    @staticmethod
    def _place(records: list[Record], wanted: Range) -> int | None:
        if isinstance(wanted.first, bytes):
            at_s = _unix(wanted.first)
            if at_s is None:
                return None
            if wanted.items > 0:  # the first one after that time (15.8.1.1.4.3)
                return next((place for place, each in enumerate(records) if each.at_s > at_s), None)
            earlier = [place for place, each in enumerate(records) if each.at_s < at_s]
            return earlier[-1] if earlier else None
        if wanted.by == "position":
            return wanted.first - 1 if 1 <= wanted.first <= len(records) else None
        return next((place for place, each in enumerate(records) if each.sequence == wanted.first), None)

    def _sample(self, at_s: float, raw: int) -> None:
        if self.point.object_type in ANALOG:
            datum = tags.real(raw / 1000, REAL_DATUM)
        elif self.point.object_type in BINARY:
            datum = tags.enumerated(int(raw != 0), ENUMERATED_DATUM)
        else:
            datum = tags.unsigned(max(0, raw // 1000), UNSIGNED_DATUM)
        encoded = tags.wrapped(0, tags.moment(at_s)) + tags.wrapped(1, datum) + tags.bits((False,) * 4, 2)
        sequence = self.records[-1].sequence + 1 if self.records else 1
        self.records.append(Record(sequence, at_s, encoded))


def _unix(moment: bytes) -> float | None:
    try:
        year, month, day, _weekday, hour, minute, second, _hundredths = moment
        return datetime(1900 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:  # "any" somewhere, or no such day
        return None
