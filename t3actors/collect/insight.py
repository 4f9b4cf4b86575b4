"""What a device's actor tells whoever asks how it stands: its life, its last polls, when it asks next. Pure; called by device.py."""

from __future__ import annotations

from t3actors.collect.lifecycle import Outage, State
from t3actors.collect.pace import Polls
from t3actors.questions import DeviceInsight, PollSeen


def insight_of(
    state: State, outage: Outage | None, polls: Polls, next_s: float | None, now_s: float, at_ms: int
) -> DeviceInsight:
    """Say how it stands. `next_s`: when it asks next (monotonic)."""
    return DeviceInsight(
        state=state.value,
        next_try_s=None if next_s is None else max(0.0, next_s - now_s),
        attempts=0 if outage is None else outage.attempts,
        counts=polls.counts,
        polls=tuple(
            PollSeen(
                at_ms=round(at_ms - 1000 * (now_s - each.ended_s)),
                took_s=each.took_s,
                points=each.points,
                error=each.error,
            )
            for each in polls.last
        ),
    )
