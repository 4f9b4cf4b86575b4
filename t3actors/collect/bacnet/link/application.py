"""bacpypes3 as the gateway uses it: framing, routing and segmentation are its own; all that decides when a request is over is ours.

Every request goes out as raw octets and every answer comes up raw, reassembled where it was segmented: its object codec costs a
hundred times what ours does, and its own bookkeeping hangs a request for ever at a malformed answer or a failed encoding, spins
at the 257th request to a peer, and goes on retransmitting what nobody waits for. Most reads do not come here at all (direct.py),
unless their answer comes in segments: these are put together here. So: invoke ids are ours, one per
request and the same through its retries; bacpypes3's state machine sends once; each try has an end that does not depend on it.

What others send us is dispatched by an allow-list: I-Am and COV notifications are heard; Who-Is and reads are answered when this
gateway was given an instance; everything else, writing and DeviceCommunicationControl and ReinitializeDevice first, is
rejected as unrecognized, TimeSynchronization is not even looked at. Thread: the asyncio loop's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from bacpypes3.apdu import (
    AbortPDU,
    ComplexAckPDU,
    ConfirmedRequestPDU,
    ErrorPDU,
    RejectPDU,
    SimpleAckPDU,
    UnconfirmedRequestPDU,
)
from bacpypes3.app import Application
from bacpypes3.appservice import ABORTED, AWAIT_CONFIRMATION, COMPLETED, ApplicationServiceAccessPoint, ClientSSM
from bacpypes3.basetypes import Segmentation, ServicesSupported
from bacpypes3.comm import bind
from bacpypes3.ipv4.bvll import BVLLCodec
from bacpypes3.ipv4.service import BIPNormal, UDPMultiplexer
from bacpypes3.local.device import DeviceObject
from bacpypes3.netservice import NetworkServiceAccessPoint, NetworkServiceElement
from bacpypes3.pdu import PDU, Address, IPv4Address

from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.codec.tags import MAX_INSTANCE
from t3actors.collect.bacnet.link.addressing import key
from t3actors.collect.bacnet.link.datagrams import Datagrams
from t3actors.collect.bacnet.link.fast_lane import FIRST_ID
from t3actors.collect.bacnet.link.foreign import Foreign
from t3actors.collect.bacnet.link.jobs import Begun
from t3actors.collect.bacnet.link.refusals import judged
from t3actors.collect.bacnet.link.routes import Routes
from t3actors.errors import LinkDown, RequestTimedOut

MAX_APDU = 1476  # ANSI/ASHRAE 135, J.2: the most that BACnet/IP carries
VENDOR_ID = 999  # what bacpypes3 itself says; the gateway has none of its own
SEGMENTS_TAKE_S = 20.0  # an answer in segments may come for so long after the time-out for its first one
LONGEST_ANSWER = 1 << 20  # octets, reassembled
SERVER_TRANSACTIONS = 32  # requests of others that are being answered
INVOKE_IDS = FIRST_ID  # the others are the fast lane's
PEERS_REMEMBERED = 4096
UNRECOGNIZED_SERVICE, SEGMENTATION_NOT_SUPPORTED = 9, 4  # reject and abort reasons, 21
NO_SUCH_SUBSCRIPTION = b"\x91\x05\x91\x4f"  # an Error: services, unknown-subscription

Heard = Callable[[Address, int, bytes], bool]
"""Called with the source, the unconfirmed or confirmed service (I-Am or COV) and its octets; False: nobody knows of it."""


class _Abilities:
    """What bacpypes3's state machines ask of the local device: it need not be a slow object of its own."""

    numberOfApduRetries = 0  # noqa: N815 - bacpypes3's names
    apduTimeout = 3000  # noqa: N815
    segmentationSupported = Segmentation.segmentedBoth  # noqa: N815
    apduSegmentTimeout = 2000  # noqa: N815
    maxSegmentsAccepted = 64  # noqa: N815
    maxApduLengthAccepted = MAX_APDU  # noqa: N815


class _NoCache:
    """The peers' abilities are the drivers' to learn; a cache that strangers' I-Ams fill is a trap."""

    async def get_device_info(self, _address: object) -> None:
        return None


class _OneTry(ClientSSM):
    """bacpypes3's client state machine for one sending of one request."""

    def expect(self, apdu: Any) -> None:
        """Be where `indication` leaves it, without sending."""
        self.set_segmentation_context(apdu)
        self.device_info = None
        self.segmentSize = self.maxApduLengthAccepted
        self.invokeID = apdu.apduInvokeID
        self.segmentCount, self.sentAllSegments, self.retryCount = 1, True, 0
        self.set_state(AWAIT_CONFIRMATION, self.apduTimeout)

    def append_segment(self, apdu: Any) -> None:
        if len(self.segmentAPDU.pduData) > LONGEST_ANSWER:
            raise ValueError("an answer without an end")
        super().append_segment(apdu)

    def forget(self) -> None:
        """Take it out of the way: it sends nothing more, and a late answer finds nobody."""
        if self.state not in {COMPLETED, ABORTED}:
            self.set_state(ABORTED)


