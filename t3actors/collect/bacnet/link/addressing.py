"""Stations as bacpypes3 holds them: to and from its addresses. How people write them is t3actors/stations.py's to know."""

from __future__ import annotations

from functools import lru_cache

from bacpypes3.pdu import Address, GlobalBroadcast, IPv4Address, LocalBroadcast, RemoteBroadcast, RemoteStation

from t3actors.stations import EVERYWHERE, STATIONS_KEPT, Station


@lru_cache(maxsize=STATIONS_KEPT)
def addressed(to: Station) -> Address:
    """Give bacpypes3's form of a station, or of many: dear to make, so those made before are remembered."""
    if to.network == EVERYWHERE:
        return GlobalBroadcast()
    if to.network is None:
        return IPv4Address(to.mac) if to.mac else LocalBroadcast()
    return RemoteStation(to.network, to.mac) if to.mac else RemoteBroadcast(to.network)


def heard_from(source: Address) -> Station:
    """Give the station that sent something."""
    return Station(source.addrNet, bytes(source.addrAddr))


def key(address: Address) -> tuple[int | None, bytes]:
    """Give what tells one station from another, equal to its Station: hashing bacpypes3's own addresses is dear."""
    return address.addrNet, address.addrAddr
