"""The events of a device's life and polls, whatever its protocol."""

from __future__ import annotations

from t3actors.events import event

DEVICE_CONNECTING = event("device.connecting", "debug", "device address", "The device is being reached.")
DEVICE_ONLINE = event(
    "device.online",
    "info",
    "device address serial_number points offline_s",
    "The device answers and is being polled.",
)
DEVICE_BACKING_OFF = event(
    "device.backing_off",
    "warning",
    "device address reason last_ok_at next_try_s",
    "The device did not answer; it is tried again after a growing pause. `last_ok_at`: when it last answered, in this run or an earlier "
    "one; null where it never has, or where the database has not said yet (in the first moments of a run).",
    "Nothing yet. If it goes offline, see there.",
)
DEVICE_OFFLINE = event(
    "device.offline",
    "error",
    "device address reason last_ok_at next_try_s",
    "The device has not answered for `down_after` polls, or refused the connection. Its points are `down`.",
    "Check power, cable, address and unit id: `reason` says how it failed. It is probed ever more rarely and comes back by itself.",
)
DEVICE_MISMATCHED = event(
    "device.mismatched",
    "error",
    "device address reason expected_serial found_serial",
    "Another device answers at this address: nothing of it is stored. `reason` says who (the serials: null where there are none).",
    "If the panel was exchanged, set its new serial_number (BACnet: its instance); otherwise look for a changed or doubled address.",
)
DEVICE_CONFLICTED = event(
    "device.conflicted",
    "warning",
    "device serial_number held_by",
    "Two devices report one serial number: the first keeps it, this one is listed with status `conflict`, never merged.",
    "Look for a device configured twice, or give one of them another serial number. A panel that is polled directly and that a T3000 lists "
    "too: name its number in the T3000's `leave_out`.",
)
DEVICE_EXCHANGED = event(
    "device.exchanged",
    "warning",
    "device address serial_number was_serial_number",
    "Another panel answers at this address than before, and the configuration names no serial_number that would forbid it. "
    "It keeps the device's name and history.",
    "If nobody exchanged the panel, look for a changed or doubled address, and configure serial_number.",
)
POLL_OVERRUN = event(
    "poll.overrun",
    "warning",
    "device poll_interval_s achieved_interval_s",
    "The device takes longer than its poll interval: polls are skipped, never piled up. Said once until it fits again.",
    "Give it a longer poll_interval, or fewer points.",
)
POLL_RECOVERED = event(
    "poll.recovered", "info", "device poll_interval_s achieved_interval_s", "Polls fit their interval again."
)
POINT_ILLEGAL = event(
    "point.illegal",
    "warning",
    "device points reason",
    "The device refuses these addresses; the points are marked `fault` and tried again once a day. The others are not affected.",
    "Check the register, table and type of those points.",
)
DEVICE_DESCRIBED = event(
    "device.described",
    "info",
    "device points",
    "All of this device's points are known now: their names, units and texts. They were polled as they became known.",
)
DEVICE_WORK_FAILED = event(
    "device.work_failed",
    "warning",
    "device reason next_try_s",
    "What is asked of the device between its polls (its list of points and their names, its schedules) was not answered, or made no sense.",
    "Nothing while it is answered later: points appear once they are described. If it stays: ask the device with another tool.",
)
