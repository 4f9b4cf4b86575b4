"""Which router leads to which network: asked once for all who wait, remembered, and forgotten when nobody behind it answers.

bacpypes3 asks for each request by itself, and gives up when two routers answer. Thread: the asyncio loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bacpypes3.basetypes import RouterEntryStatus
from bacpypes3.netservice import NetworkServiceElement, RouterInfoCache
from bacpypes3.npdu import WhoIsRouterToNetwork
from bacpypes3.pdu import Address, LocalBroadcast

from t3actors.errors import LinkDown

ANSWER_WITHIN_S = 2.0
ASK_AGAIN_AFTER_S = 10.0
SILENT_REQUESTS = 5  # time-outs in a row, whoever was asked, until the router itself is doubted
AVAILABLE = RouterEntryStatus("available")


class Routes(RouterInfoCache):
    """The network layer's own cache, which also wakes who waits for a route."""

    def __init__(self, fixed: Mapping[int, Address]) -> None:
        RouterInfoCache.__init__(self)
        self._fixed = dict(fixed)
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._nobody_until_s: dict[int, float] = {}
        self._silent: dict[int, int] = {}

    async def update_path_info(
        self,
        snet: int | None,  # noqa: ARG002 - one network of our own: always None
        address: Address,
        dnets: set[int],
    ) -> None:
        """Learn a route (an I-Am-Router-To-Network, or a frame that came through one)."""
        fresh = {dnet for dnet in dnets if dnet not in self._fixed and 1 <= dnet <= 65534}
        for dnet in fresh:
            known = self.path_info.get((None, dnet))
            if known is None or known[0] != address:
                self.path_info[None, dnet] = (address, AVAILABLE)
            self._nobody_until_s.pop(dnet, None)
            waiting = self._asked.get(dnet)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def leads_to(self, network: int) -> bool:
        """Say whether there is a route: given by configuration, or heard of."""
        if (None, network) not in self.path_info and network in self._fixed:
            self.path_info[None, network] = (self._fixed[network], AVAILABLE)
        return (None, network) in self.path_info

    async def ensure(self, network: int, nse: NetworkServiceElement) -> None:
        """Return once there is a route. **Raises**: LinkDown when no router to that network answers."""
        if self.leads_to(network):
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._nobody_until_s.get(network, 0.0):
            raise LinkDown(f"network {network}: no router to it answers")
        waiting = self._asked.get(network)
        if waiting is None:
            waiting = self._asked[network] = loop.create_future()
            try:
                await self._ask(network, nse, waiting)
            finally:
                del self._asked[network]
                if not waiting.done():
                    waiting.cancel()
        else:
            await asyncio.wait([waiting], timeout=ANSWER_WITHIN_S + 1.0)
        if (None, network) not in self.path_info:
            raise LinkDown(f"network {network}: no router to it answers")

    async def _ask(self, network: int, nse: NetworkServiceElement, waiting: asyncio.Future[None]) -> None:
        for adapter in nse.elementService.adapters.values():
            question = WhoIsRouterToNetwork(network)
            question.npduHopCount = 255
            question.pduDestination = LocalBroadcast()
            await adapter.process_npdu(question)
        done, _ = await asyncio.wait([waiting], timeout=ANSWER_WITHIN_S)
        if not done:
            now_s = asyncio.get_running_loop().time()
            self._nobody_until_s = {at: until for at, until in self._nobody_until_s.items() if until > now_s}
            self._nobody_until_s[network] = now_s + ASK_AGAIN_AFTER_S

    def answered(self, network: int) -> None:
        """Somebody there answered: the route is good."""
        self._silent.pop(network, None)

    def timed_out(self, network: int) -> None:
        """Somebody there did not answer; when nobody does, the route is asked for anew."""
        silent = self._silent[network] = self._silent.get(network, 0) + 1
        if silent >= SILENT_REQUESTS:
            del self._silent[network]
            self.path_info.pop((None, network), None)
