"""The events of T3000 installations: cycles, panels, and what is odd about an answer."""

from __future__ import annotations

from t3actors.events import event

LIBRARY_LOADED = event(
    "library.loaded",
    "info",
    "library pid exports buffer_mb loads",
    "A worker process has loaded T3000's library; `exports` is what can be asked of it. `loads` above 1: the worker before it "
    "crashed, hung or was ended, and this one replaces it. Said at most every ten minutes.",
    "`loads` keeps growing: look at the reasons of the failed calls; the library does not bear what it is asked.",
)
LIBRARY_PRINTED = event(
    "library.printed",
    "warning",
    "library last_words",
    "What T3000's library printed last before its worker process ended. Said at most every ten minutes.",
    "Give it to whoever made the library.",
)
CYCLE_STARTED = event(
    "cycle.started", "debug", "device cycle_no method", "A T3000 installation is being asked for all its panels."
)
CYCLE_ANSWERED = event(
    "cycle.answered",
    "debug",
    "device action panels octets took_s",
    "One answer came from T3000, whole: so many panels, so many octets.",
)
CYCLE_FAILED = event(
    "cycle.failed",
    "warning",
    "device reason next_try_s",
    "A cycle brought nothing. Said once per reason, until a cycle succeeds; the next one is tried all the same.",
    'The reason says which call failed and how. See docs/t3000.md, "T3000 does not answer".',
)
CYCLE_RECOVERED = event(
    "cycle.recovered", "info", "device failed", "A cycle succeeded again, after so many that failed."
)
CYCLE_STORED = event(
    "cycle.stored",
    "debug",
    "device group panels inputs outputs variables samples took_ms",
    "All panels of one answer are committed, in one transaction; the counts are those of the database's own rows. `group` names the "
    "answer; one that waited with others of its cycle for a writer that was behind may be told of as all of them.",
)
CYCLE_ENDED = event(
    "cycle.ended",
    "debug",
    "device cycle_no panels panels_silent groups last_group took_s next_s",
    "A cycle is over: so many panels were read, so many did not answer. `groups`: so many answers are to be stored; once `last_group` is, "
    "all of them are.",
)
METHOD_CHANGED = event(
    "t3000.method_changed",
    "warning",
    "device method was reason",
    "T3000 refuses the way its points were asked for (action 15 is off in it until an operator switches it on); they are asked for the "
    "other way from now on, until the gateway is restarted.",
    'Nothing, or configure `method = "webview_list"` so that the first cycle need not find out.',
)
TEXT_REPAIRED = event(
    "t3000.text_repaired",
    "warning",
    "device octets",
    "So many octets of labels in T3000's answer are no UTF-8: they read as U+FFFD. Values are not affected. "
    "Said once until an answer is clean.",
    "Use plain ASCII in the panel's labels, or live with it.",
)
PANEL_FOUND = event(
    "panel.found",
    "info",
    "device panel serial_number panel_id panel_name",
    "T3000 has a panel that was not known before: from now on it is a device of its own.",
)
PANEL_READ = event(
    "panel.read",
    "debug",
    "panel serial_number panel_name number panels inputs outputs variables",
    "One panel of an answer: how many points of each kind it has.",
)
PANEL_SKIPPED = event(
    "panel.skipped",
    "warning",
    "device panel_name reason",
    "A panel of the answer is not stored: it has no serial number, or that of another in the same answer, or is one too many. Said once.",
    "Give the panel a serial number with T3000; look for two panels of one number.",
)
PANEL_INCOMPLETE = event(
    "panel.incomplete",
    "warning",
    "panel missing refused",
    "The answer lacks fields of this panel, or has values that are no numbers: the rest is stored. Said once for each set.",
    "Update T3000; see whether the points named are configured in the panel.",
)
