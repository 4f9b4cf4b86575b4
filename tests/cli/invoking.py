"""Runs the command line inside the test's own process."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from click.testing import CliRunner

from t3actors.cli.verbs import main


class Ended(msgspec.Struct, frozen=True):
    """How a verb ended and what it said."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """Read its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def t3actors(*arguments: object) -> Ended:
    """Run one command."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="t3actors")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)
