"""How simulated values move: pure, seeded, and cheap, for tens of thousands of points pass here each second.

A signal is told how much time went by and gives the new raw value (thousandths). It knows no register and no point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from random import Random

UNIT_SPREAD = math.sqrt(12.0)  # makes a uniform draw of width 1 a draw of standard deviation 1


class Motion(StrEnum):
    """What a point's value does as time passes."""

    STAY = "stay"
    WANDER = "wander"
    NOISE = "noise"
    TOGGLE = "toggle"


@dataclass(frozen=True, slots=True)
class Profile:
    """One sort of point: its range code, and how it moves.

    **Units**: `low` to `high` in the point's own unit; `pace_s` is the time a wandering value takes to forget where
    it was, and the mean time between two toggles; `step_raw` is the finest step the sensor resolves, in thousandths.
    """

    analog: bool
    range_code: int
    motion: Motion
    low: float
    high: float
    pace_s: float = 1800.0
    step_raw: int = 100


class Signal:
    """One moving value."""

    __slots__ = ("_centre", "_high", "_keep", "_kick", "_level", "_low", "_profile", "_random", "_seconds", "_until")

    def __init__(self, profile: Profile, random: Random) -> None:
        """Start somewhere inside the profile's band."""
        self._profile = profile
        self._random = random.random
        self._low = profile.low * 1000.0
        self._high = profile.high * 1000.0
        self._centre = self._low + (self._high - self._low) * (0.3 + 0.4 * random.random())
        self._level = self._centre
        self._until = self._next_toggle()
        self._seconds = -1.0
        self._keep = self._kick = 0.0
        if profile.motion is Motion.TOGGLE:
            self._level = self._high if random.random() < 0.5 else self._low

    @property
    def moves(self) -> bool:
        """Whether time changes this value at all."""
        return self._profile.motion is not Motion.STAY

    def raw(self) -> int:
        """Give the value as the panel would store it now."""
        step = self._profile.step_raw
        return round(self._level / step) * step

    def advance(self, seconds: float) -> int:
        """Let `seconds` pass; give the new raw value."""
        if self._profile.motion is Motion.TOGGLE:
            return self._advance_toggle(seconds)
        if seconds != self._seconds:
            self._tune(seconds)
        level = self._centre + (self._level - self._centre) * self._keep + self._kick * (self._random() - 0.5)
        if level < self._low:
            level = self._low
        elif level > self._high:
            level = self._high
        self._level = level
        step = self._profile.step_raw
        return round(level / step) * step

    def resume_at(self, raw: int) -> None:
        """Go on from a value that someone set."""
        self._level = float(raw)

    def _tune(self, seconds: float) -> None:
        # The exact step of a mean-reverting walk, so one step of an hour is as stable as 3,600 of a second.
        self._seconds = seconds
        noisy = self._profile.motion is Motion.NOISE
        self._keep = 0.0 if noisy else math.exp(-seconds / self._profile.pace_s)
        spread = (self._high - self._low) / (20.0 if noisy else 6.0)
        self._kick = spread * math.sqrt(1.0 - self._keep * self._keep) * UNIT_SPREAD

    def _advance_toggle(self, seconds: float) -> int:
        self._until -= seconds
        if self._until <= 0.0:
            self._level = self._low if self._level == self._high else self._high
            self._until = self._next_toggle()
        return int(self._level)

    def _next_toggle(self) -> float:
        return -math.log(1.0 - self._random()) * self._profile.pace_s


def _digital(range_code: int, pace_s: float) -> Profile:
    return Profile(False, range_code, Motion.TOGGLE, 0.0, 1.0, pace_s, 1000)


# Range codes: T3000's tables (analog inputs, outputs, variables; digital for all kinds).
INPUT_PROFILES = (
    Profile(True, 3, Motion.WANDER, 16.0, 28.0),  # 10K type 2, °C
    _digital(3, 600.0),  # stop/start: a fan's status
    Profile(True, 27, Motion.WANDER, 20.0, 80.0),  # humidity, %
    Profile(True, 29, Motion.NOISE, 900.0, 1500.0, step_raw=1000),  # rpm
    Profile(True, 28, Motion.WANDER, 400.0, 1400.0, 900.0, 1000),  # CO2, ppm
    Profile(True, 1, Motion.WANDER, -15.0, 12.0, 7200.0),  # Y3K, °C: outside air
    _digital(5, 1800.0),  # normal/alarm
    Profile(True, 19, Motion.NOISE, 2.0, 6.0, step_raw=10),  # 0 to 10 V: a flow meter
)
OUTPUT_PROFILES = (
    Profile(True, 1, Motion.WANDER, 0.0, 10.0, 600.0),  # 0 to 10 V
    _digital(3, 900.0),  # stop/start: a fan
    Profile(True, 2, Motion.WANDER, 0.0, 100.0, 600.0, 1000),  # % open
    _digital(1, 900.0),  # off/on: a switch
)
VARIABLE_PROFILES = (
    Profile(True, 1, Motion.STAY, 18.0, 24.0, step_raw=500),  # °C: a setpoint
    Profile(True, 15, Motion.NOISE, 400.0, 1200.0, step_raw=1000),  # CFM
    _digital(10, 3600.0),  # unoccupied/occupied
    Profile(True, 4, Motion.NOISE, -25.0, 25.0),  # Pa: the room against the corridor
    Profile(True, 9, Motion.WANDER, 0.0, 40.0, 900.0, 10),  # kW
)
