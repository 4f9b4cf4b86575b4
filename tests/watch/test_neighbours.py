"""Who stands beside the line is asked in turn; whoever does not answer is said to be so, and is forgotten when nobody wants him."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.questions import DoorStanding, DoorStandingRequested, WebviewStanding, WebviewStandingRequested
from t3actors.watch.neighbours import Neighbours


class Neighbour(TrioActor):
    """Answers with what it is told to, or not at all."""

    answers = True

    async def on_receive(self, message: object) -> object:
        if not self.answers:
            await trio.sleep_forever()
        assert isinstance(message, WebviewStandingRequested | DoorStandingRequested)
        if isinstance(message, WebviewStandingRequested):
            return WebviewStanding(waits_for="busy")
        return DoorStanding(method="webview_list", has_answered=True, worker_pid=77)


async def test_they_are_judged_by_their_last_answer(autojump_clock: MockClock) -> None:
    webview, plant = Neighbour(), Neighbour()
    wanted = ["plant", "gone"]
    spec = SupervisorSpec("tree", (ChildSpec("webview", lambda: webview), ChildSpec("device/plant", lambda: plant)))
    supervisor = Supervisor(spec)
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        seen = Neighbours(has_webview=True, installations=lambda: wanted)
        await seen.look(supervisor.registry, trio.current_time)
        assert seen.webview(trio.current_time()) == ("degraded", "busy")
        doors = {name: (standing.worker_pid, state) for name, standing, (state, _) in seen.doors()}
        assert doors == {"plant": (77, "ok"), "gone": (None, "degraded")}
        wanted.remove("gone")
        webview.answers = False
        for _ in range(8):
            await seen.look(supervisor.registry, trio.current_time)
        assert seen.webview(trio.current_time()) == (
            "degraded", "who writes T3000's database has not answered for 40 s",
        )  # fmt: skip
        assert [name for name, _, _ in seen.doors()] == ["plant"]
        assert supervisor.registry.dead_letters.total() == 0
        nursery.cancel_scope.cancel()


async def test_where_nobody_stands_beside_it_nothing_is_said() -> None:
    seen = Neighbours()
    assert seen.webview(0.0) is None
    assert list(seen.doors()) == []
