"""Gets wanted properties of one device through the link: how much to a request, what a refusal means, what a silence means.

`limits` say how much one request may hold, and learn from each answer; what a refused request held is asked for again in the same
poll, in smaller requests or one by one, until each property has its value or its own reason. One that spoiled the answer of
others is asked for alone from then on, and a request that was refused in two polls running is two requests from then on.

A request without an answer: the first of a poll says that the device does not answer; after others were answered, one may be
missing, the second ends the poll. After a poll whose first request went unanswered the next begins with another, so that a device
that is silent about one property is still read; a device that answers when it is met but not when it is asked for much, twice over,
is asked for less. Where every answer is nonsense, the device does not answer either. A request that our own queue never sent says
nothing of the device: nothing is learned of it. In the background the round is then gone on with when the same is asked for again, so
that a line in which each request stands for long is got through at last.
"""

from __future__ import annotations

from collections.abc import Callable

from supervision.registry import Registry
from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject, denial_of, words
from t3actors.collect.bacnet.codec.properties import OBJECT_IDENTIFIER
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import DEVICE, Constructed
from t3actors.collect.bacnet.limits import (
    Limits,
    Next,
    Told,
    exonerated,
    first,
    grown,
    had_worked,
    proven,
    refused,
    remeasured,
    resume,
    too_large,
)
from t3actors.collect.bacnet.link.requests import BACKGROUND_PATIENCE_S, ReadMultiple, ReadProperty, ask_link
from t3actors.collect.bacnet.planning import (
    Key,
    Planned,
    Request,
    answer_octets,
    halves,
    one_by_one,
)
from t3actors.collect.bacnet.rounds import Asked, Gathered, Round, unusable
from t3actors.collect.bacnet.sizes import Seen, Want
from t3actors.config import DeviceConfig
from t3actors.errors import BadResponse, NotSent, RequestRefused, RequestTimedOut

PATIENCE_S = 60.0  # in line; less than a device actor may go without progress
OTHER = 0  # abort reason
SILENCES_BEARABLE = 2  # requests in a row of polls that a device, though it was met, left unanswered
SHRINKS_A_POLL = 5  # each costs a time-out
REFUSALS_BEARABLE = 2  # of requests in a row, before any is answered; then it is asked whether it answers anything
NONSENSE_BEARABLE = 3  # answers in a row that make no sense, before any that did


