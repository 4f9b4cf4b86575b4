"""Reads what a device says of its objects: their list, then each point's name, units and texts. Piece by piece, between polls.

A piece is a request or few, so that a panel of a thousand points on a slow trunk keeps nobody waiting, and what was read is kept when
the device falls silent or the gateway ends (memory.py). A point is complete when it appears: one whose units came later would
begin a second series. Points come in the order of their identifiers, so that those known so far are what the whole begins with.
"""

from __future__ import annotations

from collections.abc import Iterable

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.denials import TRANSIENT_CODES, words
from t3actors.collect.bacnet.codec.properties import NUMBER_OF_STATES, OBJECT_LIST, STATE_TEXT
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import DEVICE, ObjectId, Several, elements
from t3actors.collect.bacnet.mapping import describing, text_of
from t3actors.collect.bacnet.meeting import whole
from t3actors.collect.bacnet.objects import KINDS
from t3actors.collect.bacnet.rounds import Asked, unusable
from t3actors.collect.bacnet.sizes import Want, want
from t3actors.errors import BadResponse, RequestRefused, RequestTimedOut

MOST_OBJECTS = 50_000
MOST_STATES = 256  # of one point, read one by one
LISTED_AT_ONCE = 50  # indices of the list
SMALL_ANSWER = 600  # octets: what a point says takes about 60

Said = dict[int, Answer]
Described = list[tuple[ObjectId, Said]]


class Describing:
    """One reading of a device's description, under one database-revision. Thread: the trio loop."""

    def __init__(
        self,
        instance: int,
        revision: int | None,
        objects: tuple[ObjectId, ...] | None = None,
        said: dict[ObjectId, Said] | None = None,
    ) -> None:
        """`objects` and `said`: what is known already."""
        self.revision = revision
        self.objects = objects
        """The device's whole list; None while it is not known."""
        self._instance = instance
        self._said: dict[ObjectId, Said] = dict(said or {})
        self._count: int | None = None
        self._listed: list[ObjectId] = []
        self._index = 1
        self._has_tried_twice = False
        self._points = _points(objects or ())
        self._waiting = [each for each in self._points if each not in self._said]

    @property
    def done(self) -> bool:
        """Say whether all points are described."""
        return self.objects is not None and not self._waiting

    @property
    def known(self) -> int:
        """How many points are described."""
        return len(self._points) - len(self._waiting)

    @property
    def described(self) -> Described:
        """What is known so far."""
        return [(each, self._said[each]) for each in self._points if each in self._said]

    async def step(self, asking: Asking) -> None:
        """Read the next piece. **Raises**: DriverError; then the same piece is next."""
        if self.objects is None:
            await self._list(asking)
        elif self._waiting:
            batch = self._waiting[: _at_once(asking)]
            self._said.update(await self._describe(asking, batch))
            del self._waiting[: len(batch)]

    async def _describe(self, asking: Asking, batch: list[ObjectId]) -> dict[ObjectId, Said]:
        described, missing = await describe(asking, batch)
        if missing and not self._has_tried_twice:
            self._has_tried_twice = True
            raise BadResponse(f"{asking.where}: {len(missing)} names, units or texts could not be read: {missing[0]}")
        self._has_tried_twice = False
        return described

    async def _list(self, asking: Asking) -> None:
        if self._count is None:
            found = await _list_as_a_whole(asking, self._instance)
            if found:
                self._take_list(found)
                return
            self._count = await _length_of_list(asking, self._instance)
        indices = range(self._index, min(self._count, self._index + LISTED_AT_ONCE - 1) + 1)
        self._listed.extend(await _list_part(asking, self._instance, indices))
        self._index += len(indices)
        if self._index > self._count:
            self._take_list(self._listed)

    def _take_list(self, found: Iterable[ObjectId]) -> None:
        self.objects = tuple(dict.fromkeys(found))
        self._points = _points(self.objects)
        self._waiting = [each for each in self._points if each not in self._said]


