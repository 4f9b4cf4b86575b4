"""A device without a network: answers what is asked of it from a dict, and may be silent."""

from __future__ import annotations

from typing import cast

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, ObjectId
from t3actors.collect.bacnet.planning import Key
from t3actors.collect.bacnet.rounds import Asked, Gathered
from t3actors.errors import DriverError

UNKNOWN_OBJECT, UNKNOWN_PROPERTY = PropertyError(1, 31), PropertyError(2, 32)


class Held:
    """Stands for an Asking. `requests` are the keys of each; what stands in `silent` raises, `unanswered` is missing in the answer."""

    def __init__(self, objects: dict[ObjectId, dict[int, Answer]]) -> None:
        self.objects = objects
        self.requests: list[tuple[Key, ...]] = []
        self.silent: dict[Key, DriverError] = {}
        self.down: DriverError | None = None
        self.unanswered: set[Key] = set()
        self.arrays: dict[tuple[ObjectId, int], list[Answer]] = {}

    @property
    def asking(self) -> Asking:
        return cast("Asking", self)

    @property
    def asked(self) -> set[ObjectId]:
        """Which objects were asked about; forgotten at once."""
        found = {ObjectId(*key[:2]) for request in self.requests for key in request}
        self.requests.clear()
        return found

    async def gather(self, asked: Asked, retries: int | None = None) -> Gathered:
        keys = [want[:4] for want in asked.wants]
        self._take(*keys)
        results = [(*key, self._answer(key)) for key in keys if key not in self.unanswered]
        return Gathered(results, {key: "not in the answer" for key in keys if key in self.unanswered})

    async def read_one(
        self, object_type: int, instance: int, which: int, index: int | None = None, *, retries: int | None = None
    ) -> Answer:
        key = (object_type, instance, which, index)
        self._take(key)
        elements = self.arrays.get((ObjectId(object_type, instance), which))
        if index is None or elements is None:
            return self._answer(key)
        return len(elements) if index == 0 else elements[index - 1]

    def _take(self, *keys: Key) -> None:
        self.requests.append(keys)
        if self.down is not None:
            raise self.down
        for key in keys:
            if key in self.silent:
                raise self.silent[key]

    def _answer(self, key: Key) -> Answer:
        held = self.objects.get(ObjectId(*key[:2]))
        return UNKNOWN_OBJECT if held is None else held.get(key[2], UNKNOWN_PROPERTY)


def elements_of(octets: bytes, number: int) -> list[Answer]:
    """Cut an array's octets into equal elements."""
    size = len(octets) // number
    return [Constructed(octets[at * size : (at + 1) * size]) for at in range(number)]
