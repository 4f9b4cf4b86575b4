"""Which error ends with which exit code, and that each is one line."""

from __future__ import annotations

import os

import pytest

from supervision.errors import ChildStartFailed, RestartLimitReached
from t3actors import errors
from t3actors.cli.exits import Exit, Told, errors_told, exit_of

CODES: list[tuple[Exception, Exit]] = [
    (errors.ConfigError(["t.toml: a", "t.toml: b"]), Exit.CONFIG),
    (errors.AlreadyRunning("held"), Exit.HELD),
    (errors.StoreUnreachable("/nowhere: not there"), Exit.DATABASE),
    (errors.SchemaTooNew("too new"), Exit.DATABASE),
    (errors.StoreDamaged("damaged"), Exit.DATABASE),
    (errors.LinkDown("no answer"), Exit.FAILED),
    (RestartLimitReached("gateway", "writer", 5, 60.0, None), Exit.GAVE_UP),
    (RestartLimitReached("gateway", "writer", 5, 60.0, ValueError("a bug")), Exit.GAVE_UP),
    (ChildStartFailed("writer", errors.StoreUnreachable("/nowhere: not there")), Exit.DATABASE),
]


@pytest.mark.parametrize(("error", "code"), CODES)
def test_each_error_has_its_exit_code(error: Exception, code: Exit) -> None:
    assert exit_of(error) == code


@pytest.mark.parametrize(("error", "code"), CODES)
def test_an_error_is_told_in_lines_of_its_own_without_a_traceback(
    error: Exception, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, errors_told():
        raise error
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert told.count("\n") == (2 if isinstance(error, errors.ConfigError) else 1)
    assert "Traceback" not in told


def test_what_stopped_a_child_is_told_not_that_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), errors_told():
        raise ChildStartFailed("writer", errors.SchemaTooNew("x.db: schema 9, this gateway knows 1"))
    assert capsys.readouterr().err == "t3actors: x.db: schema 9, this gateway knows 1\n"


def test_in_the_journal_a_complaint_says_that_it_is_one_and_elsewhere_it_does_not(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = os.fstat(2)
    for stream in (f"{seen.st_dev}:{seen.st_ino}", f"{seen.st_dev}:{seen.st_ino + 1}"):
        monkeypatch.setenv("JOURNAL_STREAM", stream)
        with pytest.raises(SystemExit), errors_told():
            raise errors.ConfigError(["t.toml: a", "t.toml: b"])
        Told("no answer").show()
    told = ["t.toml: a", "t.toml: b", "t3actors: no answer"]
    assert capfd.readouterr().err.splitlines() == [*(f"<3>{line}" for line in told), *told]


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), errors_told():
        raise ZeroDivisionError


def test_what_was_given_does_nothing_to_the_terminal_when_it_is_said_back(capsys: pytest.CaptureFixture[str]) -> None:
    Told('no device "\x1b[31mred"').show()
    with pytest.raises(SystemExit), errors_told():
        raise errors.StoreUnreachable("/\x1b[31m: no such database")
    assert capsys.readouterr().err == 't3actors: no device "?[31mred"\nt3actors: /?[31m: no such database\n'
