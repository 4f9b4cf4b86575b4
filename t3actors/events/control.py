"""The events of what a person changes at run time. Each holds until the gateway is restarted."""

from __future__ import annotations

from t3actors.events import event

DEVICE_STOPPED = event(
    "device.stopped",
    "warning",
    "device",
    "Somebody had this device polled no more. Its points are `disabled` until `t3actors device start`, or a restart of the gateway.",
    "Nothing, if that was wanted: `t3actors status` lists what is overridden.",
)
DEVICE_STARTED = event(
    "device.started", "info", "device", "Somebody had this device polled again, after it had been stopped by hand."
)
INTERVAL_SET = event(
    "interval.set",
    "info",
    "device poll_interval_s configured_s",
    "Somebody had this device polled at another interval than the configured one, until the gateway is restarted; or, where both are the "
    "same, at the configured one again. Points with an interval of their own keep it.",
)
