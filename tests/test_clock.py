"""The kernel is asked, and its answer is believed."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from t3actors import clock


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    clock.kernels_word.cache_clear()
    yield
    clock.kernels_word.cache_clear()


def library(state: int, status: int) -> object:
    def adjtimex(timex: ctypes.Array[ctypes.c_char]) -> int:
        assert timex.raw[:4] == b"\0\0\0\0", "modes other than 0 would set the clock"
        ctypes.c_int.from_buffer(timex, clock.STATUS_AT).value = status
        return state

    return SimpleNamespace(adjtimex=adjtimex)


class Timex(ctypes.Structure):
    """The beginning of struct timex (linux/timex.h), laid out as this machine lays it out."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
    )


def test_the_status_is_read_where_this_machine_has_it_be_it_of_32_or_64_bits() -> None:
    assert Timex.status.offset == clock.STATUS_AT


@pytest.mark.parametrize(
    ("state", "status", "trusted"),
    [(0, 0x2001, True), (1, 0x2001, True), (5, 0x2001, False), (0, 0x0040, False), (5, 0x0040, False), (-1, 0, False)],
)
def test_the_clock_is_trusted_when_the_kernel_calls_it_synchronised(
    monkeypatch: pytest.MonkeyPatch, state: int, status: int, trusted: bool
) -> None:
    monkeypatch.setattr(clock.ctypes, "CDLL", lambda _name: library(state, status))
    assert clock.is_trusted() is trusted


def test_a_machine_without_that_call_has_no_trusted_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock.ctypes, "CDLL", lambda _name: SimpleNamespace())
    assert clock.is_trusted() is False


def test_the_real_kernel_answers_without_being_changed() -> None:
    before = clock.wall_ms()
    assert clock.is_trusted() in {True, False}
    assert 0 <= clock.wall_ms() - before < 60_000


def test_the_kernel_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that unloads the gateway holds the dynamic linker's lock while its last thread asks for the time."""
    clock.is_trusted()
    monkeypatch.setattr(clock.ctypes, "CDLL", None)
    assert clock.is_trusted() in {True, False}
