"""A socket that hears what systemd would hear."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Self


class FakeManager:
    """Listens at a path, or at "@name" in the abstract name space. Keeps every assignment, in order."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{self.address[1:]}" if self.address.startswith("@") else self.address)
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def listen(self) -> list[str]:
        """Take what has come, and return what is new."""
        new: list[str] = []
        while True:
            try:
                new += self._socket.recv(65536).decode().split("\n")
            except BlockingIOError:
                self.heard += new
                return new

    def wait(self, seconds: float) -> list[str]:
        """Return what comes first within that time; nothing, when nothing does."""
        self._socket.settimeout(seconds)
        try:
            new = self._socket.recv(65536).decode().split("\n")
        except TimeoutError:
            return []
        finally:
            self._socket.setblocking(False)
        self.heard += new
        return new

    def count(self, assignment: str) -> int:
        """How often that was heard so far."""
        self.listen()
        return self.heard.count(assignment)
