"""The standard streams as a shell may hand them over: closed, or in another encoding than UTF-8. Imports nothing that takes time."""

from __future__ import annotations

import os
import sys


def make_streams_whole() -> None:
    """Have all three open, and let none fail of a letter that its encoding has not.

    Where one is closed (`>&-`), the next file that is opened would have its number, and be written to by whoever means the stream.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest number that is free
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as we live
        elif stream.encoding.lower() in {"ascii", "us-ascii", "ansi_x3.4-1968"}:
            stream.reconfigure(encoding="utf-8", errors="replace")  # nobody has chosen it; click takes it for UTF-8 too
        else:
            stream.reconfigure(errors="replace")
