"""The one clock of this package: the running trio loop's monotonic clock, which any thread may read.

Under `trio.testing.MockClock` it is the mocked time, so a year of back-off takes milliseconds. Wall time is never used:
a clock that is set must not change a restart window.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

NowS = Callable[[], float]


def loop_clock() -> NowS:
    """Return a function that reads the running loop's clock. **Thread**: call this on the trio thread, the result on any."""
    return trio.lowlevel.current_clock().current_time
