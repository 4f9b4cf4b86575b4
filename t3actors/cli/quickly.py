"""`t3actors history POINT --data DIR` in its ordinary forms, a table or CSV, without click, msgspec or rich: importing these takes
longer than reading and printing a day of samples.

It prints what history.py prints, to the octet, or nothing at all: of whatever is out of the ordinary (a mistake, a help text, a
terminal that wants colours, a point that is text) it leaves all to history.py. A test holds the two to one another.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from t3actors.cli.life import Life, last_word, life_of, state_of, stopped_holder
from t3actors.cli.pipes import discard_output
from t3actors.moments import clock_time, clock_times, moment_ms, zone_of
from t3actors.quoting import is_text
from t3actors.store.glance import Glance, samples_at_a_glance
from t3actors.store.history.samples import STATUSES, Run, Series

USUAL_DATABASE, USUAL_ZONE = "t3actors.db", "UTC"
MOST = 10_000_000
NOT_RUNNING = 69
CSV_HEADER = "time,sampled_at,value,text,units,status,data_source\n"
_DEFAULTS = {"--data": "", "--since": "24h", "--until": "0s", "--limit": "1000"}


def history(arguments: Sequence[str]) -> int | None:
    """Do it, and return the exit code; None where nothing was done."""
    asked = _asked(arguments)
    if asked is None:
        return None
    point, options, as_csv = asked
    now_ms = time.time_ns() // 1_000_000
    zone = zone_of(USUAL_ZONE)
    try:
        since_ms, until_ms = (moment_ms(options[name], now_ms, zone) for name in ("--since", "--until"))
        limit = int(options["--limit"])
    except (ValueError, OverflowError):
        return None
    data = (
        options["--data"].rstrip("/") or options["--data"]
    )  # as pathlib has it: a shell that completes a name ends it so
    if data != os.path.normpath(data):
        return None
    if not 1 <= limit <= MOST or (not as_csv and sys.stdout.isatty()):
        return None
    device, _, point_id = point.partition("/")
    seen = samples_at_a_glance(os.path.join(data, USUAL_DATABASE), device, point_id, since_ms, until_ms, limit)
    if seen is None or not _is_plain(seen) or stopped_holder(data):
        return None
    count = sum(len(run.times) for run in seen.runs)
    note = f"only the newest {limit}: see --limit\n" if count == limit else ""
    return _print(note, _csv(seen) if as_csv else _table(seen), *_ending(data, seen.heartbeat_at, now_ms))


def _asked(arguments: Sequence[str]) -> tuple[str, dict[str, str], bool] | None:
    """Return the point, the options' texts and whether CSV is wanted; None for what is not said in the ordinary way."""
    given: dict[str, str] = {}
    points: list[str] = []
    as_csv = False
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in _DEFAULTS and name not in given:
            text = value if equals else next(waiting, None)
            if text is None:
                return None
            given[name] = text
        elif argument == "--csv":
            as_csv = True
        elif argument.startswith("-"):
            return None
        else:
            points.append(argument)
    if len(points) != 1 or "--data" not in given or not all(map(is_text, arguments)):
        return None
    return points[0], {**_DEFAULTS, **given}, as_csv


def _is_plain(seen: Glance) -> bool:
    """Say whether all of it is numbers, and no unit has a sign in it that CSV or a terminal takes for something else."""
    units = [seen.series[run.which].units for run in seen.runs]
    if not all(unit.isprintable() and not set(unit) & {",", '"'} for unit in units):
        return False
    return all(set(map(type, run.values)) <= {int, float, type(None)} for run in seen.runs)


def _csv(seen: Glance) -> str:
    made = [CSV_HEADER]
    for run, series, times in _timed(seen):
        values = ["" if value is None else str(value) for value in run.values]
        ends = [f",,{series.units},{status},{series.data_source}\n" for status in STATUSES]
        rows = zip(times, run.times, values, run.codes, strict=True)
        made += [f"{text},{at_ms},{value}{ends[code & 7]}" for text, at_ms, value, code in rows]
    return "".join(made)


def _table(seen: Glance) -> str:
    columns = [(times, _shown(run), series.units, run.codes) for run, series, times in _timed(seen)]
    width = max([len("time"), *(len(text) for times, *_ in columns for text in times)])
    value_width = max([len("value"), *(len(shown) for _, values, *_ in columns for shown in values)])
    unit_width = max([len("units"), *(len(units) for _, _, units, _ in columns)])
    justify = str.rjust if any(value is not None for run in seen.runs for value in run.values) else str.ljust
    made = [f"{'time'.ljust(width)}  {justify('value', value_width)}  {'units'.ljust(unit_width)}  status\n"]
    for times, values, units, codes in columns:
        ends = [f"  {units.ljust(unit_width)}  {status}\n" for status in STATUSES]
        made += [
            f"{text.ljust(width)}  {justify(shown, value_width)}{ends[code & 7]}"
            for text, shown, code in zip(times, values, codes, strict=True)
        ]
    return "".join(made)


def _shown(run: Run) -> list[str]:
    return ["" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value) for value in run.values]


def _timed(seen: Glance) -> list[tuple[Run, Series, list[str]]]:
    zone = zone_of(USUAL_ZONE)
    return [(run, seen.series[run.which], clock_times(run.times, zone)) for run in seen.runs]


def _ending(data: str, heartbeat_at: int | None, now_ms: int) -> tuple[str, int]:
    """Return what is said at the end, and the exit code."""
    life = life_of(data, {"heartbeat_at": heartbeat_at}, now_ms)
    heard = clock_time(heartbeat_at, zone_of(USUAL_ZONE)) or "never"
    word = last_word(life, data, state_of(life, heartbeat_at, now_ms), heard)
    return "" if word is None else word + "\n", NOT_RUNNING if life is Life.NOT_RUNNING else 0


def _print(note: str, text: str, word: str, code: int) -> int:
    sys.stderr.write(note)
    sys.stderr.flush()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough
        discard_output()
        return 0
    sys.stderr.write(word)
    return code
