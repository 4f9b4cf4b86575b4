"""What a supervisor is told: frozen data, refused when wrong, each fault with its own text. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from supervision.backoff import Backoff
from supervision.errors import BadSpec
from supervision.intensity import Intensity

if TYPE_CHECKING:
    from supervision.actor import ThreadActor, TrioActor


class Restart(Enum):
    """When an ended child is started again."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # unless it ended in order
    TEMPORARY = "temporary"  # never, and it is forgotten


class Strategy(Enum):
    """Who is restarted with the one that failed."""

    ONE_FOR_ONE = "one_for_one"  # nobody else
    ONE_FOR_ALL = "one_for_all"  # everybody
    REST_FOR_ONE = "rest_for_one"  # those started after it


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One actor. `name` is also the role by which other actors send to it.

    `start` returns a constructed, not yet started actor; it is called anew for each incarnation. `start_timeout_s`
    bounds on_start, `stop_timeout_s` the time from being asked to stop to being cancelled or abandoned,
    `heartbeat_timeout_s` the work on one message (None: no bound).
    """

    name: str
    start: Callable[[], TrioActor | ThreadActor]
    restart: Restart = Restart.PERMANENT
    stop_timeout_s: float = 5.0
    start_timeout_s: float = 10.0
    heartbeat_timeout_s: float | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        _check_name("child", self.name)  # a role may look like "device/ahu-1"
        where = f"child {self.name!r}"
        if not callable(self.start):
            raise BadSpec(f"{where}: start is {self.start!r}; it must be a function that returns an actor")
        _check_restart(where, self.restart)
        if not self.stop_timeout_s >= 0:
            raise BadSpec(f"{where}: stop_timeout_s is {self.stop_timeout_s!r}; it must be 0 or more")
        if not self.start_timeout_s > 0:
            raise BadSpec(f"{where}: start_timeout_s is {self.start_timeout_s!r}; it must be more than 0")
        if self.heartbeat_timeout_s is not None and not self.heartbeat_timeout_s > 0:
            raise BadSpec(
                f"{where}: heartbeat_timeout_s is {self.heartbeat_timeout_s!r}; it must be more than 0, or None"
            )
        _check_backoff(where, self.backoff)


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A supervisor and its static children; inside another's children it is a supervisor nested in that one.

    `spacing_s` is the least time between two restarts, so that many children never come back all at once.
    `stop_together` stops the children side by side instead of one by one in reverse: for pools whose members do not
    depend on each other, where one hung member must not use up everybody's time.
    """

    name: str
    children: tuple[ChildSpec | SupervisorSpec, ...] = ()
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: Intensity = field(default_factory=Intensity)
    restart: Restart = Restart.PERMANENT
    stop_timeout_s: float = math.inf
    spacing_s: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    stop_together: bool = False

    def __post_init__(self) -> None:
        _check_name("supervisor", self.name)
        if "/" in self.name:
            raise BadSpec(f"supervisor name is {self.name!r}; it must have no '/': its path is written with it")
        where = f"supervisor {self.name!r}"
        if not isinstance(self.strategy, Strategy):
            raise BadSpec(f"{where}: strategy is {self.strategy!r}; it must be one of {_members(Strategy)}")
        if not isinstance(self.intensity, Intensity):
            raise BadSpec(f"{where}: intensity is {self.intensity!r}; it must be an Intensity")
        _check_restart(where, self.restart)
        if not self.stop_timeout_s >= 0:
            raise BadSpec(f"{where}: stop_timeout_s is {self.stop_timeout_s!r}; it must be 0 or more")
        if not 0 <= self.spacing_s < math.inf:
            raise BadSpec(f"{where}: spacing_s is {self.spacing_s!r}; it must be 0 or more, and finite")
        _check_backoff(where, self.backoff)
        self._check_children(where)

    def actor_names(self) -> Iterator[str]:
        """Name every static actor of the tree below."""
        for child in self.children:
            if isinstance(child, SupervisorSpec):
                yield from child.actor_names()
            else:
                yield child.name

    def _check_children(self, where: str) -> None:
        if not isinstance(self.children, tuple):
            raise BadSpec(f"{where}: children is a {type(self.children).__name__}; it must be a tuple")
        for child in self.children:
            if not isinstance(child, ChildSpec | SupervisorSpec):
                raise BadSpec(f"{where}: child {child!r} must be a ChildSpec or a SupervisorSpec")
        _refuse_twins(f"{where}: two children are named", Counter(child.name for child in self.children))
        _refuse_twins(f"{where}: two actors of the tree are named", Counter(self.actor_names()))


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise BadSpec(f"{what} name is {name!r}; it must be a text that is not empty")


def _check_restart(where: str, restart: object) -> None:
    if not isinstance(restart, Restart):
        raise BadSpec(f"{where}: restart is {restart!r}; it must be one of {_members(Restart)}")


def _check_backoff(where: str, backoff: object) -> None:
    if not isinstance(backoff, Backoff):
        raise BadSpec(f"{where}: backoff is {backoff!r}; it must be a Backoff")


def _refuse_twins(text: str, names: Counter[str]) -> None:
    twins = [name for name, count in names.items() if count > 1]
    if twins:
        raise BadSpec(f"{text} {twins[0]!r}; each needs a name of its own")


def _members(kind: type[Enum]) -> str:
    return ", ".join(str(member) for member in kind)
