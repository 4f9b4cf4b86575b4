"""T3000's own database beside the whole gateway: any device, another program in the file, `kill -9`, and a bug of ours in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from t3actors.config import Config, WebviewConfig
from t3actors.simulator.bacnet.plant import running_bacnet_plant
from t3actors.simulator.plant import PlantSize, running_plant
from t3actors.store.webview import actor
from t3actors.watch.parts import Part
from tests.collect.t3000.conftest import compiler as compiler  # noqa: PLC0414 - a fixture
from tests.collect.t3000.conftest import library as library  # noqa: PLC0414
from tests.system.foreground import ask
from tests.system.house import House, config_of, gateway_running
from tests.system.kill_drill import freeze, let_go
from tests.system.t3000_answers import now_s, real, real_panel
from tests.system.test_bacnet import SIZE, STILL, both
from tests.system.test_pipeline import PATIENT, devices_of
from tests.system.test_t3000 import Library, plant
from tests.system.webview_drill import ALL_DETAILS, THEIRS, WebviewDrill, differences, other_writer
from tests.waiting import WITHIN_S, until

KILLS = 2


def filling(config: Config, folder: Path) -> Config:
    """The same gateway, and a file of T3000's."""
    webview = WebviewConfig(database=folder / "webview_t3_device.db", busy_timeout_s=0.1)
    return msgspec.structs.replace(config, store=msgspec.structs.replace(config.store, webview=webview))


def front(folder: Path, sql: str, *bindings: object) -> list[tuple[Any, ...]]:
    return ask(folder / "webview_t3_device.db", sql, *bindings)


async def test_the_front_end_lists_every_point_of_bacnet_and_modbus_devices_with_the_gateway_s_value(
    tmp_path: Path,
) -> None:
    async with running_bacnet_plant(SIZE) as bacnet, running_plant(PlantSize(1, seed=5, tick_s=STILL)) as modbus:
        config = filling(both(bacnet, modbus, tmp_path), tmp_path)
        patient = (msgspec.structs.replace(each, timeout_s=WITHIN_S, rules=PATIENT) for each in config.devices)
        config = msgspec.structs.replace(config, devices=tuple(patient))
        async with gateway_running(config) as house:
            names = {"bacnet-1", "bacnet-2", "bacnet-3", "panel-1"}
            await until(lambda: all(house.point_statuses(name) == {"ok"} for name in names))
            await until(lambda: all(house.status(name) == "online" for name in names))
        expected = house.rows(
            "SELECT CASE WHEN p.serial_number < 1 << 31 THEN p.serial_number ELSE s.serial_number END, n.kind, n.number,"
            " CAST(round(p.value * 1000) AS INTEGER) FROM POINTS p"
            " JOIN webview_numbers n ON n.device_id = p.device_id AND n.point_index = p.point_index"
            " AND n.kind = CASE p.point_type WHEN 'INPUT' THEN 0 WHEN 'OUTPUT' THEN 1 ELSE 2 END"
            " LEFT JOIN webview_surrogates s ON s.device_id = p.device_id WHERE p.value IS NOT NULL"
        )
        found = []
        for kind, (table, prefix) in enumerate((("INPUTS", "IN"), ("OUTPUTS", "OUT"), ("VARIABLES", "VAR"))):
            name = table[:-1].title()
            found += [
                (serial, kind, int(xid.removeprefix(prefix)), int(value))
                for serial, xid, value in front(
                    tmp_path, f"SELECT SerialNumber, {name}Id, fValue FROM {table} WHERE fValue IS NOT NULL"
                )
            ]
        assert sorted(found) == sorted(expected)
        assert len(found) > 80
        assert front(tmp_path, "SELECT DISTINCT is_online, Status FROM DEVICES") == [(1, "Online")]
        assert front(tmp_path, "SELECT count(*) FROM DEVICES") == [(4,)]


