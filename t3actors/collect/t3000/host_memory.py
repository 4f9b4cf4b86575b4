"""The host's memory: the points of the very process that this gateway lives in, by the functions which that process exports.

A C or C++ program that has loaded the gateway as a library (t3actors/embed) plays T3000: `get_input_points`, `get_input_count` and so
on are looked up in the process itself. Its code cannot be moved into a worker process, so it is called in one thread, and fenced as
far as that goes:

    a call that does not return     the poll ends; the thread is left alone, and nothing is called beside it until it has returned
    a pointer into nowhere          is read through the kernel (/proc/self/mem), which answers with an error instead of a crash
    a count that cannot be          is refused
    points that change meanwhile    are copied until two copies agree; one that never does is refused

What cannot be contained: a crash inside the host's own function ends the host, and this gateway with it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress

import trio

from t3actors.collect.t3000.door import Answer, Memory
from t3actors.collect.t3000.ffi_frames import LARGEST_COUNT
from t3actors.collect.t3000.ffi_worker import INPUT_BYTES, OUTPUT_BYTES, VARIABLE_BYTES
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestTimedOut
from t3actors.events import Log
from t3actors.events.host import HOST_MEMORY_SILENT

HOST_MEMORY = "host:"
"""The address of a device that is the host's memory."""
LISTS = (
    ("get_input_points", "get_input_count", INPUT_BYTES),
    ("get_output_points", "get_output_count", OUTPUT_BYTES),
)
VARIABLES = ("get_variable_points", "get_variable_count", VARIABLE_BYTES)
COPIES = 20
MEMORY_OF_THIS_PROCESS = "/proc/self/mem"


class HostMemory:
    """The exports of one process. `find` gives the address of an export, None where there is none."""

    def __init__(self, find: Callable[[str], int | None] | None = None) -> None:
        self._find = find or _exported
        self._alone = threading.Lock()
        self._inside = ""

    def missing(self) -> list[str]:
        """List what the process would have to export and does not."""
        return [name for points, count, _ in LISTS for name in (points, count) if self._find(name) is None]

    @property
    def inside(self) -> str:
        """The function that is being called at this moment; nothing when none is. **Thread**: any."""
        return self._inside if self._alone.locked() else ""

    def copy(self) -> Memory:
        """Call the functions and copy what they point to. **Thread**: one that may hang.

        **Raises**: LinkDown when they are not there, or one of them has not returned from an earlier call; BadResponse.
        """
        if missing := self.missing():
            raise LinkDown(f"this program does not export {', '.join(missing)}")
        if not self._alone.acquire(blocking=False):
            raise LinkDown(f"{self._inside or 'a function'} of this program has not returned from an earlier call")
        try:
            inputs, outputs = (self._list(*each) for each in LISTS)
            has_variables = all(self._find(name) is not None for name in VARIABLES[:2])
            return Memory(inputs, outputs, self._list(*VARIABLES) if has_variables else None)
        finally:
            self._alone.release()

    def _list(self, points: str, count: str, size: int) -> bytes:
        number = self._call(count, ctypes.c_uint32)
        if number > LARGEST_COUNT:
            raise BadResponse(f"{count} says {number}; allowed is 0 to {LARGEST_COUNT}")
        if not number:
            return b""
        address = self._call(points, ctypes.c_void_p)
        if not address:
            raise BadResponse(f"{points} is null, and {count} says {number}")
        return _settled(points, address, number * size)

    def _call(self, name: str, returns: type) -> int:
        address = self._find(name)
        if address is None:
            raise LinkDown(f"this program does not export {name} any more")
        self._inside = name
        return ctypes.CFUNCTYPE(returns)(address)() or 0


def _exported(name: str) -> int | None:
    """Find a function as the host's own code would: in the program, and in what it has loaded for all."""
    function = getattr(ctypes.CDLL(None), name, None)
    return None if function is None else ctypes.cast(function, ctypes.c_void_p).value


