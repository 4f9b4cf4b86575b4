"""What a device truly bears, in octets of its real answers, is found while it is described and polled, in a few requests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from itertools import groupby, product
from typing import Any, NamedTuple

import pytest

from supervision.registry import Registry
from t3actors.collect.bacnet.asking import PATIENCE_S, SILENCES_BEARABLE, Asking
from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Bits, Enumerated, ObjectId
from t3actors.collect.bacnet.limits import MAX_APDU, MAX_PROBES, MAX_REFUSALS, Told
from t3actors.collect.bacnet.link.requests import BACKGROUND_PATIENCE_S, ReadMultiple, ReadProperty
from t3actors.collect.bacnet.planning import Key, Request
from t3actors.collect.bacnet.rounds import Asked, Gathered
from t3actors.collect.bacnet.sizes import ANSWER_HEADER, OBJECT, Seen, Want, want
from t3actors.config import DeviceConfig
from t3actors.errors import NotSent, RequestRefused, RequestTimedOut

CONFIG = DeviceConfig(name="c", protocol="bacnet", address="10.0.0.1", instance=1)
POINTS = 80
AT_ONCE = 5
DESCRIBED = (77, 28, 117, 22)  # name, description, units, COV increment
RESOURCES, UNKNOWN_PROPERTY, OPERATIONAL = PropertyError(3, 0), PropertyError(2, 32), PropertyError(0, 25)
SILENCE = None
SAYS_1476 = Told(1476)


class Texts(NamedTuple):
    """How long a device's names and descriptions are: from, to."""

    name: tuple[int, int]
    description: tuple[int, int]


SHORT, USUAL, LONG = Texts((3, 9), (0, 0)), Texts((8, 30), (0, 60)), Texts((40, 70), (60, 110))


class Device:
    """Answers as long as the answer is within what it bears. `how` it says that it is not: a denial, or silence."""

    def __init__(
        self,
        bears: int = MAX_APDU,
        how: Denial | None = RESOURCES,
        *,
        texts: Texts = USUAL,
        most: int | None = None,
        spoilers: frozenset[Key] = frozenset(),
    ) -> None:
        self.bears, self.how, self.texts, self.most, self.spoilers = bears, how, texts, most, spoilers
        self.never_together: frozenset[Key] = frozenset({(-1, -1, -1, None)})
        self.refused = self.asked = self.alone = 0

    def answers(self, request: Request) -> tuple[list[Result], int]:
        """**Raises**: RequestRefused, RequestTimedOut."""
        wants = request.planned.wants
        if request.planned.alone:
            self.alone += 1
            return [(*key, OPERATIONAL if key in self.spoilers else self.answer(key)) for key in request.keys], 0
        self.asked += 1
        octets = self.octets(wants)
        too_many = self.most is not None and len(wants) > self.most
        if too_many or octets + ANSWER_HEADER > self.bears or self.never_together <= request.wanted:
            self.refused += 1
            raise refusal(self.how)
        if self.spoilers & request.wanted:
            self.refused += 1
            raise refusal(OPERATIONAL)
        return [(*key, self.answer(key)) for key in request.keys], octets

    def octets(self, wants: tuple[Want, ...]) -> int:
        objects = sum(1 for _ in groupby(wants, key=lambda each: each.owner))
        return objects * OBJECT + sum(each.request_octets + 2 + value_octets(self.answer(each[:4])) for each in wants)

    def answer(self, key: Key) -> Answer:
        _, instance, which, _ = key
        if which in (77, 28):
            least, most = self.texts.name if which == 77 else self.texts.description
            return "x" * (least + instance * 7919 % (most - least + 1))
        others: dict[int, Answer] = {85: 20.5, 111: Bits(0, 4), 117: Enumerated(62)}
        return others.get(which, UNKNOWN_PROPERTY)

    def largest(self, wants: Sequence[Want]) -> int:
        """How many of these it answers at once, counted from the first."""
        most = len(wants) if self.most is None else min(self.most, len(wants))
        too_many = (
            count for count in range(1, most + 1) if self.octets(tuple(wants[:count])) + ANSWER_HEADER > self.bears
        )
        return max(1, next(too_many, most + 1) - 1)


def value_octets(answer: Answer) -> int:
    match answer:
        case str():
            return len(answer) + 1 + (1 if len(answer) < 4 else 2)
        case PropertyError():
            return 4
        case Bits():
            return 3
        case _:
            return 5 if isinstance(answer, float) else 2


