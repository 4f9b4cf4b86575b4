"""Says in one sentence why a point is as it is, and where to look next. Pure.

From the wire to the row, the first that is amiss: nobody polls the device; its actor does not run; it does not answer; the point itself is
not ok; the row is not what the detector holds. When nothing is: what the next reading must be to be stored.
"""

from __future__ import annotations

from typing import NamedTuple

from t3actors.moments import span
from t3actors.points import Reading, Status, Value
from t3actors.questions import DeviceInsight, PointTrace
from t3actors.rows import DeviceRow, PointRow
from t3actors.watch.advice import advice_on
from t3actors.watch.tree import ChildRow


class Verdict(NamedTuple):
    """`look_at` is empty when nothing is amiss."""

    sentence: str
    look_at: str = ""


def verdict_on(
    device: DeviceRow,
    row: PointRow,
    actor: ChildRow | None,
    now: DeviceInsight | None,
    trace: PointTrace | None,
    *,
    stopped: bool = False,
) -> Verdict:
    """Judge a point by what is stored of it and what its actor and the detector say; None where they do not answer.

    `stopped`: somebody had its device polled no more.
    """
    if stopped:
        return Verdict(f"{device.name} was stopped by hand: it is not polled", advice_on("stopped by hand"))
    if actor is None or actor.state != "running":
        return _of_actor(device, actor)
    if device.status != "online":
        return _of_device(device, now)
    return _of_point(row, trace)


def _of_actor(device: DeviceRow, actor: ChildRow | None) -> Verdict:
    if actor is None:
        why = device.status_reason or "it has no actor"
        return Verdict(f"nobody polls {device.name}: {why}", "is it in the configuration that runs? t3actors devices")
    ended = f" ({actor.last_exit})" if actor.last_exit else ""
    return Verdict(f"the actor of {device.name} is {actor.state}{ended}", "child.exited in the log has the traceback")


def _of_point(row: PointRow, trace: PointTrace | None) -> Verdict:
    if row.status != Status.OK:
        reason = row.status_reason or "no reason was given"
        return Verdict(f"the device answers, the point is {row.status}: {reason}", advice_on(row.status_reason))
    if trace is None:
        return Verdict("it is ok as stored, but the detector does not answer now", "t3actors top: the child detector")
    if trace.stored.status != row.status and not trace.waits:
        return Verdict(
            f"the database has it as {row.status}, the detector as {trace.stored.status}",
            "store.* lines in the log: the writer is behind, or the row was changed by hand",
        )
    return Verdict(_well(row, trace))


def _of_device(device: DeviceRow, now: DeviceInsight | None) -> Verdict:
    told = f"{device.name} is {device.status}: {device.status_reason or 'it has not been reached yet'}"
    if now is not None and now.attempts:
        when = "now" if not now.next_try_s else f"in {span(now.next_try_s)}"
        told += f"; asked {now.attempts} times in vain, tried again {when}"
    return Verdict(told, advice_on(device.status_reason))


def _well(row: PointRow, trace: PointTrace) -> str:
    units = f" {row.units}" if row.units else ""
    told = f"read {span(trace.read_ago_s)} ago and well: {shown(row)}{units}"
    if trace.waits:
        return f"{told}; a newer change waits for its batch"
    if trace.rules.trend == "always":
        return f"{told}; every reading is stored"
    if trace.seen is not None and trace.seen.value != trace.stored.value:
        within = f"within the deadband of {trace.rules.deadband:g}{units}"
        told += f"; last read was {_value(trace.seen)}{units}, which is {within} and not stored"
    else:
        told += "; unchanged since it was stored"
    if trace.rules.trend == "never":
        return f"{told}; it has no history (trend = never)"
    return told if trace.repeat_in_s is None else f"{told}; stored again in {span(trace.repeat_in_s)} at the latest"


def shown(row: PointRow) -> str:
    """Show a row's value."""
    return row.text if row.text is not None else _plain(row.value)


def _value(reading: Reading) -> str:
    return _plain(reading.value)


def _plain(value: Value) -> str:
    return "no value" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
