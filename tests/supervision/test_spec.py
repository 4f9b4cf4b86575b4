"""Laws S10-S12: specifications are refused before anything starts, each fault with its own text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from supervision import BadSpec, ChildSpec, Intensity, Restart, Strategy, SupervisorSpec, TrioActor


def child(name: str = "a", **options: Any) -> ChildSpec:
    return ChildSpec(name, TrioActor, **options)


DEFAULT: dict[str, Any] = {"name": "a", "start": TrioActor}


def test_the_defaults_are_those_of_the_contract() -> None:
    """S10"""
    spec = child()
    assert (spec.restart, spec.stop_timeout_s, spec.start_timeout_s) == (Restart.PERMANENT, 5.0, 10.0)
    assert spec.heartbeat_timeout_s is None
    tree = SupervisorSpec("root")
    assert (tree.strategy, tree.stop_timeout_s) == (Strategy.ONE_FOR_ONE, math.inf)
    assert tree.intensity == Intensity(5, 60.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "child name is ''"),
        ({"name": 3}, "child name is 3"),
        ({"start": None}, "start is None"),
        ({"restart": "permanent"}, "restart is 'permanent'.*Restart.PERMANENT"),
        ({"stop_timeout_s": -1}, "stop_timeout_s is -1"),
        ({"stop_timeout_s": math.nan}, "stop_timeout_s is nan"),
        ({"start_timeout_s": 0}, "start_timeout_s is 0"),
        ({"heartbeat_timeout_s": 0}, "heartbeat_timeout_s is 0"),
        ({"backoff": 3}, "backoff is 3"),
    ],
)
def test_a_wrong_child_is_refused(wrong: dict[str, Any], says: str) -> None:
    """S11"""
    with pytest.raises(BadSpec, match=says):
        ChildSpec(**{**DEFAULT, **wrong})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "supervisor name is ''"),
        ({"name": "a/b"}, "supervisor name is 'a/b'"),
        ({"strategy": "one_for_one"}, "strategy is 'one_for_one'"),
        ({"intensity": (5, 60)}, "intensity is"),
        ({"restart": None}, "restart is None"),
        ({"stop_timeout_s": -0.1}, "stop_timeout_s is -0.1"),
        ({"spacing_s": -1}, "spacing_s is -1"),
        ({"spacing_s": math.inf}, "spacing_s is inf"),
        ({"backoff": None}, "backoff is None"),
        ({"children": [child()]}, "children is a list"),
        ({"children": ("a",)}, "child 'a' must be a ChildSpec"),
        ({"children": (child(), child())}, "two children are named 'a'"),
        ({"children": (child(), SupervisorSpec("x", (child(),)))}, "two actors of the tree are named 'a'"),
    ],
)
def test_a_wrong_supervisor_is_refused(wrong: dict[str, Any], says: str) -> None:
    """S11, S12"""
    with pytest.raises(BadSpec, match=says):
        SupervisorSpec(**({"name": "root"} | wrong))
