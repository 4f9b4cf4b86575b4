"""Asks a Temco panel for its settings, which hold its serial number: one private transfer that reads, only where it was allowed."""

from __future__ import annotations

from supervision.registry import Registry
from t3actors.collect.bacnet.codec.temco import Setting, decode_setting, read_setting_parameters
from t3actors.collect.bacnet.link.requests import PrivateTransfer, ask_link


async def read_setting(
    registry: Registry, address: str, *, timeout_s: float = 3.0, retries: int = 0, background: bool = False
) -> Setting:
    """Ask for panel number, serial number and device instance. The caller sees to `private_transfer = true` and vendor 148.

    **Raises**: RequestRefused where the panel does not know the command, RequestTimedOut, BadResponse, LinkDown. **Thread**: trio.
    """
    asked = PrivateTransfer(
        address=address,
        parameters=read_setting_parameters(),
        timeout_s=timeout_s,
        retries=retries,
        background=background,
    )
    content: bytes = await ask_link(registry, asked)
    return decode_setting(content)
