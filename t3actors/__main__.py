"""`t3actors`, and `python -m t3actors`."""

from __future__ import annotations

import gc
import os
import sys

from t3actors.cli.streams import make_streams_whole


def run() -> None:
    """Be the program. What can be had without the machinery of the command line is had without it: it takes longer to import
    than a day of samples takes to read."""
    make_streams_whole()
    if sys.argv[1:2] == ["history"]:
        gc.disable()  # for the tenth of a second that it takes
        from t3actors.cli.quickly import history  # noqa: PLC0415 - only where it is asked for

        try:
            code = history(sys.argv[2:])
        except KeyboardInterrupt:
            sys.stderr.write("\nAborted!\n")  # as click has it
            code = 1
        gc.enable()
        if code is not None:
            sys.stderr.flush()
            os._exit(code)  # all is printed: taking modules and lists apart would take longer than half of that
    from t3actors.cli.verbs import main  # noqa: PLC0415 - it imports click

    main(prog_name="t3actors")


if __name__ == "__main__":
    run()