@pytest.mark.needs_cc
async def test_the_panels_of_a_t3000_are_there_under_their_own_numbers_as_t3000_itself_would_write_them(
    library: Library, tmp_path: Path
) -> None:
    t3000 = library()
    t3000.put("answer.json", real(real_panel(12345, 1, at_s=now_s()), real_panel(67890, 2, at_s=now_s())))
    t3000.play("* answer answer.json")
    config = filling(config_of([plant(t3000)], tmp_path / "data"), tmp_path)
    async with gateway_running(config) as house:
        await until(lambda: len(house.log.of("cycle.stored")) > 1)
    assert front(
        tmp_path, "SELECT SerialNumber, PanelId, Panel_Number, show_label_name, Status FROM DEVICES ORDER BY 1"
    ) == [
        (12345, 1, 1, "Panel 1", "Online"),
        (67890, 2, 2, "Panel 2", "Online"),
    ]
    inputs = "SELECT InputId, Input_Index, fValue, Panel, Status, Type_Field FROM INPUTS WHERE SerialNumber = 67890 ORDER BY Input_Index"
    assert front(tmp_path, inputs) == [(f"IN{n}", f"{n - 1}", f"{21500 + n}", "2", "0", f"2IN{n}") for n in range(1, 5)]
    assert differences(house.database, tmp_path / "webview_t3_device.db", "UTC") == []


@pytest.mark.takes_long
async def test_killed_again_and_again_beside_another_program_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant:
        drill = WebviewDrill(plant, tmp_path)
        await drill.begun()
        with other_writer(drill.front, 0.3) as written:
            for number in range(KILLS):
                await drill.killed_after(300 + 250 * number)
        await drill.stopped_after(100)
        assert drill.faults() == []
        assert ask(drill.front, THEIRS) == [(written[0],)]
        assert written[0] > 20
        assert drill.count() > 900


async def test_a_locked_file_costs_no_poll_and_gets_everything_once_it_is_free(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant:
        config = filling(config_of(devices_of(plant, rules=PATIENT), tmp_path), tmp_path)
        freeze(plant)
        async with gateway_running(config) as house:
            await until(lambda: has_all_details(house))
            let_go(plant)
            other = apsw.Connection(str(config.store.webview.database))  # type: ignore[union-attr]
            other.set_busy_timeout(5000)
            other.execute("BEGIN IMMEDIATE")
            await stores_more(house, 1000)
            await until(
                lambda: webview_of(house).state == "degraded" and gateway_of(house).reason.startswith("webview: ")
            )
            assert "busy" in webview_of(house).reason.lower()
            await until(lambda: house.is_live)
            freeze(plant)  # no more comes than a busy machine can write
            other.execute("COMMIT")
            other.close()
            assert house.log.of("webview.blocked") != []
            await until(lambda: house.log.of("webview.recovered") != [])
            assert house.log.of("store.busy") == house.log.of("changes.coalesced") == []
            await until(lambda: webview_of(house).state == "ok")
            await until(lambda: has_all_details(house))
        assert house.log.of("gateway.stopped")[0]["unstored"] == 0
        assert differences(house.database, tmp_path / "webview_t3_device.db", "UTC") == []


async def test_a_bug_in_it_costs_nobody_else_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(actor.Webview, "step", broken)
    async with running_plant(PlantSize(1, seed=5, tick_s=0.05)) as plant:
        config = filling(config_of(devices_of(plant, rules=PATIENT), tmp_path), tmp_path)
        async with gateway_running(config) as house:
            await until(lambda: len(house.log.of("child.exited", child="webview")) > 2)
            await stores_more(house, 200)
            assert {line["child"] for line in house.log.of("child.exited")} == {"webview"}
            assert house.gateway.registry.incarnation("writer") == house.gateway.registry.incarnation("detector") == 1


def has_all_details(house: House) -> bool:
    """Whether T3000's database has as many samples as ours, and they are some."""
    ours = house.rows("SELECT count(*) FROM samples")
    return ours > [(100,)] and front(house.database.parent, ALL_DETAILS) == ours


def gateway_of(house: House) -> Part:
    """How health says that the gateway is."""
    report = house.gateway.board.report
    assert report is not None
    return report.gateway


def webview_of(house: House) -> Part:
    """How health says that T3000's database is."""
    report = house.gateway.board.report
    assert report is not None
    assert report.webview is not None
    return report.webview


async def stores_more(house: House, samples: int) -> None:
    """Wait until so many samples more are in our own database."""
    enough = house.one("SELECT count(*) FROM samples") + samples
    await until(lambda: house.one("SELECT count(*) FROM samples") >= enough)
