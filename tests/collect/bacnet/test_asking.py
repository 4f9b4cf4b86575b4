"""What a device truly bears, in octets of its real answers, is found while it is described and polled, in a few requests."""

from __future__ import annotations

from collections.abc import Coroutine
from itertools import groupby, product
from typing import Any, NamedTuple

import pytest

from supervision.registry import Registry
from t3actors.collect.bacnet.asking import Asked, Asking, Key, Request
from t3actors.collect.bacnet.codec.denials import Abort, Denial, Reject
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError, Result
from t3actors.collect.bacnet.codec.tags import Bits, Enumerated
from t3actors.collect.bacnet.limits import MAX_APDU, MAX_PROBES, Told
from t3actors.collect.bacnet.sizes import ANSWER_HEADER, OBJECT, Want, want
from t3actors.config import DeviceConfig
from t3actors.errors import RequestRefused, RequestTimedOut

CONFIG = DeviceConfig(name="c", protocol="bacnet", address="10.0.0.1", instance=1)
POINTS = 150
AT_ONCE = 5
DESCRIBED = (77, 28, 117, 22)  # name, description, units, COV increment
RESOURCES, UNKNOWN_PROPERTY, OPERATIONAL = PropertyError(3, 0), PropertyError(2, 32), PropertyError(0, 25)
SILENCE = None


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
        if too_many or octets + ANSWER_HEADER > self.bears:
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
        return {85: 20.5, 111: Bits(0, 4), 117: Enumerated(62)}.get(which, UNKNOWN_PROPERTY)

    def largest(self, wants: list[Want]) -> int:
        """How many of these it answers at once, counted from the first."""
        borne = (
            count
            for count in range(1, len(wants) + 1)
            if (self.most is None or count <= self.most)
            and self.octets(tuple(wants[:count])) + ANSWER_HEADER <= self.bears
        )
        return max(borne, default=1)


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


class Told1476(Asking):
    """An Asking whose device is a model at hand."""

    def __init__(self, device: Device, told: Told | None = None) -> None:
        super().__init__(CONFIG, Registry(), lambda: 0.0, lambda: None)
        self.device = device
        self.told(Told(1476) if told is None else told)

    async def _ask(self, request: Request, retries: int) -> tuple[list[Result], int]:
        return self.device.answers(request)


def done(asking: Coroutine[Any, Any, Any]) -> Any:
    """Run what waits for nobody."""
    try:
        asking.send(None)
    except StopIteration as over:
        return over.value
    raise AssertionError("it waited")


class Use:
    """Describes a device, then polls it, as the driver does."""

    def __init__(self, device: Device, told: Told | None = None) -> None:
        self.device, self.asking = device, Told1476(device, told)
        self.polled = Asked(want(0, instance, which) for instance in range(1, POINTS + 1) for which in (85, 111))

    def describe(self) -> None:
        for begin in range(1, POINTS + 1, AT_ONCE):
            part = range(begin, begin + AT_ONCE)
            asked = Asked(want(0, instance, which) for instance in part for which in DESCRIBED)
            for _ in range(4):
                try:
                    gathered = done(self.asking.gather(asked))
                    break
                except RequestTimedOut:
                    continue
            assert len(gathered.results) == AT_ONCE * len(DESCRIBED)

    def poll(self) -> dict[Key, Answer]:
        for _ in range(4):
            try:
                gathered = done(self.asking.gather(self.polled))
                break
            except RequestTimedOut:
                continue
        assert not gathered.failures
        self.asking.silences = 0
        return {result[:4]: result[4] for result in gathered.results}

    def polled_at_once(self) -> int:
        before = self.polled.requests(self.asking.limits.room, self.asking._spoilers, self.asking._seen)
        return max(len(each.keys) for each in before)


BORNE = (1024, 700, 480, 300, 206, 128, 50)
WAYS = (Abort(4), Abort(1), Abort(9), Abort(0), Reject(7), Reject(1), RESOURCES, SILENCE)


CELLS = [
    (bears, how, texts)
    for bears, how, texts in product(BORNE, WAYS, (SHORT, USUAL, LONG))
    if bears > 2 * (texts.name[1] + texts.description[1])  # what not even one property's answer fits into cannot be read
]


@pytest.mark.parametrize(("bears", "how", "texts"), CELLS, ids=str)
def test_a_device_that_bears_less_than_it_says_is_known_in_six_probes(
    bears: int, how: Denial | None, texts: Texts
) -> None:
    device = Device(bears, how, texts=texts)
    use = Use(device)
    use.describe()
    for _ in range(2):
        assert len(use.poll()) == 2 * POINTS
    import os
    if os.environ.get("SHOW"):
        print("\nROW", bears, how, texts.name, "refused", device.refused, "probes", use.asking.limits.probes, use.asking.limits.settled, use.asking.limits.octets, use.asking.limits.count,
          use.polled_at_once(), device.largest(list(use.polled.wants)))
        return
    assert use.asking.limits.settled
    assert use.asking.limits.probes <= MAX_PROBES
    assert device.refused <= MAX_PROBES
    assert use.polled_at_once() >= 0.8 * device.largest(list(use.polled.wants)) - 1
    refused, limits = device.refused, use.asking.limits
    use.poll()
    assert (device.refused, use.asking.limits) == (refused, limits)
