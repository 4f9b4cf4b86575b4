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


def _event(name: str, level: Level, keys: str, meaning: str, what_to_do: str = "Nothing.") -> LogEvent:
    event = LogEvent(name, level, tuple(keys.split()), meaning, what_to_do)
    CATALOGUE[name] = event
    return event


# ------------------------------------------------------------------------------------------------------- gateway
GATEWAY_STARTED = _event(
    "gateway.started",
    "info",
    "gateway version boot_id devices listed_points database writable_points clock_trusted config_hash pid",
    "The tree is up; every device actor has been started. `listed_points` are those listed by hand: what a profile "
    "brings is known once the panel answers. `writable_points` is what the gateway may write: 0 means it only reads.",
)
GATEWAY_STOPPING = _event(
    "gateway.stopping", "info", "reason", "A stop was asked for: devices first, then detector, then writer."
)
GATEWAY_STOPPED = _event(
    "gateway.stopped",
    "info",
    "reason unstored threads_abandoned",
    "The database is closed. `unstored` 0: everything accepted has been stored. Otherwise see `changes.lost`; the exit code is 1.",
)
GATEWAY_FAILED = _event(
    "gateway.failed",
    "error",
    "reason",
    "The root supervisor gave up, or the gateway could not start (see its exit code).",
    "Read the `child.exited` lines above it. A service manager restarts the process; if it repeats, report it with this log.",
)
GATEWAY_SUMMARY = _event(
    "gateway.summary",
    "info",
    "devices_online devices_total polls polls_failed readings changes samples_stored batches lateness_p99_ms pending_changes"
    " restarts dead_letters database_mb cpu_percent rss_mb",
    "Once a minute: how the last minute went.",
    "Look at it first. `polls_failed` or `restarts` above 0: look for the lines that say why.",
)
LOG_DROPPED = _event(
    "log.dropped",
    "warning",
    "lines",
    "Whoever reads the log was slower than the gateway writes: so many lines were dropped rather than hold up a poll.",
    "Look for what blocks the reader of the gateway's output (a full disk, a paused terminal).",
)
LOOP_STALLED = _event(
    "loop.stalled",
    "error",
    "limit_s where",
    "The event loop has not turned for that long: no device is polled meanwhile.",
    "`where` is the line that holds it. Report it; check whether the machine is starved of CPU.",
)
LOOP_RESUMED = _event("loop.resumed", "warning", "stalled_s", "The event loop turns again.")

# ---------------------------------------------------------------------------------------------------- supervision
CHILD_STARTED = _event("child.started", "debug", "child incarnation", "An actor is up.")
CHILD_EXITED = _event(
    "child.exited",
    "error",
    "child incarnation how cause traceback next_try_s",
    "An actor ended that should not have. Its supervisor starts it again: after `next_try_s`, where that is settled already.",
    "A bug, or a database or disk fault that `cause` names. Report it with the traceback.",
)
CHILD_RESTARTED = _event(
    "child.restarted",
    "warning",
    "child incarnation restarts",
    "An actor was started again after it had failed.",
)
CHILD_LATE = _event(
    "child.late",
    "error",
    "child incarnation doing late_s where",
    "An actor made no progress in time and is being restarted.",
    "Once: a slow disk or machine. Again and again: report it.",
)
CHILD_ABANDONED = _event(
    "child.abandoned",
    "error",
    "child incarnation abandoned_total where",
    "A thread or task would not end; it is fenced off and left behind. What it does from now on is ignored.",
    "Usually a disk or a library call that hangs. Restart the gateway when the count grows.",
)
MAIL_DROPPED = _event(
    "mail.dropped",
    "warning",
    "child messages",
    "Messages that waited in a failed actor's inbox were dropped. Polls repair it; nothing stored is lost.",
)
RESTARTS_EXHAUSTED = _event(
    "restarts.exhausted",
    "error",
    "supervisor restarts period_s cause",
    "More failures than the limit within the window: the supervisor gives up and its parent decides.",
    "Read the `child.exited` lines just before it.",
)

