"""Opens the UDP sockets of those who ask a whole network: BACnet's Who-Is, and T3000's scan."""

from __future__ import annotations

import errno
import socket

from t3actors.errors import LinkDown


def broadcast_socket(address: str, port: int) -> socket.socket:
    """Bind a UDP address that may broadcast. Blocks for no time. **Raises**: LinkDown, saying what is in the way."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # a whole site answers at once
        one.bind((address, port))
    except OSError as error:
        one.close()
        if error.errno == errno.EADDRINUSE:
            raise LinkDown(f"{address}:{port}: another program holds this UDP address and port") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise LinkDown(f"{address}:{port}: this machine has no such address now") from None
        raise LinkDown(f"{address}:{port}: {error.strerror}") from None
    return one
