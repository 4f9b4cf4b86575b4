"""The C library that plays T3000 (fake_t3000.c), compiled for the tests and told what to do. Needs a C compiler: `needs_cc`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests import tools

SOURCE = Path(__file__).with_name("fake_t3000.c")
FLAGS = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")


class Call(NamedTuple):
    """One call as the library saw it begin."""

    pid: int
    action: int
    request: str


class FakeLibrary:
    """A library in a folder of its own, with its script beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def play(self, *lines: str) -> None:
        """Write the script (see fake_t3000.c), from its start. Whoever reads it meanwhile has the old one or the new, whole."""
        counted = list(self.path.parent.glob("*.count*"))
        replace(self.beside(".script"), "\n".join(lines).encode())
        for count in counted:  # of the script before: an inode may come back
            count.unlink()

    def put(self, name: str, text: bytes | str) -> str:
        """Put a file there that the script can name; give its name."""
        replace(self.path.parent / name, text.encode() if isinstance(text, str) else text)
        return name

    def beside(self, suffix: str) -> Path:
        """Give the path of a file that belongs to the library."""
        return self.path.with_name(self.path.name + suffix)

    @property
    def calls(self) -> list[Call]:
        """What it was asked, in order."""
        return [Call(int(pid), int(action), request) for pid, what, action, request in self._log() if what == "begin"]

    def was_asked_one_at_a_time(self) -> bool:
        """Whether no call began while another of a living worker was under way."""
        inside: set[str] = set()
        for pid, what, _action, _request in self._log():
            if what == "begin":
                if pid in inside:
                    return False
                inside = {pid}  # whoever was inside before did not come back
            else:
                if pid not in inside:
                    return False
                inside.clear()
        return True

    def _log(self) -> list[list[str]]:
        log = self.beside(".log")
        return [line.split(" ", 3) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def replace(path: Path, content: bytes) -> None:
    """Write a file anew, as another file: at no time is half of it there."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


class Compiler:
    """Compiles each variant once, and gives every test its own copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[tuple[str, ...], Path] = {}

    def library(self, folder: Path, *macros: str) -> FakeLibrary:
        """Give a library of its own in `folder`, compiled with these macros."""
        if macros not in self._built:
            self._built[macros] = built = self._folder / f"t3000-{'-'.join(macros) or 'plain'}.so"
            command = [
                tools.where("cc"),
                *FLAGS,
                *(f"-D{macro}" for macro in macros),
                "-o",
                built,
                SOURCE,
                "-lpthread",
                "-ldl",
            ]
            subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, timeout=60)
        folder.mkdir(exist_ok=True)
        return FakeLibrary(Path(shutil.copy(self._built[macros], folder / "t3000.so")))
