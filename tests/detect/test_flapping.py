"""A device that flaps for hours: every transition of it and of its points is stored once, in order, whatever the log sums up."""

from __future__ import annotations

from itertools import pairwise

import trio
from trio.testing import MockClock

from t3actors.messages import DeviceStatusChanged
from t3actors.points import DeviceStatus, Rules, Status
from tests.detect.speech import announced, point, turned
from tests.detect.test_detector import house

FLAPS = 200
RULES = Rules(poll_interval_s=1.0, stale_after=3, down_after=6, max_interval_s=0.0)


async def test_every_transition_of_a_flapping_device_is_stored_once(autojump_clock: MockClock) -> None:
    h = house()
    online, offline = DeviceStatus.ONLINE, DeviceStatus.OFFLINE
    async with h.at_work():
        h.tell(announced("a", point("IN1", RULES), complete=True), turned("a", DeviceStatus.CONNECTING, online))
        for flap in range(FLAPS):
            h.poll(flap, 20.0)
            await trio.sleep(1.5)
            h.tell(turned("a", online, offline, "connection refused"))
            await trio.sleep(0.1 if flap % 2 else 7.0)
            h.tell(turned("a", offline, online))
        h.poll(FLAPS, 20.0)
        await trio.sleep(5)
        stored = [item for batch in h.sent for item in batch.items]
        steps = [(item.was, item.status) for item in stored if isinstance(item, DeviceStatusChanged)]
        assert steps == [(DeviceStatus.CONNECTING, online), *FLAPS * [(online, offline), (offline, online)]]
        statuses = h.writer.statuses("IN1")
        assert (statuses.count(Status.DOWN), statuses.count(Status.OK)) == (FLAPS, FLAPS + 1)
        assert all(before is not after for before, after in pairwise(statuses))
