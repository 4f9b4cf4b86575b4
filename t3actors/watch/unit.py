"""The gateway as a unit of systemd: when it is up, that it makes progress, how it is in one line, that it stops or reads its files anew.

The watchdog is fed by progress, never by a timer: only when the loop, the detector and the writer have all moved on since it was last
fed (health.py counts that). Whatever stands still, systemd restarts the gateway after WatchdogSec. Not under systemd nothing is told.
"""

from __future__ import annotations

import time

import trio

from t3actors.events import Log, silent
from t3actors.events.unit import UNIT_UNHEARD, WATCHDOG_RESUMED, WATCHDOG_WITHHELD
from t3actors.watch.health import HealthBoard
from t3actors.watch.notify import NotifySocket, ServiceManager, notify_socket
from t3actors.watch.parts import status_line

TELL_EVERY_S = 10.0
FED_A_PERIOD = 4
"""So often within WatchdogSec: twice as often as sd_watchdog_enabled(3) asks for, so that one look that comes too early costs nothing."""
STOOD_STILL_S = 1.0
BEGUN_AGAIN_WITHIN_S = 1.0
"""Where the process itself stood still (SIGSTOP, a paused machine) its parts are given so long to move on, before one is called stuck."""
MICRO = 1_000_000


class Unit:
    """Thread: the trio loop. Without a service manager every call does nothing."""

    def __init__(self, manager: ServiceManager | None = None, log: Log = silent) -> None:
        self._socket: NotifySocket | None = notify_socket(manager)
        self._address = "" if manager is None else manager.address
        self._watchdog_s = None if manager is None else manager.watchdog_s
        self._log = log
        self._every_s = min(TELL_EVERY_S, (self._watchdog_s or 4 * TELL_EVERY_S) / FED_A_PERIOD)
        self._phase = "starting"
        self._owed: list[str] = []
        self._status = ""
        self._is_unheard = False
        self._fed_s = 0.0
        self._fed_at: tuple[int, ...] = ()
        self._is_withheld = False

    async def attend(self, board: HealthBoard) -> None:
        """Tell how the gateway is, until cancelled."""
        if self._socket is None:
            return
        try:
            while True:
                self._tell(board)
                due_s = trio.current_time() + self._every_s
                await trio.sleep_until(due_s)
                if trio.current_time() - due_s > STOOD_STILL_S and self._standing(board):
                    await trio.sleep(BEGUN_AGAIN_WITHIN_S)
        finally:
            self._socket.close()
            self._socket = None

    def ready(self) -> None:
        """The whole tree is up."""
        if self._socket is not None and self._phase == "starting":
            self._phase, self._fed_s = "up", trio.current_time()
            self._say("READY=1", f"STATUS={self._news('running')}")

    def stopping(self) -> None:
        """A stop was asked for."""
        if self._socket is not None:
            self._phase = "stopping"
            self._say("STOPPING=1", f"STATUS={self._news('stopping: what was read is being stored')}", self._patience())

    def reloading(self) -> None:
        """The configuration is being read anew (Type=notify-reload, systemd.service(5)); `reloaded` ends that."""
        if self._socket is not None:
            self._say("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def reloaded(self, outcome: str) -> None:
        """What holds is settled, be it the new configuration or the old one."""
        if self._socket is not None:
            self._say("READY=1", f"STATUS={self._news(outcome)}")

    def _tell(self, board: HealthBoard) -> None:
        if self._phase == "up":
            self._say(*self._feed(board), *self._news_of(board))
        else:  # both may take long (a large file is checked, the last batch waits for a slow disk), and have bounds of their own
            news = [] if self._status else [f"STATUS={self._news('starting: the database is opened and checked')}"]
            self._say(self._patience(), *news)

    def _patience(self) -> str:
        return f"EXTEND_TIMEOUT_USEC={round(3 * self._every_s * MICRO)}"

    def _news(self, status: str) -> str:
        self._status = status
        return status

    def _news_of(self, board: HealthBoard) -> list[str]:
        report = board.report
        line = self._status if report is None else status_line(report)
        return [f"STATUS={self._news(line)}"] if line != self._status else []

    # ------------------------------------------------------------------------------------------------- the watchdog

    def _feed(self, board: HealthBoard) -> list[str]:
        if self._watchdog_s is None:
            return []
        moved, now_s, still = board.moved, trio.current_time(), self._standing(board)
        silent_s = now_s - self._fed_s
        if still:
            if silent_s > self._watchdog_s / 2 and not self._is_withheld:
                self._withhold(board, still, silent_s)
            return []
        if self._is_withheld:
            self._is_withheld = False
            self._log(WATCHDOG_RESUMED, silent_s=round(silent_s, 1))
        self._fed_s, self._fed_at = now_s, moved
        return ["WATCHDOG=1"]

    def _standing(self, board: HealthBoard) -> list[str]:
        """Name the parts that have not moved on since the watchdog was last fed."""
        moved = board.moved
        return [
            name for name, now, then in zip(moved._fields, moved, self._fed_at or (0,) * 3, strict=True) if now == then
        ]

    def _withhold(self, board: HealthBoard, still: list[str], silent_s: float) -> None:
        assert self._watchdog_s is not None  # noqa: S101 - for mypy
        self._is_withheld = True
        report = board.report
        reason = "nothing is known of it yet" if report is None else report.gateway.reason
        left_s = max(0.0, self._watchdog_s - silent_s)
        self._log(
            WATCHDOG_WITHHELD,
            parts=still,
            reason=reason,
            silent_s=round(silent_s, 1),
            restarts_in_s=round(left_s, 1),
        )

    # --------------------------------------------------------------------------------------------------- the wire

    def _say(self, *assignments: str) -> None:
        """Send it; what systemd must not miss is sent again with the next one when it was not taken."""
        if self._socket is None or not (assignments or self._owed):
            return
        wanted = [*self._owed, *assignments]
        try:
            self._socket.send(*wanted)
        except OSError as error:
            self._owed = [each for each in wanted if each in {"READY=1", "STOPPING=1"}]
            self._status = ""
            if not self._is_unheard:
                self._is_unheard = True
                self._log(UNIT_UNHEARD, address=self._address, reason=error.strerror or str(error))
        else:
            self._owed = []
            self._is_unheard = False
