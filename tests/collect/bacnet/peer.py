"""A BACnet device of hand-written octets on a bare UDP socket, in a thread of its own; and a link that is up."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from supervision.registry import Registry
from supervision.testing import running
from t3actors.collect.bacnet.link.actor import BacnetLink
from t3actors.collect.bacnet.link.requests import LINK
from t3actors.config import BacnetConfig
from t3actors.events import LogEvent
from tests.ports import free_port
from tests.waiting import WITHIN_S

PRESENT = bytes.fromhex("0c0000000019553e44422900003f")
"""A ReadProperty acknowledgement: analog-input 0, present-value, Real 42.25."""


def unicast(npdu: bytes) -> bytes:
    return b"\x81\x0a" + (len(npdu) + 4).to_bytes(2, "big") + npdu


def plain(apdu: bytes) -> bytes:
    """An APDU in a frame between two stations of one network."""
    return unicast(b"\x01\x00" + apdu)


def confirmed(frame: bytes) -> tuple[int, int, bytes] | None:
    """(invoke id, service, data) of a confirmed request in a plain or routed frame; None when it is none."""
    npdu = frame[4:]
    at = 2
    if npdu[1] & 0x20:
        at = 2 + 2 + 1 + npdu[4] + 1
    apdu = npdu[at:]
    return (apdu[2], apdu[3], apdu[4:]) if apdu and apdu[0] >> 4 == 0 else None


def ack(invoke_id: int, service: int, data: bytes) -> bytes:
    return plain(bytes([0x30, invoke_id, service]) + data)


Answer = Callable[[bytes, tuple[str, int]], "list[bytes]"]


class Peer:
    """Answers each frame with what `answer` gives; remembers the frames."""

    def __init__(self, answer: Answer | None = None, address: str = "127.0.0.1", port: int = 0) -> None:
        self.frames: list[bytes] = []
        self.answer = answer or (lambda _frame, _source: [])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.settimeout(0.05)
        self.port = int(self.socket.getsockname()[1])
        self.address = f"{address}:{self.port}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(WITHIN_S)
        self.socket.close()

    def requests(self, service: int) -> list[tuple[int, int, bytes]]:
        found = (confirmed(frame) for frame in list(self.frames))
        return [one for one in found if one is not None and one[1] == service]

    def _live(self) -> None:
        while True:
            try:
                frame, source = self.socket.recvfrom(2048)
            except TimeoutError:
                if self._over.is_set():  # not before all is read that came: this thread may be late
                    return
                continue
            self.frames.append(frame)
            for answer in self.answer(frame, source):
                self.socket.sendto(answer, source)


def acknowledging(data: bytes, service: int = 14) -> Answer:
    """Acknowledges each request of this service with this data."""

    def answer(frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        asked = confirmed(frame)
        return [ack(asked[0], service, data)] if asked is not None and asked[1] == service else []

    return answer


class Logged:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: LogEvent, /, **keys: object) -> None:
        self.lines.append((event.name, dict(keys)))

    def named(self, name: str) -> list[dict[str, Any]]:
        return [keys for said, keys in self.lines if said == name]


class House:
    """A link that runs, and how to reach it."""

    def __init__(self, link: BacnetLink, registry: Registry, log: Logged) -> None:
        self.link = link
        self.registry = registry
        self.log = log

    @property
    def at(self) -> tuple[str, int]:
        stack = self.link._serving.stack
        assert stack is not None
        return stack.datagrams.local


@asynccontextmanager
async def link_up(interface: str = "127.0.0.1", port: int | None = None, **settings: Any) -> AsyncIterator[House]:
    """A link on loopback. `settings`: fields of BacnetConfig, and `routers`, `per_peer`."""
    own = {name: settings.pop(name) for name in ("routers", "per_peer") if name in settings}
    config = BacnetConfig(interface=interface, port=free_port() if port is None else port, **settings)
    registry, log = Registry(), Logged()
    link = BacnetLink(config, log=log, **own)
    async with running(link, name=LINK, registry=registry):
        yield House(link, registry, log)
