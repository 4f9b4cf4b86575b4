"""Rows for people and rows for programs: a table on a terminal, aligned text in a pipe, JSON lines when asked.

What devices say of themselves is shown here: nothing of it reaches the terminal but printable characters.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import click
import msgspec

Row = Mapping[str, object]
NARROW = 60
"""A terminal of fewer columns shows a row as lines."""


def print_json(rows: Iterable[Row]) -> None:
    """Print one JSON object per line."""
    encode = msgspec.json.Encoder().encode
    lines = [encode(row) for row in rows]
    if lines:
        click.echo(b"\n".join(lines))  # as octets: it is UTF-8 whatever the locale


def print_table(rows: Sequence[Row], columns: Mapping[str, str]) -> None:
    """Print these columns (key of the row: its heading)."""
    lines = [[shown(row.get(key)) for key in columns] for row in rows]
    right = [any(isinstance(row.get(key), int | float) for row in rows) for key in columns]
    if sys.stdout.isatty():
        _print_on_terminal(lines, list(columns.values()), right)
    else:
        _print_plain(lines, list(columns.values()), right)


def shown(value: object) -> str:
    """Show one value in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return a text without what would make a terminal do something."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _print_plain(lines: list[list[str]], headings: list[str], right: list[bool]) -> None:
    widths = [max(len(line[column]) for line in [headings, *lines]) for column in range(len(headings))]
    made = []
    for line in [headings, *lines]:
        cells = zip(line, widths, right, strict=True)
        made.append(
            "  ".join(cell.rjust(width) if is_right else cell.ljust(width) for cell, width, is_right in cells).rstrip()
        )
    click.echo("\n".join(made))


def _print_on_terminal(lines: list[list[str]], headings: list[str], right: list[bool]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only for a terminal: it takes long to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    if console.width < NARROW:  # columns of three letters cannot be read
        for line in lines:
            first, *others = zip(headings, line, strict=True)
            console.print(Text(first[1], style="bold"))
            for heading, cell in others:
                if cell:
                    console.print(Text(f"  {heading}: ").append(cell, style=_STYLES.get(cell, "")))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading, is_right in zip(headings, right, strict=True):
        is_first = not table.columns
        table.add_column(heading, justify="right" if is_right else "left", overflow="fold", no_wrap=is_first)
    for line in lines:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in line))
    console.print(table)


_STYLES = {"ok": "green", "online": "green", "stale": "yellow", "down": "red", "fault": "red", "offline": "red"}
