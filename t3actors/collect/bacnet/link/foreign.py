"""Registration with a BBMD on another network, renewed as long as the link lives.

bacpypes3's own forgets how to register after one refusal, and lets any stranger's Result cancel it; so the conversation is
kept here: asked, waited for, asked again; only the BBMD's own answer counts. Thread: the asyncio loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bacpypes3.ipv4.bvll import LPDU, DistributeBroadcastToNetwork, OriginalUnicastNPDU, RegisterForeignDevice, Result
from bacpypes3.ipv4.service import BIPForeign
from bacpypes3.pdu import PDU, Address, IPv4Address

from t3actors.errors import LinkDown

ANSWER_WITHIN_S = 2.0
TRIES = 3
RENEW_AT = 0.5  # of the time to live: one whole round of lost renewals is borne
RETRY_AFTER_S = 5.0
RESULTS = {0: "accepted", 0x30: "refused: it is no BBMD, or takes no foreign devices"}  # J.2.1.1


class Foreign(BIPForeign):
    """The link layer of a foreign device."""

    def __init__(self, bbmd: IPv4Address, ttl_s: float, told: Callable[[str], None]) -> None:
        """`told` gets "" at each registration that follows a failure (and the first), a reason at the first failure after one."""
        BIPForeign.__init__(self)
        self.bbmdAddress = bbmd
        self.ttl_s = int(ttl_s)
        self.reason = "not registered yet"
        self._told = told
        self._good_until_s = 0.0
        self._result: asyncio.Future[int] | None = None

    @property
    def registered(self) -> bool:
        """Say whether the BBMD has us in its table now."""
        return bool(self.bbmdRegistrationStatus == 0)

    async def keep_registered(self) -> None:
        """Register and renew until cancelled; then ask to be forgotten."""
        try:
            while True:
                code = await self._ask()
                self._judge(code)
                await asyncio.sleep(self.ttl_s * RENEW_AT if code == 0 else min(RETRY_AFTER_S, self.ttl_s))
        finally:
            if self.registered:
                await self.request(RegisterForeignDevice(0, destination=self.bbmdAddress))

    async def _ask(self) -> int | None:
        for _ in range(TRIES):
            self._result = asyncio.get_running_loop().create_future()
            await self.request(RegisterForeignDevice(self.ttl_s, destination=self.bbmdAddress))
            done, _ = await asyncio.wait([self._result], timeout=ANSWER_WITHIN_S)
            if done:
                return self._result.result()
        return None

    def _judge(self, code: int | None) -> None:
        was, never_told = self.registered, self.reason == "not registered yet"
        if code == 0:
            self.bbmdRegistrationStatus = 0
            self._good_until_s = asyncio.get_running_loop().time() + self.ttl_s
            self._registration_event.set()
            self.reason = ""
            if not was:
                self._told("")
            return
        if code is None and was and asyncio.get_running_loop().time() < self._good_until_s:
            return  # it still has us; the next round asks again
        self.bbmdRegistrationStatus = -2
        self._registration_event.clear()
        self.reason = "no answer" if code is None else RESULTS.get(code, f"refused with code {code:#06x}")
        if was or never_told:
            self._told(self.reason)

    async def indication(self, pdu: PDU) -> None:
        """Send to one station, or to everybody by the BBMD. **Raises**: LinkDown while it does not have us."""
        lpdu: LPDU
        if pdu.pduDestination.addrType == Address.localStationAddr:
            lpdu = OriginalUnicastNPDU(pdu.pduData, destination=pdu.pduDestination, user_data=pdu.pduUserData)
        elif not self.registered:
            raise LinkDown(f"not registered with the BBMD {self.bbmdAddress}: {self.reason}")
        else:
            lpdu = DistributeBroadcastToNetwork(pdu, destination=self.bbmdAddress, user_data=pdu.pduUserData)
        await self.request(lpdu)

    async def confirmation(self, lpdu: Any) -> None:
        """Take what came; a Result counts only from the BBMD, and only when one is waited for."""
        if not isinstance(lpdu, Result):
            await BIPForeign.confirmation(self, lpdu)
        elif lpdu.pduSource == self.bbmdAddress and self._result is not None and not self._result.done():
            self._result.set_result(int(lpdu.bvlciResultCode))