def refusal(denial: Denial | None) -> Exception:
    if denial is None:
        return RequestTimedOut("no answer")
    if isinstance(denial, PropertyError):
        return RequestRefused("no", code=denial.error_code, kind="error", error_class=denial.error_class)
    return RequestRefused("no", code=denial.reason, kind="abort" if isinstance(denial, Abort) else "reject")


class Modelled(Asking):
    """An Asking whose device is a model at hand."""

    def __init__(self, device: Device, told: Told) -> None:
        super().__init__(CONFIG, Registry(), lambda: 0.0, lambda: None)
        self.device = device
        self.refused_in_search = 0
        self.told(told)

    async def _ask(self, request: Request, retries: int) -> tuple[list[Result], int]:
        before = self.device.refused
        try:
            return self.device.answers(request)
        finally:
            is_searching = self.limits.octets.bad is None or not self.limits.settled
            self.refused_in_search += (self.device.refused - before) * is_searching

    async def read_one(
        self, object_type: int, instance: int, which: int, index: int | None = None, *, retries: int | None = None
    ) -> ObjectId:
        """The model says who it is: it refuses only what it refuses."""
        assert (object_type, which, index, retries) == (8, 75, None, 0)
        return ObjectId(object_type, instance)

    def gathered(self, asked: Asked) -> Gathered:
        """Get it, at the latest when the device has been silent a few times."""
        for _ in range(SILENCES_BEARABLE):
            try:
                return done(self.gather(asked))
            except RequestTimedOut:
                continue
        return done(self.gather(asked))


def done(gathering: Coroutine[Any, Any, Gathered]) -> Gathered:
    """Run what waits for nobody."""
    try:
        gathering.send(None)
    except StopIteration as over:
        gathered: Gathered = over.value
        return gathered
    raise AssertionError("it waited")


class Use:
    """Describes a device, then polls it, as the driver does."""

    def __init__(self, device: Device, told: Told = SAYS_1476) -> None:
        self.device, self.asking = device, Modelled(device, told)
        self.polled = Asked(want(0, instance, which) for instance in range(1, POINTS + 1) for which in (85, 111))

    def describe(self) -> None:
        for begin in range(1, POINTS + 1, AT_ONCE):
            part = range(begin, begin + AT_ONCE)
            gathered = self.asking.gathered(Asked(want(0, each, which) for each in part for which in DESCRIBED))
            assert len(gathered.results) == AT_ONCE * len(DESCRIBED)

    def poll(self) -> dict[Key, Answer]:
        gathered = self.asking.gathered(self.polled)
        assert not gathered.failures
        self.asking.silences = 0
        return {result[:4]: result[4] for result in gathered.results}

    def polled_somehow(self) -> None:
        """Poll a device that may leave some of it unanswered."""
        if not self.asking.gathered(self.polled).failures:
            self.asking.silences = 0

    def refused_by(self, poll: Callable[[], object]) -> int:
        before = self.device.refused
        poll()
        return self.device.refused - before

    @property
    def at_once(self) -> int:
        """The most properties that a poll asks for in one request."""
        asking = self.asking
        return max(len(each.keys) for each in self.polled.requests(asking.limits.room, asking._spoilers, asking._seen))

    def is_settled_near_the_truth(self) -> bool:
        limits, largest = self.asking.limits, self.device.largest(self.polled.wants)
        return limits.settled and limits.probes <= MAX_PROBES and self.at_once + 1 >= 0.8 * largest


BORNE = (700, 480, 206, 128, 50)
WAYS = (Abort(4), Abort(1), Abort(9), Abort(0), Reject(7), Reject(1), RESOURCES)
FITTING = [
    (bears, texts)
    for bears, texts in product(BORNE, (SHORT, USUAL, LONG))
    if bears
    > 2 * (texts.name[1] + texts.description[1])  # what not even one property's answer fits into cannot be read
]


@pytest.mark.parametrize(("bears", "texts", "how"), [(*each, how) for each, how in product(FITTING, WAYS)], ids=str)
def test_a_device_that_bears_less_than_it_says_is_known_in_six_probes(bears: int, texts: Texts, how: Denial) -> None:
    use = Use(Device(bears, how, texts=texts))
    use.describe()
    for _ in range(2):
        assert len(use.poll()) == 2 * POINTS
    assert use.asking.refused_in_search <= MAX_PROBES
    assert use.is_settled_near_the_truth()
    limits = use.asking.limits
    for _ in range(2):
        assert use.refused_by(use.poll) == 0
    assert use.asking.limits == limits


