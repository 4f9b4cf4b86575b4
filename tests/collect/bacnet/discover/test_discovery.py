"""Discovery among plain actors in the place of link, writer and detector, on a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervision.actor import TrioActor
from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.discover import handing_on
from t3actors.collect.bacnet.discover.discovery import ASK_WRITER_AGAIN_S, LOOK_AT_DETECTOR_S, Discovery
from t3actors.collect.bacnet.discover.handing_on import STARTED_PER_S
from t3actors.collect.bacnet.discover.newcomers import MOST_UNMET, UNMET_FOR_S, UNMET_WHILE_OTHERS_WAIT_S
from t3actors.collect.bacnet.link.requests import (
    DISCOVERY,
    LINK,
    DevicesSeen,
    LinkCounts,
    LinkCountsRequested,
    Pending,
    WhoIs,
)
from t3actors.config import BacnetConfig, BacnetNetwork, DeviceConfig, Discover
from t3actors.errors import LinkDown, StoreBusy
from t3actors.messages import DeviceAnnounced, DeviceStatusChanged, EventHappened
from t3actors.points import DeviceStatus, Rules
from t3actors.questions import Remembered, RememberedRequested
from tests.collect.bacnet.peer import Logged
from tests.collect.bacnet.seen import seen

TEMPLATE = DeviceConfig(name="template", protocol="bacnet", address="", timeout_s=7.0, rules=Rules(poll_interval_s=9.0))
HERE, THERE = "10.0.0.1:47808", "10.0.0.2:47808"


class Link(TrioActor):
    """Says when it was asked what; dead while `down` says why."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, WhoIs]] = []
        self.down = ""
        self.drops = 0

    def on_receive(self, message: object) -> object:
        if isinstance(message, LinkCountsRequested):
            blank = dict.fromkeys(("in_flight", "waiting", "bad_datagrams", "send_errors", "heard_dropped"), 0)
            return LinkCounts(
                is_open=True, endpoint="", registered=None, stray_errors=0, last_trouble="",
                dropped_datagrams=self.drops, **blank,
            )  # fmt: skip
        assert isinstance(message, WhoIs)
        pending = Pending()
        if self.down:
            pending.fail(LinkDown(self.down))
        else:
            self.asked.append((self.now_s(), message))
            pending.succeed(None)
        return pending


class Writer(TrioActor):
    """Remembers what it was given; busy as often as it is told."""

    def __init__(self, remembered: tuple[Remembered, ...] = (), busy: int = 0) -> None:
        super().__init__()
        self.remembered = remembered
        self.busy = busy
        self.meets: House | None = None
        """Whose devices answer as soon as they are polled."""

    def on_receive(self, message: object) -> object:
        assert isinstance(message, RememberedRequested)
        if self.busy:
            self.busy -= 1
            raise StoreBusy("database is locked")
        if self.meets is not None:
            return tuple(remembered(one.address, one.instance or 0, name=one.name) for _, one in self.meets.found)
        return self.remembered


