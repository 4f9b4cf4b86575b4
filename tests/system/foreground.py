"""A gateway as a process of its own: `t3actors run CONFIG`, its configuration written from a plant's listing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import apsw

from tests.waiting import WITHIN_S


def configuration(data_dir: Path, panels: Sequence[dict[str, Any]], poll_interval: str = "50ms") -> str:
    """TOML for these panels of a plant: no heartbeats, and so patient that a busy machine makes nothing stale."""
    return f"""
[gateway]
name = "drill"
data_dir = "{data_dir}"

[defaults]
poll_interval = "{poll_interval}"
stale_after = 1000
down_after = 1000
max_interval = "0s"

[store]
batch_age = "50ms"
min_free = "0B"
""" + "".join(
        f"""
[[devices]]
name = "{row["name"]}"
protocol = "modbus"
address = "{row["host"]}:{row["port"]}"
unit_id = {row["unit_id"]}
profile = "t3-controller"
"""
        for row in panels
    )


class GatewayProcess:
    """`t3actors run CONFIG`. What it says goes into files beside the configuration, so that nobody need read it in time."""

    def __init__(
        self, config: Path, *options: str, environment: Mapping[str, str] | None = None, before: Sequence[str] = ()
    ) -> None:
        """`environment`: instead of ours; `before`: the words of a command that starts it."""
        self._out, self._err = config.with_suffix(".out"), config.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "t3actors", "run", str(config), *options],
                stdout=out,
                stderr=err,
                env=environment,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def said(self, event: str) -> list[dict[str, Any]]:
        """The whole lines of its log of one event."""
        lines = self._out.read_text().split("\n")[:-1]
        found = [line for line in map(json.loads, lines) if line["event"] == event]
        assert found or not self.ended, f"it ended without {event}: {self.complaint}"
        return found

    @property
    def complaint(self) -> str:
        """What it wrote to standard error."""
        return self._err.read_text()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def end(self, number: signal.Signals | None = None) -> int:
        """Send it a signal, when one is given, and wait for its end."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(WITHIN_S)


def ask(database: Path, sql: str, *bindings: object) -> list[tuple[Any, ...]]:
    """Ask a database file; nothing where there is none, or no such table, yet."""
    try:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.CantOpenError:
        return []
    try:
        connection.set_busy_timeout(5000)
        return list(connection.execute(sql, bindings))
    except apsw.SQLError:
        return []
    finally:
        connection.close()
