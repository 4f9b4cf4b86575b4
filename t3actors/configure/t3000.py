"""The `[[devices]]` tables of protocol "t3000": their own keys, and what says nothing there. Pure.

A T3000 over HTTP shares a lock with its operator's screen, and a read of a dead panel holds that for minutes (facts, section 2). So
its poll interval is its own: neither `[defaults]` nor the 30 s of other protocols apply to it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

import msgspec

from t3actors.addresses import split_address
from t3actors.config import DeviceConfig, T3000Method
from t3actors.configure import keys
from t3actors.configure.durations import size_bytes
from t3actors.configure.faults import NotAllowed, Place
from t3actors.configure.points import rules_of
from t3actors.points import Rules

ADDRESS_FORM = '"http://host:9103" or "ffi:/absolute/path/to/the/library"'
HTTP_PORT = 9103
FFI_INTERVAL_S = 30.0
"""The seed's sync interval."""
HTTP_INTERVAL_S = 900.0
"""What T3000's own service is shipped with (APPLICATION_CONFIG, ffi.sync_interval_secs)."""
HTTP_PAUSE_S = 1.0
LINK_DEFAULTS = {"timeout": 30.0, "retries": 3}
HTTP_TIMEOUT_S = 120.0
"""A dead panel holds action 17 for 84 s (4 tries x 3 s for each block of 10 points): who gives up sooner asks T3000 while it waits."""
SMALLEST_BUFFER = 64_000
LARGEST_BUFFER = 1_000_000_000
_Serial = Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
_BUFFER_FORM = 'a size from "64kB" to "1GB"'


def _buffer(size: int) -> int:
    if not SMALLEST_BUFFER <= size <= LARGEST_BUFFER:
        raise ValueError
    return size


OWN_KEYS: dict[str, keys.Key] = {
    "method": keys.one_of(T3000Method),
    "buffer": keys.Key(str, _BUFFER_FORM, lambda text: _buffer(size_bytes(text))),
    "panel_pause": keys.duration(0, 600),
    "leave_out": keys.Key(list[_Serial], "an array of serial numbers, each from 1 to 4294967295", tuple),
}
NOT_T3000 = (
    "unit_id", "connection", "profile", "points", "max_registers", "max_gap", "min_pause", "instance", "scale", "cov", "cov_max",
    "private_transfer",
)  # fmt: skip
_HOST = re.compile(r"(https?)://([^/?#@\s]+)/?")
_FIELDS = {"timeout": "timeout_s", "buffer": "buffer_bytes", "panel_pause": "panel_pause_s"}


def address(text: str) -> str:
    """Take an address in its one spelling: `http://host:port`, or `ffi:` and an absolute path. **Raises**: NotAllowed."""
    if text.startswith("ffi:"):
        if not text[4:].startswith("/") or not text.isprintable() or len(text) > 1000:
            raise NotAllowed(ADDRESS_FORM)
        return text
    found = _HOST.fullmatch(text)
    if found is None:
        raise NotAllowed(ADDRESS_FORM)
    host, port = split_address(found[2], HTTP_PORT)
    return f"{found[1]}://[{host}]:{port}" if ":" in host else f"{found[1]}://{host}:{port}"


def read(raw: dict[str, Any], place: Place, device_keys: keys.Keys, inherited: Rules) -> DeviceConfig | None:
    """Convert one table of protocol "t3000"; None where a fault was found."""
    before = len(place.lines)
    for name in NOT_T3000:
        if name in raw:
            place.key(name).say(
                'given with protocol "t3000"; allowed: not there (T3000 lists its panels and their points itself)'
            )
    allowed = {name: key for name, key in device_keys.items() if name not in NOT_T3000}
    allowed["address"] = keys.needed(keys.Key(str, ADDRESS_FORM, address))
    is_http = str(raw.get("address", "")).startswith("http")
    values = {
        **LINK_DEFAULTS,
        **({"timeout": HTTP_TIMEOUT_S} if is_http else {}),
        **keys.read_table({name: value for name, value in raw.items() if name not in NOT_T3000}, allowed, place),
    }
    rules = _rules(values, place, inherited, HTTP_INTERVAL_S if is_http else FFI_INTERVAL_S)
    values.setdefault("panel_pause", HTTP_PAUSE_S if is_http else 0.0)
    _check(values, place, is_http=is_http)
    if len(place.lines) > before:
        return None
    return DeviceConfig(**{_FIELDS.get(name, name): value for name, value in values.items()}, rules=rules)


def refuse_own(raw: dict[str, Any], place: Place) -> None:
    """Refuse on another device the keys that only a T3000 has."""
    for name in OWN_KEYS:
        if name in raw:
            place.key(name).say(f'given with protocol "{raw.get("protocol")}"; allowed: only with "t3000"')


def refuse_shared(devices: list[tuple[Place, DeviceConfig]]) -> None:
    """Refuse two T3000s at one address: it answers one question at a time."""
    owners: dict[str, str] = {}
    for place, device in devices:
        owner = owners.setdefault(device.address, device.name)
        if owner != device.name:
            place.key("address").refuse(device.address, f'one device for each T3000; "{owner}" has it')


def _rules(values: dict[str, Any], place: Place, inherited: Rules, interval_s: float) -> Rules:
    own = Rules(
        poll_interval_s=interval_s,
        stale_after=inherited.stale_after,
        down_after=inherited.down_after,
        deadband=inherited.deadband,
        max_interval_s=inherited.max_interval_s,
        trend="always",
    )
    return rules_of(values, own, place)


def _check(values: dict[str, Any], place: Place, *, is_http: bool) -> None:
    method = values.get("method", "auto")
    if is_http and method == "memory":
        others = ", ".join(f'"{word}"' for word in get_args(T3000Method) if word != "memory")
        place.key("method").refuse(method, f"over HTTP one of {others}: memory is read only through a library")
    if "serial_number" in values and method != "memory":
        place.key("serial_number").say(
            'given without method = "memory"; allowed: only with it (else T3000 says every panel\'s own)'
        )
