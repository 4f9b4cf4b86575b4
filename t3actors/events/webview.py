"""The events of T3000's own database, kept filled for its web front end (`[store.webview]`)."""

from __future__ import annotations

from t3actors.events import event

WEBVIEW_OPENED = event(
    "webview.opened",
    "info",
    "database created lacks",
    "T3000's database is open. `created`: there was none, and it was made. `lacks`: columns that this file does not have; they are "
    "left out.",
)
WEBVIEW_SYNCHRONISED = event(
    "webview.synchronised",
    "info",
    "database devices points waiting",
    "All devices and points stand in T3000's database as in ours: after a start, or after the file was replaced. `waiting`: "
    "batches whose trend rows come now.",
)
WEBVIEW_BLOCKED = event(
    "webview.blocked",
    "warning",
    "database reason next_try_s",
    "T3000's database cannot be written now. Our own database and the polls do not notice; what it is to have waits in our own "
    "(`outbox`). Said once per kind of reason; tried again by itself.",
    "Busy: T3000 or another program holds a long transaction (its cleaning-up at a start takes minutes); nothing to do. Read-only, no such "
    "table, not a database: look at the file, its folder and who may write there.",
)
WEBVIEW_RECOVERED = event(
    "webview.recovered",
    "info",
    "database blocked_s waiting",
    "T3000's database takes rows again. `waiting`: batches to come.",
)
WEBVIEW_REPLACED = event(
    "webview.replaced",
    "warning",
    "database how",
    "Another file lies in the place of T3000's database, or none: it is opened (made) anew, and everything is synchronised.",
    "Nothing, if somebody restored a copy. Trend rows that only the old file had are not written again; ours has them.",
)
WEBVIEW_OUTBOX_FULL = event(
    "webview.outbox_full",
    "error",
    "limit_mb",
    "More waits for T3000's database than `outbox` allows: the oldest trend rows are let go for that file. Our own history has them all.",
    "See `webview.blocked`. Give `outbox` more room if such a time without that file is to be bridged.",
)
WEBVIEW_OUTBOX_DRAINED = event(
    "webview.outbox_drained",
    "info",
    "lost_samples",
    "The outbox has room again. `lost_samples` trend rows are not in T3000's database; points are.",
)
WEBVIEW_ROW_REFUSED = event(
    "webview.row_refused",
    "error",
    "database table device_id reason",
    "T3000's database refused a row, and it was left out. Said once per table and reason.",
    "Somebody has put a constraint on that table: the reason names it.",
)
