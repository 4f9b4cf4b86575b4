"""What `t3actors top` makes of two looks. With a gateway it is in tests/system/test_api_verbs.py."""

from __future__ import annotations

from typing import Any

from t3actors.cli.top import lines, rates


def look(at: int, polls: int, *, incarnation: int = 1, children: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    counts = dict.fromkeys(
        ("polls", "polls_missed", "readings", "changes", "samples_stored", "rows_stored", "batches_stored", "pending",
         "in_flight", "lost_samples", "devices", "devices_online", "points"),
        0,
    )  # fmt: skip
    counts |= {"polls": polls, "incarnation": incarnation}
    return {"at": at, "live": True, "counts": counts, "children": list(children)}


def child(name: str, supervisor: str = "gateway/devices", **changes: Any) -> dict[str, Any]:
    return {
        "supervisor": supervisor, "child": name, "kind": "task", "state": "running", "incarnation": 1, "restarts": 0,
        "last_exit": "", **changes,
    }  # fmt: skip


def test_rates_are_a_second() -> None:
    assert rates(look(1000, 10), look(3000, 15))["polls"] == 2.5


def test_a_detector_that_began_anew_has_no_rate() -> None:
    assert set(rates(look(1000, 1000), look(2000, 1, incarnation=2)).values()) == {0.0}
    assert set(rates(look(1000, 10), look(1000, 15)).values()) == {0.0}


def test_only_who_is_not_well_is_named_unless_everybody_is_asked_for() -> None:
    children = (
        child("writer", "gateway"),
        child("device/a"),
        child("device/b", restarts=2, last_exit="crashed: ValueError: x"),
        child("device/c", state="restarting"),
    )
    told = list(lines(look(0, 0), look(1000, 0, children=children)))
    assert "writer  running" in told
    assert "  device/b  running, restarted 2 times: crashed: ValueError: x" in told
    assert "  device/c  restarting" in told
    assert not [line for line in told if "device/a" in line]
    assert told[-1] == "running and never restarted: 1 in gateway/devices"
    assert "  device/a  running" in list(lines(look(0, 0), look(1000, 0, children=children), every=True))


def test_a_gateway_that_makes_no_progress_says_so_first() -> None:
    stuck = {**look(1000, 0), "live": False}
    assert next(lines(look(0, 0), stuck)).startswith("NOT LIVE: ")
