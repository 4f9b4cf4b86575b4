"""One listening socket on loopback that can be open, refused or a black hole, and keeps its port through all of it.

It owns sockets and no tasks: the server accepts through it.
"""

from __future__ import annotations

import contextlib
import socket

BACKLOG = 128
FILLERS = 2  # with a backlog of 0 Linux queues one connection and then drops SYNs: one to fill it, one to be sure


class Door:
    """Binds at once; listens when told to."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._socket = self._bound(port, shared=False)
        self._listening = False
        self._fillers: list[socket.socket] = []
        self.port = int(self._socket.getsockname()[1])

    def open(self) -> socket.socket:
        """Listen, from whatever state; give the socket to accept from."""
        self._drop_fillers()
        self._socket.listen(BACKLOG)
        self._listening = True
        return self._socket

    def refuse(self) -> None:
        """Stop listening, so that connecting is refused; the port stays ours."""
        self._drop_fillers()
        if not self._listening:
            return
        # Bound before the listener goes, so that nobody else can be given the port in between.
        placeholder = self._bound(self.port, shared=True)
        self._socket.close()
        self._socket = placeholder
        self._listening = False

    def swallow(self) -> None:
        """Keep listening but let the queue overflow, so that connecting hangs."""
        self.open()
        self._socket.listen(0)
        for _ in range(FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            self._fillers.append(filler)
            with contextlib.suppress(BlockingIOError):
                filler.connect((self._host, self.port))

    def close(self) -> None:
        """Give the port back."""
        self._drop_fillers()
        self._socket.close()

    def _bound(self, port: int, *, shared: bool) -> socket.socket:
        bound = socket.socket()
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind((self._host, port))
            # Only now: we may share the port with our own placeholder, never with a stranger's listener.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except OSError as error:
            bound.close()
            raise OSError(error.errno, f"{self._host}:{port}: {error.strerror}") from None
        return bound

    def _drop_fillers(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
