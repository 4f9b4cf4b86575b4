"""What the API says of those it turned away, so that a flood of them is a line in the log and not a flood there as well.

Once per endpoint, peer and reason; again after ten minutes with the number since. Bounded: who comes beyond 256 is counted with the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from t3actors.api_events import API_FAILED, API_FLOODED, API_REFUSED
from t3actors.events import Log, LogEvent

AGAIN_AFTER_S = 600.0
MOST_TOLD = 256
OTHERS = "others"


class Complaints:
    """Thread: the trio loop. `now_s` is monotonic."""

    def __init__(self, log: Log, now_s: Callable[[], float]) -> None:
        self._log = log
        self._now_s = now_s
        self._told_s: dict[tuple[str, ...], float] = {}
        self._since: Counter[tuple[str, ...]] = Counter()
        self._causes: set[str] = set()
        self.counts: Counter[str] = Counter()

    def refused(self, endpoint: str, peer: str, reason: str) -> None:
        """A request was turned away for what it is."""
        self.counts["refused"] += 1
        key = (endpoint, peer, reason)
        if key not in self._told_s and len(self._told_s) >= MOST_TOLD:
            self._forget_the_old()
            if len(self._told_s) >= MOST_TOLD:
                key = (endpoint, OTHERS, OTHERS)
        self._tell(API_REFUSED, key, {"endpoint": key[0], "peer": key[1], "reason": key[2]})

    def flooded(self, endpoint: str, reason: str) -> None:
        """A request or a connection was one too many."""
        self.counts["flooded"] += 1
        self._tell(API_FLOODED, (endpoint, reason), {"endpoint": endpoint, "reason": reason})

    def failed(self, endpoint: str, request: str, cause: str, traceback: str) -> None:
        """An error of ours ended a request or a connection."""
        self.counts["failed"] += 1
        if cause not in self._causes and len(self._causes) < MOST_TOLD:
            self._causes.add(cause)
            self._log(API_FAILED, endpoint=endpoint, request=request, cause=cause, traceback=traceback)

    def _tell(self, event: LogEvent, key: tuple[str, ...], who: dict[str, str]) -> None:
        now_s = self._now_s()
        self._since[key] += 1
        told_s = self._told_s.get(key)
        if told_s is None or now_s - told_s >= AGAIN_AFTER_S:
            self._told_s[key] = now_s
            self._log(event, **who, refused=self._since.pop(key))

    def _forget_the_old(self) -> None:
        now_s = self._now_s()
        for key in [key for key, told_s in self._told_s.items() if now_s - told_s >= AGAIN_AFTER_S]:
            del self._told_s[key]
            self._since.pop(key, None)
