"""Live hands on what the detector tells, and owns up to what an earlier life may have lost."""

from __future__ import annotations

import json

import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec
from t3actors.questions import ChangesStored
from t3actors.watch.fanout import Fanout, Filter
from t3actors.watch.live import Live
from tests.watch.test_fanout import batch, change


async def test_what_is_stored_is_handed_on_and_a_restart_is_told(autojump_clock: MockClock) -> None:
    hub = Fanout(10)
    listener = hub.join(Filter())
    assert listener is not None
    supervisor = Supervisor(SupervisorSpec("watch", (ChildSpec("live", lambda: Live(hub)),)))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        supervisor.registry.send("live", ChangesStored(batch=batch(change("a/IN1"))))
        assert json.loads(await listener.next_text())["points"][0]["point_id"] == "IN1"
        await supervisor.stop_child("live")
        await supervisor.restart_child("live")
        assert json.loads(await listener.next_text()) == {"missed": -1}
        await supervisor.stop()
