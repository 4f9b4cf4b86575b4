"""Which of this machine's IPv4 addresses BACnet/IP uses: chosen by interface name, CIDR or address; never guessed.

`choose` and `must_be_chosen` are pure; `list_addresses` asks the kernel (rtnetlink), without another program and without a dependency.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from t3actors.config import BacnetConfig, Config
from t3actors.errors import ConfigError, LinkDown

RTM_GETADDR, RTM_NEWADDR, NLMSG_DONE, NLMSG_ERROR = 22, 20, 3, 2  # linux/rtnetlink.h, linux/netlink.h
NLM_F_REQUEST_DUMP = 0x301
IFA_ADDRESS, IFA_LOCAL = 1, 2  # linux/if_addr.h


class OwnAddress(msgspec.Struct, frozen=True):
    """One IPv4 address of this machine."""

    interface: str
    address: str
    prefix: int

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The network it lies in."""
        return ipaddress.IPv4Network(f"{self.address}/{self.prefix}", strict=False)

    def __str__(self) -> str:
        return f"{self.interface} ({self.address}/{self.prefix})"


class Endpoint(msgspec.Struct, frozen=True):
    """Where to bind. `broadcast` None: unicast only."""

    address: str
    port: int
    broadcast: str | None = None

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def choose(wanted: str, port: int, own: Sequence[OwnAddress]) -> Endpoint:
    """Choose the address to bind.

    **Raises**: ConfigError when several would do and none is named, or the name has not the form of one, with the list;
    LinkDown when what is named is not there now.
    """
    if not wanted:
        return _only_one(port, own)
    if wanted.startswith("127."):
        return _loopback(wanted, port)
    if wanted[0].isdigit() and "." in wanted:
        return _by_address(wanted, port, own)
    named = [one for one in own if one.interface == wanted]
    if not named:
        raise LinkDown(f"bacnet.interface: {wanted!r} has no IPv4 address now; there are: {_told(own)}")
    return _endpoint(named[0], port)


def must_be_chosen(config: Config, own_addresses: Callable[[], Sequence[OwnAddress]]) -> None:
    """Refuse a configuration that speaks BACnet and leaves open on which of several networks.

    What is named but not there now is a state, not a fault: the link says so and tries again.

    **Raises**: ConfigError, with the list.
    """
    line = config.bacnet or BacnetConfig()
    speaks = line.discover != "off" or any(one.enabled and one.protocol == "bacnet" for one in config.devices)
    if speaks:
        with suppress(LinkDown):
            choose(line.interface, line.port, own_addresses())


def _only_one(port: int, own: Sequence[OwnAddress]) -> Endpoint:
    outside = [one for one in own if not ipaddress.ip_address(one.address).is_loopback]
    if not outside:
        raise LinkDown("bacnet.interface: no interface of this machine has an IPv4 address now")
    if len({one.network for one in outside}) > 1:
        raise ConfigError(
            [f"bacnet.interface: saw none, and there are several networks; allowed: one of {_told(outside)}"]
        )
    return _endpoint(outside[0], port)


def _loopback(wanted: str, port: int) -> Endpoint:
    interface = _parsed(wanted)
    broadcast = str(interface.network.broadcast_address) if interface.network.prefixlen < 31 else None
    return Endpoint(str(interface.ip), port, broadcast)


def _by_address(wanted: str, port: int, own: Sequence[OwnAddress]) -> Endpoint:
    interface = _parsed(wanted)
    for one in own:
        if one.address == str(interface.ip):
            return _endpoint(
                one if "/" not in wanted else OwnAddress(one.interface, one.address, interface.network.prefixlen), port
            )
    inside = [one for one in own if "/" in wanted and ipaddress.ip_address(one.address) in interface.network]
    if not inside:
        raise LinkDown(f"bacnet.interface: no address of this machine lies in {wanted!r} now; there are: {_told(own)}")
    if len(inside) > 1:
        raise ConfigError([f"bacnet.interface: saw {wanted!r}, which holds several; allowed: one of {_told(inside)}"])
    return _endpoint(inside[0], port)


def _parsed(wanted: str) -> ipaddress.IPv4Interface:
    try:
        return ipaddress.IPv4Interface(wanted)
    except ValueError:
        raise ConfigError(
            [
                f'bacnet.interface: saw {wanted!r}; allowed: an interface name, an address, or a CIDR such as "10.1.2.0/24"'
            ]
        ) from None


def _endpoint(one: OwnAddress, port: int) -> Endpoint:
    return Endpoint(one.address, port, str(one.network.broadcast_address) if one.prefix < 31 else None)


def _told(own: Iterable[OwnAddress]) -> str:
    return ", ".join(str(one) for one in own) or "none"


def list_addresses() -> tuple[OwnAddress, ...]:
    """Ask the kernel for every IPv4 address there is now, in its order. **Raises**: LinkDown when it does not say."""
    try:
        return _asked_of_the_kernel()
    except (OSError, AttributeError) as error:  # netlink is forbidden to this process, or this is no Linux
        raise LinkDown(f"bacnet.interface: this system does not say which addresses it has: {error}") from None


def _asked_of_the_kernel() -> tuple[OwnAddress, ...]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as door:
        door.settimeout(2.0)
        body = struct.pack("=BBBBi", socket.AF_INET, 0, 0, 0, 0)
        door.sendto(struct.pack("=IHHII", 16 + len(body), RTM_GETADDR, NLM_F_REQUEST_DUMP, 1, 0) + body, (0, 0))
        found: list[OwnAddress] = []
        while _take_messages(door.recv(65536), found):
            pass
        return tuple(found)


def _take_messages(data: bytes, found: list[OwnAddress]) -> bool:
    offset = 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        if kind in {NLMSG_DONE, NLMSG_ERROR} or length < 16:
            return False
        if kind == RTM_NEWADDR:
            _take_address(data[offset + 16 : offset + length], found)
        offset += (length + 3) & ~3
    return True


def _take_address(body: bytes, found: list[OwnAddress]) -> None:
    _family, prefix, _flags, _scope, index = struct.unpack_from("=BBBBi", body)
    attributes: dict[int, bytes] = {}
    offset = 8
    while offset + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, offset)
        if length < 4:
            break
        attributes[kind] = body[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    raw = attributes.get(IFA_LOCAL, attributes.get(IFA_ADDRESS, b""))
    if len(raw) == 4:
        found.append(OwnAddress(socket.if_indextoname(index), socket.inet_ntoa(raw), prefix))
