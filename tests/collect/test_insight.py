"""What a device's actor tells whoever asks how it stands."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from t3actors.config import DeviceConfig
from t3actors.errors import LinkDown
from t3actors.questions import DeviceInsight, InsightRequested
from tests.collect.test_device import RULES, House, house


async def insight(built: House) -> DeviceInsight:
    answer = await built.registry.ask("device/ahu-1", InsightRequested(device="ahu-1"))
    assert isinstance(answer, DeviceInsight)
    return answer


async def test_a_device_that_answers_says_its_last_polls_and_when_it_asks_next(autojump_clock: MockClock) -> None:
    async with house() as built:
        built.driver.takes_s = 0.5
        await trio.sleep(25)
        seen = await insight(built)
        assert (seen.state, seen.attempts, seen.counts.polls_ok) == ("online", 0, 3)
        assert [(poll.points, poll.took_s, poll.error) for poll in seen.polls][-1] == (1, 0.5, "")
        assert seen.next_try_s is not None
        assert 0 < seen.next_try_s <= 10


async def test_a_silent_device_says_how_often_it_was_asked_in_vain_and_why(autojump_clock: MockClock) -> None:
    async with house() as built:
        await trio.sleep(15)
        built.driver.fault = LinkDown("connection refused", refused=True)
        await trio.sleep(60)
        seen = await insight(built)
        assert seen.state == "offline"
        assert seen.attempts >= 2
        assert {poll.error for poll in seen.polls if poll.error} == {"connection refused"}
        assert seen.counts.polls_failed == seen.attempts


async def test_a_disabled_device_asks_nothing_next(autojump_clock: MockClock) -> None:
    config = DeviceConfig(name="ahu-1", protocol="modbus", address="127.0.0.1:502", rules=RULES, enabled=False)
    async with house(config) as built:
        await trio.sleep(1)
        seen = await insight(built)
        assert (seen.state, seen.next_try_s, seen.polls) == ("disabled", None, ())
