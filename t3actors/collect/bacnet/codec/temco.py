"""Temco's own commands inside ConfirmedPrivateTransfer: the request for a panel's settings, and what its answer says. Pure.

The parameters and the result are each one OCTET STRING: a packed header of 7 octets, and in an answer the data behind it. Reading and
writing share the command octet, and its number does not tell them apart: below 100 stand 28 (clear panel) and 32 (send alarm) among
the reads. So what may be sent is a list, and it holds the one command that this gateway has a use for.

Source: T3000's CM5/ud_str.h (Str_user_data_header, CommandRequest, Str_Setting_Info). Not verified on a live panel.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from t3actors.errors import BadResponse

VENDOR_ID, SERVICE_NUMBER = (
    260,
    1,
)  # what panels expect in a private transfer; they call themselves vendor 148 everywhere else
READ_SETTING = 98
READING_COMMANDS = frozenset({READ_SETTING})
SETTING_LENGTH = 400  # of Str_Setting_Info
RAW_KEPT = 32  # octets of a bad answer: further on stand passwords (dyndns_pass), which no log may show

_HEADER = struct.Struct("<HBBBH")  # total length, command, first, last, length of one entity
_PANEL_NUMBER_AT, _SERIAL_AT, _INSTANCE_AT = 73, 177, 198
_LONG_ENOUGH = _INSTANCE_AT + 4  # a firmware whose settings are shorter than ours is read as far as that
_NO_INSTANCE = 4194303  # ANSI/ASHRAE 135, 12.11.1


class Setting(NamedTuple):
    """What a panel's settings say of who it is; None where they say nothing that can be."""

    panel_number: int | None
    serial_number: int | None
    instance: int | None


def read_setting_parameters() -> bytes:
    """Give the parameters that ask for the settings."""
    return _HEADER.pack(_HEADER.size, READ_SETTING, 0, 0, SETTING_LENGTH)


def must_be_reading(vendor_id: int, service_number: int, parameters: bytes) -> None:
    """**Raises**: ValueError for anything but a command of Temco's that is known to read, with nothing behind its header."""
    if (vendor_id, service_number) != (VENDOR_ID, SERVICE_NUMBER):
        raise ValueError(
            f"private transfer: saw vendor {vendor_id}, service {service_number}; allowed: {VENDOR_ID}, {SERVICE_NUMBER}"
        )
    if len(parameters) != _HEADER.size:
        raise ValueError(f"private transfer: saw {len(parameters)} octets; allowed: a header of {_HEADER.size} alone")
    length, command, first, last, _entity = _HEADER.unpack(parameters)
    if command not in READING_COMMANDS:
        allowed = ", ".join(map(str, sorted(READING_COMMANDS)))
        raise ValueError(f"private transfer: saw command {command}; allowed: {allowed}, which reads")
    if length != _HEADER.size or first > last:
        raise ValueError(f"private transfer: saw length {length}, {first} to {last}; allowed: {_HEADER.size}, in order")


def decode_setting(content: bytes) -> Setting:
    """Read what a panel answered to READ_SETTING. **Raises**: BadResponse."""
    octets = bytes(content)
    if len(octets) < _HEADER.size or octets[2] != READ_SETTING:
        raise BadResponse("no answer to Temco's command 98", raw=octets[:RAW_KEPT])
    block = octets[_HEADER.size :]
    if len(block) < _LONG_ENOUGH:
        raise BadResponse(
            f"a panel's settings of {len(block)} octets; allowed: {_LONG_ENOUGH} and more", raw=octets[:RAW_KEPT]
        )
    panel = block[_PANEL_NUMBER_AT]
    serial = int.from_bytes(block[_SERIAL_AT : _SERIAL_AT + 4], "little")
    instance = int.from_bytes(block[_INSTANCE_AT : _INSTANCE_AT + 4], "little")
    return Setting(
        panel_number=panel if 1 <= panel <= 254 else None,
        serial_number=serial if 0 < serial < 0xFFFFFFFF else None,
        instance=instance if 0 < instance < _NO_INSTANCE else None,
    )
