"""The tree as rows: each supervisor before its own, and how a last life ended."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from supervision import Backoff, ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.watch.tree import rows_of


class Mortal(TrioActor):
    """Dies of what it is sent."""

    def on_receive(self, message: object) -> None:
        raise ValueError(message)


async def test_the_tree_is_listed_from_the_top_with_how_a_last_life_ended(autojump_clock: MockClock) -> None:
    pool = SupervisorSpec("devices", (ChildSpec("device/a", Mortal, backoff=Backoff(initial_s=1.0)),))
    root = Supervisor(SupervisorSpec("gateway", (ChildSpec("writer", Mortal), pool)))
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        assert [(row.supervisor, row.child, row.kind, row.state) for row in rows_of(root)] == [
            ("gateway", "writer", "task", "running"),
            ("gateway", "devices", "supervisor", "running"),
            ("gateway/devices", "device/a", "task", "running"),
        ]
        root.registry.send("device/a", "too much")
        await trio.testing.wait_all_tasks_blocked()
        assert [row.state for row in rows_of(root)][-1] == "restarting"
        await trio.sleep(10)
        last = list(rows_of(root))[-1]
        assert (last.state, last.incarnation, last.restarts) == ("running", 2, 1)
        assert last.last_exit == "crashed: ValueError: too much"
        await root.stop()
