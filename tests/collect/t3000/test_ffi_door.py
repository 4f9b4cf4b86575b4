"""The FFI door against a C library that plays T3000: each way to misbehave is one error, and the next call finds a fresh worker."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from t3actors.collect.t3000 import ffi_door, ffi_process
from t3actors.collect.t3000.door import Memory
from t3actors.collect.t3000.ffi_door import FfiDoor
from t3actors.errors import BadResponse, DriverError, LinkDown, NotReady, RequestRefused, RequestTimedOut
from t3actors.events import silent
from t3actors.events.t3000 import LIBRARY_LOADED
from tests.collect.t3000.fake_library import FakeLibrary
from tests.waiting import blocking_until, every, until

pytestmark = pytest.mark.needs_cc

CASES = Path(__file__).parent / "cases"
PANELS = '{"action":"GET_PANELS_LIST_RES","data":[{"panel_number":1,"serial_number":237219}]}'
LONG_S = 20.0  # more than any call here takes on a busy machine
Library = Callable[..., FakeLibrary]


@asynccontextmanager
async def opened(library: FakeLibrary, **settings: Any) -> AsyncIterator[FfiDoor]:
    settings = {"timeout_s": LONG_S, "not_ready_pauses_s": (0.001, 0.001, 0.001), "log": silent} | settings
    door = FfiDoor(library.path, **settings)
    try:
        yield door
    finally:
        await door.close()


def children() -> set[str]:
    """The processes that this one has started and that are still there, as zombies or alive."""
    found = set()
    for each in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found |= {f"process {pid}" for pid in each.read_text().split()}
    return found


def files() -> set[str]:
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one by which the folder is read
            found.add(f"{each.name}: {os.readlink(each)}")
    return found


def is_there(pid: int) -> bool:
    """Whether a process lives (a zombie does not, but one of which a thread has yet to end)."""
    try:
        is_zombie = "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
        return not is_zombie or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


# ------------------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize("shape", ["real", "documented"])
async def test_an_answer_is_read_where_the_library_wrote_it_with_each_panel_at_its_place(
    library: Library, shape: str
) -> None:
    t3000 = library()
    text = (CASES / f"logging_data_{shape}.json").read_bytes()
    t3000.play(f"* answer {t3000.put('answer.json', text)}")
    async with opened(t3000) as door:
        answer = await door.call(15, {"panelId": -1})
        assert bytes(answer.body) == text
        assert answer.shape == shape
        assert answer.panels
        for offset, length in answer.panels:
            assert bytes(answer.body[offset : offset + 1]) == b"{"
            assert bytes(answer.body[offset + length - 1 : offset + length]) == b"}"
        assert answer.body.readonly
        assert answer.repaired == 0
        assert answer.took_s > 0


async def test_the_request_lies_in_the_buffer_and_the_action_is_told_as_well(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        await door.call(4, {})
        await door.call(17, {"panelId": 3, "entryType": 1})
    assert [(call.action, call.request) for call in t3000.calls] == [
        (4, '{"action":4}'),
        (17, '{"panelId":3,"entryType":1,"action":17}'),
    ]


async def test_a_shorter_answer_holds_nothing_of_the_longer_one_before_it(library: Library) -> None:
    t3000 = library()
    t3000.play(
        f"* answer {t3000.put('long.json', (CASES / 'logging_data_real.json').read_bytes())}", f"* return 0 {PANELS}"
    )
    async with opened(t3000) as door:
        await door.call(15, {})
        assert bytes((await door.call(4, {})).body) == PANELS.encode()


async def test_one_worker_serves_call_after_call(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        for _ in range(5):
            await door.call(4, {})
    assert len({call.pid for call in t3000.calls}) == 1


async def test_calls_that_come_at_once_are_made_one_after_the_other(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* return 0 {PANELS}")
    async with opened(t3000) as door, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(door.call, 4, {})
    assert len(t3000.calls) == 5
    assert t3000.was_asked_one_at_a_time()


async def test_octets_that_are_no_utf_8_are_counted_and_cost_nothing_else(library: Library) -> None:
    t3000 = library()
    text = b'{"action":"LOGGING_DATA_RES","data":[{"panel_id":1,"panel_name":"L\xfcftung \xb0C","device_data":[]}]}'
    t3000.play(f"* answer {t3000.put('ansi.json', text)}")
    async with opened(t3000) as door:
        answer = await door.call(15, {})
        assert (answer.repaired, len(answer.panels), bytes(answer.body)) == (2, 1, text)


async def test_what_the_library_prints_disturbs_nothing(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* chatter return 0 {PANELS}")
    async with opened(t3000) as door:
        for _ in range(3):
            assert bytes((await door.call(4, {})).body) == PANELS.encode()


async def test_only_reading_actions_reach_the_library(library: Library) -> None:
    t3000 = library()
    async with opened(t3000) as door:
        for action, request in ((3, {}), (16, {}), (4, {"action": 16})):
            with pytest.raises(ValueError, match="action: saw"):
                await door.call(action, request)
    assert t3000.calls == []


# ------------------------------------------------------------------------------------------- return codes


async def test_a_t3000_that_is_starting_is_asked_again_until_it_is_ready(library: Library) -> None:
    t3000 = library()
    t3000.play("* not_ready", "* not_ready", "* not_ready", f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        assert bytes((await door.call(4, {})).body) == PANELS.encode()
    assert len(t3000.calls) == 4


async def test_a_t3000_that_never_gets_ready_is_not_ready_and_its_worker_lives_on(library: Library) -> None:
    t3000 = library()
    t3000.play("* not_ready")
    async with opened(t3000) as door:
        for _ in range(2):
            with pytest.raises(NotReady, match="still starting: it said so 4 times"):
                await door.call(4, {})
    assert len(t3000.calls) == 8
    assert len({call.pid for call in t3000.calls}) == 1


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        ("return 5 no such panel", 5, "T3000 refused: no such panel"),
        ('return -1 {"error":"Exception in bridge"}', -1, "T3000 refused: Exception in bridge"),
        ('return 0 {"action":"LOGGING_DATA_RES","error":"Panel is offline ."}', 0, r"refused: Panel is offline \."),
        (
            'return 0 {"debug":"HandleWebViewMsg returned empty response"}',
            0,
            "refused: HandleWebViewMsg returned empty",
        ),
        ("empty", 0, "returned 0 and an empty answer"),
        ("untouched 0", 0, "returned 0 and an empty answer"),
        ("untouched -1", -1, "returned -1 and no text: the answer may not fit into the buffer of 64 kB"),
        ("answer large.json", -1, "returned -1 and no text: the answer may not fit into the buffer of 64 kB"),
        ("return 7 two\tlines\x07 " + "x" * 300, 7, "refused: two lines x{190}$"),
    ],
)
async def test_every_no_is_refused_in_the_librarys_own_words(
    library: Library, behaviour: str, code: int, said: str
) -> None:
    t3000 = library()
    t3000.put("large.json", '{"data":["' + "x" * 64_000 + '"]}')
    t3000.play(f"* {behaviour}", f"* return 0 {PANELS}")
    async with opened(t3000, buffer_bytes=64_000) as door:
        with pytest.raises(RequestRefused, match=said) as caught:
            await door.call(15, {})
        assert caught.value.code == code
        await door.call(4, {})
    assert len({call.pid for call in t3000.calls}) == 1, "a no is no reason for a new worker"


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ('return 0 {"action":"LOGGING_DATA_RES","data":[{"panel_id":1,', "cut off"),
        ("return 0 <html>no JSON</html>", "no JSON object"),
        ("return 0 [1,2]", "no JSON object"),
        ("fill", "no JSON object"),
        ("answer many.json", "20001 panels in one answer"),
    ],
)
async def test_an_answer_that_is_not_whole_is_a_bad_response_with_its_beginning(
    library: Library, behaviour: str, said: str
) -> None:
    t3000 = library()
    t3000.put("many.json", '{"action":"LOGGING_DATA_RES","data":[' + "{}," * 20_000 + "{}]}")
    t3000.play(f"* {behaviour}", f"* return 0 {PANELS}")
    async with opened(t3000, buffer_bytes=128 * 1024) as door:
        with pytest.raises(BadResponse, match=said) as caught:
            await door.call(15, {})
        assert 0 < len(caught.value.raw) <= 64
        await door.call(4, {})


# ------------------------------------------------------------------------------------ workers that must go


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("crash", "^the library crashed: SIGSEGV in action 15$"),
        (f"raise {signal.SIGABRT.value}", "^the library crashed: SIGABRT in action 15$"),
        (f"raise {signal.SIGRTMIN.value + 1}", "^the library crashed: signal 35 in action 15$"),
        (f"raise {signal.SIGKILL.value}", "SIGKILL; is the system out of memory.* in action 15$"),
        ("exit 3", "^the library ended the worker: exit status 3 in action 15$"),
        ("leave_child crash", "^the library crashed: SIGSEGV in action 15$"),
        ("garble", "^the worker said nonsense: .* in action 15$"),
    ],
)
async def test_a_worker_that_ends_or_says_nonsense_is_one_error_and_is_replaced(
    library: Library, behaviour: str, said: str
) -> None:
    t3000 = library()
    t3000.play(f"* {behaviour}", f"* return 0 {PANELS}")
    before = children()
    async with opened(t3000) as door:
        with pytest.raises(LinkDown, match=said):
            await door.call(15, {})
        assert children() <= before
        assert bytes((await door.call(4, {})).body) == PANELS.encode()
    assert len({call.pid for call in t3000.calls}) == 2


async def test_what_the_library_printed_last_is_logged_and_no_part_of_the_reason(library: Library) -> None:
    t3000 = library()
    t3000.play("* say vector subscript out of\x07 range", "* crash")
    said: list[str] = []
    async with opened(t3000, log=lambda event, **keys: said.append(str(keys.get("last_words")))) as door:
        for _ in range(2):
            with pytest.raises(LinkDown, match=r"^the library crashed: SIGSEGV in action 15$"):
                await door.call(15, {})
    assert said == ["None", "vector subscript out of range"], "loaded, printed; then neither again"


async def test_a_library_that_closes_the_workers_files_is_found_out(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    t3000 = library()
    t3000.play("* close_files", f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        with monkeypatch.context() as hurried:  # only that it does not end by itself: a killed one may take longer
            hurried.setattr(ffi_process, "REAPED_WITHIN_S", 0.05)
            with pytest.raises(LinkDown, match="closed the worker's files in action 15"):
                await door.call(15, {})
        await door.call(4, {})


async def test_a_call_that_hangs_is_ended_after_the_time_out_and_the_worker_replaced(library: Library) -> None:
    t3000 = library()
    t3000.play("* hang", f"* return 0 {PANELS}")
    before = children()
    async with opened(t3000, timeout_s=LONG_S) as door:
        await door.open()
        door._timeout_s = 0.5  # the library is loaded: only the call shall be short of time
        with pytest.raises(
            RequestTimedOut, match=r"^no answer within 0\.5 s in action 15: the worker was ended and will be replaced$"
        ):
            await door.call(15, {})
        assert children() <= before
        door._timeout_s = LONG_S
        await door.call(4, {})
    assert len({call.pid for call in t3000.calls}) == 2


async def test_while_a_call_hangs_everybody_else_goes_on(library: Library) -> None:
    t3000 = library()
    t3000.play("* hang")
    turns = 0

    async def another_device() -> None:
        nonlocal turns
        async for _ in every(0.01):
            turns += 1

    async with opened(t3000) as door, trio.open_nursery() as nursery:
        nursery.start_soon(another_device)
        nursery.start_soon(raises_link_down, door)
        await until(lambda: t3000.calls)
        was = turns
        await until(lambda: turns > was + 10)
        await door.close()
        nursery.cancel_scope.cancel()


async def raises_link_down(door: FfiDoor) -> None:
    with pytest.raises(LinkDown, match="the door was closed"):
        await door.call(15, {})


async def test_a_cancelled_call_takes_its_worker_along(library: Library) -> None:
    t3000 = library()
    t3000.play("* hang", f"* return 0 {PANELS}")
    before = children()
    async with opened(t3000) as door:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.call, 15, {})
            await until(lambda: t3000.calls)
            nursery.cancel_scope.cancel()
        assert children() <= before
        await door.call(4, {})


async def test_a_library_that_crashes_between_two_calls_is_one_error_at_the_next(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* crash_later return 0 {PANELS}", f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        await door.call(4, {})
        t3000.beside(".crash").touch()
        pid = t3000.calls[0].pid
        await until(lambda: not is_there(pid))
        with pytest.raises(LinkDown, match="crashed: SIGSEGV between two calls"):
            await door.call(4, {})
        await door.call(4, {})


async def test_what_the_library_started_ends_with_its_worker(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* leave_child return 0 {PANELS}")
    async with opened(t3000) as door:
        await door.call(4, {})
        child = int(t3000.beside(".child").read_text())
        assert is_there(child)
    await until(lambda: not is_there(child))


async def test_a_library_that_cuts_files_cannot_cut_the_buffer(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* shrink return 0 {PANELS}")
    async with opened(t3000) as door:
        assert bytes((await door.call(4, {})).body) == PANELS.encode()


async def test_twenty_kills_leave_no_process_and_no_open_file(library: Library) -> None:
    t3000 = library()
    t3000.play(*(f"* {each}" for _ in range(5) for each in ("crash", "exit 1", "hang", "garble")))
    gc.collect()
    before = children() | files()
    async with opened(t3000) as door:
        for _ in range(20):
            await door.open()
            door._timeout_s = 0.1
            with pytest.raises((LinkDown, RequestTimedOut)):
                await door.call(15, {})
            door._timeout_s = LONG_S
    assert children() | files() <= before
    assert t3000.was_asked_one_at_a_time()


async def test_a_worker_that_cannot_be_ended_has_none_started_beside_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    t3000 = library()
    t3000.play("* hang", f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        await door.open()
        with monkeypatch.context() as broken:
            broken.setattr(ffi_process, "REAPED_WITHIN_S", 0.01)
            broken.setattr(os, "killpg", lambda group, number: None)
            door._timeout_s = 0.3
            with pytest.raises(RequestTimedOut):
                await door.call(15, {})
            door._timeout_s = LONG_S
            with pytest.raises(LinkDown, match="killed and does not end"):
                await door.call(4, {})
            await until(lambda: t3000.calls)  # where the machine is slow the call comes there after it was given up
            assert len(t3000.calls) == 1
        await door.call(4, {})
    assert len(t3000.calls) == 2


# ------------------------------------------------------------------------------------------------- loading


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [("crash", "crashed: SIGSEGV while it was loaded"), ("exit 2", "exit status 2 while it was loaded")],
)
async def test_a_library_that_ends_the_worker_while_it_is_loaded_is_one_error(
    library: Library, behaviour: str, said: str
) -> None:
    t3000 = library()
    t3000.play(f"@load {behaviour}", "@load untouched 0", f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        with pytest.raises(LinkDown, match=said):
            await door.call(4, {})
        await door.call(4, {})


async def test_a_library_that_hangs_while_it_is_loaded_is_a_time_out(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffi_door, "LOADED_WITHIN_S", 0.0)
    t3000 = library()
    t3000.play("@load hang")
    async with opened(t3000, timeout_s=0.3) as door:
        with pytest.raises(RequestTimedOut, match=r"no answer within 0\.3 s while it was loaded"):
            await door.open()


async def test_what_is_no_library_is_told_in_the_loaders_own_words(library: Library, tmp_path: Path) -> None:
    t3000 = library()
    elf = bytearray(t3000.path.read_bytes())
    elf[4] = 1  # EI_CLASS: ELFCLASS32
    for name, content, said in (
        ("narrow.so", bytes(elf), "wrong ELF class: ELFCLASS32"),
        ("T3000.exe", b"MZ" + bytes(100), "invalid ELF header"),
        ("missing.so", None, "No such file or directory"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        async with opened(FakeLibrary(path)) as door:
            with pytest.raises(LinkDown, match=f"^the library cannot be used: .*{said}"):
                await door.open()


async def test_a_library_that_exports_nothing_of_use_is_told_the_names_that_were_looked_for(library: Library) -> None:
    async with opened(library("NO_CALL")) as door:
        with pytest.raises(
            LinkDown, match="neither BacnetWebView_HandleWebViewMsg nor get_input_points, get_output_points"
        ):
            await door.open()


async def test_a_load_is_logged_once_and_again_only_after_ten_minutes(library: Library) -> None:
    t3000 = library("MEMORY")
    t3000.play("* crash")
    said: list[dict[str, object]] = []
    async with opened(t3000, log=lambda event, **keys: said.append({"event": event} | keys)) as door:
        for _ in range(3):
            with pytest.raises(LinkDown):
                await door.call(4, {})
        assert [(each["event"], each["exports"], each["loads"]) for each in said] == [
            (LIBRARY_LOADED, ["calls", "memory"], 1)
        ]
        door._quiet_until_s.clear()
        await door.open()
        assert [each["loads"] for each in said] == [1, 4]


async def test_a_gateway_that_cannot_start_a_worker_says_why(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    gc.collect()
    before = files()
    async with opened(library()) as door:
        with pytest.raises(LinkDown, match=r"the worker cannot be started .*No such file"):
            await door.open()
    assert files() <= before


@pytest.mark.parametrize(
    "settings",
    [{"buffer_bytes": 63_999}, {"buffer_bytes": 1024**3 + 1}, {"timeout_s": 0.0}, {"timeout_s": float("nan")}],
)
def test_a_buffer_or_time_out_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        FfiDoor(Path("t3000.so"), log=silent, **settings)


async def test_a_buffer_costs_only_what_was_written_into_it(library: Library) -> None:
    t3000 = library()
    t3000.play("* untouched 5")
    async with opened(t3000, buffer_bytes=1024**3) as door:
        with pytest.raises(RequestRefused):
            await door.call(4, {})
        assert door._buffer is not None
        assert os.stat(door._buffer.fd).st_blocks * 512 < 1024**2


async def test_a_closed_door_opens_again_at_the_next_call(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* return 0 {PANELS}")
    gc.collect()
    before = children() | files()
    async with opened(t3000) as door:
        await door.close()
        answer = await door.call(4, {})
        await door.close()
        assert bytes(answer.body) == PANELS.encode(), "whoever still looks at an answer is not hurt"
        del answer
        assert children() | files() <= before
        await door.call(4, {})


# -------------------------------------------------------------------------------------- memory, trend logs


async def test_points_are_copied_out_of_a_librarys_memory(library: Library) -> None:
    t3000 = library("MEMORY", "NO_CALL")
    lists = {".inputs": bytes(range(46)) * 64, ".outputs": bytes(range(45)) * 64, ".variables": bytes(range(39)) * 128}
    for suffix, octets in lists.items():
        t3000.beside(suffix).write_bytes(octets)
    async with opened(t3000) as door:
        assert not door.has_memory
        assert await door.read_memory() == Memory(*lists.values())
        assert door.has_memory
        with pytest.raises(LinkDown, match="does not export BacnetWebView_HandleWebViewMsg"):
            await door.call(4, {})


async def test_a_library_without_variables_has_none_and_no_points_are_no_fault(library: Library) -> None:
    async with opened(library("MEMORY", "NO_VARIABLES")) as door:
        assert await door.read_memory() == Memory(b"", b"", None)


@pytest.mark.parametrize(
    ("behaviour", "error", "said"),
    [
        ("counts 10001 0 0", BadResponse, "get_input_count says 10001; allowed is 0 to 10000"),
        ("counts 0 4294967295 0", BadResponse, "get_output_count says 4294967295"),
        ("null 64", BadResponse, "get_input_points is null, and get_input_count says 64"),
        ("crash", LinkDown, "crashed: SIGSEGV while its memory was read"),
    ],
)
async def test_lists_that_make_no_sense_are_not_read(
    library: Library, behaviour: str, error: type[DriverError], said: str
) -> None:
    t3000 = library("MEMORY")
    t3000.play(f"@memory {behaviour}")
    async with opened(t3000) as door:
        with pytest.raises(error, match=said):
            await door.read_memory()
        t3000.play()
        assert await door.read_memory() == Memory(b"", b"", b"")


async def test_a_library_without_lists_of_points_has_no_memory(library: Library) -> None:
    async with opened(library()) as door:
        with pytest.raises(LinkDown, match="does not export its lists of points"):
            await door.read_memory()
        assert not door.has_memory


async def test_trend_logs_are_asked_by_their_own_function_and_none_without_it(library: Library) -> None:
    t3000 = library("LIST")
    text = '{"success":true,"panel_id":2,"trendlogs":[{"id":"MON1","status":"ON"}]}'
    t3000.play(
        "@list not_ready",
        f"@list answer {t3000.put('logs.json', text)}",
        "@list return -1 no monitors",
        "@list return -1",
    )
    async with opened(t3000) as door:
        answer = await door.trend_logs(2)
        assert answer is not None
        assert bytes(answer.body) == text.encode()
        for said in ("refused: no monitors", "refused: it returned -1 and no text"):
            with pytest.raises(RequestRefused, match=said):
                await door.trend_logs(2)
    assert [call.request for call in t3000.calls] == ["panel 2"] * 4
    async with opened(library()) as door:
        assert await door.trend_logs(2) is None


# ------------------------------------------------------------------------------------- the gateway's death

GATEWAY = """
import sys, trio
from pathlib import Path
from t3actors.collect.t3000.ffi_door import FfiDoor
from t3actors.events import silent

