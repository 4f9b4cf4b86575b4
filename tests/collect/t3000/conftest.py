from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.collect.t3000.fake_library import Compiler, FakeLibrary


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """What compiles the library that plays T3000; for tests marked `needs_cc`."""
    return Compiler(tmp_path_factory.mktemp("t3000"))


@pytest.fixture
def library(compiler: Compiler, tmp_path: Path) -> Callable[..., FakeLibrary]:
    """Make a library for this test: `library("MEMORY", "LIST")`."""
    return lambda *macros: compiler.library(tmp_path / "-".join(("library", *macros)), *macros)
