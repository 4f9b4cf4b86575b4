"""T3000's scan as octets: the question to UDP port 1234, and what panels answer. Pure; no octets make it raise but BadResponse.

Most fields of an answer lie in the even octets of 16-bit words, the low octet first; the object instance alone is split and high
octet first. An answer may end early: what it does not reach is None. A panel answers for itself, then for each device on its
subnets (`parent_serial` is the panel's own), and some add one list of which of these are on line.

Source: T3000/global_define.h Str_UPD_SCAN, AddNetDeviceForRefreshList and AddSubNetInfoIntoRefreshList of
T3000/global_function.cpp (T3000 2db71f86); the panels' side in STR_SCAN_CMD of T3-programmable-controller-on-ESP32
(1b83f7c, main/define.h, UdpData) and in arm/USER/udp_scan.c of T3-Programmable-Controller (3612008). All are little-endian;
T3000Webview's lan-scanner.md, which says big-endian, is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from t3actors.errors import BadResponse

PORT = 1234  # global_define.h UDP_BROADCAST_PORT
QUESTION = b"\x64\x00\x00\x00\x00"  # UPD_BROADCAST_QRY_MSG, and the end of an empty list of panels that need not answer
ANSWER = 0x65  # RESPONSE_MSG
SUBNET = 0x2F  # RESPONSE_TOTAL_SUB_INFO
SHORTEST = 26  # octets: up to the Modbus port; firmware of the last years sends 60 or 68
LONGEST = 600  # what is ever read of one datagram
IN_BOOT_LOADER = frozenset({1, 2})  # isp_mode: 1 the boot loader runs, 2 it is damaged; 0 and 3 (MS/TP) are at work
NAME_AT, NAME_LENGTH = 37, 20
IP_AT = (16, 18, 20, 22)
SUBNET_HEADER = 21  # 6 octets and 15 in reserve


class ScannedPanel(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: who is there, where, and what kind.

    `parent_serial`: the panel that answered for it; 0 for itself. `version` as sent, see `products.version_text`.
    `subnet_protocol`: 0 and 1 Modbus, 12 (and 10) MS/TP behind `parent_serial`.
    """

    serial_number: int
    product: int
    modbus_id: int
    ip_address: str
    modbus_port: int
    version: int | None = None
    hardware: int | None = None
    parent_serial: int | None = None
    panel_number: int | None = None
    name: str | None = None
    object_instance: int | None = None
    isp_mode: int | None = None
    bacnet_port: int | None = None
    hardware_info: int | None = None
    subnet_protocol: int | None = None
    command_version: int | None = None
    subnet_port: int | None = None
    subnet_baud: int | None = None
    mini_type: int | None = None

    @property
    def in_boot_loader(self) -> bool:
        """Whether it cannot be polled now, for its program does not run."""
        return self.isp_mode in IN_BOOT_LOADER


class SubnetStatus(msgspec.Struct, frozen=True):
    """Which devices behind a panel are on line: (Modbus id, on line) of each."""

    parent_serial: int
    devices: tuple[tuple[int, bool], ...]


class _Field(NamedTuple):
    name: str
    octets: tuple[int, ...]  # where its octets lie, the least significant first


NEEDED = (
    _Field("serial_number", (4, 6, 8, 10)),
    _Field("product", (12,)),
    _Field("modbus_id", (14,)),
    _Field("modbus_port", (24, 25)),
)
OPTIONAL = (  # in the order in which they end: an answer that ends early lacks the last of them
    _Field("version", (26, 27)),
    _Field("hardware", (28, 29)),
    _Field("parent_serial", (30, 31, 32, 33)),
    _Field("panel_number", (36,)),
    _Field("name", tuple(range(NAME_AT, NAME_AT + NAME_LENGTH))),
    _Field("object_instance", (35, 34, 58, 57)),
    _Field("isp_mode", (59,)),
    _Field("bacnet_port", (60, 61)),
    _Field("hardware_info", (62,)),
    _Field("subnet_protocol", (63,)),
    _Field("command_version", (64,)),
    _Field("subnet_port", (65,)),
    _Field("subnet_baud", (66,)),
    _Field("mini_type", (67,)),
)


