"""The files of T3000's own sync service, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from t3actors.config import DeviceConfig
from t3actors.events import LogEvent
from t3actors.events.gateway import GATEWAY_STARTED, GATEWAY_SUMMARY
from t3actors.events.store import STORE_OPENED
from t3actors.events.t3000 import (
    CYCLE_ANSWERED,
    CYCLE_ENDED,
    CYCLE_FAILED,
    CYCLE_STARTED,
    CYCLE_STORED,
    PANEL_INCOMPLETE,
    PANEL_READ,
    PANEL_SKIPPED,
)
from t3actors.points import Rules
from t3actors.watch.seed_log import KEPT_FILES, SeedLog
from t3actors.watch.seed_words import FFI, INITIALIZE, SeedWords
from tests.waiting import WITHIN_S

PLANT = DeviceConfig(
    name="plant",
    protocol="t3000",
    address="ffi:/t3000.so",
    timeout_s=30.0,
    retries=3,
    rules=Rules(poll_interval_s=30.0),
)
STORED = {
    "serial_number": 12345,
    "device": "plant:12345",
    "devices": 1,
    "inputs": 64,
    "outputs": 32,
    "variables": 128,
    "samples": 224,
}
READ = {
    "panel": "plant:12345", "serial_number": 12345, "panel_name": "Building A Controller", "number": 1, "panels": 1,
    "inputs": 64, "outputs": 32, "variables": 128,
}  # fmt: skip


def said(words: SeedWords, *told: tuple[LogEvent, dict[str, Any]]) -> list[tuple[str, str]]:
    return [line for event, keys in told for line in words.lines(event, keys)]


def a_group(cycle_no: int, number: int) -> tuple[LogEvent, dict[str, Any]]:
    counts = {"panels": [STORED], "samples": 224, "inputs": 64, "outputs": 32, "variables": 128, "took_ms": 1}
    return CYCLE_STORED, {"device": "plant", "group": f"plant/1/{cycle_no}/{number}", **counts}


def completed(lines: list[tuple[str, str]]) -> list[str]:
    return [text for _, text in lines if "COMPLETED" in text]


def a_cycle(number: int = 1, groups: int = 1) -> list[tuple[LogEvent, dict[str, Any]]]:
    ended = {
        "device": "plant",
        "cycle_no": number,
        "panels": 1,
        "panels_silent": 0,
        "groups": groups,
        "last_group": f"plant/1/{number}/{groups - 1}" if groups else "",
        "took_s": 1.0,
        "next_s": 30.0,
    }
    return [
        (CYCLE_STARTED, {"device": "plant", "cycle_no": number, "method": "logging_data"}),
        (CYCLE_ANSWERED, {"device": "plant", "action": 15, "panels": 1, "octets": 524288, "took_s": 1.0}),
        (PANEL_READ, READ),
        (CYCLE_ENDED, ended),
        a_group(number, groups - 1),
    ]


def test_a_cycle_reads_as_the_seed_writes_it() -> None:
    assert said(SeedWords([PLANT]), *a_cycle(2)) == [
        (FFI, "🔄 Starting HandleWebViewMsg(15) call"),
        (FFI, "📋 FFI Response - 1 devices found, 524288 characters received"),
        (FFI, "💾 Database transaction started"),
        (FFI, "📱 Device 1/1: Serial=12345, Name='Building A Controller'"),
        (FFI, "🔧 Processing 64 INPUT points..."),
        (FFI, "✅ INPUT points completed"),
        (FFI, "🔧 Processing 32 OUTPUT points..."),
        (FFI, "✅ OUTPUT points completed"),
        (FFI, "🔧 Processing 128 VARIABLE points..."),
        (FFI, "✅ VARIABLE points completed"),
        (FFI, "📊 Trend logs inserted (224 entries)"),
        (FFI, "🎯 Device 12345 completed"),
        (FFI, "💾 Committing transaction (1 devices)"),
        (FFI, "✅ Transaction committed successfully"),
        (FFI, "🔍 Validation: Checking data persistence"),
        (
            FFI,
            (
                "📊 Validation results: Device 12345: 1 record(s) in DEVICES table; 64 INPUT points; 32 OUTPUT points; "
                "128 VARIABLE points;"
            ),
        ),
        (FFI, "🎉 SYNC CYCLE COMPLETED - Next in 30s"),
        (FFI, "⏰ Waiting 30 seconds until next sync cycle"),
    ]


def test_the_start_reads_as_the_seed_writes_it() -> None:
    assert said(SeedWords([PLANT]), (STORE_OPENED, {}), (GATEWAY_STARTED, {})) == [
        (INITIALIZE, "✅ Database connection established"),
        (INITIALIZE, "🚀 Starting T3000 LOGGING_DATA sync service with 30-second intervals"),
        (INITIALIZE, "⚡ Running immediate sync on startup, then continuing with periodic sync..."),
        (INITIALIZE, "⚙️ Config: Timeout 30s, Retry 3x"),
    ]
    assert said(SeedWords([PLANT]), *a_cycle(1))[0] == (FFI, "🏃 Performing immediate startup sync...")


def test_a_cycle_is_completed_only_when_all_of_it_is_stored() -> None:
    words = SeedWords([PLANT])
    *before, last = a_cycle(2, groups=2)
    assert completed(said(words, *before, a_group(2, 0))) == []
    assert completed(said(words, last)) == ["🎉 SYNC CYCLE COMPLETED - Next in 30s"]


def test_a_writer_that_tells_of_several_groups_as_one_completes_their_cycle() -> None:
    *before, last = a_cycle(2, groups=5)
    assert len(completed(said(SeedWords([PLANT]), *before, last))) == 1


def test_a_group_of_an_earlier_cycle_that_is_stored_late_completes_nothing() -> None:
    words = SeedWords([PLANT])
    *first, late = a_cycle(2)
    *second, last = a_cycle(3)
    assert completed(said(words, *first, *second, late)) == []
    assert len(completed(said(words, last))) == 1


def test_a_group_that_is_stored_before_its_cycle_has_ended_completes_it_at_its_end() -> None:
    words = SeedWords([PLANT])
    *before, ended, stored = a_cycle(2)
    assert completed(said(words, *before, stored)) == []
    assert len(completed(said(words, ended))) == 1


def test_a_cycle_of_which_nothing_is_to_be_stored_is_completed_at_its_end() -> None:
    *before, _ = a_cycle(2, groups=0)
    assert len(completed(said(SeedWords([PLANT]), *before))) == 1


def test_what_goes_wrong_is_marked() -> None:
    words = SeedWords([PLANT])
    lines = said(
        words,
        (CYCLE_FAILED, {"device": "plant", "reason": "no answer within 30 s", "next_try_s": 5.0}),
        (PANEL_SKIPPED, {"device": "plant", "panel_name": "B", "reason": "its serial number is 0"}),
        (PANEL_INCOMPLETE, {"panel": "plant:1", "missing": ["units"], "refused": ["IN7: no number"]}),
    )
    assert lines == [
        (FFI, "❌ FFI call failed: no answer within 30 s - next try in 5s"),
        (FFI, "⚠️ Device 'B' skipped: its serial number is 0"),
        (FFI, "⚠️ Device plant:1: missing units; not used: IN7: no number"),
    ]


def test_other_devices_have_no_business_there() -> None:
    assert said(SeedWords([]), (GATEWAY_STARTED, {}), (GATEWAY_SUMMARY, {})) == []


def log_to(
    folder: Path, size_bytes: int = 1_000_000, time: Callable[[], str] = lambda: "2025-10-21 12:00:16"
) -> SeedLog:
    return SeedLog(folder / "T3WebLog", [PLANT], size_bytes=size_bytes, local_time=time)


def test_the_files_are_written_with_their_local_time_and_their_signs(tmp_path: Path) -> None:
    log = log_to(tmp_path)
    for event, keys in [(STORE_OPENED, {}), *a_cycle(1)]:
        log(event, **keys)
    log.close()
    ffi = (tmp_path / "T3WebLog" / FFI).read_text(encoding="utf-8").splitlines()
    assert ffi[0] == "[2025-10-21 12:00:16] 🏃 Performing immediate startup sync..."
    assert ffi[-1] == "[2025-10-21 12:00:16] ⏰ Waiting 30 seconds until next sync cycle"
    assert (tmp_path / "T3WebLog" / INITIALIZE).read_text(
        encoding="utf-8"
    ) == "[2025-10-21 12:00:16] ✅ Database connection established\n"


def test_a_name_with_a_line_break_stays_one_line(tmp_path: Path) -> None:
    log = log_to(tmp_path)
    log(PANEL_SKIPPED, device="plant", panel_name="a\r\nb", reason="x")
    log.close()
    assert (tmp_path / "T3WebLog" / FFI).read_text(encoding="utf-8").splitlines() == [
        "[2025-10-21 12:00:16] ⚠️ Device 'a  b' skipped: x"
    ]


def test_the_files_never_outgrow_their_bound(tmp_path: Path) -> None:
    log = log_to(tmp_path, size_bytes=2000)
    for number in range(200):
        for event, keys in a_cycle(number):
            log(event, **keys)
    log.close(within_s=WITHIN_S)
    files = sorted((tmp_path / "T3WebLog").glob(f"{FFI}*"))
    assert len(files) == 1 + KEPT_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
    assert (tmp_path / "T3WebLog" / FFI).read_text(encoding="utf-8").splitlines()[-1].endswith("until next sync cycle")
