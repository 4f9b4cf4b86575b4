"""The FFI door: T3000's functions in a C library, called in a worker process that may hang, crash or be killed.

One call at a time, each within a time-out; a worker that does not keep it is killed, reaped and replaced at the next call, and so is
one that crashes, ends or says nonsense: each of these is one error, and nothing else in the gateway waits for it. The answer
lies in a buffer that both processes share: it is neither sent nor copied. Nothing is decoded here.

The library must be one that can be loaded outside of T3000.exe, and of the same word size as this Python.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from t3actors.collect.t3000.door import Answer, Memory, answer, build_request
from t3actors.collect.t3000.ffi_buffer import SharedBuffer
from t3actors.collect.t3000.ffi_frames import (
    Answered,
    Asked,
    CallLibrary,
    Copied,
    CopyMemory,
    ListTrendLogs,
    Loaded,
    NotLoaded,
    NotYet,
    Refused,
    Said,
    Unreadable,
)
from t3actors.collect.t3000.ffi_process import WorkerEnded, WorkerProcess
from t3actors.collect.t3000.turns import Turns
from t3actors.collect.t3000.words import printable, size
from t3actors.errors import BadResponse, DriverError, LinkDown, NotReady, RequestRefused, RequestTimedOut
from t3actors.events import Log, LogEvent
from t3actors.events.t3000 import LIBRARY_LOADED, LIBRARY_PRINTED

SMALLEST_BUFFER, LARGEST_BUFFER = 64_000, 1024**3
DEFAULT_BUFFER = 100 * 1024 * 1024  # the seed's
LOADED_WITHIN_S = 10.0  # or the time-out, if that is longer: a small computer takes seconds to start an interpreter
SAY_AGAIN_AFTER_S = 600.0  # a library that crashes at each call is loaded as often


class FfiDoor:
    """One loaded library. **Thread**: the trio loop; see door.py for what may be asked.

    **Units**: `not_ready_pauses_s` are the seconds before each further try while T3000 says that it is starting (-2).
    **Raises**: ValueError for a buffer outside of 64 kB to 1 GB, or a time-out that is no time.
    """

    def __init__(
        self,
        library: Path,
        *,
        buffer_bytes: int = DEFAULT_BUFFER,
        timeout_s: float = 30.0,
        not_ready_pauses_s: tuple[float, ...] = (2.0, 4.0, 6.0),
        log: Log,
    ) -> None:
        if not SMALLEST_BUFFER <= buffer_bytes <= LARGEST_BUFFER:
            raise ValueError(f"buffer: saw {buffer_bytes}, allowed is {SMALLEST_BUFFER} to {LARGEST_BUFFER} octets")
        if not timeout_s > 0:
            raise ValueError(f"time-out: saw {timeout_s}, allowed is more than 0 seconds")
        self.library = library
        self.has_memory = False
        self._buffer_bytes = buffer_bytes
        self._timeout_s = timeout_s
        self._pauses_s = not_ready_pauses_s
        self._log = log
        self._turns = Turns()
        self._buffer: SharedBuffer | None = None
        self._worker: WorkerProcess | None = None
        self._loaded = Loaded(calls=False, memory=False, trend_logs=False)
        self._loads = 0
        self._quiet_until_s: dict[str, float] = {}

    @property
    def worker_pid(self) -> int | None:
        """The worker; also one that was killed and does not end."""
        return None if self._worker is None else self._worker.pid

    # -- what may be asked

    async def open(self) -> None:
        """Load the library, unless it is loaded."""
        async with self._turns.turn():
            await self._running()

    async def call(self, action: int, request: dict[str, object]) -> Answer:
        """Call `BacnetWebView_HandleWebViewMsg`, and again after a pause while it returns -2."""
        asked = CallLibrary(action, build_request(action, request))
        async with self._turns.turn():
            worker = await self._running()
            if not self._loaded.calls:
                raise LinkDown(f"{self.library} does not export BacnetWebView_HandleWebViewMsg")
            return await self._answer(worker, asked, f"in action {action}")

    async def trend_logs(
        self,
        panel_id: int,
        *,
        serial_number: int | None = None,  # noqa: ARG002 - HTTP's way needs them
        object_instance: int | None = None,  # noqa: ARG002
    ) -> Answer | None:
        """Call `BacnetWebView_GetTrendlogList`; None where the library does not export it."""
        async with self._turns.turn():
            worker = await self._running()
            if not self._loaded.trend_logs:
                return None
            return await self._answer(worker, ListTrendLogs(panel_id), f"in the trend logs of panel {panel_id}")

    async def read_memory(self) -> Memory:
        """Copy the library's packed structs."""
        async with self._turns.turn():
            worker = await self._running()
            if not self.has_memory:
                raise LinkDown(f"{self.library} does not export its lists of points")
            said = await self._say(worker, CopyMemory(), "while its memory was read")
            if isinstance(said, Copied):
                return Memory(said.inputs, said.outputs, said.variables)
            raise self._error(said)

    async def close(self) -> None:
        """End the worker, whatever it does, and give the buffer back. Never raises."""
        async with self._turns.closing():
            await self._end_worker()
            if self._worker is None and self._buffer is not None:
                self._buffer.close()
                self._buffer = None

    # -- the worker

    async def _running(self) -> WorkerProcess:
        """Give the worker that has the library loaded; start it if there is none."""
        worker = self._worker
        if worker is not None and not worker.is_ending:
            ended = await worker.has_ended()
            if ended is None:
                return worker
            await self._end_worker()
            raise LinkDown(self._told(ended, "between two calls"))
        await self._end_worker()
        if self._worker is not None:
            raise LinkDown(
                f"the worker was killed and does not end (process {self._worker.pid}): a device driver holds it"
            )
        try:
            self._buffer = self._buffer or SharedBuffer(self._buffer_bytes)
            self._worker = WorkerProcess(self.library, self._buffer)
        except OSError as error:
            raise LinkDown(f"no room for a buffer of {size(self._buffer_bytes)} ({error})") from error
        except WorkerEnded as error:
            raise LinkDown(str(error)) from error
        await self._load(self._worker)
        return self._worker

    async def _load(self, worker: WorkerProcess) -> None:
        said = await self._within(worker.hear, "while it was loaded", max(self._timeout_s, LOADED_WITHIN_S))
        if not isinstance(said, Loaded):
            await self._end_worker()
            reason = said.reason if isinstance(said, NotLoaded) else f"the worker said {type(said).__name__}"
            raise LinkDown(f"the library cannot be used: {printable(reason)}")
        self._loaded = said
        self.has_memory = said.memory
        self._loads += 1
        exports = [name for name in said.__struct_fields__ if getattr(said, name)]
        megabytes = round(self._buffer_bytes / 1e6, 1)
        self._log_seldom(LIBRARY_LOADED, pid=worker.pid, exports=exports, buffer_mb=megabytes, loads=self._loads)

    def _log_seldom(self, event: LogEvent, **keys: object) -> None:
        now_s = trio.current_time()
        if now_s >= self._quiet_until_s.get(event.name, -math.inf):
            self._quiet_until_s[event.name] = now_s + SAY_AGAIN_AFTER_S
            self._log(event, library=str(self.library), **keys)

    def _told(self, ended: WorkerEnded, doing: str) -> str:
        """Say what happened while what was done. It is a status's reason: what differs each time goes to the log, now and then."""
        if ended.last_words:
            self._log_seldom(LIBRARY_PRINTED, last_words=ended.last_words)
        return f"{ended} {doing}"

    async def _end_worker(self) -> None:
        """Kill and reap the worker; one that cannot be reaped yet is kept, so that no other is started beside it."""
        if self._worker is not None and await self._worker.end():
            self._worker = None

    # -- a call

    async def _answer(self, worker: WorkerProcess, asked: Asked, doing: str) -> Answer:
        began_s = trio.current_time()
        said = await self._say(worker, asked, doing)
        for pause_s in self._pauses_s:
            if not isinstance(said, NotYet):
                break
            await trio.sleep(pause_s)
            said = await self._say(worker, asked, doing)
        if isinstance(said, Answered) and self._buffer is not None:
            return answer(self._buffer.view(said.length), said.document, trio.current_time() - began_s)
        raise self._error(said)

    async def _say(self, worker: WorkerProcess, asked: Asked, doing: str) -> Said:
        return await self._within(lambda: worker.ask(asked), doing, self._timeout_s)

    async def _within(self, hear: Callable[[], Awaitable[Said]], doing: str, timeout_s: float) -> Said:
        """Hear the worker within the time-out; one that did not say it, for whatever reason, is ended."""
        heard = False
        try:
            with trio.move_on_after(timeout_s):
                said = await hear()
                heard = True
                return said
        except WorkerEnded as error:
            raise LinkDown(self._told(error, doing)) from error
        finally:
            if not heard:
                await self._end_worker()
        raise RequestTimedOut(f"no answer within {timeout_s:g} s {doing}: the worker was ended and will be replaced")

    def _error(self, said: Said) -> DriverError:
        """Give the error for what a worker said instead of what was asked for."""
        if isinstance(said, NotYet):
            return NotReady(f"T3000 is still starting: it said so {len(self._pauses_s) + 1} times")
        if isinstance(said, Refused):
            return RequestRefused(f"T3000 refused: {printable(said.text)}", code=said.code)
        if isinstance(said, Unreadable):
            return BadResponse(printable(said.text), raw=said.raw)
        return BadResponse(f"the worker said {type(said).__name__}, which is no answer to this")