class _Access(ApplicationServiceAccessPoint):
    """Hands answers up raw, and what others ask by the allow-list."""

    app: GatewayApplication

    async def confirmation(self, pdu: PDU) -> None:
        kind = pdu.pduData[0] >> 4 if pdu.pduData else 15
        network = pdu.pduSource.addrNet
        if network is not None and not self.app.routes.leads_to(network):
            return  # no such network (6.2.2: 0, 65535): an answer would wait for a router to it, and keep others waiting
        if kind == UnconfirmedRequestPDU.pduType:
            await self.app.was_told(pdu.pduSource, bytes(pdu.pduData))
        elif kind != ConfirmedRequestPDU.pduType or self.app.answers(pdu.pduData):
            await super().confirmation(pdu)
        else:
            await self.app.was_asked(pdu.pduSource, bytes(pdu.pduData))

    async def sap_response(self, apdu: Any) -> None:
        self.app.answered(apdu)


class _Network(NetworkServiceElement):
    """Of the network layer's messages only the one that tells a route is believed."""

    async def indication(self, adapter: Any, npdu: Any) -> None:
        networks = getattr(npdu, "iartnNetworkList", None)
        if networks:
            await adapter.adapterSAP.router_info_cache.update_path_info(None, npdu.pduSource, set(networks))


