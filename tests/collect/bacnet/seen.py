"""I-Ams as the link tells them."""

from __future__ import annotations

from t3actors.collect.bacnet.link.requests import DeviceSeen
from t3actors.stations import station


def seen(address: str, instance: int, vendor_id: int = 148) -> DeviceSeen:
    """An I-Am that came from this address."""
    at = station(address)
    return DeviceSeen(address, at.network, at.mac, instance, vendor_id, 480, 3)
