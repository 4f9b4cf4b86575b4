"""The log writer: one line an event, never in the way."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

from t3actors.events import CATALOGUE
from t3actors.events.device import DEVICE_BACKING_OFF, DEVICE_OFFLINE, DEVICE_ONLINE
from t3actors.events.gateway import GATEWAY_STARTED, GATEWAY_SUMMARY
from t3actors.watch import log as log_module
from t3actors.watch.catalogue import event_modules
from t3actors.watch.log import LogWriter, json_line
from tests.waiting import WITHIN_S, blocking_until


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_time_level_and_name_first() -> None:
    stream = io.StringIO()
    log = LogWriter(stream, gateway="riverside", time=lambda: "2026-01-01T00:00:00.000Z")
    log(DEVICE_ONLINE, device="ahu-1", address="10.0.0.1:502", path=Path("/x"), points=3)
    log.close()
    (line,) = lines_of(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line["event"] == "device.online"
    assert line["gateway"] == "riverside"
    assert line["path"] == "/x"


def test_a_value_with_a_line_break_stays_on_its_line() -> None:
    stream = io.StringIO()
    log = LogWriter(stream)
    log(DEVICE_OFFLINE, device="a", reason='first\nsecond "quoted"')
    log.close()
    assert len(stream.getvalue().splitlines()) == 1


def test_events_below_the_least_level_are_not_written() -> None:
    stream = io.StringIO()
    log = LogWriter(stream, least="error")
    log(GATEWAY_STARTED)
    log(DEVICE_OFFLINE, device="a")
    log.close()
    assert [line["event"] for line in lines_of(stream)] == ["device.offline"]


def test_a_terminal_gets_a_readable_line() -> None:
    stream = io.StringIO()
    log = LogWriter(stream, human=True)
    log(DEVICE_ONLINE, device="ahu-1", points=3)
    log.close()
    assert "device.online" in stream.getvalue()
    assert "ahu-1" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


class StuckStream(io.StringIO):
    """A reader that takes the first line only when it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait(WITHIN_S)
        return super().write(text)


def test_a_stuck_reader_costs_lines_that_are_counted_and_never_blocks(monkeypatch: object) -> None:
    stream = StuckStream()
    before = log_module.QUEUED_LINES
    log_module.QUEUED_LINES = 5
    try:
        log = LogWriter(stream)
    finally:
        log_module.QUEUED_LINES = before
    log(GATEWAY_SUMMARY, n=0)
    assert stream.entered.wait(WITHIN_S)
    for n in range(1, 11):
        log(GATEWAY_SUMMARY, n=n)
    stream.released.set()
    log.close()
    written = lines_of(stream)
    assert [line["n"] for line in written if "n" in line] == [0, 1, 2, 3, 4, 5]
    assert [line["lines"] for line in written if line["event"] == "log.dropped"] == [5]


class FullDisk(io.StringIO):
    """A file whose disk takes nothing until there is room."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_disk_that_takes_nothing_costs_lines_that_are_counted_once_it_takes_some() -> None:
    stream = FullDisk()
    log = LogWriter(stream, human=False)
    for n in range(4):
        log(GATEWAY_SUMMARY, n=n)
    blocking_until(lambda: log._lines.empty() and log._dropped == 4)
    stream.full = False
    log(GATEWAY_SUMMARY, n=4)
    log.close()
    first, second = lines_of(stream)
    assert (first["n"], second["event"], second["lines"]) == (4, "log.dropped", 4)


def test_what_repeats_itself_is_summed_up_and_the_sum_is_written_at_the_end() -> None:
    stream = io.StringIO()
    log = LogWriter(stream)
    for n in range(10):
        log(DEVICE_OFFLINE, device="a", reason=f"no answer within {n} s")
    log.close()
    written = lines_of(stream)
    assert [line.get("repeated", 1) for line in written] == [1, 1, 1, 7]
    assert written[-1]["reason"] == "no answer within 9 s"
    assert isinstance(written[-1]["since_at"], int)


def test_a_warning_that_repeats_is_an_error_to_whoever_reads_only_errors() -> None:
    stream = io.StringIO()
    log = LogWriter(stream, least="error")
    for _ in range(5):
        log(DEVICE_BACKING_OFF, device="a")
    log.close()
    assert [(line["level"], line["repeated"]) for line in lines_of(stream)] == [("error", 2)]


def test_for_the_journal_a_line_begins_with_its_priority() -> None:
    stream = io.StringIO()
    log = LogWriter(stream, journal=True)
    log(DEVICE_OFFLINE, device="a")
    log(DEVICE_BACKING_OFF, device="a")
    log(DEVICE_ONLINE, device="a")
    log.close()
    assert [line[:4] for line in stream.getvalue().splitlines()] == ["<3>{", "<4>{", "<6>{"]


def test_a_closed_stream_is_survived() -> None:
    stream = io.StringIO()
    log = LogWriter(stream)
    stream.close()
    log(DEVICE_ONLINE, n=1)
    log.close()


def test_every_event_of_the_catalogue_is_named_noun_participle_and_says_what_it_means() -> None:
    event_modules()
    for name, event in CATALOGUE.items():
        assert name == event.name
        noun, _, participle = name.partition(".")
        assert noun.isidentifier()
        assert participle.isidentifier()
        assert event.meaning.endswith(".")
        assert event.what_to_do.endswith(".")
        if event.level == "error":
            assert event.what_to_do != "Nothing.", name


def test_a_text_that_is_no_utf_8_never_raises_in_who_logs_it() -> None:
    """A file name or a vendor's error text may hold lone surrogates."""
    line = json_line(None, "", {"event": "store.busy", "reason": "caf\udce9", "names": ["\udc80"], "count": 3})
    assert json.loads(line) == {
        "event": "store.busy",
        "reason": "'caf\\udce9'",
        "names": "['\\udc80']",
        "count": 3,
    }
