"""What the log is told of one link, and how rarely: a link that is lost or garbled over and over is one line in ten minutes."""

from __future__ import annotations

from collections.abc import Callable

from t3actors.events import Log
from t3actors.events.modbus import ANSWER_REJECTED, LINK_IDS_NOT_ECHOED, LINK_LOST, LINK_OPENED

SAY_AGAIN_AFTER_S = 600.0
REASONS_REMEMBERED = 64


class Telling:
    """One link's. `now_s` is monotonic."""

    def __init__(self, link: str, log: Log, now_s: Callable[[], float]) -> None:
        self._link = link
        self._log = log
        self._now_s = now_s
        self._lost_at_s: dict[str, float] = {}
        self._rejected_at_s: dict[tuple[int | None, str], float] = {}

    def opened(self) -> None:
        """The connection is up."""
        self._log(LINK_OPENED, link=self._link)

    def lost(self, reason: str) -> None:
        """It was dropped, for no fault where `reason` is empty."""
        last_s = self._lost_at_s.get(reason)
        if reason and (last_s is None or self._now_s() - last_s >= SAY_AGAIN_AFTER_S):
            if len(self._lost_at_s) >= REASONS_REMEMBERED:
                self._lost_at_s.clear()  # the system's own error texts are many, but not that many
            self._lost_at_s[reason] = self._now_s()
            self._log(LINK_LOST, link=self._link, reason=reason)

    def rejected(self, unit_id: int | None, kind: str, reason: str, raw: bytes) -> None:
        """An answer was thrown away. Said once for a unit and kind, until `answered`."""
        said = (unit_id, kind)
        if said not in self._rejected_at_s:  # at most units times kinds
            self._rejected_at_s[said] = self._now_s()
            self._log(ANSWER_REJECTED, link=self._link, unit_id=unit_id, reason=reason, raw=raw.hex())

    def answered(self, unit_id: int) -> None:
        """A good answer came: what is rejected of this unit from now on is said anew, but not more often than that."""
        if self._rejected_at_s:
            since_s = self._now_s() - SAY_AGAIN_AFTER_S
            self._rejected_at_s = {
                said: at_s for said, at_s in self._rejected_at_s.items() if said[0] != unit_id or at_s > since_s
            }

    def ids_not_echoed(self) -> None:
        """The other side gives back no transaction ids."""
        self._log(LINK_IDS_NOT_ECHOED, link=self._link)
