"""supervision knows nothing of buildings, and pykka has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import supervision

FOLDER = Path(supervision.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
PURE = ("backoff", "events", "exits", "intensity", "spec", "strategy")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_of_t3actors_is_imported() -> None:
    assert not [(file.name, name) for file in FILES for name in imported(file) if name.split(".")[0] == "t3actors"]


def test_only_the_actors_import_pykka() -> None:
    importing = {file.parent for file in FILES for name in imported(file) if name.split(".")[0] == "pykka"}
    assert importing == {FOLDER / "actor"}


def test_pure_files_import_no_clock_no_thread_and_no_logger() -> None:
    forbidden = {"time", "datetime", "threading", "socket", "logging", "structlog"}
    for stem in PURE:
        assert forbidden.isdisjoint(name.split(".")[0] for name in imported(FOLDER / f"{stem}.py"))


def test_all_that_is_offered_exists() -> None:
    assert [name for name in supervision.__all__ if not hasattr(supervision, name)] == []
