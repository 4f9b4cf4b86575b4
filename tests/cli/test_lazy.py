"""The verbs: found by name, listed without being imported."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from t3actors import __version__
from t3actors.cli.verbs import VERBS
from tests.cli.invoking import t3actors

ROOT = Path(__file__).parent.parent.parent


def test_help_lists_every_verb() -> None:
    ended = t3actors("--help")
    assert ended.code == 0
    assert all(f"  {verb} " in ended.out for verb in VERBS)


def test_the_version_is_the_package_s() -> None:
    assert t3actors("--version").out == f"t3actors, version {__version__}\n"


def test_an_unknown_verb_names_the_nearest_and_is_a_usage_error() -> None:
    ended = t3actors("chekc")
    assert ended.code == 2
    assert 'no verb "chekc", did you mean "check"?' in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check", "config/sample.toml"),
        ("points", "--help"),
        ("status", "--help"),
        ("why", "--help"),
        ("sync", "--help"),
    ],
)
def test_a_light_verb_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    script = (
        "import sys; from t3actors.cli.verbs import main; main(sys.argv[1:], standalone_mode=False);"
        "sys.exit(str(sorted({'trio', 'pymodbus', 'bacpypes3', 'pykka'} & set(sys.modules)) or ''))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == ""


def test_ctrl_c_while_a_verb_is_imported_ends_the_process_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "slow_verb.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from t3actors.cli.lazy import LazyGroup, Verb;"
        "LazyGroup(verbs={'slow': Verb('slow_verb', '')})(['slow'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_a_verb_that_is_imported_hears_ctrl_c_itself() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert t3actors("check", "--help").code == 0
    assert signal.getsignal(signal.SIGINT) is before
