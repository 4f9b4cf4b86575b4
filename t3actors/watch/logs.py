"""The logs of one gateway as one: standard output always, and the files of the seed where configured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from t3actors.config import Config
from t3actors.errors import ConfigError
from t3actors.events import LogEvent
from t3actors.watch.log import LogWriter
from t3actors.watch.seed_log import SeedLog


class Logs:
    """Gives every event to each of them (`events.Log`). Thread: any."""

    def __init__(self, *logs: LogWriter | SeedLog) -> None:
        self._logs = logs

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        """Log `event` everywhere."""
        for log in self._logs:
            log(event, **keys)

    def close(self) -> None:
        """Flush all."""
        for log in self._logs:
            log.close()


def logs_of(config: Config, output: LogWriter, now: Callable[[], dt.datetime]) -> Logs:
    """Open the files that the configuration asks for, beside `output`. `now` gives the local time for them.

    Raises: ConfigError when a folder cannot be written.
    """
    folder = config.log.t3_web_log
    if folder is None:
        return Logs(output)
    try:
        seed = SeedLog(
            folder,
            config.devices,
            size_bytes=config.log.t3_web_log_size_bytes,
            local_time=lambda: now().strftime("%Y-%m-%d %H:%M:%S"),
        )
    except OSError as error:
        raise ConfigError([f"log.t3_web_log: {folder} cannot be written: {error.strerror}"]) from error
    return Logs(output, seed)
