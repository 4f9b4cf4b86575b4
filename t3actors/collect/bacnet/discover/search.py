"""Carries sweeps out on the link: `ask_around`, which discovery shares; and `Search`, one search for the command line."""

from __future__ import annotations

from collections.abc import Callable

import trio

from supervision.actor import TrioActor
from supervision.errors import NobodyThere
from supervision.registry import Registry
from t3actors.collect.bacnet.discover.sightings import Found, Sightings
from t3actors.collect.bacnet.discover.sweeps import Sweeps
from t3actors.collect.bacnet.link.requests import LINK, DevicesSeen, LinkCounts, LinkCountsRequested, WhoIs, ask_link
from t3actors.errors import DriverError, LinkDown
from t3actors.stations import Station

IN_VAIN_FOR_S = 10.0  # longer than a registration with a BBMD takes to fail


async def ask_around(
    sweeps: Sweeps,
    registry: Registry,
    now_s: Callable[[], float],
    told: Callable[[DriverError | None, float], object],
    swept: Callable[[], object],
) -> None:
    """Ask what the sweeps say, for ever. `told` hears after each question why it could not be sent, or None, and for how many
    seconds it has been in vain; `swept` is called at the end of each sweep. Never raises."""
    dropped: int | None = None
    in_vain_since_s: float | None = None
    done = sweeps.sweeps_done
    while True:
        question = sweeps.next(now_s())
        if sweeps.sweeps_done != done:
            done = sweeps.sweeps_done
            swept()
        if question is None:
            await trio.sleep(max(0.001, sweeps.wake_at_s - now_s()))
            continue
        try:
            await ask_link(registry, WhoIs(low=question.low, high=question.high, destination=question.destination))
        except DriverError as error:
            failed_s = now_s()
            in_vain_since_s = failed_s if in_vain_since_s is None else in_vain_since_s
            sweeps.failed(failed_s)
            told(error, failed_s - in_vain_since_s)
            continue
        in_vain_since_s = None
        sweeps.sent(now_s())
        told(None, 0.0)
        before, dropped = dropped, await _dropped(registry)
        if before is not None and dropped is not None and dropped > before:
            sweeps.dropped()


async def _dropped(registry: Registry) -> int | None:
    """Give how many frames the link has dropped because they came too fast; None when it is not there."""
    try:
        counts: LinkCounts = await registry.ask(LINK, LinkCountsRequested())
    except NobodyThere:
        return None
    return counts.dropped_datagrams + counts.heard_dropped


class Search(TrioActor):
    """Role "discovery" while somebody searches by hand: three sweeps, and what came of them."""

    def __init__(self, sweeps: Callable[[float], Sweeps], rounds: int, wait_s: float) -> None:
        """`sweeps` is called with the time at which the search begins; `wait_s`: how long the last answer may take."""
        super().__init__()
        self.sightings = Sightings()
        self.finished = trio.Event()
        self.failure: BaseException | None = None
        """Why nobody could be asked, or what ended it."""
        self._all_asked = trio.Event()
        self._make_sweeps = sweeps
        self._rounds = rounds
        self._wait_s = wait_s
        self._sweeps: Sweeps | None = None

    @property
    def asked(self) -> int:
        """Questions sent."""
        return 0 if self._sweeps is None else self._sweeps.asked

    def on_start(self) -> None:
        """Begin at once."""
        self._sweeps = self._make_sweeps(self.now_s())
        self.spawn(ask_around, self._sweeps, self.registry, self.now_s, self._told, self._swept)
        self.spawn(self._finish, self._sweeps)

    def on_failure(self, exception_type: object, exception_value: BaseException, traceback: object) -> None:  # noqa: ARG002
        """Leave nobody waiting."""
        self.failure = exception_value
        self.finished.set()

    def on_receive(self, message: object) -> None:
        """Take what was heard."""
        if not isinstance(message, DevicesSeen) or self._sweeps is None:
            raise TypeError(f"Search: saw a {type(message).__name__}, allowed is DevicesSeen")
        for seen in message.devices:
            is_new = any(isinstance(one, Found) for one in self.sightings.take(seen, self.now_s()))
            self._sweeps.heard(Station(seen.network, seen.mac), seen.instance, is_new=is_new)
        if message.dropped:
            self._sweeps.dropped()

    def _told(self, error: DriverError | None, in_vain_s: float) -> None:
        if error is not None and (in_vain_s >= IN_VAIN_FOR_S or not isinstance(error, LinkDown)):
            self.failure = error
            self.finished.set()

    def _swept(self) -> None:
        if self._sweeps is not None and self._sweeps.sweeps_done >= self._rounds:
            self._all_asked.set()

    async def _finish(self, sweeps: Sweeps) -> None:
        await self._all_asked.wait()
        await trio.sleep(max(0.0, sweeps.last_sent_s + self._wait_s - self.now_s()))
        self.finished.set()
