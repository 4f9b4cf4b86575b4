"""Listens to the statements that a store runs, and says which of them look at all rows of a table that grows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import apsw.ext

BOUNDED = {"GATEWAY", "history", "numbered", "series", "stored_batches", "CLOCK_STRETCHES", "octets", "fresh_values"}
"""One row, or as many as there are points, detectors or steps of the clock, or as newest.py folds; no time makes more of them."""
_SCAN = re.compile(r"^SCAN (\S+)")
_ALIAS = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", re.IGNORECASE)


class Statements:
    """How often each was run, and how many rows it went over without an index."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.scanned: Counter[str] = Counter()

    def note(self, event: dict[str, Any]) -> None:
        self.runs[event["sql"]] += 1
        self.scanned[event["sql"]] += event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]

    def scans(self, connection: apsw.Connection) -> dict[str, list[str]]:
        """The statements that scan a table that grows, each with what it scans."""
        found = {}
        for sql in list(self.runs):
            if not sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
                continue
            tables = {alias or table: table for table, alias in _ALIAS.findall(sql)}
            scanned = [tables.get(name, name) for name in _scanned(connection, sql)]
            if more := [name for name in scanned if name not in BOUNDED and name[0] != "("]:
                found[sql] = more
        return found

    def words(self) -> set[str]:
        """The first word of each."""
        return {sql.split()[0].upper() for sql in self.runs}


def _scanned(connection: apsw.Connection, sql: str) -> list[str]:
    bindings = (None,) * apsw.ext.query_info(connection, sql).bindings_count
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings).fetchall()
    return [match[1] for *_, detail in plan if (match := _SCAN.match(str(detail)))]


@contextmanager
def listening(connection: apsw.Connection) -> Iterator[Statements]:
    """Listen in here."""
    heard = Statements()
    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, heard.note)
    try:
        yield heard
    finally:
        connection.trace_v2(0, None)
