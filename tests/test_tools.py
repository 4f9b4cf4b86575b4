from __future__ import annotations

import pytest

from tests import tools
from tests.conftest import pytest_runtest_setup


class MarkedTest:
    def __init__(self, *marks: str) -> None:
        self.marks = [getattr(pytest.mark, mark).mark for mark in marks]

    def iter_markers(self) -> list[pytest.Mark]:
        return self.marks


def test_a_tool_that_is_not_there_is_named_and_one_that_is_there_is_not() -> None:
    assert tools.missing(["needs_nobody_has_this", "slow", "needs_sh"]) == "nobody_has_this"
    assert tools.missing(["needs_sh", "slow"]) == ""


def test_a_tool_of_several_names_is_there_under_any_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tools.COMMANDS, "cc", ("nobody_has_this", "sh"))
    assert tools.missing(["needs_cc"]) == ""


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> MarkedTest:
    monkeypatch.setitem(tools.COMMANDS, "cc", ("nobody_has_this", "nor_this"))
    return MarkedTest("needs_cc")


def test_a_test_without_its_tool_is_skipped_and_says_why(marked: MarkedTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="nobody_has_this/nor_this is not on this machine"):
        pytest_runtest_setup(marked)  # type: ignore[arg-type]


def test_where_tools_are_required_it_fails(marked: MarkedTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="T3ACTORS_REQUIRE_TOOLS=1"):
        pytest_runtest_setup(marked)  # type: ignore[arg-type]
