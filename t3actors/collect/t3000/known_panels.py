"""The panels of one T3000: which there are, which answered in this cycle, and which are worth asking. Thread: the trio loop.

A panel is known by its serial number. Which panels there were is kept in the store under the installation's name, so that after a restart
they are devices before T3000 answers. Bounded by MOST_PANELS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from supervision.registry import Registry
from t3actors.collect.t3000.panel import Panel, panel_config
from t3actors.collect.t3000.panel_answer import PanelAnswer
from t3actors.config import DeviceConfig
from t3actors.events import Log
from t3actors.events.t3000 import PANEL_FOUND, PANEL_READ, PANEL_SKIPPED
from t3actors.installations import KEY, kept, serials_kept
from t3actors.messages import DeviceLearned
from t3actors.points import DeviceFacts, Kind

MOST_PANELS = 1000
ASKED_EVERY_CYCLES = 4
"""A panel that is dead is asked at least this often: each attempt holds T3000's lock for minutes (facts, section 2)."""
NOT_THERE = "T3000's answer does not have this panel"
NO_SERIAL = "its serial number is 0"
DOUBLED = "its serial number is that of another panel in the same answer"
LEFT_OUT = "leave_out names it: it is polled directly"
TOO_MANY = f"more than {MOST_PANELS} panels"


class Ended(NamedTuple):
    """A cycle's outcome. `trouble`: what a requested sync is to say of panels that did not answer."""

    heard: int
    silent: int
    trouble: str


