"""Registration with a BBMD: renewed, reported when it fails, and taken up again."""

from __future__ import annotations

import pytest

from t3actors.collect.bacnet.link import foreign
from t3actors.collect.bacnet.link.requests import ReadMultiple, WhoIs, ask_link
from t3actors.errors import LinkDown
from tests.collect.bacnet.peer import Peer, acknowledging, link_up
from tests.waiting import WITHIN_S, until


class Bbmd(Peer):
    """Says `code` to each registration; nothing when it is None."""

    def __init__(self, code: int | None) -> None:
        super().__init__(self._result)
        self.code = code

    def _result(self, frame: bytes, _source: tuple[str, int]) -> list[bytes]:
        if frame[1] != 0x05 or self.code is None:
            return []
        return [b"\x81\x00\x00\x06" + self.code.to_bytes(2, "big")]

    def registrations(self) -> list[int]:
        return [int.from_bytes(frame[4:6], "big") for frame in list(self.frames) if frame[1] == 0x05]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "ANSWER_WITHIN_S", 0.1)
    monkeypatch.setattr(foreign, "RETRY_AFTER_S", 0.05)


async def test_a_broadcast_goes_by_the_bbmd_that_took_us_and_the_registration_is_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(foreign, "RENEW_AT", 0.001)
    with Bbmd(0) as bbmd:
        async with link_up(bbmd=bbmd.address, bbmd_ttl_s=60.0) as house:
            await until(lambda: len(bbmd.registrations()) > 2)
            await until(lambda: house.log.named("bbmd.registered"))
            await ask_link(house.registry, WhoIs())
            await until(lambda: any(frame[1] == 0x09 for frame in bbmd.frames))
            assert len(house.log.named("bbmd.registered")) == 1
            assert set(bbmd.registrations()) == {60}
        await until(lambda: bbmd.registrations()[-1] == 0, what="asked to be forgotten at the end")


@pytest.mark.parametrize(("code", "says"), [(0x30, "refused"), (None, "no answer")])
async def test_a_bbmd_that_does_not_take_us_is_reported_once_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, code: int | None, says: str
) -> None:
    monkeypatch.setattr(foreign, "ANSWER_WITHIN_S", 0.3 if code is None else WITHIN_S)
    with Bbmd(code) as bbmd, Peer(acknowledging(b"\x01")) as peer:
        async with link_up(bbmd=bbmd.address) as house:
            await until(lambda: house.log.named("bbmd.lost"))
            assert says in house.log.named("bbmd.lost")[0]["reason"]
            with pytest.raises(LinkDown, match="not registered"):
                await ask_link(house.registry, WhoIs())
            assert await ask_link(house.registry, ReadMultiple(address=peer.address, service_data=b"")) == b"\x01"
            asked = len(bbmd.registrations())
            await until(lambda: len(bbmd.registrations()) > asked + 3)
            assert len(house.log.named("bbmd.lost")) == 1
            bbmd.code = 0
            await until(lambda: house.log.named("bbmd.registered"), what="one refusal is not for ever")
            await ask_link(house.registry, WhoIs())


async def test_a_result_from_a_stranger_counts_for_nothing() -> None:
    with Bbmd(None) as bbmd, Peer() as stranger:
        async with link_up(bbmd=bbmd.address) as house:
            for _ in range(20):
                stranger.socket.sendto(b"\x81\x00\x00\x06\x00\x00", house.at)
            await until(lambda: house.log.named("bbmd.lost"))
            assert house.log.named("bbmd.registered") == []


async def test_a_lost_renewal_is_borne_until_the_time_to_live_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "RENEW_AT", 0.001)
    with Bbmd(0) as bbmd:
        async with link_up(bbmd=bbmd.address, bbmd_ttl_s=60.0) as house:
            await until(lambda: house.log.named("bbmd.registered"))
            lost = len(house.log.named("bbmd.lost"))  # once where the machine was too slow for the very first answer
            bbmd.code = None
            asked = len(bbmd.registrations())
            await until(lambda: len(bbmd.registrations()) > asked + 7)
            await ask_link(house.registry, WhoIs())
            assert len(house.log.named("bbmd.lost")) == lost
            bbmd.code = 0x30
            await until(lambda: len(house.log.named("bbmd.lost")) > lost, what="a refusal is believed at once")
