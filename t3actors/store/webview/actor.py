"""WebviewWriter: the actor that fills T3000's own database. A thread of its own, so that whatever that file does costs nobody else.

    writer --Posted--> webview --Delivered--> writer

A thin shell over Webview: it takes one step after the other, and after a step that failed it waits, longer each time, while the
outbox in our own database keeps what is to come. Nobody waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from supervision.actor import ThreadActor
from supervision.backoff import Backoff
from t3actors.config import Config, WebviewConfig
from t3actors.errors import StoreError
from t3actors.events import Log
from t3actors.events import webview as events
from t3actors.questions import WebviewStanding, WebviewStandingRequested
from t3actors.store.webview.mail import WEBVIEW, Posted
from t3actors.store.webview.webview import Webview

__all__ = ["WEBVIEW", "WebviewWriter", "webview_writer"]
WRITER = "writer"
PULSE_S = 1.0
LAST_STEPS_S = 2.0
AGAIN = Backoff(initial_s=0.25, factor=2.0, cap_s=30.0, jitter=0.2)


class Pulse(msgspec.Struct, frozen=True):
    """To itself: see whether something is due."""


class Step(msgspec.Struct, frozen=True):
    """To itself: there is more to do."""


class WebviewWriter(ThreadActor):
    """Takes the steps, says when they fail and when they go again."""

    def __init__(
        self,
        config: WebviewConfig,
        database: Path,
        time_zone: str,
        log: Log,
        wall_ms: Callable[[], int],
        random: Callable[[], float],
        products: Mapping[int, str],
    ) -> None:
        super().__init__()
        self._webview = Webview(config, database, time_zone, log, wall_ms, products=products)
        self._log = log
        self._random = random
        self._over = threading.Event()
        self._stepping = False
        self._failures = 0
        self._trouble = self._reason = ""
        self._next_try_s = self._blocked_s = 0.0

    def on_start(self) -> None:
        """Begin; the files are opened by the first step."""
        threading.Thread(target=self._beat, name=f"pulse of {self.name}", daemon=True).start()
        self._go_on()

    def on_receive(self, message: Any) -> WebviewStanding | None:
        """Take a step if one is due; say how it stands to whoever asks."""
        match message:
            case WebviewStandingRequested():
                return WebviewStanding(waits_for=self._reason, waiting=self._webview.behind)
            case Posted():
                self._webview.posted(message)
            case Step():
                self._stepping = False
            case Pulse():
                pass
            case _:
                raise TypeError(f"the webview writer does not know {type(message).__name__}")
        if not self._stepping and time.monotonic() >= self._next_try_s and self._step():
            self._go_on()
        return None

    def on_stop(self) -> None:
        """Write what is there if it goes at once, and say what is delivered; the rest stays in the outbox."""
        self._over.set()
        give_up_s = time.monotonic() + LAST_STEPS_S
        while not self._failures and not self.abandoned and time.monotonic() < give_up_s and self._step():
            pass
        self._tell(at_the_end=True)
        self._webview.close()

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:  # noqa: ARG002
        """Let go of both files."""
        self._over.set()
        self._webview.close()

    def on_abandon(self) -> None:
        """Break what the thread hangs in; it commits nothing any more. **Thread**: trio."""
        self._over.set()
        self._webview.give_up()

    def _step(self) -> bool:
        """Take a step. **Returns**: True when there is more to do at once."""
        try:
            more = self._webview.step()
        except StoreError as error:
            self._say_blocked(error)
            return False
        self._say_recovered()
        self._tell()
        return more

    def _tell(self, *, at_the_end: bool = False) -> None:
        delivered = self._webview.settled(at_the_end=at_the_end)
        if delivered is not None:
            self.send(WRITER, delivered)

    def _go_on(self) -> None:
        self._stepping = not self._asked_to_stop and self.deliver(Step())

    def _beat(self) -> None:
        while not self._over.wait(PULSE_S):
            if not self.deliver(Pulse()):
                return

    def _say_blocked(self, error: StoreError) -> None:
        self._failures += 1
        wait_s = AGAIN.delay_s(self._failures, self._random)
        self._next_try_s = time.monotonic() + wait_s
        if self._failures == 1:
            self._blocked_s = time.monotonic()
        trouble, self._reason = type(error).__name__, str(error)
        if trouble != self._trouble:
            self._trouble = trouble
            self._log(
                events.WEBVIEW_BLOCKED, database=str(self._webview.path), reason=str(error), next_try_s=round(wait_s, 2)
            )

    def _say_recovered(self) -> None:
        if self._failures:
            blocked_s = round(time.monotonic() - self._blocked_s, 1)
            database, waiting = str(self._webview.path), self._webview.waiting()
            self._failures, self._trouble, self._reason, self._next_try_s = 0, "", "", 0.0
            self._log(events.WEBVIEW_RECOVERED, database=database, blocked_s=blocked_s, waiting=waiting)


def webview_writer(
    config: Config,
    log: Log,
    wall_ms: Callable[[], int],
    random: Callable[[], float],
    products: Mapping[int, str],
) -> Callable[[], WebviewWriter] | None:
    """Return what makes the actor; None where no such file is configured. `products`: T3000's numbers and the drivers' names."""
    webview, database, zone = config.store.webview, config.store.database, config.gateway.time_zone
    if webview is None:
        return None
    return lambda: WebviewWriter(webview, database, zone, log, wall_ms, random, products)
