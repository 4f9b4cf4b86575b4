"""The events of the detector: points that grow old or come back, and changes that wait or are lost."""

from __future__ import annotations

from t3actors.events import event

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
