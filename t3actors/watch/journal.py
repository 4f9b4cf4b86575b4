"""Reads the log back from systemd's journal, by journalctl(1): where a gateway is a service, and no file has its log."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec

PROGRAM = "journalctl"
BOOTED = Path("/run/systemd/system")
"""There where systemd runs this machine, sd_booted(3)."""
IDENTIFIER = "t3actors"
"""What a unit's lines are filed under: the name of the program that it starts (systemd.exec(5), SyslogIdentifier=)."""
AT_ONCE_BYTES = 4_000_000


def lines_since(gateway: str, since_ms: int) -> list[bytes]:
    """Read the lines of the gateway of that name; none where there is no journal, or this user may not read it."""
    if not BOOTED.is_dir():
        return []
    asked = _asked(f"--since=@{since_ms // 1000}")
    try:
        seen = subprocess.run(  # noqa: S603 - our own words, a number
            asked, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return []
    return _of(gateway, seen.stdout.splitlines())


class JournalTail:
    """Follows the lines of the gateway of that name, from now on."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._torn = b""
        self._process: subprocess.Popen[bytes] | None = None
        if not BOOTED.is_dir():
            return
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                _asked("--follow", "--lines=0"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return
        assert self._process.stdout is not None  # noqa: S101 - for mypy
        os.set_blocking(self._process.stdout.fileno(), False)

    def news(self) -> list[bytes]:
        """Return the whole lines that came since the last call."""
        if self._process is None or self._process.stdout is None:
            return []
        try:
            octets = os.read(self._process.stdout.fileno(), AT_ONCE_BYTES)
        except BlockingIOError:
            octets = b""
        *lines, self._torn = (self._torn + octets).split(b"\n")
        return _of(self._gateway, lines)

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def _asked(*options: str) -> list[str]:
    return [PROGRAM, "--quiet", "--no-pager", "--output=cat", f"--identifier={IDENTIFIER}", *options]


def _of(gateway: str, lines: list[bytes]) -> list[bytes]:
    """Leave out another gateway's lines on this machine, and what is none of the log: a verb's answer, a complaint."""
    said = b'"gateway":' + msgspec.json.encode(gateway)
    return [line for line in lines if said in line]
