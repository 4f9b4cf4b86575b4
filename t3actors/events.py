"""The catalogue of log events: what each means and what to do. docs/log-events.md is made from it.

An event is logged on a transition, not on a repeat. Names are `noun.participle`; keys are snake_case with their unit.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class LogEvent(msgspec.Struct, frozen=True):
    """One kind of line in the log."""

    name: str
    level: Level
    keys: tuple[str, ...]
    meaning: str
    what_to_do: str = "Nothing."


class Log(Protocol):
    """Where events go. Never blocks, never raises. Thread: any."""

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Log `event` with its keys."""


def silent(event: LogEvent, /, **keys: object) -> None:
    """Log nowhere."""


CATALOGUE: dict[str, LogEvent] = {}


def event(name: str, level: Level, keys: str, meaning: str, what_to_do: str = "Nothing.") -> LogEvent:
    """Put an event into the catalogue; `keys` are separated by blanks."""
    made = CATALOGUE[name] = LogEvent(name, level, tuple(keys.split()), meaning, what_to_do)
    return made


# ------------------------------------------------------------------------------------------------------- gateway
GATEWAY_STARTED = event(
    "gateway.started",
    "info",
    "gateway version boot_id devices listed_points database writable_points clock_trusted config_hash pid",
    "The tree is up; every device actor has been started. `listed_points` are those listed by hand: what a profile "
    "brings is known once the panel answers. `writable_points` is what the gateway may write: 0 means it only reads.",
)
GATEWAY_STOPPING = event(
    "gateway.stopping", "info", "reason", "A stop was asked for: devices first, then detector, then writer."
)
GATEWAY_STOPPED = event(
    "gateway.stopped",
    "info",
    "reason unstored threads_abandoned",
    "The database is closed. `unstored` 0: everything accepted has been stored. Otherwise see `changes.lost`; the exit code is 1.",
)
GATEWAY_FAILED = event(
    "gateway.failed",
    "error",
    "reason",
    "The root supervisor gave up, or the gateway could not start (see its exit code).",
    "Read the `child.exited` lines above it. A service manager restarts the process; if it repeats, report it with this log.",
)
GATEWAY_SUMMARY = event(
    "gateway.summary",
    "info",
    "devices_online devices_total polls polls_failed readings changes samples_stored batches lateness_p99_ms pending_changes"
    " changes_in_flight lost_samples restarts dead_letters database_mb cpu_percent rss_mb",
    "Once a minute: how the last minute went. `pending_changes` wait for a batch, `changes_in_flight` are in one that is not "
    "committed yet.",
    "Look at it first. `polls_failed` or `restarts` above 0: look for the lines that say why.",
)
LOG_DROPPED = event(
    "log.dropped",
    "warning",
    "lines",
    "Whoever reads the log was slower than the gateway writes, or the disk of its file took nothing: so many lines were dropped rather "
    "than hold up a poll.",
    "Look for what blocks the reader of the gateway's output (a full disk, a paused terminal).",
)
LOOP_STALLED = event(
    "loop.stalled",
    "error",
    "limit_s where",
    "The event loop has not turned for that long: no device is polled meanwhile.",
    "`where` is the line that holds it. Report it; check whether the machine is starved of CPU.",
)
LOOP_RESUMED = event("loop.resumed", "warning", "stalled_s", "The event loop turns again.")

