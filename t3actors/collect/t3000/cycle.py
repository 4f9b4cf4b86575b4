"""One cycle: every panel of a T3000 is asked for once, one question at a time; each answer is handed over as it comes.

Three ways to ask, each a method below; which one is the configuration's word, or found out (docs/t3000.md). A panel that does not answer
costs itself, also one over which T3000 falls; a T3000 that does not answer ends the cycle. Decoding is done a panel at a time, and the
loop goes round between two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import urlsplit

import trio

from t3actors.collect.t3000.door import Answer, Door
from t3actors.collect.t3000.known_panels import NO_SERIAL, KnownPanels
from t3actors.collect.t3000.lists import (
    GET_PANELS_LIST,
    GET_WEBVIEW_LIST,
    LOGGING_DATA,
    ListedPanel,
    PointsList,
    decode_panels_list,
    decode_points_list,
    logging_data_request,
    panels_list_request,
    points_request,
)
from t3actors.collect.t3000.panel_answer import PanelAnswer, decode_panel
from t3actors.collect.t3000.structs import decode_structs
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestRefused
from t3actors.events import Log
from t3actors.events.t3000 import CYCLE_ANSWERED, METHOD_CHANGED, TEXT_REPAIRED
from t3actors.points import DeviceFacts, Kind

Read = Callable[[ListedPanel], Awaitable[PanelAnswer]]
Heard = Callable[[list[PanelAnswer]], None]
Way = Literal["logging_data", "webview_list", "memory"]
READ_AGAIN_AFTER_S = 15.5
"""T3000 reads one panel anew for action 15, and answers nothing for 15 s after that (BacnetWebView.cpp, a static GetTickCount)."""
NOTHING_READ = "T3000 read none of its points"


class Cycle:
    """How this T3000 is asked. `alive` is called before each question: a long cycle is not a hanging one."""

    def __init__(self, config: DeviceConfig, door: Door, log: Log, alive: Callable[[], None]) -> None:
        self.method = config.method
        self._config = config
        self._is_http = config.address.startswith("http")
        self._host = urlsplit(config.address).netloc if self._is_http else ""
        self._door = door
        self._log = log
        self._alive = alive
        self._refuses_logging_data = False
        self._has_logged = False
        self._refused_since_s: float | None = None
        self._is_repaired = False
        self._last_by_place: list[PanelAnswer | None] = []
        self._has_fallen = False
        self._lists: dict[int, dict[Kind, PointsList]] = {}

    async def make(self, panels: KnownPanels, heard: Heard) -> None:
        """Ask for everything once. **Raises**: DriverError when T3000 itself does not answer; what came before that was handed over."""
        try:
            await self._make(panels, heard)
        except DriverError as error:
            error.args = (self._reason(error),)
            raise

    async def _make(self, panels: KnownPanels, heard: Heard) -> None:
        way = await self._way(panels)
        self.method = way
        if way == "memory":
            await self._memory(panels, heard)
        elif way == "webview_list":
            await self._panel_by_panel(panels, heard, self._read_lists, self._config.panel_pause_s)
        elif self._is_http:
            pause_s = max(self._config.panel_pause_s, READ_AGAIN_AFTER_S)
            await self._panel_by_panel(panels, heard, self._read_logged, pause_s)
        else:
            await self._all_at_once(panels, heard)

    async def _way(self, panels: KnownPanels) -> Way:
        if self._config.method != "auto":
            return self._config.method
        if panels.is_one:
            return "memory"  # what the installation has is one panel's, and must never be another's
        if self._is_http or self._refuses_logging_data:
            return "webview_list"
        await self._door.open()
        return "memory" if self._door.has_memory else "logging_data"

    # ------------------------------------------------------------------------------------------------- the ways

    async def _memory(self, panels: KnownPanels, heard: Heard) -> None:
        """The packed structs: one panel, the installation itself."""
        panels.become_one()
        memory = await self._door.read_memory()
        before = panels.answer_of(0)
        points = decode_structs(memory.inputs, memory.outputs, memory.variables, self._config.rules, before)
        facts = DeviceFacts(serial_number=self._config.serial_number)
        heard(
            [
                PanelAnswer(
                    facts=facts,
                    points=points.points,
                    readings=points.readings,
                    refused=points.refused,
                    known=points.known,
                )
            ]
        )

    async def _all_at_once(self, panels: KnownPanels, heard: Heard) -> None:
        """LOGGING_DATA for all panels: one answer, one group."""
        try:
            answer = await self._call(LOGGING_DATA, logging_data_request())
        except RequestRefused as refusal:
            if self._config.method != "auto" or self._may_be_passing():
                raise
            await self._try_lists_instead(panels, heard, refusal)
            return
        self._has_logged, self._refused_since_s = True, None
        answers: list[PanelAnswer] = []
        before, self._last_by_place = self._last_by_place, []
        for place, (offset, length) in enumerate(answer.panels):
            octets = answer.body[offset : offset + length]
            last = before[place] if place < len(before) else None
            try:
                decoded = decode_panel(octets, answer.shape, self._config.rules, last)
            except BadResponse as bad:
                panels.skip(f"number {place + 1} of the answer", str(bad))
                self._last_by_place.append(None)
                continue
            answers.append(decoded)
            self._last_by_place.append(decoded)
            await trio.lowlevel.checkpoint()
        heard(answers)

    def _may_be_passing(self) -> bool:
        """Whether a T3000 that has answered before may only have been asked twice within 15 s (by a sync, or by another program)."""
        now_s = trio.current_time()
        if self._refused_since_s is None:
            self._refused_since_s = now_s
        return self._has_logged and now_s - self._refused_since_s < READ_AGAIN_AFTER_S

    async def _try_lists_instead(self, panels: KnownPanels, heard: Heard, refusal: RequestRefused) -> None:
        """T3000 refuses action 15. If it answers the lists, these are asked for from now on. **Raises**: the refusal when it does not."""
        try:
            await self._call(GET_PANELS_LIST, panels_list_request())
        except RequestRefused:
            raise refusal from None
        self._refuses_logging_data = True
        self.method = "webview_list"
        self._log(
            METHOD_CHANGED, device=self._config.name, method="webview_list", was="logging_data", reason=str(refusal)
        )
        await self._panel_by_panel(panels, heard, self._read_lists, self._config.panel_pause_s)

    async def _panel_by_panel(self, panels: KnownPanels, heard: Heard, read: Read, pause_s: float) -> None:
        """The list of panels, then each panel on its own: each is a group of its own."""
        listed = decode_panels_list((await self._call(GET_PANELS_LIST, panels_list_request())).body)
        for refused in listed.refused:
            panels.skip("", refused)
        self._has_fallen = False
        asked = False
        for panel in listed.panels:
            if panel.serial_number == 0:
                panels.skip(panel.name or f"panel {panel.panel_id}", NO_SERIAL)
                continue
            panels.listed(panel.serial_number, panel.facts)
            if not panels.is_worth_asking(panel.serial_number):
                continue
            if asked:
                await trio.sleep(pause_s)
            asked = True
            await self._one_panel(panel, panels, heard, read)

    async def _one_panel(self, panel: ListedPanel, panels: KnownPanels, heard: Heard, read: Read) -> None:
        """Ask one panel. A T3000 that falls over it, and stands again for the next, has lost this one alone."""
        try:
            answer = await read(panel)
        except DriverError as error:
            if isinstance(error, LinkDown) and (error.refused or self._has_fallen):
                raise
            self._has_fallen = isinstance(error, LinkDown)
            panels.silent(panel.serial_number, self._reason(error))
            return
        self._has_fallen = False
        heard([answer])

    async def _read_lists(self, panel: ListedPanel) -> PanelAnswer:
        """GET_WEBVIEW_LIST three times: T3000 reads the panel."""
        lists: list[PointsList] = []
        before = self._lists.setdefault(panel.serial_number, {})
        for kind in Kind:
            request = points_request(panel, kind)
            answer = await self._call(GET_WEBVIEW_LIST, request)
            before[kind] = points = decode_points_list(answer.body, request, self._config.rules, before.get(kind))
            if points.unread and not points.points:
                raise BadResponse(
                    NOTHING_READ
                )  # T3000 says no more of a dead panel, after a minute and more for each list
            lists.append(points)
        return PanelAnswer(
            facts=panel.facts,
            serial_number=panel.serial_number,
            points=tuple(point for points in lists for point in points.points),
            readings={kind: readings for points in lists for kind, readings in points.readings.items()},
            refused=tuple(fault for points in lists for fault in points.refused),
            missing=tuple(field for points in lists for field in points.missing),
            is_whole=not any(points.unread for points in lists),
        )

    async def _read_logged(self, panel: ListedPanel) -> PanelAnswer:
        """LOGGING_DATA of one panel: what T3000 has of it; it reads it anew for the next cycle."""
        request = logging_data_request(panel.panel_id, panel.serial_number)
        answer = await self._call(LOGGING_DATA, request)
        for offset, length in answer.panels:
            decoded = decode_panel(answer.body[offset : offset + length], answer.shape, self._config.rules)
            if decoded.serial_number == panel.serial_number:
                return decoded
        raise BadResponse("T3000's answer is of another panel")

    # -------------------------------------------------------------------------------------------------- one call

    def _reason(self, error: DriverError) -> str:
        """Word an error with the address that it is of: what is wrong with an answer's content does not know it."""
        return str(error) if self._host in str(error) else f"{self._host}: {error}"

    async def _call(self, action: int, request: dict[str, object]) -> Answer:
        self._alive()
        answer = await self._door.call(action, request)
        self._log(
            CYCLE_ANSWERED, device=self._config.name, action=action, panels=len(answer.panels), octets=len(answer.body),
            took_s=round(answer.took_s, 3),
        )  # fmt: skip
        if answer.repaired and not self._is_repaired:
            self._log(TEXT_REPAIRED, device=self._config.name, octets=answer.repaired)
        self._is_repaired = bool(answer.repaired)
        return answer
