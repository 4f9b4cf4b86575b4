"""Tests wait for conditions, by tests/waiting.py; nothing else in them sleeps but on a clock that a test moves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(set(TESTS.rglob("*.py")) - {TESTS / "waiting.py"})
VIRTUAL = ("MockClock", "autojump", "time_lapse")


def sleeps(tree: ast.AST) -> list[tuple[str, int]]:
    """The library and the line of each sleep; to sleep for 0 is only to let others have their turn."""
    return [
        (node.func.value.id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sleep"
        and isinstance(node.func.value, ast.Name)
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_nothing_sleeps_on_the_real_clock_but_waiting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    is_stage = not path.name.startswith("test_")  # whoever plays on it brings the clock
    is_virtual = is_stage or any(word in text for word in VIRTUAL)
    found = sleeps(ast.parse(text))
    assert [(library, line) for library, line in found if library != "trio" or not is_virtual] == []
