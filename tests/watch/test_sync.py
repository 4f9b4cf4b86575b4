"""One poll now, of each device; and what becomes of a device that never answers."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervision.registry import Registry
from supervision.testing import running
from t3actors.messages import SyncFinished, SyncRequested
from t3actors.watch.sync import SyncCollector, row_of


class Device:
    """Plays a device that answers, or not."""

    incarnation = 1

    def __init__(self, registry: Registry, name: str, *, answers: bool) -> None:
        self._registry, self._name, self._answers = registry, name, answers

    def deliver(self, message: object) -> bool:
        assert isinstance(message, SyncRequested)
        if self._answers:
            self._registry.send(str(message.reply_to), finished(self._name, message.request_id))
        return True

    def ask_later(self, message: object) -> Any:
        raise NotImplementedError


def finished(device: str, request_id: int = 0, error: str = "") -> SyncFinished:
    return SyncFinished(request_id=request_id, device=device, points_ok=3, points_failed=1, error=error)


async def test_a_device_that_never_answers_fails_at_the_deadline_and_the_others_stand(
    autojump_clock: MockClock,
) -> None:
    registry = Registry()
    for name, answers in (("a", True), ("b", False)):
        registry.register(f"device/{name}", Device(registry, name, answers=answers))
    collector = SyncCollector("sync/1", ["a", "b", "c"], within_s=lambda _: 120.0)
    async with running(collector, name="sync/1", registry=registry):
        await collector.finished.wait()
        assert trio.current_time() == pytest.approx(120.0)
    assert {name: result.error for name, result in collector.results.items()} == {
        "a": "",
        "b": "its poll had not ended after 120 s",
        "c": "no actor polls this device now",
    }


def test_a_sync_is_a_row_for_events_with_its_counts() -> None:
    assert (row_of(finished("a"), 7).event, row_of(finished("a"), 7).device) == ("sync.finished", "a")
    assert row_of(finished("a"), 7).reason == "3 points ok, 1 failed"
    assert row_of(finished("a", error="no answer"), 7).reason == "3 points ok, 1 failed: no answer"