class GatewayApplication(Application):
    """One stack on one pair of sockets."""

    def __init__(
        self,
        datagrams: Datagrams,
        heard: Heard,
        *,
        instance: int | None = None,
        foreign: Foreign | None = None,
        routers: Mapping[int, Address] | None = None,
    ) -> None:
        """Build the stack. **Raises**: ValueError when the instance is out of range."""
        Application.__init__(self)
        self.datagrams = datagrams
        self.foreign = foreign
        self.routes = Routes(routers or {})
        self._heard = heard
        self._instance = instance
        self._waiting: dict[tuple[tuple[int | None, bytes], int], tuple[int, asyncio.Future[bytes]]] = {}
        self._next_invoke_id: dict[tuple[int | None, bytes], int] = {}
        self.asap = _Access(_Abilities(), _NoCache())
        self.asap.app = self
        self.nsap = NetworkServiceAccessPoint(router_info_cache=self.routes)
        self.nse = _Network()
        bind(self.nse, self.nsap)
        bind(self, self.asap, self.nsap)
        link = foreign or BIPNormal()
        multiplexer = UDPMultiplexer()
        bind(link, BVLLCodec(), multiplexer.annexJ)
        bind(multiplexer, datagrams)
        self.nsap.bind(link, address=IPv4Address(datagrams.local))
        if instance is not None:
            self.add_object(_device(instance))

    def close(self) -> None:
        """Let go of the sockets; whoever waits gets LinkDown."""
        self.datagrams.close()
        for _service, future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(LinkDown("the link was closed"))

    # -- what we ask

    async def ask(
        self,
        to: Address,
        service: int,
        data: bytes,
        timeout_s: float,
        retries: int,
        wanted: Callable[[], bool],
        begun: Begun | None = None,
    ) -> bytes:
        """Send a confirmed request until it is answered: the octets of the acknowledgement's service data, b"" for a simple one.

        `wanted` says whether somebody still waits for it: asked before each retry. `begun`: what was sent of it already; its invoke
        id is noted there.

        **Raises**: RequestTimedOut, RequestRefused, BadResponse, LinkDown.
        """
        network: int | None = to.addrNet
        begun = begun or Begun()
        while True:
            if (
                network is not None
            ):  # for each try: time-outs in a row cost the route, and bacpypes3 would wait for it by itself
                await self.routes.ensure(network, self.nse)
            if begun.invoke_id is None:
                begun.invoke_id = self._invoke_id(key(to))
            try:
                answer = await self._try(to, begun.invoke_id, service, data, timeout_s, begun.first_segment)
            except RequestTimedOut:
                begun.first_segment = None
                if network is not None:
                    self.routes.timed_out(network)
                retries -= 1
                if retries < 0 or not wanted():
                    raise
            else:
                if network is not None:
                    self.routes.answered(network)
                return answer

    async def tell(self, to: Address, service: int, data: bytes) -> None:
        """Send an unconfirmed request. **Raises**: LinkDown when it cannot go there."""
        if to.addrNet is not None:
            await self.routes.ensure(to.addrNet, self.nse)
        apdu = UnconfirmedRequestPDU(service, destination=to)
        apdu.put_data(data)
        await self.asap.request(apdu)

    async def _try(
        self,
        to: Address,
        invoke_id: int,
        service: int,
        data: bytes,
        timeout_s: float,
        first_segment: tuple[bytes, tuple[str, int]] | None,
    ) -> bytes:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        waiting = key(to), invoke_id
        if waiting in self._waiting:
            raise LinkDown(f"{to}: its {INVOKE_IDS} invoke ids are all in use")
        apdu = ConfirmedRequestPDU(service, invoke_id, destination=to)
        apdu.put_data(data)
        machine = _OneTry(self.asap, to)
        machine.apduTimeout = timeout_s * 1000.0
        self.asap.clientTransactions.append(machine)
        self._waiting[waiting] = service, future
        limit = loop.call_later(timeout_s + SEGMENTS_TAKE_S, _too_late, future, to)
        try:
            if first_segment is None:
                await machine.indication(apdu)
            else:
                machine.expect(apdu)
                self.datagrams.came(*first_segment, self.datagrams.address_of(self.datagrams.local))
            return await future
        finally:
            limit.cancel()
            del self._waiting[waiting]
            machine.forget()

    def _invoke_id(self, peer: tuple[int | None, bytes]) -> int:
        if len(self._next_invoke_id) >= PEERS_REMEMBERED and peer not in self._next_invoke_id:
            self._next_invoke_id.clear()
        start = self._next_invoke_id.get(peer)
        invoke_id = random.randrange(INVOKE_IDS) if start is None else start  # noqa: S311 - it guards nothing
        for _ in range(INVOKE_IDS):
            if (peer, invoke_id) not in self._waiting:
                break
            invoke_id = (invoke_id + 1) % INVOKE_IDS
        self._next_invoke_id[peer] = (invoke_id + 1) % INVOKE_IDS
        return invoke_id

    def answered(self, apdu: Any) -> None:
        """Take the outcome of a try from bacpypes3's state machine, whatever it is."""
        found = self._waiting.get((key(apdu.pduSource), apdu.apduInvokeID))
        if found is None or found[1].done():
            return
        service, future = found
        if isinstance(apdu, (SimpleAckPDU, ComplexAckPDU)) and apdu.apduService == service:
            future.set_result(bytes(apdu.pduData) if isinstance(apdu, ComplexAckPDU) else b"")
            return
        future.set_exception(judged(apdu, service))

    async def confirmation(self, apdu: Any) -> None:
        """Take what bacpypes3 makes up by itself when it cannot send."""
        self.answered(apdu)

    # -- what others ask us

    def answers(self, octets: bytearray) -> bool:
        """Say whether this confirmed request is one that bacpypes3 answers for our device object."""
        service = octets[3] if len(octets) > 3 and not octets[0] & 0x08 else None
        known = service in {services.READ_PROPERTY, services.READ_MULTIPLE}
        return known and self._instance is not None and len(self.asap.serverTransactions) < SERVER_TRANSACTIONS

    async def was_asked(self, source: Address, octets: bytes) -> None:
        """Answer a confirmed request by the allow-list: a COV notification is taken, all else refused."""
        if len(octets) < 4:
            return
        invoke_id, answer = octets[2], None
        if octets[0] & 0x08:
            answer = AbortPDU(True, invoke_id, SEGMENTATION_NOT_SUPPORTED)
        elif octets[3] != services.CONFIRMED_COV:
            answer = RejectPDU(invoke_id, UNRECOGNIZED_SERVICE)
        elif self._heard(source, services.UNCONFIRMED_COV, octets[4:]):
            answer = SimpleAckPDU(services.CONFIRMED_COV, invoke_id)
        else:
            answer = ErrorPDU(services.CONFIRMED_COV, invoke_id)
            answer.put_data(NO_SUCH_SUBSCRIPTION)
        answer.pduDestination = source
        await self.asap.request(answer)

    async def was_told(self, source: Address, octets: bytes) -> None:
        """Hear an unconfirmed request, if it is one of those we listen to."""
        service, data = (octets[1], octets[2:]) if len(octets) > 1 else (None, b"")
        if service in {services.I_AM, services.UNCONFIRMED_COV}:
            self._heard(source, service, data)
        elif service == services.WHO_IS and self._instance is not None and services.asks_for(data, self._instance):
            await self.tell(source, services.I_AM, services.encode_i_am(self._instance, MAX_APDU, VENDOR_ID))

    def get_services_supported(self) -> ServicesSupported:
        """Say what our device object answers."""
        return ServicesSupported(["read-property", "read-property-multiple", "who-is", "i-am"])


def _device(instance: int) -> DeviceObject:
    if not 0 <= instance < MAX_INSTANCE:
        raise ValueError(f"a device instance of {instance}; allowed: 0 to {MAX_INSTANCE - 1}")
    device = DeviceObject(objectIdentifier=("device", instance), objectName=f"t3actors-{instance}")
    device.vendorIdentifier = VENDOR_ID
    device.maxApduLengthAccepted = MAX_APDU
    return device


def _too_late(future: asyncio.Future[bytes], to: Address) -> None:
    if not future.done():
        future.set_exception(RequestTimedOut(f"{to}: its answer did not come to an end"))
