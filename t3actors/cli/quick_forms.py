"""The forms in which quickly.py prints samples and spans: text out of columns, many rows at a time. Pure, and imports next to nothing."""

from __future__ import annotations

from itertools import repeat

from t3actors.store.history.samples import STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from t3actors.store.history.samples import Run, Series
    from t3actors.store.history.span_columns import Spans

    Samples = Sequence[tuple[Series, Sequence[str], Run]]
    """Runs of samples with their series and their times as text."""
    Told = Sequence[tuple[Series, Sequence[str], Spans]]

SAMPLES_CSV = "time,sampled_at,value,text,units,status,data_source\n"
SPANS_CSV = "time,at,minimum,maximum,mean,time_mean,last,count,known_s,units\n"
SPANS_HEADINGS = ("time", "min", "mean", "over time", "max", "last", "samples", "known s", "units")
_MARKS = {"csv": {",", '"'}, "json": {"\\", '"'}, "table": set()}  # type: dict[str, set[str]]


def are_plain(form: str, names: Sequence[str], series: Iterable[Series]) -> bool:
    """Say whether no name and no unit has a sign in it that this form or a terminal takes for something else."""
    texts = [*names, *(text for one in series for text in (one.units, one.created_by))]
    return all(text.isprintable() and not set(text) & _MARKS[form] for text in texts)


# --------------------------------------------------------------------------------------------------------- samples


def _samples_csv(_point: str, samples: Samples) -> str:
    made = [SAMPLES_CSV]
    for series, times, run in samples:
        values = ["" if value is None else str(value) for value in run.values]
        ends = [f",,{series.units},{status},{series.data_source}\n" for status in STATUSES]
        if not any(run.codes):
            end = ends[0]
            made += [
                f"{text},{at_ms},{value}{end}" for text, at_ms, value in zip(times, run.times, values, strict=True)
            ]
            continue
        rows = zip(times, run.times, values, run.codes, strict=True)
        made += [f"{text},{at_ms},{value}{ends[code & 7]}" for text, at_ms, value, code in rows]
    return "".join(made)


def _samples_table(_point: str, samples: Samples) -> str:
    shown = [_shown(run.values) for _, _, run in samples]
    width = _width("time", *(times for _, times, _ in samples))
    value_width, unit_width = _width("value", *shown), _width("units", [series.units for series, _, _ in samples])
    justify = str.rjust if any(value is not None for _, _, run in samples for value in run.values) else str.ljust
    made = [f"{'time'.ljust(width)}  {justify('value', value_width)}  {'units'.ljust(unit_width)}  status\n"]
    for (series, times, run), values in zip(samples, shown, strict=True):
        ends = [f"  {series.units.ljust(unit_width)}  {status}\n" for status in STATUSES]
        cells = map(justify, values, repeat(value_width))
        rows = zip(
            map(str.ljust, times, repeat(width)), cells, map(ends.__getitem__, map((7).__and__, run.codes)), strict=True
        )
        made += [f"{text}  {value}{end}" for text, value, end in rows]
    return "".join(made)


def _shown(values: Sequence[object]) -> list[str]:
    if set(map(type, values)) == {float}:
        return list(map(float.__format__, values, repeat(".6g")))  # type: ignore[arg-type]
    return ["" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value) for value in values]


def _samples_json(point: str, samples: Samples) -> str:
    made: list[str] = []
    for series, _, run in samples:
        head = f'{_names(point)},"sampled_at":'
        before, behind = (
            f',"text":null,"units":"{series.units}","status":"',
            (f'","data_source":{series.data_source},"created_by":"{series.created_by}","clock_trusted":'),
        )
        ends = [f"{before}{STATUSES[code & 7]}{behind}{'false' if code & 8 else 'true'}}}\n" for code in range(16)]
        codes = map(ends.__getitem__, map((15).__and__, run.codes))
        cells = repeat(head), map(str, run.times), repeat(',"value":'), _numbers(run.values), codes
        made += map("".join, zip(*cells, strict=False))
    return "".join(made)


# ----------------------------------------------------------------------------------------------------------- spans


