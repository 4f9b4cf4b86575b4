"""One worker process seen from the gateway: start it, speak to it, end it, and say in one line how it ended.

It knows no time-outs and keeps no schedule: ffi_door.py does. Everything it opens it closes; an ended worker is reaped at once.
**Thread**: the trio loop.

The process is started by the trio thread itself, which takes 2 to 7 ms, and not by `trio.lowlevel.open_process`: that starts it
from a helper thread, and the kernel's "die with your parent" means the thread. Measured: trio's idle thread ends after
10 s, and took the worker with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import trio

from t3actors.collect.t3000.ffi_buffer import SharedBuffer
from t3actors.collect.t3000.ffi_frames import LENGTH, Asked, Said, decode_said, encode, length_of
from t3actors.collect.t3000.words import printable
from t3actors.errors import BadResponse

MODULE = "t3actors.collect.t3000.ffi_worker"
REAPED_WITHIN_S = 2.0  # a killed process ends at once, unless a device driver holds it
_KEPT = 2000  # octets of what the library printed last
_PIECE = 65536


class WorkerEnded(Exception):
    """The worker ended, cannot be started, or said nonsense. `last_words` is what the library printed last."""

    def __init__(self, text: str, last_words: str = "") -> None:
        super().__init__(text)
        self.last_words = last_words


class WorkerProcess:
    """A running worker. After WorkerEnded, a time-out or a cancellation it is of no more use: `end` it."""

    def __init__(self, library: Path, buffer: SharedBuffer) -> None:
        """Start it. **Raises**: WorkerEnded when the system does not."""
        self._buffer_bytes = buffer.size
        self.is_ending = False
        self._tail = b""
        with contextlib.ExitStack() as opened, contextlib.ExitStack() as theirs:
            try:
                self._socket, its = socket.socketpair()
                opened.callback(self._socket.close)
                theirs.callback(its.close)
                self._printed, printing = os.pipe()
                opened.callback(os.close, self._printed)
                theirs.callback(os.close, printing)
                self._popen = _start(library, its.fileno(), buffer.fd, printing)
                opened.callback(self._popen.wait)
                opened.callback(self._popen.kill)
                self._pidfd = os.pidfd_open(self._popen.pid)
                opened.callback(os.close, self._pidfd)
                self._either = (
                    select.epoll()
                )  # something said, or the end: what the library started may keep the socket open
                opened.callback(self._either.close)
                self._either.register(self._socket, select.EPOLLIN)
                self._either.register(self._pidfd, select.EPOLLIN)
            except OSError as error:
                raise WorkerEnded(f"the worker cannot be started ({error})") from error
            self._socket.setblocking(False)
            os.set_blocking(self._printed, False)
            opened.pop_all()

    @property
    def pid(self) -> int:
        """The process."""
        return self._popen.pid

    async def hear(self) -> Said:
        """Wait for what the worker says next.

        **Raises**: WorkerEnded.
        """
        try:
            length = length_of(await self._exactly(LENGTH.size))
            return decode_said(await self._exactly(length), self._buffer_bytes)
        except BadResponse as error:
            raise WorkerEnded(f"the worker said nonsense: {error}") from error

    async def ask(self, asked: Asked) -> Said:
        """Ask, and wait for what it says to that.

        **Raises**: WorkerEnded.
        """
        frame = encode(asked)
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            raise await self._ended() from None
        if sent < len(frame):
            raise WorkerEnded("the worker does not listen")
        return await self.hear()

    async def has_ended(self) -> WorkerEnded | None:
        """Say how it ended, if it has."""
        return await self._ended() if self._is_over() else None

    async def end(self) -> bool:
        """Kill it and all it started, and reap it. Never raises. **Returns**: whether it is gone; ask again later when not."""
        self.is_ending = True
        self._kill()
        with trio.CancelScope(shield=True):
            gone = await self._reaped()
        if gone and self._printed >= 0:
            self._listen()
            self._either.close()
            self._socket.close()
            os.close(self._printed)
            os.close(self._pidfd)
            self._printed = -1
        return gone

    def last_words(self) -> str:
        """Give the last line that the library printed, or the interpreter, as printable text; "" when none."""
        self._listen()
        lines = [line for line in self._tail.decode("utf-8", "replace").splitlines() if line.strip()]
        return printable(lines[-1]) if lines else ""

    def _listen(self) -> None:
        """Take what was printed since, and keep the end of it."""
        while self._printed >= 0:
            try:
                piece = os.read(self._printed, _PIECE)
            except BlockingIOError:
                return
            if not piece:
                return
            self._tail = (self._tail + piece)[-_KEPT:]

    async def _exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            try:
                piece = self._socket.recv(min(count - len(received), _PIECE))
            except BlockingIOError:
                if self._is_over():
                    raise await self._ended() from None
                await trio.lowlevel.wait_readable(self._either)
                continue
            except OSError:
                piece = b""
            if not piece:
                raise await self._ended()
            received += piece
        self._listen()
        return bytes(received)

    def _kill(self) -> None:
        """Kill it and what it started; its session is its own. Once it is reaped, its number may be another's."""
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)

    def _is_over(self) -> bool:
        """Whether it has ended, reaped or not."""
        if self._popen.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # the program around us has children reaped by the kernel (SIGCHLD ignored)
            return True

    async def _reaped(self) -> bool:
        """Wait a moment for its end; reap it. What it started ends with it."""
        if not self._is_over():
            with trio.move_on_after(REAPED_WITHIN_S):
                await trio.lowlevel.wait_readable(self._pidfd)
        if not self._is_over():
            return False
        self._kill()
        return self._popen.poll() is not None

    async def _ended(self) -> WorkerEnded:
        """Say how the worker ended that says no more."""
        if not await self._reaped():
            return WorkerEnded("the library closed the worker's files")
        return WorkerEnded(how_it_ended(self._popen.returncode), self.last_words())


def _start(library: Path, socket_fd: int, buffer_fd: int, printing: int) -> subprocess.Popen[bytes]:
    os.set_blocking(printing, False)  # what does not fit any more is lost: a library must not wait for a reader
    where_we_import_from = os.pathsep.join(
        each or os.getcwd() for each in sys.path
    )  # installed, from a folder, embedded
    arguments = [str(library.absolute()), str(socket_fd), str(buffer_fd), str(os.getpid())]
    return subprocess.Popen(  # noqa: S603 - our own module; the library's path is the operator's
        [sys.executable, "-P", "-m", MODULE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=printing,
        stderr=printing,
        env=os.environ | {"PYTHONPATH": where_we_import_from},
        pass_fds=(socket_fd, buffer_fd),
        start_new_session=True,  # so that the processes it starts can be ended with it
    )


def how_it_ended(code: int) -> str:
    """Say what a process's return code means."""
    if code == -signal.SIGKILL:
        return "the worker was killed (SIGKILL; is the system out of memory?)"
    if code < 0:
        return f"the library crashed: {signal_name(-code)}"
    return f"the library ended the worker: exit status {code}"


def signal_name(number: int) -> str:
    """Give a signal's name, as "SIGSEGV"."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time one
