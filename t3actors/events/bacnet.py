"""The events of BACnet: the network, discovery, and what devices tell of their own accord."""

from __future__ import annotations

from t3actors.events import event

BACNET_OPENED = event("bacnet.opened", "info", "endpoint broadcast", "BACnet/IP is up on this address and UDP port.")
BACNET_BLOCKED = event(
    "bacnet.blocked",
    "warning",
    "reason retry_in_s",
    "BACnet/IP cannot be used now, so no BACnet device is polled. Said once per reason; tried again by itself.",
    "The reason names the address and port. Another BACnet program on this machine (T3000, a simulator) holds the port: "
    "stop it, or set another `port`. No such address: look at `interface` and the cable.",
)
DEVICE_SCALED = event(
    "device.scaled",
    "info",
    "device divisor decided reason",
    'What this Temco panel\'s analog values are divided by (1 or 1000), for `scale` is "auto". Nothing spoke for either where '
    "`decided` is false: then nothing is divided.",
    "Compare a value with the panel's own display; say `scale = 1` or `scale = 1000` when `decided` is false or it is wrong.",
)
DEVICE_REMARKED = event(
    "device.remarked",
    "warning",
    "device remarks",
    "Something about this device's object list is odd: what, and what was made of it.",
    "Nothing, unless a point is missed.",
)
DEVICE_CLOCK_OFF = event(
    "device.clock_off",
    "warning",
    "device off_s",
    "The device's own clock is ahead of the gateway's by `off_s` seconds (behind: negative). It says by that clock since when its alarms "
    "stand: `raised_at` is corrected by as much, and `clock_off_s` in ALARMS says so. Said when an alarm first needs it.",
    "Set the device's clock, its utc-offset and its daylight saving; or the gateway's, if `gateway.started` says `clock_trusted` false.",
)
DEVICE_CLOCK_RIGHT = event("device.clock_right", "info", "device", "The device's clock is right again, to a minute.")
BACNET_SEEN = event(
    "bacnet.seen",
    "info",
    "device address network instance vendor_id max_apdu",
    'A device that is not configured said I-Am: said once each. With `discover` "temco" or "all" it is polled if its vendor fits.',
    "Nothing; or put it into the configuration (`t3actors discover --toml`).",
)
BACNET_CONFLICTED = event(
    "bacnet.conflicted",
    "warning",
    "instance device address held_by held_at",
    "Two devices say that they have this instance. `held_by`, known first, keeps it; `device` is listed with status `conflict`, and "
    "neither polled nor merged with it. A configured `device` is polled at its own address all the same.",
    "Give one of them another instance; then restart the gateway, or wait a day.",
)
BACNET_DISMISSED = event(
    "bacnet.dismissed",
    "info",
    "device devices waiting",
    "So many devices (`device` is the first) were found but never answered a request: they are not polled any more until they are "
    "heard again. `waiting`: found ones that wait for a place; at most 300 that never answered are tried at a time.",
    "`waiting` stays high: somebody on the network invents devices, or a firewall lets I-Am through and nothing else.",
)
BACNET_ELSEWHERE = event(
    "bacnet.elsewhere",
    "warning",
    "instance device address seen_at",
    "This known device has not been heard at its address, for hours or since the start, but one with its instance has at another. "
    "It stays what it is, and the other is not polled.",
    "If it was moved: change its `address` in the configuration, or, if it was discovered, `t3actors forget` it. If not, one of "
    "the two needs another instance.",
)
BACNET_SETTLED = event(
    "bacnet.settled",
    "info",
    "instance device held_by",
    "The other device with this instance is not heard any more: the conflict is over.",
)
BACNET_SWEPT = event(
    "bacnet.swept",
    "info",
    "sweeps asked devices new conflicts ignored",
    "Everybody was asked who is there (Who-Is): said after the first three times, and then when somebody new was found. `devices`: "
    "seen or known; `ignored`: I-Ams of impossible addresses, or beyond 10,000 devices.",
    "`devices` 0: look at `interface`, `port`, a firewall that drops UDP, and whether the devices are beyond a router (`bbmd`).",
)
BACNET_UNASKED = event(
    "bacnet.unasked",
    "warning",
    "reason",
    "Nobody can be asked now who is there. Said once per reason; tried again by itself.",
    "See `bacnet.blocked` and `bbmd.lost`. On an interface without a broadcast address only a BBMD helps.",
)
REMEMBERED_AWAITED = event(
    "remembered.awaited",
    "warning",
    "reason next_try_s",
    "The database cannot say now which devices were discovered earlier: discovery begins once it can.",
    "See the `store.*` lines.",
)
BBMD_REGISTERED = event("bbmd.registered", "info", "bbmd ttl_s", "The BBMD has taken us as a foreign device.")
BBMD_LOST = event(
    "bbmd.lost",
    "warning",
    "bbmd reason",
    "The BBMD has not taken us, or not again: nobody beyond our own network is found until it does. Tried again every few seconds.",
    "Look at `bbmd`, at the way there (UDP), and whether that BBMD accepts foreign devices and has room for one.",
)
COV_BEGAN = event(
    "cov.began",
    "info",
    "device point_id lifetime_s",
    "The device tells of this point's changes itself: it is read only to verify that. Its mode is `cov`.",
)
COV_LOST = event(
    "cov.lost",
    "warning",
    "device point_id reason next_try_s",
    "The device no longer tells of this point's changes. It is polled again as before (mode `poll`); nothing is missed but time. "
    "It is subscribed to again after `next_try_s`.",
    "Once: the device was restarted, or a datagram was lost. Again and again: take the point out of `cov`.",
)
COV_REFUSED = event(
    "cov.refused",
    "warning",
    "device point_id reason next_try_s",
    "The device takes no subscription to this point, or takes it and tells nothing; the point stays polled. Said once for a reason.",
    "No space: another program (a front end) holds the device's slots, or `cov_max` is too high for it. Not supported: take it out "
    "of `cov`.",
)
COV_ENDED = event(
    "cov.ended",
    "info",
    "device point_id reason next_try_s",
    "A subscription was given up because polling is cheaper: with `cov = true` that is decided by what the point does.",
)
COV_LEFT = event(
    "cov.left",
    "info",
    "device count ends_in_s",
    "We stopped, and the device has not confirmed in time that it took back so many subscriptions: it was silent, or its trunk is slow. "
    "They end by themselves within `ends_in_s` seconds (null: never); until then they may fill slots of the device.",
)
COV_UNLISTED = event(
    "cov.unlisted",
    "warning",
    "device points reason",
    "These entries of the device's `cov` list are without effect; `reason` says why.",
    "Correct the list: `t3actors points` names the device's points; `cov_max` says how many may be subscribed to.",
)
