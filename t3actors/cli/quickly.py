"""`t3actors history POINT --data DIR` in its ordinary forms, a table, CSV or JSON of samples or spans, without click, msgspec or rich:
importing these takes longer than reading and printing a day of samples.

It prints what history.py prints, to the octet, or nothing at all: of whatever is out of the ordinary (a mistake, a help text, a
terminal that wants colours, a point that is text) it leaves all to history.py. A test holds the two to one another. What it imports
imports next to nothing, not even the standard library's typing, which takes as long as Python itself to start.
"""

from __future__ import annotations

import os
import sys
import time

from t3actors.cli.quick_forms import FORMS, are_plain
from t3actors.cli.signs import is_fresh, nobody_runs, stopped_holder
from t3actors.configure.durations import duration_s
from t3actors.moments import clock_time, clock_times, moment_ms, zone_of
from t3actors.quoting import is_text
from t3actors.store.glance import samples_at_a_glance, spans_at_a_glance
from t3actors.store.locked import is_locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

USUAL_DATABASE, USUAL_ZONE = "t3actors.db", "UTC"
MOST = 10_000_000
LEAST_EVERY_S, MOST_SPANS = 1.0, 1_000_000
FAILED, NOT_RUNNING = 1, 69
_DEFAULTS = {"--data": "", "--since": "24h", "--until": "0s", "--limit": "1000", "--every": ""}
_FLAGS = {"--csv": "csv", "--json": "json"}


class Asked:
    """What is asked for: of which point, from when until when, spans of which length (None: samples), in which form."""

    def __init__(self, point: str, form: str, options: dict[str, str], now_ms: int, zone: dt.tzinfo) -> None:
        """Read the options. **Raises**: ValueError, OverflowError for what history.py is to refuse."""
        self.point, self.form, self.now_ms, self.zone = point, form, now_ms, zone
        self.device, _, self.point_id = point.partition("/")
        self.since_ms, self.until_ms = (moment_ms(options[name], now_ms, zone) for name in ("--since", "--until"))
        self.limit = int(options["--limit"])
        self.every_ms = None
        if options["--every"]:
            every_s = duration_s(options["--every"])
            self.every_ms = round(every_s * 1000)
            if every_s < LEAST_EVERY_S or (self.until_ms - self.since_ms) / self.every_ms > MOST_SPANS:
                raise ValueError(options["--every"])
        data = options["--data"]
        self.data = data.rstrip("/") or data  # as pathlib has it: a shell that completes a name ends it so
        if self.data != os.path.normpath(self.data) or not 1 <= self.limit <= MOST:
            raise ValueError(data)


def history(arguments: Sequence[str]) -> int | None:
    """Do it, and return the exit code; None where nothing was done."""
    asked = _asked(arguments)
    seen = None if asked is None else _seen(asked)
    if asked is None or seen is None or stopped_holder(asked.data):
        return None
    note, text, heartbeat_at = seen
    locked = is_locked(asked.data)
    if locked is not False and is_fresh(heartbeat_at, asked.now_ms):
        return _print(note, text, "", 0)
    if locked:  # it runs, but does not write
        return None
    heard = clock_time(heartbeat_at, asked.zone) or "never"
    return _print(note, text, nobody_runs(asked.data, heard) + "\n", NOT_RUNNING)


def _asked(arguments: Sequence[str]) -> Asked | None:
    words = _words(arguments)
    try:
        asked = None if words is None else Asked(*words, time.time_ns() // 1_000_000, zone_of(USUAL_ZONE))
    except (ValueError, OverflowError):
        return None
    return None if asked is None or (asked.form == "table" and sys.stdout.isatty()) else asked


def _words(arguments: Sequence[str]) -> tuple[str, str, dict[str, str]] | None:
    """Return the point, the form and the options' texts; None for what is not said in the ordinary way."""
    given: dict[str, str] = {}
    points: list[str] = []
    forms: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in _DEFAULTS and name not in given:
            text = value if equals else next(waiting, None)
            if not text:
                return None
            given[name] = text
        elif argument in _FLAGS:
            forms.append(_FLAGS[argument])
        elif argument.startswith("-"):
            return None
        else:
            points.append(argument)
    if len(points) != 1 or len(set(forms)) > 1 or "--data" not in given or not all(map(is_text, arguments)):
        return None
    return points[0], forms[0] if forms else "table", {**_DEFAULTS, **given}


def _seen(asked: Asked) -> tuple[str, str, int | None] | None:
    """Return what is noted, what is printed, and when the gateway last said that it lives."""
    database = os.path.join(asked.data, USUAL_DATABASE)
    what = database, asked.device, asked.point_id, asked.since_ms, asked.until_ms
    if asked.every_ms is not None:
        spans = spans_at_a_glance(*what, asked.every_ms)
        if spans is None or not are_plain(asked.form, [asked.point], [series for series, _ in spans[0]]):
            return None
        told = [(series, _clock(asked, some.at_ms), some) for series, some in spans[0]]
        return "", FORMS["spans", asked.form](asked.point, told), spans[1]
    samples = samples_at_a_glance(*what, asked.limit)
    if samples is None or not are_plain(asked.form, [asked.point], [series for series, _ in samples[0]]):
        return None
    runs = [(series, _clock(asked, run.times), run) for series, run in samples[0]]
    if not all(set(map(type, run.values)) <= {int, float, type(None)} for _, _, run in runs):
        return None
    count = sum(len(run.times) for _, _, run in runs)
    note = f"only the newest {asked.limit}: see --limit\n" if count == asked.limit else ""
    return note, FORMS["samples", asked.form](asked.point, runs), samples[1]


def _clock(asked: Asked, moments: Sequence[int]) -> list[str]:
    """Return them for a person, where they are shown."""
    return [] if asked.form == "json" else clock_times(moments, asked.zone)


def _print(note: str, text: str, word: str, code: int) -> int:
    sys.stderr.write(note)
    sys.stderr.flush()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from t3actors.cli.pipes import discard_output  # noqa: PLC0415 - it imports more than most need

        discard_output()
        if isinstance(error, BrokenPipeError):  # whoever reads has enough
            return 0
        sys.stderr.write(f"t3actors: standard output: {error.strerror}\n")
        return FAILED
    sys.stderr.write(word)
    return code
