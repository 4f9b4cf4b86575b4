"""The octets that the FFI door and its worker process share: T3000 writes its answer there, and nobody copies it.

A memory file without a name: made once, taking memory only where something was written. It is sealed against shrinking, for a
library that runs wild could otherwise end the gateway by cutting off what the gateway reads (SIGBUS).
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os


class SharedBuffer:
    """A buffer of `size` octets. The gateway reads it; the worker writes it, through its own mapping of `fd`.

    **Raises**: OSError when the system has no room for it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.fd = os.memfd_create("t3000-answer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fd, size)
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            self._map = mmap.mmap(self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
        except OSError:
            os.close(self.fd)
            raise

    def view(self, length: int) -> memoryview:
        """Give the first `length` octets, as they lie."""
        return memoryview(self._map)[:length]

    def close(self) -> None:
        """Give it back; what still looks at it keeps the memory until it has done so."""
        os.close(self.fd)
        with contextlib.suppress(BufferError):
            self._map.close()
