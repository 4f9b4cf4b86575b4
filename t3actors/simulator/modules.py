"""Where Temco's I/O modules and sensors keep what, as the simulator serves them; who reads them over the wire has maps of its own.

The two are kept apart on purpose, as in registers.py: here the registers are written as rows of equal things, there one by one.
Source: Temco's register lists, as T3000 carries them, by product; scales as in the firmware where that is public.
"""

from __future__ import annotations

from dataclasses import dataclass

from t3actors.simulator.signals import Motion, Profile

T3_PT12, TSTAT10 = 46, 10  # T3000 ProductModel.h
REGISTERS = 7813  # so many are served: up to the range of a TSTAT10's ninth input


@dataclass(frozen=True, slots=True)
class Sort:
    """What a point is: its range code, how it moves, and how its register counts. `before`: the value begins so many registers earlier."""

    profile: Profile
    scale: float
    width: int = 1
    before: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Points in a row: point n (from 0) has its value at `first + n * step`, and so on. Without a prefix `names` are its points."""

    first: int
    sorts: tuple[Sort, ...]
    prefix: str = ""
    count: int = 1
    start: int = 1
    step: int = 1
    names: tuple[str, ...] = ()
    range_code: int | None = None
    analog: int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The points' ids."""
        return self.names or tuple(f"{self.prefix}{number}" for number in range(self.start, self.start + self.count))


@dataclass(frozen=True, slots=True)
class ModuleType:
    """One product: what registers 4 and 5 hold, its points, and registers that say something about them."""

    product: int
    version: tuple[int, int]
    groups: tuple[Group, ...]
    settings: tuple[tuple[int, int], ...] = ()


def _analog(code: int, low: float, high: float, scale: float, width: int = 1) -> Sort:
    return Sort(Profile(True, code, Motion.WANDER, low, high, 600.0, round(scale * 1000) or 1), scale, width)


def _digital(code: int = 0) -> Sort:
    return Sort(Profile(False, code, Motion.TOGGLE, 0.0, 1.0, 900.0, 1000), 1.0)


def _counting(code: int, width: int, before: int) -> Sort:
    return Sort(
        Profile(
            True,
            code,
            Motion.WANDER,
            70_000.0 if width == 2 else 100.0,
            90_000.0 if width == 2 else 60_000.0,
            600.0,
            1000,
        ),
        1.0,
        width,
        before,
    )


def _one(name: str, register: int, low: float, high: float, scale: float) -> Group:
    return Group(register, (_analog(0, low, high, scale),), names=(name,))


def _flag(name: str, register: int) -> Group:
    return Group(register, (_digital(),), names=(name,))


# Range codes of T3000's own tables: 3 10K type 2 in °C, 4 in °F, 11 0 to 5 V, 13 4 to 20 mA, 27 humidity.
T3_INPUTS = (
    _analog(3, -20.0, 40.0, 0.001, 2),
    Sort(Profile(False, 3, Motion.TOGGLE, 0.0, 1.0, 900.0, 1000), 0.001, 2),
    _analog(27, 20.0, 90.0, 0.001, 2),
    _analog(4, 10.0, 90.0, 0.001, 2),
    _analog(11, 0.0, 5.0, 0.001, 2),
)
# Of the older modules: 1 10K in °C, 3 %, 4 on/off, 6 pulses, 12 0 to 10 V, 9 10K type 3 in °F.
OLD_INPUTS = (
    _analog(1, -20.0, 40.0, 0.1),
    _digital(4),
    _analog(3, 0.0, 100.0, 1.0),
    _analog(12, 0.0, 10.0, 0.001),
    _analog(9, -4.0, 99.0, 0.1),
)

# Of a TSTAT8: 1 10K, 5 off/on, 2 %, 14 0 to 5 V.
TSTAT_INPUTS = (_analog(1, -20.0, 40.0, 0.1), _digital(5), _analog(2, 0.0, 100.0, 1.0), _analog(14, 0.0, 5.0, 0.01))

