"""Both databases on real files, the clocks in the test's hand, and T3000's side: the questions its front end asks, and another writer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from t3actors.collect import products
from t3actors.config import WebviewConfig
from t3actors.store.store import Store
from t3actors.store.webview.mail import Posted
from t3actors.store.webview.outbox import Outbox
from t3actors.store.webview.webview import Webview
from tests.store.building import House

POINTS_OF = {
    "INPUTS": "SELECT * FROM INPUTS WHERE SerialNumber = ? ORDER BY CAST(REPLACE(InputId, 'IN', '') AS INTEGER)",
    "OUTPUTS": "SELECT * FROM OUTPUTS WHERE SerialNumber = ? ORDER BY CAST(REPLACE(OutputId, 'OUT', '') AS INTEGER)",
    "VARIABLES": "SELECT * FROM VARIABLES WHERE SerialNumber = ? ORDER BY CAST(REPLACE(VariableId, 'VAR', '') AS INTEGER)",
}
"""GET /devices/:serial/{input|output|variable}-points."""


class Scene(House):
    """A store that posts, and a webview that is stepped by hand. `posts` keeps what the writer tells."""

    def __init__(self, folder: Path, outbox_bytes: int = 100_000_000, time_zone: str = "UTC") -> None:
        self.front = folder / "webview_t3_device.db"
        self.webview_config = WebviewConfig(database=self.front, busy_timeout_s=0.1, outbox_bytes=outbox_bytes)
        self.time_zone = time_zone
        self.posts: list[Posted] = []
        self.clock_s = 0.0
        super().__init__(folder)
        self.config = msgspec.structs.replace(self.config, webview=self.webview_config)
        self.store = self.new_store()
        self.webview = self.new_webview()

    def new_store(self) -> Store:
        who = ("test", "1.0", self.boot_id)
        self.outbox = Outbox(self.config.webview, self.log, self.posts.append)
        return Store(self.config, *who, self.log, lambda: self.now_ms, lambda _path: self.free, outbox=self.outbox)

    def new_webview(self) -> Webview:
        return Webview(
            self.webview_config,
            self.path,
            self.time_zone,
            self.log,
            lambda: self.now_ms,
            lambda: self.clock_s,
            products=products.NAMES,
        )

    def deliver(self, later_s: float = 0.0) -> None:
        """Bring what was posted, and step until there is nothing more to do."""
        self.clock_s += later_s
        for posted in self.posts:
            self.webview.posted(posted)
        self.posts.clear()
        while self.webview.step():
            pass

    def settle(self) -> None:
        """Have the writer hear what is delivered, a minute later."""
        self.deliver(60.0)
        delivered = self.webview.settled()
        if delivered is not None:
            self.outbox.delivered(delivered)

    def killed(self) -> None:
        """Both writers are gone without a word; new ones open what is there."""
        self.store.abandon_connection()
        self.webview.close()
        self.store = self.new_store()
        self.opened()
        self.posts.clear()
        self.webview = self.new_webview()

    def close(self) -> None:
        self.webview.close()
        self.store.abandon_connection()

    # ------------------------------------------------------------------------------------------------- T3000's side

    def listed(self, table: str, serial: int) -> list[dict[str, Any]]:
        """The rows of a page of points, in its order."""
        return self.ask(POINTS_OF[table], serial)

    def ask(self, sql: str, *bindings: object) -> list[dict[str, Any]]:
        """Ask, row by row, with the names of the columns."""
        connection = apsw.Connection(str(self.front))
        try:
            connection.set_busy_timeout(30_000)
            cursor = connection.execute(sql, bindings)
            return [dict(zip([name for name, _ in cursor.get_description()], row, strict=True)) for row in cursor]
        finally:
            connection.close()

    def cells(self, sql: str, *bindings: object) -> list[tuple[Any, ...]]:
        """Ask T3000's file for plain rows."""
        return [tuple(row.values()) for row in self.ask(sql, *bindings)]

    def table(self, name: str, serial: int) -> list[dict[str, Any]]:
        """GET /devices/:serial/table/:TABLE. Its reader takes text and whole numbers of 32 bits, and leaves out the rest."""
        rows = self.ask(f"SELECT * FROM {name} WHERE SerialNumber = '{serial}'")
        return [
            {key: value for key, value in row.items() if not isinstance(value, float) and not _too_large(value)}
            for row in rows
        ]

    def history(
        self,
        serial: int,
        panel: int,
        start: str,
        end: str,
        types: Sequence[str] = (),
        points: Sequence[tuple[str, str]] = (),
    ) -> list[tuple[str, str, float]]:
        """POST /devices/:serial/trendlogs/:id/history. **Returns**: (time, point, value) as the chart gets them, newest first."""
        sql = (
            "SELECT d.LoggingTime_Fmt AS time, d.Value AS value, p.PointId AS point_id FROM TRENDLOG_DATA_DETAIL d"
            " INNER JOIN TRENDLOG_DATA p ON d.ParentId = p.id WHERE p.SerialNumber = ? AND p.PanelId = ?"
        )
        bindings: list[object] = [serial, panel]
        if types:
            sql += f" AND p.PointType IN ({', '.join('?' * len(types))})"
            bindings += types
        if points:
            sql += " AND (" + " OR ".join("(p.PointId = ? AND p.PointType = ?)" for _ in points) + ")"
            bindings += [word for point in points for word in point]
        sql += " AND d.LoggingTime_Fmt >= ? AND d.LoggingTime_Fmt <= ? ORDER BY d.LoggingTime_Fmt DESC LIMIT 50000"
        rows = self.ask(sql, *bindings, start, end)
        return [(row["time"], row["point_id"], float(row["value"]) / 1000.0) for row in rows]

    def other(self, *statements: str) -> None:
        """Another writer does this, in one transaction."""
        connection = apsw.Connection(str(self.front))
        try:
            connection.set_busy_timeout(30_000)
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            connection.close()

    def details(self) -> list[tuple[str, str, str, str]]:
        """All of the history: (point, type, value, time) in the order of writing."""
        return [
            tuple(row)  # type: ignore[misc]
            for row in self.cells(
                "SELECT p.PointId, p.PointType, d.Value, d.LoggingTime_Fmt FROM TRENDLOG_DATA_DETAIL d"
                " JOIN TRENDLOG_DATA p ON p.id = d.ParentId ORDER BY d.rowid"
            )
        ]

    def orphans(self) -> int:
        """Details whose parent is gone."""
        return len(
            self.cells("SELECT 1 FROM TRENDLOG_DATA_DETAIL WHERE ParentId NOT IN (SELECT id FROM TRENDLOG_DATA)")
        )

    def waiting(self) -> int:
        """Rows of the outbox."""
        count = self.one("SELECT count(*) FROM webview_outbox")
        assert isinstance(count, int)
        return count


def _too_large(value: object) -> bool:
    return isinstance(value, int) and not -(1 << 31) <= value < 1 << 31


def text(value: object) -> str:
    """For a failure's message."""
    return json.dumps(value, indent=1, default=str)