@pytest.mark.parametrize(("bears", "texts"), FITTING, ids=str)
def test_a_device_that_is_silent_about_what_is_too_large_is_known_in_six_probes(bears: int, texts: Texts) -> None:
    use = Use(Device(bears, SILENCE, texts=texts))
    use.describe()
    for _ in range(SILENCES_BEARABLE + 2):
        use.polled_somehow()
    assert use.asking.refused_in_search <= MAX_PROBES + SILENCES_BEARABLE  # which are not taken for a matter of size
    assert use.is_settled_near_the_truth()
    assert use.refused_by(use.poll) == 0


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize("says", [480, 206, 128, 50])
def test_a_device_that_lies_about_segmentation_is_known_in_six_probes(says: int, how: Denial) -> None:
    use, truthful = (
        Use(Device(says, how, texts=SHORT), Told(says, transmits_segments=True)),
        Use(Device(says), Told(says)),
    )
    use.describe()
    for _ in range(2):
        assert len(use.poll()) == 2 * POINTS
    assert use.asking.refused_in_search <= MAX_PROBES
    assert use.at_once >= 0.8 * truthful.at_once
    assert use.asking.limits.settled
    assert use.refused_by(use.poll) == 0


@pytest.mark.parametrize("most", [5, 10, 20])
def test_a_device_that_counts_properties_is_known_in_few_probes(most: int) -> None:
    use = Use(Device(how=Abort(9), most=most))
    use.describe()  # a request of a few properties more than have worked is halved: it may be its texts
    assert use.device.refused <= MAX_PROBES + POINTS / AT_ONCE
    for _ in range(2):
        use.poll()
    assert use.asking.refused_in_search <= MAX_PROBES
    assert use.asking.limits.settled
    assert use.at_once >= 0.8 * most
    assert use.refused_by(use.poll) == 0


def test_an_error_about_the_whole_costs_no_read_property_when_size_is_its_cause() -> None:
    use = Use(Device(206, RESOURCES, texts=SHORT))
    use.describe()
    use.poll()
    assert use.device.alone == 0


@pytest.mark.parametrize("first", [1, 40, POINTS])
@pytest.mark.parametrize("described", [True, False])
def test_properties_that_spoil_the_answer_of_others_are_found_and_asked_alone_and_cost_no_size(
    first: int, *, described: bool
) -> None:
    spoilers = frozenset({(0, first, 85, None), (0, 20, 111, None)})
    device = Device(spoilers=spoilers)
    use = Use(device)
    if described:
        use.describe()
    values = use.poll()
    assert {key for key, value in values.items() if value == OPERATIONAL} == spoilers
    assert len(values) == 2 * POINTS
    assert use.refused_by(use.poll) == 0
    before = device.asked, device.alone
    use.poll()
    assert (device.asked - before[0], device.alone - before[1]) == (2, 2)
    assert use.asking.limits.octets.bad is None


def test_a_request_that_is_refused_in_two_polls_running_is_two_requests_from_then_on() -> None:
    use = Use(Device(480, Abort(4)), Told(480))
    use.poll()
    room = use.asking.limits.room
    first = use.polled.requests(room, frozenset(), Seen())[0]
    use.device.never_together = frozenset({first.keys[0], first.keys[-1]})
    for refused in (1, 1, 0, 0):
        assert use.refused_by(use.poll) == refused
    assert use.asking.limits.room == room


@pytest.mark.parametrize("described", [True, False])
def test_what_is_said_of_many_is_not_blamed_on_a_property_that_says_something_else_alone(*, described: bool) -> None:
    """Each point's COV increment is unknown; that is not what the device refuses large requests for."""
    use = Use(Device(10, RESOURCES))
    if described:
        use.describe()
    use.poll()
    assert use.device.refused <= MAX_REFUSALS
    assert not use.asking.limits.read_multiple


def test_one_refusal_now_and_then_changes_nothing() -> None:
    use = Use(Device())
    use.poll()
    requests = use.at_once
    for _ in range(3):
        use.device.bears = 1000
        assert use.refused_by(use.poll) == 1
        use.device.bears = MAX_APDU
        for _ in range(2):
            assert use.refused_by(use.poll) == 0
    assert use.at_once == requests


# -- what our own queue never sent


class Queued(Modelled):
    """An Asking whose requests stand in a line that only now and then sends one."""

    def __init__(self, device: Device, told: Told = SAYS_1476) -> None:
        super().__init__(device, told)
        self.sent_next = 0

    async def _ask(self, request: Request, retries: int) -> tuple[list[Result], int]:
        if not self.sent_next:
            raise NotSent("it stood in line for 60 s and was never sent")
        self.sent_next -= 1
        return await super()._ask(request, retries)


