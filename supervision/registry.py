"""Who plays which role right now. A ref is never kept across messages: it is looked up at each send.

So a restarted actor is found at once, and mail to nobody is counted instead of raising in the sender.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Protocol

import trio

from supervision.errors import NobodyThere, RoleTaken


class Reply(Protocol):
    """An answer to come."""

    async def wait(self) -> Any:
        """Return it, or raise what the asked one raised."""


class Address(Protocol):
    """What the registry needs of an actor."""

    incarnation: int

    def deliver(self, message: object) -> bool:
        """Put a message into the inbox; False when the actor takes no more. **Thread**: any."""

    def ask_later(self, message: object) -> Reply:
        """Put a question into the inbox. **Thread**: any."""

    def mail_waiting(self) -> int:
        """Count the messages in the inbox. **Thread**: any."""


ROLES_KEPT = 1000
OTHERS = "others"


class Registry:
    """Roles and their present players. Bounded by the children of the tree and the names they speak for, and by ROLES_KEPT: of so
    many that are out of use is it known how often they were played; for so many are dead letters counted by role, for all further
    ones together, as OTHERS."""

    def __init__(self) -> None:
        self.dead_letters: Counter[str] = Counter()
        self._players: dict[str, Address] = {}
        self._incarnations: Counter[str] = Counter()
        self._out_of_use: dict[str, None] = {}
        self._spoken_for: dict[str, str] = {}
        self._lock = threading.Lock()

    def send(self, role: str, message: object) -> bool:
        """Tell whoever plays the role. **Returns**: False, and counts a dead letter, when nobody does. **Thread**: any."""
        player = self._player(role)
        if player is not None and player.deliver(message):
            return True
        self.count_dead_letters(role)
        return False

    async def ask(self, role: str, message: object, timeout_s: float | None = None) -> Any:
        """Ask whoever plays the role and wait for the answer. **Thread**: trio.

        **Raises**: NobodyThere when nobody plays it or the player ends first; trio.TooSlowError; what the player raised.
        """
        player = self._player(role)
        if player is None:
            self.count_dead_letters(role)
            raise NobodyThere(f"nobody plays {role!r}")
        reply = player.ask_later(message)
        if timeout_s is None:
            return await reply.wait()
        with trio.fail_after(timeout_s):
            return await reply.wait()

    def incarnation(self, role: str) -> int | None:
        """Return the number of the present player's life (1, 2, ...), or None when there is none."""
        player = self._player(role)
        return None if player is None else player.incarnation

    def speak_for(self, role: str, other: str) -> None:
        """Let whoever plays `role` be reached under `other` too, now and after restarts, unless that has a player of its own."""
        with self._lock:
            self._spoken_for[other] = role

    def spoken_for(self, role: str) -> list[str]:
        """Name the others under which whoever plays `role` is reached."""
        with self._lock:
            return [other for other, speaker in self._spoken_for.items() if speaker == role]

    def no_longer_spoken_for(self, role: str) -> list[str]:
        """Whoever plays `role` is reached under that name alone from now on. **Returns**: the others it was reached under."""
        with self._lock:
            others = [other for other, speaker in self._spoken_for.items() if speaker == role]
            for other in others:
                del self._spoken_for[other]
        return others

    def _player(self, role: str) -> Address | None:
        return self._players.get(role) or self._players.get(self._spoken_for.get(role, ""))

    def was_played(self, role: str) -> bool:
        """Say whether anybody ever played this role."""
        return role in self._incarnations

    def next_incarnation(self, role: str) -> int:
        """Return a number that this role was not given before, unless it has been out of use for long."""
        with self._lock:
            self._out_of_use.pop(role, None)
            self._incarnations[role] += 1
            return self._incarnations[role]

    def out_of_use(self, role: str) -> None:
        """Nobody is to play this role for now. The one that has been so for longest is forgotten, where there are enough of them: names
        that come and go for years must leave nothing here."""
        with self._lock:
            self._out_of_use[role] = None
            while len(self._out_of_use) > ROLES_KEPT:
                oldest = next(iter(self._out_of_use))
                del self._out_of_use[oldest]
                self._incarnations.pop(oldest, None)
                self._bury(OTHERS, self.dead_letters.pop(oldest, 0))

    def register(self, role: str, player: Address) -> None:
        """Give a role to a player. **Raises**: RoleTaken when another one has it."""
        with self._lock:
            holder = self._players.setdefault(role, player)
        if holder is not player:
            raise RoleTaken(f"role {role!r} is played by incarnation {holder.incarnation} already")

    def unregister(self, role: str, player: Address) -> None:
        """Take a role from this very player; a successor's registration is left alone."""
        with self._lock:
            if self._players.get(role) is player:
                del self._players[role]

    def mail_waiting(self) -> int:
        """Count the messages that wait in all inboxes together. **Thread**: any."""
        with self._lock:
            players = list(self._players.values())
        return sum(player.mail_waiting() for player in players)

    def count_dead_letters(self, role: str, count: int = 1) -> None:
        """Count mail that reached nobody."""
        with self._lock:
            self._bury(role if role in self.dead_letters or len(self.dead_letters) < ROLES_KEPT else OTHERS, count)

    def _bury(self, role: str, count: int) -> None:
        if count:
            self.dead_letters[role] += count
