"""T01 and T02: one dead device costs the others nothing, is told for what it is, and comes back by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import trio

from t3actors.points import Rules
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.panel import SimulatedPanel
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.system.house import House, Tap, config_of, gateway_running, listed
from tests.system.relay import relaying
from tests.waiting import WITHIN_S, until

INTERVAL_S = 0.1
TIMEOUT_S = 0.1
SPAN_POLLS = 12  # of each device that stands alone: a span's length, whatever the machine is busy with
UNITS, MORTAL = 6, (2, 4, 6)
STILL = 3600.0  # values do not move
TRIES = 6  # a time-out that is long enough for a busy machine is too long for a test: some tries may be spoilt, not all

PATIENT = Rules(poll_interval_s=INTERVAL_S, stale_after=1000, down_after=1000, max_interval_s=0.0)


class Street:
    """Six units behind one simulated Modbus gateway, four panels by themselves, and what each was asked."""

    def __init__(self, bus: Plant, lone: Plant) -> None:
        self.bus, self.lone = bus, lone
        self._bus_tap = Tap(bus.servers[0])
        self._lone_taps = [Tap(server) for server in lone.servers]
        port = bus.servers[0].port
        # Whoever is to live is given time: a busy machine is not to be taken for a dead device.
        living = partial(listed, timeout_s=WITHIN_S, rules=PATIENT)
        mortal = partial(listed, timeout_s=TIMEOUT_S, rules=Rules(poll_interval_s=INTERVAL_S, max_interval_s=0.0))
        self.devices = [
            (mortal if unit in MORTAL else living)(f"bus-{unit}", port, unit_id=unit) for unit in range(1, UNITS + 1)
        ]
        self.devices += [living(f"lone-{n}", server.port) for n, server in enumerate(lone.servers, 1)]

    def asked(self) -> Counter[str]:
        counts = Counter({f"bus-{unit}": self._bus_tap.asked[unit] for unit in range(1, UNITS + 1)})
        counts.update({f"lone-{n}": tap.asked.total() for n, tap in enumerate(self._lone_taps, 1)})
        return counts

    async def over_a_span(self) -> Counter[str]:
        """How often each is asked while each of those that stand alone is asked so many times."""
        before = self.asked()
        enough = {name: before[name] + SPAN_POLLS for name in before if name.startswith("lone")}
        await until(lambda: all(self.asked()[name] >= most for name, most in enough.items()))
        return self.asked() - before

    async def over_a_span_in_which(self, law: Callable[[Counter[str]], object]) -> Counter[str]:
        """The same of the first span that keeps a law: a busy machine may spoil one, what is wrong spoils all."""
        for _ in range(TRIES):
            span = await self.over_a_span()
            if law(span):
                return span
        raise AssertionError(span)

    def kill(self, *units: int) -> None:
        for unit in units:
            self.bus.set_fault(f"panel-{unit}", Fault(FaultKind.STALL))


async def test_dead_units_are_told_and_asked_ever_more_rarely_while_their_bus_and_all_others_are_polled(
    tmp_path: Path,
) -> None:
    """T01 through the whole gateway. What it costs whom, poll for poll, is in tests/collect/modbus/test_dead_units.py."""
    async with (
        running_plant(PlantSize(UNITS, seed=5, units_per_listener=UNITS, tick_s=STILL)) as bus,
        running_plant(PlantSize(4, seed=6, tick_s=STILL)) as lone,
    ):
        street = Street(bus, lone)
        names = {device.name for device in street.devices}
        async with gateway_running(config_of(street.devices, tmp_path)) as house:
            await until(lambda: len(house.log.of("device.online")) == len(names))

            street.kill(2)
            one_dead = await street.over_a_span()
            street.kill(4, 6)
            half_dead = await street.over_a_span_in_which(lambda span: span["bus-2"] < one_dead["bus-2"])
            dead = {f"bus-{unit}" for unit in MORTAL}
            await until(lambda: {name for name in names if house.status(name) == "offline"} == dead)
            demoted = await street.over_a_span_in_which(
                lambda span: all(span[name] < half_dead[name] for name in ("bus-4", "bus-6"))
            )
            for name in names - dead:
                assert min(one_dead[name], half_dead[name], demoted[name]) > demoted["bus-4"], "polls, not probes"
                assert house.point_statuses(name) == {"ok"}
            assert {line["device"] for line in house.log.of("device.offline")} == dead
            backed_off = {line["device"] for line in house.log.of("device.backing_off")}
            assert backed_off, "unless a slow machine has them all offline before"
            assert backed_off <= dead
            assert bus.servers[0].clients == 1, "the living keep the connection"
            assert bus.servers[0].counts.connections == 1


OF_A_BUSY_MACHINE = {"poll.overrun", "poll.recovered"}  # an interval of 50 ms is soon missed
SICK = Rules(poll_interval_s=0.05, stale_after=5, down_after=30, max_interval_s=0.0)
SICK_TIMEOUT_S = (
    0.3  # of who is silent or slow; of others it is long: that the machine is slow must not be what is told
)
SILENT = ("blackhole", "stall", "slower than its time-out")
FAULTS = {
    "blackhole": (Fault(FaultKind.BLACKHOLE), "offline", "down", "no connection within"),
    "refuse": (Fault(FaultKind.REFUSE), "offline", "down", "connection refused"),
    "stall": (Fault(FaultKind.STALL), "offline", "down", "gave no answer within"),
    "slower than its time-out": (Fault(FaultKind.SLOW, delay_s=0.8), "offline", "down", "gave no answer within"),
    "drop": (Fault(FaultKind.DROP), "offline", "down", "closes it without an answer"),
    "drop in mid-frame": (Fault(FaultKind.DROP_MID_FRAME), "offline", "down", "in the middle of an answer"),
    "exception 0x0B": (Fault(FaultKind.EXCEPTION, code=0x0B), "offline", "down", "target did not respond"),
    "exception 6": (Fault(FaultKind.EXCEPTION, code=6), "online", "fault", "device busy (Modbus exception 6)"),
    "garbage": (Fault(FaultKind.GARBAGE), "offline", "down", "no Modbus TCP"),
}


WELL = ("well-1", "well-2")


async def test_each_fault_of_one_device_is_told_for_what_it_is_and_ends_by_itself(tmp_path: Path) -> None:
    """T02. All faults strike at once, each a device of its own in one gateway, beside devices that are well."""
    async with running_plant(PlantSize(len(FAULTS) + len(WELL), seed=5, tick_s=STILL)) as plant:
        listing = plant.listing()
        sick = dict(zip(FAULTS, listing, strict=False))
        well = dict(zip(WELL, listing[len(FAULTS) :], strict=True))
        devices = [
            listed(name, row["port"], timeout_s=SICK_TIMEOUT_S if name in SILENT else WITHIN_S, rules=SICK)
            for name, row in sick.items()
        ]
        devices += [listed(name, row["port"], timeout_s=WITHIN_S, rules=PATIENT) for name, row in well.items()]
        tap = Tap(plant.server_of(well["well-1"]["name"]))
        async with gateway_running(config_of(devices, tmp_path)) as house:
            async with trio.open_nursery() as nursery:
                for fault, row in sick.items():
                    nursery.start_soon(undergo, fault, house, plant, row["name"], tap)
            for fault, row in sick.items():
                nothing_wrong_is_stored(house, fault, plant.panels[row["name"]])
            said = {event for event, keys in house.log.lines if keys.get("device") in WELL}
            assert said - OF_A_BUSY_MACHINE == {"device.connecting", "device.online"}
            assert house.log.of("child.exited") == []


async def undergo(fault: str, house: House, plant: Plant, panel: str, beside: Tap) -> None:
    """Let a fault strike the device that bears its name until it is told for what it is."""
    for _ in range(TRIES):
        wrong = await struck(fault, house, plant, panel, beside)
        if not wrong:
            return
    raise AssertionError(f"{fault}: {wrong}")


async def struck(fault: str, house: House, plant: Plant, panel: str, beside: Tap) -> list[str]:
    """Let the fault strike, see how it is told, end it, and see that all is as before; give what was told besides its reason."""
    kind, device_status, point_status, reason = FAULTS[fault]
    await until(lambda: house.point_statuses(fault) == {"ok"}, what=f"{fault}: first values")
    asked_before = beside.asked.total()
    before = len(house.log.of("device.offline", device=fault))
    plant.set_fault(panel, kind)
    await until(lambda: house.point_statuses(fault) == {point_status}, what=f"{fault}: points {point_status}")
    await until(lambda: house.status(fault) == device_status, what=f"{fault}: {device_status}")
    told = [told for (told,) in house.rows("SELECT DISTINCT status_reason FROM POINTS WHERE name = ?", fault)]
    if device_status == "offline":
        told.append(house.one("SELECT status_reason FROM DEVICES WHERE name = ?", fault))
        assert len(house.log.of("device.offline", device=fault)) == before + 1, fault
    await until(lambda: beside.asked.total() >= asked_before + 5)
    plant.panels[panel].set("IN1", 77.0)
    plant.set_fault(panel, NO_FAULT)
    await until(lambda: house.point_statuses(fault) == {"ok"}, what=f"{fault}: points ok again")
    await until(lambda: house.status(fault) == "online", what=f"{fault}: online again")
    value = "SELECT value FROM POINTS WHERE name = ? AND point_id = 'IN1'"
    await until(lambda: house.one(value, fault) == 77.0, what=f"{fault}: a new value")
    return [each for each in told if reason not in each]


def nothing_wrong_is_stored(house: House, device: str, panel: SimulatedPanel) -> None:
    """Whatever has a value has one that the panel had: its own, or for IN1 the one that was set."""
    samples = house.rows(
        "SELECT point_id, value, status FROM TRENDLOG_DATA WHERE name = ? ORDER BY point_id, sampled_at", device
    )
    assert len(samples) >= 30, (device, "ten good values, ten that say what was wrong, ten good ones again")
    for point_id, value, status in samples:
        assert (value is None) == (status != "ok"), (device, point_id, value, status)
    first = next(value for point_id, value, status in samples if (point_id, status) == ("IN1", "ok"))
    wrong = [
        (point_id, value)
        for point_id, value, status in samples
        if status == "ok" and value not in ({first, 77.0} if point_id == "IN1" else {panel.value(point_id)})
    ]
    assert wrong == [], device


async def test_a_connection_that_died_without_a_word_is_replaced_before_the_device_is_lost(tmp_path: Path) -> None:
    """T02, half-open: the other side has forgotten the connection and says nothing; a new one works."""
    async with running_plant(PlantSize(1, seed=5, tick_s=STILL)) as plant, relaying(plant.servers[0].port) as relay:
        devices = [listed("panel-1", relay.port, timeout_s=4.0, rules=PATIENT)]
        async with gateway_running(config_of(devices, tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            relay.freeze()
            plant.panels["panel-1"].set("IN1", 77.0)
            await until(lambda: house.one("SELECT value FROM POINTS WHERE point_id = 'IN1'") == 77.0)
            assert len(house.log.of("link.lost", reason="nobody on it answers")) == 1
            assert house.log.of("device.backing_off") == []
            assert plant.servers[0].counts.connections == 2
