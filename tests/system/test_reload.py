"""A running gateway takes up another configuration: on a signal, by its verb, under load, with devices that nobody configured."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from t3actors.cli.exits import Exit
from t3actors.config import Config
from t3actors.points import Rules
from t3actors.reload import Source
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.plant import ALONE, BacnetPlantSize
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.collect.t3000.conftest import compiler as compiler  # noqa: PLC0414 - a fixture
from tests.collect.t3000.conftest import library as library  # noqa: PLC0414
from tests.system.asked import client_of, until_answered, verb
from tests.system.building import RULES, STILL, polling, running_building, well
from tests.system.foreground import GatewayProcess, ask, configuration
from tests.system.house import config_of, gateway_running
from tests.system.t3000_answers import now_s, real, real_panel
from tests.system.test_pipeline import PATIENT, devices_of
from tests.system.test_signals import written
from tests.system.test_t3000 import plant as installation
from tests.waiting import WITHIN_S, blocking_until, until


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class File:
    """A configuration that is written anew by assignment."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.source = Source(Path("site.toml"), lambda _: self.config)


async def test_on_sighup_the_file_is_read_anew_and_one_with_a_fault_changes_nothing(tmp_path: Path) -> None:
    """T20."""
    async with running_plant(PlantSize(3, seed=5, tick_s=0.05)) as plant:
        rows = plant.listing()
        config, database = tmp_path / "site.toml", tmp_path / "data" / "t3actors.db"
        config.write_text(configuration(tmp_path / "data", rows[:2]))

        def status(device: str) -> Any:
            found = ask(database, "SELECT status FROM DEVICES WHERE name = ?", device)
            return found[0][0] if found else None

        with GatewayProcess(config) as gateway:
            await until(lambda: status("panel-1") == status("panel-2") == "online")
            config.write_text(
                configuration(tmp_path / "data", [rows[0], rows[2]]).replace('name = "drill"', 'name = "b"')
            )
            gateway.process.send_signal(signal.SIGHUP)
            await until(lambda: status("panel-3") == "online" and status("panel-2") == "disabled")
            await until(lambda: gateway.said("reload.done"))  # who is new may be online before that is said
            (done,) = gateway.said("reload.done")
            assert (done["added"], done["removed"], done["changed"]) == (["panel-3"], ["panel-2"], [])
            assert done["asked_by"] == "SIGHUP"
            assert [line["keys"] for line in gateway.said("reload.incomplete")] == [["gateway.name"]]

            config.write_text(configuration(tmp_path / "data", rows) + 'colour = "blue"\nmax_gap = 999\n')
            gateway.process.send_signal(signal.SIGHUP)
            await until(lambda: gateway.said("reload.refused"))
            (refused,) = gateway.said("reload.refused")
            assert refused["fault_count"] == 2
            assert ["colour" in refused["faults"][0] or "colour" in refused["faults"][1]] == [True]
            assert refused["config_hash"] == done["config_hash"]
            by_verb = await verb("reload", config)
            assert by_verb.code == Exit.FAILED
            assert by_verb.err.splitlines()[:2] == refused["faults"]
            assert by_verb.err.splitlines()[2] == "t3actors: refused; the gateway goes on as it was"

            config.write_text(configuration(tmp_path / "data", rows))
            told = await verb("reload", config)
            assert (told.code, told.out.splitlines()[:1]) == (Exit.DONE, ["added: panel-2"])
            await until(lambda: status("panel-2") == "online")
            events = "SELECT event FROM EVENTS WHERE event LIKE 'reload%' ORDER BY id"
            happened = ("incomplete", "done", "refused", "refused", "done")
            await until(lambda: ask(database, events) == [(f"reload.{each}",) for each in happened])
            assert gateway.end(signal.SIGTERM) == Exit.DONE
            assert gateway.complaint == ""
            met = [line["device"] for line in gateway.said("device.online")]
            assert met.count("panel-1") == 1, "who did not differ was left alone"


def test_a_sighup_before_the_tree_is_up_waits_for_it(tmp_path: Path) -> None:
    config = written(tmp_path)
    with GatewayProcess(config) as gateway:
        blocking_until(lambda: gateway.said("store.opened"))
        gateway.process.send_signal(signal.SIGHUP)
        blocking_until(lambda: gateway.said("reload.done"))
        assert len(gateway.said("gateway.started")) == 1
        assert gateway.end(signal.SIGTERM) == Exit.DONE


