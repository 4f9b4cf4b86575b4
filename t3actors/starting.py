"""What goes on around the start of the tree: the word that it is up, and keeping what lives as long as it out of the collector's way,
and threads out of the loop's."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import trio

from t3actors.errors import AlreadyRunning, StoreUnreachable
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_LOCK_LOST

FREEZE_AFTER_S = 20.0
TURNS_S = 0.001
HOLD_EVERY_S = 5.0


async def keep_collections_short() -> None:
    """Once all is up, keep what lives as long as the gateway out of every later collection.

    Measured at 100 devices of 50 points: a full collection stopped the loop for 92 ms, and polls with it.
    """
    await trio.sleep(FREEZE_AFTER_S)
    gc.collect()
    gc.freeze()


@contextmanager
def short_turns() -> Iterator[None]:
    """Have a thread that works on rows hand the interpreter over to the loop within a millisecond, in here.

    Measured beside a thread that answers one question for a year after another: the loop woke 7.6 ms late at Python's own 5 ms, 1.2 ms
    late so (medians); answers took no longer.
    """
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(TURNS_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


async def keep_hold(renew: Callable[[], bool], log: Log) -> NoReturn:
    """See that nobody takes the data directory for free, and lets another gateway in, because a file in it was removed.

    `renew` makes its lock anew where that is lost, and says so. What is wrong for a moment (a verb tries the lock, too) is not told.
    """
    wrong = told = ""
    while True:
        await trio.sleep(HOLD_EVERY_S)
        before, wrong = wrong, ""
        try:
            if renew():
                log(GATEWAY_LOCK_LOST, reason="it was made anew, and is held")
        except (AlreadyRunning, StoreUnreachable) as error:
            wrong = str(error)
        if not wrong:
            told = ""
        elif wrong == before != told:
            log(GATEWAY_LOCK_LOST, reason=wrong)
            told = wrong


class Up:
    """The supervisor's word that the whole tree is up: said in the log first, then passed on to whoever waits for it."""

    def __init__(self, say: Callable[[], None], task_status: trio.TaskStatus[None]) -> None:
        self._say = say
        self._task_status = task_status
        self.is_told = False

    def started(self, value: None = None) -> None:
        """Pass it on."""
        self.is_told = True
        self._say()
        self._task_status.started(value)
