"""The life of a device, as a table. Pure: what happened turns one state into the next, or leaves it.

             opened                    unanswered                 exhausted
CONNECTING ----------> ONLINE <------------------> BACKING_OFF -----------> OFFLINE
    |                    ^          answered            |                      |
    |                    +------------------------------+----------------------+
    +-- refused, exhausted --> OFFLINE                       answered
    +-- mismatched --> MISMATCHED, from any of these; refused or exhausted --> OFFLINE, answered --> ONLINE
"""

from __future__ import annotations

from enum import Enum

import msgspec

from t3actors.errors import DeviceMismatch, DriverError, LinkDown
from t3actors.points import DeviceStatus


class State(Enum):
    """Where a device is in its life."""

    UNKNOWN = "unknown"
    CONNECTING = "connecting"
    ONLINE = "online"
    BACKING_OFF = "backing off"
    OFFLINE = "offline"
    MISMATCHED = (
        "mismatched"  # offline too, but somebody is there: it is to be said even of one that was offline before
    )
    DISABLED = "disabled"
    STOPPED = "stopped"


class Happened(Enum):
    """What can happen to it."""

    STARTED = "started"
    DISABLED = "disabled"
    ANSWERED = "answered"  # it was met, or met again
    UNANSWERED = "unanswered"  # a poll brought nothing
    REFUSED = "refused"  # the other side said no: nobody listens there
    MISMATCHED = "mismatched"  # another device answers at this address
    EXHAUSTED = "exhausted"  # `down_after` polls in a row brought nothing
    STOPPED = "stopped"


_ALIVE = (State.CONNECTING, State.ONLINE, State.BACKING_OFF, State.OFFLINE, State.MISMATCHED)
SILENT = frozenset({State.OFFLINE, State.MISMATCHED})

TABLE: dict[tuple[State, Happened], State] = {
    (State.UNKNOWN, Happened.STARTED): State.CONNECTING,
    (State.UNKNOWN, Happened.DISABLED): State.DISABLED,
    (State.CONNECTING, Happened.ANSWERED): State.ONLINE,
    (State.CONNECTING, Happened.UNANSWERED): State.BACKING_OFF,
    (State.ONLINE, Happened.ANSWERED): State.ONLINE,
    (State.ONLINE, Happened.UNANSWERED): State.BACKING_OFF,
    (State.BACKING_OFF, Happened.ANSWERED): State.ONLINE,
    (State.BACKING_OFF, Happened.UNANSWERED): State.BACKING_OFF,
    (State.OFFLINE, Happened.ANSWERED): State.ONLINE,
    (State.OFFLINE, Happened.UNANSWERED): State.OFFLINE,
    (State.MISMATCHED, Happened.ANSWERED): State.ONLINE,
    (State.MISMATCHED, Happened.UNANSWERED): State.MISMATCHED,
    **{(state, Happened.REFUSED): State.OFFLINE for state in _ALIVE},
    **{(state, Happened.MISMATCHED): State.MISMATCHED for state in _ALIVE},
    **{(state, Happened.EXHAUSTED): State.OFFLINE for state in _ALIVE},
    **{(state, Happened.STOPPED): State.STOPPED for state in State},
}

SHOWN: dict[State, DeviceStatus] = {
    State.UNKNOWN: DeviceStatus.UNKNOWN,
    State.CONNECTING: DeviceStatus.CONNECTING,
    State.ONLINE: DeviceStatus.ONLINE,
    State.BACKING_OFF: DeviceStatus.CONNECTING,
    State.OFFLINE: DeviceStatus.OFFLINE,
    State.MISMATCHED: DeviceStatus.OFFLINE,
    State.DISABLED: DeviceStatus.DISABLED,
    State.STOPPED: DeviceStatus.UNKNOWN,
}
"""What DEVICES.status says in each state (the contract has fewer words than the life has states)."""


def after(state: State, happened: Happened) -> State:
    """The state that follows.

    Raises: KeyError for a pair that cannot happen, which is a bug in the caller.
    """
    return TABLE[state, happened]


def meaning_of(error: DriverError, *, exhausted: bool) -> Happened:
    """Say what a poll that failed so means for the device. `exhausted`: it has been silent for `down_after` polls."""
    if isinstance(error, DeviceMismatch):
        return Happened.MISMATCHED
    if isinstance(error, LinkDown) and error.refused:
        return Happened.REFUSED
    return Happened.EXHAUSTED if exhausted else Happened.UNANSWERED


class Outage(msgspec.Struct):
    """A device that does not answer just now: asked in vain so often, and again at `retry_at_s` (monotonic)."""

    attempts: int = 0
    retry_at_s: float = 0.0
    reason: str = ""
