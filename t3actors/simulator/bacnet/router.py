"""A node as the network sees it: a device of its own, or none, and the networks behind it. Pure: `now_s` is given.

Several devices behind one IP address and port are such networks; an MS/TP trunk is one with a speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from t3actors.simulator.bacnet.bvll import Address
from t3actors.simulator.bacnet.npdu import (
    EVERY_NETWORK,
    I_AM_ROUTER,
    NO_ROUTE,
    REJECT_MESSAGE,
    WHO_IS_ROUTER,
    BadNetworkHeader,
    Npdu,
    Station,
    decode_npdu,
    encode_npdu,
)
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.subscriptions import Peer

Stations = Mapping[bytes, Responder]
FRAME_OVERHEAD = 10  # octets of an MS/TP frame beside its data (clause 9.3)
BITS_PER_OCTET = 10
REPLY_TIMEOUT_S = 0.255  # T_reply_timeout: what a silent station costs the whole trunk (clause 9.5.3)
LONGEST_QUEUE_S = 10.0  # what would wait longer is thrown away


class Outgoing(NamedTuple):
    """One NPDU on its way; a broadcast has the address that caused it."""

    npdu: bytes
    to: Address
    delay_s: float = 0.0
    broadcast: bool = False
    other_port: bool = False
    responder: Responder | None = None  # whose it is, and where that stands
    place: Station | None = None


class Trunk:
    """A line that carries one frame at a time."""

    def __init__(self, baud: int) -> None:
        if not 1200 <= baud <= 1_000_000:
            raise ValueError(f"baud: saw {baud}, allowed is 1200 to 1000000")
        self._octet_s = BITS_PER_OCTET / baud
        self._free_s = 0.0

    def carry(self, at_s: float, octets: int) -> float:
        """Send a frame at the earliest from `at_s` on; give when it has arrived."""
        self._free_s = max(at_s, self._free_s) + (octets + FRAME_OVERHEAD) * self._octet_s
        return self._free_s

    def wait_in_vain(self) -> None:
        """Let the time of an answer that does not come go by."""
        self._free_s += REPLY_TIMEOUT_S

    def is_choked(self, now_s: float) -> bool:
        """Whether the queue is so long that nothing more is taken."""
        return self._free_s - now_s > LONGEST_QUEUE_S


class Router:
    """Gives what comes to whom it is meant for, and puts return addresses on what goes."""

    def __init__(
        self,
        local: Responder | None,
        networks: Mapping[int, Stations] | None = None,
        bauds: Mapping[int, int] | None = None,
    ) -> None:
        self.local = local
        self.networks = dict(networks or {})
        self._trunks = {network: Trunk(baud) for network, baud in (bauds or {}).items()}

    def receive(self, data: bytes, origin: Address, now_s: float, *, broadcast: bool) -> list[Outgoing]:
        """Take one NPDU. **Raises**: BadNetworkHeader."""
        npdu = decode_npdu(data)
        if npdu.message is not None:
            return self._network_message(npdu, origin, broadcast)
        peer = Peer(origin, npdu.source)
        wanted = npdu.destination
        if wanted is None or wanted.network == EVERY_NETWORK:
            outgoing: list[Outgoing] = []
            if self.local is not None:
                sendings = self.local.receive(npdu.content, peer, now_s, broadcast=broadcast)
                outgoing = self._wrapped(self.local, sendings, None)
            if wanted is not None:
                for network in self.networks:
                    outgoing += self._to_network(Station(network, b""), npdu, peer, now_s, broadcast)
            return outgoing
        if wanted.network in self.networks:
            return self._to_network(wanted, npdu, peer, now_s, broadcast)
        if broadcast:
            return []
        refusal = bytes((NO_ROUTE,)) + wanted.network.to_bytes(2, "big")
        return [Outgoing(encode_npdu(Npdu(refusal, npdu.source, message=REJECT_MESSAGE)), origin)]

    def wrapped(
        self, responder: Responder, sendings: list[Sending], place: Station | None, now_s: float
    ) -> list[Outgoing]:
        """Address what a device sends of its own accord."""
        trunk = self._trunks.get(place.network) if place is not None else None
        return self._wrapped(responder, sendings, place, trunk, now_s, now_s)

    def _to_network(self, wanted: Station, npdu: Npdu, peer: Peer, now_s: float, broadcast: bool) -> list[Outgoing]:
        # Sent to us alone, a search of a whole network is answered to whoever sent it: on loopback nobody else hears it.
        stations = self.networks[wanted.network]
        trunk = self._trunks.get(wanted.network)
        arrives_s = now_s
        if trunk is not None:
            if trunk.is_choked(now_s):
                return []
            arrives_s = trunk.carry(now_s, len(npdu.content))
        asked = stations.items() if not wanted.mac else [(wanted.mac, stations.get(wanted.mac))]
        outgoing: list[Outgoing] = []
        for mac, responder in asked:
            sendings = [] if responder is None else responder.receive(npdu.content, peer, now_s, broadcast=broadcast)
            if trunk is not None and npdu.expects_reply and not sendings:
                trunk.wait_in_vain()
            if responder is not None:
                place = Station(wanted.network, mac)
                outgoing += self._wrapped(responder, sendings, place, trunk, arrives_s, now_s)
        return outgoing

    @staticmethod
    def _wrapped(
        responder: Responder, sendings: list[Sending], place: Station | None,
        trunk: Trunk | None = None, sent_s: float = 0.0, now_s: float = 0.0,
    ) -> list[Outgoing]:  # fmt: skip
        outgoing = []
        for each in sendings:
            delay_s = each.delay_s
            if trunk is not None:
                delay_s = trunk.carry(sent_s + delay_s, len(each.apdu)) - now_s
            destination = Station(EVERY_NETWORK, b"") if each.broadcast else each.peer.station
            npdu = encode_npdu(Npdu(each.apdu, destination, place))
            going = Outgoing(npdu, each.peer.address, delay_s, each.broadcast, each.other_port, responder, place)
            outgoing.append(going)
        return outgoing

    def _network_message(self, npdu: Npdu, origin: Address, broadcast: bool) -> list[Outgoing]:
        if npdu.message != WHO_IS_ROUTER or not self.networks:
            return []
        if npdu.content and len(npdu.content) != 2:
            raise BadNetworkHeader(f"a network number has 2 bytes, saw {len(npdu.content)}")
        wanted = int.from_bytes(npdu.content, "big")
        if npdu.content and wanted not in self.networks:
            return []
        mine = b"".join(each.to_bytes(2, "big") for each in self.networks)
        return [Outgoing(encode_npdu(Npdu(mine, message=I_AM_ROUTER)), origin, broadcast=broadcast)]
