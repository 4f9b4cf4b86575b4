"""Every door through which a stranger's octets come into the BACnet side: what it is fed, and which errors are its own.

The last one is the whole stack below the socket: link layer, network layer, application layer, with requests under way.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from t3actors.collect.bacnet.codec import (
    read_multiple,
    read_property,
    services,
    tags,
    temco,
    text,
)
from t3actors.collect.bacnet.codec import subscription_list as cov_listing
from t3actors.collect.bacnet.discover import overhearing
from t3actors.collect.bacnet.link import constructed, frames
from t3actors.collect.bacnet.link.application import GatewayApplication
from t3actors.collect.bacnet.link.datagrams import Datagrams
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.rare import days, references, stamps
from t3actors.errors import BadResponse, DriverError
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import build_device
from tests.collect.bacnet import corpus
from tests.collect.bacnet.peer import ack
from tests.waiting import WITHIN_S

SOURCE = ("127.0.0.9", 47808)
AT_A_TIME = 50  # datagrams between two looks at the stack


STAMPS = (  # by time, by number, by date and time; three by date and time; and a setpoint reference
    "0c0a0b0c0d19012ea47c0716ffb40a0000002f",
    3 * "2ea47c0716ffb40a0000002f",
    "0e0c0000000119550f",
)


class Door(NamedTuple):
    """A decoder, the octets it is made for, and the errors it may raise."""

    decode: Callable[[bytes], object]
    seeds: Callable[[], tuple[bytes, ...]]
    errors: tuple[type[Exception], ...]
    mutated: Callable[[bytes, random.Random], bytes] = corpus.mutated


def _values() -> tuple[bytes, ...]:
    """Give the octets of properties' values."""
    found = [b"\xc4\x02\x00\x00\x01", b"\x75\x03\x00ab", *map(bytes.fromhex, STAMPS)]
    for data in corpus.service_data():
        try:
            results = read_multiple.decode_results(data)
        except BadResponse:
            results = []
        found += [bytes(result[4]) for result in results if isinstance(result[4], tags.Constructed)]
        if data[:1] == b"\x0c" and b"\x3e" in data[:12] and data[-1:] == b"\x3f":
            found.append(data[data.index(b"\x3e") + 1 : -1])
    return tuple(dict.fromkeys(found))


def _texts() -> tuple[bytes, ...]:
    codecs = ((0, "utf-8"), (0, "latin-1"), (3, "utf-32-be"), (4, "utf-16-be"), (5, "latin-1"))
    named = tuple(bytes((charset,)) + "Zulufttemperatur °C".encode(codec) for charset, codec in codecs)
    return (*named, b"\x01\x03\x52" + "Größe".encode("cp850"))


def _text(data: bytes) -> object:
    return text.decode_text(data) if data else None


def _value_between(data: bytes) -> object:
    end = tags.closing(data + b"\x0f", 0, 0)
    return tags.value_between(data, 0, end) is not None


def _constructed(data: bytes) -> object:
    kind, which = ((17, 123), (17, 38), (6, 23), (9, 86), (15, 102), (20, 130), (8, 152))[len(data) % 7]
    return constructed.decode(kind, which, None, data)


def _settings() -> tuple[bytes, ...]:
    return (b"\x97\x01\x62\x00\x00\x90\x01" + build_device(Preset.T3000, 1, 7).settings(123456),)


def _told() -> tuple[bytes, ...]:
    """Give service data, and some that no simulated device sends."""
    private = services.private_transfer(148, 1, b"\x65\x08\x07\x00\x62\x00\x00\x01\x00ab")[:4] + b"\x2e\x65\x03abc\x2f"
    return (*corpus.service_data(), private, *(each[3:] for each in corpus.answers() if each[0] >> 4 == 5))


def _subscriptions() -> tuple[bytes, ...]:
    one = bytes.fromhex("0e0ec4020000010f19050f1e0c000000011955 1f29003a012c".replace(" ", ""))
    at = bytes.fromhex("0e0e1e2100650 67f000001bac01f0f19050f1e0c0000000119551f29013a012c4c3f800000".replace(" ", ""))
    return (one, at, 3 * one + at, *_values())


_BAD = (BadResponse,)
DOORS: dict[str, Door] = {
    "read_multiple.decode_results": Door(read_multiple.decode_results, _told, _BAD),
    "read_property.decode_result": Door(read_property.decode_result, _told, _BAD),
    "read_property.decode_error": Door(read_property.decode_error, _told, _BAD),
    "services.i_am": Door(services.i_am, _told, _BAD),
    "services.cov": Door(services.cov, _told, _BAD),
    "services.asks_for": Door(lambda data: services.asks_for(data, 5), _told, ()),
    "services.private_result": Door(lambda data: services.private_result(data, 148, 1), _told, _BAD),
    "temco.decode_setting": Door(temco.decode_setting, _settings, _BAD),
    "cov_listing.decode": Door(cov_listing.decode, _subscriptions, _BAD),
    "tags.value_between": Door(_value_between, _values, (tags.FramingBroken,)),
    "text.decode_text": Door(_text, _texts, ()),
    "days.date_list": Door(lambda data: days.date_list(tags.Constructed(data)), _values, ()),
    "references.references": Door(lambda data: references.references(tags.Constructed(data)), _values, ()),
    "references.setpoint": Door(lambda data: references.setpoint_reference(tags.Constructed(data)), _values, ()),
    "stamps.event_time_stamps": Door(lambda data: stamps.event_time_stamps(tags.Constructed(data)), _values, ()),
    "constructed.decode": Door(_constructed, _values, ()),
    "frames.answer": Door(frames.answer, corpus.frames, (), corpus.mutated_frame),
    "overhearing.overheard": Door(
        lambda data: overhearing.overheard(data, SOURCE), corpus.frames, (), corpus.mutated_frame
    ),
}


