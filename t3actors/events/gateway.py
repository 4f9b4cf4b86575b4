"""The events of the gateway as a whole: its start and stop, its minute and its log."""

from __future__ import annotations

from t3actors.events import event

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
GATEWAY_CUT_SHORT = event(
    "gateway.cut_short",
    "warning",
    "",
    "A second Ctrl-C or SIGTERM, more than 1 s after the first, ended the gateway before its orderly stop was over: the last changes "
    "may not be stored. The exit code is 1.",
    "Give it time: where the database takes nothing, the orderly stop waits 12 s for it.",
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
GATEWAY_LOCK_LOST = event(
    "gateway.lock_lost",
    "error",
    "reason",
    "Somebody has removed or moved `t3actors.lock`, or the whole data directory. By that file the verbs, and another gateway, see that one "
    "runs; it is made anew within 5 s. `reason` says whether that went well.",
    "Made anew: nothing. Held by another process: two gateways have this directory; stop one. No such file or directory: the directory "
    "itself is gone; put it back and restart the gateway.",
)
GATEWAY_STOOD_STILL = event(
    "gateway.stood_still",
    "warning",
    "lasted_s asleep_s since points_stale",
    "The gateway itself did not run for `lasted_s`, from `since` on; for `asleep_s` of it the machine was suspended. Nobody looked, so no "
    "value holds over that time: history has a gap (`EVENTS`: clock.left, clock.stepped). Every device is read anew within seconds; "
    "until then `points_stale` points are marked `stale`, as their values are too old for their interval. No device is blamed.",
    "Once, after a suspend or a snapshot of a virtual machine: nothing. Again and again: `loop.stalled` says where it hangs; a machine "
    "that is to watch a building should not sleep.",
)
LOG_DROPPED = event(
    "log.dropped",
    "warning",
    "lines",
    "Whoever reads the log was slower than the gateway writes, or the disk of its file took nothing: so many lines were dropped rather "
    "than hold up a poll.",
    "Look for what blocks the reader of the gateway's output (a full disk, a paused terminal).",
)