# --------------------------------------------------------------------------------------------------------- device
DEVICE_CONNECTING = _event("device.connecting", "debug", "device address", "The device is being reached.")
DEVICE_ONLINE = _event(
    "device.online",
    "info",
    "device address serial_number points offline_s",
    "The device answers and is being polled.",
)
DEVICE_BACKING_OFF = _event(
    "device.backing_off",
    "warning",
    "device address reason last_ok_at next_try_s",
    "The device did not answer; it is tried again after a growing pause.",
    "Nothing yet. If it goes offline, see there.",
)
DEVICE_OFFLINE = _event(
    "device.offline",
    "error",
    "device address reason last_ok_at next_try_s",
    "The device has not answered for `down_after` polls, or refused the connection. Its points are `down`.",
    "Check power, cable, address and unit id: `reason` says how it failed. It is probed ever more rarely and comes back by itself.",
)
DEVICE_MISMATCHED = _event(
    "device.mismatched",
    "error",
    "device address expected_serial found_serial",
    "Another device answers at this address: nothing of it is stored.",
    "If the panel was exchanged, set its new serial_number; otherwise look for a changed or doubled address.",
)
DEVICE_CONFLICTED = _event(
    "device.conflicted",
    "warning",
    "device serial_number held_by",
    "Two devices report one serial number: the first keeps it, this one is listed with status `conflict`, never merged.",
    "Look for a device configured twice, or give one of them another serial number.",
)
DEVICE_EXCHANGED = _event(
    "device.exchanged",
    "warning",
    "device address serial_number was_serial_number",
    "Another panel answers at this address than before, and the configuration names no serial_number that would forbid it. "
    "It keeps the device's name and history.",
    "If nobody exchanged the panel, look for a changed or doubled address, and configure serial_number.",
)
POLL_OVERRUN = _event(
    "poll.overrun",
    "warning",
    "device poll_interval_s achieved_interval_s",
    "The device takes longer than its poll interval: polls are skipped, never piled up. Said once until it fits again.",
    "Give it a longer poll_interval, or fewer points.",
)
POLL_RECOVERED = _event(
    "poll.recovered", "info", "device poll_interval_s achieved_interval_s", "Polls fit their interval again."
)
POINT_ILLEGAL = _event(
    "point.illegal",
    "warning",
    "device points reason",
    "The device refuses these addresses; the points are marked `fault` and tried again once a day. The others are not affected.",
    "Check the register, table and type of those points.",
)

# --------------------------------------------------------------------------------------------------------- modbus
LINK_OPENED = _event("link.opened", "debug", "link", "The connection is up.")
LINK_LOST = _event(
    "link.lost", "info", "link reason", "The connection was closed; it is opened again at the next request."
)
ANSWER_REJECTED = _event(
    "answer.rejected",
    "warning",
    "link unit_id reason raw",
    "An answer did not match what was asked and was thrown away. Said once per kind until a good one came, and at most every ten minutes.",
    "Once: a late answer. Often: two masters, a duplicate unit id, or a gateway whose time-out is longer than ours.",
)
LINK_IDS_NOT_ECHOED = _event(
    "link.ids_not_echoed",
    "warning",
    "link",
    "This gateway does not echo transaction ids. From now on answers are matched by unit, function and length, "
    "and any time-out drops the connection so that a late answer can never be taken for another.",
    "Update the gateway's firmware if there is one that echoes ids.",
)
BACNET_OPENED = _event("bacnet.opened", "info", "endpoint broadcast", "BACnet/IP is up on this address and UDP port.")
BACNET_BLOCKED = _event(
    "bacnet.blocked",
    "warning",
    "reason retry_in_s",
    "BACnet/IP cannot be used now, so no BACnet device is polled. Said once per reason; tried again by itself.",
    "The reason names the address and port. Another BACnet program on this machine (T3000, a simulator) holds the port: "
    "stop it, or set another `port`. No such address: look at `interface` and the cable.",
)
DEVICE_SCALED = _event(
    "device.scaled",
    "info",
    "device divisor decided reason",
    'What this Temco panel\'s analog values are divided by (1 or 1000), for `scale` is "auto". Nothing spoke for either where '
    "`decided` is false: then nothing is divided.",
    "Compare a value with the panel's own display; say `scale = 1` or `scale = 1000` when `decided` is false or it is wrong.",
)
DEVICE_REMARKED = _event(
    "device.remarked",
    "warning",
    "device remarks",
    "Something about this device's object list is odd: what, and what was made of it.",
    "Nothing, unless a point is missed.",
)
BBMD_REGISTERED = _event("bbmd.registered", "info", "bbmd ttl_s", "The BBMD has taken us as a foreign device.")
BBMD_LOST = _event(
    "bbmd.lost",
    "warning",
    "bbmd reason",
    "The BBMD has not taken us, or not again: nobody beyond our own network is found until it does. Tried again every few seconds.",
    "Look at `bbmd`, at the way there (UDP), and whether that BBMD accepts foreign devices and has room for one.",
)

