"""Who is told of which notification."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.link import jobs
from t3actors.collect.bacnet.link.jobs import Subscriptions
from t3actors.collect.bacnet.link.requests import SubscribeCov
from t3actors.errors import RequestRefused

HERE, THERE = "192.0.2.1:47808", "50:7"


def subscription(process_id: int, role: str = "device/a") -> SubscribeCov:
    return SubscribeCov(
        address=HERE, object_type=0, object_instance=3, role=role, lifetime_s=300, process_id=process_id
    )


def test_the_same_process_id_at_two_stations_is_two_subscriptions() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(HERE, subscription(7, "device/a"))
    subscriptions.add(THERE, subscription(7, "device/b"))
    assert (subscriptions.role(HERE, 7), subscriptions.role(THERE, 7)) == ("device/a", "device/b")
    subscriptions.drop(THERE, 7)
    assert (subscriptions.role(HERE, 7), subscriptions.role(THERE, 7)) == ("device/a", None)
    assert subscriptions.expected == {(HERE, 7): (0, 3)}


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_there_are_only_so_many_subscriptions_and_those_can_be_renewed(
    more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SUBSCRIPTIONS", 10)
    subscriptions = Subscriptions()
    for process_id in range(10):
        subscriptions.add(HERE, subscription(process_id))
    process_id = 9 + more
    if more == 1:
        with pytest.raises(RequestRefused, match="enough"):
            subscriptions.add(HERE, subscription(process_id))
        subscriptions.drop(HERE, 0)
    subscriptions.add(HERE, subscription(process_id))
