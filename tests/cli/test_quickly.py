"""The quick way of `t3actors history` prints what the usual way prints, or leaves it to that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from t3actors.cli import quickly
from t3actors.points import Status
from tests.cli.invoking import t3actors
from tests.store.building import announced, point
from tests.store.history.telling import HOUR_MS, MIDNIGHT_MS, Told

DAY = ("--since", "2026-11-18", "--until", "2026-11-20")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of a point that was at fault for a while and then got another unit, of one with texts, of one that never was read."""
    told = Told(tmp_path_factory.mktemp("data"))
    told.opened()
    told.put(announced([point(1), point(2), point(3), point(4, units='1/2"')]))
    told.live(13)
    told.tell("IN1", told.now_ms, None, Status.FAULT)
    told.tell("IN1", told.now_ms + 1500, -0.0)
    told.tell("IN1", told.now_ms + 1501, 1e22)
    told.tell("IN4", told.now_ms, 1)
    told.tidy()
    told.put(announced([point(1, units="K"), point(2), point(3), point(4, units='1/2"')]))
    told.now_ms += HOUR_MS
    told.live(1)
    told.store.close()
    return told.path.parent


@pytest.mark.parametrize(
    "arguments",
    [
        DAY,
        (*DAY, "--csv"),
        ("--csv", *DAY, "--limit", "7"),
        (*DAY, "--limit=7"),
        (*DAY, "--json"),
        (*DAY, "--json", "--limit", "7"),
        (*DAY, "--every", "1h"),
        (*DAY, "--every", "1h", "--csv"),
        (*DAY, "--every=1h", "--json"),
        (*DAY, "--every", "7m", "--csv"),
        (*DAY, "--every", "90m", "--json"),
        (*DAY, "--every", "1d"),
        ("--since", "2026-11-18T02:10", "--until", "2026-11-18T05:10", "--every", "2h"),
        ("--since", "2030-01-01", "--until", "2020-01-01", "--every", "1h"),
        ("--since", "2030-01-01", "--until", "2020-01-01", "--every", "1h", "--json"),
        ("--since", "2030-01-01", "--until", "2020-01-01", "--every", "1h", "--csv"),
        ("--since", "2030-01-01", "--until", "2020-01-01", "--json"),
        ("--since", "2026-11-18T10:07:30", "--until", "2026-11-18T13:00:01", "--csv"),
        ("--since", "2026-11-18T13:00", "--until", "2026-11-18T13:00", "--csv"),
        ("--since", "1d", "--until", "23h"),
        ("--since", "2030-01-01", "--until", "2020-01-01", "--csv"),
    ],
)
def test_both_ways_print_the_same(data: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code = quickly.history(["ahu-1/IN1", "--data", str(data), *arguments])
    quick = capsys.readouterr()
    usual = t3actors("history", "ahu-1/IN1", "--data", data, *arguments)
    assert (code, quick.out, quick.err) == (usual.code, usual.out, usual.err)


@pytest.mark.parametrize("written", ["{}/", "{}//"])
def test_a_directory_is_named_alike_however_it_is_written(
    data: Path, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = written.format(data)
    code = quickly.history(["ahu-1/IN1", "--data", named, *DAY])
    quick = capsys.readouterr()
    usual = t3actors("history", "ahu-1/IN1", "--data", named, *DAY)
    assert (code, quick.out, quick.err) == (usual.code, usual.out, usual.err)


def test_a_point_without_a_sample_is_printed_alike(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (DAY, (*DAY, "--csv")):
        code = quickly.history(["ahu-1/IN3", f"--data={data}", *arguments])
        quick = capsys.readouterr()
        usual = t3actors("history", "ahu-1/IN3", "--data", data, *arguments)
        assert (code, quick.out, quick.err) == (usual.code, usual.out, usual.err)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--help",),
        ("ahu-1/IN1", *DAY),
        ("ahu-1/IN1", "site.toml", "--data", "{}", *DAY),
        ("ahu-1/IN1", "--data", "{}", "--data", "{}", *DAY),
        ("ahu-1/IN1", "--data"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--json", "--csv"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--plot"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--every", "often"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--every", "999ms"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--every", ""),
        ("ahu-1/IN1", "--data", "{}", "--since", "1971-01-01", "--every", "1s"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--csv=yes"),
        ("ahu-1/IN1", "--data", "{}", "--since", "yesterday"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--limit", "0"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--limit", "10000001"),
        ("ahu-1/IN1", "--data", "{}", *DAY, "--limit", "many"),
        ("ahu-1/IN2", "--data", "{}", *DAY),  # it has texts
        ("ahu-1/IN4", "--data", "{}", *DAY, "--csv"),  # its unit is quoted in CSV
        ("ahu-1/IN4", "--data", "{}", *DAY, "--json"),
        ("ahu-1/IN4", "--data", "{}", *DAY, "--every", "1h", "--json"),
        ("ahu-1/IN9", "--data", "{}", *DAY),
        ("ahu-1", "--data", "{}", *DAY),
        ("ahu-1/IN1", "--data", "{}/nowhere", *DAY),
        ("ahu-1/IN1", "--data", "{}/.", *DAY),  # the usual way names it otherwise
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_usual_way(
    data: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert quickly.history([argument.format(data) for argument in arguments]) is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("pragma", ["user_version", "application_id"])
def test_a_file_that_is_not_of_this_version_is_left_to_the_usual_way(tmp_path: Path, pragma: str) -> None:
    told = Told(tmp_path)
    told.opened()
    told.put(announced([point(1)]))
    told.store.close()
    arguments = ["ahu-1/IN1", "--data", str(tmp_path), *DAY]
    assert quickly.history(arguments) == 69
    connection = apsw.Connection(str(told.path))
    connection.pragma(pragma, 99)
    connection.close()
    assert quickly.history(arguments) is None


def test_a_damaged_block_costs_itself_in_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(tmp_path)
    told.opened()
    told.put(announced([point(1), point(2)]))
    told.live(3)
    told.tidy()
    told.store.close()
    connection = apsw.Connection(str(told.path))
    connection.execute("UPDATE blocks SET tw = 2, tq = 60000, d = x'000500010003' || d WHERE id = 1")  # times run back
    connection.close()
    assert quickly.history(["ahu-1/IN1", "--data", str(tmp_path), *DAY, "--csv"]) == 69
    quick = capsys.readouterr().out
    assert quick == t3actors("history", "ahu-1/IN1", "--data", tmp_path, *DAY, "--csv").out
    assert 1 < len(quick.splitlines()) < 13


def test_whoever_has_read_enough_ends_it_without_a_word(data: Path) -> None:
    command = [sys.executable, "-m", "t3actors", "history", "ahu-1/IN1", "--data", str(data), *DAY]
    with subprocess.Popen([*command, "--csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
    assert (child.returncode, said) == (0, b"")


HEAVY = {"asyncio", "click", "contextlib", "enum", "json", "msgspec", "pathlib", "re", "rich", "typing"}


@pytest.mark.parametrize(("arguments", "lines"), [(("--csv",), 60), (("--json",), 59), (("--every", "1h"), 16)])
def test_the_quick_way_imports_next_to_nothing(data: Path, arguments: tuple[str, ...], lines: int) -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "from t3actors.cli.quickly import history\n"
        "code = history(sys.argv[1:])\n"
        f"print(sorted({HEAVY!r} & (set(sys.modules) - before)), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", script, "ahu-1/IN1", "--data", str(data), *DAY, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (69, "[]")
    assert len(ended.stdout.splitlines()) == lines


def test_the_program_goes_the_quick_way_and_ends_with_its_code(data: Path) -> None:
    command = [sys.executable, "-m", "t3actors", "history", "ahu-1/IN1", "--data", str(data), *DAY, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    usual = t3actors(*command[3:])
    assert (ended.returncode, ended.stdout, ended.stderr) == (usual.code, usual.out, usual.err)


def test_ctrl_c_ends_the_quick_way_as_it_ends_the_usual_one() -> None:
    script = (
        "import sys; from t3actors.cli import quickly; from t3actors.__main__ import run\n"
        "def stopped(_): raise KeyboardInterrupt\n"
        "quickly.history = stopped; sys.argv = ['t3actors', 'history']; run()"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "\nAborted!\n")


def test_the_first_sample_of_the_day_is_at_midnight(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quickly.history(["ahu-1/IN1", "--data", str(data), *DAY, "--csv"])
    assert capsys.readouterr().out.splitlines()[1].startswith(f"2026-11-18 00:00:00 UTC,{MIDNIGHT_MS},2")
