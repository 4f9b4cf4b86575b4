"""How the actors and pools of the tree are supervised: the same patience and the same limits for all of a kind."""

from __future__ import annotations

from collections.abc import Callable

from supervision.actor import ThreadActor, TrioActor
from supervision.backoff import Backoff
from supervision.intensity import Intensity
from supervision.spec import ChildSpec, SupervisorSpec

RESTARTS_APART_S = 0.05
RESTART_AFTER = Backoff(initial_s=0.2, factor=2.0, cap_s=30.0, jitter=0.2)
ONE_MESSAGE_TAKES_AT_MOST_S = 60.0
"""An actor that works longer on one message hangs and is restarted."""


def actor_spec(
    name: str,
    start: Callable[[], TrioActor | ThreadActor],
    *,
    stop_within_s: float = 5.0,
    start_within_s: float = 10.0,
    one_message_within_s: float | None = ONE_MESSAGE_TAKES_AT_MOST_S,
) -> ChildSpec:
    """One actor. `one_message_within_s` None: it says itself how long its work may take."""
    return ChildSpec(
        name,
        start,
        stop_timeout_s=stop_within_s,
        start_timeout_s=start_within_s,
        heartbeat_timeout_s=one_message_within_s,
        backoff=RESTART_AFTER,
    )


def pool_spec(name: str, children: tuple[ChildSpec, ...]) -> SupervisorSpec:
    """A one_for_one supervisor whose children know nothing of each other; its intensity grows with their number.

    It is generous: a child that can never come up again must not take its siblings along for a long time (decision 4).
    """
    return SupervisorSpec(
        name=name,
        children=children,
        intensity=Intensity(restarts=10, restarts_per_child=10, period_s=60.0),
        spacing_s=RESTARTS_APART_S,
        stop_together=True,
    )
