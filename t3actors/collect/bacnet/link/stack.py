"""The sockets, the thread and the bacpypes3 application together: opened, asked, closed. Called by actor.py on the trio thread."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bacpypes3.pdu import Address, IPv4Address

from t3actors.addresses import split_address
from t3actors.collect.bacnet.codec import services
from t3actors.collect.bacnet.link import constructed
from t3actors.collect.bacnet.link.addressing import addressed, heard_from
from t3actors.collect.bacnet.link.application import SEGMENTS_TAKE_S, GatewayApplication
from t3actors.collect.bacnet.link.datagrams import Datagrams, bind_sockets
from t3actors.collect.bacnet.link.doorway import Doorway
from t3actors.collect.bacnet.link.foreign import Foreign
from t3actors.collect.bacnet.link.frames import Answer
from t3actors.collect.bacnet.link.heard import Heard
from t3actors.collect.bacnet.link.interfaces import Endpoint
from t3actors.collect.bacnet.link.jobs import Job
from t3actors.collect.bacnet.link.loop import AsyncioThread
from t3actors.collect.bacnet.link.refusals import refusal, silence
from t3actors.collect.bacnet.link.requests import CovNotified, DeviceSeen
from t3actors.config import BacnetConfig
from t3actors.errors import DriverError, GatewayError, LinkDown
from t3actors.stations import DEFAULT_PORT, Station, station, written

Result = TypeVar("Result")
Expected = dict[tuple[str, int], tuple[int, int]]
"""(station, process id): (object type, instance). Written on the trio thread, looked into on the other."""
OPEN_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0
MARGIN_S = 6.0  # for finding a route, and the crossing


class Stack:
    """One life of the BACnet/IP stack."""

    decode_constructed = staticmethod(constructed.decode)

    def __init__(
        self,
        endpoint: Endpoint,
        config: BacnetConfig,
        routers: Mapping[int, str],
        subscriptions: Expected,
        wake: Callable[[], None],
        bbmd_told: Callable[[str], None],
    ) -> None:
        """`wake` and `bbmd_told` are called on the trio thread: something was heard; "" or why the BBMD has not taken us."""
        self.endpoint = endpoint
        self.thread = AsyncioThread("bacnet")
        self.heard = Heard()
        self.datagrams = Datagrams(endpoint)
        self.thread.at_end.append(self.datagrams.close)
        self.doorway = Doorway(self.datagrams, self.thread.post)
        self.application: GatewayApplication | None = None
        self._config = config
        at = {network: station(text, endpoint.port or DEFAULT_PORT) for network, text in routers.items()}
        self._routers = {network: addressed(router) for network, router in at.items()}
        self._subscriptions = subscriptions
        self._wake = wake
        self._bbmd_told = bbmd_told
        self._registering: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Bind, start the thread, build the application. **Raises**: LinkDown, with nothing left open."""
        logging.getLogger("bacpypes3").setLevel(
            logging.CRITICAL + 1
        )  # strangers' datagrams must not fill a log: they are counted
        own, broadcast = bind_sockets(self.endpoint, listen_broadcast=self._config.bbmd is None)
        self.thread.guard(own, *([broadcast] if broadcast is not None else []))
        self.doorway.open(own, broadcast)
        self.thread.start()
        try:
            await self.thread.call(self._build, own, timeout_s=OPEN_WITHIN_S)
        except BaseException as error:
            self.thread.give_up("it could not be opened")
            if isinstance(error, GatewayError):
                raise LinkDown(f"{self.endpoint}: {error}") from error
            raise

    async def ask(self, job: Job, *, retries: int) -> Any:
        """Send a confirmed request; give what its `finish` (run on the other thread) makes of the answer. **Raises**: DriverErrors."""
        to, timeout_s = addressed(job.to), job.request.timeout_s

        def wanted() -> bool:
            return not job.pending.withdrawn

        async def run() -> Any:
            asked = self._application().ask(to, job.service, job.data, timeout_s, retries, wanted, job.begun)
            return job.finish(await asked)

        limit_s = (timeout_s + SEGMENTS_TAKE_S) * (retries + 1) + MARGIN_S
        return await self.thread.call(run, timeout_s=limit_s)

    async def finish(self, finish: Callable[[bytes], Result], data: bytes) -> Result:
        """Give what `finish` (run on the other thread) makes of an answer. **Raises**: DriverErrors."""

        async def run() -> Result:
            return finish(data)

        return await self.thread.call(run, timeout_s=MARGIN_S)

    @staticmethod
    def refused(to: Station, service: int, answer: Answer) -> DriverError:
        """Give the error that an answer amounts to."""
        return refusal(answer, service, str(addressed(to)))

    @staticmethod
    def silent(to: Station) -> DriverError:
        """Give the error that no answer amounts to."""
        return silence(str(addressed(to)))

    async def tell(self, to: Station, service: int, data: bytes) -> None:
        """Send an unconfirmed request. **Raises**: LinkDown."""
        await self.thread.call(self._tell, addressed(to), service, data, timeout_s=MARGIN_S)

    async def close(self) -> None:
        """Close in order, within a bounded time. Never raises."""
        try:
            await self.thread.call(self._shut, timeout_s=CLOSE_WITHIN_S)
        except GatewayError:
            pass  # it is over all the same
        finally:
            await self.thread.stop()

    # -- on the asyncio thread

    async def _build(self, own: socket.socket) -> None:
        self.datagrams.open(own)
        foreign = None
        if self._config.bbmd is not None:
            foreign = await self._foreign(self._config.bbmd)
        self.application = GatewayApplication(
            self.datagrams, self._hear, instance=self._config.instance, foreign=foreign, routers=self._routers
        )
        if foreign is not None:
            self._registering = asyncio.get_running_loop().create_task(foreign.keep_registered())

    async def _foreign(self, bbmd: str) -> Foreign:
        host, port = split_address(bbmd, DEFAULT_PORT)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
        at = IPv4Address((str(found[0][4][0]), port))
        return Foreign(at, self._config.bbmd_ttl_s, lambda reason: self.thread.tell(self._bbmd_told, reason))

    def _application(self) -> GatewayApplication:
        if self.application is None:
            raise LinkDown(f"{self.endpoint}: not open")
        return self.application

    async def _tell(self, to: Address, service: int, data: bytes) -> None:
        await self._application().tell(to, service, data)

    async def _shut(self) -> None:
        if self._registering is not None:
            self._registering.cancel()
            await asyncio.wait([self._registering], timeout=CLOSE_WITHIN_S / 2)
        self._application().close()

    def _hear(self, source: Address, service: int, data: bytes) -> bool:
        known = self._hear_i_am(source, data) if service == services.I_AM else self._hear_cov(source, data)
        if known:
            self.thread.tell(self._wake, once=True)
        return known

    def _hear_i_am(self, source: Address, data: bytes) -> bool:
        said = services.i_am(data)
        at = heard_from(source)
        self.heard.put(
            (at, said.instance),
            DeviceSeen(
                written(at),
                at.network,
                at.mac,
                said.instance,
                said.vendor_id,
                said.max_apdu,
                said.segmentation,
            ),
        )
        return True

    def _hear_cov(self, source: Address, data: bytes) -> bool:
        said = services.cov(data)
        at = written(heard_from(source))
        if self._subscriptions.get((at, said.process_id)) != (said.object_type, said.object_instance):
            return False
        about = tuple((property_id, index) for property_id, index, _ in said.values)
        fields: dict[str, Any] = {name: getattr(said, name) for name in said.__struct_fields__}
        self.heard.put((at, said.process_id, about), CovNotified(address=at, **fields))
        return True
