"""A gateway whose process is there and does not answer: every verb says so soon, what is seen of it, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from t3actors.cli import asking
from t3actors.cli.hanging import how_it_hangs
from t3actors.cli.whereabouts import Whereabouts
from t3actors.store.lock import data_dir_locked
from t3actors.watch.api import guard, http11
from t3actors.watch.api.sockets import open_unix
from tests.cli.invoking import t3actors
from tests.cli.test_show import write_database
from tests.waiting import blocking_until

STOPS_ITSELF = """
import os, signal, sys
from pathlib import Path
from t3actors.store.lock import data_dir_locked
from t3actors.watch.api.sockets import open_unix
with data_dir_locked(Path(sys.argv[1])), open_unix(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGSTOP)
"""
ASKING = (
    ("sync",), ("sync", "ahu-1"), ("reload",), ("set-interval", "ahu-1", "5s"), ("device", "stop", "ahu-1"), ("top",),
)  # fmt: skip
LOOKING = (("status",), ("devices",), ("points",), ("alarms",), ("storage",))


@pytest.fixture
def hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data_dir of a gateway, this process, that takes connections and answers none."""
    monkeypatch.setattr(asking, "HEALTH_WITHIN_S", 0.1)
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000)
    with data_dir_locked(tmp_path), open_unix(tmp_path):
        yield tmp_path


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, int]]:
    """The data_dir of a process that SIGSTOP has stopped, and that process."""
    monkeypatch.setattr(asking, "HEALTH_WITHIN_S", 0.1)
    write_database(tmp_path / "t3actors.db", time.time_ns() // 1_000_000)
    with subprocess.Popen([sys.executable, "-c", STOPS_ITSELF, tmp_path]) as process:
        try:
            blocking_until(lambda: " T " in Path(f"/proc/{process.pid}/stat").read_text())
            yield tmp_path, process.pid
        finally:
            process.kill()


def test_every_verb_says_of_a_stopped_gateway_that_it_is_stopped(
    stopped: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir, pid = stopped
    monkeypatch.setattr(asking, "HEALTH_WITHIN_S", 3600.0)  # what is stopped is not waited for
    seen = f"process {pid} holds its socket, but is stopped (SIGSTOP, Ctrl-Z, a debugger); kill -CONT {pid}"
    for arguments in (*ASKING, *LOOKING):
        ended = t3actors(*arguments, "--data", data_dir)
        assert (ended.code, arguments) == (1, arguments)
        assert f"t3actors: the gateway in {data_dir} does not answer: {seen}" in ended.err


@pytest.mark.parametrize("arguments", ASKING)
def test_who_would_have_it_do_something_is_told_at_once_that_it_does_not_answer(
    hangs: Path, arguments: tuple[str, ...]
) -> None:
    ended = t3actors(*arguments, "--data", hangs)
    assert (ended.code, ended.out) == (1, "")
    said = f"t3actors: the gateway in {hangs} does not answer: process {os.getpid()} holds its socket, but its loop does not turn; "
    assert ended.err.startswith(said)
    assert "loop.stalled" in ended.err


@pytest.mark.parametrize("arguments", LOOKING)
def test_what_is_read_of_its_database_is_the_last_it_wrote_and_not_live(
    hangs: Path, arguments: tuple[str, ...]
) -> None:
    ended = t3actors(*arguments, "--data", hangs)
    assert ended.code == 1
    assert ended.out
    assert ended.err.rstrip().endswith("This is the last it wrote")


def test_what_was_is_told_of_a_stopped_gateway_and_that_it_does_not_answer(stopped: tuple[Path, int]) -> None:
    data_dir, pid = stopped
    command = ["history", "ahu-1/IN1", "--data", str(data_dir)]
    as_a_program = subprocess.run(
        [sys.executable, "-m", "t3actors", *command], capture_output=True, text=True, check=True
    )
    ended = t3actors(*command)
    assert (ended.code, ended.out) == (0, as_a_program.stdout)
    seen = f"process {pid} holds its socket, but is stopped (SIGSTOP, Ctrl-Z, a debugger); kill -CONT {pid}"
    assert ended.err == f"t3actors: the gateway in {data_dir} does not answer: {seen}. This is the last it wrote\n"
    assert as_a_program.stderr == ended.err


def test_what_was_is_told_without_asking_it(hangs: Path) -> None:
    ended = t3actors("history", "ahu-1/IN1", "--data", hangs)
    assert (ended.code, ended.err) == (0, "")


def test_no_status_of_it_reads_as_live(hangs: Path) -> None:
    rows = t3actors("devices", "--data", hangs, "--json").rows()
    assert {(row["status"], row["live"]) for row in rows} == {("unknown", False)}
    assert all("running, but it does not answer; it was " in row["status_reason"] for row in rows)
    (row,) = t3actors("status", "--data", hangs, "--json").rows()
    assert (row["live"], row["state"], row["health"]) == (False, "hanging", None)


def test_why_says_what_the_database_says_of_a_point(hangs: Path) -> None:
    ended = t3actors("why", "ahu-1/IN1", "--data", hangs)
    assert ended.code == 1
    assert "does not answer: process" in ended.out
    assert "look at: loop.stalled in its log" in ended.out
    assert ended.out.startswith("ahu-1/IN1  Supply")
    assert "21 °C, unknown" in ended.out
    assert "it was ok" in ended.out


def test_doctor_finds_it_bad(hangs: Path) -> None:
    found = {row["what"]: row for row in t3actors("doctor", "--data", hangs, "--json").rows()}
    assert found["gateway"]["verdict"] == "bad"
    assert "does not answer: process" in found["gateway"]["seen"]
    assert "systemctl restart" in found["gateway"]["do"]


def test_one_that_takes_no_more_connections_either_does_not_answer(
    hangs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CONNECTS_WITHIN_S", 0.1)
    with ExitStack() as waiting:
        with pytest.raises(BlockingIOError):
            while True:
                connection = waiting.enter_context(closing(asking._SocketConnection(hangs, 0.1)))
                connection.connect()
        ended = t3actors("sync", "--data", hangs)
    assert ended.code == 1
    assert "does not answer: process" in ended.err


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ({"live": False, "reason": "the gateway is starting"}, "the gateway is starting, this may take long"),
        (
            {"live": False, "gateway": {"state": "starting", "reason": "store: the database is being opened"}},
            "the gateway is still starting, this may take long: store: the database is being opened",
        ),
        (
            {"live": False, "gateway": {"state": "stuck", "reason": "detector: it has not answered for 9 s"}},
            "the gateway makes no progress, this may take long: stuck: detector: it has not answered for 9 s",
        ),
    ],
)
def test_who_waits_is_told_whether_it_starts_or_is_stuck(health: dict[str, object], told: str) -> None:
    assert asking.why_it_may_take_long(health) == told


@pytest.mark.parametrize("patience_s", [60.0, -1.0])
def test_of_one_that_is_up_in_a_moment_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], patience_s: float
) -> None:
    starting = {"live": False, "gateway": {"state": "starting", "reason": "store: the database is being opened"}}
    answers = iter([{"live": False, "reason": "the gateway is starting"}, starting, {"live": True}])
    monkeypatch.setattr(asking, "STARTS_WITHIN_S", patience_s)
    monkeypatch.setattr(asking, "LOOKS_AGAIN_S", 0.0)
    monkeypatch.setattr(
        asking, "_exchange", lambda _where, method, *_more: next(answers) if method == "GET" else "done"
    )
    assert asking.ask(Whereabouts(Path(), Path()), "POST", "/sync") == "done"
    assert capsys.readouterr().err == (
        "" if patience_s > 0 else "t3actors: the gateway is starting, this may take long\n"
    )