class KnownPanels:
    """All of them. `is_one`: the installation itself is the panel (a memory has one, without a serial number of its own)."""

    def __init__(
        self,
        config: DeviceConfig,
        *,
        send: Callable[[str, object], bool],
        registry: Registry,
        wall_ms: Callable[[], int],
        now_s: Callable[[], float],
        log: Log,
    ) -> None:
        self.is_one = config.method == "memory"
        self._config = config
        self._send = send
        self._registry = registry
        self._log = log
        self._voice: dict[str, Any] = {
            "send": send,
            "registry": registry,
            "wall_ms": wall_ms,
            "now_s": now_s,
            "log": log,
        }
        self._panels: dict[int, Panel] = {}
        self._names: dict[str, Panel] = {}
        self._heard: set[int] = set()
        self._silent: dict[int, str] = {}
        self._skipped: set[tuple[str, str]] = set()
        self._kept: tuple[int, ...] = ()
        self.are_recalled = self.is_one
        """Whether it is known which panels there were in earlier lives: until then none is said to be all there are."""

    def __iter__(self) -> Iterator[tuple[int, Panel]]:
        return iter(self._panels.items())

    # ------------------------------------------------------------------------------------------------ who there is

    def named(self, device: str) -> Panel | None:
        """Return the panel of that device name."""
        return self._names.get(device)

    @property
    def speaks_for_all(self) -> bool:
        """Whether the one panel speaks for the installation, which is silent then."""
        return self.is_one and bool(self._panels)

    def answer_of(self, serial: int) -> PanelAnswer | None:
        """Return what a panel last answered: the next answer is decoded against it."""
        panel = self._panels.get(0 if self.is_one else serial)
        return None if panel is None else panel.answer

    def become_one(self) -> None:
        """What answers is a memory: the installation is its one panel."""
        self.is_one = True

    def recall(self, learned: Mapping[str, bytes]) -> None:
        """Make the panels of earlier lives devices again."""
        self.are_recalled = True
        if self.is_one or KEY not in learned:
            return
        serials = serials_kept(learned[KEY])
        self._recall(serials)
        self._kept = tuple(sorted(serials))

    def recall_names(self, roles: Iterable[str]) -> None:
        """Make those devices again that are reached by these roles."""
        prefix = f"device/{self._config.name}:"
        named = (role.removeprefix(prefix) for role in roles if role.startswith(prefix))
        self._recall([int(serial) for serial in named if serial.isdecimal()])

    def _recall(self, serials: Sequence[int]) -> None:
        for serial in serials[:MOST_PANELS]:
            if serial not in self._panels and serial not in self._config.leave_out:
                self._add(serial, DeviceFacts(serial_number=serial))

    def remember(self) -> None:
        """Have the store keep which panels there are, where that has changed."""
        serials = tuple(sorted(self._panels))
        if not self.are_recalled or self.is_one or serials == self._kept:
            return
        if self._send("detector", DeviceLearned(device=self._config.name, key=KEY, value=kept(serials))):
            self._kept = serials

    def keep_again(self) -> None:
        """The store has lost which panels there are: have it keep them once more."""
        self._kept = ()
        self.remember()

    # ------------------------------------------------------------------------------------------------ in one cycle

    def begin_cycle(self) -> None:
        """Nobody has answered yet."""
        self._heard.clear()
        self._silent.clear()

    def heard(self, answers: Sequence[PanelAnswer], group: str, at_ms: int, started_s: float) -> list[str]:
        """Hand over one answer. **Returns**: the names of the panels in it."""
        stored: list[str] = []
        for answer in answers:
            panel = self._of(answer)
            if panel is None:
                continue
            self._heard.add(0 if self.is_one else answer.serial_number)
            inputs, outputs, variables = (len(answer.readings.get(kind, ())) for kind in Kind)
            self._log(
                PANEL_READ, panel=panel.name, serial_number=answer.serial_number, panel_name=answer.facts.panel_name,
                number=len(stored) + 1, panels=len(answers), inputs=inputs, outputs=outputs, variables=variables,
            )  # fmt: skip
            panel.heard(answer, group, at_ms, started_s)
            if panel.silence:
                self._silent[0 if self.is_one else answer.serial_number] = panel.silence
            stored.append(panel.name)
        return stored

    def silent(self, serial: int, reason: str) -> None:
        """A panel was asked and did not answer."""
        if serial in self._panels:
            self._silent[serial] = reason
            self._panels[serial].silent(reason)

    def listed(self, serial: int, facts: DeviceFacts) -> None:
        """T3000 lists this panel: it is a device from now on, whether it answers or not."""
        if serial in self._panels:
            return
        if serial in self._config.leave_out:
            self.skip(facts.panel_name or f"panel {facts.panel_id}", LEFT_OUT)
            return
        if len(self._panels) < MOST_PANELS:
            self._found(serial, facts)
        else:
            self.skip(facts.panel_name or f"panel {facts.panel_id}", TOO_MANY)

    def is_worth_asking(self, serial: int) -> bool:
        """Whether a panel is to be asked in this cycle. One that keeps silent is asked more rarely."""
        panel = self._panels.get(serial)
        return panel is not None and (panel.misses < ASKED_EVERY_CYCLES or panel.misses % ASKED_EVERY_CYCLES == 0)

    def were_away(self, stood_s: float) -> None:
        """The gateway itself did not run for so long."""
        for panel in self._panels.values():
            panel.was_away(stood_s)

    def end_cycle(self) -> Ended:
        """The cycle is over: whoever was neither heard nor told of has missed it."""
        for serial, panel in self._panels.items():
            if serial not in self._heard and serial not in self._silent:
                self._silent[serial] = reason = panel.silence or NOT_THERE
                panel.silent(reason)
        trouble = "; ".join(
            f"{self._panels[serial].name}: {reason}" for serial, reason in list(self._silent.items())[:3]
        )
        return Ended(len(self._heard - self._silent.keys()), len(self._silent), trouble)

    def all_silent(self, reason: str, *, refused: bool) -> None:
        """T3000 itself did not answer."""
        for serial, panel in self._panels.items():
            if serial not in self._heard and (refused or serial not in self._silent):
                panel.silent(reason, refused=refused)

    @property
    def points_ok(self) -> int:
        """How many points of the present cycle are ok."""
        return sum(self._panels[serial].points_ok for serial in self._heard)

    @property
    def points_failed(self) -> int:
        """How many are not, or were not read."""
        return sum(panel.points for panel in self._panels.values()) - self.points_ok

    # --------------------------------------------------------------------------------------------------- internals

    def _of(self, answer: PanelAnswer) -> Panel | None:
        """Return whose answer this is; None where nobody's can be made of it."""
        serial = 0 if self.is_one else answer.serial_number
        name = answer.facts.panel_name or f"panel {answer.facts.panel_id}"
        panel = self._panels.get(serial)
        why = ""
        if not self.is_one and serial == 0:
            why = NO_SERIAL
        elif serial in self._config.leave_out and not self.is_one:
            why = LEFT_OUT
        elif serial in self._heard:
            why = DOUBLED
        elif panel is None and len(self._panels) >= MOST_PANELS:
            why = TOO_MANY
        if why:
            self.skip(name, why)
            return None
        if panel is not None:
            return panel
        return self._found(serial, answer.facts)

    def _found(self, serial: int, facts: DeviceFacts) -> Panel:
        panel = self._add(serial, facts)
        self._log(
            PANEL_FOUND, device=self._config.name, panel=panel.name, serial_number=serial, panel_id=facts.panel_id,
            panel_name=facts.panel_name,
        )  # fmt: skip
        return panel

    def _add(self, serial: int, facts: DeviceFacts) -> Panel:
        config = self._config if self.is_one else panel_config(self._config, serial)
        panel = Panel(config, facts, **self._voice)
        self._panels[serial] = self._names[panel.name] = panel
        if not self.is_one:
            self._registry.speak_for(f"device/{self._config.name}", f"device/{panel.name}")
        panel.begin(was_begun=self.is_one)
        return panel

    def skip(self, name: str, reason: str) -> None:
        """Say once that a panel of the answer is not stored."""
        if len(self._skipped) < MOST_PANELS and (name, reason) not in self._skipped:
            self._skipped.add((name, reason))
            self._log(PANEL_SKIPPED, device=self._config.name, panel_name=name, reason=reason)
