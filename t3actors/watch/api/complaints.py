"""What the API says of those it turned away, so that a flood of them is a line in the log and not a flood there as well.

Once per endpoint, peer and reason; again after ten minutes with the number since. Bounded: who comes beyond 256 is counted with the rest,
and so is what one peer comes with beyond 16 reasons, some of which have his own words in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from t3actors.events import Log, LogEvent
from t3actors.events.api import API_FAILED, API_FLOODED, API_HUNG_UP, API_REFUSED

AGAIN_AFTER_S = 600.0
MOST_TOLD = 256
MOST_TOLD_OF_ONE = 16
OTHERS = "others"


class Complaints:
    """Thread: the trio loop. `now_s` is monotonic; `counts` takes how many were refused, flooded, failed, hung up on."""

    def __init__(self, log: Log, now_s: Callable[[], float], counts: Counter[str]) -> None:
        self._log = log
        self._now_s = now_s
        self._told_s: dict[tuple[str, ...], float] = {}
        self._since: Counter[tuple[str, ...]] = Counter()
        self._causes: set[str] = set()
        self._counts = counts

    def refused(self, endpoint: str, peer: str, reason: str) -> None:
        """A request was turned away for what it is."""
        self._counts["refused"] += 1
        key = self._room_for((endpoint, peer, reason), (endpoint, OTHERS, OTHERS))
        if key not in self._told_s and self._reasons_of(endpoint, peer) >= MOST_TOLD_OF_ONE:
            key = (endpoint, peer, OTHERS)
        self._tell(API_REFUSED, key, {"endpoint": key[0], "peer": key[1], "reason": key[2]})

    def flooded(self, endpoint: str, reason: str) -> None:
        """A request or a connection was one too many."""
        self._counts["flooded"] += 1
        self._tell(API_FLOODED, (endpoint, reason), {"endpoint": endpoint, "reason": reason})

    def hung_up(self, endpoint: str, peer: str) -> None:
        """A client did not read its answer."""
        self._counts["hung_up"] += 1
        key = self._room_for((endpoint, peer), (endpoint, OTHERS))
        self._tell(API_HUNG_UP, key, {"endpoint": endpoint, "peer": key[1]})

    def failed(self, endpoint: str, request: str, cause: str, traceback: str) -> None:
        """An error of ours ended a request or a connection."""
        self._counts["failed"] += 1
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

    def _reasons_of(self, endpoint: str, peer: str) -> int:
        now_s = self._now_s()
        return sum(
            key[:2] == (endpoint, peer) and now_s - told_s < AGAIN_AFTER_S for key, told_s in self._told_s.items()
        )

    def _room_for(self, key: tuple[str, ...], otherwise: tuple[str, ...]) -> tuple[str, ...]:
        if key in self._told_s or len(self._told_s) < MOST_TOLD:
            return key
        self._forget_the_old()
        return key if len(self._told_s) < MOST_TOLD else otherwise

    def _forget_the_old(self) -> None:
        now_s = self._now_s()
        for key in [key for key, told_s in self._told_s.items() if now_s - told_s >= AGAIN_AFTER_S]:
            del self._told_s[key]
            self._since.pop(key, None)