# ---------------------------------------------------------------------------------------------------- supervision
CHILD_STARTED = event("child.started", "debug", "child incarnation", "An actor is up.")
CHILD_EXITED = event(
    "child.exited",
    "error",
    "child incarnation how cause traceback next_try_s",
    "An actor ended that should not have. Its supervisor starts it again: after `next_try_s`, where that is settled already.",
    "A bug, or a database or disk fault that `cause` names. Report it with the traceback.",
)
CHILD_RESTARTED = event(
    "child.restarted",
    "warning",
    "child incarnation restarts",
    "An actor was started again after it had failed.",
)
CHILD_LATE = event(
    "child.late",
    "error",
    "child incarnation doing late_s where",
    "An actor made no progress in time and is being restarted.",
    "Once: a slow disk or machine. Again and again: report it.",
)
CHILD_ABANDONED = event(
    "child.abandoned",
    "error",
    "child incarnation abandoned_total where",
    "A thread or task would not end; it is fenced off and left behind. What it does from now on is ignored.",
    "Usually a disk or a library call that hangs. Restart the gateway when the count grows.",
)
MAIL_DROPPED = event(
    "mail.dropped",
    "warning",
    "child messages",
    "Messages that waited in a failed actor's inbox were dropped. Polls repair it; nothing stored is lost.",
)
RESTARTS_EXHAUSTED = event(
    "restarts.exhausted",
    "error",
    "supervisor restarts period_s cause",
    "More failures than the limit within the window: the supervisor gives up and its parent decides.",
    "Read the `child.exited` lines just before it.",
)

# --------------------------------------------------------------------------------------------------------- device
DEVICE_CONNECTING = event("device.connecting", "debug", "device address", "The device is being reached.")
DEVICE_ONLINE = event(
    "device.online",
    "info",
    "device address serial_number points offline_s",
    "The device answers and is being polled.",
)
DEVICE_BACKING_OFF = event(
    "device.backing_off",
    "warning",
    "device address reason last_ok_at next_try_s",
    "The device did not answer; it is tried again after a growing pause. `last_ok_at`: when it last answered, in this run or an earlier "
    "one; null where it never has, or where the database has not said yet (in the first moments of a run).",
    "Nothing yet. If it goes offline, see there.",
)
DEVICE_OFFLINE = event(
    "device.offline",
    "error",
    "device address reason last_ok_at next_try_s",
    "The device has not answered for `down_after` polls, or refused the connection. Its points are `down`.",
    "Check power, cable, address and unit id: `reason` says how it failed. It is probed ever more rarely and comes back by itself.",
)
DEVICE_MISMATCHED = event(
    "device.mismatched",
    "error",
    "device address reason expected_serial found_serial",
    "Another device answers at this address: nothing of it is stored. `reason` says who (the serials: null where there are none).",
    "If the panel was exchanged, set its new serial_number (BACnet: its instance); otherwise look for a changed or doubled address.",
)
DEVICE_CONFLICTED = event(
    "device.conflicted",
    "warning",
    "device serial_number held_by",
    "Two devices report one serial number: the first keeps it, this one is listed with status `conflict`, never merged.",
    "Look for a device configured twice, or give one of them another serial number. A panel that is polled directly and that a T3000 lists "
    "too: name its number in the T3000's `leave_out`.",
)
DEVICE_EXCHANGED = event(
    "device.exchanged",
    "warning",
    "device address serial_number was_serial_number",
    "Another panel answers at this address than before, and the configuration names no serial_number that would forbid it. "
    "It keeps the device's name and history.",
    "If nobody exchanged the panel, look for a changed or doubled address, and configure serial_number.",
)
POLL_OVERRUN = event(
    "poll.overrun",
    "warning",
    "device poll_interval_s achieved_interval_s",
    "The device takes longer than its poll interval: polls are skipped, never piled up. Said once until it fits again.",
    "Give it a longer poll_interval, or fewer points.",
)
POLL_RECOVERED = event(
    "poll.recovered", "info", "device poll_interval_s achieved_interval_s", "Polls fit their interval again."
)
POINT_ILLEGAL = event(
    "point.illegal",
    "warning",
    "device points reason",
    "The device refuses these addresses; the points are marked `fault` and tried again once a day. The others are not affected.",
    "Check the register, table and type of those points.",
)

