"""T22: a device with one socket: `per_poll` leaves it to another master between polls, `persistent` keeps it."""

from __future__ import annotations

from pathlib import Path

import trio

from t3actors.points import Rules
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.house import config_of, gateway_running, listed
from tests.waiting import WITHIN_S, every, until

RULES = Rules(poll_interval_s=0.05, stale_after=1000, down_after=1000, max_interval_s=0.0)
ASK_FOR_SERIAL = bytes.fromhex("0001 0000 0006 01 03 0000 0004")
ONE_CLIENT = Fault(FaultKind.ONE_CLIENT)


class OtherMaster:
    """Another program that asks the device for something now and then, each time on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.answered = self.turned_away = 0
        self._port = port

    async def ask_for_ever(self) -> None:
        async for _ in every(0.013):  # out of step with the polls
            try:
                async with await trio.open_tcp_stream("127.0.0.1", self._port) as stream:
                    await stream.send_all(ASK_FOR_SERIAL)
                    answered = bool(await stream.receive_some(64))
            except trio.BrokenResourceError:
                answered = False
            self.answered += answered
            self.turned_away += not answered


async def test_per_poll_lets_another_master_have_its_turn_between_polls(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=0.05)) as plant, trio.open_nursery() as nursery:
        server = plant.servers[0]
        plant.set_fault("panel-1", ONE_CLIENT)
        other = OtherMaster(server.port)
        device = listed("panel-1", server.port, connection="per_poll", rules=RULES, timeout_s=WITHIN_S)
        async with gateway_running(config_of([device], tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            nursery.start_soon(other.ask_for_ever)
            polls = house.gateway.pace.polls_started
            await until(lambda: other.answered >= 20 and house.gateway.pace.polls_started >= polls + 15)
            assert house.point_statuses("panel-1") == {"ok"}
            assert house.status("panel-1") == "online"
            assert server.counts.connections > house.gateway.pace.polls_started
        nursery.cancel_scope.cancel()


async def test_persistent_keeps_its_one_connection_whoever_knocks(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=0.05)) as plant, trio.open_nursery() as nursery:
        server = plant.servers[0]
        plant.set_fault("panel-1", ONE_CLIENT)
        other = OtherMaster(server.port)
        device = listed("panel-1", server.port, rules=RULES, timeout_s=WITHIN_S)
        async with gateway_running(config_of([device], tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
            nursery.start_soon(other.ask_for_ever)
            polls = house.gateway.pace.polls_started
            await until(lambda: other.turned_away >= 20 and house.gateway.pace.polls_started >= polls + 10)
            assert other.answered == 0
            assert house.log.of("link.lost") == []
            assert len(house.log.of("link.opened")) == 1
        nursery.cancel_scope.cancel()


async def test_a_device_whose_one_connection_another_master_holds_is_waited_for(tmp_path: Path) -> None:
    rules = Rules(poll_interval_s=0.1, stale_after=2, down_after=4, max_interval_s=0.0)
    async with running_plant(PlantSize(1, seed=5, tick_s=0.05)) as plant:
        server = plant.servers[0]
        plant.set_fault("panel-1", ONE_CLIENT)
        device = listed("panel-1", server.port, connection="per_poll", rules=rules, timeout_s=WITHIN_S)
        async with await trio.open_tcp_stream("127.0.0.1", server.port):
            await until(lambda: server.clients == 1)
            async with gateway_running(config_of([device], tmp_path)) as house:
                await until(lambda: house.status("panel-1") == "offline")
                told = house.one("SELECT status_reason FROM DEVICES")
                assert "accepts a connection and closes it without an answer" in told
        async with gateway_running(config_of([device], tmp_path)) as house:
            await until(lambda: house.point_statuses("panel-1") == {"ok"})
