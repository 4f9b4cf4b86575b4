"""Which system tools the tests want, and what to do with a test whose tool is not there.

A test that needs one is marked `needs_<tool>`. Without the tool it is skipped and says why; where T3ACTORS_REQUIRE_TOOLS=1
(`.ci/run` sets it) it fails instead, so that nothing stays untested unnoticed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

COMMANDS = {"cc": ("cc", "gcc", "clang"), "cxx": ("c++", "g++", "clang++"), "systemd_analyze": ("systemd-analyze",)}
"""Tools that go by several names, or by one that no marker can have; any other is the command of that name."""

REQUIRED = os.environ.get("T3ACTORS_REQUIRE_TOOLS") == "1"


def where(tool: str) -> str | None:
    """Give the path of the tool's command, or None when this machine has none."""
    return next((path for name in COMMANDS.get(tool, (tool,)) if (path := shutil.which(name))), None)


def missing(marks: Iterable[str]) -> str:
    """Say which tools the marks `needs_<tool>` ask for and this machine has not; "" when it has all."""
    tools = [mark.removeprefix("needs_") for mark in marks if mark.startswith("needs_")]
    return ", ".join("/".join(COMMANDS.get(tool, (tool,))) for tool in tools if where(tool) is None)