def test_polls_that_were_never_sent_say_nothing_of_the_device() -> None:
    asking = Queued(Device())
    polled = Asked(want(0, instance, which) for instance in range(1, POINTS + 1) for which in (85, 111))
    asking.sent_next = 1000
    done(asking.gather(polled))
    before = asking.limits
    for sent in range(6):
        asking.sent_next = sent % 2
        with pytest.raises(NotSent):
            done(asking.gather(polled))
    assert asking.limits == before
    assert (asking.silences, asking._begin_with, asking._spoilers) == (0, 0, frozenset())


def test_a_silent_device_is_no_more_blamed_for_what_was_not_sent_between() -> None:
    asking = Queued(Device())
    polled = Asked(want(0, instance, 85) for instance in range(1, POINTS + 1))
    before = asking.limits
    for _ in range(SILENCES_BEARABLE + 1):
        with pytest.raises(NotSent):
            done(asking.gather(polled))
    asking.sent_next, asking.device.bears, asking.device.how = 1, 0, SILENCE
    with pytest.raises(RequestTimedOut):
        done(asking.gather(polled))
    assert (asking.limits, asking.silences) == (before, 1)


def described(asking: Queued) -> Gathered:
    return done(asking.gather(Asked(want(0, each, which) for each in range(1, POINTS + 1) for which in DESCRIBED)))


def test_background_work_of_several_requests_gets_through_though_only_one_is_sent_at_a_time() -> None:
    asking = Queued(Device())
    asking.in_background = True
    for _ in range(100):
        asking.sent_next = 1
        try:
            gathered = described(asking)
        except NotSent:
            continue
        break
    keys = [result[:4] for result in gathered.results]
    assert len(keys) == len(set(keys)) == POINTS * len(DESCRIBED)
    assert asking._left_off is None
    assert asking.device.asked > 5


def test_what_is_gone_on_with_is_planned_by_what_was_learned_since() -> None:
    polled = Asked(want(0, instance, which) for instance in range(1, POINTS + 1) for which in (85, 111))

    def refusals(*, anew: bool) -> int:
        asking = Queued(Device())
        asking.in_background, asking.sent_next = True, 1
        with pytest.raises(NotSent):
            described(asking)
        asking.device.bears, asking.sent_next = 206, 1000
        asking.in_background = False
        for _ in range(3):
            done(asking.gather(polled))
        asking.in_background = True
        if anew:
            asking._left_off = None
        before = asking.device.refused
        assert len(described(asking).results) == POINTS * len(DESCRIBED)
        return asking.device.refused - before

    assert refusals(anew=False) <= refusals(anew=True)


def test_a_poll_is_always_asked_as_a_whole() -> None:
    asking = Queued(Device())
    asking.sent_next = 1
    with pytest.raises(NotSent):
        described(asking)
    assert asking._left_off is None


@pytest.mark.parametrize("is_met_anew", [True, False])
def test_what_was_left_off_is_not_gone_on_with_for_something_else_or_after_the_device_was_met_anew(
    *, is_met_anew: bool
) -> None:
    asking = Queued(Device())
    asking.in_background, asking.sent_next = True, 1
    with pytest.raises(NotSent):
        described(asking)
    if is_met_anew:
        asking.told(SAYS_1476)
    else:
        asking.sent_next = 1
        assert len(done(asking.gather(Asked([want(0, 1, 85)]))).results) == 1
    before, asking.sent_next = asking.device.asked, 1000
    assert len(described(asking).results) == POINTS * len(DESCRIBED)
    assert asking.device.asked - before > 5


@pytest.mark.parametrize("background", [True, False])
async def test_background_requests_have_little_patience_and_others_have_more(
    monkeypatch: pytest.MonkeyPatch, *, background: bool
) -> None:
    asked: list[ReadMultiple | ReadProperty] = []

    async def ask_link(_registry: Registry, request: ReadMultiple | ReadProperty) -> object:
        asked.append(request)
        raise NotSent("it stood in line")

    monkeypatch.setattr("t3actors.collect.bacnet.asking.ask_link", ask_link)
    asking = Asking(CONFIG, Registry(), lambda: 0.0, lambda: None)
    asking.in_background = background
    with pytest.raises(NotSent):
        await asking.gather(Asked([want(0, 1, 85), want(0, 1, 111)]))
    with pytest.raises(NotSent):
        await asking.read_one(8, 1, 75)
    patience_s = BACKGROUND_PATIENCE_S if background else PATIENCE_S
    assert [(each.patience_s, each.background) for each in asked] == 2 * [(patience_s, background)]
