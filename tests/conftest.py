"""Runs `async def` tests under trio; a test that asks for a mock clock is run on it.

Property tests have no deadline and may be slow to make examples, for no test asserts a time. They try the same 25 examples each
time, so that what fails was caused by what was changed: HYPOTHESIS_EXAMPLES=1000, for a long evening, tries so many others.

Half of the tests' time is waiting: `-n auto` means two workers for a core. No test depends on another, so any worker may run any.
"""

from __future__ import annotations

import functools
import inspect
import os

import pytest
import trio
from hypothesis import HealthCheck, settings
from trio.testing import MockClock

from tests import tools

settings.register_profile(
    "suite",
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "25")),
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.fixture
def autojump_clock() -> MockClock:
    """A clock that jumps to the next deadline whenever every task waits."""
    return MockClock(autojump_threshold=0)


@pytest.fixture
def mock_clock() -> MockClock:
    """A clock that moves only when the test moves it (`mock_clock.jump(seconds)`)."""
    return MockClock()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers `-n auto` is."""
    return 2 * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that at the end nobody waits for one that was begun last."""
    items.sort(key=lambda item: item.get_closest_marker("takes_long") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool is not on this machine, or fail it where tools are required (tools.py)."""
    if absent := tools.missing(mark.name for mark in item.iter_markers()):
        reason = f"{absent} is not on this machine"
        if tools.REQUIRED:
            pytest.fail(f"{reason}, and T3ACTORS_REQUIRE_TOOLS=1", pytrace=False)
        pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test function to its end with trio."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted if name in pyfuncitem.funcargs}
    clock = next((value for value in arguments.values() if isinstance(value, MockClock)), None)
    trio.run(functools.partial(pyfuncitem.obj, **arguments), clock=clock)
    return True
