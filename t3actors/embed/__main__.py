"""`python -m t3actors.embed build`: makes the library that a C or C++ program loads."""

from __future__ import annotations

from pathlib import Path

import click

from t3actors.embed.build import build as build_library
from t3actors.errors import GatewayError


@click.group()
def main() -> None:
    """Make the gateway a library for a C or C++ program."""


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to put libt3actors.so and t3actors.h  [here].",
)
def build(out: Path) -> None:
    """Build libt3actors.so and t3actors.h. Needs a C compiler, Python's headers and shared library, and cffi."""
    try:
        library, header = build_library(out)
    except GatewayError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{library}\n{header}")


if __name__ == "__main__":
    main(prog_name="python -m t3actors.embed")
