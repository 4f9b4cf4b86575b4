"""The library as it is built for a host, and hosts that are compiled against it. Needs a C compiler: `needs_cc`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import trio

from t3actors.embed.build import LIBRARY, CannotBuild, build
from tests import tools

HERE = Path(__file__).parent
FLAGS = ("-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread")
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer")


class Ended(NamedTuple):
    """What a host printed, and how it ended."""

    lines: list[str]
    error: str
    code: int

    def said(self, word: str) -> list[str]:
        """What was printed behind this word, in order."""
        return [line.partition(": ")[2] for line in self.lines if line.startswith(f"{word}: ")]


class Host:
    """A compiled program."""

    def __init__(self, program: Path, library: Path) -> None:
        self.program = program
        self.library = library

    async def run(self, folder: Path, *words: str, **environment: str) -> Ended:
        """Run it in a folder; its data lies in `data` there."""
        known = {"T3ACTORS_DATA_DIR": "data"} if "T3ACTORS_CONFIG" not in environment else {}
        ended = await trio.run_process(
            [str(self.program), *words],
            cwd=folder,
            env={**os.environ, **known, **environment},
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
        return Ended(ended.stdout.decode().splitlines(), ended.stderr.decode(), ended.returncode)


class Builder:
    """Builds each variant once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._libraries: dict[tuple[str, ...], Path] = {}
        self._hosts: dict[tuple[str, ...], Host] = {}

    def library(self, *flags: str) -> Path:
        """Build the library; give where it is."""
        if flags not in self._libraries:
            folder = self._folder / f"library-{len(self._libraries)}"
            try:
                self._libraries[flags] = build(folder, flags)[0]
            except CannotBuild as error:  # no Python.h, no shared libpython
                (pytest.fail if tools.REQUIRED else pytest.skip)(str(error))
        return self._libraries[flags]

    def host(self, *macros: str, sanitized: bool = False) -> Host:
        """Compile the host."""
        key = (*macros, *(SANITIZED if sanitized else ()))
        if key not in self._hosts:
            library = self.library(*(SANITIZED if sanitized else ()))
            program = self._folder / f"host-{len(self._hosts)}"
            flags = [f"-D{macro}" for macro in macros] + list(SANITIZED if sanitized else ())
            self.compile(program, HERE / "host.c", library, flags, linked="LOADED" not in macros)
            self._hosts[key] = Host(program, library)
        return self._hosts[key]

    def compile(
        self, program: Path, source: Path, library: Path, flags: Sequence[str] = (), *, linked: bool = True
    ) -> None:
        """Compile one program; linked with the library and nothing else."""
        compiler = tools.where("cxx" if source.suffix == ".cpp" else "cc")
        options = ["-rdynamic", f"-I{library.parent}", *FLAGS, *flags]
        link = [f"-L{library.parent}", f"-l{LIBRARY[3:-3]}", f"-Wl,-rpath,{library.parent}"] if linked else ["-ldl"]
        command = [str(compiler), *options, str(source), "-o", str(program), *link]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=120)
