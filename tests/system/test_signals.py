"""How `t3actors run` ends, seen from outside: signals, refusals, `--once`; each with its exit code, its one line, no traceback."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from t3actors.cli.exits import Exit
from t3actors.simulator.faults import Fault, FaultKind
from t3actors.simulator.plant import PlantSize, running_plant
from tests.system.foreground import GatewayProcess, ask, configuration
from tests.waiting import blocking_until, until

NOBODY = {"name": "ahu-1", "host": "127.0.0.1", "port": 1, "unit_id": 1}
SIGNALS = [signal.SIGTERM, signal.SIGINT]


def written(directory: Path, *more: str, data: str = "data") -> Path:
    """A configuration of one device where nobody listens."""
    config = directory / "site.toml"
    config.write_text(configuration(directory / data, [NOBODY]) + "".join(more))
    return config


def is_clean(database: Path) -> bool:
    return ask(database, "SELECT clean_stop FROM GATEWAY") == [(1,)] and ask(database, "PRAGMA integrity_check") == [
        ("ok",)
    ]


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_stops_the_gateway_in_order_with_exit_0_and_a_clean_file(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=0.05)) as plant:
        config = tmp_path / "site.toml"
        config.write_text(configuration(tmp_path / "data", plant.listing()))
        database = tmp_path / "data" / "t3actors.db"
        with GatewayProcess(config) as gateway:
            await until(lambda: ask(database, "SELECT count(*) > 300 FROM samples") == [(1,)])
            gateway.process.send_signal(number)
            await until(lambda: gateway.ended)
            assert gateway.end() == Exit.DONE
            assert gateway.complaint == ""
            assert [line["reason"] for line in gateway.said("gateway.stopped")] == [number.name]
        assert is_clean(database)


def test_two_signals_at_once_are_one(tmp_path: Path) -> None:
    with GatewayProcess(written(tmp_path)) as gateway:
        blocking_until(lambda: gateway.said("gateway.started"))
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.end(signal.SIGTERM) == Exit.DONE
        assert gateway.complaint == ""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("event", ["store.opened", "gateway.started"])
def test_a_signal_during_the_start_does_the_same(tmp_path: Path, number: signal.Signals, event: str) -> None:
    with GatewayProcess(written(tmp_path)) as gateway:
        blocking_until(lambda: gateway.said(event))
        assert gateway.end(number) == Exit.DONE
        assert gateway.complaint == ""
        assert len(gateway.said("gateway.stopped")) == 1
    assert is_clean(tmp_path / "data" / "t3actors.db")


def test_a_second_gateway_on_the_same_data_directory_exits_75_and_harms_nothing(tmp_path: Path) -> None:
    with GatewayProcess(written(tmp_path)) as first:
        blocking_until(lambda: first.said("gateway.started"))
        second_config = tmp_path / "second.toml"
        second_config.write_text((tmp_path / "site.toml").read_text())
        with GatewayProcess(second_config) as second:
            assert second.end() == Exit.HELD
            assert one_line(second).startswith(
                f"t3actors: {tmp_path / 'data'}: another gateway (process {first.process.pid})"
            )
        assert not first.ended
        assert first.end(signal.SIGTERM) == Exit.DONE


def newer_schema(directory: Path) -> Path:
    (directory / "data").mkdir()
    connection = apsw.Connection(str(directory / "data" / "t3actors.db"))
    connection.pragma("user_version", 999)
    connection.close()
    return written(directory)


def file_for_a_directory(directory: Path) -> Path:
    (directory / "data").write_text("a file")
    return written(directory)


def no_database(directory: Path) -> Path:
    (directory / "data").mkdir()
    (directory / "data" / "t3actors.db").mkdir()
    return written(directory)


def unknown_key(directory: Path) -> Path:
    return written(directory, 'colour = "blue"\n')


REFUSALS: dict[str, tuple[Callable[[Path], Path], Exit, tuple[str, ...]]] = {
    "a newer schema": (newer_schema, Exit.DATABASE, ("t3actors.db", "999")),
    "a file in the place of data_dir": (file_for_a_directory, Exit.DATABASE, ("data",)),
    "a directory in the place of the database": (no_database, Exit.DATABASE, ("t3actors.db",)),
    "an unknown key": (unknown_key, Exit.CONFIG, ("site.toml", "colour")),
}


@pytest.mark.parametrize("refused", REFUSALS)
def test_what_cannot_be_run_is_refused_in_one_line_that_names_it(tmp_path: Path, refused: str) -> None:
    prepare, code, named = REFUSALS[refused]
    with GatewayProcess(prepare(tmp_path)) as gateway:
        assert gateway.end() == code
        line = one_line(gateway)
        assert all(name in line for name in named), line


def test_a_configuration_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "nowhere.toml") as gateway:
        assert gateway.end() == Exit.CONFIG
        assert "nowhere.toml" in one_line(gateway)


def one_line(gateway: GatewayProcess) -> str:
    lines = gateway.complaint.splitlines()
    assert len(lines) == 1, gateway.complaint
    assert "Traceback" not in lines[0]
    return lines[0]


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (None, Exit.DONE, "64 points ok, 0 failed"),
        (Fault(FaultKind.REFUSE), Exit.FAILED, "refused"),
        (Fault(FaultKind.ILLEGAL_RANGES, registers=((7484, 7484),)), Exit.FAILED, "63 points ok, 1 failed"),
    ],
)
async def test_run_once_polls_every_device_and_its_exit_code_says_whether_all_went_well(
    tmp_path: Path, fault: Fault | None, code: Exit, said: str
) -> None:
    async with running_plant(PlantSize(2, seed=5, tick_s=3600.0)) as plant:
        if fault is not None:
            plant.set_fault("panel-2", fault)
        config = tmp_path / "site.toml"
        patient = configuration(tmp_path / "data", plant.listing()).replace("[store]", 'timeout = "60s"\n\n[store]')
        config.write_text(patient)
        with GatewayProcess(config, "--once") as gateway:
            await until(lambda: gateway.ended)
            assert gateway.end() == code
            first, second = sorted(gateway.complaint.splitlines())
            assert first == "panel-1: 64 points ok, 0 failed"
            assert second.startswith("panel-2: ")
            assert said in second
        database = tmp_path / "data" / "t3actors.db"
        assert is_clean(database)
        assert ask(database, "SELECT count(*) FROM INPUT_POINTS WHERE value IS NOT NULL")[0][0] >= 32


async def test_a_signal_ends_run_once_while_it_waits_for_a_device(tmp_path: Path) -> None:
    async with running_plant(PlantSize(1, seed=5, tick_s=3600.0)) as plant:
        plant.set_fault("panel-1", Fault(FaultKind.STALL))
        config = tmp_path / "site.toml"
        config.write_text(
            configuration(tmp_path / "data", plant.listing()).replace(
                "[store]", 'timeout = "1s"\nretries = 10\n\n[store]'
            )
        )
        with GatewayProcess(config, "--once") as gateway:
            await until(lambda: plant.counts().requests > 0)
            gateway.process.send_signal(signal.SIGTERM)
            await until(lambda: gateway.ended)
            assert gateway.end() == Exit.FAILED, "not every device was polled"
            assert gateway.complaint == ""
        assert is_clean(tmp_path / "data" / "t3actors.db")
