"""Every change goes to who wants it; who is too slow is told what he missed, and nobody waits for him."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from t3actors.messages import DeviceRemoved, DeviceStatusChanged, EventHappened, PointChange, PointsChanged
from t3actors.points import DeviceStatus, Reading, Status
from t3actors.watch import fanout
from t3actors.watch.fanout import CHANGES_A_FRAME, Fanout, Filter, Listener
from tests.waiting import WITHIN_S


def change(point: str, value: float | str = 1.0, *, changed: bool = True, known_again: bool = False) -> PointChange:
    device, point_id = point.split("/")
    return PointChange(device, point_id, Reading(point_id, value), 1000, 2000, changed, True, Status.OK, known_again)


def batch(*items: Any) -> PointsChanged:
    return PointsChanged(incarnation=1, batch_no=1, at_ms=0, items=items)


def hand_on(hub: Fanout, *items: Any, dropped: tuple[tuple[str, str], ...] = ()) -> int:
    """Hand a batch on. Returns: in how many steps."""
    return sum(1 for _ in hub.hand_on(batch(*items), dropped))


async def told(listener: Listener) -> dict[str, Any]:
    with trio.fail_after(WITHIN_S):
        message: dict[str, Any] = json.loads(await listener.next_text())
        return message


def joined(hub: Fanout, **wanted: Any) -> Listener:
    listener = hub.join(Filter(**wanted))
    assert listener is not None
    return listener


async def test_a_change_is_told_with_value_status_and_times() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    hand_on(hub, change("ahu-1/IN1", 21.5))
    assert await told(listener) == {
        "points": [
            {
                "device": "ahu-1", "point_id": "IN1", "value": 21.5, "status": "ok", "reason": "", "flags": 0,
                "at": 2000, "sampled_at": 1000, "changed": True,
            }
        ]
    }  # fmt: skip


async def test_that_a_value_is_known_again_is_told_though_it_is_no_change() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    hand_on(hub, change("ahu-1/IN1", changed=False), change("ahu-1/IN2", changed=False, known_again=True))
    (heard,) = (await told(listener))["points"]
    assert (heard["point_id"], heard["changed"]) == ("IN2", False)


async def test_that_a_device_is_gone_is_told_as_what_became_of_it() -> None:
    hub = Fanout(10)
    listener, other = joined(hub), joined(hub, device="ahu-2")
    hand_on(hub, DeviceRemoved(device="ahu-1", at_ms=5, reason="gone", was=DeviceStatus.ONLINE), change("ahu-2/IN1"))
    assert (await told(listener))["devices"] == [
        {"device": "ahu-1", "status": "disabled", "was": "online", "reason": "gone", "at": 5}
    ]
    assert "devices" not in await told(other)


async def test_a_device_s_status_is_told_too_and_other_rows_are_not() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    status = DeviceStatusChanged(
        device="ahu-1", at_ms=5, status=DeviceStatus.OFFLINE, was=DeviceStatus.ONLINE, reason="connection refused"
    )
    hand_on(hub, EventHappened(at_ms=5, event="x"), status)
    assert await told(listener) == {
        "devices": [{"device": "ahu-1", "status": "offline", "was": "online", "reason": "connection refused", "at": 5}]
    }


async def test_a_device_in_conflict_is_told_as_its_row_has_it() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    status = DeviceStatusChanged(
        device="ahu-1", at_ms=5, status=DeviceStatus.ONLINE, was=DeviceStatus.UNKNOWN, reason=""
    )
    for _ in hub.hand_on(batch(status), (), {"ahu-1": "serial number 1 is already that of ahu-2"}):
        pass
    (device,) = (await told(listener))["devices"]
    assert (device["status"], device["reason"]) == ("conflict", "serial number 1 is already that of ahu-2")


async def test_each_hears_what_his_filter_lets_through() -> None:
    hub = Fanout(10)
    items = [change("ahu-1/IN1"), change("ahu-1/OUT1"), change("ahu-2/IN1"), change("ahu-1/IN2", changed=False)]
    wanted = {
        "everything": ({}, ["ahu-1/IN1", "ahu-1/OUT1", "ahu-2/IN1"]),
        "one device": ({"device": "ahu-1"}, ["ahu-1/IN1", "ahu-1/OUT1"]),
        "a pattern": ({"point": "*/IN?"}, ["ahu-1/IN1", "ahu-2/IN1"]),
        "both": ({"device": "ahu-1", "point": "*/IN*"}, ["ahu-1/IN1"]),
        "repeats": ({"device": "ahu-1", "repeats": True}, ["ahu-1/IN1", "ahu-1/OUT1", "ahu-1/IN2"]),
    }
    listeners = {name: joined(hub, **settings) for name, (settings, _) in wanted.items()}
    hand_on(hub, *items)
    for name, (_, points) in wanted.items():
        heard = [f"{each['device']}/{each['point_id']}" for each in (await told(listeners[name]))["points"]]
        assert heard == points, name


async def test_what_the_store_dropped_is_not_told() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    hand_on(hub, change("a/IN1"), change("a/IN2"), dropped=(("a", "IN1"),))
    assert [each["point_id"] for each in (await told(listener))["points"]] == ["IN2"]


async def test_a_large_batch_comes_in_pieces_and_lets_others_have_their_turn() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    steps = hand_on(hub, *(change(f"a/IN{number}") for number in range(2 * CHANGES_A_FRAME + 1)))
    assert steps >= 3
    assert [len((await told(listener))["points"]) for _ in range(3)] == [CHANGES_A_FRAME, CHANGES_A_FRAME, 1]


async def test_a_slow_listener_loses_the_oldest_and_is_told_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "WAITING_AT_MOST", 10)
    hub = Fanout(10)
    listener = joined(hub)
    for number in range(7):
        hand_on(hub, change("a/IN1", number), change("a/IN2", number), change("a/IN3", number))
    assert await told(listener) == {"missed": 12}
    heard = [(await told(listener))["points"][0]["value"] for _ in range(3)]
    assert heard == [4, 5, 6]
    assert listener.missed_total == 12


async def test_the_newest_is_kept_even_where_it_alone_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "WAITING_AT_MOST", 1)
    hub = Fanout(10)
    listener = joined(hub)
    hand_on(hub, change("a/IN1"), change("a/IN2"))
    assert len((await told(listener))["points"]) == 2


async def test_who_listened_while_nobody_told_hears_that_nobody_knows_what_he_missed() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    hub.lost_track()
    assert await told(listener) == {"missed": -1}


async def test_no_more_may_listen_than_allowed_and_who_leaves_makes_room() -> None:
    hub = Fanout(2)
    first, _second = joined(hub), joined(hub, device="a")
    assert hub.join(Filter()) is None
    hub.leave(first)
    assert len(hub) == 1
    assert hub.join(Filter()) is not None


async def test_a_text_that_is_no_text_does_not_stop_the_others() -> None:
    hub = Fanout(10)
    listener = joined(hub)
    hand_on(hub, change("a/IN1", "bad \ud800 text"), change("a/IN2"))
    assert [each["value"] for each in (await told(listener))["points"]] == ["bad ? text", 1.0]


async def test_those_of_one_filter_share_one_text() -> None:
    hub = Fanout(10)
    first, second = joined(hub), joined(hub)
    hand_on(hub, change("a/IN1"))
    assert await first.next_text() is await second.next_text()