def _settled(points: str, address: int, octets: int) -> bytes:
    """Copy until two copies agree: the host writes there whenever it likes."""
    before = _copied(points, address, octets)
    for _ in range(COPIES):
        after = _copied(points, address, octets)
        if after == before:
            return after
        before = after
    raise BadResponse(f"{points}: what it points to changes without rest")


def _copied(points: str, address: int, octets: int) -> bytes:
    try:
        memory = os.open(MEMORY_OF_THIS_PROCESS, os.O_RDONLY | os.O_CLOEXEC)
        try:
            copy = os.pread(memory, octets, address)
        finally:
            os.close(memory)
    except (OSError, OverflowError) as error:
        raise BadResponse(f"{points} points to {address:#x}, which cannot be read: {error}") from None
    if len(copy) != octets:
        raise BadResponse(f"{points} points to {address:#x}, where only {len(copy)} of {octets} octets can be read")
    return copy


OF_THIS_PROCESS = HostMemory()
"""There is one process, and its functions are called by one thread at a time, whatever is restarted meanwhile."""


def must_be_exported(memory: HostMemory = OF_THIS_PROCESS) -> None:
    """Say at once what a program lacks to be read. **Raises**: LinkDown."""
    if missing := memory.missing():
        raise LinkDown(
            f"this program does not export {', '.join(missing)} (an executable exports its functions when it is linked with -rdynamic)"
        )


class HostMemoryDoor:
    """A `door.Door` into this process. **Thread**: the trio loop."""

    has_memory = True

    def __init__(self, device: str, *, timeout_s: float, log: Log, memory: HostMemory = OF_THIS_PROCESS) -> None:
        self._device = device
        self._timeout_s = timeout_s
        self._log = log
        self._memory = memory
        self._is_told = False

    @property
    def worker_pid(self) -> None:
        """There is none: the library is the host's own."""

    async def open(self) -> None:
        """Look whether the functions are there. **Raises**: LinkDown."""
        must_be_exported(self._memory)

    async def call(self, action: int, request: dict[str, object]) -> Answer:  # noqa: ARG002
        """Nothing but memory can be asked for. **Raises**: LinkDown."""
        raise LinkDown(f"action {action} cannot be asked here: this is the memory of the program itself")

    async def read_memory(self) -> Memory:
        """Copy the points. **Raises**: LinkDown, RequestTimedOut, BadResponse."""
        reading = _Reading(self._memory)
        with trio.move_on_after(self._timeout_s):
            memory = await reading.result()
            self._is_told = False
            return memory
        inside = self._memory.inside
        if not self._is_told:
            self._is_told = True
            self._log(HOST_MEMORY_SILENT, device=self._device, call=inside, silent_s=self._timeout_s)
        raise RequestTimedOut(f"{inside or 'the program'} did not return within {self._timeout_s:g} s")

    async def trend_logs(
        self,
        panel_id: int,  # noqa: ARG002 - there are none
        *,
        serial_number: int | None = None,  # noqa: ARG002
        object_instance: int | None = None,  # noqa: ARG002
    ) -> Answer | None:
        """There are none."""
        return None

    async def close(self) -> None:
        """Let go: nothing is held."""


class _Reading:
    """One copy, made by a thread of its own, which is left behind when it hangs."""

    def __init__(self, memory: HostMemory) -> None:
        self._memory = memory
        self._copied: Memory | DriverError | None = None
        self._over = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        threading.Thread(target=self._read, name="host memory", daemon=True).start()

    async def result(self) -> Memory:
        """Wait for it. **Raises**: LinkDown, BadResponse."""
        await self._over.wait()
        if isinstance(self._copied, Memory):
            return self._copied
        raise self._copied or LinkDown("nothing was copied")

    def _read(self) -> None:
        try:
            self._copied = self._memory.copy()
        except DriverError as error:
            self._copied = error
        finally:
            with suppress(trio.RunFinishedError):  # nobody waits any more
                self._token.run_sync_soon(self._over.set)
