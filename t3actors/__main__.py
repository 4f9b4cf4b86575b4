"""`t3actors`, and `python -m t3actors`."""

from __future__ import annotations

import sys


def run() -> None:
    """Be the program. What can be had without the machinery of the command line is had without it: it takes longer to import
    than a day of samples takes to read."""
    if sys.argv[1:2] == ["history"]:
        from t3actors.cli.quickly import history  # noqa: PLC0415 - only where it is asked for

        code = history(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from t3actors.cli.verbs import main  # noqa: PLC0415 - it imports click

    main(prog_name="t3actors")


if __name__ == "__main__":
    run()
