"""A gateway in a thread of this very process, called as a host calls it: from other threads, several at once."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec
import pytest
import trio

from supervision.errors import RestartLimitReached
from t3actors.collect.bacnet.link.interfaces import OwnAddress
from t3actors.collect.t3000.host_memory import OF_THIS_PROCESS
from t3actors.embed import gateway_thread, host_devices, hosted
from t3actors.embed.gateway_thread import NotNow, NotStarted
from t3actors.embed.host_devices import UnknownDevice
from t3actors.embed.hosted import Hosted
from t3actors.errors import AlreadyRunning, ConfigError
from t3actors.points import Status
from t3actors.questions import PointNow
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from t3actors.simulator.faults import NO_FAULT, Fault, FaultKind
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from tests.ports import free_port
from tests.waiting import WITHIN_S, until

BACNET, MODBUS, MEMORY = 0, 1, 2
T = TypeVar("T")


class Host:
    """The host's side: each call is made in a thread that is not the gateway's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosted = Hosted()

    async def call(self, work: Callable[..., T], *arguments: Any) -> T:
        return await trio.to_thread.run_sync(partial(work, *arguments))

    async def start(self, extra: str = "", down_after: int = 1000) -> None:
        file = self.folder / "gateway.toml"
        text = '[gateway]\ndata_dir = "data"\n[store]\nmin_free = "0MB"\nbatch_age = "50ms"\n'
        text += '[defaults]\npoll_interval = "50ms"\ntimeout = "1s"\n'
        text += f"stale_after = {down_after // 2}\ndown_after = {down_after}\n"
        file.write_text(text + extra, "utf-8")
        await self.call(self.hosted.start, str(file))

    async def add(self, text: str, code: int = MODBUS) -> None:
        await self.call(self.hosted.add, text, code)

    async def points(self, device_id: int) -> tuple[PointNow, ...]:
        return await self.call(self.hosted.points, device_id)

    async def until_ok(self, device_id: int) -> tuple[PointNow, ...]:
        points: tuple[PointNow, ...] = ()
        with trio.fail_after(WITHIN_S):
            while not points or any(point.status is not Status.OK for point in points):
                points = await self.points(device_id)
                await trio.lowlevel.checkpoint()
        return points

    def log(self, event: str) -> list[dict[str, Any]]:
        file = self.folder / "data" / "t3actors.log"
        lines = [msgspec.json.decode(line) for line in file.read_bytes().split(b"\n")[:-1]] if file.exists() else []
        return [line for line in lines if line["event"] == event]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = apsw.Connection(str(self.folder / "data" / "t3actors.db"), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(5000)
        with connection:
            return list(connection.execute(sql))


@asynccontextmanager
async def host_in(folder: Path) -> AsyncIterator[Host]:
    host = Host(folder)
    try:
        yield host
    finally:
        with trio.CancelScope(shield=True):
            await host.call(host.hosted.stop)


def address(plant: Plant, number: int = 0) -> str:
    row = plant.listing()[number]
    return f"127.0.0.1:{row['port']}/{row['unit_id']}"


async def test_an_added_panel_is_polled_and_its_points_are_what_the_panel_has(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant, host_in(tmp_path) as host:
        await host.start()
        await host.add(address(plant, 0))
        await host.add(address(plant, 1))
        simulated = plant.panels["panel-2"]
        points = await host.until_ok(2)
        prefixes = {"input": "IN", "output": "OUT", "variable": "VAR"}
        for point in points:
            assert point.value == pytest.approx(simulated.value(f"{prefixes[point.kind]}{point.point_index}"))
        assert len(points) == 64
        assert points == await host.points(simulated.serial_number) or await host.until_ok(simulated.serial_number)
        assert await host.call(host.hosted.device_id, address(plant, 1)) == simulated.serial_number
        before = max(point.sampled_at_ms for point in points)
        await until_async(lambda: newer(host, 2, before))


async def newer(host: Host, device_id: int, than_ms: int) -> bool:
    return min(point.sampled_at_ms for point in await host.points(device_id)) > than_ms


async def until_async(condition: Callable[[], Any]) -> None:
    with trio.fail_after(WITHIN_S):
        while not await condition():
            await trio.lowlevel.checkpoint()


async def test_a_silent_device_keeps_its_values_and_says_that_they_are_not_live(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant, host_in(tmp_path) as host:
        await host.start(down_after=10)
        await host.add(address(plant))
        before = await host.until_ok(1)
        plant.set_fault("*", Fault(FaultKind.STALL))

        async def is_down() -> bool:
            return all(point.status is Status.DOWN for point in await host.points(1))

        await until_async(is_down)
        assert [point.value for point in await host.points(1)] == [point.value for point in before]
        plant.set_fault("*", NO_FAULT)
        await host.until_ok(1)


async def test_a_device_that_is_not_there_is_added_all_the_same_and_comes_when_it_comes(tmp_path: Path) -> None:
    async with host_in(tmp_path) as host:
        await host.start()
        await host.add("127.0.0.1:1")
        assert await host.points(1) == ()
        assert await host.call(host.hosted.device_id, "127.0.0.1:1") == 1
        await until(lambda: host.log("device.offline"))


async def test_what_is_added_twice_or_is_polled_already_is_one_device(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5)) as plant, host_in(tmp_path) as host:
        row = plant.listing()[1]
        await host.start(
            '[[devices]]\nname = "ahu-1"\nprotocol = "modbus"\nprofile = "t3-controller"\n'
            f'address = "127.0.0.1:{row["port"]}"\nunit_id = {row["unit_id"]}\n'
        )
        for _ in range(2):
            await host.add(address(plant, 0))
            await host.add(address(plant, 1))
        await host.until_ok(1)
        assert len(await host.until_ok(2)) == 64, "the second number names the device of the configuration"
        assert [line["device"] for line in host.log("device.online")].count("ahu-1") == 1
        assert len(host.log("device.online")) == 2
        running = host.hosted._running
        assert running is not None
        assert len(running.thread.growing.gateway.control.polled()) == 2, "it can be stopped and synced by hand as well"
        with pytest.raises(UnknownDevice, match="no device 3 is polled here"):
            await host.points(3)


async def test_two_units_behind_one_address_share_its_link(tmp_path: Path) -> None:
    size = PlantSize(2, seed=5, tick_s=3600.0, units_per_listener=2)
    async with running_plant(size) as plant, host_in(tmp_path) as host:
        await host.start()
        await host.add(address(plant, 0))
        await host.add(address(plant, 1))
        await host.until_ok(1)
        await host.until_ok(2)
        assert address(plant, 0).partition("/")[0] == address(plant, 1).partition("/")[0]
        serials = {await host.call(host.hosted.device_id, address(plant, number)) for number in (0, 1)}
        assert serials == {panel.serial_number for panel in plant.panels.values()}


async def test_the_added_devices_outlive_a_pool_and_a_whole_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_thread, "AGAIN_AFTER_S", 0.05)
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant, host_in(tmp_path) as host:
        await host.start()
        await host.add(address(plant))
        await host.until_ok(1)
        running = host.hosted._running
        assert running is not None
        running.thread._soon(give_up, running.thread)
        await until(lambda: len(host.log("gateway.started")) == 2)
        assert [line["reason"] for line in host.log("gateway.failed")] != []
        await host.until_ok(1)
        assert len(host.log("gateway.revived")) == 1
        assert host.rows("SELECT name FROM DEVICES") == [(running.thread.config.devices[0].name,)]


def give_up(thread: gateway_thread.GatewayThread) -> None:
    thread.growing.gateway.supervisor._give_up(RestartLimitReached("gateway", "writer", 10, 60.0, None))


async def test_a_stop_stores_what_was_read_and_a_new_start_goes_on_with_it(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant, host_in(tmp_path) as host:
        for life in (1, 2):
            threads = threading.active_count()
            await host.start()
            await host.call(host.hosted.start, "", "another folder: it runs already")
            await host.add(address(plant))
            await host.until_ok(1)
            await host.call(host.hosted.stop)
            await host.call(host.hosted.stop)
            # But for one that trio keeps for its next call; of more it lets go after a while.
            await until(lambda: threading.active_count() <= threads + 1)  # noqa: B023
            assert host.rows("SELECT clean_stop FROM GATEWAY") == [(1,)]
            assert [line["unstored"] for line in host.log("gateway.stopped")] == [0] * life
        assert host.rows("SELECT count(*) FROM TRENDLOG_DATA") == [(2 * 64,)], (
            "each life says once that each value is known"
        )
        assert host.rows("SELECT count(*) FROM POINTS WHERE changed_at < (SELECT started_at FROM GATEWAY)") == [
            (64,)
        ], "the second one has written no false change"


async def test_before_the_start_and_after_the_stop_every_call_says_what_is_missing(tmp_path: Path) -> None:
    async with host_in(tmp_path) as host:
        for life in range(2):
            for call in (
                host.hosted.search,
                partial(host.hosted.add, "127.0.0.1", MODBUS),
                partial(host.hosted.points, 1),
                partial(host.hosted.device_id, "127.0.0.1"),
            ):
                with pytest.raises(NotStarted, match="the gateway does not run: call init_data_sync_service first"):
                    await host.call(call)
            if life == 0:
                await host.start()
                await host.call(host.hosted.stop)


async def test_what_keeps_it_from_starting_is_raised_and_the_next_start_is_free(tmp_path: Path) -> None:
    async with host_in(tmp_path / "one") as first, host_in(tmp_path / "two") as second:
        for host in (first, second):
            host.folder.mkdir()
        await first.start()
        with pytest.raises(AlreadyRunning, match="another gateway"):
            await second.call(second.hosted.start, "", str(first.folder / "data"))
        with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
            await second.call(second.hosted.start, str(tmp_path / "nowhere.toml"))
        await second.start()


async def test_four_threads_may_ask_and_add_at_once(tmp_path: Path) -> None:
    async with running_plant(PlantSize(4, seed=5, tick_s=3600.0)) as plant, host_in(tmp_path) as host:
        await host.start()
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(host.add, address(plant, number))
        serials = [panel.serial_number for panel in plant.panels.values()]

        async def ask(serial: int) -> None:
            with pytest.raises(UnknownDevice):
                await host.points(4_000_000_000)
            for number in (1, 2, 3, 4):
                await host.until_ok(number)
            for _ in range(50):
                assert len(await host.points(serial)) == 64

        async with trio.open_nursery() as nursery:
            for serial in serials:
                nursery.start_soon(ask, serial)


async def test_a_loop_that_stands_still_costs_a_caller_no_more_than_its_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted, "ANSWERS_WITHIN_S", 0.05)
    async with host_in(tmp_path) as host:
        await host.start()
        running, halted = host.hosted._running, threading.Event()
        assert running is not None
        running.thread._soon(halted.wait)
        try:
            with pytest.raises(NotNow, match=r"the gateway did not answer within 0\.05 s"):
                await host.points(1)
        finally:
            halted.set()


BUILDING = BacnetPlantSize(
    3, 11, PointCounts(4, 2, 2), (Preset.T3000, Preset.GENERIC, Preset.T3000), (ALONE,), tick_s=3600.0
)


def line(plant: BacnetPlant | None = None) -> str:
    text = f'[bacnet]\ninterface = "127.0.0.1"\nport = {free_port()}\nwho_is_rate = 50\n'
    return text if plant is None else text + f'bbmd = "127.0.0.1:{plant.bbmd.port}"\n'


async def test_whoever_answers_at_an_address_is_polled_as_who_it_is(tmp_path: Path) -> None:
    async with running_bacnet_plant(BUILDING) as plant, host_in(tmp_path) as host:
        await host.start(line())
        first, second, _ = plant.listing()
        await host.add(f"127.0.0.1:{first['port']}", BACNET)
        await host.add(f"127.0.0.1:{second['port']}/{second['instance']}", BACNET)
        assert len(await host.until_ok(1)) == 8
        assert len(await host.until_ok(2)) == 8
        (named, _) = sorted(host.log("device.added"), key=lambda each: each["number"])
        assert named["device"].endswith(f":{first['instance']}")
        assert await host.call(host.hosted.device_id, f"127.0.0.1:{second['port']}") == 2


async def test_one_that_does_not_answer_is_sought_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_devices, "SEEK_AGAIN_S", (0.05, 0.1))
    async with running_bacnet_plant(BUILDING) as plant, host_in(tmp_path) as host:
        placed = next(iter(plant.placed.values()))
        placed.server.set_fault(placed.responder, placed.place, BacnetFault(BacnetFaultKind.STALL))
        await host.start(line())
        await host.add(f"127.0.0.1:{placed.server.port}", BACNET)
        await until(lambda: host.log("device.sought"))
        assert await host.points(1) == ()
        assert await host.call(host.hosted.device_id, f"127.0.0.1:{placed.server.port}") == 1
        placed.server.set_fault(placed.responder, placed.place, BacnetFault(BacnetFaultKind.NONE))
        assert len(await host.until_ok(1)) == 8
        assert len(host.log("device.sought")) == 1, "said once per reason"


