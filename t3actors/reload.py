"""Reads the configuration anew while the gateway runs, and takes it up: all of it, or nothing where it has a fault.

    ask --> read and check the files (in a thread) --> what differs --> replacing.py --> the log, EVENTS, whoever asked

One reload at a time, in a task of the gateway's own: whoever asked may go away. A second one waits, and reads the files when its turn
comes; a third is told to ask again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import trio

from supervision.supervisor import Supervisor
from t3actors.config import Config
from t3actors.configure.difference import difference, settled, unsettled
from t3actors.errors import ConfigError, GatewayError
from t3actors.events import Log, LogEvent
from t3actors.events.reload import RELOAD_DONE, RELOAD_FAILED, RELOAD_INCOMPLETE, RELOAD_REFUSED
from t3actors.messages import DeviceRemoved, EventHappened
from t3actors.pollers import Pollers
from t3actors.reloaded import NotReloadable, Reloaded
from t3actors.replacing import Replacing

NAMED_AT_MOST = 50
"""Of a list, in a line of the log."""


class Source:
    """Where the configuration came from, and how it is read and checked once more. `read` **raises** ConfigError. Thread: any."""

    def __init__(self, file: Path, read: Callable[[Path], Config]) -> None:
        self.file = file.absolute()
        self._read = read

    def read(self) -> Config:
        """Read and check it."""
        return self._read(self.file)


class _Asked:
    def __init__(self, by: str) -> None:
        self.by = by
        self.over = trio.Event()
        self.outcome: Reloaded | None = None
        self.error: GatewayError = NotReloadable("the gateway stops")


class Reload:
    """Thread: the trio loop. `began` and `ended` are told when one begins and what came of it: for a service manager."""

    def __init__(
        self,
        source: Source | None,
        pollers: Pollers,
        root: Callable[[], Supervisor],
        tell: Callable[[EventHappened | DeviceRemoved], object],
        wall_ms: Callable[[], int],
        log: Log,
    ) -> None:
        self.began: Callable[[], None] = lambda: None
        self.ended: Callable[[str], None] = lambda _outcome: None
        self._source = source
        self._pollers = pollers
        self._root = root
        self._tell = tell
        self._wall_ms = wall_ms
        self._log = log
        self._queue, self._turns = trio.open_memory_channel[_Asked](1)

    @property
    def is_possible(self) -> bool:
        """Whether there is a file to read."""
        return self._source is not None

    def ask_soon(self, by: str) -> None:
        """Have the configuration read anew, and wait for nothing. Where one waits already, that one will do."""
        with suppress(trio.WouldBlock):
            self._queue.send_nowait(_Asked(by))

    async def ask(self, by: str, file: Path | None = None) -> Reloaded:
        """Read the configuration anew; wait until it holds. `file`: which one whoever asks takes it for.

        **Raises**: ConfigError with every fault, NotReloadable; nothing was changed then.
        """
        if self._source is None:
            raise NotReloadable("this gateway was not started from a file")
        if file is not None and not _is_same(file, self._source.file):
            raise NotReloadable(f"this gateway was started from {self._source.file}, not from {file}")
        asked = _Asked(by)
        try:
            self._queue.send_nowait(asked)
        except trio.WouldBlock:
            raise NotReloadable("a reload is under way, and another one waits for its end") from None
        await asked.over.wait()
        if asked.outcome is None:
            raise asked.error
        return asked.outcome

    async def serve(self) -> None:
        """Carry out what is asked for, one after the other, for ever. Begun once the tree is up."""
        async for asked in self._turns:
            self.began()
            said = "the reload failed"
            try:
                asked.outcome = await self._reload(asked.by)
                said = str(asked.outcome)
            except ConfigError as error:
                asked.error = error
                said = self._refused(asked.by, error)
            except Exception as error:  # noqa: BLE001 - a bug of ours here must not end the gateway: it becomes an event
                asked.error = GatewayError(f"the reload failed: {error!r}")
                self._log(RELOAD_FAILED, reason=repr(error), traceback=traceback.format_exc())
            finally:
                self.ended(said)
                asked.over.set()

    async def _reload(self, by: str) -> Reloaded:
        assert self._source is not None  # noqa: S101 - `ask` lets nothing through without it
        began_s = trio.current_time()
        wanted = await trio.to_thread.run_sync(self._source.read, abandon_on_cancel=True)
        async with self._pollers.control.turn:
            running = self._pollers.config
            holding = settled(running, wanted)
            apart = difference(running, holding)
            replacing = Replacing(self._pollers, self._root(), self._tell, self._wall_ms())
            overrides_ended = await replacing.carry_out(apart, holding)
        reloaded = Reloaded(
            file=str(self._source.file),
            added=tuple(device.name for device in apart.added),
            removed=tuple(device.name for device in apart.removed),
            changed=tuple(str(changed) for changed in apart.changed),
            found=apart.found,
            waits_for_restart=unsettled(wanted, holding),
            overrides_ended=overrides_ended,
            failed=tuple(replacing.failed.values()),
            devices=len(self._pollers.config.devices),
            config_hash=wanted.source_hash,
            took_s=round(trio.current_time() - began_s, 3),
        )
        self._say(by, reloaded, running.source_hash)
        return reloaded

    def _say(self, by: str, reloaded: Reloaded, was_hash: str) -> None:
        for reason in reloaded.failed:
            self._log(RELOAD_FAILED, reason=reason)
        if reloaded.waits_for_restart:
            self._log(RELOAD_INCOMPLETE, keys=_shortened(reloaded.waits_for_restart))
            self._note(RELOAD_INCOMPLETE, f"a restart is needed for {_told(reloaded.waits_for_restart)}")
        self._log(
            RELOAD_DONE,
            asked_by=by,
            added=_shortened(reloaded.added),
            removed=_shortened(reloaded.removed),
            changed=_shortened(reloaded.changed),
            found=_shortened(reloaded.found),
            overrides_ended=_shortened(reloaded.overrides_ended),
            devices=reloaded.devices,
            config_hash=reloaded.config_hash,
            was_config_hash=was_hash,
            took_s=reloaded.took_s,
        )
        self._note(RELOAD_DONE, f"{reloaded}; asked by {by}")

    def _refused(self, by: str, error: ConfigError) -> str:
        count = len(error.faults)
        running_hash = self._pollers.config.source_hash
        self._log(
            RELOAD_REFUSED, asked_by=by, faults=_shortened(error.faults), fault_count=count, config_hash=running_hash
        )
        said = f"the new configuration was refused: {count} {'fault' if count == 1 else 'faults'}; nothing was changed"
        self._note(RELOAD_REFUSED, said)
        return said

    def _note(self, event: LogEvent, reason: str) -> None:
        self._tell(EventHappened(at_ms=self._wall_ms(), event=event.name, reason=reason))


def _is_same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except (OSError, ValueError):  # a path with a NUL in it is none
        return file == other


def _shortened(names: tuple[str, ...] | list[str]) -> list[str]:
    more = len(names) - NAMED_AT_MOST
    return list(names) if more <= 0 else [*names[:NAMED_AT_MOST], f"and {more} more"]


def _told(keys: tuple[str, ...]) -> str:
    return ", ".join(_shortened(keys))
