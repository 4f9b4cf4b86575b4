"""The events of the database: batches, the disk, and what becomes of the file."""

from __future__ import annotations

from t3actors.events import event

BATCH_STORED = event("batch.stored", "debug", "batch_no rows samples took_ms", "One transaction was committed.")
STORE_OPENED = event("store.opened", "info", "database schema size_mb clean", "The database is open.")
STORE_MIGRATED = event(
    "store.migrated", "info", "database from_schema to_schema", "The database was brought up to this version."
)
STORE_BUSY = event(
    "store.busy",
    "warning",
    "database reason held_by",
    "Another program holds the database; the same batch is tried again. `held_by` names it and its process, where they can be seen.",
    "Close that program's write transaction: a database browser with an edit open, a shell, a backup.",
)
STORE_FAILING = event(
    "store.failing",
    "error",
    "database reason",
    "The database cannot be read or written now: a disk that fails (EIO), a directory that is gone. It is opened anew and the same batch "
    "tried, again and again; polls go on. Where this file fails for 30 s while the disk takes another, it is set aside: `store.damaged`.",
    "Look at the disk: `dmesg`, its cable, its mount. `store.recovered` is the end of it.",
)
STORE_FULL = event(
    "store.full",
    "error",
    "database free_mb min_free_mb reason",
    "No room on the disk: history stops growing; current values go on as long as they can. Or the disk may only be read now: `reason`.",
    "Make room, or lower min_free; or mount it for writing. History resumes by itself.",
)
STORE_RECOVERED = event("store.recovered", "info", "database reason lost_samples", "The database can be written again.")
STORE_DAMAGED = event(
    "store.damaged",
    "error",
    "database set_aside reason",
    "The database file is not sound, or somebody removed, replaced or cut it short under the gateway. It was set aside under the "
    "name given, never deleted, and a new one begun.",
    "Check the disk, or stop the gateway before you touch its files. The old file may be read with `sqlite3 FILE .recover`.",
)
STORE_LOG_LOST = event(
    "store.log_lost",
    "error",
    "database how",
    "Somebody removed or replaced the database's log (`-wal`) under the gateway. It is still open: what stands in it is folded into the "
    "database, which is then opened anew (`store.opened`). Nothing is lost, unless the gateway is killed before that.",
    "Stop the gateway before you touch its files. Where `store.opened` does not follow within 10 s, a program holds a transaction open, or "
    "the disk is full: end it, or make room. A foreign log that lay there is kept beside as `.stray-wal`.",
)
STORE_LOG_GROWS = event(
    "store.log_grows",
    "warning",
    "database log_mb held_by",
    "The database's log (`-wal`) cannot be folded in and grows: a program keeps a read transaction open. Nothing is lost; the "
    "log may take the disk down to `min_free`. It is folded in, and made small again, once the transaction ends.",
    "End the transaction of the program that `held_by` names: a database browser, a dashboard, a backup, a shell with BEGIN. What this "
    "gateway does itself ends by itself.",
)
STORE_REPLACED = event(
    "store.replaced",
    "warning",
    "database",
    "Somebody put another file in the database's place under the gateway, a backup most likely. It is opened as it is (`store.opened`) and "
    "goes on from there; what was stored since it was put there is gone with the file that it replaced.",
    "Stop the gateway before you touch its files. A log of the replaced file that lay there is kept beside as `.stray-wal`.",
)
STORE_INDEX_LOST = event(
    "store.index_lost",
    "error",
    "database",
    "Somebody removed or replaced the database's `-shm` under the gateway. Nothing is lost, but who opens it now sees old values, "
    "and who writes to it damages it. It is opened anew, again until all of this gateway let go of the lost one.",
    "Stop the gateway before you touch its files. Close what has the database open, and do not write to it until `store.opened` follows.",
)
STORE_CHECKED = event("store.checked", "info", "database took_s result", "The check after an unclean stop has ended.")
ROW_POISONED = event(
    "row.poisoned",
    "error",
    "device point_id reason",
    "One row could not be stored and was left out; the rest of its batch was committed.",
    "Report it: the row's text says what the database refused.",
)