class Asking:
    """One device's side of the link. `silences` is to be set to 0 once a whole poll was answered. Thread: the trio loop."""

    def __init__(
        self, config: DeviceConfig, registry: Registry, today_s: Callable[[], float], alive: Callable[[], None]
    ) -> None:
        self.limits: Limits = first(Told())
        self.in_background = False
        """Let others on the same line go first, and do not insist: nobody waits for it."""
        self._config = config
        self._registry = registry
        self._today_s = today_s
        self._alive = alive
        self._begin_with = 0
        self.silences = 0
        self._spoilers: frozenset[Key] = frozenset()
        self._seen = Seen()
        self._too_large: Planned | None = None
        self._left_off: tuple[tuple[Want, ...], Round] | None = None
        """In the background, at a request that was not sent: what was asked for, and how far it came."""

    def told(self, told: Told) -> None:
        """Take up what the device says it bears; what was learned of it stands, unless it says something else by now."""
        self.limits = resume(self.limits, told)
        self._spoilers = frozenset()
        self._left_off = None

    async def gather(self, asked: Asked, retries: int | None = None) -> Gathered:
        """Get these properties. **Raises**: LinkDown, RequestTimedOut, BadResponse when the device does not answer; NotSent."""
        self.limits = grown(self.limits, now_ms=self._now_ms())
        round_ = self._round_of(asked)
        try:
            return await self._go_on(asked, round_, self._retries(retries))
        except NotSent:
            if self.in_background:
                self._left_off = asked.wants, round_
            raise

    async def _go_on(self, asked: Asked, round_: Round, retries: int) -> Gathered:
        before = self.limits, self._spoilers
        while round_.work:
            if round_.refusals == REFUSALS_BEARABLE and await self._refuses_everything():
                round_.give_up()
                self.limits, self._spoilers = before
                return round_.gathered
            request = round_.work.popleft()
            try:
                results, octets = await self._ask_in(round_, request, retries)
            except RequestRefused as error:
                round_.answered = True
                denial = denial_of(error)
                reason = str(error) if denial is None else words(denial)
                round_.is_refused(reason, had_worked(before[0], request.planned))
                self._refused(round_, request, error)
            except BadResponse as error:
                round_.nonsense.append(error)
                if not round_.answered and len(round_.nonsense) >= NONSENSE_BEARABLE:
                    raise round_.nonsense[0] from None
                self._refused(round_, request, error)
            except RequestTimedOut as error:
                if self._silent_about_much(round_, request):
                    continue
                if not round_.answered or round_.missing:
                    raise
                round_.missing = True
                round_.fail(request, str(error))
            else:
                round_.take(request, results, self._today_s())
                self._proven(round_, request, octets, results)
                self._suspect(round_, request, [answer for *_, answer in results])
        if round_.halved or asked.has_refused:
            self._judge(round_, asked)
        if round_.nonsense and not round_.answered:
            raise round_.nonsense[0]
        return round_.gathered

    def _round_of(self, asked: Asked) -> Round:
        if self.in_background and self._left_off is not None:
            (wants, round_), self._left_off = self._left_off, None
            if wants == asked.wants:
                round_.plan_again((), self.limits.room)  # polls have learned more of it since
                return round_
        return Round(asked.requests(self.limits.room, self._spoilers, self._seen), self._begin_with, self._seen)

    async def read_one(
        self, object_type: int, instance: int, which: int, index: int | None = None, *, retries: int | None = None
    ) -> Answer:
        """Ask for one property alone; an error is an answer. **Raises**: DriverError, RequestRefused for an abort or reject."""
        asked = ReadProperty(
            address=self._config.address,
            object_type=object_type,
            object_instance=instance,
            property_id=which,
            index=index,
            timeout_s=self._config.timeout_s,
            retries=self._retries(retries),
            patience_s=self._patience_s,
            background=self.in_background,
        )
        try:
            read = await ask_link(self._registry, asked)
        except RequestRefused as error:
            denial = denial_of(error)
            if isinstance(denial, PropertyError):
                return denial
            raise
        finally:
            self._alive()
        value: Answer = Constructed(read.octets) if isinstance(read.value, list | dict) else read.value
        return value

    @property
    def where(self) -> str:
        """Whom the reasons are about."""
        return f"{self._config.address} device {self._config.instance}"

    @property
    def _patience_s(self) -> float:
        return BACKGROUND_PATIENCE_S if self.in_background else PATIENCE_S

    def _retries(self, wished: int | None) -> int:
        if wished is not None:
            return wished
        return min(1, self._config.retries) if self.in_background else self._config.retries

    async def _ask(self, request: Request, retries: int) -> tuple[list[Result], int]:
        """Give the results, and how many octets they took; 0 for a ReadProperty."""
        if request.planned.alone:
            key = request.keys[0]
            object_type, instance, which, index = key
            answer = await self.read_one(object_type, instance, which, index, retries=retries)
            return [(*key, answer)], 0
        asked = ReadMultiple(
            address=self._config.address,
            service_data=request.service_data,
            timeout_s=self._config.timeout_s,
            retries=retries,
            patience_s=self._patience_s,
            background=self.in_background,
        )
        try:
            octets: bytes = await ask_link(self._registry, asked)
        finally:
            self._alive()
        fitting = list(request.answers.fitting(octets))
        if not fitting:
            raise BadResponse(f"{self.where}: the answer is about other properties than were asked for", raw=octets)
        return fitting, len(octets)

    async def _ask_in(self, round_: Round, request: Request, retries: int) -> tuple[list[Result], int]:
        try:
            return await self._ask(request, retries)
        except NotSent:
            round_.work.appendleft(request)
            raise

    def _proven(self, round_: Round, request: Request, octets: int, results: list[Result]) -> None:
        before = self.limits
        self.limits = proven(before, request.planned, octets, now_ms=self._now_ms())
        if not before.probes or before.settled:
            return  # nothing is searched for
        if octets != request.planned.answer_octets and not request.planned.alone:
            self._seen.learn(results)
            self._remeasure()
        if self.limits.room != before.room:
            round_.plan_again((), self.limits.room)

    def _remeasure(self) -> None:
        """Correct how long the answer would have been that was refused last, now that more is known of such answers."""
        large = self._too_large
        if large is None or large.answer_octets != self.limits.octets.bad:
            return
        self.limits = remeasured(self.limits, answer_octets(self._seen.fitted(large.wants)))
        self._too_large = large._replace(answer_octets=self.limits.octets.bad or 0)

    async def _refuses_everything(self) -> bool:
        """Ask the simplest question there is: a device that has worked and refuses this too says nothing of what it bears."""
        try:
            answer = await self.read_one(DEVICE, self._config.instance or 0, OBJECT_IDENTIFIER, retries=0)
        except RequestRefused:
            return True
        return isinstance(answer, PropertyError)

    def _refused(self, round_: Round, request: Request, error: RequestRefused | BadResponse) -> None:
        denial = denial_of(error) if isinstance(error, RequestRefused) else None
        before = self.limits
        self.limits, then = refused(before, request.planned, denial, now_ms=self._now_ms())
        is_denied = then is Next.PLAN_AGAIN and not self.limits.read_multiple
        if isinstance(denial, PropertyError) and not is_denied and round_.unblamed is None:
            round_.unblamed = before
        match then:
            case Next.PLAN_AGAIN:
                self._too_large = request.planned
                if isinstance(denial, PropertyError) and self.limits.spent:
                    round_.suspects.update(dict.fromkeys(request.keys, denial))  # or is it one of them, however few?
                round_.plan_again(request.planned.wants, self.limits.room)
            case Next.HALVE:
                round_.halved.append((request, denial))
                round_.instead(halves(request.planned))
            case Next.ONE_BY_ONE:
                round_.suspects.update(dict.fromkeys(request.keys, denial))
                if len(request.keys) == 1 and before.count.good:
                    self._spoilers |= {request.keys[0]}
                round_.instead(one_by_one(request.planned.wants))
            case Next.LATER if round_.put_off(request):
                pass
            case _:
                round_.fail(request, str(error) if denial is None else words(denial))
                self._suspect(round_, request, [denial])

    def _silent_about_much(self, round_: Round, request: Request) -> bool:
        """Plan smaller requests for a device that throws away without a word what is too large for it."""
        if not round_.answered:
            self._begin_with += 1
        self.silences += 1
        if self.silences <= SILENCES_BEARABLE or len(request.keys) < 2 or round_.shrunk >= SHRINKS_A_POLL:
            return False
        round_.shrunk += 1
        self.limits, then = refused(self.limits, request.planned, Abort(OTHER), now_ms=self._now_ms())
        if then is Next.PLAN_AGAIN:
            self._too_large = request.planned
            round_.plan_again(request.planned.wants, self.limits.room)
        else:
            round_.instead(halves(request.planned))
        return True

    def _suspect(self, round_: Round, request: Request, answers: list[Answer | Denial | None]) -> None:
        """Note a property that spoiled the answer of the others: from now on it is asked for alone.

        Where it says alone what was said to all of them, size is not to blame.
        """
        if not request.planned.alone or request.keys[0] not in round_.suspects:
            return
        if not self.limits.read_multiple and round_.unblamed is None:
            return
        if any(isinstance(answer, Abort | Reject) or answer is None or unusable(answer) for answer in answers):
            self._spoilers |= {request.keys[0]}
            if round_.unblamed is not None and round_.suspects[request.keys[0]] in (None, *answers):
                self.limits, round_.unblamed = exonerated(self.limits, round_.unblamed), None
                round_.plan_again((), self.limits.room)

    def _judge(self, round_: Round, asked: Asked) -> None:
        """Say which requests, of a size that had worked, were refused for their size: those that no single property spoiled."""
        sized = [(each, denial) for each, denial in round_.halved if self._spoilers.isdisjoint(each.keys)]
        if errors := [(each, denial) for each, denial in sized if isinstance(denial, PropertyError)]:
            request, denial = errors[-1]
            self.limits, _ = too_large(self.limits, request.planned, denial, now_ms=self._now_ms())
        asked.halved(each for each, _ in sized)

    def _now_ms(self) -> int:
        return int(self._today_s() * 1000)
