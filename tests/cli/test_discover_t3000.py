"""`t3actors discover --t3000`, as a process of its own, against simulated panels on loopback."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from t3actors.configure.file import load
from t3actors.simulator.modules import TYPES
from t3actors.simulator.plant import Plant, PlantSize, running_plant
from t3actors.simulator.scan import answer
from tests.cli.invoking import Ended, t3actors
from tests.waiting import WITHIN_S, until

STILL = 3600.0
QUICK = ("--t3000", "--wait", "200ms")


async def discover(*arguments: object) -> Ended:
    command = [sys.executable, "-m", "t3actors", "discover", *(str(argument) for argument in arguments)]
    ended = await trio.to_thread.run_sync(
        partial(subprocess.run, command, capture_output=True, text=True, check=False, timeout=WITHIN_S)
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


QUESTIONS = 3


async def discovered(plant: Plant, said: str, *arguments: object) -> Ended:
    """Search until this stands in what is printed: on a busy machine it takes longer than a moment to answer."""
    for wait in ("200ms", "1s", "3s", "10s"):
        before = plant.scan.counts.questions
        ended = await discover(*QUICK, "--wait", wait, "--target", scan_of(plant), *arguments)
        await until(lambda: plant.scan.counts.questions >= before + QUESTIONS)  # noqa: B023
        assert plant.scan.counts.questions == before + QUESTIONS
        if said in ended.err:
            break
    return ended


@asynccontextmanager
async def plant_of(devices: int, units_per_listener: int = 1) -> AsyncIterator[Plant]:
    async with running_plant(PlantSize(devices, units_per_listener=units_per_listener, tick_s=STILL)) as plant:
        yield plant


def scan_of(plant: Plant) -> str:
    return f"{plant.scan.host}:{plant.scan.port}"


async def test_every_panel_is_found_once_and_what_is_printed_is_accepted(tmp_path: Path) -> None:
    async with plant_of(40, units_per_listener=4) as plant:
        listed = await discovered(plant, "40 devices; ", "--json")
        whole = await discovered(plant, "40 devices; ", "--toml")
        true = {(row["serial_number"], f"{row['host']}:{row['port']}", row["unit_id"]) for row in plant.listing()}
    assert (listed.code, whole.code, plant.scan.counts.others) == (0, 0, 0)
    assert plant.counts().requests == 0
    assert {(row["serial_number"], row["address"], row["unit_id"]) for row in listed.rows()} == true
    pasted = "\n".join(row["config"] for row in listed.rows())
    for name, text in (("pasted.toml", pasted), ("whole.toml", whole.out)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        config = load(tmp_path / name)
        assert {(one.serial_number, one.address, one.unit_id) for one in config.devices} == true
        assert {one.profile for one in config.devices} == {"t3-controller"}
        assert t3actors("check", tmp_path / name).code == 0


async def test_a_site_with_every_product_is_polled_as_its_scan_was_pasted(tmp_path: Path) -> None:
    async with running_plant(PlantSize(2, modules=len(TYPES) - 1, tick_s=STILL)) as plant:
        found = await discovered(plant, f"{len(TYPES) + 1} devices; ", "--toml")
        (tmp_path / "site.toml").write_text(
            f'[gateway]\ndata_dir = "data"\n[defaults]\ntimeout = "60s"\n[store]\nmin_free = "0B"\n{found.out}',
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "t3actors", "run", str(tmp_path / "site.toml"), "--once"]
        run = partial(subprocess.run, command, capture_output=True, text=True, check=False, timeout=WITHIN_S)
        ended = await trio.to_thread.run_sync(run)
        assert plant.counts().writes == 0
    told = [line for line in ended.stderr.splitlines() if line.endswith("points ok, 0 failed")]
    assert (found.code, ended.returncode, len(told)) == (0, 0, len(TYPES) + 1), ended.stderr


async def test_conflicts_boot_loaders_and_nonsense_are_told_and_cost_nobody_else_anything() -> None:
    async with plant_of(3) as plant:
        one, two = list(plant.panels.values())[:2]
        plant.scan.more = (
            answer(one, 502, host="10.9.9.9"),
            answer(two, 502, host="10.9.9.8", isp_mode=1),
            b"\x65\x00short",
            b"",
            b"\x2f\x01" + one.serial_number.to_bytes(4, "little") + bytes(15) + b"\x01\x07",
        )
        ended = await discovered(plant, "(6 answers that made no sense)", "--json")
    assert ended.code == 0
    assert [row["conflict"] is not None for row in ended.rows()].count(True) == 1
    assert len(ended.rows()) == 4
    assert f"conflict: t3-{one.serial_number}-2 at 10.9.9.9:502" in ended.err
    assert "left out:" not in ended.err, "it answered as itself as well"
    assert "(6 answers that made no sense)" in ended.err


async def test_a_panel_that_only_its_boot_loader_answers_for_is_left_out_and_told() -> None:
    async with plant_of(2) as plant:
        (one, two) = plant.panels.values()
        del plant.panels[two.name]
        plant.scan.more = (answer(two, 502, isp_mode=2),)
        ended = await discovered(plant, "its boot loader says it is damaged")
    lines = ended.out.splitlines()
    assert (ended.code, len(lines)) == (0, 2)
    assert lines[0].startswith("serial number  product")
    assert str(one.serial_number) in lines[1]
    assert f"serial number {two.serial_number}, at 127.0.0.1:502: its boot loader says it is damaged" in ended.err
    assert "1 device; from 127.0.0.1:" in ended.err


async def test_nobody_there_is_said_with_what_to_check_and_is_no_failure() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        ended = await discover(*QUICK, "--target", f"localhost:{silent.getsockname()[1]}")
    assert (ended.code, ended.out) == (0, "")
    (line,) = ended.err.splitlines()
    assert "3 questions to 127.0.0.1:" in line
    assert "Nobody answered: check --interface" in line


async def test_a_port_that_another_program_holds_is_one_clear_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        ended = await discover(*QUICK, "--target", "127.0.0.1:9", "--listen-port", port)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"t3actors: 127.0.0.1:{port}: another program holds this UDP address and port\n"


async def test_ctrl_c_lists_what_came_so_far() -> None:
    command = [sys.executable, "-m", "t3actors", "discover", "--t3000", "--wait", "60s", "--json"]
    async with plant_of(2) as plant:
        start = partial(subprocess.Popen, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process = await trio.to_thread.run_sync(start, [*command, "--target", scan_of(plant)])
        try:
            await until(lambda: plant.scan.counts.questions)
            process.send_signal(signal.SIGINT)
            out, err = await trio.to_thread.run_sync(process.communicate)
        finally:
            process.kill()
    assert process.returncode == 1, err
    assert "stopped early" in err
    assert {json.loads(line)["product"] for line in out.splitlines()} <= {35, 74}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--json", "--toml"), "one of the two"),
        (("--bbmd", "10.0.0.1"), "--bbmd is for --bacnet only"),
        (("--range", "1-2"), "--range is for --bacnet only"),
        (("--vendor", "148"), "--vendor is for --bacnet only"),
        (("--listen",), "--listen is for --bacnet only"),
        (("--rate", "1"), "--rate is for --bacnet only"),
        (("--config", "x.toml"), "--config is for --bacnet only"),
        (("--port", "0"), "panels listen at 1234"),
        (("--target", "a b"), 'allowed: "host:port"'),
        (("--target", "[::1]:5"), "of IPv4"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    ended = t3actors("discover", "--t3000", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.split())


def test_an_interface_that_is_not_there_is_a_failure() -> None:
    ended = t3actors("discover", "--t3000", "--interface", "nope0")
    assert ended.code == 1
    assert "interface: 'nope0' has no IPv4 address now; there are: lo" in ended.err


def test_an_interface_without_a_broadcast_is_a_failure() -> None:
    ended = t3actors("discover", "--t3000", "--interface", "127.0.0.1/32")
    assert ended.code == 1
    assert "no broadcast here: ask single addresses by --target" in ended.err


def test_several_networks_and_none_chosen_are_refused_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    from t3actors.cli import interfaces  # noqa: PLC0415
    from t3actors.collect.bacnet.link.interfaces import OwnAddress  # noqa: PLC0415

    own = (OwnAddress("eth0", "10.0.0.1", 24), OwnAddress("eth1", "10.1.0.1", 24))
    monkeypatch.setattr(interfaces, "list_addresses", lambda: own)
    ended = t3actors("discover", "--t3000")
    assert (ended.code, ended.err.count("\n")) == (78, 1)
    assert ended.err.startswith(
        "--interface: saw none, and there are several networks; allowed: one of eth0 (10.0.0.1/24)"
    )
