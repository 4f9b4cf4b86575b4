"""What people and programs do with a gateway during a soak: verbs, a listener that comes and goes, reloads, backups, a database browser.

Nobody checks answers but for exit codes, which are counted; what the gateway stores is judged elsewhere (soak_truth.py).
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import apsw
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Request

VERB_EVERY_S = 12.0
RELOAD_EVERY_S = 150.0
BACKUP_EVERY_S = 600.0
LOCK_EVERY_S = 420.0
LOCKED_S = 5.0
CHANGED = ("panel-3", "bacnet-3")
REMOVED = "panel-7"
HANDLED = "panel-5"
"""Who is started anew by a reload, who comes and goes with it, who is stopped and slowed by hand: of these no turn is owed."""


class Operator:
    """Everything that a person may do, again and again. `pid`: the gateway's; `config`: its file, which `write` writes in a variant."""

    def __init__(
        self, pid: int, config: Path, data_dir: Path, write: Callable[[int], None], note: Callable[..., None], seed: int
    ) -> None:
        self._pid, self._config, self._data_dir, self._write, self._note = pid, config, data_dir, write, note
        self._chance = random.Random(seed)
        self.exits: Counter[str] = Counter()
        self.heard = 0
        self.done: Counter[str] = Counter()

    async def keep_asking(self, point: str) -> None:
        """Run one verb after another."""
        config = str(self._config)
        verbs = (
            ("status", config), ("why", point, config), ("history", point, config, "--since", "10m"), ("devices", config),
            ("sync", "panel-2", config), ("points", config, "--device", "bacnet-2"), ("logs", config, "--since", "5m"),
            ("history", point, config, "--every", "1m"), ("alarms", config), ("device", "stop", HANDLED, config),
            ("storage", config), ("device", "start", HANDLED, config), ("doctor", config),
            ("set-interval", HANDLED, "2s", config), ("status", config, "--json"),
            ("set-interval", HANDLED, "configured", config), ("reload", config),
        )  # fmt: skip
        turn = 0
        while True:
            await trio.sleep(VERB_EVERY_S)
            verb = verbs[turn % len(verbs)]
            turn += 1
            ended = await trio.run_process(
                [sys.executable, "-m", "t3actors", *verb], check=False, capture_stdout=True, capture_stderr=True
            )
            self.exits[f"{verb[0]}: {ended.returncode}"] += 1
            if ended.returncode not in {0, 1}:
                self._note("verb", verb=" ".join(verb), code=ended.returncode, said=ended.stderr.decode()[-300:])

    async def keep_listening(self) -> None:
        """Listen on /live for a while, leave properly or just hang up, come again."""
        while True:
            connection = WSConnection(ConnectionType.CLIENT)
            async with await trio.open_unix_socket(str(self._data_dir / "t3actors.sock")) as stream:
                await stream.send_all(connection.send(Request(host="gateway", target="/live?repeats=true")))
                with trio.move_on_after(self._chance.uniform(10.0, 60.0)):
                    while got := await stream.receive_some(65_536):
                        self.heard += len(got)
                        connection.receive_data(got)
                        for _ in connection.events():
                            pass
                if self._chance.random() < 0.5:
                    await stream.send_all(connection.send(CloseConnection(code=1000)))
                    with trio.move_on_after(2.0):
                        while await stream.receive_some(65_536):
                            pass
            self.done["listened"] += 1
            await trio.sleep(self._chance.uniform(3.0, 20.0))

    async def keep_reloading(self) -> None:
        """Write the configuration in another variant and send SIGHUP; every fourth time it is broken for a while."""
        variant = 0
        while True:
            await trio.sleep(RELOAD_EVERY_S)
            variant += 1
            if variant % 4 == 0:
                text = self._config.read_text(encoding="utf-8")
                self._config.write_text(text + '\n[log]\nlevel = "loud"\n', encoding="utf-8")
                os.kill(self._pid, signal.SIGHUP)
                self.done["reload refused"] += 1
                await trio.sleep(10.0)
            self._write(variant)
            os.kill(self._pid, signal.SIGHUP)
            self.done["reload"] += 1

    async def keep_backing_up(self) -> None:
        """Copy the database."""
        copy = self._data_dir.parent / "copy.db"
        while True:
            await trio.sleep(BACKUP_EVERY_S)
            command = [sys.executable, "-m", "t3actors", "backup", str(copy), str(self._config)]
            ended = await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
            self.exits[f"backup: {ended.returncode}"] += 1
            copy.unlink(missing_ok=True)

    async def keep_holding_the_database(self) -> None:
        """Hold a write transaction for some seconds, as a database browser with an edit open does."""
        while True:
            await trio.sleep(LOCK_EVERY_S)
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(_hold, self._data_dir / "t3actors.db")
            self.done["database held"] += 1


def _hold(database: Path) -> None:
    connection = apsw.Connection(str(database))
    try:
        connection.set_busy_timeout(5000)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_S)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
