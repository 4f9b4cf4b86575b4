"""At most one gateway in this process: begun, ended and begun again by a host, whatever thread of it calls. Without cffi.

Every call returns within a bound. What cannot be done is raised; exports.py makes -1 and a text of it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from t3actors.collect.bacnet.link.interfaces import list_addresses, must_be_chosen
from t3actors.config import Config
from t3actors.embed.gateway_thread import GatewayThread, NotNow, NotStarted
from t3actors.embed.host_devices import HostDevices
from t3actors.embed.settings import LOG_NAME, settings
from t3actors.events.host import HOST_JOINED, HOST_LEFT
from t3actors.moments import zone_of
from t3actors.questions import PointNow
from t3actors.watch.logs import Logs, logs_of

STARTS_WITHIN_S = 150.0
"""The writer may have to check its file first, and to bring it up to date: two minutes on an SD card."""
STOPS_WITHIN_S = 60.0
ADDED_WITHIN_S = 30.0
ANSWERS_WITHIN_S = 5.0

Answer = TypeVar("Answer")


class _Running(NamedTuple):
    thread: GatewayThread
    devices: HostDevices
    log: Logs


class Hosted:
    """**Thread**: any but the gateway's own; several at once."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._running: _Running | None = None

    def start(self, config_file: str = "", data_dir: str = "") -> None:
        """Start the gateway, unless it runs; return once it polls.

        **Raises**: ConfigError, AlreadyRunning, StoreError: it does not run then. NotNow: it still starts.
        """
        with self._alone(STARTS_WITHIN_S):
            if self._running is None or self._running.thread.is_over:
                self._let_go()
                config = settings(config_file, data_dir, Path.cwd())
                must_be_chosen(config, list_addresses)
                self._running = _begun(config, config_file)
            if self._running.thread.is_stopping:
                raise NotNow("the gateway has been told to stop and has not ended yet")
            self._wait(self._running.thread)

    def stop(self, reason: str = "t3a_stop()", within_s: float = STOPS_WITHIN_S) -> None:
        """Stop the gateway in order: what was read is stored. Nothing is done where none runs.

        **Raises**: NotNow when it had not ended within that time; it is left to itself then.
        """
        with self._alone(within_s):
            running = self._running
            if running is None:
                return
            running.log(HOST_LEFT, reason=reason)
            if not running.thread.stop(reason, within_s):
                raise NotNow(f"the gateway had not ended after {within_s:g} s; its log says what it waits for")
            self._let_go()

    def search(self) -> None:
        """Begin to look for devices. **Raises**: as HostDevices.search; NotStarted, NotNow."""
        self._call(lambda devices: devices.search(), ADDED_WITHIN_S)

    def add(self, text: str, code: int) -> None:
        """Have one more device polled. **Raises**: as HostDevices.add; NotStarted, NotNow."""
        self._call(lambda devices: devices.add(text, code), ADDED_WITHIN_S)

    def device_id(self, text: str) -> int:
        """Give a device's number. **Raises**: UnknownDevice; NotStarted, NotNow."""
        return self._call(lambda devices: devices.device_id(text), ANSWERS_WITHIN_S)

    def points(self, device_id: int) -> tuple[PointNow, ...]:
        """Give a device's points. **Raises**: UnknownDevice; NotStarted, NotNow."""
        return self._call(lambda devices: devices.points(device_id), ANSWERS_WITHIN_S)

    def _call(self, work: Callable[[HostDevices], Awaitable[Answer]], within_s: float) -> Answer:
        running = self._running
        if running is None:
            raise NotStarted("the gateway does not run: call init_data_sync_service first")
        return running.thread.call(partial(work, running.devices), within_s)

    def _wait(self, thread: GatewayThread) -> None:
        try:
            thread.wait_until_up(STARTS_WITHIN_S)
        finally:
            if thread.is_over:
                self._let_go()

    def _let_go(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.log.close()

    @contextmanager
    def _alone(self, within_s: float) -> Iterator[None]:
        if not self._changing.acquire(timeout=within_s):
            raise NotNow(f"another thread has been starting or stopping the gateway for {within_s:g} s")
        try:
            yield
        finally:
            self._changing.release()


def _begun(config: Config, config_file: str) -> _Running:
    zone = zone_of(config.gateway.time_zone)
    log = logs_of(config, lambda: datetime.now(zone), only_file=config.gateway.data_dir / LOG_NAME)
    log(HOST_JOINED, program=_program(), pid=os.getpid(), data_dir=str(config.gateway.data_dir), config=config_file)
    thread = GatewayThread(config, log)
    thread.start()
    return _Running(thread, HostDevices(thread, log), log)


def _program() -> str:
    try:
        return str(Path("/proc/self/exe").readlink())
    except OSError:
        return sys.executable or "unknown"