async def test_the_search_finds_temcos_devices_and_polls_the_added_one_of_them_once(tmp_path: Path) -> None:
    async with running_bacnet_plant(BUILDING) as plant, host_in(tmp_path) as host:
        await host.start(line(plant))
        first, _, third = plant.listing()
        await host.add(f"127.0.0.1:{first['port']}", BACNET)
        await host.until_ok(1)
        await host.call(host.hosted.search)
        await host.call(host.hosted.search)
        await until(lambda: len({line["device"] for line in host.log("device.online")}) == 2)
        await host.add(f"127.0.0.1:{third['port']}", BACNET)
        assert len(await host.until_ok(2)) == 8
        await until(lambda: len(host.log("bacnet.seen")) == 2)
        assert len({line["device"] for line in host.log("device.online")}) == 2
        assert host.log("child.exited") == []


async def test_without_a_choice_of_networks_nothing_of_bacnet_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = tuple(OwnAddress(f"eth{number}", f"10.0.{number}.1", 24) for number in range(2))
    monkeypatch.setattr(host_devices, "list_addresses", lambda: several)
    async with host_in(tmp_path) as host:
        await host.start()
        for call in (host.hosted.search, partial(host.hosted.add, "10.0.0.5", BACNET)):
            with pytest.raises(ConfigError, match=r"bacnet\.interface: saw none, and there are several networks"):
                await host.call(call)
        assert host.log("bacnet.opened") == host.log("bacnet.blocked") == []
        with pytest.raises(UnknownDevice):
            await host.points(1)


async def test_a_stop_that_cannot_end_is_told_and_nothing_is_begun_beside_it(tmp_path: Path) -> None:
    async with host_in(tmp_path) as host:
        await host.start()
        running, halted = host.hosted._running, threading.Event()
        assert running is not None
        running.thread._soon(halted.wait)
        try:
            with pytest.raises(NotNow, match=r"the gateway had not ended after 0\.05 s"):
                await host.call(host.hosted.stop, "a test", 0.05)
            with pytest.raises(NotNow, match="told to stop and has not ended yet"):
                await host.start()
        finally:
            halted.set()
        await until(lambda: running.thread.is_over)
        await host.start()


async def test_a_program_that_exports_nothing_cannot_be_read_by_its_memory(tmp_path: Path) -> None:
    assert "get_input_points" in OF_THIS_PROCESS.missing()
    async with host_in(tmp_path) as host:
        await host.start()
        with pytest.raises(Exception, match="this program does not export get_input_points"):
            await host.add("127.0.0.1", MEMORY)