TYPES = {
    kind.product: kind
    for kind in (
        ModuleType(43, (17, 0), (Group(100, T3_INPUTS, "IN", 22, step=2, range_code=225, analog=269),)),
        ModuleType(
            44, (17, 0),
            (
                Group(116, T3_INPUTS, "IN", 8, step=2, range_code=225, analog=157),
                Group(108, (_digital(),), "OUT", 6),
                Group(100, (_analog(1, 0.0, 10.0, 0.001), _analog(6, 4.0, 20.0, 0.001)), "OUT", 8, start=7, range_code=274),
            ),
            tuple((282 + place, 2) for place in range(14)),
        ),
        ModuleType(
            20, (3, 64),
            (
                Group(119, (*OLD_INPUTS, _counting(6, 2, 1)), "IN", 8, step=2, range_code=183),
                Group(100, (_digital(),), "OUT", 13),
            ),
            ((116, 0xAAAA), (117, 0x02AA)),
        ),
        ModuleType(22, (3, 64), (Group(100, (*OLD_INPUTS, _counting(6, 1, 0)), "IN", 32, range_code=228),)),
        ModuleType(46, (9, 0), (Group(100, (_analog(1, -40.0, 200.0, 0.1), _analog(6, -40.0, 400.0, 0.1)), "IN", 12, range_code=148),)),
        ModuleType(
            9, (97, 0),
            (
                _one("temperature", 121, 16.0, 28.0, 0.1),
                _one("internal-temperature", 130, -9.0, 28.0, 0.1),
                Group(131, TSTAT_INPUTS, "IN", 8, range_code=122),
                _one("co2", 139, 400.0, 1400.0, 1.0),
                _one("humidity", 140, 20.0, 80.0, 0.1),
                _one("light", 628, 0.0, 900.0, 1.0),
                _one("OUT6", 210, 0.0, 100.0, 0.1),
                _one("OUT7", 211, 0.0, 100.0, 0.1),
                _one("cool-heat-mode", 101, 0.0, 2.0, 1.0),
                _one("operation", 102, 0.0, 6.0, 1.0),
                _one("day-setpoint", 345, 18.0, 24.0, 0.1),
                Group(348, (_analog(0, 18.0, 24.0, 0.1),), names=("day-cooling-setpoint", "day-heating-setpoint", "night-setpoint")),
                Group(354, (_analog(0, 12.0, 30.0, 0.1),), names=("night-heating-setpoint", "night-cooling-setpoint")),
            ),
            ((209, 0b10110), (104, 0)),
        ),
        ModuleType(
            10, (3, 64),
            (
                _one("temperature", 730, -5.0, 28.0, 0.1),
                _one("tvoc", 731, 0.0, 500.0, 1.0),
                _one("humidity", 732, 20.0, 80.0, 0.1),
                _flag("occupied", 733),
                _one("co2", 734, 400.0, 1400.0, 1.0),
                _one("light", 735, 0.0, 900.0, 1.0),
                _one("sound", 736, 20.0, 90.0, 1.0),
                Group(740, (_analog(0, 0.0, 60_000.0, 1.0),), names=tuple(f"pulses-{number}" for number in range(1, 5))),
            ),
            ((7812, 0x0103),),
        ),
        *(
            ModuleType(
                product, (103, 0),
                (
                    _one("temperature", 204, -10.0, 28.0, 0.1),
                    _one("humidity", 207, 20.0, 80.0, 0.1),
                    _one("co2", 211, 400.0, 1400.0, 1.0),
                    Group(213, (_analog(0, 800.0, 2000.0, 1.0),), names=("co2-prealarm-setpoint", "co2-alarm-setpoint")),
                    _one("dew-point", 3049, -9.0, 15.0, 0.1),
                    Group(3053, (_analog(0, 5.0, 40.0, 0.1),), names=("vapour-pressure", "mixing-ratio", "enthalpy")),
                    Group(3066, (_analog(0, 0.0, 10.0, 0.01),), names=("humidity-output", "temperature-output", "co2-output")),
                ),
            )
            for product in (210, 211)
        ),
        ModuleType(
            216, (103, 0),
            (
                _one("co2", 108, 400.0, 1400.0, 1.0),
                Group(112, (_analog(0, 800.0, 2000.0, 1.0),), names=("co2-prealarm-setpoint", "co2-alarm-setpoint")),
                _one("humidity", 116, 20.0, 80.0, 0.1),
                _one("temperature", 119, -10.0, 28.0, 0.1),
                _one("internal-temperature", 121, -10.0, 28.0, 0.1),
            ),
        ),
        *(
            ModuleType(
                product, (103, 0),
                (
                    _one("temperature", 101, -10.0, 28.0, 0.1),
                    _one("humidity", 304, 20.0, 80.0, 0.1),
                    _one("dew-point", 482, -9.0, 15.0, 0.1),
                    Group(488, (_analog(0, 5.0, 40.0, 0.1),), names=("vapour-pressure", "mixing-ratio", "enthalpy")),
                    _one("light", 538, 0.0, 900.0, 1.0),
                ),
            )
            for product in (212, 213)
        ),
        ModuleType(214, (103, 0), (_one("pressure", 711, -8.0, 8.0, 0.01),), ((701, 8), (702, 0))),
        ModuleType(215, (103, 0), (_one("pressure", 711, 0.0, 100.0, 0.1),), ((701, 1), (702, 2))),
        ModuleType(
            62, (20, 0),
            (
                _one("temperature", 121, -5.0, 28.0, 0.1),
                _one("co2", 139, 400.0, 1400.0, 1.0),
                _one("humidity", 140, 20.0, 80.0, 0.1),
                _flag("sound-alarm", 615),
                _flag("light-alarm", 619),
                _flag("co2-alarm", 623),
                _flag("occupancy-alarm", 635),
                _one("light", 628, 0.0, 900.0, 1.0),
                _one("sound", 640, 20.0, 90.0, 1.0),
                _flag("occupied", 736),
                Group(
                    760, (_analog(0, 0.0, 60.0, 1.0),),
                    names=("pm1", "pm2.5", "pm4", "pm10", "count-0.5", "count-1", "count-2.5", "count-4", "count-10"),
                ),
                _one("tvoc", 988, 0.0, 500.0, 1.0),
            ),
            ((104, 0),),
        ),
    )
}  # fmt: skip
