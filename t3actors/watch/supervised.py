"""What the supervisors tell, put into the words of the log; restarts also into a row for EVENTS.

A supervisor decides what comes next right after a child's end: that line is held until the next event, to say it in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from supervision import events as told
from supervision.errors import describe
from t3actors.events import Log
from t3actors.events import supervision as events
from t3actors.messages import EventHappened

DEVICE = "device/"


class SupervisionLog:
    """Turns supervision events into log events, and counts them for the summary. `tell` takes rows for EVENTS.

    Thread: the supervisors'; the loop's stalls: any.
    """

    def __init__(self, log: Log, wall_ms: Callable[[], int], tell: Callable[[EventHappened], object]) -> None:
        self._log = log
        self._wall_ms = wall_ms
        self._tell = tell
        self._ended: told.ChildExited | None = None
        self._causes: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def __call__(self, event: told.Event) -> None:
        """Log one supervision event, if it is one that somebody should see."""
        if not isinstance(event, told.MailDropped | told.LoopStalled | told.LoopResumed):
            self._say_ended(event)
        match event:
            case told.ChildStarted():
                self._causes.pop(event.child, None)
                self._log(events.CHILD_STARTED, child=event.child, incarnation=event.incarnation)
            case told.ChildExited() if not event.kind.orderly:
                self._ended = event
                self._causes[event.child] = event.kind.value if event.cause is None else describe(event.cause)
            case told.ChildRestarted():
                self.counts["restarts"] += 1
                self._log(
                    events.CHILD_RESTARTED,
                    child=event.child,
                    incarnation=event.incarnation,
                    restarts=event.restarts,
                )
                self._tell(self._row_of(event))
            case told.ChildLate():
                self._log(
                    events.CHILD_LATE,
                    child=event.child,
                    incarnation=event.incarnation,
                    doing=event.what,
                    late_s=round(event.late_by_s, 1),
                    where=event.stack_text,
                )
            case told.ChildAbandoned():
                self.counts["abandoned"] += 1
                self._log(
                    events.CHILD_ABANDONED,
                    child=event.child,
                    incarnation=event.incarnation,
                    abandoned_total=self.counts["abandoned"],
                    where=event.stack_text,
                )
            case told.MailDropped():
                self.counts["mail_dropped"] += event.count
                self._log(events.MAIL_DROPPED, child=event.child, messages=event.count)
            case told.RestartLimitExceeded():
                self._log(
                    events.RESTARTS_EXHAUSTED,
                    supervisor=event.supervisor,
                    restarts=event.restarts,
                    period_s=event.period_s,
                    cause=repr(event.cause),
                )
            case told.LoopStalled():
                self._log(events.LOOP_STALLED, limit_s=round(event.stalled_for_s, 1), where=event.stack_text)
            case told.LoopResumed():
                self._log(events.LOOP_RESUMED, stalled_s=round(event.stalled_for_s, 1))

    def _say_ended(self, after: told.Event) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        next_try_s: float | None = None
        if isinstance(after, told.ChildRestartScheduled) and after.child == ended.child:
            next_try_s = round(after.delay_s, 1)
        self._log(
            events.CHILD_EXITED,
            child=ended.child,
            incarnation=ended.incarnation,
            how=ended.kind.value,
            cause=repr(ended.cause),
            traceback=ended.traceback_text,
            next_try_s=next_try_s,
        )

    def _row_of(self, restarted: told.ChildRestarted) -> EventHappened:
        cause, child = self._causes.pop(restarted.child, ""), restarted.child
        device = child.removeprefix(DEVICE) if child.startswith(DEVICE) else None
        reason = cause if device else f"{child}: {cause}"
        return EventHappened(at_ms=self._wall_ms(), event="child.restarted", device=device, reason=reason)
