from __future__ import annotations

import json

import pytest

from t3actors.collect.t3000.door import READ_ACTIONS, build_request


@pytest.mark.parametrize("action", sorted(READ_ACTIONS))
def test_a_request_carries_its_action(action: int) -> None:
    assert json.loads(build_request(action, {"panelId": 3})) == {"panelId": 3, "action": action}
    assert json.loads(build_request(action, {"action": action})) == {"action": action}


@pytest.mark.parametrize("action", [-1, 0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 14, 16, 18])
def test_an_action_that_does_more_than_read_is_never_built(action: int) -> None:
    with pytest.raises(ValueError, match=f"action: saw {action}, this gateway sends only reads"):
        build_request(action, {})


def test_an_action_cannot_be_smuggled_in_with_the_request() -> None:
    with pytest.raises(ValueError, match="saw 16 in the request for action 4"):
        build_request(4, {"action": 16})


@pytest.mark.parametrize(("filling", "good"), [(4071, True), (4072, False)])
def test_a_request_has_at_most_4096_octets(filling: int, good: bool) -> None:
    request: dict[str, object] = {"filling": "x" * filling}
    if good:
        assert len(build_request(4, request)) == 4096
    else:
        with pytest.raises(ValueError, match="request: saw 4097 octets"):
            build_request(4, request)