def made_process(proc: Path, state: str, cgroup: str = "0::/system.slice/t3actors.service\n") -> Path:
    (proc / "77").mkdir()
    (proc / "77" / "stat").write_text(f"77 (t3) actors) {state} 1 77 77 0")
    (proc / "77" / "cgroup").write_text(cgroup)
    return proc


@pytest.mark.parametrize(
    ("state", "seen", "do"),
    [
        ("T", "is stopped", "kill -CONT 77"),
        ("t", "is stopped", "kill -CONT 77"),
        ("D", "waits in the kernel", "dmesg"),
        ("S", "its loop does not turn", "systemctl restart"),
        ("R", "its loop does not turn", "systemctl restart"),
    ],
)
def test_what_the_kernel_shows_of_it_says_what_to_do(tmp_path: Path, state: str, seen: str, do: str) -> None:
    how = how_it_hangs(77, made_process(tmp_path, state), tmp_path / "cgroup")
    assert seen in how.seen
    assert do in how.do


def test_a_frozen_cgroup_is_seen(tmp_path: Path) -> None:
    events = tmp_path / "cgroup" / "system.slice" / "t3actors.service" / "cgroup.events"
    events.parent.mkdir(parents=True)
    for frozen, do in (("0", "systemctl restart"), ("1", "systemctl thaw")):
        events.write_text(f"populated 1\nfrozen {frozen}\n")
        (tmp_path / frozen).mkdir()
        assert do in how_it_hangs(77, made_process(tmp_path / frozen, "S"), tmp_path / "cgroup").do


def test_a_process_that_cannot_be_seen_is_said_so(tmp_path: Path) -> None:
    for pid in (-1, 0, 78):
        assert how_it_hangs(pid, tmp_path).seen.startswith("a process that cannot be seen from here holds its socket")


def test_a_gateway_that_is_asked_too_much_is_not_taken_for_one_that_hangs() -> None:
    """A request waits for its turn, or for its refusal: a verb waits for longer than either."""
    assert max(guard.TURN_WITHIN_S, http11.REFUSED_WAITS_S) < asking.HEALTH_WITHIN_S
