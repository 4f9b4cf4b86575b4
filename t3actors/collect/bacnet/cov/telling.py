"""What the log is told of one device's subscriptions: a refusal once for its reason, not at every try."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from t3actors.events import Log
from t3actors.events.bacnet import COV_BEGAN, COV_ENDED, COV_LEFT, COV_LOST, COV_REFUSED, COV_UNLISTED


class Telling:
    """One device's."""

    def __init__(self, device: str, log: Log) -> None:
        self._device = device
        self._log = log
        self._said: dict[str, str] = {}

    def began(self, point_id: str, lifetime_s: float) -> None:
        """The device tells of this point."""
        self._log(COV_BEGAN, device=self._device, point_id=point_id, lifetime_s=round(lifetime_s))

    def lost(self, point_id: str, reason: str, pause_s: float) -> None:
        """It does so no longer."""
        self._log(COV_LOST, device=self._device, point_id=point_id, reason=reason, next_try_s=round(pause_s))

    def ended(self, point_id: str, reason: str, pause_s: float) -> None:
        """We want it no longer."""
        self._log(COV_ENDED, device=self._device, point_id=point_id, reason=reason, next_try_s=round(pause_s))

    def left(self, count: int, ends_in_s: float | None) -> None:
        """So many could not be taken back at the end."""
        self._log(COV_LEFT, device=self._device, count=count, ends_in_s=None if ends_in_s is None else ceil(ends_in_s))

    def refused(self, point_id: str, reason: str, pause_s: float) -> None:
        """It never did."""
        if self._is_news(point_id, reason):
            self._log(COV_REFUSED, device=self._device, point_id=point_id, reason=reason, next_try_s=round(pause_s))

    def unlisted(self, points: Sequence[str], reason: str) -> None:
        """These entries of the configured list are without effect."""
        if points and self._is_news(f"list: {reason}", " ".join(points)):
            self._log(COV_UNLISTED, device=self._device, points=list(points), reason=reason)

    def _is_news(self, about: str, said: str) -> bool:
        is_news = self._said.get(about) != said
        self._said[about] = said
        return is_news
