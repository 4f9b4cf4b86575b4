"""The events of T3000 installations, beside those of events.py."""

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