# --------------------------------------------------------------------------------------------------------- detect
POINTS_STALE = _event(
    "points.stale",
    "warning",
    "device points last_ok_at",
    "These points were not refreshed for `stale_after` polls. Their last value stays, marked `stale`.",
    "See the device's own lines.",
)
POINTS_DOWN = _event(
    "points.down",
    "error",
    "device points last_ok_at",
    "These points' device does not answer: marked `down`.",
    "See the device's own lines: `device.offline` says how it failed.",
)
POINTS_RECOVERED = _event("points.recovered", "info", "device points", "These points are read again.")
CHANGES_COALESCED = _event(
    "changes.coalesced",
    "warning",
    "pending lost_samples",
    "The writer is behind: newer values replace older ones that wait. The last value of each point is kept.",
    "Look for `store.*` lines; check the disk.",
)
CHANGES_CAUGHT_UP = _event(
    "changes.caught_up",
    "info",
    "lost_samples",
    "The writer is no longer behind. `lost_samples` in-between samples were replaced by newer ones meanwhile.",
)
CHANGES_LOST = _event(
    "changes.lost",
    "error",
    "changes reason",
    "The gateway was stopped while the database took nothing: so many changes are not stored. `run` exits with 1.",
    "Look for the `store.*` lines before it: make room on the disk, or close the program that locks the database, before the next start.",
)
DETECTOR_LOADED = _event(
    "detector.loaded",
    "debug",
    "points incarnation",
    "The last stored values were loaded: a restart writes no false change.",
)

# ---------------------------------------------------------------------------------------------------------- store
BATCH_STORED = _event("batch.stored", "debug", "batch_no rows samples took_ms", "One transaction was committed.")
STORE_OPENED = _event("store.opened", "info", "database schema size_mb clean", "The database is open.")
STORE_MIGRATED = _event(
    "store.migrated", "info", "database from_schema to_schema", "The database was brought up to this version."
)
STORE_BUSY = _event(
    "store.busy",
    "warning",
    "database reason",
    "Another program holds the database; the same batch is tried again.",
    "Find a program with an open write transaction (a database browser, a backup) and close it.",
)
STORE_FULL = _event(
    "store.full",
    "error",
    "database free_mb min_free_mb reason",
    "No room on the disk: history stops growing; current values go on as long as they can.",
    "Make room, or lower min_free. History resumes by itself.",
)
STORE_RECOVERED = _event(
    "store.recovered", "info", "database reason lost_samples", "The database can be written again."
)
STORE_DAMAGED = _event(
    "store.damaged",
    "error",
    "database set_aside reason",
    "The database file is not sound, or somebody removed or replaced it under the gateway. It was set aside under the name given, never "
    "deleted, and a new one begun.",
    "Check the disk, or stop the gateway before you touch its files. The old file may be read with `sqlite3 FILE .recover`.",
)
STORE_CHECKED = _event("store.checked", "info", "database took_s result", "The check after an unclean stop has ended.")
ROW_POISONED = _event(
    "row.poisoned",
    "error",
    "device point_id reason",
    "One row could not be stored and was left out; the rest of its batch was committed.",
    "Report it: the row's text says what the database refused.",
)
