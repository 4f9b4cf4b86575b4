"""Opens the TCP stream of a link, and lets the system notice a peer that is gone without a word."""

from __future__ import annotations

import socket

import trio

from t3actors.errors import LinkDown

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}  # s, s, times, ms


async def open_stream(address: str, host: str, port: int, timeout_s: float) -> trio.SocketStream:
    """Connect. **Raises**: LinkDown that says how it failed, `refused` when every address of the host said no."""
    try:
        with trio.fail_after(timeout_s):
            stream = await trio.open_tcp_stream(host, port)
    except trio.TooSlowError:
        raise LinkDown(f"{address}: no connection within {timeout_s:g} s") from None
    except OSError as error:
        causes = _causes(error)
        refused = all(isinstance(cause, ConnectionRefusedError) for cause in causes)
        said = "connection refused" if refused else "; ".join(str(cause) for cause in causes)
        raise LinkDown(f"{address}: {said}", refused=refused) from None
    except UnicodeError:
        raise LinkDown(f"{address}: {host!r} is no host name") from None
    _watch_over(stream)
    return stream


def _causes(error: OSError) -> list[BaseException]:
    cause = error.__cause__
    if isinstance(cause, BaseExceptionGroup):
        return list(cause.exceptions)
    return [cause or error]


def _watch_over(stream: trio.SocketStream) -> None:
    """Let the system notice a peer that is gone without a word. Options that a platform lacks are left out."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            stream.setsockopt(socket.IPPROTO_TCP, option, value)
