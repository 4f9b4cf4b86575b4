"""Which requests to send: the fewest that hold every want within the room a device leaves. Pure; `limits` say the room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from t3actors.collect.bacnet.codec.read_multiple import Answers, encode_request
from t3actors.collect.bacnet.sizes import OBJECT, Want

_OF_ONE_MOMENT = 2  # present-value and status-flags


class Room(NamedTuple):
    """What one request may take: octets of its service data and of its answer's, properties (None: any number).

    `sure`: only what surely takes no more; a property whose size is an estimate is asked for alone.
    """

    request_octets: int
    answer_octets: int
    properties: int | None = None
    read_multiple: bool = True
    sure: bool = False


class Planned(NamedTuple):
    """One request and the octets its answer will probably have. `alone`: by ReadProperty.

    `room`, `most`: where the next want did not fit any more into the octets of answer, or the number of properties, that were
    allowed: how many these were. That they were not used up entirely makes no difference to what the answer proves.
    """

    wants: tuple[Want, ...]
    answer_octets: int
    room: int = 0
    most: int = 0
    alone: bool = False


Key = tuple[int, int, int, int | None]
"""Object type, instance, property, array index."""


class Request(NamedTuple):
    """One request, ready to be sent any number of times."""

    planned: Planned
    service_data: bytes
    keys: tuple[Key, ...]
    wanted: frozenset[Key]
    answers: Answers
    """Remembers the last answer, as long as the request is asked again and again."""


def plan(wants: Iterable[Want], room: Room) -> tuple[Planned, ...]:
    """Give the requests, wants in their order; consecutive wants of one object stay together where they fit.

    Three and more are torn apart where keeping them together would leave much of the room empty: they describe, and need not be
    of one moment. A want that is larger than any room is asked for all the same, by itself: its size is only an estimate.
    """
    if not room.read_multiple:
        return one_by_one(wants)
    if room.sure:
        wants = tuple(wants)
        surely = _planned((each for each in wants if each.is_sure), room)
        return (*surely, *one_by_one(each for each in wants if not each.is_sure))
    return _planned(wants, room)


def _planned(wants: Iterable[Want], room: Room) -> tuple[Planned, ...]:
    filling = _Filling(room)
    for _, group in groupby(wants, key=lambda each: each.owner):
        together = list(group)
        if not filling.takes(together) and (len(together) <= _OF_ONE_MOMENT or filling.is_nearly_full):
            filling.close()
        if filling.takes(together):
            filling.add(together)
            continue
        for each in together:
            if not filling.takes([each]):
                filling.close()
            filling.add([each])
    filling.close(last=True)
    return tuple(filling.requests)


def one_by_one(wants: Iterable[Want]) -> tuple[Planned, ...]:
    """Give a ReadProperty for each."""
    return tuple(Planned((each,), each.answer_octets + OBJECT, alone=True) for each in wants)


def halves(request: Planned) -> tuple[Planned, ...]:
    """Give the request's wants in two requests; by ReadProperty where there is but one."""
    if len(request.wants) < 2:
        return one_by_one(request.wants)
    middle = len(request.wants) // 2
    return tuple(Planned(part, answer_octets(part)) for part in (request.wants[:middle], request.wants[middle:]))


def answer_octets(wants: Sequence[Want]) -> int:
    """Give what one answer with all of them will probably take."""
    objects = sum(1 for _ in groupby(wants, key=lambda each: each.owner))
    return objects * OBJECT + sum(each.answer_octets for each in wants)


def prepared(parts: Iterable[Planned]) -> tuple[Request, ...]:
    """Give the requests as they are sent."""
    return tuple(_request(part) for part in parts)


def _request(part: Planned) -> Request:
    keys = tuple(want[:4] for want in part.wants)
    wanted = frozenset(keys)
    return Request(part, b"" if part.alone else _encoded(part.wants), keys, wanted, Answers(wanted))


def _encoded(wants: tuple[Want, ...]) -> bytes:
    return encode_request(
        (*owner, [each.which if each.array_index is None else (each.which, each.array_index) for each in group])
        for owner, group in groupby(wants, key=lambda want: want.owner)
    )


class _Filling:
    """The request that is being filled, and those that are done."""

    def __init__(self, room: Room) -> None:
        self.requests: list[Planned] = []
        self._room = room
        self._held: list[Want] = []
        self._asked = self._answered = 0
        self._no_room = self._too_many = False

    def takes(self, more: list[Want]) -> bool:
        """Say whether these wants of one object still fit; keep in mind what they do not fit into."""
        asked, answered = self._with(more)
        most = self._room.properties
        self._no_room = answered > self._room.answer_octets
        self._too_many = most is not None and len(self._held) + len(more) > most
        return not self._no_room and not self._too_many and asked <= self._room.request_octets

    @property
    def is_nearly_full(self) -> bool:
        """Say whether little is lost when this request is sent as it is."""
        room = self._room
        return (
            self._answered * 5 >= room.answer_octets * 4
            or self._asked * 5 >= room.request_octets * 4
            or (room.properties is not None and len(self._held) * 5 >= room.properties * 4)
        )

    def add(self, more: list[Want]) -> None:
        self._asked, self._answered = self._with(more)
        self._held += more

    def close(self, *, last: bool = False) -> None:
        if self._held:
            room = self._room.answer_octets if self._no_room and not last else 0
            most = self._room.properties or 0 if self._too_many and not last else 0
            alone = self._room.sure and self._answered > self._room.answer_octets  # one want, and it is too large
            self.requests.append(Planned(tuple(self._held), self._answered, room, most, alone))
        self._held = []
        self._asked = self._answered = 0

    def _with(self, more: list[Want]) -> tuple[int, int]:
        opens = 0 if self._held and self._held[-1].owner == more[0].owner else OBJECT
        asked, answered = self._asked + opens, self._answered + opens
        for each in more:
            asked += each.request_octets
            answered += each.answer_octets
        return asked, answered
