"""What the supervisors tell, put into the words of the log."""

from __future__ import annotations

from collections import Counter

from supervision import events as told
from t3actors import events
from t3actors.events import Log


class SupervisionLog:
    """Turns supervision events into log events, and counts them for the summary. Thread: any that a supervisor uses."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.counts: Counter[str] = Counter()

    def __call__(self, event: told.Event) -> None:
        """Log one supervision event, if it is one that somebody should see."""
        match event:
            case told.ChildStarted():
                self._log(events.CHILD_STARTED, child=event.child, incarnation=event.incarnation)
            case told.ChildExited() if not event.kind.orderly:
                self._log(
                    events.CHILD_EXITED,
                    child=event.child,
                    incarnation=event.incarnation,
                    how=event.kind.value,
                    cause=repr(event.cause),
                    traceback=event.traceback_text,
                )
            case told.ChildRestarted():
                self.counts["restarts"] += 1
                self._log(
                    events.CHILD_RESTARTED,
                    child=event.child,
                    incarnation=event.incarnation,
                    restarts=event.restarts,
                )
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