# --------------------------------------------------------------------------------------------------------- modbus
LINK_OPENED = event("link.opened", "debug", "link", "The connection is up.")
LINK_LOST = event(
    "link.lost", "info", "link reason", "The connection was closed; it is opened again at the next request."
)
ANSWER_REJECTED = event(
    "answer.rejected",
    "warning",
    "link unit_id reason raw",
    "An answer did not match what was asked and was thrown away. Said once per kind until a good one came, and at most every ten minutes.",
    "Once: a late answer. Often: two masters, a duplicate unit id, or a gateway whose time-out is longer than ours.",
)
LINK_IDS_NOT_ECHOED = event(
    "link.ids_not_echoed",
    "warning",
    "link",
    "This gateway does not echo transaction ids. From now on answers are matched by unit, function and length, "
    "and any time-out drops the connection so that a late answer can never be taken for another.",
    "Update the gateway's firmware if there is one that echoes ids.",
)
DEVICE_DESCRIBED = event(
    "device.described",
    "info",
    "device points",
    "All of this device's points are known now: their names, units and texts. They were polled as they became known.",
)
DEVICE_WORK_FAILED = event(
    "device.work_failed",
    "warning",
    "device reason next_try_s",
    "What is asked of the device between its polls (its list of points and their names, its schedules) was not answered, or made no sense.",
    "Nothing while it is answered later: points appear once they are described. If it stays: ask the device with another tool.",
)
# --------------------------------------------------------------------------------------------------------- detect
POINTS_STALE = event(
    "points.stale",
    "warning",
    "device points last_ok_at",
    "These points were not refreshed for `stale_after` polls. Their last value stays, marked `stale`.",
    "See the device's own lines.",
)
POINTS_DOWN = event(
    "points.down",
    "error",
    "device points last_ok_at",
    "These points' device does not answer: marked `down`.",
    "See the device's own lines: `device.offline` says how it failed.",
)
POINTS_RECOVERED = event("points.recovered", "info", "device points", "These points are read again.")
CHANGES_COALESCED = event(
    "changes.coalesced",
    "warning",
    "pending lost_samples",
    "The writer is behind: newer values replace older ones that wait. The last value of each point is kept.",
    "Look for `store.*` lines; check the disk.",
)
CHANGES_CAUGHT_UP = event(
    "changes.caught_up",
    "info",
    "lost_samples",
    "The writer is no longer behind. `lost_samples` in-between samples were replaced by newer ones meanwhile.",
)
CHANGES_LOST = event(
    "changes.lost",
    "error",
    "changes reason",
    "The gateway was stopped while the database took nothing: so many changes are not stored. `run` exits with 1.",
    "Look for the `store.*` lines before it: make room on the disk, or close the program that locks the database, before the next start.",
)
DETECTOR_LOADED = event(
    "detector.loaded",
    "debug",
    "points incarnation",
    "The last stored values were loaded: a restart writes no false change.",
)

# ---------------------------------------------------------------------------------------------------------- store
BATCH_STORED = event("batch.stored", "debug", "batch_no rows samples took_ms", "One transaction was committed.")
STORE_OPENED = event("store.opened", "info", "database schema size_mb clean", "The database is open.")
STORE_MIGRATED = event(
    "store.migrated", "info", "database from_schema to_schema", "The database was brought up to this version."
)
STORE_BUSY = event(
    "store.busy",
    "warning",
    "database reason",
    "Another program holds the database; the same batch is tried again.",
    "Find a program with an open write transaction (a database browser, a backup) and close it.",
)
STORE_FULL = event(
    "store.full",
    "error",
    "database free_mb min_free_mb reason",
    "No room on the disk: history stops growing; current values go on as long as they can.",
    "Make room, or lower min_free. History resumes by itself.",
)
STORE_RECOVERED = event("store.recovered", "info", "database reason lost_samples", "The database can be written again.")
STORE_DAMAGED = event(
    "store.damaged",
    "error",
    "database set_aside reason",
    "The database file is not sound, or somebody removed or replaced it under the gateway. It was set aside under the name given, never "
    "deleted, and a new one begun.",
    "Check the disk, or stop the gateway before you touch its files. The old file may be read with `sqlite3 FILE .recover`.",
)
STORE_CHECKED = event("store.checked", "info", "database took_s result", "The check after an unclean stop has ended.")
ROW_POISONED = event(
    "row.poisoned",
    "error",
    "device point_id reason",
    "One row could not be stored and was left out; the rest of its batch was committed.",
    "Report it: the row's text says what the database refused.",
)