async def main():
    door = FfiDoor(Path(sys.argv[1]), log=silent)
    await door.open()
    print(door._worker.pid, flush=True)
    if sys.argv[2] == "calling":
        await door.call(15, {})
    await trio.sleep_forever()

trio.run(main)
"""


@pytest.mark.parametrize("state", ["calling", "idle"])
def test_a_worker_ends_with_a_gateway_that_is_killed(library: Library, state: str) -> None:
    t3000 = library()
    t3000.play("* hang")
    command = [sys.executable, "-c", GATEWAY, str(t3000.path), state]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        worker = int(gateway.stdout.readline())
        if state == "calling":
            blocking_until(lambda: t3000.calls)
        assert is_there(worker)
        gateway.kill()
    blocking_until(lambda: not is_there(worker))


def test_a_worker_whose_gateway_was_gone_before_it_began_ends_at_once(library: Library) -> None:
    command = [sys.executable, "-m", ffi_process.MODULE, str(library().path), "0", "0", "1"]
    ended = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONG_S
    )
    assert (ended.returncode, ended.stderr.strip()) == (1, "the gateway is gone")


async def test_a_stop_of_the_whole_service_leaves_it_to_the_gateway_to_end_the_worker(library: Library) -> None:
    t3000 = library()
    t3000.play(f"* return 0 {PANELS}")
    async with opened(t3000) as door:
        await door.call(4, {})
        os.kill(t3000.calls[0].pid, signal.SIGTERM)
        await door.call(4, {})
    assert len({call.pid for call in t3000.calls}) == 1