class Told(NamedTuple):
    """What became of frames: how many each door took, and which errors there were."""

    frames: Counter[str]
    errors: Counter[tuple[str, str]]


class WrongError(AssertionError):
    """A door let out an error that is not its own; the octets that did it are in the text."""


@cache
def seeds_of(name: str) -> tuple[bytes, ...]:
    """Give what a door is fed before it is damaged: what it takes undamaged, four times over, and what is meant for others."""
    door = DOORS[name]
    taken = tuple(seed for seed in door.seeds() if _is_taken(door, seed))
    return 4 * (len(door.seeds()) // max(1, len(taken)) + 1) * taken + door.seeds()


def _is_taken(door: Door, seed: bytes) -> bool:
    try:
        return door.decode(seed) is not None
    except door.errors:
        return False


def push(name: str, frame: bytes, told: Told) -> None:
    """Put one frame through one door. **Raises**: WrongError."""
    door = DOORS[name]
    told.frames[name] += 1
    try:
        door.decode(frame)
    except door.errors as error:
        told.errors[name, type(error).__name__] += 1
    except BaseException as error:
        raise WrongError(f"{name}: {type(error).__name__}: {error}: {frame.hex()}") from error


class _Nowhere:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendto(self, data: bytes, _to: object) -> None:
        self.sent.append(bytes(data))


class StackDoor:
    """The stack without its sockets. Two requests are always under way, whose answers are among the damaged."""

    NAME = "the stack below the socket"

    def __init__(self) -> None:
        self.datagrams = Datagrams(Endpoint("127.0.0.1", 47808))
        self.wire = _Nowhere()
        wire: Any = self.wire
        self.datagrams._own = wire
        self.application = GatewayApplication(self.datagrams, lambda *_: False, instance=77)
        self.to = self.datagrams.address_of(SOURCE)

    async def push(self, frames: list[bytes], chance: random.Random, told: Told) -> None:
        """Let these come while something is asked; then see that all is over, and that a right answer is still taken.

        **Raises**: WrongError.
        """
        told.frames[self.NAME] += len(frames)
        bad = self.datagrams.bad
        asks = [asyncio.ensure_future(self._ask(5.0)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        under_way = [invoke_id for _, invoke_id in self.application._waiting]
        for frame in frames:
            self.datagrams.came(aimed(frame, under_way, chance), SOURCE, self.to)
        if self.datagrams._under_way:
            _, stuck = await asyncio.wait(self.datagrams._under_way, timeout=WITHIN_S)
            if stuck:
                where = [str(task.get_stack(limit=1)) for task in stuck]
                raise WrongError(
                    f"{self.NAME}: frames are still being handled at {where}: {[each.hex() for each in frames]}"
                )
        await self._end(asks, told, frames)
        told.errors[self.NAME, "counted as bad"] += self.datagrams.bad - bad
        self.wire.sent.clear()

    async def _end(self, asks: list[asyncio.Task[bytes]], told: Told, frames: list[bytes]) -> None:
        for ask in asks:
            if not ask.done():
                ask.cancel()
        for outcome in await asyncio.gather(*asks, return_exceptions=True):
            if isinstance(outcome, DriverError):
                told.errors[self.NAME, type(outcome).__name__] += 1
            elif isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise WrongError(f"{self.NAME}: {outcome!r}: {[frame.hex() for frame in frames]}")
        if self.application._waiting or self.application.asap.clientTransactions:
            raise WrongError(f"{self.NAME}: a request is left over: {[frame.hex() for frame in frames]}")

    async def still_works(self) -> None:
        """Take a right answer to a request. **Raises**: WrongError."""
        self.wire.sent.clear()
        asking = asyncio.ensure_future(self._ask(5.0))
        while not self.wire.sent:  # noqa: ASYNC110 - a plain list: nothing tells of it
            await asyncio.sleep(0)
        invoke_id = self.wire.sent[-1][8]
        self.datagrams.came(ack(invoke_id, 14, b"good"), SOURCE, self.to)
        if await asking != b"good":
            raise WrongError(f"{self.NAME}: a right answer was not taken")

    async def _ask(self, timeout_s: float) -> bytes:
        return await self.application.ask(self.to, 14, b"\x0c", timeout_s, 0, lambda: True)

    def close(self) -> None:
        """End it: what a stranger's requests left behind goes with it."""
        for machine in list(self.application.asap.serverTransactions):
            machine.stop_timer()
        self.application.close()


def aimed(frame: bytes, under_way: list[int], chance: random.Random) -> bytes:
    """Give most answers the invoke id of a request that is under way: any other is dropped at the first look."""
    is_answer = frame[:2] == b"\x81\x0a" and frame[4:6] == b"\x01\x00" and len(frame) > 7 and frame[6] >> 4 >= 2
    if not is_answer or not under_way or chance.random() < 0.1:
        return frame
    return frame[:7] + bytes((chance.choice(under_way),)) + frame[8:]
