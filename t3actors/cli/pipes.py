"""Standard output that is full, or that nobody reads any more (`t3actors logs | head`): the one is said, the other is no failure.

Imports little: quickly.py needs it.
"""

from __future__ import annotations

import errno
import os
import select
import sys

LOST = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def is_of_output(error: OSError) -> bool:
    """Say whether it is that what was written finds no room, or no place: an error of a file or of a connection is told otherwise."""
    return error.filename is None and error.errno in LOST


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
