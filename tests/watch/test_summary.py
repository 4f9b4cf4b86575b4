"""The line of each minute."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from supervision import ChildSpec, Supervisor, SupervisorSpec, TrioActor
from t3actors.events import LogEvent
from t3actors.events.gateway import GATEWAY_SUMMARY
from t3actors.questions import DetectorCounts
from t3actors.watch.summary import Summary


class Detector(TrioActor):
    """Knows these devices."""

    def __init__(self, counts: DetectorCounts) -> None:
        super().__init__()
        self._counts = counts

    async def on_receive(self, message: object) -> object:
        return self._counts


@pytest.mark.parametrize(("heard_of", "total"), [(8, 8), (0, 5)], ids=["with a T3000's panels", "none announced yet"])
async def test_never_are_more_devices_online_than_there_are(
    tmp_path: Path, autojump_clock: MockClock, heard_of: int, total: int
) -> None:
    lines: list[dict[str, object]] = []

    def log(event: LogEvent, /, **fields: object) -> None:
        assert event is GATEWAY_SUMMARY
        lines.append(fields)

    def summary() -> Summary:
        return Summary(
            log=log,
            take_pace=lambda: (0, 0.0),
            restarts=lambda: 0,
            database=tmp_path / "t3actors.db",
            devices_total=lambda: 5,
        )

    counts = DetectorCounts(devices=heard_of, devices_online=heard_of)
    specs = (ChildSpec("detector", lambda: Detector(counts)), ChildSpec("summary", summary))
    supervisor = Supervisor(SupervisorSpec("tree", specs))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await trio.sleep(61)
        nursery.cancel_scope.cancel()
    assert [(line["devices_online"], line["devices_total"]) for line in lines] == [(heard_of, total)]
