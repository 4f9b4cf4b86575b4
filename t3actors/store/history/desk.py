"""What a job of tidying works with: the connection, transactions, the time a step may take. The writer's thread.

A job is a generator; each `next` is one small step, so that a batch never waits for longer than a step. Whatever a job has
done when it ends early, by a stop, a kill or an error, is either committed and right, or begun anew by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import apsw

from t3actors.config import StoreConfig
from t3actors.events import Log
from t3actors.store.history import frontiers
from t3actors.store.history.frontiers import Frontiers

STEP_S = 0.02
"""How long a step is to take: long enough to be worth its commit, short enough for a batch to wait for it."""

Job = Iterator[None]


class Desk:
    """One per opening of the database."""

    def __init__(
        self,
        connection: apsw.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
        config: StoreConfig,
        log: Log,
        wall_ms: Callable[[], int],
    ) -> None:
        self.connection = connection
        self.transaction = transaction
        self.config = config
        self.log = log
        self.wall_ms = wall_ms
        self.frontiers = frontiers.load(connection)

    def now_s(self) -> int:
        """Now, whole Unix seconds."""
        return self.wall_ms() // 1000

    @contextmanager
    def moving(self, moved: Frontiers) -> Iterator[None]:
        """A transaction that moves the frontiers; they are known to have moved once it is committed."""
        with self.transaction():
            frontiers.save(self.connection, moved)
            yield
        self.frontiers = moved


class Pace:
    """How much to do in one step, learned from how long the last one took: a slow disk gets smaller bites."""

    def __init__(self, amount: int, least: int, most: int) -> None:
        self.amount = amount
        self._least = least
        self._most = most

    @contextmanager
    def step(self) -> Iterator[int]:
        """Do `amount` in here."""
        began_s = time.perf_counter()
        yield self.amount
        took_s = time.perf_counter() - began_s
        factor = min(2.0, max(0.25, STEP_S / max(took_s, 1e-6)))
        self.amount = min(self._most, max(self._least, int(self.amount * factor)))