class Listener(TrioActor):
    """Keeps what it is told."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self.heard = heard

    def on_receive(self, message: object) -> None:
        self.heard.append(message)


class House:
    """Discovery and those around it."""

    def __init__(self) -> None:
        self.registry, self.log, self.link = Registry(), Logged(), Link()
        self.told: list[Any] = []
        self.found: list[tuple[float, DeviceConfig]] = []
        self.dismissed: list[str] = []
        self.polled: list[str] = []
        self.said: list[str] = []
        self.refuses = 0

    def names(self) -> list[str]:
        return list(self.polled)

    async def adopt(self, device: DeviceConfig) -> bool:
        self.found.append((trio.current_time(), device))
        self.refuses -= 1
        if self.refuses < 0:
            self.polled.append(device.name)
        return self.refuses < 0

    async def dismiss(self, name: str) -> bool:
        self.dismissed.append(name)
        self.polled.remove(name)
        return True

    def looked(self, trouble: str) -> None:
        self.said.append(trouble)

    @property
    def found_names(self) -> list[str]:
        return [device.name for _, device in self.found]

    def say(self, *devices: Any, dropped: int = 0) -> None:
        self.registry.send(DISCOVERY, DevicesSeen(devices, dropped))

    async def hear(self, *devices: Any) -> None:
        self.say(*devices)
        await trio.sleep(len(devices) / STARTED_PER_S + 0.5)

    def statuses(self) -> list[tuple[str, DeviceStatus]]:
        return [(one.device, one.status) for one in self.told if isinstance(one, DeviceStatusChanged)]


Make = Callable[[House], Discovery]


def discovery(house: House, mode: Discover = "temco", *configured: DeviceConfig, **settings: Any) -> Discovery:
    config = BacnetConfig(discover=mode, **settings)
    return Discovery(
        config, template=TEMPLATE, configured=configured, polled=house, log=house.log, wall_ms=lambda: 1000
    )


@asynccontextmanager
async def house_up(
    mode: Discover = "temco", *configured: DeviceConfig, writer: Writer | None = None, **settings: Any
) -> AsyncIterator[House]:
    house = House()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(house.link, name=LINK, registry=house.registry))
        await stack.enter_async_context(running(Listener(house.told), name="detector", registry=house.registry))
        await stack.enter_async_context(running(writer or Writer(), name="writer", registry=house.registry))
        actor = discovery(house, mode, *configured, **settings)
        await stack.enter_async_context(running(actor, name=DISCOVERY, registry=house.registry))
        await trio.sleep(0.5)
        yield house


def bacnet(name: str, address: str, instance: int) -> DeviceConfig:
    return DeviceConfig(name=name, protocol="bacnet", address=address, instance=instance)


def remembered(address: str, instance: int, **facts: Any) -> Remembered:
    known: dict[str, Any] = {
        "name": f"bacnet:0:{instance}", "network": None, "vendor_id": 148, "status": DeviceStatus.OFFLINE, **facts,
    }  # fmt: skip
    return Remembered(address=address, instance=instance, **known)


def crowd(many: int) -> list[Any]:
    return [seen(f"10.{n // 40000}.{n // 200 % 200}.{n % 200 + 1}:47808", n) for n in range(many)]


async def test_a_temco_panel_that_is_found_is_handed_on_with_the_templates_settings(autojump_clock: MockClock) -> None:
    async with house_up("temco") as house:
        await house.hear(seen(HERE, 5), seen("50:7", 6, vendor_id=999))
        ((_, device),) = house.found
        assert (device.name, device.address, device.instance) == ("bacnet:0:0a000001bac0:5", HERE, 5)
        assert (device.protocol, device.discovered, device.enabled) == ("bacnet", True, True)
        assert (device.timeout_s, device.rules) == (TEMPLATE.timeout_s, TEMPLATE.rules)
        assert [line["device"] for line in house.log.named("bacnet.seen")] == [device.name, "bacnet:50:07:6"]


async def test_any_vendors_device_is_handed_on_when_all_are_wanted_and_each_once(autojump_clock: MockClock) -> None:
    async with house_up("all") as house:
        for _ in range(3):
            await house.hear(seen(HERE, 5), seen("50:7", 6, vendor_id=999))
        assert house.found_names == ["bacnet:0:0a000001bac0:5", "bacnet:50:07:6"]


async def test_what_is_only_to_be_listed_is_logged_and_stored_once_and_never_polled(autojump_clock: MockClock) -> None:
    async with house_up("list") as house:
        for _ in range(2):
            await house.hear(seen(HERE, 5))
        assert house.found == []
        assert house.log.named("bacnet.seen") == [
            {"device": "bacnet:0:0a000001bac0:5", "address": HERE, "network": None, "instance": 5, "vendor_id": 148,
             "max_apdu": 480}
        ]  # fmt: skip
        assert [(one.event, one.device) for one in house.told] == [("bacnet.seen", None)]
        assert all(isinstance(one, EventHappened) for one in house.told)


async def test_switched_off_it_does_nothing(autojump_clock: MockClock) -> None:
    async with house_up("off") as house:
        await house.hear(seen(HERE, 5))
        await trio.sleep(100)
        assert (house.found, house.told, house.link.asked) == ([], [], [])


async def test_never_more_who_is_a_second_than_allowed_and_then_ever_more_rarely(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_rate=2.0, who_is_range=(0, 4000)) as house:
        await trio.sleep(2 * 3600)
        times = [at_s for at_s, _ in house.link.asked]
        assert times[0] >= 0.5, "a restart does not add one"
        assert min(later - earlier for earlier, later in pairwise(times)) >= 0.5
        assert {(one.low, one.high, one.destination) for _, one in house.link.asked} == {
            (0, 999, "*:*"), (1000, 3999, "*:*"), (4000, 4000, "*:*")
        }  # fmt: skip
        assert len(times) == 3 * (3 + 3)
        assert [line["sweeps"] for line in house.log.named("bacnet.swept")] == [3], "only what is news is said"
        assert house.log.named("bacnet.swept")[0]["devices"] == 0


async def test_a_network_whose_router_is_configured_is_asked_by_itself(autojump_clock: MockClock) -> None:
    networks = (BacnetNetwork(number=50, router="10.0.0.9"), BacnetNetwork(number=51))
    async with house_up("all", networks=networks, who_is_range=(1, 1)) as house:
        await trio.sleep(10)
        assert {one.destination for _, one in house.link.asked} == {"*:*", "50:*"}


async def test_a_configured_device_is_not_found_a_second_time(autojump_clock: MockClock) -> None:
    async with house_up("all", bacnet("ahu-1", "10.0.0.1", 5)) as house:
        await house.hear(seen(HERE, 5))
        assert (house.found, house.told, house.log.lines) == ([], [], [])


async def test_a_configured_device_seen_at_another_address_is_said_once_and_is_no_second_device(
    autojump_clock: MockClock,
) -> None:
    async with house_up("all", bacnet("ahu-1", HERE, 5), who_is_rate=10.0) as house:
        await house.hear(seen(THERE, 5))
        await trio.sleep(100)
        await house.hear(seen(THERE, 5))
        await trio.sleep(1000)
        assert house.log.named("bacnet.elsewhere") == [
            {"instance": 5, "device": "ahu-1", "address": HERE, "seen_at": THERE}
        ]
        assert (house.found, house.told) == ([], [])


async def test_a_second_place_of_a_configured_instance_is_a_conflict_and_listed_but_never_polled(
    autojump_clock: MockClock,
) -> None:
    async with house_up("list", bacnet("ahu-1", HERE, 5)) as house:
        await house.hear(seen(THERE, 5, vendor_id=999))
        await house.hear(seen(HERE, 5))
        await house.hear(seen(THERE, 5, vendor_id=999))
        later = "bacnet:0:0a000002bac0:5"
        assert house.log.named("bacnet.conflicted") == [
            {"instance": 5, "device": later, "address": THERE, "held_by": "ahu-1", "held_at": HERE}
        ]
        announced, changed = house.told
        assert isinstance(announced, DeviceAnnounced)
        assert (announced.device, announced.address, announced.discovered, announced.enabled, announced.points) == (
            later, THERE, False, True, ()
        )  # fmt: skip
        assert (announced.facts.vendor_id, announced.facts.object_instance) == (999, 5)
        assert (changed.device, changed.status) == (later, DeviceStatus.CONFLICT)
        assert changed.reason == f"instance 5 is that of ahu-1 at {HERE}"
        assert house.found == []


async def test_of_two_found_with_one_instance_the_first_is_polled_and_the_later_listed(
    autojump_clock: MockClock,
) -> None:
    async with house_up("temco") as house:
        await house.hear(seen("50:7", 5))
        await house.hear(seen("51:9", 5))
        assert house.found_names == ["bacnet:50:07:5"]
        assert house.statuses() == [("bacnet:51:09:5", DeviceStatus.CONFLICT)]
        assert house.told[0].facts.bacnet_mstp_mac_id == 9
        assert house.told[0].facts.bacnet_network == 51


async def test_a_conflict_that_is_none_of_ours_is_only_logged(autojump_clock: MockClock) -> None:
    async with house_up("temco") as house:
        await house.hear(seen("50:7", 5, vendor_id=7), seen("51:9", 5, vendor_id=7))
        assert len(house.log.named("bacnet.conflicted")) == 1
        assert house.told == []


async def test_nobody_else_may_have_our_own_instance(autojump_clock: MockClock) -> None:
    async with house_up("all", instance=5) as house:
        await house.hear(seen(HERE, 5))
        assert house.found == []
        assert house.log.named("bacnet.conflicted")[0]["held_by"] == "this gateway"


async def test_a_new_detector_is_told_the_conflicts_again(autojump_clock: MockClock) -> None:
    house = House()
    async with (
        running(house.link, name=LINK, registry=house.registry),
        running(Writer(), name="writer", registry=house.registry),
        running(discovery(house, "all"), name=DISCOVERY, registry=house.registry),
    ):
        for _ in range(2):
            async with running(Listener(house.told), name="detector", registry=house.registry):
                await trio.sleep(LOOK_AT_DETECTOR_S + 0.1)
                await house.hear(seen("50:7", 5), seen("51:9", 5))
                await trio.sleep(LOOK_AT_DETECTOR_S + 0.1)
        assert house.statuses() == [("bacnet:51:09:5", DeviceStatus.CONFLICT)] * 2


async def test_who_was_found_earlier_is_handed_on_at_once_reachable_or_not(autojump_clock: MockClock) -> None:
    known = Writer((remembered(HERE, 5), remembered("50:7", 6, network=50, vendor_id=None)))
    async with house_up("temco", writer=known) as house:
        assert [(one.name, one.address, one.instance, one.discovered) for _, one in house.found] == [
            ("bacnet:0:5", HERE, 5, True), ("bacnet:0:6", "50:7", 6, True)
        ]  # fmt: skip
        assert house.link.asked == [], "before anybody is asked"
        await house.hear(seen(HERE, 5), seen("50:7", 6))
        assert len(house.found) == 2
        assert house.log.named("bacnet.seen") == []


async def test_of_those_found_earlier_only_who_still_fits_is_handed_on(autojump_clock: MockClock) -> None:
    known = Writer(
        (
            remembered(HERE, 5),
            remembered("10.0.0.3", 6, vendor_id=999),
            remembered("10.0.0.4", 7),
            remembered("10.0.0.5", 8, status=DeviceStatus.CONFLICT),
            remembered("nonsense", 9),
            remembered("10.0.0.6", 10),
            remembered("10.0.0.7", 10),
        )
    )
    async with house_up("temco", bacnet("ahu-1", HERE, 5), bacnet("ahu-2", THERE, 7), writer=known) as house:
        assert house.found_names == ["bacnet:0:10"]
        assert house.found[0][1].address == "10.0.0.6:47808"


async def test_in_the_list_nobody_is_remembered(autojump_clock: MockClock) -> None:
    async with house_up("list", writer=Writer((remembered(HERE, 5),))) as house:
        assert house.found == []


async def test_a_writer_that_cannot_answer_is_asked_again_before_anybody_is_looked_for(
    autojump_clock: MockClock,
) -> None:
    async with house_up("temco", writer=Writer((remembered(HERE, 5),), busy=2)) as house:
        await house.hear(seen("50:9", 9))
        assert (house.found, house.link.asked) == ([], [])
        await trio.sleep(3 * ASK_WRITER_AGAIN_S[0] + 5)
        assert house.found_names == ["bacnet:0:5"]
        assert house.link.asked
        assert len(house.log.named("remembered.awaited")) == 1


async def test_without_a_writer_it_waits_and_does_not_crash(autojump_clock: MockClock) -> None:
    house = House()
    async with running(discovery(house), name=DISCOVERY, registry=house.registry):
        await trio.sleep(100)
        async with running(Writer((remembered(HERE, 5),)), name="writer", registry=house.registry):
            await trio.sleep(100)
        assert house.found_names == ["bacnet:0:5"]


async def test_a_link_that_is_down_is_waited_for_and_said_once(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_range=(1, 1)) as house:
        house.link.down = "10.0.0.1:47808: another program holds this UDP address and port"
        await trio.sleep(5)
        assert house.log.lines == [], "a BBMD takes a moment"
        await trio.sleep(600)
        assert [line["reason"] for line in house.log.named("bacnet.unasked")] == [house.link.down]
        house.link.down = ""
        await trio.sleep(100)
        assert len(house.link.asked) == 3
        assert len(house.log.named("bacnet.swept")) == 1


async def test_without_a_link_it_waits_and_does_not_crash(autojump_clock: MockClock) -> None:
    house = House()
    async with (
        running(Writer(), name="writer", registry=house.registry),
        running(discovery(house), name=DISCOVERY, registry=house.registry),
    ):
        await trio.sleep(100)
        async with running(house.link, name=LINK, registry=house.registry):
            await trio.sleep(100)
        assert house.link.asked
        assert len(house.log.named("bacnet.unasked")) >= 1


async def test_a_burst_of_a_thousand_is_taken_and_started_a_few_at_a_time(autojump_clock: MockClock) -> None:
    writer = Writer()
    async with house_up("all", writer=writer) as house:
        writer.meets = house
        house.say(*crowd(1000), dropped=3)
        await trio.sleep(1000 / STARTED_PER_S + 10)
        times = [at_s for at_s, _ in house.found]
        assert len(set(house.found_names)) == 1000
        assert all(later - earlier >= 0.95 for earlier, later in zip(times, times[20:], strict=False))


async def test_who_cannot_be_started_now_is_started_later(autojump_clock: MockClock) -> None:
    async with house_up("all") as house:
        house.refuses = 2
        await house.hear(seen(HERE, 5))
        await trio.sleep(100)
        assert house.found_names == ["bacnet:0:0a000001bac0:5"] * 3
        assert house.polled == ["bacnet:0:0a000001bac0:5"]


async def test_an_instance_that_was_not_asked_for_is_not_polled(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_range=(100, 199)) as house:
        await house.hear(*(seen(f"50:{n}", n) for n in (99, 100, 199, 200)))
        assert house.found_names == ["bacnet:50:64:100", "bacnet:50:c7:199"]


async def test_dropped_frames_cut_the_slice_that_was_asked(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_range=(0, 999), who_is_rate=10.0) as house:
        await trio.sleep(1)
        house.link.drops = 5
        await trio.sleep(60)
        assert {(one.low, one.high) for _, one in house.link.asked} >= {(0, 499), (500, 999)}


async def test_a_restarted_discovery_begins_anew_and_hands_on_again(autojump_clock: MockClock) -> None:
    house = House()
    async with (
        running(house.link, name=LINK, registry=house.registry),
        running(Writer((remembered(HERE, 5),)), name="writer", registry=house.registry),
    ):
        for _ in range(2):
            async with running(discovery(house), name=DISCOVERY, registry=house.registry):
                await trio.sleep(5)
    assert house.found_names == ["bacnet:0:5"] * 2


async def test_only_so_many_that_never_answer_are_polled_and_the_others_wait_for_their_places(
    autojump_clock: MockClock,
) -> None:
    async with house_up("all") as house:
        house.say(*crowd(2 * MOST_UNMET + 1))
        await trio.sleep(UNMET_WHILE_OTHERS_WAIT_S - 10)
        assert len(house.polled) == MOST_UNMET
        first = set(house.polled)
        await trio.sleep(60)
        assert set(house.dismissed) == first
        assert len(house.polled) == MOST_UNMET
        assert not first & set(house.polled)
        first_line = house.log.named("bacnet.dismissed")[0]
        assert first_line["device"] == house.dismissed[0]


async def test_once_many_were_taken_back_who_is_found_is_shown_only_when_it_answers(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_on, "UNMET_SHOWN", 1)
    async with house_up("all", writer=Writer((remembered("10.0.0.9", 7_000_000),))) as house:
        house.say(*crowd(2 * MOST_UNMET))
        await trio.sleep(UNMET_WHILE_OTHERS_WAIT_S + 100)
        assert len(house.dismissed) > 1
        later = [device.shown_once_met for _, device in house.found]
        first = 1 + MOST_UNMET  # one is remembered: it was met
        assert (set(later[:first]), set(later[first:])) == ({False}, {True})


async def test_who_never_answers_is_polled_for_hours_where_nobody_waits_and_found_again_when_it_is_heard(
    autojump_clock: MockClock,
) -> None:
    async with house_up("all") as house:
        await house.hear(seen(HERE, 5))
        await trio.sleep(UNMET_FOR_S - 60)
        assert (house.polled, house.dismissed) == (["bacnet:0:0a000001bac0:5"], [])
        await trio.sleep(200)
        assert (house.polled, house.dismissed) == ([], ["bacnet:0:0a000001bac0:5"])
        assert house.log.named("bacnet.dismissed") == [
            {"device": "bacnet:0:0a000001bac0:5", "devices": 1, "waiting": 0}
        ]
        await house.hear(seen(HERE, 5))
        assert house.polled == ["bacnet:0:0a000001bac0:5"]


async def test_who_has_answered_once_stays_however_long_it_is_silent(autojump_clock: MockClock) -> None:
    writer = Writer()
    async with house_up("all", writer=writer) as house:
        writer.meets = house
        await house.hear(seen(HERE, 5))
        await trio.sleep(2 * UNMET_FOR_S)
        assert (house.polled, house.dismissed) == (["bacnet:0:0a000001bac0:5"], [])


async def test_nobody_is_dismissed_while_the_writer_cannot_say_who_was_met(autojump_clock: MockClock) -> None:
    writer = Writer()
    async with house_up("all", writer=writer) as house:
        writer.busy = 10**9
        await house.hear(seen(HERE, 5))
        await trio.sleep(2 * UNMET_FOR_S)
        assert house.dismissed == []


async def test_an_invented_device_does_not_keep_the_instance_of_a_real_one_for_ever(autojump_clock: MockClock) -> None:
    async with house_up("all") as house:
        await house.hear(seen(HERE, 5))
        await house.hear(seen(THERE, 5))
        later = "bacnet:0:0a000002bac0:5"
        assert house.statuses() == [(later, DeviceStatus.CONFLICT)]
        await trio.sleep(UNMET_FOR_S + 100)
        assert house.statuses()[1:] == [(later, DeviceStatus.OFFLINE)]
        await house.hear(seen(THERE, 5))
        assert house.polled == [later]


async def test_whom_an_earlier_life_handed_on_and_nobody_met_is_taken_back(autojump_clock: MockClock) -> None:
    house = House()
    async with (
        running(house.link, name=LINK, registry=house.registry),
        running(Writer((remembered(HERE, 5),)), name="writer", registry=house.registry),
    ):
        house.polled = ["bacnet:0:5", "bacnet:0:0a000002bac0:6"]
        async with running(discovery(house, "all"), name=DISCOVERY, registry=house.registry):
            await trio.sleep(1)
    assert house.dismissed == ["bacnet:0:0a000002bac0:6"]


async def test_two_configured_devices_of_one_instance_are_both_left_alone_and_said_once(
    autojump_clock: MockClock,
) -> None:
    configured = bacnet("ahu-1", HERE, 5), bacnet("ahu-2", "50:7", 5)
    async with house_up("all", *configured, who_is_rate=10.0) as house:
        for _ in range(2):
            await house.hear(seen(HERE, 5))
            await house.hear(seen("50:7", 5))
            await trio.sleep(LOOK_AT_DETECTOR_S + 1)
        assert [line["device"] for line in house.log.named("bacnet.conflicted")] == ["ahu-2"]
        assert (house.found, house.told) == ([], [])


async def test_it_says_that_its_first_round_is_over_once_all_that_it_found_are_handed_on(
    autojump_clock: MockClock,
) -> None:
    async with house_up("all", who_is_range=(1, 100)) as house:
        await trio.sleep(5)
        assert house.said == []
        house.say(*(seen(f"50:{n}", n) for n in range(1, 101)))
        await trio.sleep(60)
        assert set(house.said) == {""}
        assert len(house.polled) == 100


async def test_it_says_that_more_were_found_than_may_be_tried_at_once(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_range=None) as house:
        house.say(*crowd(MOST_UNMET + 7))
        await trio.sleep(120)
        assert "7 more devices were found" in house.said[0]


async def test_it_says_that_nobody_can_be_asked(autojump_clock: MockClock) -> None:
    async with house_up("all", who_is_range=(1, 1)) as house:
        house.link.down = "the port is taken"
        await trio.sleep(60)
        assert house.said == ["nobody could be asked who is there: the port is taken"]


async def test_a_message_it_does_not_know_is_a_bug(autojump_clock: MockClock) -> None:
    with pytest.raises(TypeError, match="saw a str"):
        async with house_up() as house:
            house.registry.send(DISCOVERY, "hello")
            await trio.sleep(1)
