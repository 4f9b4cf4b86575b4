"""The events of the gateway as a unit of systemd."""

from __future__ import annotations

from t3actors.events import event

UNIT_UNHEARD = event(
    "unit.unheard",
    "warning",
    "address reason",
    "systemd, or what plays it (NOTIFY_SOCKET), cannot be told how the gateway is. Said once; tried again all the same. "
    "Polling is not affected.",
    "Under systemd: NotifyAccess=main in the unit, and nothing that removes its socket. Unheard for WatchdogSec, it restarts the gateway.",
)
WATCHDOG_WITHHELD = event(
    "watchdog.withheld",
    "error",
    "parts reason silent_s restarts_in_s",
    "`parts` made no progress for half of WatchdogSec, so systemd is not told that the gateway lives. In `restarts_in_s` it restarts it.",
    "`reason` says what stands still. If the gateway is restarted for it again and again, report it with the lines before this one.",
)
WATCHDOG_RESUMED = event(
    "watchdog.resumed",
    "warning",
    "silent_s",
    "All parts make progress again, and systemd is told that the gateway lives.",
)
