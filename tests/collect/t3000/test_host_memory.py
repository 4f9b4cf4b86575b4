"""The memory of the program that the gateway lives in: copied through its own functions, and what they do wrong costs one error."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio

from t3actors.collect.t3000 import host_memory
from t3actors.collect.t3000.door import Memory
from t3actors.collect.t3000.ffi_frames import LARGEST_COUNT
from t3actors.collect.t3000.host_memory import HostMemory, HostMemoryDoor, must_be_exported
from t3actors.errors import BadResponse, LinkDown, RequestTimedOut
from t3actors.events import silent
from tests.collect.bacnet.peer import Logged
from tests.waiting import WITHIN_S, until

INPUT, OUTPUT, VARIABLE = 46, 45, 39


class Program:
    """A program's exports: functions that C may call, and the octets they point to."""

    def __init__(self) -> None:
        self.octets: dict[str, ctypes.Array[ctypes.c_char]] = {}
        self.does: dict[str, Callable[[], int]] = {}
        self._functions: dict[str, Any] = {}
        for kind, size, count in (("input", INPUT, 3), ("output", OUTPUT, 2), ("variable", VARIABLE, 4)):
            self.octets[kind] = octets = ctypes.create_string_buffer(bytes(range(size)) * count, size * count)
            self.export(f"get_{kind}_count", ctypes.c_uint32, lambda count=count: count)  # type: ignore[misc]
            self.export(f"get_{kind}_points", ctypes.c_void_p, lambda octets=octets: ctypes.addressof(octets))  # type: ignore[misc]

    def export(self, name: str, returns: type, does: Callable[[], int]) -> None:
        self.does[name] = does
        self._functions[name] = ctypes.CFUNCTYPE(returns)(lambda: self.does[name]())  # noqa: PLW0108 - may be another by then

    def hide(self, *names: str) -> None:
        for name in names:
            del self._functions[name]

    def find(self, name: str) -> int | None:
        function = self._functions.get(name)
        return None if function is None else ctypes.cast(function, ctypes.c_void_p).value

    @property
    def memory(self) -> HostMemory:
        return HostMemory(self.find)


def door(memory: HostMemory, *, timeout_s: float = WITHIN_S, log: Any = silent) -> HostMemoryDoor:
    return HostMemoryDoor("host", timeout_s=timeout_s, log=log, memory=memory)


async def test_what_lies_there_is_copied_whole() -> None:
    program = Program()
    copied = await door(program.memory).read_memory()
    assert copied == Memory(bytes(range(INPUT)) * 3, bytes(range(OUTPUT)) * 2, bytes(range(VARIABLE)) * 4)


async def test_without_the_functions_of_variables_there_are_none() -> None:
    program = Program()
    program.hide("get_variable_count")
    copied = await door(program.memory).read_memory()
    assert (len(copied.inputs), copied.variables) == (3 * INPUT, None)


async def test_a_function_that_is_missing_is_named() -> None:
    program = Program()
    program.hide("get_output_points", "get_input_count")
    with pytest.raises(
        LinkDown, match=r"does not export get_input_count, get_output_points \(an executable .* -rdynamic\)"
    ):
        must_be_exported(program.memory)
    opened = door(program.memory)
    with pytest.raises(LinkDown, match="does not export get_input_count, get_output_points"):
        await opened.open()
    with pytest.raises(LinkDown, match="does not export get_input_count, get_output_points"):
        await opened.read_memory()


def test_this_test_program_exports_none_of_them() -> None:
    assert HostMemory().missing() == ["get_input_points", "get_input_count", "get_output_points", "get_output_count"]


@pytest.mark.parametrize(
    ("count", "fails"), [(LARGEST_COUNT, "cannot be read"), (LARGEST_COUNT + 1, "says 10001; allowed is 0 to 10000")]
)
async def test_a_count_that_cannot_be_is_refused(count: int, fails: str) -> None:
    program = Program()
    program.does["get_input_count"] = lambda: count
    program.does["get_input_points"] = lambda: 0x1000
    with pytest.raises(BadResponse, match=fails):
        await door(program.memory).read_memory()


@pytest.mark.parametrize("address", [1, 0x1234567000, 2**47, 2**63, 2**64 - 1])
async def test_a_pointer_into_nowhere_is_an_error_and_no_crash(address: int) -> None:
    program = Program()
    program.does["get_output_points"] = lambda: address
    with pytest.raises(BadResponse, match=rf"get_output_points points to {address:#x}, which cannot be read"):
        await door(program.memory).read_memory()


async def test_null_is_an_error_with_points_and_none_without() -> None:
    program = Program()
    program.does["get_input_points"] = lambda: 0
    with pytest.raises(BadResponse, match="get_input_points is null, and get_input_count says 3"):
        await door(program.memory).read_memory()
    program.does["get_input_count"] = lambda: 0
    assert (await door(program.memory).read_memory()).inputs == b""


async def test_what_changes_while_it_is_copied_is_copied_again(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = iter([b"a" * 138, b"ab" * 69, b"ab" * 69])
    copied = host_memory._copied
    monkeypatch.setattr(
        host_memory,
        "_copied",
        lambda name, *where: next(copies) if name == "get_input_points" else copied(name, *where),
    )
    assert (await door(Program().memory).read_memory()).inputs == b"ab" * 69
    numbers = iter(range(1000))
    monkeypatch.setattr(host_memory, "_copied", lambda *_: b"%d" % next(numbers))
    with pytest.raises(BadResponse, match="get_input_points: what it points to changes without rest"):
        await door(Program().memory).read_memory()


async def test_a_function_that_does_not_return_is_told_once_and_never_called_beside_itself() -> None:
    program, log, gate, calls = Program(), Logged(), threading.Event(), list[int]()

    def hang() -> int:
        calls.append(threading.get_ident())
        gate.wait()
        return 2

    program.does["get_output_count"] = hang
    memory = program.memory
    reading = door(memory, timeout_s=1.0, log=log)  # its thread must have come to that function by then
    try:
        with pytest.raises(RequestTimedOut, match=r"get_output_count did not return within 1 s"):
            await reading.read_memory()
        for again in (reading, door(memory, timeout_s=0.05, log=log)):
            with pytest.raises(
                LinkDown, match="get_output_count of this program has not returned from an earlier call"
            ):
                await again.read_memory()
        assert len(calls) == 1
        assert [line["call"] for line in log.named("host.memory_silent")] == ["get_output_count"]
    finally:
        gate.set()
    await until(lambda: memory.inside == "")
    assert len((await door(memory).read_memory()).outputs) == 2 * OUTPUT


async def test_who_is_cancelled_meanwhile_leaves_the_thread_to_itself() -> None:
    program, gate = Program(), threading.Event()
    program.does["get_input_count"] = lambda: gate.wait() and 3
    memory = program.memory
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door(memory).read_memory)
        await until(lambda: memory.inside == "get_input_count")
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    gate.set()
    await until(lambda: memory.inside == "")
    assert len((await door(memory).read_memory()).inputs) == 3 * INPUT


async def test_nothing_else_can_be_asked() -> None:
    memory = door(Program().memory)
    with pytest.raises(LinkDown, match="action 15 cannot be asked here"):
        await memory.call(15, {})
    assert await memory.trend_logs(1) is None
    await memory.close()
