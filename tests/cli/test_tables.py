"""Rows for people and for programs."""

from __future__ import annotations

import sys

import click
import pytest

from t3actors.cli.tables import print_json, print_table, shown

ROWS: list[dict[str, object]] = [
    {"name": "ahu-1", "value": 21.5, "label": "Supply"},
    {"name": "b", "value": None, "label": "\x1b[2Jevil"},
]


def test_a_pipe_gets_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(ROWS, {"name": "point", "value": "value", "label": "label"})
    assert capsys.readouterr().out.splitlines() == [
        "point  value  label",
        "ahu-1   21.5  Supply",
        "b             ?[2Jevil",
    ]


def test_no_control_character_of_a_device_reaches_the_terminal() -> None:
    assert shown("a\x1b]0;x\x07\u202eb\n") == "a?]0;x??b?"


def test_no_rows_leave_the_headings(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([], {"name": "point"})
    assert capsys.readouterr().out == "point\n"


def test_json_is_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(ROWS)
    assert capsys.readouterr().out == (
        '{"name":"ahu-1","value":21.5,"label":"Supply"}\n{"name":"b","value":null,"label":"\\u001b[2Jevil"}\n'
    )


def test_a_terminal_too_narrow_for_columns_shows_each_row_as_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    print_table(ROWS, {"name": "point", "value": "value", "label": "label"})
    assert click.unstyle(capsys.readouterr().out).splitlines() == [
        "ahu-1",
        "  value: 21.5",
        "  label: Supply",
        "b",
        "  label: ?[2Jevil",
    ]
    monkeypatch.setenv("COLUMNS", "60")
    print_table(ROWS, {"name": "point", "value": "value", "label": "label"})
    assert next(line.split() for line in click.unstyle(capsys.readouterr().out).splitlines()) == [
        "point",
        "value",
        "label",
    ]
