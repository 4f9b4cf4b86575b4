"""What both kinds of actors share: who they are, how they send and are sent to, what the watchdog looks at, how they close."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pykka
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from supervision.actor.answers import Gone, LoopFuture, answer, answer_error
from supervision.clock import NowS
from supervision.errors import Ignore
from supervision.exits import Exit, ExitKind, crashed
from supervision.registry import Registry
from supervision.watchdog import Progress

_OURS = __name__.rpartition(".")[0]
_MACHINERY = {__name__, f"{_OURS}.tasks", f"{_OURS}.threads", "pykka._actor", "pykka._threading"}


@dataclass(frozen=True, slots=True)
class Birth:
    """What an actor is given at launch. The callbacks are called on the trio thread."""

    name: str
    incarnation: int
    registry: Registry
    now_s: NowS
    started: Callable[[], None]
    ended: Callable[[Exit], None]
    expectation_moved: Callable[[], None]


if TYPE_CHECKING:

    class _PykkaActor:
        """What is used of pykka.Actor, without the types of its hooks: here they may be async."""

        actor_urn: str
        actor_inbox: Any
        actor_stopped: threading.Event
        _actor_ref: pykka.ActorRef[Any]

        def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...
        def stop(self) -> None: ...
        def _handle_receive(self, message: Any) -> Any: ...

else:
    _PykkaActor = pykka.Actor


class Addressed(_PykkaActor):
    """What both kinds share: who they are, how they send, and what the watchdog looks at."""

    name: str = ""
    incarnation: int = 0
    registry: Registry
    actor_inbox: Any
    _birth: Birth
    _busy_since_s: float | None = None
    _due_s: float | None = None
    _open = True  # takes mail, may send
    _asked_to_stop = False
    _current: Envelope[Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a private name that the machinery uses: overriding it by accident would break the actor in silence."""
        super().__init_subclass__(**kwargs)
        if cls.__module__ in _MACHINERY:
            return
        inherited = {name for base in cls.__mro__[1:] if base.__module__ in _MACHINERY for name in vars(base)}
        taken = sorted(name for name in vars(cls) if name in inherited and name[0] == "_" and name[:2] != "__")
        if taken:
            raise TypeError(
                f"{cls.__name__} defines {', '.join(taken)}, which the actor's own machinery uses: rename it"
            )

    @staticmethod
    def _create_future() -> LoopFuture:
        return LoopFuture()

    @property
    def ref(self) -> pykka.ActorRef[Any]:
        """The pykka ref, for tell and ask from any thread."""
        return self._actor_ref

    def now_s(self) -> float:
        """Return the loop's monotonic time. **Thread**: any."""
        return self._birth.now_s()

    def send(self, role: str, message: object) -> bool:
        """Send to whoever plays the role. **Returns**: False, and counts a dead letter, when nobody does or this
        incarnation is over. **Thread**: any.
        """
        if self._open:
            return self.registry.send(role, message)
        self.registry.count_dead_letters(role)
        return False

    def deliver(self, message: object) -> bool:
        """Take a message; False when this incarnation is over. **Thread**: any."""
        if not self._open:
            return False
        self.actor_inbox.put(Envelope(message))
        return True

    def ask_later(self, message: object) -> LoopFuture:
        """Take a question. **Thread**: any."""
        future = LoopFuture()
        self.actor_inbox.put(Envelope(message, future))
        return future

    def mail_waiting(self) -> int:
        """Count the messages that wait. **Thread**: any."""
        waiting: int = self.actor_inbox.size()
        return waiting

    def ask_stop(self) -> None:
        """Ask the actor to stop after the mail it already has. **Thread**: any."""
        self._asked_to_stop = True
        self.actor_inbox.put(Envelope(_ActorStop()))

    def progress(self) -> Progress:
        """Say what the watchdog needs to know."""
        return Progress(self._busy_since_s, self._due_s)

    def _expect(self, seconds: float | None) -> None:
        self._due_s = None if seconds is None else self.now_s() + seconds

    def _adopt(self, birth: Birth) -> None:
        self._birth = birth
        self.name = birth.name
        self.incarnation = birth.incarnation
        self.registry = birth.registry

    def _close(self) -> int:
        """Take no more mail, refuse what is there. **Returns**: how much was dropped."""
        self._open = False
        self.actor_stopped.set()
        current, self._current = self._current, None
        if current is not None and current.reply_to is not None:
            self._refuse(current)
        dropped: int = self.actor_inbox.close(self._refuse)
        return dropped

    def _refuse(self, envelope: Envelope[Any]) -> bool:
        if isinstance(envelope.message, _ActorStop):
            if envelope.reply_to is not None:
                answer(envelope.reply_to, None)
            return False
        self.registry.count_dead_letters(self.name)
        if envelope.reply_to is not None:
            gone = Gone(f"{self.name!r} (incarnation {self.incarnation}) ended before it answered")
            answer_error(envelope.reply_to, gone)
        return True

    def _exit(self, error: BaseException | None) -> Exit:
        if error is None:
            return Exit(ExitKind.SHUTDOWN if self._asked_to_stop else ExitKind.NORMAL)
        if isinstance(error, Ignore):
            return Exit(ExitKind.IGNORED, error)
        return crashed(error)
