"""The events of supervision: actors that are started, end, are late, are left behind; and the loop that stands still."""

from __future__ import annotations

from t3actors.events import event

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
LOOP_STALLED = event(
    "loop.stalled",
    "error",
    "limit_s where",
    "The event loop has not turned for that long: no device is polled meanwhile.",
    "`where` is the line that holds it. Report it; check whether the machine is starved of CPU.",
)
LOOP_RESUMED = event("loop.resumed", "warning", "stalled_s", "The event loop turns again.")
