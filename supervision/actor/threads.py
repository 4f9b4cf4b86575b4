"""ThreadActor: an actor that is a daemon thread, for what blocks."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pykka
import trio
from pykka.messages import _ActorStop

from supervision.actor.addressed import Addressed, Birth
from supervision.actor.answers import answer, answer_error
from supervision.errors import WouldBlockTheLoop
from supervision.exits import traceback_text
from supervision.inbox import ThreadInbox


class ThreadActor(Addressed, pykka.ThreadingActor):
    """An actor that is a daemon thread, for code that blocks. All its code runs on that thread, but on_abandon."""

    use_daemon_thread = True
    kind = "thread"
    _abandoned = False
    _token: trio.lowlevel.TrioToken
    _thread: threading.Thread

    @staticmethod
    def _create_actor_inbox() -> ThreadInbox:
        return ThreadInbox()

    @property
    def abandoned(self) -> bool:
        """True once the supervisor has given up on this incarnation: a long loop should look and leave."""
        return self._abandoned

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what is returned answers an `ask`."""
        raise NotImplementedError(f"{type(self).__name__} got {type(message).__name__} and handles no messages")

    def on_abandon(self) -> None:
        """Break what the thread hangs in, e.g. interrupt a database connection. **Thread**: trio; it must not block.

        Called before a successor is started, and never twice.
        """

    def expect_progress_within(self, seconds: float | None) -> None:
        """Declare when the watchdog may lose patience, counted from now; call again to move it, None for never."""
        self._expect(seconds)
        self._post(self._birth.expectation_moved)

    def launch(self, birth: Birth) -> None:
        """Start the thread. Called once, by the supervisor. **Thread**: trio."""
        self._adopt(birth)
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._live, name=f"actor {birth.name}", daemon=True)
        self._thread.start()

    def kill(self) -> bool:
        """**Returns**: False: a thread cannot be killed."""
        return False

    def abandon(self) -> None:
        """Fence it: whatever it still does is not heard any more. **Thread**: trio."""
        self._abandoned = True
        self._close()
        self.actor_inbox.release()  # it may be waiting for mail, not hanging
        self.on_abandon()

    def stack_text(self) -> str:
        """Say where the thread is at this moment."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - there is no other way
        return "" if frame is None else "".join(traceback.format_stack(frame))

    def _start_actor_loop(self) -> None:
        pykka.ActorRegistry.unregister(self.ref)
        raise WouldBlockTheLoop(f"{type(self).__name__}.start() is not supported: a supervisor starts its actors")

    def _live(self) -> None:
        error: BaseException | None = None
        try:
            self.on_start()
            self._post(self._birth.started)
            self._serve()
            if not self._abandoned:
                self.on_stop()
        except BaseException as caught:  # noqa: BLE001 - every way out becomes an exit
            error = caught
        exit_ = self._exit(error)
        dropped = self._close()
        if error is not None:
            try:
                self.on_failure(type(error), error, error.__traceback__)
            except BaseException as second:  # noqa: BLE001 - told together with the first
                exit_ = replace(exit_, traceback_text=exit_.traceback_text + traceback_text(second))
        self._post(self._birth.ended, replace(exit_, mail_dropped=dropped))

    def _serve(self) -> None:
        inbox: ThreadInbox = self.actor_inbox
        while not self._abandoned:
            envelope = inbox.get()
            if envelope is None:
                return
            if type(envelope.message) is _ActorStop:
                if envelope.reply_to is not None:
                    answer(envelope.reply_to, None)
                return
            self._current = envelope
            self._busy_since_s = self.now_s()
            try:
                result = self._handle_receive(envelope.message)
            except Exception as error:
                if envelope.reply_to is None:
                    raise
                answer_error(envelope.reply_to, error)
            else:
                if envelope.reply_to is not None:
                    answer(envelope.reply_to, result)
            self._current = self._busy_since_s = None

    def _post(self, fn: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(fn, *args)
