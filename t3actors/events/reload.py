"""The events of a configuration that is read anew while the gateway runs. Values are never in them."""

from __future__ import annotations

from t3actors.events import event

RELOAD_DONE = event(
    "reload.done",
    "info",
    "asked_by added removed changed found overrides_ended devices config_hash was_config_hash took_s",
    "The new configuration holds. `added` and `removed` name devices; `changed` those that were started anew, each with the keys in which "
    "it differs; `found` the keys in which devices that were found are polled otherwise; `overrides_ended` what somebody had set by hand "
    "and the configuration has now said otherwise. All other devices were left alone. Long lists are cut; `devices`: how many there are.",
)
RELOAD_REFUSED = event(
    "reload.refused",
    "error",
    "asked_by faults fault_count config_hash",
    "The new configuration has these faults (the first of them, where there are many). Nothing was changed: the gateway goes on by the one "
    "it had, whose hash is given.",
    "Mend the file (`t3actors check` lists every fault) and reload again. A restart with this file would end with exit code 78.",
)
RELOAD_INCOMPLETE = event(
    "reload.incomplete",
    "warning",
    "keys",
    "The new configuration holds but for these keys, which only a restart changes. Said at each reload until there was one.",
    "Restart the gateway when it suits.",
)
RELOAD_FAILED = event(
    "reload.failed",
    "error",
    "reason traceback",
    "A device could not be started as newly configured: it goes on as before, or is not there if it is new. Or the reload itself ended "
    "in an error of ours, which `traceback` tells.",
    "Read the `child.exited` line above it. Change that device, or restart the gateway.",
)
