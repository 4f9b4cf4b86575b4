"""How the link does, in numbers. Thread: trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t3actors.collect.bacnet.link.requests import LinkCounts

if TYPE_CHECKING:
    from t3actors.collect.bacnet.link.stack import Stack


def while_closed(waiting: int, reason: str) -> LinkCounts:
    """Give the counts of a link without a stack."""
    blank = dict.fromkeys(("bad_datagrams", "dropped_datagrams", "send_errors", "heard_dropped", "stray_errors"), 0)
    return LinkCounts(
        is_open=False, endpoint="", registered=None, in_flight=0, waiting=waiting, last_trouble=reason, **blank
    )


def counts_of(stack: Stack, in_flight: int, waiting: int, late_answers: int) -> LinkCounts:
    """Give the counts of a link that is open."""
    foreign = stack.application.foreign if stack.application is not None else None
    return LinkCounts(
        is_open=True,
        endpoint=stack.datagrams.bound_at,
        registered=None if foreign is None else foreign.registered,
        in_flight=in_flight,
        waiting=waiting,
        bad_datagrams=stack.datagrams.bad,
        dropped_datagrams=stack.datagrams.dropped,
        send_errors=stack.datagrams.send_errors,
        heard_dropped=stack.heard.dropped,
        stray_errors=stack.thread.stray_errors,
        last_trouble=stack.datagrams.last_trouble or stack.thread.last_stray,
        late_answers=late_answers,
    )
