"""Runs a gateway in the foreground: signals stop it in order, an error leaves it alone and unwrapped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable

import trio

from supervision.exits import true_cause
from t3actors.cli.exits import Exit
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_CUT_SHORT, GATEWAY_FAILED
from t3actors.pipeline import Gateway

SAME_WITHIN_S = 1.0


def run_to_end(main: Callable[[], Awaitable[int]], log: Log) -> int:
    """Run `main` under trio and return its exit code.

    A second signal cuts the end short: exit code 1.

    Raises: the one error that ended it, without the groups that nurseries put around it; it is logged first.
    """
    try:
        return trio.run(main)
    except BaseException as error:  # noqa: BLE001 - the end of the program becomes an event
        cause = true_cause(error)
        if isinstance(cause, KeyboardInterrupt):
            log(GATEWAY_CUT_SHORT)
            return Exit.FAILED
        log(GATEWAY_FAILED, reason=str(cause) or repr(cause))
        raise cause from None


async def stop_on_signal(gateway: Gateway, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Ctrl-C and SIGTERM stop the gateway in order; a second one, later than SAME_WITHIN_S, does not wait for it any longer.

    `timeout`, and a terminal's script, send one to the process and one to its group: that is asked once.

    SIGHUP has a gateway that was started from a file read it anew. On a terminal it means that the terminal is gone: it stops.
    """
    reloads = gateway.reload.is_possible and not sys.stdout.isatty()  # asked now: one that is gone is none any more
    asked_s: float | None = None
    try:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP and reloads:
                    gateway.reload.ask_soon("SIGHUP")
                    continue
                if asked_s is not None:
                    if trio.current_time() - asked_s < SAME_WITHIN_S:
                        continue
                    raise KeyboardInterrupt
                asked_s = trio.current_time()
                gateway.stop(signal.Signals(number).name)
    except trio.Cancelled:  # the stop is over; a signal that comes while the process ends asks for nothing more
        if asked_s is not None:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        raise
