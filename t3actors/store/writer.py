"""DatabaseWriter: the one actor that writes the database. A thread, because SQLite blocks in C. A thin shell over Store.

    detector --PointsChanged, StateRequested--> writer --BatchStored, StateLoaded, WriterReady--> detector
    anybody ==LearnedRequested, RememberedRequested, WriterStandingRequested==> writer: asked, and answered at once
    writer --Posted--> webview --Delivered--> writer        where [store.webview] is configured

What cannot be stored now is held and tried again, in the order it came: a batch while another program holds the database
(StoreBusy), while the disk fails (StoreFailing: the file is opened anew for each try) or while not even points find room
(StoreFull); a question for the stored state waits behind it. Between two tries the writer takes its mail, so that it stays
stoppable and is not late for its watchdog. A disk that is full or fails at the start is waited for likewise.
A damaged file is set aside and a new one begun; the detector is told to forget (WriterReady.fresh), and sends anew what
was held. Who asks is never held: he is answered from what is committed, or told why not by a StoreError.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from supervision.actor import ThreadActor
from t3actors.config import StoreConfig
from t3actors.errors import SchemaTooNew, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreUnreachable
from t3actors.events import Log
from t3actors.events import store as events
from t3actors.messages import PointsChanged, StateRequested, WriterReady
from t3actors.questions import (
    LearnedRequested,
    Remembered,
    RememberedRequested,
    WriterStanding,
    WriterStandingRequested,
)
from t3actors.store.integrity import FileChecked
from t3actors.store.room import free_bytes_of, size_bytes_of
from t3actors.store.sqlite_errors import Interrupted
from t3actors.store.store import Store
from t3actors.store.stretches import KernelClock
from t3actors.store.troubles import Troubles
from t3actors.store.webview.mail import WEBVIEW, Delivered
from t3actors.store.webview.outbox import Outbox

DETECTOR = "detector"
PULSE_S = 10.0
RETRY_S = 0.25
FAILING_RETRY_S = 1.0  # to open a file anew reads all of a small one
LAST_TRIES_S = 3.0  # at a stop: less than a supervisor's patience with a thread
PULSE_ENDS_WITHIN_S = 1.0
TIDY_LOOK_S = 5.0
TIDY_EVERY_S = 0.1
TIDY_FOR_S = 0.02  # of that: a fifth of one core at most, and a batch waits no longer than for a step
MOST_HELD = 16  # one batch and one question per detector incarnation; more means that somebody does not wait


class Pulse(msgspec.Struct, frozen=True):
    """The writer to itself: time for a heartbeat."""


class Tidy(msgspec.Struct, frozen=True):
    """The writer to itself: there may be something to pack, merge or let go."""


class TryAgain(msgspec.Struct, frozen=True):
    """The writer to itself: the held mail may go now."""


class DatabaseWriter(ThreadActor):
    """Commits batches, answers what is stored, keeps the heartbeat."""

    def __init__(
        self,
        store: StoreConfig,
        gateway_name: str,
        version: str,
        boot_id: str,
        log: Log,
        wall_ms: Callable[[], int],
        free_bytes: Callable[[Path], int] = free_bytes_of,
        *,
        clock_trusted: bool = False,
        kernel: KernelClock | None = None,
    ) -> None:
        super().__init__()
        who = (gateway_name, version, boot_id)
        self._outbox = Outbox(store.webview, log, lambda posted: self.send(WEBVIEW, posted))
        self._store = Store(
            store, *who, log, wall_ms, free_bytes, clock_trusted=clock_trusted, kernel=kernel, outbox=self._outbox
        )
        self._log = log
        self._held: deque[PointsChanged | StateRequested] = deque()
        self._troubles = Troubles(store.database, log, self._store.room)
        self._untidy = False
        self._tidy_waits = False
        self._was_ready = False
        self._over = threading.Event()
        self._pulse: threading.Thread | None = None

    @property
    def batches_stored(self) -> int:
        """Batches committed by this incarnation. **Thread**: any."""
        return self._store.batches_stored

    @property
    def samples_stored(self) -> int:
        """Samples committed by this incarnation. **Thread**: any."""
        return self._store.samples_stored

    def on_start(self) -> None:
        """Open the database; while another program holds it, go on trying. **Raises**: StoreError of any other kind."""
        self._pulse = threading.Thread(target=self._beat, name=f"pulse of {self.name}", daemon=True)
        self._pulse.start()
        if self._come_up():
            self.deliver(TryAgain())

    def on_receive(self, message: Any) -> dict[str, bytes] | tuple[Remembered, ...] | WriterStanding | None:
        """Take mail; whatever the database makes of it, it is stored, held, or the actor ends. Answer a question.

        **Raises**: StoreError to who asked: StoreBusy when the same question may be answered later.
        """
        match message:
            case PointsChanged() | StateRequested():
                self._take(message)
            case LearnedRequested() | RememberedRequested():
                return self._answer(message)
            case WriterStandingRequested():
                return self._standing()
            case TryAgain():
                self._over.wait(RETRY_S if self._store.is_open else FAILING_RETRY_S)
                self._work_off()
            case Pulse():
                self._keep_alive()
            case Tidy():
                self._tidy()
            case FileChecked():
                self._hear_of_check(message)
            case Delivered():
                self._outbox.delivered(message)
            case _:
                raise TypeError(f"the writer does not know {type(message).__name__}")
        return None

    def on_stop(self) -> None:
        """Store what is held if it goes at all, note the clean stop, close."""
        self._over.set()
        give_up_s = time.monotonic() + LAST_TRIES_S
        while self._held and not self.abandoned and self._attempt() and time.monotonic() < give_up_s:
            time.sleep(RETRY_S)
        try:
            self._store.close()
        except StoreError as error:
            self._troubles.say(error)
        if self._pulse is not None:
            self._pulse.join(PULSE_ENDS_WITHIN_S)  # a host that unloads the gateway finds no thread of it

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:  # noqa: ARG002
        """Let go of the file, so that a successor can have it."""
        self._over.set()
        self._store.abandon_connection()

    def on_abandon(self) -> None:
        """Break what the thread hangs in; it commits nothing any more. **Thread**: trio."""
        self._over.set()
        self._store.give_up()

    # ------------------------------------------------------------------------------------------------------- held

    def _take(self, message: PointsChanged | StateRequested) -> None:
        if message in self._held:
            return
        if len(self._held) == MOST_HELD:
            self._held.popleft()
        self._held.append(message)
        if len(self._held) == 1:
            self._work_off()

    def _work_off(self) -> None:
        if self._attempt():
            self.deliver(TryAgain())

    def _attempt(self) -> bool:
        """Do what is held, in order. **Returns**: True when something has to wait."""
        if not self._store.is_open and self._come_up():
            return True
        try:
            while self._held:
                self._do(self._held[0])
                self._held.popleft()
        except StoreDamaged as damage:
            return self._begin_anew(str(damage))
        except (StoreBusy, StoreFull, StoreUnreachable) as error:
            self._troubles.say(error)
            return True
        self._troubles.say_over()
        return False

    def _do(self, message: PointsChanged | StateRequested) -> None:
        if isinstance(message, PointsChanged):
            self.send(DETECTOR, self._store.store(message))
        else:
            self.send(DETECTOR, self._store.load_state(message.incarnation))

    def _answer(self, question: LearnedRequested | RememberedRequested) -> dict[str, bytes] | tuple[Remembered, ...]:
        if not self._store.is_open:
            raise StoreBusy(f"{self._store.path}: is not open yet: ask again")
        try:
            if isinstance(question, LearnedRequested):
                return self._store.learned(question.device)
            return self._store.remembered()
        except StoreDamaged as damage:
            if self._begin_anew(str(damage)):
                self.deliver(TryAgain())
            raise

    def _come_up(self) -> bool:
        """Open the database. **Returns**: True when that has to wait."""
        try:
            fresh = self._store.open(self.deliver)
        except (StoreBusy, StoreFull) as error:
            self._troubles.say(error)
            return True
        except (StoreUnreachable, StoreDamaged, SchemaTooNew) as error:
            if not self._was_ready:
                raise
            self._troubles.say(error)
            return True
        self._get_ready(fresh=fresh)
        return False

    def _begin_anew(self, reason: str) -> bool:
        """Set the damaged file aside. **Returns**: True when something has to wait."""
        try:
            self._store.begin_anew(reason)
        except (StoreBusy, StoreFull, StoreUnreachable, StoreDamaged) as error:
            self._troubles.say(error)
            return True
        self._get_ready(fresh=True)
        return bool(self._held)

    def _get_ready(self, *, fresh: bool) -> None:
        if fresh:  # the detector sends the batches anew, behind the devices' announcements
            self._held = deque(held for held in self._held if isinstance(held, StateRequested))
        self._was_ready = True
        if fresh or not self._troubles.is_the_disk:
            self._troubles.say_over()
        self.send(DETECTOR, WriterReady(incarnation=self.incarnation, fresh=fresh))

    # ------------------------------------------------------------------------------------------------------ alive

    def _beat(self) -> None:
        """Wake the writer for its heartbeat, and while there is something to tidy, ever again. **Thread**: its own."""
        pulse_s = time.monotonic() + PULSE_S
        while not self._over.wait(TIDY_EVERY_S if self._untidy else TIDY_LOOK_S):
            if not self._tidy_waits:
                self._tidy_waits = True
                if not self.deliver(Tidy()):
                    return
            if time.monotonic() >= pulse_s:
                pulse_s = time.monotonic() + PULSE_S
                if not self.deliver(Pulse()):
                    return

    def _tidy(self) -> None:
        """Tidy for a moment, unless mail is held: that has a better claim to the disk."""
        self._tidy_waits = self._untidy = False
        if self._held or not self._store.is_open:
            return
        try:
            self._untidy = self._store.tidy(TIDY_FOR_S)
            self._troubles.say_untidy(None)
        except (StoreBusy, StoreFull, StoreUnreachable) as error:
            self._troubles.say_untidy(error)
        except StoreDamaged as damage:
            if self._begin_anew(str(damage)):
                self.deliver(TryAgain())
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001 - it is said; that history waits is no reason to store nothing
            self._troubles.say_untidy(error)

    def _keep_alive(self) -> None:
        """Write the heartbeat; where the file was let go of and no batch is there that would, open it again."""
        if self._held:
            return
        if not self._store.is_open:
            self._come_up()
            return
        try:
            if self._store.heartbeat():
                self._come_up()
        except (StoreBusy, StoreFull, StoreUnreachable):
            return  # the next pulse or batch says it
        except StoreDamaged as damage:
            if self._begin_anew(str(damage)):
                self.deliver(TryAgain())

    def _hear_of_check(self, checked: FileChecked) -> None:
        if not self._store.checking.is_of_this_file(checked):
            return
        result = checked.damage or checked.not_checked or "ok"
        database = str(self._store.path)
        self._log(events.STORE_CHECKED, database=database, took_s=round(checked.took_s, 3), result=result)
        if checked.damage and self._begin_anew(checked.damage):
            self.deliver(TryAgain())

    def _standing(self) -> WriterStanding:
        return WriterStanding(
            batches_stored=self._store.batches_stored,
            waits_for=self._troubles.waits_for,
            waits_for_lock=self._troubles.waits_for_lock,
            history_waits=self._store.room.is_short,
            size_bytes=size_bytes_of(self._store.path),
        )
