"""BACnet devices without a network, for a clock that jumps: the link's actor is this one, and what it is asked goes to simulated devices.

Requests become octets and answers values as in the link itself (jobs.py, refusals.py); a silent device costs its time-outs and retries.
Answers in segments and COV notifications come as from a device on its own address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import trio

from supervision.actor import TrioActor
from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.link.constructed import decode
from t3actors.collect.bacnet.link.frames import Answer, Kind
from t3actors.collect.bacnet.link.jobs import Job, Subscriptions, prepare
from t3actors.collect.bacnet.link.refusals import refusal, silence
from t3actors.collect.bacnet.link.requests import Confirmed, CovNotified, Pending
from t3actors.config import BacnetConfig, DeviceConfig
from t3actors.errors import BadResponse, DriverError, LinkDown, RequestTimedOut
from t3actors.events import Log
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.simulator.bacnet.client import confirmed

US = Peer(("192.0.2.200", 47808))
PORT = 47808
INVOKE_IDS = 256
POINTS = PointCounts(4, 2, 2)
CONFIRMED, UNCONFIRMED = 0, 1
ANSWERS = {int(kind) for kind in Kind} - {CONFIRMED}
SEGMENTED, MORE = 0x08, 0x04


class Stations:
    """Devices of these presets by name, and the link that reaches them."""

    def __init__(self, presets: Mapping[str, Preset], patch: pytest.MonkeyPatch) -> None:
        self._addresses = {name: f"192.0.2.{number}:{PORT}" for number, name in enumerate(presets, 1)}
        self._responders = {
            self._addresses[name]: Responder(build_device(preset, number, number, POINTS), number)
            for number, (name, preset) in enumerate(presets.items(), 1)
        }
        self._link: BacnetLinkInMemory | None = None
        patch.setattr("t3actors.pollers.BacnetLink", self._new_link)

    def devices(self, **changes: Any) -> list[DeviceConfig]:
        """How a gateway is told of them."""
        return [
            DeviceConfig(name=name, protocol="bacnet", address=address, instance=number, **changes)
            for number, (name, address) in enumerate(self._addresses.items(), 1)
        ]

    def strike(self, name: str, fault: BacnetFault) -> None:
        """Switch a fault on, and all others off."""
        responder = self._responders[self._addresses[name]]
        responder.set_fault(BacnetFault(BacnetFaultKind.NONE), 0.0)
        responder.set_fault(fault, trio.current_time())

    def advance(self, seconds: float) -> None:
        """Let time pass in all of them; who asked to be told is told."""
        for address, responder in self._responders.items():
            responder.device.advance(seconds)
            told = responder.changed(trio.current_time())
            if self._link is not None:
                self._link.notify(address, told)

    def _new_link(self, config: BacnetConfig, *, log: Log) -> BacnetLinkInMemory:
        self._link = BacnetLinkInMemory(self._responders)
        return self._link


class BacnetLinkInMemory(TrioActor):
    """Plays the role of the link. `responders`: by address, as configured."""

    def __init__(self, responders: Mapping[str, Responder]) -> None:
        super().__init__()
        self._responders = responders
        self._subscriptions = Subscriptions()
        self._invoke_id = 0
        self._pending: set[Pending] = set()

    def on_stop(self) -> None:
        """Leave nobody waiting."""
        self._fail_all()

    def on_failure(self, exception_type: object, exception_value: object, traceback: object) -> None:
        """Leave nobody waiting."""
        self._fail_all()

    def _fail_all(self) -> None:
        for pending in self._pending:
            pending.fail(LinkDown("the link is over"))

    def on_receive(self, message: Confirmed) -> Pending:
        """Ask a device."""
        job = Job(message, PORT, self.now_s())
        prepare(job, self._subscriptions, decode)
        self._invoke_id = (self._invoke_id + 1) % INVOKE_IDS
        self._pending.add(job.pending)
        self.spawn(self._exchange, job, self._invoke_id)
        return job.pending

    async def _exchange(self, job: Job, invoke_id: int) -> None:
        job.pending.sent()
        try:
            job.pending.succeed(await self._result(job, invoke_id))
        except DriverError as error:
            job.pending.fail(error)
        self._pending.discard(job.pending)

    async def _result(self, job: Job, invoke_id: int) -> Any:
        responder = self._responders[job.request.address]
        for _ in range(1 + job.retries):
            sent = responder.receive(confirmed(invoke_id, job.service, job.data), US, self.now_s())
            told = [each for each in sent if each.apdu[0] >> 4 in {CONFIRMED, UNCONFIRMED}]
            self.notify(job.request.address, told)
            mine = [each for each in sent if _answers(each, invoke_id) and each.delay_s < job.request.timeout_s]
            if not mine:
                await trio.sleep(job.request.timeout_s)
                continue
            await trio.sleep(mine[0].delay_s)
            return self._answer(job, responder, mine)
        raise silence(job.request.address)

    def _answer(self, job: Job, responder: Responder, sent: list[Sending]) -> Any:
        first = sent[0].apdu
        kind = Kind(first[0] >> 4)
        if kind is Kind.COMPLEX_ACK and first[0] & SEGMENTED:
            return job.finish(self._put_together(responder, sent))
        if kind is Kind.SIMPLE_ACK:
            return job.finish(b"")
        if kind is Kind.COMPLEX_ACK:
            return job.finish(first[3:])
        raise refusal(Answer(kind, first[1], first[2], first[3:]), job.service, job.request.address)

    def _put_together(self, responder: Responder, sent: list[Sending]) -> bytes:
        data = b""
        while sent:
            for each in sent:
                data += each.apdu[5:]
                invoke_id, sequence, window = each.apdu[1:4]
            if not sent[-1].apdu[0] & MORE:
                responder.receive(bytes((0x40, invoke_id, sequence, window)), US, self.now_s())
                return data
            sent = responder.receive(bytes((0x40, invoke_id, sequence, window)), US, self.now_s())
        raise RequestTimedOut("the rest of the answer never came")

    def notify(self, address: str, sent: Iterable[Sending]) -> None:
        """Tell what a device tells of its own accord."""
        for each in sent:
            is_confirmed = each.apdu[0] >> 4 == CONFIRMED
            if is_confirmed:
                self._responders[address].receive(bytes((0x20, each.apdu[2], 1)), US, self.now_s())
            try:
                heard = services.cov(each.apdu[4 if is_confirmed else 2 :])
            except BadResponse:
                continue
            role = self._subscriptions.role(address, heard.process_id)
            if role is not None:
                known = {key: getattr(heard, key) for key in heard.__struct_fields__}
                self.send(role, CovNotified(address=address, **known))


def _answers(each: Sending, invoke_id: int) -> bool:
    return len(each.apdu) > 2 and each.apdu[0] >> 4 in ANSWERS and each.apdu[1] == invoke_id