async def describe(asking: Asking, points: Iterable[ObjectId]) -> tuple[dict[ObjectId, Said], list[str]]:
    """Read what says what these points are; what a point does not say is not there.

    **Returns**: also why something is missing that may come another time: without its units a point would begin another series.
    **Raises**: DriverError.
    """
    described: dict[tuple[int, int], Said] = {(each.type, each.instance): {} for each in points}
    wanted: list[Want] = [want(*key, which) for key in described for which in describing(key[0])]
    reasons: list[str] = []
    for _ in range(2):
        gathered = await asking.gather(Asked(wanted))
        again = dict(gathered.failures)
        for object_type, instance, which, index, answer in gathered.results:
            if isinstance(answer, PropertyError) and answer.error_code in TRANSIENT_CODES:
                again[object_type, instance, which, index] = words(answer)
            else:
                described[object_type, instance][which] = answer
        wanted = [want(*key[:3], key[3]) for key in again]
        reasons = [reason for key, reason in again.items() if key[2] != STATE_TEXT]  # that is tried in another way
        if not wanted:
            break
    await _read_long_state_texts(asking, described)
    return {ObjectId(*key): properties for key, properties in described.items()}, reasons


def _points(objects: Iterable[ObjectId]) -> tuple[ObjectId, ...]:
    return tuple(sorted(each for each in objects if each.type in KINDS))


def _at_once(asking: Asking) -> int:
    """Give how many points make a piece: about a request's worth."""
    if not asking.limits.read_multiple:
        return 2
    return 5 if asking.limits.answer_octets < SMALL_ANSWER else 25


async def _list_as_a_whole(asking: Asking, instance: int) -> tuple[ObjectId, ...]:
    try:
        listed = await asking.read_one(DEVICE, instance, OBJECT_LIST, retries=0)
    except (RequestRefused, BadResponse, RequestTimedOut):
        return ()  # too long for it, and that is said in many ways
    return _identifiers(elements(listed)) if isinstance(listed, ObjectId | Several) else ()


async def _length_of_list(asking: Asking, instance: int) -> int:
    try:
        count = whole(await asking.read_one(DEVICE, instance, OBJECT_LIST, 0))
    except RequestRefused as error:
        raise BadResponse(f"{asking.where}: its object list could not be read: {error}") from None
    if count is None or count > MOST_OBJECTS:
        raise BadResponse(
            f"{asking.where}: its object list has {count} objects; allowed: a number of at most {MOST_OBJECTS}"
        )
    return count


async def _list_part(asking: Asking, instance: int, indices: range) -> tuple[ObjectId, ...]:
    gathered = await asking.gather(Asked(want(DEVICE, instance, OBJECT_LIST, index) for index in indices))
    if gathered.failures:
        reason = next(iter(gathered.failures.values()))
        raise BadResponse(
            f"{asking.where}: {len(gathered.failures)} of {len(indices)} objects of its list could not be read: {reason}"
        )
    return _identifiers(result[4] for result in gathered.results if not unusable(result[4]))


def _identifiers(answers: Iterable[Answer]) -> tuple[ObjectId, ...]:
    return tuple(each for each in answers if isinstance(each, ObjectId))


async def _read_long_state_texts(asking: Asking, described: dict[tuple[int, int], Said]) -> None:
    """Read the state texts one by one of those points whose answer would not hold them all."""
    counts = {
        key: number
        for key, said in described.items()
        if STATE_TEXT in describing(key[0])
        and STATE_TEXT not in said
        and (number := whole(said.get(NUMBER_OF_STATES))) is not None
        and number <= MOST_STATES
    }
    if not counts:
        return
    wants = [want(*key, STATE_TEXT, index) for key, number in counts.items() for index in range(1, number + 1)]
    gathered = await asking.gather(Asked(wants))
    texts = {result[:4]: text_of(result[4]) for result in gathered.results}
    for key, number in counts.items():
        described[key][STATE_TEXT] = Several(texts.get((*key, STATE_TEXT, index), "") for index in range(1, number + 1))
