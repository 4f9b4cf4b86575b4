"""`t3actors discover --bacnet`, as a process of its own, against simulated devices on loopback."""

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
from typing import Any

import pytest
import trio

from t3actors.collect.bacnet.codec.services import encode_i_am
from t3actors.configure.file import load
from t3actors.simulator.bacnet.build import PointCounts
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.plant import EVERY_DEVICE, BacnetPlant, BacnetPlantSize, running_bacnet_plant
from tests.cli.invoking import Ended, t3actors
from tests.collect.bacnet.peer import plain
from tests.ports import free_port
from tests.waiting import WITHIN_S, until

FEW = PointCounts(2, 1, 1)
STILL = 3600.0
QUICK = ("--bacnet", "--port", "0", "--wait", "200ms", "--rate", "100")


async def discover(*arguments: object) -> Ended:
    command = [sys.executable, "-m", "t3actors", "discover", *(str(argument) for argument in arguments)]
    ended = await trio.to_thread.run_sync(
        partial(subprocess.run, command, capture_output=True, text=True, check=False, timeout=WITHIN_S)
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


LONGER_WAITS = ("200ms", "1s", "3s", "10s")


async def discovered(devices: int, *arguments: object) -> Ended:
    """Search until so many lines are printed: on a busy machine it takes longer than a moment to answer."""
    for wait in LONGER_WAITS:
        ended = await discover(*QUICK, "--wait", wait, *arguments)
        if (ended.code, count_of(ended)) == (0, devices):
            break
    return ended


def count_of(ended: Ended) -> int:
    """How many devices are printed: as JSON, as TOML, or as a table."""
    if "[[devices]]" in ended.out and not ended.out.startswith("{"):
        return ended.out.count("[[devices]]")
    return len(ended.out.splitlines()) - (not ended.out.startswith("{"))


@asynccontextmanager
async def plant_of(devices: int, seed: int = 1) -> AsyncIterator[BacnetPlant]:
    async with running_bacnet_plant(BacnetPlantSize(devices, seed, FEW, tick_s=STILL)) as plant:
        yield plant


def bbmd_of(plant: BacnetPlant) -> str:
    return f"127.0.0.1:{plant.bbmd.port}"


def true_rows(plant: BacnetPlant) -> set[tuple[Any, ...]]:
    """(network, MAC, instance, vendor) of each device, as it can be seen from outside."""
    found = set()
    for row in plant.listing():
        mac = row["mac"] or (socket.inet_aton(row["host"]) + row["port"].to_bytes(2, "big")).hex()
        claimed = plant.find(row["name"]).device.claimed_instance
        found.add((row["network"], mac, claimed, row["vendor"]))
    return found


def seen_rows(ended: Ended) -> set[tuple[Any, ...]]:
    return {(row["network"], row["mac"], row["instance"], row["vendor_id"]) for row in ended.rows()}


async def test_fifty_devices_are_all_found_twice_in_a_row_and_what_is_printed_is_accepted(tmp_path: Path) -> None:
    async with plant_of(50) as plant:
        listed = await discovered(50, "--bbmd", bbmd_of(plant), "--json")
        whole = await discovered(50, "--bbmd", bbmd_of(plant), "--toml")
    assert plant.counts().writes == 0
    assert (listed.code, len(listed.rows()), whole.code) == (0, 50, 0)
    assert seen_rows(listed) == true_rows(plant)
    pasted = "\n".join(row["config"] for row in listed.rows())
    for name, text in (("pasted.toml", pasted), ("whole.toml", whole.out)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        config = load(tmp_path / name)
        assert {(one.address, one.instance) for one in config.devices} == {
            (row["address"], row["instance"]) for row in listed.rows()
        }
        assert t3actors("check", tmp_path / name).code == 0
    assert config.bacnet is not None
    assert (config.bacnet.interface, config.bacnet.bbmd) == ("127.0.0.1", bbmd_of(plant))


async def test_duplicates_lost_frames_routers_and_other_ports_are_borne() -> None:
    """T12, small: 20 % of all frames are lost, both ways."""
    async with plant_of(40, seed=3) as plant:
        plant.set_fault(EVERY_DEVICE, BacnetFault(BacnetFaultKind.DROP, share=0.2))
        for number in (2, 9, 24):  # beside a neighbour of another kind of place
            plant.set_fault(f"bacnet-{number}", BacnetFault(BacnetFaultKind.DUPLICATE_INSTANCE))
        plant.set_fault("bacnet-1", BacnetFault(BacnetFaultKind.OTHER_PORT))
        plant.set_fault("bacnet-4", BacnetFault(BacnetFaultKind.SERIAL_ZERO))
        ended = await discovered(40, "--bbmd", bbmd_of(plant), "--json")
        place = plant.listing()[0]["port"]
    rows = ended.rows()
    assert ended.code == 0
    elsewhere = {row for row in true_rows(plant) if row[1] != f"7f000001{place:04x}"}
    assert elsewhere <= seen_rows(ended)
    assert len(rows) == 40
    later = [row for row in rows if row["conflict"] is not None]
    assert len(later) == 3
    assert {row["instance"] for row in later} == {plant.find(f"bacnet-{n}").device.claimed_instance for n in (2, 9, 24)}
    assert all(row["config"].startswith("# CONFLICT") for row in later)
    assert ended.err.count("conflict: instance") == 3


async def test_a_target_is_asked_by_itself_and_a_vendor_and_a_range_narrow_the_list() -> None:
    async with plant_of(10) as plant:
        alone = [row for row in plant.listing() if row["network"] is None]
        targets = [word for row in alone for word in ("--target", f"localhost:{row['port']}")]
        ended = await discovered(len(alone), *targets, "--json")
        assert {row["instance"] for row in ended.rows()} == {row["instance"] for row in alone}
        one = alone[0]
        narrow = ("--range", f"{one['instance']}-{one['instance']}", "--vendor", one["vendor"])
        ended = await discovered(1, "--bbmd", bbmd_of(plant), *narrow)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:3] == ["instance", "address", "network"]
    assert str(one["instance"]) in lines[1]


async def test_nobody_there_is_said_with_what_to_check_and_is_no_failure() -> None:
    ended = await discover(*QUICK, "--wait", "50ms", "--target", f"127.0.0.1:{free_port()}", "--range", "5-9")
    assert (ended.code, ended.out) == (0, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("0 devices; sent 9 Who-Is for instances 5 to 9 from 127.0.0.1:")
    assert "Nobody answered: check --interface" in line


async def test_a_port_that_another_program_holds_is_one_clear_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        for more in (("--target", "127.0.0.1:9"), ("--listen", "1s")):
            ended = await discover("--bacnet", "--interface", "127.0.0.1", "--port", port, *more)
            assert (ended.code, ended.out, len(ended.err.splitlines())) == (1, "", 1)
            assert f"127.0.0.1:{port}: another program holds this UDP address and port" in ended.err


async def test_a_broadcast_address_that_another_program_holds_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.255.255.255", 0))
        port = other.getsockname()[1]
        ended = await discover("--bacnet", "--interface", "127.0.0.1/8", "--port", port)
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert f"127.255.255.255:{port}: another program holds" in ended.err


async def test_listening_sends_nothing_and_lists_who_announces_itself() -> None:
    port = free_port()
    command = ["discover", "--bacnet", "--interface", "127.0.0.1", "--port", str(port), "--listen", "60s", "--json"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.2", 0))
        device.setblocking(False)
        start = partial(subprocess.Popen, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process = await trio.to_thread.run_sync(start, [sys.executable, "-m", "t3actors", *command])
        try:
            await until(lambda: is_held(port))
            for asked in (
                b"\x10\x08",
                b"\x02\x65\x07\x0c\x0c\x02\x3f\xff\xff\x19\x4d",
                b"\x10\x00" + encode_i_am(5, 480, 148),
            ):
                device.sendto(plain(asked), ("127.0.0.1", port))
            await until(lambda: is_read(port))
            process.send_signal(signal.SIGINT)
            out, err = await trio.to_thread.run_sync(process.communicate)
        finally:
            process.kill()
        with pytest.raises(BlockingIOError):
            device.recv(2048)
    assert process.returncode == 0, err
    assert [json.loads(line)["instance"] for line in out.splitlines()] == [5]
    assert "sent nothing" in err


def is_held(port: int) -> bool:
    """Whether somebody listens there. It is not tried by a socket of ours, which would be in his way."""
    return bool(waiting_at(port))


def is_read(port: int) -> bool:
    """The kernel holds nothing more for whoever listens there."""
    return any(queues.endswith(":00000000") for queues in waiting_at(port))


def waiting_at(port: int) -> list[str]:
    """How much the kernel holds for each socket there."""
    held = f"0100007F:{port:04X}"
    lines = [line.split() for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()]
    return [line[4] for line in lines if line[1] == held]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to search for: --bacnet or --t3000"),
        (("--bacnet", "--t3000"), "one of the two"),
        (("--bacnet", "--listen-port", "5"), "--listen-port is for --t3000 only"),
        (("--bacnet", "--json", "--toml"), "one of the two"),
        (("--bacnet", "--listen", "1s", "--target", "127.0.0.1"), "--listen sends nothing"),
        (("--bacnet", "--listen", "soon"), "allowed: a duration"),
        (("--bacnet", "--range", "9-5"), "allowed: two instances such as 1000-1999"),
        (("--bacnet", "--port", "0"), "--port 0 is for --bbmd and --target"),
        (("--bacnet", "--target", "50:999"), "network of 1 to 65534"),
        (("--bacnet", "--bbmd", "a b"), 'allowed: "host:port"'),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    ended = t3actors("discover", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.split())


def test_several_networks_and_none_chosen_are_refused_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    from t3actors.cli import interfaces  # noqa: PLC0415
    from t3actors.collect.bacnet.link.interfaces import OwnAddress  # noqa: PLC0415

    own = (OwnAddress("eth0", "10.0.0.1", 24), OwnAddress("eth1", "10.1.0.1", 24))
    monkeypatch.setattr(interfaces, "list_addresses", lambda: own)
    ended = t3actors("discover", "--bacnet")
    assert (ended.code, ended.out) == (78, "")
    assert ended.err == (
        "--interface: saw none, and there are several networks; allowed: one of eth0 (10.0.0.1/24), eth1 (10.1.0.1/24)\n"
    )


def test_an_interface_that_is_not_there_is_a_failure() -> None:
    ended = t3actors("discover", "--bacnet", "--interface", "nope0")
    assert ended.code == 1
    assert "interface: 'nope0' has no IPv4 address now; there are: lo" in ended.err


def test_help_says_how_to_reach_simulated_devices() -> None:
    said = " ".join(t3actors("discover", "--help").out.split())
    assert "--bbmd 127.0.0.1:PORT" in said
    assert "--target 127.0.0.1:PORT" in said
