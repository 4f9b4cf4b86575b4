"""Which point of a device is subscribed to next, and which not yet again. Pure; subscriptions.py asks it.

With a list, those points in its order; with `cov = true`, what standing.py finds to pay. Whatever was refused or lost waits, longer each
time.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from t3actors.collect.bacnet.cov import standing as cov
from t3actors.collect.bacnet.mapping import Item
from t3actors.config import DeviceConfig
from t3actors.points import Reading

CHOOSE_EVERY_S = 30.0
REFUSALS_BEARABLE = 5  # of one point after another, before the device is left alone for a day


class Wanted:
    """One device's wishes. Bounded by its points."""

    def __init__(self, config: DeviceConfig, verify_s: float, lifetime_s: float) -> None:
        self.items: dict[str, Item] = {}
        self._config = config
        self._named = tuple(dict.fromkeys(config.cov)) if isinstance(config.cov, tuple) else ()
        self._verify_s = verify_s
        self._lifetime_s = lifetime_s
        self._habits: dict[str, cov.Habit] = {}
        self._chosen: list[str] = []
        self._choose_at_s = float("-inf")
        self._not_before_s: dict[str, float] = {}
        self._device_not_before_s = float("-inf")
        self._failures: dict[str, int] = {}
        self._refusals_in_row = 0

    @property
    def is_learning(self) -> bool:
        """Whether the points are chosen by what they do."""
        return self._config.cov is True

    def take_over(self, items: Iterable[Item], *, complete: bool) -> None:
        """Take the device's points as they are known now; `complete`: of others nothing need be remembered any more."""
        self.items = {item.point.point_id: item for item in items}
        for known in (self._habits, self._not_before_s, self._failures) if complete else ():
            for name in [name for name in known if name not in self.items]:
                del known[name]
        self._choose_at_s = float("-inf")

    def useless(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give what of the list is no point of the device, and what of it is one too many."""
        known = tuple(name for name in self._named if name in self.items)
        return tuple(name for name in self._named if name not in self.items), known[self._config.cov_max :]

    def learn(self, reading: Reading) -> None:
        """Take a reading of a point that is polled."""
        habit = self._habits.get(reading.point_id)
        if habit is None:
            if reading.point_id not in self.items:
                return
            habit = self._habits[reading.point_id] = cov.Habit()
        habit.polled(reading)

    def next(self, held: Container[str], now_s: float) -> str | None:
        """Give the point that is to be subscribed to."""
        if now_s < self._device_not_before_s:
            return None
        if self.is_learning and now_s >= self._choose_at_s:
            self._choose_at_s = now_s + CHOOSE_EVERY_S
            self._chosen = cov.choose(
                self.items.values(), self._habits, self._costs(self._config.rules.poll_interval_s)
            )
        for name in self._names():
            if name in self.items and name not in held and now_s >= self._not_before_s.get(name, now_s):
                return name
        return None

    def next_at_s(self, held: Container[str], now_s: float) -> float | None:
        """Give when there may be one."""
        left = [
            self._not_before_s.get(name, now_s) for name in self._names() if name in self.items and name not in held
        ]
        if self.is_learning:
            left.append(self._choose_at_s)
        return max(min(left), self._device_not_before_s) if left else None

    def began(self, name: str) -> None:
        """It is subscribed to; what it did when it was polled says no more what it does."""
        self._habits.pop(name, None)

    def told(self) -> None:
        """The device keeps its word for a point: refusals before that say nothing of the whole device."""
        self._refusals_in_row = 0

    def is_too_dear(self, item: Item, notifications: int, elapsed_s: float) -> bool:
        """Say whether a chosen point should not have been."""
        costs = self._costs(item.point.rules.poll_interval_s)
        return self.is_learning and costs.is_too_dear(notifications, elapsed_s)

    def attempts(self, name: str) -> int:
        """Give how often it failed of late."""
        return self._failures.get(name, 0)

    def failed(
        self, name: str, now_s: float, pause_s: float | None, *, stood_s: float | None, chance: Callable[[], float]
    ) -> float:
        """Take a failure; `stood_s` None: it never told anything. **Returns**: the pause until it is tried again."""
        is_new = stood_s is not None and stood_s >= cov.PROVEN_S
        self._failures[name] = failures = 1 if is_new else self._failures.get(name, 0) + 1
        if pause_s is None:
            pause_s = cov.LOST.delay_s(failures, chance)
        self.pause(name, now_s + pause_s)
        if stood_s is None:
            self._refusals_in_row += 1
            if self._refusals_in_row >= REFUSALS_BEARABLE:
                self._refusals_in_row = 0
                self.pause_device(now_s + cov.DAY_S)
        return pause_s

    def pause(self, name: str, until_s: float) -> None:
        """Leave it alone until then."""
        self._not_before_s[name] = until_s

    def pause_device(self, until_s: float) -> None:
        """Subscribe to nothing new until then."""
        self._device_not_before_s = max(self._device_not_before_s, until_s)

    def _names(self) -> Iterable[str]:
        return self._chosen if self.is_learning else self._named

    def _costs(self, interval_s: float) -> cov.Costs:
        return cov.Costs(interval_s, self._verify_s, self._lifetime_s)