def decode(octets: bytes) -> ScannedPanel | SubnetStatus:
    """Read one datagram. **Raises**: BadResponse for anything that is no answer to the question."""
    if not octets or octets[0] not in {ANSWER, SUBNET}:
        begins = f"begins with {octets[0]:#04x}" if octets else "is empty"
        raise BadResponse(f"no answer to a T3000 scan: it {begins}", raw=octets[:LONGEST])
    return _panel(octets) if octets[0] == ANSWER else _subnet(octets)


def encode(panel: ScannedPanel) -> bytes:
    """Write the answer that decodes to `panel`: for tests, nothing here is ever sent.

    **Raises**: ValueError for a number or an address that does not fit.
    """
    values = msgspec.structs.asdict(panel)
    present = [field for field in OPTIONAL if values[field.name] is not None]
    octets = bytearray(1 + max(max(field.octets) for field in (*NEEDED, *present)))
    octets[0] = ANSWER
    for at, part in zip(IP_AT, panel.ip_address.split("."), strict=True):
        octets[at] = int(part)
    for field in (*NEEDED, *present):
        _put(octets, field, values)
    return bytes(octets)


def encode_subnet(status: SubnetStatus) -> bytes:
    """Write the list that decodes to `status`: for tests, nothing here is ever sent."""
    head = bytes((SUBNET, len(status.devices))) + status.parent_serial.to_bytes(4, "little")
    return head.ljust(SUBNET_HEADER, b"\0") + b"".join(bytes((online, at)) for at, online in status.devices)


def _panel(octets: bytes) -> ScannedPanel:
    if len(octets) < SHORTEST:
        raise BadResponse(f"an answer of {len(octets)} octets, the shortest has {SHORTEST}", raw=octets)
    values: dict[str, Any] = {field.name: _number(octets, field) for field in NEEDED}
    if not values["serial_number"] or not values["product"]:
        what = "serial number" if not values["serial_number"] else "product number"
        raise BadResponse(f"an answer with the {what} 0: the panel does not know it itself yet", raw=octets[:LONGEST])
    for field in OPTIONAL:
        if max(field.octets) < len(octets):
            values[field.name] = _name(octets) if field.name == "name" else _number(octets, field)
    if _is_a_flaw(octets[30:34]):
        values["parent_serial"] = 0
    return ScannedPanel(ip_address=".".join(str(octets[at]) for at in IP_AT), **values)


def _is_a_flaw(parent: bytes) -> bool:
    """Four equal octets are a flaw of an AirLab's firmware, not a serial number (T3000 sets them to 0 as well)."""
    return len(parent) == 4 and parent[0] != 0 and parent == parent[:1] * 4


def _subnet(octets: bytes) -> SubnetStatus:
    count = octets[1] if len(octets) > 1 else 0
    if len(octets) < SUBNET_HEADER + 2 * count:
        raise BadResponse(f"a list of {count} subnet devices in {len(octets)} octets", raw=octets[:LONGEST])
    pairs = octets[SUBNET_HEADER : SUBNET_HEADER + 2 * count]
    devices = tuple((pairs[at + 1], pairs[at] == 1) for at in range(0, len(pairs), 2))
    return SubnetStatus(int.from_bytes(octets[2:6], "little"), devices)


def _number(octets: bytes, field: _Field) -> int:
    return sum(octets[at] << 8 * place for place, at in enumerate(field.octets))


def _name(octets: bytes) -> str:
    raw = octets[NAME_AT : NAME_AT + NAME_LENGTH].split(b"\0", 1)[0]
    return (
        "" if raw[:1] == b"\xff" else raw.decode(errors="replace").strip()
    )  # 0xFF: the panel's memory was never written


def _put(octets: bytearray, field: _Field, values: Mapping[str, Any]) -> None:
    value = values[field.name]
    if field.name == "name":
        octets[NAME_AT : NAME_AT + NAME_LENGTH] = value.encode()[:NAME_LENGTH].ljust(NAME_LENGTH, b"\0")
        return
    for at, octet in zip(field.octets, value.to_bytes(len(field.octets), "little"), strict=True):
        octets[at] = octet
