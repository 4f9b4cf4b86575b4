"""Runs a gateway in the foreground: signals stop it in order, an error leaves it alone and unwrapped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable

import trio

from supervision.exits import true_cause
from t3actors.events import Log
from t3actors.events.gateway import GATEWAY_FAILED
from t3actors.pipeline import Gateway


def run_to_end(main: Callable[[], Awaitable[int]], log: Log) -> int:
    """Run `main` under trio and return its exit code.

    Raises: the one error that ended it, without the groups that nurseries put around it; it is logged first.
    """
    try:
        return trio.run(main)
    except BaseException as error:  # noqa: BLE001 - the end of the program becomes an event
        cause = true_cause(error)
        log(GATEWAY_FAILED, reason=str(cause) or repr(cause))
        raise cause from None


async def stop_on_signal(gateway: Gateway, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Ctrl-C and SIGTERM stop the gateway in order; a second one does not wait for it any longer.

    SIGHUP has a gateway that was started from a file read it anew. On a terminal it means that the terminal is gone: it stops.
    """
    reloads = gateway.reload.is_possible and not sys.stdout.isatty()  # asked now: one that is gone is none any more
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        asked = False
        async for number in signals:
            if number == signal.SIGHUP and reloads:
                gateway.reload.ask_soon("SIGHUP")
                continue
            if asked:
                raise KeyboardInterrupt
            asked = True
            gateway.stop(signal.Signals(number).name)
