"""Standard output that nobody reads any more (`t3actors logs | head`): no failure, and nothing to say.

Imports little: quickly.py needs it.
"""

from __future__ import annotations

import os
import select
import sys


def nobody_reads() -> bool:
    """Say whether standard output is a pipe whose reader is gone."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # it is no file
        return False
    return any(seen & select.POLLERR for _, seen in poll.poll(0))


def discard_output() -> None:
    """Let what is still to be written go nowhere, so that the end of the process does not fail of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
