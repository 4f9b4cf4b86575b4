"""A checked configuration: everything resolved, nothing left to guess. `configure/` makes it from TOML.

Durations are seconds here; in the file they are strings such as "250ms", "30s", "15m".
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from t3actors.points import Kind, Rules

Table = Literal["holding", "input", "coil", "discrete"]
ValueType = Literal["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "bit", "string"]
Order = Literal["ABCD", "DCBA", "BADC", "CDAB"]
Connection = Literal["persistent", "per_poll"]
Protocol = Literal["modbus", "bacnet", "t3000"]
Durability = Literal["normal", "full"]
Stamp = Literal["1ms", "10ms", "100ms", "1s"]
Discover = Literal["off", "list", "temco", "all"]
Profile = Literal[
    "t3-controller", "t3-8ai8ao6do", "t3-8ai8ao6do-rev1", "t3-22i", "t3-22i-rev1", "t3-8ai13o", "t3-32ai", "t3-pt12",
    "tstat8", "tstat10", "co2", "co2-node", "humidity", "pressure", "airlab",
]  # fmt: skip
LogLevel = Literal["debug", "info", "warning", "error"]
Scale = Literal["auto", 1, 1000]
CREDENTIAL = "credential:"
"""A secret so named is one that the service manager sets out, not a path."""
T3000Method = Literal["auto", "logging_data", "webview_list", "memory"]


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[gateway]`: who this gateway is and where it keeps its things."""

    name: str = "t3actors"
    data_dir: Path = Path("/var/lib/t3actors")
    time_zone: str = "UTC"
    auto_start: bool = True


class WebviewConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[store.webview]`: T3000's own database, kept filled for its web front end. `database` is absolute once resolved.

    `outbox_bytes`: how much may wait for that file in ours while it cannot be written.
    """

    database: Path
    busy_timeout_s: float = 2.0
    outbox_bytes: int = 100_000_000


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[store]`: the database. `database` is absolute once resolved; `min_free_bytes` 0 = no guard."""

    database: Path = Path("t3actors.db")
    durability: Durability = "normal"
    batch_rows: int = 5000
    batch_age_s: float = 1.0
    recent_s: float = 7 * 86400.0
    min_free_bytes: int = 500_000_000
    webview: WebviewConfig | None = None
    budget_bytes: int = 2_000_000_000
    """What the database may take; 0 = no limit but the disk."""
    raw_s: float = 0.0
    """How long samples are kept; 0 = as long as the budget lasts. A point may have its own, as of the two below."""
    minutes_s: float = 0.0
    """How long aggregates by the minute are kept; 0 = none are made."""
    hours_s: float = 0.0
    """How long aggregates by the hour are kept; 0 = as long as the budget lasts."""
    stamp_ms: int = 1
    """What the times of samples are rounded down to."""


class ModbusPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-listed Modbus point. `register` is 0-based on the wire.

    `type` "bit" on a coil or discrete table is that coil; on a register table it is bit `bit` (0 = least significant) of the
    register. `length` is the number of registers of a string. value = raw * scale + offset.
    """

    id: str
    kind: Kind
    register: int
    table: Table = "holding"
    type: ValueType = "uint16"
    order: Order = "ABCD"
    bit: int = 0
    length: int = 1
    scale: float = 1.0
    offset: float = 0.0
    units: str = ""
    label: str = ""
    full_label: str = ""
    states: tuple[str, ...] = ()
    rules: Rules = Rules()


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[devices]]` table with the defaults filled in."""

    name: str
    protocol: Protocol
    address: str
    """Modbus: "host:port"; BACnet: "IP", "IP:port", or behind a router "network:station"; T3000: "http://host:port", "ffi:/path"."""
    enabled: bool = True
    disabled_because: str = "enabled = false in the configuration"
    unit_id: int = 1
    serial_number: int | None = None
    connection: Connection = "persistent"
    profile: str | None = None
    points: tuple[ModbusPoint, ...] = ()
    timeout_s: float = 1.0
    retries: int = 1
    max_registers: int = 125
    """Most registers asked for in one read (per-device override of the protocol's 125)."""
    max_gap: int = 16
    """Registers nobody wants that one read may span to save a request; 0 for devices that refuse unlisted addresses."""
    min_pause_s: float = 0.0
    """Least pause between two requests to this device's connection."""
    instance: int | None = None
    """BACnet: the device instance, which is who it is."""
    scale: Scale = "auto"
    """BACnet: what a Temco panel's analog values are divided by."""
    cov: bool | tuple[str, ...] = False
    """BACnet: let the device tell of changes: False polls all, True where that costs less, a list of point ids for these."""
    cov_max: int = 5
    """BACnet: most subscriptions at this device."""
    private_transfer: bool = False
    """BACnet: ask a Temco panel for its serial number by its own command 98 (reading only)."""
    discovered: bool = False
    """BACnet: found on the network, not configured."""
    shown_once_met: bool = False
    """BACnet: it has no row in DEVICES before it has answered: so many that were found never have."""
    method: T3000Method = "auto"
    """T3000: how its points are asked for. "logging_data": one answer with every panel (action 15); "webview_list": panel by panel
    (actions 4 and 17); "memory": the packed structs that a library exports; "auto": memory where there is any, else over HTTP
    the lists, else logging data, and the lists where that is refused."""
    buffer_bytes: int = 100_000_000
    """T3000: the longest answer."""
    leave_out: tuple[int, ...] = ()
    """T3000: serial numbers of panels that are not taken from it, because they are polled directly."""
    panel_pause_s: float = 1.0
    """T3000: pause between two panels that are asked one by one: the operator's screen waits for the same lock."""
    rules: Rules = Rules()


class BacnetNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """`[bacnet.networks.N]`: how hard network N, a trunk behind a router, may be driven.

    `router`: "IP" or "IP:port" of its router, where no broadcast finds it.
    """

    number: int
    router: str | None = None
    in_flight: int = 1
    busy_limit: float = 0.5
    min_gap_s: float = 0.02


class BacnetConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[bacnet]`: the BACnet/IP side, shared by all BACnet devices.

    `discover`: "off"; "list" reports what is seen; "temco" and "all" poll what is found. `who_is_range`: the instances asked for;
    `who_is_rate`: most Who-Is a second. `cov_*`: defaults for every device, and how long a subscription lasts.
    """

    interface: str = ""
    port: int = 47808
    discover: Discover = "off"
    instance: int | None = None
    bbmd: str | None = None
    bbmd_ttl_s: float = 300.0
    who_is_range: tuple[int, int] | None = None
    who_is_rate: float = 1.0
    cov_max_per_device: int = 5
    cov_lifetime_s: float = 300.0
    cov_verify_s: float = 60.0
    """A point that the device tells of is read all the same so often: its value is never older than that."""
    networks: tuple[BacnetNetwork, ...] = ()


class ApiConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[api]`: the API besides its socket in data_dir. `listen` "IP:port", empty: nothing on TCP.

    `token_file`, `tls_certificate`, `tls_key`: a path, or "credential:NAME"; empty: none. `hosts`: names that a request may call us
    by, besides IP addresses and localhost. `rate`: requests a second, `connections`: at a time, each for the socket and for TCP.
    """

    listen: str = ""
    token_file: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    hosts: tuple[str, ...] = ()
    rate: float = 100.0
    connections: int = 200


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`[log]`: where the log goes. `stdout`: to standard output; `file`: also to this file, of which `file_count` old ones are kept.

    `t3_web_log`: the folder of FFI.log and Initialize.log; None for none.
    """

    level: LogLevel = "info"
    stdout: bool = True
    file: Path | None = None
    file_size_bytes: int = 10_000_000
    file_count: int = 5
    t3_web_log: Path | None = None
    t3_web_log_size_bytes: int = 10_000_000


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. `source_hash` names this very configuration in the log."""

    gateway: GatewayConfig = GatewayConfig()
    store: StoreConfig = StoreConfig()
    api: ApiConfig = ApiConfig()
    log: LogConfig = LogConfig()
    bacnet: BacnetConfig | None = None
    devices: tuple[DeviceConfig, ...] = ()
    found_devices: DeviceConfig = DeviceConfig(name="found", protocol="bacnet", address="", timeout_s=3.0, retries=2)
    """What a device that was found is polled by, with the file's defaults: all but its name, address and instance."""
    added_panels: DeviceConfig = DeviceConfig(name="added", protocol="modbus", address="", profile="t3-controller")
    """What a Modbus panel is polled by that a host adds while the gateway runs: all but its name, address and unit."""
    source_hash: str = ""
