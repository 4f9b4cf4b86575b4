"""The logs of one gateway as one: standard output, a file, and the files of the seed, as configured."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from t3actors.config import Config
from t3actors.errors import ConfigError, StoreUnreachable
from t3actors.events import Level, LogEvent
from t3actors.watch.log import LogWriter
from t3actors.watch.log_file import WAITED_FOR, LogFile
from t3actors.watch.notify import is_journal
from t3actors.watch.seed_log import SeedLog

STDOUT = 1


class Logs:
    """Gives every event to each of them (`events.Log`). `files` are theirs. Thread: any."""

    def __init__(self, *logs: LogWriter | SeedLog, files: tuple[LogFile, ...] = ()) -> None:
        self._logs = logs
        self._files = files

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Log `event` everywhere."""
        for log in self._logs:
            log(event, **keys)

    def close(self) -> None:
        """Flush all, and close their files."""
        for log in self._logs:
            log.close()
        for file in self._files:
            file.close()


def logs_of(
    config: Config, now: Callable[[], dt.datetime], level: Level | None = None, *, only_file: Path | None = None
) -> Logs:
    """Open what the configuration asks for. `now` gives the local time for the seed's files.

    `level` holds instead of the configured one. `only_file`: there is no standard output, so that this is the file when none is configured.
    Raises: ConfigError when a configured file or folder cannot be written; StoreUnreachable when `only_file` cannot, and where the disk or
    the machine is to blame.
    """
    settings, name = config.log, config.gateway.name
    least = level or settings.level
    logs: list[LogWriter | SeedLog] = []
    with ExitStack() as undone:
        file = _file(settings.file or only_file, config)
        if file is not None:
            undone.callback(file.close)
        logs.extend(_seed(config, now))
        undone.pop_all()
    if file is not None:
        logs.insert(0, LogWriter(file, human=False, least=least, gateway=name))
    if settings.stdout and only_file is None:
        logs.insert(0, LogWriter(least=least, gateway=name, journal=is_journal(STDOUT, os.environ)))
    return Logs(*logs, files=() if file is None else (file,))


def _file(path: Path | None, config: Config) -> LogFile | None:
    if path is None:
        return None
    try:
        return LogFile(path, config.log.file_size_bytes, config.log.file_count)
    except StoreUnreachable as error:
        if config.log.file is None or may_be_later(error.__cause__):
            raise
        raise ConfigError([f"log.file: {error}"]) from error


def may_be_later(error: BaseException | None) -> bool:
    """Say whether a file that cannot be written now may be later: no fault of the configuration, after which nobody would try again."""
    return isinstance(error, OSError) and error.errno in WAITED_FOR


def _seed(config: Config, now: Callable[[], dt.datetime]) -> list[SeedLog]:
    folder = config.log.t3_web_log
    if folder is None:
        return []
    try:
        seed = SeedLog(
            folder,
            config.devices,
            size_bytes=config.log.t3_web_log_size_bytes,
            local_time=lambda: now().strftime("%Y-%m-%d %H:%M:%S"),
        )
    except OSError as error:
        said = f"log.t3_web_log: {folder} cannot be written: {error.strerror}"
        raise (StoreUnreachable(said) if may_be_later(error) else ConfigError([said])) from error
    return [seed]
