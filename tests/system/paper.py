"""A gateway of paper: the real doors and the real page, before answers of the real types that a test writes.

For what a real one does seldom: 25,000 points, a socket that falls silent, years of aggregates.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from supervision import ChildSpec, Supervisor, SupervisorSpec
from t3actors.config import ApiConfig
from t3actors.points import DeviceStatus, Status
from t3actors.rows import AlarmRow, PointRow
from t3actors.watch.api.answers import json_answer
from t3actors.watch.api.app import Application
from t3actors.watch.api.bundle import Bundle, is_open
from t3actors.watch.api.checks import PROTOCOL
from t3actors.watch.api.looking import (
    AlarmsAnswer,
    DeviceAnswer,
    DeviceNow,
    DevicesAnswer,
    EventsAnswer,
    HistoryAnswer,
    PointsAnswer,
)
from t3actors.watch.api.server import ApiServer
from t3actors.watch.api.storage import StorageAnswer
from t3actors.watch.api.trend import TrendAnswer
from t3actors.watch.api.why import WhyAnswer
from t3actors.watch.fanout import LiveMessage, LivePoint
from t3actors.watch.parts import HealthReport, Trouble
from tests.ports import free_tcp_port
from tests.system.chromium import Browser, chromium
from tests.system.house import RecordedLog
from tests.waiting import WITHIN_S, until
from tests.watch.reports import report

BEAT_S = 0.3
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def now_ms() -> int:
    """The gateway's clock."""
    return time.time_ns() // 1_000_000


SINCE_MS = now_ms() - HOUR_MS
"""Since when all is as it is, to the millisecond: what began together stands in the order in which it is told."""


