"""A whole gateway over simulated panels, in the test's own loop, on the real clock; and the questions tests ask its database."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import trio

from t3actors.config import Config, DeviceConfig, GatewayConfig, ModbusPoint, StoreConfig
from t3actors.events import Log, LogEvent, silent
from t3actors.pipeline import Gateway
from t3actors.points import Kind, Rules
from t3actors.reload import Source
from t3actors.simulator.frames import Request
from t3actors.simulator.modbus_server import ModbusServer

INTERVAL_S = 0.05
FIRST_INPUT = 7484  # the register of IN1's value


class RecordedLog:
    """Keeps what was logged, and holds every line against the catalogue."""

    def __init__(self, beside: Log = silent) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []
        self._beside = beside

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        self._beside(event, **keys)
        unknown = set(keys) - set(event.keys)
        assert not unknown, f"{event.name} logs keys that the catalogue does not name: {sorted(unknown)}"
        self.lines.append((event.name, keys))

    def of(self, name: str, **wanted: object) -> list[dict[str, object]]:
        """The lines of one event whose keys are as wanted."""
        return [keys for event, keys in self.lines if event == name and wanted.items() <= keys.items()]

    def told(self, device: str, *names: str) -> list[tuple[str, dict[str, object]]]:
        """The lines of these events that concern one device, in their order."""
        return [(event, keys) for event, keys in self.lines if event in names and keys.get("device") == device]


def panel(name: str, port: int, *, interval_s: float = INTERVAL_S, **changes: Any) -> DeviceConfig:
    """A T3 panel on loopback, polled fast; `stale_after` 3 and `down_after` 6 polls as by default."""
    device = DeviceConfig(
        name=name,
        protocol="modbus",
        address=f"127.0.0.1:{port}",
        profile="t3-controller",
        timeout_s=0.25,
        rules=Rules(poll_interval_s=interval_s, max_interval_s=0.0),
    )
    return msgspec.structs.replace(device, **changes)


def listed(name: str, port: int, *, inputs: int = 10, rules: Rules | None = None, **changes: Any) -> DeviceConfig:
    """A panel without its map: its first inputs as points listed by hand. They fit one read, so a poll is one request."""
    rules = rules or Rules(poll_interval_s=INTERVAL_S, max_interval_s=0.0)
    points = tuple(
        ModbusPoint(
            id=f"IN{place + 1}",
            kind=Kind.INPUT,
            register=FIRST_INPUT + 2 * place,
            type="int32",
            scale=0.001,
            rules=rules,
        )
        for place in range(inputs)
    )
    return msgspec.structs.replace(panel(name, port), profile=None, points=points, rules=rules, **changes)


class Tap:
    """Counts what a simulated listener is asked, unit by unit."""

    def __init__(self, server: ModbusServer) -> None:
        self.asked: Counter[int] = Counter()
        answer = server.answer

        def counted(request: Request) -> bytes | None:
            self.asked[request.unit_id] += 1
            return answer(request)

        server.answer = counted  # type: ignore[method-assign]


def config_of(devices: Iterable[DeviceConfig], data_dir: Path, **store: Any) -> Config:
    """A configuration whose batches close quickly and that does not mind a small disk."""
    settings = {"batch_age_s": 0.05, "min_free_bytes": 0, **store}
    return Config(
        gateway=GatewayConfig(name="test", data_dir=data_dir),
        store=StoreConfig(database=data_dir / "t3actors.db", **settings),
        devices=tuple(devices),
        source_hash="test",
    )


class House:
    """A running gateway and its database."""

    def __init__(self, gateway: Gateway, log: RecordedLog) -> None:
        self.gateway = gateway
        self.log = log
        self.database = gateway.config.store.database
        self._connection: apsw.Connection | None = None
        self._inode = 0

    @property
    def is_live(self) -> bool:
        """Whether it says so of itself: a moment later than its first device is online."""
        return self.gateway.board.shown().live

    def rows(self, sql: str, *bindings: object) -> list[tuple[Any, ...]]:
        """Ask the database, with the SQLite that the writer uses; on one connection, for to open one takes longer than to ask.

        Never with the standard library's sqlite3 while the gateway runs in this process: two copies of SQLite in one process
        break each other's locks (sqlite.org/howtocorrupt.html, 2.2.1): samples are lost, or the process dies of SIGBUS.
        """
        inode = self.database.stat().st_ino if self.database.exists() else 0
        if inode != self._inode:  # set aside, and a new one begun
            self.let_go()
        if self._connection is None:
            self._inode = inode
            self._connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
            self._connection.set_busy_timeout(5000)
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return list(self._connection.execute(sql, bindings))

    def let_go(self) -> None:
        """Close the database; the next question opens it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def one(self, sql: str, *bindings: object) -> Any:
        """The first column of the first row; None when there is none."""
        rows = self.rows(sql, *bindings)
        return rows[0][0] if rows else None

    def status(self, device: str) -> str | None:
        """How a device is, as stored."""
        status: str | None = self.one("SELECT status FROM DEVICES WHERE name = ?", device)
        return status

    def point_statuses(self, device: str) -> set[str]:
        """The statuses that this device's points have, as stored."""
        return {row[0] for row in self.rows("SELECT DISTINCT status FROM POINTS WHERE name = ?", device)}


@asynccontextmanager
async def gateway_running(
    config: Config, beside: Log = silent, *, source: Source | None = None
) -> AsyncIterator[House]:
    """Run a gateway; it is stopped in order at the end. `beside`: a log that hears everything too; `source`: what it reads anew."""
    log = RecordedLog(beside)
    gateway = Gateway(config, log, source=source)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        house = House(gateway, log)
        try:
            yield house
        finally:
            house.let_go()
            gateway.stop("the test is over")
            with trio.CancelScope(shield=True):
                await gateway.ended.wait()
