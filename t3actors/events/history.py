"""The events of history: what was let go, and why."""

from __future__ import annotations

from t3actors.events import event

HISTORY_EXPIRED = event(
    "history.expired",
    "info",
    "what from_at until_at rows reason",
    'History was let go as a whole: `what` is "samples", "minutes" or "hours", `reason` is "retention" (it was kept as long as '
    '[store] and its points say) or "budget" (it was the least worth of what filled the budget).',
    "Reason budget: `t3actors storage` tells what fills it; raise `budget`, or have fast points store less.",
)
HISTORY_LATE = event(
    "history.late",
    "info",
    "samples points hours",
    "So many samples of so many points came late, for `hours` hours of a point that were packed already: they are kept and shown, and "
    "those hours, and their minutes, are made anew. Hours whose samples are gone stay as they were made.",
    "Rows by hand, or a clock that was set back: nothing. Else look for what kept the samples back.",
)
HISTORY_EMPTIED = event(
    "history.emptied",
    "info",
    "series",
    "So many series (a point under one description: units, poll interval) were removed: their point is gone or described otherwise now, "
    "and all that was kept of them is expired.",
)
HISTORY_TAKEN_BACK = event(
    "history.taken_back",
    "warning",
    "packed_until",
    "The clock was set back by more than an hour: history had been packed up to a time that is yet to come. Its hours are "
    "packed anew when they are over; until then what was packed of them is shown. Nothing is lost, whichever clock was right.",
    "Look at what sets this machine's clock.",
)
CLOCK_STEPPED = event(
    "clock.stepped",
    "warning",
    "step_s trusted",
    "The wall clock was set, by `step_s` seconds; `trusted`: whether the kernel knows it to be right now. Polls keep their cadence. What "
    "was stamped before by a clock that was not trusted is stamped anew once it is (`clock.settled`).",
    "Once after a start without a network: nothing. Again and again: look at what sets this machine's clock.",
)
CLOCK_TRUSTED = event("clock.trusted", "info", "step_s", "The kernel now knows its clock to be right.")
CLOCK_DOUBTED = event(
    "clock.doubted",
    "warning",
    "step_s",
    "The kernel no longer knows its clock to be right: samples are marked so (`clock_trusted` 0) until it does.",
    "Look at the time service (NTP) of this machine.",
)
CLOCK_SETTLED = event(
    "clock.settled",
    "info",
    "shifted_ms samples",
    "What was stamped since the start by a clock that was not trusted is stamped anew: moved by so much, 0 where it was right.",
)
HISTORY_SPOILT = event(
    "history.spoilt",
    "error",
    "rows device point_id at reason",
    "So many rows of history could not be packed: they keep their time and are a `fault` without a value from now on (a text that is not "
    "UTF-8 keeps what can be read of it). The others are packed. `device`, `point_id`, `at` and `reason` are those of the first.",
    "Another program wrote it: have it write numbers, or text in UTF-8. If none did: report it, with `reason`.",
)
TIDYING_FAILED = event(
    "tidying.failed",
    "warning",
    "database reason",
    "History could not be packed or let go just now; it is tried again. Batches are not concerned. Said once per kind of reason.",
    "Where it stays: look at the disk (`store.full`) and for a program that holds the database (`store.busy`).",
)
TIDYING_SLOW = event(
    "tidying.slow",
    "warning",
    "step took_ms cpu_ms",
    "A step of packing history or letting it go took longer than 250 ms: a batch may have waited for it. `step`: the functions it was in "
    "when it began (t3actors/store/history); `cpu_ms`: of its time what the processor worked for it, the rest it waited for the disk "
    "or for other programs. Said once per step and hour.",
    "Now and then: nothing. Every hour: the disk, or this machine with all that runs on it, is too slow for so many changes; see "
    "`t3actors doctor`.",
)
STORE_OVER_BUDGET = event(
    "store.over_budget",
    "warning",
    "used_mb budget_mb",
    "The database has used up its budget: the oldest samples go now, then what lasts longer. Said once, until it is well below.",
    "Nothing, where the budget is meant to decide how far history goes back; see `t3actors storage`.",
)
