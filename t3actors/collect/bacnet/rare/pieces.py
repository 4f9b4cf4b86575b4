"""Reads properties of several objects piece by piece: each step asks for about twenty, or for a few that may be long.

What comes stands in `said`, by object and property; what a device refuses is an `Undecodable` there, and an error its own word. A step that
the device does not answer raises and is taken again at the next; one that it twice did not answer is passed over, and stands in
`silent`: a device that is mute about one property must not keep the others from being read. A link that is down, and a request that
was never sent, say nothing of the device, so they do not count; what was read of an array before stays read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from t3actors.collect.bacnet.asking import Asking
from t3actors.collect.bacnet.codec.read_multiple import Answer, PropertyError
from t3actors.collect.bacnet.codec.tags import Constructed, ObjectId, Undecodable
from t3actors.collect.bacnet.rare.tables import Reads
from t3actors.collect.bacnet.rounds import Asked
from t3actors.collect.bacnet.sizes import want
from t3actors.errors import BadResponse, RequestRefused, RequestTimedOut

PROPERTIES_A_PIECE = 20
ELEMENTS_A_PIECE = 8
MOST_ELEMENTS = 256  # of one array: 12.24 names no limit, devices have at most a few dozen exceptions
SILENCES_BEARABLE = 2
MUTE_S = 6 * 3600.0
UNKNOWN_OBJECT, UNKNOWN_PROPERTY, READ_ACCESS_DENIED = 31, 32, 27  # 21: error code
_FINAL = frozenset({UNKNOWN_OBJECT, UNKNOWN_PROPERTY, READ_ACCESS_DENIED})

Property = tuple[ObjectId, int]


class _Together(NamedTuple):
    """Properties of known sizes."""

    asked: Asked
    properties: tuple[Property, ...]


class _Whole(NamedTuple):
    """One property of any size."""

    object: ObjectId
    which: int
    is_array: bool


class _Elements(NamedTuple):
    """The elements of an array from `first` on; `number` None: how many there are is not yet known."""

    object: ObjectId
    which: int
    first: int
    number: int | None
    read: bytes


_Piece = _Together | _Whole | _Elements


class Pieces:
    """One round of reading. Thread: the trio loop."""

    def __init__(
        self,
        asking: Asking,
        wanted: Iterable[tuple[ObjectId, Reads]],
        without: frozenset[Property] = frozenset(),
    ) -> None:
        """Plan the round; `without` are properties not to be asked for."""
        self.said: dict[ObjectId, dict[int, Answer]] = {}
        self.silent: set[Property] = set()
        self._asking = asking
        self._silences = 0
        self._queue = _planned(wanted, without)

    @property
    def done(self) -> bool:
        """Say whether all has been asked."""
        return not self._queue

    async def step(self) -> None:
        """Do one piece. **Raises**: DriverError when the device does not answer; the round goes on with the next step."""
        if not self._queue:
            return
        piece = self._queue[0]
        try:
            then = await self._do(piece)
        except (RequestTimedOut, BadResponse):
            self._silences += 1
            if self._silences >= SILENCES_BEARABLE:
                self._silences = 0
                self._queue.popleft()
                self._pass_over(piece)
            raise
        self._silences = 0
        self._queue.popleft()
        if then is not None:
            self._queue.appendleft(then)

    async def _do(self, piece: _Piece) -> _Piece | None:
        if isinstance(piece, _Together):
            gathered = await self._asking.gather(piece.asked)
            for object_type, instance, which, _index, answer in gathered.results:
                self._take(ObjectId(object_type, instance), which, answer)
            return None
        if isinstance(piece, _Whole):
            answer = await self._read(piece.object, piece.which)
            if piece.is_array and _is_refusal(answer):
                return _Elements(piece.object, piece.which, 1, None, b"")
            self._take(piece.object, piece.which, answer)
            return None
        return await self._read_elements(piece)

    async def _read_elements(self, piece: _Elements) -> _Piece | None:
        if piece.number is None:
            count = await self._read(piece.object, piece.which, 0)
            if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_ELEMENTS:
                self._take(piece.object, piece.which, Undecodable("no number of elements", b""))
                return None
            piece = piece._replace(number=int(count))
            return self._unless_whole(piece)
        for index in range(piece.first, min(piece.first + ELEMENTS_A_PIECE, (piece.number or 0) + 1)):
            answer = await self._read(piece.object, piece.which, index)
            if not isinstance(answer, Constructed):
                self._take(piece.object, piece.which, Undecodable("an element could not be read", b""))
                return None
            piece = self._queue[0] = piece._replace(first=index + 1, read=piece.read + answer)
        return self._unless_whole(piece)

    def _unless_whole(self, piece: _Elements) -> _Elements | None:
        """Give what is still to be read of the array; take it when that is nothing."""
        if piece.number is None or piece.first <= piece.number:
            return piece
        self._take(piece.object, piece.which, Constructed(piece.read))
        return None

    async def _read(self, identifier: ObjectId, which: int, index: int | None = None) -> Answer:
        try:
            return await self._asking.read_one(identifier.type, identifier.instance, which, index)
        except (RequestRefused, BadResponse) as error:
            return Undecodable(str(error), b"")

    def _take(self, identifier: ObjectId, which: int, answer: Answer) -> None:
        self.said.setdefault(identifier, {})[which] = answer

    def _pass_over(self, piece: _Piece) -> None:
        if isinstance(piece, _Together):
            self.silent.update(piece.properties)
        elif isinstance(piece, _Whole) and piece.is_array:
            self._queue.appendleft(
                _Elements(piece.object, piece.which, 1, None, b"")
            )  # maybe too long, and thrown away
        else:
            self.silent.add((piece.object, piece.which))


def _is_refusal(answer: Answer) -> bool:
    """Say whether a property is there but cannot be sent whole."""
    if isinstance(answer, PropertyError):
        return answer.error_code not in _FINAL
    return isinstance(answer, Undecodable)


def _planned(wanted: Iterable[tuple[ObjectId, Reads]], without: frozenset[Property]) -> deque[_Piece]:
    pieces: deque[_Piece] = deque()
    together: list[tuple[ObjectId, tuple[tuple[int, int], ...]]] = []
    long: list[_Piece] = []

    def close() -> None:
        if together:
            pieces.append(_together(together))
        pieces.extend(long)
        together.clear()
        long.clear()

    for identifier, reads in wanted:
        short = tuple(each for each in reads.short if (identifier, each[0]) not in without)
        if together and sum(len(each) for _, each in together) + len(short) > PROPERTIES_A_PIECE:
            close()
        if short:
            together.append((identifier, short))
        long += [
            _Whole(identifier, which, which in reads.arrays)
            for which in reads.long
            if (identifier, which) not in without
        ]
    close()
    return pieces


def _together(objects: Sequence[tuple[ObjectId, tuple[tuple[int, int], ...]]]) -> _Together:
    listed = [(identifier, which, octets) for identifier, short in objects for which, octets in short]
    asked = Asked(
        want(identifier.type, identifier.instance, which, value_octets=octets) for identifier, which, octets in listed
    )
    return _Together(asked, tuple((identifier, which) for identifier, which, _ in listed))


class Mute:
    """Properties that a device is silent about: they are left alone for some hours. Bounded by the objects that are read."""

    def __init__(self) -> None:
        self._until_s: dict[Property, float] = {}

    def at(self, now_s: float) -> frozenset[Property]:
        """Give those not to be asked for now."""
        self._until_s = {each: until_s for each, until_s in self._until_s.items() if until_s > now_s}
        return frozenset(self._until_s)

    def add(self, silent: Iterable[Property], now_s: float) -> None:
        """Leave these alone from now on."""
        self._until_s.update(dict.fromkeys(silent, now_s + MUTE_S))

    def forget(self) -> None:
        """Ask for all again."""
        self._until_s.clear()
