"""The configuration file: what is read, and the one line each fault is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from t3actors.config import (
    ApiConfig,
    BacnetConfig,
    BacnetNetwork,
    Config,
    DeviceConfig,
    GatewayConfig,
    LogConfig,
    ModbusPoint,
    StoreConfig,
    WebviewConfig,
)
from t3actors.configure.file import ALL_KEYS, load, said_data_dir
from t3actors.points import Kind, Rules
from tests.configure.cases import BACNET, CASES, CSV_CASES, DEVICE, GOOD, POINT, T3, T3000
from tests.configure.loading import faults, loaded, refusal

SAMPLES = Path(__file__).parents[2] / "config"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    device = config.devices[0]
    assert (device.address, device.unit_id, device.timeout_s, device.retries) == ("10.0.0.1:502", 1, 1.0, 1)
    assert (device.points[0].table, device.points[0].type, device.points[0].kind) == ("holding", "uint16", Kind.INPUT)
    assert config.store.database == Path("/var/lib/t3actors/t3actors.db")
    assert config.bacnet is None


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.toml").write_text(
        '[gateway]\ndata_dir = "data"\n' + DEVICE + 'points = "a.csv"\n', encoding="utf-8"
    )
    (tmp_path / "conf.d" / "a.csv").write_text("id;kind;register\nt1;input;5\n", encoding="utf-8")
    config = loaded(tmp_path, 'include = ["conf.d/*.toml"]\n[store]\ndatabase = "x.db"\n')
    assert config.gateway.data_dir == tmp_path / "conf.d" / "data"
    assert config.store.database == tmp_path / "conf.d" / "data" / "x.db"
    assert config.devices[0].points[0].register == 5


def test_defaults_go_to_devices_and_on_to_points(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        '[defaults]\npoll_interval = "5s"\ndeadband = 2\ntimeout = "3s"\nstale_after = 2\n'
        + DEVICE
        + 'poll_interval = "2s"\nretries = 4\n'
        + POINT
        + "register = 1\ndeadband = 0.5\n",
    )
    device = config.devices[0]
    assert (device.timeout_s, device.retries) == (3.0, 4)
    assert (device.rules.poll_interval_s, device.rules.deadband, device.rules.stale_after) == (2.0, 2.0, 2)
    rules = device.points[0].rules
    assert (rules.poll_interval_s, rules.deadband, rules.stale_after) == (2.0, 0.5, 2)


@pytest.mark.parametrize(
    ("reference", "where"),
    [
        ("40001", ("holding", 0)),
        ("40101", ("holding", 100)),
        ("49999", ("holding", 9998)),
        ("465536", ("holding", 65535)),
        ("400001", ("holding", 0)),
        ("30001", ("input", 0)),
        ("10005", ("discrete", 4)),
        ("1", ("coil", 0)),
        ('"00001"', ("coil", 0)),
        ('"010000"', ("coil", 9999)),
    ],
)
def test_reference_n_is_register_n_less_one_of_the_table_it_names(
    tmp_path: Path, reference: str, where: tuple[str, int]
) -> None:
    point = loaded(tmp_path, DEVICE + POINT + f"reference = {reference}\n").devices[0].points[0]
    assert (point.table, point.register) == where
    assert point.type == ("bit" if where[0] in ("coil", "discrete") else "uint16")


@pytest.mark.parametrize("case", CASES)
def test_each_fault_is_one_line_saying_where_what_was_seen_and_what_is_allowed(tmp_path: Path, case: str) -> None:
    text, expected = CASES[case]
    found = faults(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]
    assert "\n" not in found[0]


def test_every_fault_of_every_file_is_said_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        'include = ["a.toml", "b.toml"]\n[gateway]\nname = "x y"\ncolour = 1\n[store]\nbatch_rows = 0\n'
        + DEVICE
        + POINT
        + "register = -1\n",
        a__toml="[gateway]\n" + T3 + 'unit_id = "one"\nretries = 99\n',
        b__toml="= 5\n",
    )
    assert [fault.split(": saw")[0].split("; ")[0] for fault in found] == [
        "a.toml: gateway: [gateway] stands in t3.toml already",
        "b.toml: not TOML: Invalid statement (at line 1, column 1)",
        "t3.toml: gateway.name",
        "t3.toml: gateway.colour: unknown key",
        "t3.toml: store.batch_rows",
        't3.toml: devices[1] "ahu-1": points[1] "t1": register',
        'a.toml: devices[1] "ahu-1": unit_id',
        'a.toml: devices[1] "ahu-1": retries',
    ]


def test_a_disabled_device_may_share_what_an_enabled_one_has(tmp_path: Path) -> None:
    config = loaded(tmp_path, T3 + T3.replace("ahu-1", "b") + "enabled = false\n")
    assert [device.enabled for device in config.devices] == [True, False]


@pytest.mark.parametrize("case", CSV_CASES)
def test_each_fault_of_a_point_list_names_its_line(tmp_path: Path, case: str) -> None:
    content, expected = CSV_CASES[case]
    found = faults(tmp_path, DEVICE + 'points = "a.csv"\n', a__csv=content)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]


def test_a_point_list_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    content = '\ufeffid;kind;reference;type;scale;states\r\nt1;input;40101;float32;0.1;\r\n;;;;;\r\nf;output;"00001";;;off|on\r\n'
    first, second = loaded(tmp_path, DEVICE + 'points = "a.csv"\n', a__csv=content).devices[0].points
    assert (first.register, first.type, first.scale) == (100, "float32", 0.1)
    assert (second.table, second.register, second.states) == ("coil", 0, ("off", "on"))


def test_a_bacnet_device_needs_no_more_than_its_address_and_instance(tmp_path: Path) -> None:
    (device,) = loaded(tmp_path, BACNET).devices
    assert (device.address, device.instance, device.scale) == ("50:7", 7, "auto")
    assert (device.timeout_s, device.retries) == (3.0, 2)
    for address in ("10.1.2.3", "10.1.2.3:47809", "1:0", "65534:0x0102aF", "9:10.1.2.3:5"):
        assert loaded(tmp_path, BACNET.replace("50:7", address)).devices[0].address == address
    assert loaded(tmp_path, '[defaults]\ntimeout = "1s"\n' + BACNET).devices[0].timeout_s == 1.0


def test_cov_is_off_unless_asked_for_and_bounded_by_the_section(tmp_path: Path) -> None:
    (device,) = loaded(tmp_path, BACNET).devices
    assert (device.cov, device.cov_max, device.private_transfer, device.discovered) == (False, 5, False, False)
    (device,) = loaded(tmp_path, "[bacnet]\ncov_max_per_device = 8\n" + BACNET + "cov = true\n").devices
    assert (device.cov, device.cov_max) == (True, 8)
    (device,) = loaded(tmp_path, BACNET + 'cov = ["IN1", "AV-2"]\ncov_max = 2\nprivate_transfer = true\n').devices
    assert (device.cov, device.cov_max, device.private_transfer) == (("IN1", "AV-2"), 2, True)


def test_cov_times_are_seconds_and_a_router_an_address(tmp_path: Path) -> None:
    section = '[bacnet]\ncov_lifetime = "10m"\ncov_verify = "2m"\n[bacnet.networks.50]\nrouter = "10.1.2.3:47809"\n'
    bacnet = loaded(tmp_path, section).bacnet
    assert bacnet is not None
    assert (bacnet.cov_lifetime_s, bacnet.cov_verify_s) == (600.0, 120.0)
    assert bacnet.networks == (BacnetNetwork(number=50, router="10.1.2.3:47809"),)


@pytest.mark.parametrize("discover", ["list", "temco", "all"])
def test_a_file_that_leaves_it_to_discovery_needs_no_devices(tmp_path: Path, discover: str) -> None:
    config = loaded(tmp_path, f'[bacnet]\ndiscover = "{discover}"\n')
    assert config.bacnet is not None
    assert (config.bacnet.discover, config.devices) == (discover, ())


def test_what_is_found_is_polled_by_the_file_s_defaults(tmp_path: Path) -> None:
    text = '[defaults]\npoll_interval = "5s"\nretries = 4\ndeadband = 2\n[bacnet]\ncov_max_per_device = 8\n'
    found = loaded(tmp_path, text).found_devices
    assert (found.protocol, found.timeout_s, found.retries, found.cov_max) == ("bacnet", 3.0, 4, 8)
    assert (found.rules.poll_interval_s, found.rules.deadband, found.cov) == (5.0, 2.0, False)
    assert loaded(tmp_path, "").found_devices == Config().found_devices


def test_bacnet_devices_may_share_an_address_or_an_instance_on_two_networks(tmp_path: Path) -> None:
    behind_one_address = BACNET.replace("chiller", "b").replace("instance = 7", "instance = 8")
    on_another_network = BACNET.replace("chiller", "c").replace("50:7", "51:7")
    away = BACNET.replace("chiller", "d") + "enabled = false\n"
    assert len(loaded(tmp_path, BACNET + behind_one_address + on_another_network + away).devices) == 4


def test_the_api_s_secrets_lie_beside_their_file_or_are_credentials(tmp_path: Path) -> None:
    text = '[api]\nlisten = "localhost:8443"\ntoken_file = "token"\ntls_certificate = "credential:pem"\ntls_key = "/etc/key"\n'
    api = loaded(tmp_path, text + GOOD).api
    assert (api.listen, api.token_file) == ("127.0.0.1:8443", str(tmp_path / "token"))
    assert (api.tls_certificate, api.tls_key) == ("credential:pem", "/etc/key")


@pytest.mark.parametrize("address", ["127.0.0.2:80", "[::1]:80", "localhost:80"])
def test_on_loopback_the_api_needs_no_token(tmp_path: Path, address: str) -> None:
    assert loaded(tmp_path, f'[api]\nlisten = "{address}"\n' + GOOD).api.token_file == ""


def test_a_t3000_needs_no_more_than_its_address(tmp_path: Path) -> None:
    (device,) = loaded(tmp_path, T3000).devices
    assert (device.address, device.method, device.buffer_bytes) == ("http://10.0.0.9:9103", "auto", 100_000_000)
    assert (device.timeout_s, device.retries, device.panel_pause_s) == (120.0, 3, 1.0)
    assert (device.rules.poll_interval_s, device.rules.trend) == (900.0, "always")
    (library,) = loaded(tmp_path, T3000.replace("http://10.0.0.9", "ffi:/opt/t3000.so") + 'trend = "changes"\n').devices
    assert (library.address, library.panel_pause_s) == ("ffi:/opt/t3000.so", 0.0)
    assert (library.rules.poll_interval_s, library.rules.trend) == (30.0, "changes")


def test_a_t3000_keeps_its_own_interval_whatever_the_others_have(tmp_path: Path) -> None:
    text = '[defaults]\npoll_interval = "1s"\ntimeout = "2s"\nstale_after = 4\n' + T3000
    (device,) = loaded(tmp_path, text).devices
    assert (device.rules.poll_interval_s, device.timeout_s, device.rules.stale_after) == (900.0, 120.0, 4)


def test_the_samples_load_and_hold_every_key_and_no_other() -> None:
    config = load(SAMPLES / "sample.toml")
    assert [device.name for device in config.devices] == [
        "ahu-1",
        "ahu-2",
        "chiller",
        "plant",
        "t3-lobby",
        "t3-plant-room",
        "co2-lab",
    ]
    assert len(load(SAMPLES / "t3-panels.toml").devices) == 3
    held: dict[str, set[str]] = {}
    for sample in ("sample.toml", "t3-panels.toml"):
        _gather("", tomllib.loads((SAMPLES / sample).read_text(encoding="utf-8")), held)
    networks = held.pop("bacnet.networks")
    held["bacnet.networks.N"] = held.pop(f"bacnet.networks.{networks.pop()}")
    assert held == {table: set(names) for table, names in ALL_KEYS.items()}


@pytest.mark.parametrize(
    ("table", "types", "only_keys", "only_fields"),
    [
        ("gateway", (GatewayConfig,), set(), set()),
        ("store", (StoreConfig,), set(), set()),
        ("store.webview", (WebviewConfig,), set(), set()),
        ("api", (ApiConfig,), set(), set()),
        ("log", (LogConfig,), set(), set()),
        ("bacnet", (BacnetConfig,), set(), set()),
        ("bacnet.networks.N", (BacnetNetwork,), set(), {"number"}),
        ("devices", (DeviceConfig, Rules), set(), {"rules", "discovered", "shown_once_met", "disabled_because"}),
        ("devices.points", (ModbusPoint, Rules), {"reference", "convert"}, {"rules"}),
        ("defaults", (Rules,), {"timeout", "retries"}, {"raw", "minutes", "hours"}),
    ],
)
def test_every_field_of_the_configuration_has_its_key(
    table: str, types: tuple[type[msgspec.Struct], ...], only_keys: set[str], only_fields: set[str]
) -> None:
    fields = {re.sub("_(m?s|bytes)$", "", field) for kind in types for field in kind.__struct_fields__}
    assert set(ALL_KEYS[table]) - only_keys == fields - only_fields


def test_a_sample_writes_each_default_as_it_is(tmp_path: Path) -> None:
    sample = tomllib.loads((SAMPLES / "sample.toml").read_text(encoding="utf-8"))
    sections = {name: dict(sample[name]) for name in ("store", "defaults")}
    webview = sections["store"].pop("webview")
    bare_webview = WebviewConfig(database=Path("/var/lib/t3actors/webview_t3_device.db"))
    text = GOOD + "[store.webview]\n" + "\n".join(f"{key} = {_toml(value)}" for key, value in webview.items())
    assert loaded(tmp_path, text).store.webview == bare_webview
    text = "\n".join(
        f"[{name}]\n" + "\n".join(f"{key} = {_toml(value)}" for key, value in table.items())
        for name, table in sections.items()
    )
    given, bare = loaded(tmp_path, text + GOOD), loaded(tmp_path, GOOD)
    assert (given.store, given.devices) == (bare.store, bare.devices)


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _gather(path: str, table: dict[str, Any], held: dict[str, set[str]]) -> None:
    held.setdefault(path, set()).update(table)
    for name, value in table.items():
        below = f"{path}.{name}".lstrip(".")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _gather(below, item, held)


_WORD = st.sampled_from(sorted({name for names in ALL_KEYS.values() for name in names} | {"50", "x", ""}))


_SCALAR = (
    st.none().map(lambda _: "modbus") | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times()
    | st.sampled_from(["30s", "t3-controller", "10.0.0.1:502", "input", "bit", "coil", "x.csv", "/dev/zero", "nope/*", "\0"])
)  # fmt: skip


_VALUE = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=5), max_leaves=12
)


_TABLES = st.fixed_dictionaries(
    {}, optional={name: _VALUE | st.lists(st.dictionaries(_WORD, _VALUE)) for name in ALL_KEYS[""]}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(document=_TABLES)
@example(document={"devices": [{"name": "a", "points": [{"id": [], "type": {}, "table": []}], "protocol": {}}]})
@example(document={"bacnet": {"networks": {"²": {}, "9" * 5000: {}}}})
def test_no_document_makes_load_raise_anything_but_a_config_error(tmp_path: Path, document: dict[str, Any]) -> None:
    (tmp_path / "x.csv").write_text("id,kind,register\na,input,1\n", encoding="utf-8")
    refused = refusal(tmp_path, _document(document))
    assert refused is None or refused
    assert all(len(fault) < 1000 and "\n" not in fault for fault in refused or [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(content=st.binary() | st.text().map(str.encode))
@example(content=b"x = 1" + b"0" * 6000)
@example(content=b"\xef\xbb\xbfid,kind\n\0\n")
@example(content=b'id,kind\n"' + b"x" * 200_000)
def test_no_bytes_make_load_raise_anything_but_a_config_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    (tmp_path / "y.toml").write_bytes(content)
    for text in (DEVICE + 'points = "x.csv"\n', 'include = ["y.toml"]\n'):
        assert refusal(tmp_path, text) != []


def _document(tables: dict[str, Any]) -> str:
    return "\n".join(f"{_quoted(name)} = {_inline(value)}" for name, value in tables.items())


def _inline(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_quoted(name)} = {_inline(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(_inline(item) for item in value) + "]"
        case str():
            return _quoted(value)
        case bool():
            return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _quoted(text: str) -> str:
    return (
        '"'
        + "".join(
            c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text if not 0xD800 <= ord(c) < 0xE000
        )
        + '"'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[gateway]\ndata_dir = "here"\n' + GOOD, "here"),
        ('[gateway]\ndata_dir = "here"\ncolour = "blue"\n', None),
        ('[gateway]\ndata_dir = "here"\n[store]\nbatch_rows = "many"\n', "here"),
        ("[gateway]\ndata_dir = 7\n", None),
        ("[gateway\n", None),
        (GOOD, None),
    ],
)
def test_where_a_file_with_faults_keeps_its_things_is_known_where_it_says_so(
    tmp_path: Path, text: str, said: str | None
) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    assert said_data_dir(file) == (None if said is None else tmp_path / said)
