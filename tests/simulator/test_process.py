from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t3actors.simulator.process import main
from tests.waiting import WITHIN_S, blocking_until

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "t3actors.simulator.process", "--devices", "2"]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        yield running
        running.kill()


def told(process: subprocess.Popen[bytes], line: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    return said(process)


def said(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    answer = json.loads(process.stdout.readline())
    assert isinstance(answer, dict)
    return answer


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S).close()
    except OSError:
        return False
    return True


def test_one_line_says_where_every_panel_is_once_all_listen(process: subprocess.Popen[bytes]) -> None:
    line = said(process)
    panels = line["panels"]
    assert (line["modules"], line["scan"]["host"]) == ([], "127.0.0.1")
    assert [set(panel) for panel in panels] == [{"name", "host", "port", "unit_id", "serial_number", "counts"}] * 2
    assert panels[0]["counts"] == {"inputs": 32, "outputs": 16, "variables": 16}
    assert all(listens(panel["port"]) for panel in panels)


def test_commands_are_answered_and_bad_ones_get_one_error_line(process: subprocess.Popen[bytes]) -> None:
    port = said(process)["panels"][0]["port"]
    assert told(process, b'{"panel": "panel-1", "fault": "refuse"}')["ok"] is True
    assert not listens(port)
    assert told(process, b"\nwhat")["ok"] is False
    assert "65536 bytes" in told(process, b"x" * 200_000)["error"]
    assert told(process, b'{"panel": "panel-1", "fault": "none"}')["ok"] is True
    assert listens(port)


def test_it_ends_when_its_input_ends(process: subprocess.Popen[bytes]) -> None:
    said(process)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(WITHIN_S) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal(process: subprocess.Popen[bytes], number: int) -> None:
    said(process)
    process.send_signal(number)
    assert process.wait(WITHIN_S) == 0


def test_it_ends_when_nobody_reads_its_answers_any_more(process: subprocess.Popen[bytes]) -> None:
    said(process)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    process.stdin.write(b'{"ask": "counts"}\n')
    process.stdin.flush()
    assert process.wait(WITHIN_S) == 0


def test_it_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({COMMAND!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "sys.stdout.buffer.write(child.stdout.readline())\n"
        "sys.stdout.flush()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE) as running:
        port = said(running)["panels"][0]["port"]
        assert listens(port)
        running.kill()
    blocking_until(lambda: not listens(port))


def test_without_its_input_it_serves_until_a_signal() -> None:
    command = [*COMMAND, "--ignore-stdin"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        port = said(running)["panels"][1]["port"]
        assert listens(port)
        running.terminate()
        assert running.wait(WITHIN_S) == 0


def test_a_size_that_cannot_be_is_one_line_and_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--devices", "-1"]) == 2
    assert capsys.readouterr().err == "simulator: devices: saw -1, allowed is 0 to 5000\n"


def test_nothing_to_simulate_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--devices", "0"]) == 2
    assert "there is nothing to simulate" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--port", "--t3000-port", "--bacnet-port"])
def test_a_port_that_cannot_be_or_is_taken_is_named(capsys: pytest.CaptureFixture[str], option: str) -> None:
    wanted = ["--devices", "1", "--t3000", "1", "--bacnet", "1", option]
    assert main([*wanted, "80"]) == 2
    assert "port: saw 80, allowed is 0, or 1024 to" in capsys.readouterr().err
    with socket.socket(type=socket.SOCK_DGRAM if "bacnet" in option else socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        if "bacnet" not in option:
            other.listen()
        port = other.getsockname()[1]
        assert main([*wanted, str(port)]) == 1
    assert f"{port}" in capsys.readouterr().err


def test_points_that_no_panel_can_hold_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "65"]) == 2
    assert "inputs: saw 65, allowed is 0 to 64" in capsys.readouterr().err


def test_bacnet_devices_are_listed_beside_the_panels_and_answer() -> None:
    command = [*COMMAND, "--bacnet", "3", "--bacnet-presets", "t3000,generic"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        first = said(running)
        assert [each["preset"] for each in first["bacnet"]] == ["t3000", "generic", "t3000"]
        assert {"name", "host", "port", "instance", "network", "mac", "vendor", "points"} <= set(first["bacnet"][0])
        assert set(first["bbmd"]) == {"host", "port"}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(WITHIN_S)
            udp.sendto(bytes.fromhex("810a000801001008"), ("127.0.0.1", first["bacnet"][0]["port"]))  # Who-Is
            assert udp.recv(100)[6:8] == b"\x10\x00"
        assert told(running, b'{"panel": "bacnet-1", "ask": "counts"}')["counts"]["who_is"] == 1
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(WITHIN_S) == 0


def test_without_bacnet_devices_their_list_is_empty(process: subprocess.Popen[bytes]) -> None:
    first = said(process)
    assert (first["bacnet"], first["bbmd"], first["t3000"]) == ([], None, None)


def test_a_t3000_is_listed_beside_the_panels_and_answers_and_takes_faults() -> None:
    with subprocess.Popen(
        [*COMMAND, "--t3000", "2"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        t3000 = said(running)["t3000"]
        assert [each["name"] for each in t3000["panels"]] == ["t3000-1", "t3000-2"]
        request = urllib.request.Request(
            f"{t3000['url']}/api/t3000/ffi/call", b'{"action":4}', {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:
            assert len(json.load(answer)["data"]) == 2
        assert told(running, b'{"panel": "t3000", "fault": "status_500"}')["ok"]
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(request, timeout=WITHIN_S)
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(WITHIN_S) == 0


def test_more_panels_than_a_t3000_can_number_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--t3000", "255"]) == 2
    assert "t3000: saw 255, allowed is 1 to 254 panels" in capsys.readouterr().err


def test_a_preset_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bacnet", "1", "--bacnet-presets", "moon"]) == 2
    assert "bacnet_presets: saw 'moon', allowed are t3000" in capsys.readouterr().err


def test_a_layout_says_where_bacnet_devices_stand() -> None:
    command = [*COMMAND, "--bacnet", "3", "--bacnet-layout", "alone,trunk"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert [each["network"] for each in said(running)["bacnet"]] == [None, 50, None]
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(WITHIN_S) == 0


def test_a_layout_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bacnet", "1", "--bacnet-layout", "moon"]) == 2
    assert "layout: saw ('moon',), allowed are alone, shared and trunk" in capsys.readouterr().err
