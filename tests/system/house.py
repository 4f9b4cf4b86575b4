"""A whole gateway over simulated panels, in the test's own loop, on the real clock; and the questions tests ask its database."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import trio

from t3actors.config import Config, DeviceConfig, GatewayConfig, StoreConfig
from t3actors.events import LogEvent
from t3actors.pipeline import Gateway
from t3actors.points import Rules

INTERVAL_S = 0.05


class RecordedLog:
    """Keeps what was logged, and holds every line against the catalogue."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        unknown = set(keys) - set(event.keys)
        assert not unknown, f"{event.name} logs keys that the catalogue does not name: {sorted(unknown)}"
        self.lines.append((event.name, keys))

    def of(self, name: str, **wanted: object) -> list[dict[str, object]]:
        """The lines of one event whose keys are as wanted."""
        return [keys for event, keys in self.lines if event == name and wanted.items() <= keys.items()]


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

    def rows(self, sql: str, *bindings: object) -> list[tuple[Any, ...]]:
        """Ask the database with the standard library's sqlite3, as any other program would."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, bindings).fetchall()

    def one(self, sql: str, *bindings: object) -> Any:
        """The first column of the first row; None when there is none."""
        rows = self.rows(sql, *bindings)
        return rows[0][0] if rows else None

    def status(self, device: str) -> str | None:
        """How a device is, as stored."""
        return self.one("SELECT status FROM DEVICES WHERE name = ?", device)

    def point_statuses(self, device: str) -> set[str]:
        """The statuses that this device's points have, as stored."""
        return {row[0] for row in self.rows("SELECT DISTINCT status FROM POINTS WHERE name = ?", device)}


@asynccontextmanager
async def gateway_running(config: Config) -> AsyncIterator[House]:
    """Run a gateway; it is stopped in order at the end."""
    log = RecordedLog()
    gateway = Gateway(config, log)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        try:
            yield House(gateway, log)
        finally:
            gateway.stop("the test is over")
            with trio.CancelScope(shield=True):
                await gateway.ended.wait()