def _spans_csv(_point: str, told: Told) -> str:
    made = [SPANS_CSV]
    for series, times, spans in told:
        end = f"{series.units}\n"
        floats = spans.least, spans.most, spans.mean, spans.time_mean, spans.last
        rows = zip(times, spans.at_ms, *floats, spans.n, _known_s(spans), strict=True)
        made += [
            f"{time},{at_ms},{least!r},{most!r},{mean!r},{time_mean!r},{last!r},{n},{known_s},{end}"
            for time, at_ms, least, most, mean, time_mean, last, n, known_s in rows
        ]
    return "".join(made)


def _spans_table(_point: str, told: Told) -> str:
    columns: list[list[str]] = [[] for _ in SPANS_HEADINGS]
    for series, times, spans in told:
        floats = (_shown(column) for column in (spans.least, spans.mean, spans.time_mean, spans.most, spans.last))
        units = [series.units] * len(times)
        for column, more in zip(columns, (times, *floats, map(str, spans.n), _known_s(spans), units), strict=True):
            column.extend(more)
    made = []
    for heading, column in zip(SPANS_HEADINGS, columns, strict=True):
        justify = str.rjust if column and heading not in {"time", "units"} else str.ljust
        made.append(list(map(justify, [heading, *column], repeat(_width(heading, column)))))
    return "".join([f"{line.rstrip()}\n" for line in map("  ".join, zip(*made, strict=True))])


def _spans_json(point: str, told: Told) -> str:
    made: list[str] = []
    for series, _, spans in told:
        end = f',"units":"{series.units}","data_source":{series.data_source},"held":'
        cells: list[Iterable[str]] = [repeat(f'{_names(point)},"at":'), map(str, spans.at_ms)]
        for name, column in (
            ("minimum", spans.least), ("maximum", spans.most), ("mean", spans.mean), ("last", spans.last),
        ):  # fmt: skip
            cells += [repeat(f',"{name}":'), _numbers(column)]
        cells += [repeat(',"count":'), map(str, spans.n), repeat(',"time_mean":'), _numbers(spans.time_mean)]
        cells += [repeat(',"known_s":'), _known_s(spans)]
        cells.append(map((f"{end}false}}\n", f"{end}true}}\n").__getitem__, spans.held))
        made += map("".join, zip(*cells, strict=False))  # what is alike in all rows has no end
    return "".join(made)


def _known_s(spans: Spans) -> Iterable[str]:
    texts = {known_ms: str(known_ms // 1000) for known_ms in set(spans.known_ms)}  # of most hours all was known
    return map(texts.__getitem__, spans.known_ms)


# ------------------------------------------------------------------------------------------------------------ both


def _names(point: str) -> str:
    device, _, point_id = point.partition("/")
    return f'{{"point":"{point}","name":"{device}","point_id":"{point_id}"'


def _width(heading: str, *columns: Sequence[str]) -> int:
    return max([len(heading), *(max(map(len, column)) for column in columns if column)])


def _numbers(values: Sequence[float | int | str | bytes | None]) -> list[str]:
    """Write numbers as msgspec writes them in JSON: as Python does, but for exponents, and for what is no number."""
    made = list(map(repr, values))
    together = "".join(made)
    if "e" in together or "n" in together:  # 1e-07, None, nan, inf
        return [_number(text) for text in made]
    return made


def _number(text: str) -> str:
    mantissa, has_exponent, exponent = text.partition("e")
    if not has_exponent or text == "None":
        return "null" if text.lstrip("-") in {"None", "inf", "nan"} else text
    if exponent != "-05":
        return f"{mantissa}e{int(exponent)}"
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}0.0000{mantissa.removeprefix('-').replace('.', '')}"


FORMS: dict[tuple[str, str], Callable[[str, Any], str]] = {
    ("samples", "csv"): _samples_csv,
    ("samples", "table"): _samples_table,
    ("samples", "json"): _samples_json,
    ("spans", "csv"): _spans_csv,
    ("spans", "table"): _spans_table,
    ("spans", "json"): _spans_json,
}