def test_on_a_terminal_that_is_gone_a_sighup_stops_the_gateway_in_order(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "-m", "t3actors", "run", str(written(tmp_path))]
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            database = tmp_path / "data" / "t3actors.db"
            blocking_until(lambda: ask(database, "SELECT 1 FROM EVENTS WHERE event = 'gateway.started'"))
            os.close(ours)
            process.send_signal(signal.SIGHUP)
            try:
                assert process.wait(WITHIN_S) == Exit.DONE
            finally:
                process.kill()
            assert ask(database, "SELECT clean_stop FROM GATEWAY") == [(1,)]
            assert ask(database, "SELECT 1 FROM EVENTS WHERE event LIKE 'reload%'") == []
    finally:
        for end in (ours, theirs):
            with suppress(OSError):
                os.close(end)


async def test_the_verb_says_what_changed_and_refuses_another_file(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        rows = plant.listing()
        config = tmp_path / "site.toml"
        config.write_text(configuration(tmp_path / "data", rows))
        with GatewayProcess(config) as gateway:
            await until(lambda: gateway.said("gateway.started"))
            async with client_of(tmp_path / "data") as client:
                await until_answered(client, "/health", lambda seen: seen["live"])
            same = await verb("reload", config)
            assert (same.code, same.out.splitlines()[0]) == (Exit.DONE, "nothing differs")
            config.write_text(configuration(tmp_path / "data", rows, "80ms"))
            changed = await verb("reload", "--data", tmp_path / "data", "--json")
            (row,) = changed.rows()
            assert row["changed"] == ["panel-1 (poll_interval)", "panel-2 (poll_interval)"]
            assert (row["failed"], row["waits_for_restart"], row["devices"]) == ([], [], 2)
            other = tmp_path / "other.toml"
            other.write_text(config.read_text())
            refused = await verb("reload", other)
            assert refused.code == Exit.FAILED
            assert refused.err == f"t3actors: this gateway was started from {config}, not from {other}\n"
            config.write_text("[gateway\n")
            broken = await verb("reload", config)
            assert broken.code == Exit.FAILED
            assert broken.err.splitlines()[0].startswith(f"{config}: not TOML: ")
            assert gateway.end(signal.SIGTERM) == Exit.DONE
        config.write_text(configuration(tmp_path / "data", rows))
        assert (await verb("reload", config)).code == Exit.NOT_RUNNING


async def test_the_api_reloads_and_refuses_with_every_fault(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        config = config_of(devices_of(plant, rules=PATIENT), tmp_path)
        async with gateway_running(config, source=File(config).source), client_of(tmp_path) as client:
            answer = await client.post("/reload")
            assert answer.status_code == 200
            assert (answer.json()["added"], answer.json()["devices"]) == ([], 1)
            conflict = await client.post("/reload", json={"file": "/etc/other.toml"})
            assert (conflict.status_code, set(conflict.json())) == (409, {"error"})
        async with gateway_running(config), client_of(tmp_path) as client:
            without = await client.post("/reload")
            assert (without.status_code, without.json()) == (409, {"error": "this gateway was not started from a file"})


async def test_twenty_reloads_under_load_lose_nothing_of_the_others_and_leave_nothing_behind(tmp_path: Path) -> None:
    async with running_plant(PlantSize(6, seed=5, tick_s=0.05)) as plant:
        devices = devices_of(plant, rules=PATIENT)
        file = File(config_of(devices, tmp_path))
        async with gateway_running(file.config, source=file.source) as house:
            await until(lambda: all(house.point_statuses(device.name) == {"ok"} for device in devices))
            plant.set_fault("panel-6", Fault(FaultKind.STALL))
            files, tasks = [], []
            for number in range(1, 21):
                rules = Rules(poll_interval_s=0.05, deadband=float(number), max_interval_s=0.0)
                there = [replace(devices[1], rules=rules)] if number % 2 else []
                file.config = replace(file.config, devices=(devices[0], *there, *devices[3:]))
                await house.gateway.reload.ask("a test")
                if not there:
                    await until(lambda: house.status("panel-2") == "disabled")
                    files.append(open_files())
                    tasks.append(trio.lowlevel.current_statistics().tasks_living)
                    assert polling(house) == [f"panel-{one}" for one in (1, 4, 5, 6)]
            assert min(files[-3:]) <= min(files[:3]) + 2, files
            assert min(tasks[-3:]) <= min(tasks[:3]) + 4, tasks
            for name in ("panel-1", "panel-4", "panel-5", "panel-6"):
                assert house.gateway.registry.incarnation(f"device/{name}") == 1
                assert house.one("SELECT polls_failed FROM DEVICES WHERE name = ?", name) == 0 or name == "panel-6"
            assert house.log.of("link.lost", link=devices[0].address) == []
            await until(lambda: house.one("SELECT count(*) FROM EVENTS WHERE event = 'reload.done'") == 20)
            before = house.one("SELECT max(sampled_at) FROM TRENDLOG_DATA WHERE name = 'panel-1'")
            await until(lambda: house.one("SELECT max(sampled_at) FROM TRENDLOG_DATA WHERE name = 'panel-1'") > before)
            assert (house.status("panel-2"), house.status("panel-3")) == ("disabled", "disabled")
            await until(lambda: house.point_statuses("panel-3") == {"disabled"})


POINTS = PointCounts(4, 2, 2)
THREE = BacnetPlantSize(3, 12, POINTS, (Preset.GENERIC,), (ALONE, ALONE, ALONE), tick_s=STILL)


async def test_devices_that_were_found_follow_a_reload_too(tmp_path: Path) -> None:
    async with running_building(THREE) as building:
        one, two, three = building
        file = File(building.config(tmp_path, "all"))
        async with gateway_running(file.config, source=file.source) as house:
            await until(lambda: well(house, [one, two, three]))
            registry = house.gateway.registry

            template = replace(file.config.found_devices, rules=replace(RULES, deadband=2.0))
            file.config = replace(file.config, found_devices=template)
            assert (await house.gateway.reload.ask("a test")).found == ("deadband",)
            assert {registry.incarnation(f"device/{each.found_as}") for each in building} == {2}
            assert {device.rules.deadband for device in house.gateway.found.devices.values()} == {2.0}

            file.config = replace(file.config, devices=(two.configured("named"),))
            assert (await house.gateway.reload.ask("a test")).added == ("named",)
            await until(lambda: house.status("named") == "online")
            await until(lambda: polling(house) == sorted([one.found_as, three.found_as, "named"]))
            assert registry.incarnation(f"device/{one.found_as}") == 2, "whoever did not differ was left alone"
            await until(lambda: house.status(two.found_as) == "disabled")

            assert file.config.bacnet is not None
            file.config = replace(file.config, bacnet=replace(file.config.bacnet, discover="off"))
            await house.gateway.reload.ask("a test")
            await until(lambda: house.status(one.found_as) == house.status(three.found_as) == "disabled")
            assert polling(house) == ["named"]
            assert registry.incarnation("link/bacnet") == 1

            file.config = replace(file.config, bacnet=replace(file.config.bacnet, discover="all"), devices=())
            await house.gateway.reload.ask("a test")
            await until(lambda: polling(house) == sorted(each.found_as for each in building))


@pytest.mark.needs_cc
async def test_the_panels_of_a_t3000_go_with_it_and_come_back(library: Callable[..., Any], tmp_path: Path) -> None:
    t3000 = library()
    t3000.put("answer.json", real(real_panel(12345, 1, at_s=now_s())))
    t3000.play("* answer answer.json")
    there = installation(t3000)
    file = File(config_of([there], tmp_path / "data"))
    async with gateway_running(file.config, source=file.source) as house:
        await until(lambda: house.status("plant:12345") == "online")
        file.config = replace(file.config, devices=())
        await house.gateway.reload.ask("a test")
        await until(lambda: house.status("plant:12345") == house.status("plant") == "disabled")
        await until(lambda: house.point_statuses("plant:12345") == {"disabled"})
        file.config = replace(file.config, devices=(replace(there, panel_pause_s=0.1),))
        await house.gateway.reload.ask("a test")
        await until(lambda: house.point_statuses("plant:12345") == {"ok"})
        await until(lambda: house.status("plant") == "online")
        file.config = replace(file.config, devices=(replace(there, panel_pause_s=0.1, enabled=False),))
        assert (await house.gateway.reload.ask("a test")).changed == ("plant (enabled)",)
        await until(lambda: house.status("plant:12345") == house.status("plant") == "disabled")
        await until(lambda: house.point_statuses("plant:12345") == {"disabled"})
        reason = "SELECT status_reason FROM DEVICES WHERE name = 'plant:12345'"
        assert house.one(reason) == "enabled = false in the configuration"
