"""The worker process of the FFI door: loads the C library, calls it, looks whether its answer is whole. One call at a time.

It is a process of its own, so that a library that hangs, crashes, ends the process or needs 100 MB costs the gateway nothing but
this answer. It imports little, for it is started anew after each of those. It is started by ffi_process.py as
`python -m t3actors.collect.t3000.ffi_worker LIBRARY SOCKET BUFFER PARENT`: a path, two file descriptors (a stream socket to the door,
the shared buffer) and the gateway's process id. It ends when the socket is closed, or with the gateway.

The buffer goes both ways: T3000 takes the JSON in it (when it begins with "{", and then ignores the action argument), clears
all of it, and writes its answer as a C string. Source: BacnetWebView_Exports.cpp.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from t3actors.collect.t3000.ffi_frames import (
    LARGEST_COUNT,
    LENGTH,
    Asked,
    CallLibrary,
    Copied,
    ListTrendLogs,
    Loaded,
    NotLoaded,
    Said,
    Unreadable,
    decode_asked,
    encode,
    length_of,
)
from t3actors.collect.t3000.ffi_verdict import judge, judge_list
from t3actors.errors import BadResponse

CALL = "BacnetWebView_HandleWebViewMsg"
TREND_LOGS = "BacnetWebView_GetTrendlogList"
MEMORY = ("get_input_points", "get_output_points", "get_input_count", "get_output_count")  # the first seed's
VARIABLES = ("get_variable_points", "get_variable_count")
INPUT_BYTES, OUTPUT_BYTES, VARIABLE_BYTES = 46, 45, 39  # T3000 ud_str.h, pack(1)

_T = TypeVar("_T")

PR_SET_PDEATHSIG = 1  # linux/prctl.h
KILL_ME_FIRST = "500"  # when memory runs out: of the 1000 the kernel knows


class Library:
    """The loaded library and its exports.

    **Raises**: OSError, with the loader's own words, when it cannot be loaded.
    """

    def __init__(self, path: str) -> None:
        loaded = ctypes.CDLL(path)
        self._loaded = loaded
        self.call = _export(loaded, CALL, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        self.trend_logs = _export(loaded, TREND_LOGS, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        self.inputs = self._list("get_input_points", "get_input_count", INPUT_BYTES)
        self.outputs = self._list("get_output_points", "get_output_count", OUTPUT_BYTES)
        self.variables = self._list(*VARIABLES, VARIABLE_BYTES)

    @property
    def has_memory(self) -> bool:
        """Whether the points can be copied out of its memory."""
        return self.inputs is not None and self.outputs is not None

    def _list(self, points: str, count: str, size: int) -> Callable[[], bytes] | None:
        where = _export(self._loaded, points, ctypes.c_void_p)
        how_many = _export(self._loaded, count, ctypes.c_uint32)
        if where is None or how_many is None:
            return None

        def copy() -> bytes:
            number = how_many()
            if number > LARGEST_COUNT:
                raise BadResponse(f"{count} says {number}; allowed is 0 to {LARGEST_COUNT}")
            address = where() if number else None
            if number and not address:
                raise BadResponse(f"{points} is null, and {count} says {number}")
            return ctypes.string_at(address, number * size) if address else b""

        return copy


def _export(loaded: ctypes.CDLL, name: str, returns: type, *takes: type) -> Callable[..., int] | None:
    function = getattr(loaded, name, None)
    if function is None:
        return None
    function.restype, function.argtypes = returns, takes
    return function  # type: ignore[no-any-return]


class Buffer:
    """The octets that the library, this process and the door share."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, 0)
        self.size = len(self._map)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._view = memoryview(self._map)

    def put(self, text: bytes) -> None:
        """Write a C string to the start."""
        self._map[: len(text) + 1] = text + b"\0"

    def text(self) -> memoryview:
        """Give what lies before the first NUL."""
        end = self._map.find(b"\0")
        return self._view[: self.size if end < 0 else end]


def answer(asked: Asked, library: Library, buffer: Buffer) -> Said:
    """Do what the door asked. The door asks only for what `Loaded` said is there."""
    if isinstance(asked, CallLibrary):
        buffer.put(asked.request)
        code = _there(library.call)(asked.action, buffer.address, buffer.size)
        return judge(code, buffer.text(), asked.request, buffer.size)
    if isinstance(asked, ListTrendLogs):
        buffer.put(b"")
        return judge_list(_there(library.trend_logs)(asked.panel_id, buffer.address, buffer.size), buffer.text())
    try:
        variables = library.variables and library.variables()
        return Copied(_there(library.inputs)(), _there(library.outputs)(), variables)
    except BadResponse as error:
        return Unreadable(str(error), b"")


def _there(function: Callable[..., _T] | None) -> Callable[..., _T]:
    if function is None:
        raise TypeError("the door asked for what the library does not export")
    return function


def _receive(door: socket.socket) -> bytes | None:
    """Give the next frame's body, or None when the door is closed."""
    head = door.recv(LENGTH.size, socket.MSG_WAITALL)
    if len(head) < LENGTH.size:
        return None
    body = door.recv(length := length_of(head), socket.MSG_WAITALL)
    return body if len(body) == length else None


def _end_with(parent: int) -> None:
    """See to it that this process never outlives the gateway, leaves no core of the buffer's size, and is the first to go."""
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the gateway is gone")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a service manager that stops the gateway tells all its processes:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the gateway decides when this one ends
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # no /proc, or one that cannot be written: then the kernel decides
        Path("/proc/self/oom_score_adj").write_text(KILL_ME_FIRST, "ascii")


def main() -> None:
    """Load the library, say what it exports, and serve until the door is closed."""
    path, socket_fd, buffer_fd, parent = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    for fd in (socket_fd, buffer_fd):
        os.set_inheritable(fd, False)  # a program that the library starts must not keep them open
    _end_with(parent)
    door = socket.socket(fileno=socket_fd)
    buffer = Buffer(buffer_fd)
    try:
        library = Library(path)
    except OSError as error:
        door.sendall(encode(NotLoaded(str(error))))
        return
    if library.call is None and not library.has_memory:
        door.sendall(encode(NotLoaded(f"{path} exports neither {CALL} nor {', '.join(MEMORY)}")))
        return
    loaded = Loaded(library.call is not None, library.has_memory, library.trend_logs is not None)
    door.sendall(encode(loaded))
    while (body := _receive(door)) is not None:
        door.sendall(encode(answer(decode_asked(body), library, buffer)))


if __name__ == "__main__":
    main()