def device(name: str, points: int, **changes: Any) -> DeviceNow:
    """A device that is online, or as told."""
    at = now_ms()
    row = DeviceNow(
        name=name, device_id=1, serial_number=1, enabled=True, protocol="bacnet", address=f"192.0.2.7:{47808}", status="online",
        status_reason="", status_at=SINCE_MS, last_ok_at=at, poll_interval_s=1.0, achieved_interval_s=1.0, polls_ok=9,
        polls_failed=0, panel_id=None, panel_name=None, model="M", firmware="1", points=points, override=None,
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def point(name: str, point_id: str, value: float | None = 20.5, **changes: Any) -> PointRow:
    """A point that is ok, or as told."""
    at = now_ms()
    row = PointRow(
        name=name, point_id=point_id, label=point_id, value=value, text=None, units="°C", status="ok", status_reason="", age_s=1,
        full_label=f"Room {point_id}", point_type="INPUT", point_index=1, auto_manual=0, flags=0, sampled_at=at - 1000,
        changed_at=at - 1000, status_at=SINCE_MS, serial_number=1, device_id=1, device_status="online", mode="poll",
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def change(row: PointRow, value: float | None = None, **changes: Any) -> LivePoint:
    """A change of a point as it is told."""
    at = now_ms()
    told = LivePoint(
        row.name, row.point_id, row.value if value is None else value, Status(row.status), row.status_reason, 0, at, at, True
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


def curve(pieces: Sequence[tuple[int, float | None, float | None, float | None, str]], **changes: Any) -> TrendAnswer:
    """A curve of pieces (at, low, high, last, status)."""
    at, low, high, last, status = ([each[place] for each in pieces] for place in range(5))
    told = TrendAnswer(
        point="", since=0, until=now_ms(), step_ms=0, samples=len(pieces), aggregated_until=None, left_out=0, at=at, low=low,
        high=high, last=last, status=status, absences=[], restarts=[],
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


class Paper:
    """What the gateway says, and what it was asked. **Thread**: trio's.

    `is_frozen`: nobody is answered and nothing is told, and every connection stays open. `is_deaf`: the same, of the sockets that are open.
    """

    def __init__(self, devices: Iterable[DeviceNow], points: Iterable[PointRow]) -> None:
        self.devices = list(devices)
        self.points = {f"{each.name}/{each.point_id}": each for each in points}
        self.alarms: list[AlarmRow] = []
        self.curve = curve([])
        self.storage = StorageAnswer(
            at=now_ms(), database_bytes=10**8, free_bytes=10**11, budget_bytes=0, min_free_bytes=0, grows_by_a_day=None,
            history_by_a_day=None, full_at=None, full_of=None, raw_days=None,
        )  # fmt: skip
        self.changes_of_health: dict[str, Any] = {}
        self.is_frozen = False
        self.asked: list[str] = []
        self.sockets = 0
        self._listeners: set[_Listener] = set()

    def be_deaf(self) -> None:
        """From now on nothing comes on the sockets that are open; new ones work."""
        for each in self._listeners:
            each.is_deaf = True

    async def tell(self, *points: LivePoint) -> None:
        """Store changes, and tell of them."""
        for each in points:
            key = f"{each.device}/{each.point_id}"
            self.points[key] = msgspec.structs.replace(
                self.points[key], value=each.value, status=str(each.status), status_reason=each.reason,
                sampled_at=each.sampled_at, changed_at=each.at,
            )  # fmt: skip
        await self.send(LiveMessage(points=points))

    async def send(self, message: LiveMessage) -> None:
        """Tell whoever listens."""
        for each in list(self._listeners):
            await each.put(msgspec.json.encode(message).decode())

    def health(self) -> HealthReport:
        """What /health says: what stands in the rows, or what a test wants."""
        troubled = [
            Trouble(
                device=each.name, status=DeviceStatus(each.status), reason=each.status_reason, since_at=each.status_at, look_at="its power"
            )
            for each in self.devices
            if each.status not in {"online", "disabled"}
        ]  # fmt: skip
        told = report(
            name="paper", version="1.0", at=now_ms(), started_at=now_ms() - DAY_MS, points=len(self.points), troubled=troubled[:20],
            devices=Counter(DeviceStatus(each.status) for each in self.devices),
            points_by_status=Counter(Status(each.status) for each in self.points.values()),
        )  # fmt: skip
        return msgspec.structs.replace(told, **self.changes_of_health)

    def application(self) -> Application:
        """Everything that the page asks for."""
        answers = {
            "/health": lambda _: self.health(),
            "/devices": lambda _: DevicesAnswer(self.devices),
            "/points": self._points,
            "/alarms": lambda _: AlarmsAnswer(self.alarms),
            "/storage": lambda _: self.storage,
            "/events": lambda _: EventsAnswer([]),
            "/trend": lambda _: self.curve,
            "/why": self._why,
            "/history": lambda _: HistoryAnswer(point="", since=0, until=None, samples=[], complete=True),
        }
        routes = [Route("/devices/{device}", partial(self._answered, self._device))]
        routes += [Route(path, partial(self._answered, answer)) for path, answer in answers.items()]
        return Application(routes=[*routes, WebSocketRoute("/live", self._live)])

    async def _answered(self, answer: Any, request: Request) -> Response:
        self.asked.append(f"{request.url.path}?{request.url.query}")
        await until(lambda: not self.is_frozen)
        return json_answer(answer({**request.path_params, **request.query_params}))

    def _device(self, wanted: Any) -> DeviceAnswer:
        row = next(each for each in self.devices if each.name == wanted["device"])
        counts = Counter(each.status for each in self.points.values() if each.name == row.name)
        return DeviceAnswer(device=row, look_at="", points_by_status=counts, now=None)

    def _points(self, wanted: Any) -> PointsAnswer:
        words = wanted.get("search", "").lower().split()
        found = [
            row
            for key, row in self.points.items()
            if wanted.get("device", row.name) == row.name
            and wanted.get("status", row.status) == row.status
            and all(word in f"{key} {row.label} {row.full_label}".lower() for word in words)
        ]
        offset, limit = int(wanted["offset"]), int(wanted["limit"])
        more = offset + limit if len(found) > offset + limit else None
        return PointsAnswer(points=found[offset : offset + limit], next_offset=more)

    def _why(self, wanted: Any) -> WhyAnswer:
        row = self.points[wanted["point"]]
        owner = next(each for each in self.devices if each.name == row.name)
        return WhyAnswer(
            point=wanted["point"], at=now_ms(), sentence="it is so", look_at="" if row.status == "ok" else "its sensor",
            device=owner, row=row, actor=None, override=None, now=None,
            trace=None, samples=[], events=[],
        )  # fmt: skip

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept(PROTOCOL)
        self.sockets += 1
        listener = _Listener(self)
        self._listeners.add(listener)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listener.send, socket)
                while (await socket.receive())["type"] != "websocket.disconnect":
                    pass
                nursery.cancel_scope.cancel()
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self, paper: Paper) -> None:
        self.is_deaf = False
        self._paper = paper
        self._to, self._from = trio.open_memory_channel[str](10_000)

    async def put(self, text: str) -> None:
        await self._to.send(text)

    async def send(self, socket: WebSocket) -> None:
        while True:
            text = "{}"
            with trio.move_on_after(BEAT_S):
                text = await self._from.receive()
            if not (self.is_deaf or self._paper.is_frozen):
                await socket.send_text(text)


@asynccontextmanager
async def serving(paper: Paper, data_dir: Path) -> AsyncIterator[str]:
    """Serve it on a port of loopback; gives its address."""
    config = ApiConfig(listen=f"127.0.0.1:{free_tcp_port()}", rate=10_000.0)
    log = RecordedLog()

    def api() -> ApiServer:
        app = Bundle(paper.application())
        return ApiServer(config, data_dir, app, log, Counter[str](), close=lambda: None, is_open=is_open)

    supervisor = Supervisor(SupervisorSpec("watch", (ChildSpec("api", api),)))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        await until(lambda: len(log.of("api.opened")) == 2)
        yield f"http://{config.listen}/"
        with trio.fail_after(WITHIN_S):
            await supervisor.stop()
    assert log.of("api.failed") == []


@asynccontextmanager
async def paper_page(
    paper: Paper, data_dir: Path, *, hash_: str = "", script: str = "", width: int = 1400
) -> AsyncIterator[tuple[Browser, str]]:
    """Show its page, until it is live; gives the browser and the address. `script` runs in the page before its own."""
    async with serving(paper, data_dir) as address, chromium() as browser:
        if script:
            await browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        await browser.look(width)
        await browser.open(address + hash_)
        await browser.until("document.body.dataset.state === 'live'")
        yield browser, address
        complaints = [each for each in browser.complaints if "net::ERR_" not in each]
        assert not complaints, complaints
