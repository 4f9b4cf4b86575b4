"""T01 on BACnet: dead devices cost the independent ones nothing, their trunk a bounded share, and ever less of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest
import trio

from t3actors.collect.bacnet.link.requests import ReadMultiple, ask_link
from t3actors.config import BacnetNetwork, DeviceConfig
from t3actors.errors import RequestTimedOut
from t3actors.points import Rules
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, ON_TRUNK, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from tests.collect.bacnet.peer import Peer, confirmed, link_up, unicast
from tests.system.house import House, config_of, gateway_running
from tests.system.stations import READ_MULTIPLE, Request, Tap, with_bacnet
from tests.waiting import WITHIN_S, until

STATIONS, ALONE_ONES, MORTAL = 10, 40, 5
INTERVAL_S, TRUNK_INTERVAL_S = 0.4, 0.5
TIMEOUT_S = 0.3  # no shorter than the 255 ms that a router waits for a station; for those that are to die
PATIENCE_S = 5.0  # a busy machine is not to be taken for a dead device
TRUNK = 50
SPAN_S = 1.7
RETRIES = 2
REST_S = 0.3  # of the trunk after a question in vain, at a limit of one half
STALL = BacnetFault(BacnetFaultKind.STALL)
SLACK = 2  # polls of a station that a span may begin and end with


class Span(NamedTuple):
    """What each device was asked within a span: all requests, the polls among them, the time between two of these."""

    asked: Counter[str]
    polls: Counter[str]
    intervals_s: dict[str, list[float]]
    lasted_s: float

    def pooled(self, names: Iterable[str]) -> list[float]:
        """The times between two polls of these devices."""
        return sorted(each for name in names for each in self.intervals_s[name])

    def median_s(self, names: Iterable[str]) -> float:
        return median(self.pooled(names))


class Street:
    """The stations of a trunk, and devices that stand alone."""

    def __init__(self, plant: BacnetPlant) -> None:
        self.plant = plant
        self.taps = {name: Tap(placed.responder) for name, placed in plant.placed.items()}
        listing = plant.listing()
        self.trunk = [row["name"] for row in listing if row["network"] is not None]
        self.alone = [row["name"] for row in listing if row["network"] is None]
        self.mortal = {self.alone[0], *self.trunk[:MORTAL]}
        self.devices = [self._device(row) for row in listing]

    def _device(self, row: dict[str, object]) -> DeviceConfig:
        on_trunk = row["network"] is not None
        interval_s = TRUNK_INTERVAL_S if on_trunk else INTERVAL_S
        return DeviceConfig(
            name=str(row["name"]),
            protocol="bacnet",
            address=f"{row['network']}:{int(str(row['mac']), 16)}" if on_trunk else f"127.0.0.1:{row['port']}",
            instance=int(str(row["instance"])),
            timeout_s=TIMEOUT_S if row["name"] in self.mortal else PATIENCE_S,
            retries=RETRIES,
            rules=Rules(poll_interval_s=interval_s, stale_after=100, down_after=100, max_interval_s=0.0),
        )

    async def up(self, house: House) -> None:
        """Wait until every device was met and all its points are known."""
        points = sum(len(placed.device.points) for placed in self.plant.placed.values())
        await until(lambda: house.one("SELECT count(*) FROM POINTS WHERE status = 'ok'") == points)

    async def span(self, lasts_s: float = SPAN_S) -> Span:
        """See what is asked for so long."""
        begins_s = trio.current_time()
        await until(lambda: trio.current_time() >= begins_s + lasts_s)
        requests = {n: [each for each in tap.requests if each.at_s >= begins_s] for n, tap in self.taps.items()}
        polls = {name: polls_among(asked) for name, asked in requests.items()}
        return Span(
            Counter({name: len(asked) for name, asked in requests.items()}),
            Counter({name: len(at) for name, at in polls.items()}),
            {name: [later - earlier for earlier, later in pairwise(at)] for name, at in polls.items()},
            trio.current_time() - begins_s,
        )

    async def steady(self) -> Span:
        """Give a span that is as the one before: all that follow are held against it, so none that a busy machine has spoilt."""
        with trio.fail_after(WITHIN_S):
            before, now = await self.span(), await self.span()
            while not 0.95 <= now.median_s(self.alone) / before.median_s(self.alone) <= 1.05:
                before, now = now, await self.span()
        return now

    def kill(self, *names: str) -> None:
        for name in names:
            self.plant.set_fault(name, STALL)


def polls_among(requests: list[Request]) -> list[float]:
    """When it was polled: what is asked again and again. Names, descriptions and rare objects are asked for in between."""
    reads = Counter(each.data for each in requests if each.service == READ_MULTIPLE)
    poll = reads.most_common(1)[0][0] if reads else b""
    return [each.at_s for each in requests if each.data == poll]


def the_alone_are_unmoved(now: Span, healthy: Span, alone: list[str]) -> str:
    """Say what is wrong with the devices that stand by themselves; "" when nothing is."""
    late = [name for name in alone if now.polls[name] < healthy.polls[name] * now.lasted_s / healthy.lasted_s - SLACK]
    ratio = now.median_s(alone) / healthy.median_s(alone)
    p99_s = now.pooled(alone)[-len(now.pooled(alone)) // 100 - 1]
    wrong = []
    if late:
        wrong.append(f"fewer polls of {late}")
    if not 0.85 <= ratio <= 1.15:
        wrong.append(f"the median interval is {ratio:.2f} times what it was")
    if p99_s > 3 * INTERVAL_S:
        wrong.append(f"p99 of the interval is {p99_s:.3f} s")
    return ", ".join(wrong)


def the_living_share_the_trunk(now: Span, healthy: Span, living: list[str], dead: Iterable[str]) -> str:
    """Say what is wrong with the living stations: they may lose the time of the questions to the dead, and no more."""
    in_vain = sum(now.asked[name] + 1 for name in dead)  # one each may have begun before the span
    lost = in_vain * (TIMEOUT_S + REST_S) / TRUNK_INTERVAL_S
    few = [n for n in living if now.polls[n] < healthy.polls[n] * now.lasted_s / healthy.lasted_s - lost - SLACK]
    return f"of {few} fewer polls than {in_vain} questions to the dead explain: {now.polls}" if few else ""


def the_dead_are_asked_rarely(dead: tuple[str, ...], now: Span) -> str:
    """Say what is wrong with the dead: they are asked ever more rarely."""
    in_vain = sum(now.asked[name] for name in dead)
    return "" if in_vain <= 2 * len(dead) else f"the dead are asked {in_vain} times"


async def in_a_span(street: Street, law: Callable[[Span], str]) -> Span:
    """Give a span that keeps a law, which says what is wrong: a busy machine may spoil many, what is wrong spoils all."""
    wrong = "no span came to its end"
    with trio.move_on_after(WITHIN_S):
        while wrong:
            now = await street.span()
            wrong = law(now)
        return now
    raise AssertionError(wrong)


@pytest.mark.takes_long
async def test_dead_devices_move_no_poll_of_independent_ones_and_cost_their_trunk_a_bounded_share(
    tmp_path: Path,
) -> None:
    size = BacnetPlantSize(
        STATIONS + ALONE_ONES, 7, PointCounts(2, 1, 0), (Preset.GENERIC,), (*4 * (ALONE,), ON_TRUNK), 1_000_000, 3600.0
    )
    async with running_bacnet_plant(size) as plant:
        street = Street(plant)
        config = with_bacnet(
            config_of(street.devices, tmp_path),
            bbmd=f"127.0.0.1:{plant.bbmd.port}",
            networks=(BacnetNetwork(number=TRUNK, busy_limit=0.5, min_gap_s=0.005),),
        )
        async with gateway_running(config) as house:
            await street.up(house)
            healthy = await street.steady()

            (lone_dead, *alone), stations = street.alone, street.trunk
            dead = stations[:1]
            street.kill(lone_dead, *dead)
            now = await in_a_span(street, partial(both_hold, healthy, alone, stations, tuple(dead)))
            assert now.asked[lone_dead] <= max(healthy.asked[lone_dead], RETRIES + 4), (
                "not asked more than it was alive"
            )
            assert now.asked[lone_dead] <= 0.03 * now.asked.total()

            dead = stations[:MORTAL]
            street.kill(*dead)
            await in_a_span(street, partial(both_hold, healthy, alone, stations, tuple(dead)))
            await in_a_span(street, partial(the_dead_are_asked_rarely, (lone_dead, *dead)))
            assert {keys["device"] for keys in house.log.of("device.backing_off")} <= {lone_dead, *dead}
            assert house.log.of("child.exited") == []
    assert plant.counts().writes == 0


def both_hold(healthy: Span, alone: list[str], stations: list[str], dead: tuple[str, ...], span: Span) -> str:
    """Say what is wrong with those that stand alone, or with the living stations of the trunk."""
    living = [name for name in stations if name not in dead]
    return the_alone_are_unmoved(span, healthy, alone) or the_living_share_the_trunk(span, healthy, living, dead)


async def test_many_time_outs_in_a_row_cost_a_station_of_a_trunk_neither_its_retries_nor_its_route() -> None:
    """Five in a row put the router in doubt; to doubt it must not keep the trunk from whoever is next."""

    def router(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        if asked is None or frame[9] != 7:
            return []
        return [unicast(bytes.fromhex("010800320107") + bytes([0x30, asked[0], READ_MULTIPLE]))]

    with Peer(router) as peer:
        async with link_up(routers={TRUNK: peer.address}) as house:
            dead = ReadMultiple(address=f"{TRUNK}:9", service_data=b"\x0c", timeout_s=0.05, retries=7)
            with pytest.raises(RequestTimedOut):
                await ask_link(house.registry, dead)
            await until(lambda: len(peer.requests(READ_MULTIPLE)) >= 8)  # it takes the last one when it comes to it
            assert len(peer.requests(READ_MULTIPLE)) == 8
            living = ReadMultiple(address=f"{TRUNK}:7", service_data=b"\x0c", retries=0)
            assert await ask_link(house.registry, living) == b""
