"""Networks behind one address, on a clock that the test holds."""

from __future__ import annotations

import pytest

from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.npdu import Npdu, Station, decode_npdu, encode_npdu
from t3actors.simulator.bacnet.router import LONGEST_QUEUE_S, REPLY_TIMEOUT_S, Outgoing, Router, Trunk
from tests.simulator.bacnet.client import READ, ai, confirmed, read_property, responder_of

ORIGIN = ("127.0.0.1", 1)
REQUEST = confirmed(1, READ, read_property(ai(1), 85))
WHO_IS = b"\x10\x08"
EVERYWHERE = Station(0xFFFF, b"")


def router_of(*, baud: int = 0) -> Router:
    stations = {b"\x07": responder_of(instance=7), b"\x08": responder_of(instance=8)}
    return Router(responder_of(instance=1), {50: stations}, {50: baud} if baud else None)


def told(router: Router, npdu: Npdu, *, broadcast: bool = False, now_s: float = 0.0) -> list[Outgoing]:
    return router.receive(encode_npdu(npdu), ORIGIN, now_s, broadcast=broadcast)


def test_a_station_answers_with_its_own_address() -> None:
    (answer,) = told(router_of(), Npdu(REQUEST, Station(50, b"\x07")))
    assert decode_npdu(answer.npdu).source == Station(50, b"\x07")
    assert answer.to == ORIGIN


def test_an_answer_goes_back_to_the_station_that_asked() -> None:
    client = Station(9, b"\x01\x02")
    (answer,) = told(router_of(), Npdu(REQUEST, Station(50, b"\x07"), client))
    assert decode_npdu(answer.npdu).destination == client


@pytest.mark.parametrize(
    ("destination", "found"), [(None, 1), (EVERYWHERE, 3), (Station(50, b""), 2), (Station(50, b"\x08"), 1)]
)
def test_a_search_reaches_those_it_is_meant_for(destination: Station | None, found: int) -> None:
    answers = told(router_of(), Npdu(WHO_IS, destination), broadcast=True)
    assert len(answers) == found
    assert all(decode_npdu(each.npdu).destination == EVERYWHERE and each.broadcast for each in answers)


def test_a_search_sent_to_the_router_alone_is_answered_to_its_sender() -> None:
    answers = told(router_of(), Npdu(WHO_IS, EVERYWHERE))
    assert [each.broadcast for each in answers] == [False] * 3


def test_a_station_that_is_not_there_is_silence() -> None:
    assert told(router_of(), Npdu(REQUEST, Station(50, b"\x63"))) == []


def test_a_network_that_is_not_there_is_rejected_as_such() -> None:
    (answer,) = told(router_of(), Npdu(REQUEST, Station(51, b"\x07")))
    assert decode_npdu(answer.npdu) == Npdu(b"\x01\x00\x33", message=3)
    assert told(router_of(), Npdu(WHO_IS, Station(51, b"")), broadcast=True) == []


@pytest.mark.parametrize(("wanted", "found"), [(b"", 1), (b"\x00\x32", 1), (b"\x00\x33", 0)])
def test_a_router_says_which_networks_it_leads_to(wanted: bytes, found: int) -> None:
    answers = told(router_of(), Npdu(wanted, message=0), broadcast=True)
    assert [decode_npdu(each.npdu) for each in answers] == [Npdu(b"\x00\x32", message=1)] * found


def test_a_trunk_carries_one_frame_at_a_time() -> None:
    router = router_of(baud=9600)
    (first,) = told(router, Npdu(REQUEST, Station(50, b"\x07")))
    (second,) = told(router, Npdu(REQUEST, Station(50, b"\x08")))
    octets = len(REQUEST) + 10 + len(decode_npdu(first.npdu).content) + 10
    assert first.delay_s == pytest.approx(octets * 10 / 9600)
    assert second.delay_s == pytest.approx(2 * first.delay_s)


def test_a_dead_station_costs_the_whole_trunk_its_reply_timeout() -> None:
    router = router_of(baud=38_400)
    (alone,) = told(router, Npdu(REQUEST, Station(50, b"\x07"), expects_reply=True))
    router.networks[50][b"\x08"].set_fault(BacnetFault(BacnetFaultKind.STALL), 0.0)
    told(router, Npdu(REQUEST, Station(50, b"\x08"), expects_reply=True), now_s=10.0)
    (after,) = told(router, Npdu(REQUEST, Station(50, b"\x07"), expects_reply=True), now_s=10.0)
    assert after.delay_s > alone.delay_s + REPLY_TIMEOUT_S


def test_a_trunk_that_is_too_far_behind_takes_nothing_more() -> None:
    router = router_of(baud=1200)
    answers = [told(router, Npdu(REQUEST, Station(50, b"\x07"))) for _ in range(200)]
    assert answers[-1] == []
    assert max(each[0].delay_s for each in answers if each) < LONGEST_QUEUE_S + 1
    assert told(router, Npdu(REQUEST, Station(50, b"\x07")), now_s=60.0) != []


def test_a_speed_that_no_trunk_has_is_refused() -> None:
    with pytest.raises(ValueError, match="baud: saw 300, allowed is 1200 to 1000000"):
        Trunk(300)
