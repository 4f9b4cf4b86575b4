"""The exit codes, and the one place where an error becomes a line on standard error and one of them.

Only errors that a person can act on are turned into a line. Anything else is a bug, and keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import click

from t3actors.cli.tables import printable
from t3actors.errors import AlreadyRunning, ConfigError, GatewayError, SchemaTooNew, StoreDamaged, StoreUnreachable
from t3actors.watch.notify import is_journal


class Exit(IntEnum):
    """What the process ends with; scripts and service units rely on it."""

    DONE = 0
    FAILED = 1
    """The work failed."""
    USAGE = 2
    NOT_RUNNING = 69
    """No gateway is running there: what was printed is the last that is known."""
    GAVE_UP = 70
    """The root supervisor gave up."""
    DATABASE = 73
    """The database cannot be opened or created."""
    HELD = 75
    """Another gateway holds this data_dir."""
    CONFIG = 78
    """The configuration was refused."""


STDERR = 2
ERROR_IN_JOURNAL = "<3>"
"""As sd-daemon(3) has it: the journal takes it off the line, so that `journalctl -p err` shows why a service did not start."""


def complain(line: str) -> None:
    """Say on standard error what is wrong."""
    click.echo(f"{ERROR_IN_JOURNAL if is_journal(STDERR, os.environ) else ''}{printable(line)}", err=True)


class Told(click.ClickException):
    """What a person asked for cannot be had: one line in our form, exit code 1."""

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - as click has it
        """Say it."""
        complain(f"t3actors: {self.message}")


_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (ConfigError, Exit.CONFIG),
    (AlreadyRunning, Exit.HELD),
    (StoreUnreachable, Exit.DATABASE),
    (SchemaTooNew, Exit.DATABASE),
    (StoreDamaged, Exit.DATABASE),
    (GatewayError, Exit.FAILED),
)


def exit_of(error: Exception) -> Exit:
    """Give the exit code of an error, or of the error of ours that caused it."""
    told = told_cause(error)
    return next((code for kind, code in _CODES if isinstance(told, kind)), Exit.GAVE_UP)


def told_cause(error: Exception) -> Exception:
    """Find the error to tell: a child that did not start is told by what stopped it, when that is one of ours."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, GatewayError):
            return seen
        seen = seen.__cause__
    return error


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn an error of ours into its line, or lines, and its exit code."""
    try:
        yield
    except _told_kinds() as error:
        told = told_cause(error)
        lines = told.faults if isinstance(told, ConfigError) else [f"t3actors: {' '.join(str(told).split())}"]
        for line in lines:
            complain(line)
        raise SystemExit(exit_of(error)) from None


def _told_kinds() -> tuple[type[Exception], ...]:
    """Give the errors to tell: SupervisionError only where it is imported, for it brings trio along, and who has not
    imported it cannot have raised it."""
    module = sys.modules.get("supervision.errors")
    return (GatewayError,) if module is None else (GatewayError, module.SupervisionError)
