"""What is read of the database, one struct per kind of row. Field names are the keys of `--json` and of the API: they may grow, and never
change meaning. Times are Unix milliseconds.

Made by store/reader.py; shown by the command line and the watch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec


class GatewayRow(msgspec.Struct, frozen=True, kw_only=True):
    """The GATEWAY table. `live`: it was not stopped, and its heartbeat is within 35 s of now."""

    name: str
    version: str
    boot_id: str
    started_at: int
    heartbeat_at: int
    clock_trusted: bool
    schema: int
    clean_stop: bool
    live: bool


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device as stored: `status` is `unknown` when the gateway does not run.

    `serial_number` None: it has reported none. `points`: rows that are not disabled.
    """

    name: str
    device_id: int
    serial_number: int | None
    enabled: bool
    protocol: str
    address: str
    status: str
    status_reason: str
    status_at: int | None
    last_ok_at: int | None
    poll_interval_s: float | None
    achieved_interval_s: float | None
    polls_ok: int
    polls_failed: int
    panel_id: int | None
    panel_name: str | None
    model: str | None
    firmware: str | None
    points: int


DOES_NOT_RUN = "the gateway does not run: "
"""So begins the reason in the views POINTS and DEVICES_NOW once the heartbeat is old: they cannot tell who died from who cannot write."""


def retold(reason: str, why: str) -> str:
    """Return a reason of the view with what is really known of the gateway in place of what the view supposes."""
    return f"{why}; {reason.removeprefix(DOES_NOT_RUN)}" if reason.startswith(DOES_NOT_RUN) else reason


class PointRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the POINTS view: `status` is `unknown` when the gateway does not run, or has not read it yet.

    `states`: the words for 0, 1, 2, where it has any.
    """

    name: str
    point_id: str
    label: str
    value: float | int | None
    text: str | None
    units: str
    status: str
    status_reason: str
    age_s: int | None
    full_label: str
    point_type: str
    point_index: int
    auto_manual: int | None
    flags: int
    sampled_at: int | None
    changed_at: int | None
    status_at: int | None
    serial_number: int
    device_id: int
    device_status: str
    states: tuple[str, ...] | None = None
    mode: str


StandingRow = TypeVar("StandingRow", DeviceRow, PointRow)


def as_one_that_runs(row: StandingRow) -> StandingRow:
    """Return a row as a gateway says it that answers: if the view takes it for dead, it has not written for some time."""
    if not row.status_reason.startswith(DOES_NOT_RUN):
        return row
    why = "the gateway runs, but has not written its database lately"
    return msgspec.structs.replace(row, status_reason=retold(row.status_reason, why))


class PointCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many points of a device have this status."""

    name: str
    status: str
    points: int


class AlarmRow(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence of an alarm. `cleared_at` None: it stands, as far as its device (see `device_status`) was heard.

    `clock_off_s`: by how much its device's clock was ahead of ours, and `raised_at` has been corrected; None where it was right.
    """

    id: int
    name: str
    source: str | None
    alarm_state: str | None
    alarm_type: str | None
    message: str | None
    description: str | None
    priority: int | None
    notification_id: int | None
    acknowledged: bool
    low_limit: float | None
    high_limit: float | None
    raised_at: int
    clock_off_s: int | None
    acked_at: int | None
    cleared_at: int | None
    device_status: str


class SampleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sample of a point. `value` is None where its status is not ok; text stands in `text`."""

    name: str
    point_id: str
    sampled_at: int
    value: float | int | None
    text: str | None
    units: str
    status: str
    data_source: int
    created_by: str
    clock_trusted: bool = True
    """Whether the clock that stamped it was known to be right."""


class SampleRun(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of a point that follow one another, as columns of one length: many at a time. Fields as in SampleRow.

    `text` None: none is text; `status` None: all are ok; `clock_trusted` None: all are.
    """

    name: str
    point_id: str
    units: str
    data_source: int
    created_by: str
    sampled_at: list[int]
    value: list[float | int | None]
    text: list[str | None] | None
    status: list[str] | None
    clock_trusted: list[bool] | None


def rows_of(runs: Iterable[SampleRun]) -> list[SampleRow]:
    """Return the samples of runs one by one."""
    return [
        SampleRow(
            name=run.name,
            point_id=run.point_id,
            sampled_at=at_ms,
            value=value,
            text=None if run.text is None else run.text[place],
            units=run.units,
            status="ok" if run.status is None else run.status[place],
            data_source=run.data_source,
            created_by=run.created_by,
            clock_trusted=run.clock_trusted is None or run.clock_trusted[place],
        )
        for run in runs
        for place, (at_ms, value) in enumerate(zip(run.sampled_at, run.value, strict=True))
    ]


class AggregateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A minute or an hour of a point. `at`: when it began. `minimum` and `maximum` of all values that it had, the one it came
    in with included; `mean` of its samples, `time_mean` weighed by how long each held; `known_s`: for how long one was known."""

    name: str
    point_id: str
    at: int
    minimum: float
    maximum: float
    mean: float
    last: float
    count: int
    time_mean: float
    known_s: int
    units: str
    data_source: int
    held: bool
    """Its last sample was ok: the value held on beyond the end."""


class AggregateRun(msgspec.Struct, frozen=True, kw_only=True):
    """Aggregates of a point that follow one another, as columns of one length. Fields as in AggregateRow."""

    name: str
    point_id: str
    units: str
    data_source: int
    at: list[int]
    minimum: list[float]
    maximum: list[float]
    mean: list[float]
    last: list[float]
    count: list[int]
    time_mean: list[float]
    known_s: list[int]
    held: list[bool]


def aggregate_rows_of(runs: Iterable[AggregateRun]) -> list[AggregateRow]:
    """Return the aggregates of runs one by one."""
    return [
        AggregateRow(
            name=run.name,
            point_id=run.point_id,
            at=at_ms,
            minimum=minimum,
            maximum=maximum,
            mean=mean,
            last=last,
            count=count,
            time_mean=time_mean,
            known_s=known_s,
            units=run.units,
            data_source=run.data_source,
            held=held,
        )
        for run in runs
        for at_ms, minimum, maximum, mean, last, count, time_mean, known_s, held in zip(
            run.at,
            run.minimum,
            run.maximum,
            run.mean,
            run.last,
            run.count,
            run.time_mean,
            run.known_s,
            run.held,
            strict=True,
        )
    ]


class PointUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What a point stores in a day, once it is packed, in MB (10^6 bytes)."""

    name: str
    point_id: str
    samples_a_day: int
    mb_a_day: float


class StorageUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What history takes. `rows_mb`: of it the rows of `recent`; `samples`: those that are packed; `day_at`: the day that the
    rates of `points` are of, the largest first."""

    file_mb: float
    used_mb: float
    rows_mb: float
    samples: int
    oldest_sample_at: int | None
    oldest_hour_at: int | None
    day_at: int | None
    points: tuple[PointUsage, ...]


class AbsenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when no gateway ran: its last word, and its next start."""

    from_at: int
    until_at: int


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of EVENTS with its device's name."""

    id: int
    at: int
    name: str | None
    point: str | None
    event: str
    from_status: str
    to_status: str
    reason: str
