"""What differs between two configurations: everything that does, nothing else, and never a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

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
)
from t3actors.configure.difference import Difference, changed_keys, difference, settled, speaks_bacnet, unsettled
from t3actors.configure.file import ALL_KEYS, load
from t3actors.points import Kind, Rules

AHU = DeviceConfig(name="ahu-1", protocol="modbus", address="10.0.0.1:502")
CHILLER = DeviceConfig(name="chiller", protocol="bacnet", address="50:7", instance=7)
SEARCHING = BacnetConfig(discover="temco")

_RULES = st.builds(
    Rules,
    poll_interval_s=st.sampled_from([1.0, 30.0]),
    deadband=st.sampled_from([0.0, 0.5]),
    down_after=st.integers(6, 8),
)
_POINTS = st.builds(
    ModbusPoint, id=st.sampled_from("xyz"), kind=st.sampled_from(Kind), register=st.integers(0, 3), rules=_RULES
)
_DEVICES = st.builds(
    DeviceConfig,
    name=st.sampled_from(["a", "b", "c", "d", "e"]),
    protocol=st.sampled_from(["modbus", "bacnet", "t3000"]),
    address=st.sampled_from(["10.0.0.1:502", "10.0.0.2:502"]),
    enabled=st.booleans(),
    unit_id=st.integers(1, 3),
    timeout_s=st.sampled_from([1.0, 3.0]),
    instance=st.none() | st.integers(1, 2),
    rules=_RULES,
    points=st.lists(_POINTS, max_size=3).map(tuple),
)
_CONFIGS = st.builds(
    Config,
    gateway=st.builds(GatewayConfig, name=st.sampled_from(["x", "y"])),
    store=st.builds(StoreConfig, batch_rows=st.integers(1, 2)),
    bacnet=st.none()
    | st.builds(
        BacnetConfig,
        port=st.integers(47808, 47809),
        discover=st.sampled_from(["off", "list", "temco", "all"]),
        cov_verify_s=st.sampled_from([60.0, 61.0]),
    ),
    devices=st.lists(_DEVICES, max_size=5, unique_by=lambda device: device.name).map(tuple),
)  # fmt: skip


def applied(apart: Difference, devices: tuple[DeviceConfig, ...]) -> dict[str, DeviceConfig]:
    """What a gateway has after it has carried a difference out."""
    found = {device.name: device for device in devices}
    for device in apart.removed:
        assert found.pop(device.name) == device
    for changed in apart.changed:
        assert changed.device.name in found
        found[changed.device.name] = changed.device
    for device in apart.added:
        assert device.name not in found
        found[device.name] = device
    return found


@settings(max_examples=60)
@given(_CONFIGS, _CONFIGS)
def test_a_difference_carried_out_leads_from_one_configuration_to_the_other(one: Config, other: Config) -> None:
    holding = settled(one, other)
    assert applied(difference(one, holding), one.devices) == {device.name: device for device in other.devices}
    assert holding.devices == other.devices


@settings(max_examples=60)
@given(_CONFIGS, _CONFIGS)
def test_what_holds_differs_in_nothing_from_itself_and_waits_for_the_same_keys_the_next_time(
    one: Config, other: Config
) -> None:
    holding = settled(one, other)
    assert not difference(holding, holding)
    assert not difference(holding, settled(holding, other))
    assert unsettled(other, settled(holding, other)) == unsettled(other, holding)
    assert unsettled(other, other) == ()


@settings(max_examples=60)
@given(_CONFIGS)
def test_whoever_is_named_as_changed_differs_in_the_keys_that_are_named(config: Config) -> None:
    for device in config.devices:
        assert changed_keys(device, device) == ()
        for name in ("address", "unit_id", "timeout_s"):
            other = {"address": "10.9.9.9:502", "unit_id": 9, "timeout_s": 9.0}[name]
            assert changed_keys(device, replace(device, **{name: other})) == (name.removesuffix("_s"),)


def test_every_key_that_is_named_is_one_of_the_file() -> None:
    every = AHU.__struct_fields__ + Rules().__struct_fields__
    internal = {"rules", "discovered", "shown_once_met", "disabled_because"}
    named = {name.removesuffix("_s").removesuffix("_bytes") for name in every if name not in internal}
    assert named <= set(ALL_KEYS["devices"]), named - set(ALL_KEYS["devices"])
    for section, made in (
        ("gateway", GatewayConfig()),
        ("store", StoreConfig()),
        ("api", ApiConfig()),
        ("log", LogConfig()),
    ):
        named = {name.removesuffix("_s").removesuffix("_ms").removesuffix("_bytes") for name in made.__struct_fields__}
        assert named <= set(ALL_KEYS[section]), (section, named)


def test_a_rule_that_points_inherit_is_named_once_and_points_only_where_they_differ_beside_that() -> None:
    was, now = Rules(deadband=0.0), Rules(deadband=0.5)
    inheriting = ModbusPoint(id="a", kind=Kind.INPUT, register=1, rules=was)
    own = ModbusPoint(id="b", kind=Kind.INPUT, register=2, rules=Rules(deadband=2.0))
    before = replace(AHU, rules=was, points=(inheriting, own))
    after = replace(AHU, rules=now, points=(replace(inheriting, rules=now), own))
    assert changed_keys(before, after) == ("deadband",)
    assert changed_keys(before, replace(after, points=(replace(inheriting, rules=now), replace(own, register=3)))) == (
        "deadband",
        "points",
    )
    assert changed_keys(before, replace(before, points=(inheriting,))) == ("points",)


FIXED: list[tuple[str, dict[str, Any], str]] = [
    ("gateway", {"data_dir": Path("/elsewhere")}, "gateway.data_dir"),
    ("gateway", {"name": "other"}, "gateway.name"),
    ("gateway", {"auto_start": False}, "gateway.auto_start"),
    ("store", {"database": Path("other.db")}, "store.database"),
    ("store", {"batch_age_s": 9.0}, "store.batch_age"),
    ("store", {"min_free_bytes": 9}, "store.min_free"),
    ("api", {"token_file": "secret"}, "api.token_file"),
    ("log", {"t3_web_log_size_bytes": 9}, "log.t3_web_log_size"),
    ("bacnet", {"port": 47809}, "bacnet.port"),
    ("bacnet", {"bbmd_ttl_s": 99.0}, "bacnet.bbmd_ttl"),
    ("bacnet", {"networks": (BacnetNetwork(number=50),)}, "bacnet.networks"),
]


@pytest.mark.parametrize(("section", "change", "key"), FIXED, ids=[key for _, _, key in FIXED])
def test_a_key_that_only_a_restart_changes_is_named_and_holds_as_it_was(
    section: str, change: dict[str, Any], key: str
) -> None:
    running = Config(bacnet=SEARCHING)
    wanted = replace(running, **{section: replace(getattr(running, section), **change)})
    holding = settled(running, wanted)
    assert holding == running
    assert unsettled(wanted, holding) == (key,)
    assert not difference(running, holding)


def test_the_bacnet_line_is_taken_up_whole_where_it_is_not_open_yet() -> None:
    running = Config(bacnet=BacnetConfig(port=47808), devices=(AHU,))
    wanted = replace(running, bacnet=BacnetConfig(port=47809), devices=(AHU, CHILLER))
    assert not speaks_bacnet(running)
    assert settled(running, wanted) == wanted
    assert difference(running, wanted).added == (CHILLER,)


def test_what_all_bacnet_devices_are_polled_by_starts_them_anew_and_nobody_else() -> None:
    running = Config(bacnet=SEARCHING, devices=(AHU, CHILLER))
    wanted = replace(running, bacnet=replace(SEARCHING, cov_verify_s=30.0))
    apart = difference(running, settled(running, wanted))
    assert [(one.device, one.keys) for one in apart.changed] == [(CHILLER, ("bacnet.cov_verify",))]
    assert apart.found == ("bacnet.cov_verify",)
    assert not apart.search_changed


@pytest.mark.parametrize(
    ("before", "after", "anew", "let_go"),
    [
        ("off", "temco", True, False),
        ("temco", "all", True, False),
        ("all", "temco", True, True),
        ("temco", "list", True, True),
        ("all", "off", True, True),
        ("all", "all", False, False),
        ("off", "off", False, False),
    ],
)
def test_a_search_that_changes_begins_anew_and_one_that_wants_fewer_lets_go(
    before: str, after: str, anew: bool, let_go: bool
) -> None:
    running, wanted = (Config(bacnet=BacnetConfig(discover=word)) for word in (before, after))  # type: ignore[arg-type]
    apart = difference(running, settled(running, wanted))
    assert (apart.search_changed, apart.found_let_go) == (anew, let_go)


def test_the_search_is_told_of_the_bacnet_devices_that_are_configured_now() -> None:
    running = Config(bacnet=SEARCHING, devices=(AHU,))
    assert difference(running, replace(running, devices=(AHU, CHILLER))).search_changed
    assert not difference(running, replace(running, devices=(replace(AHU, unit_id=2),))).search_changed


def test_defaults_reach_the_devices_that_do_not_say_otherwise(tmp_path: Path) -> None:
    text = '[defaults]\ndeadband = {}\n[bacnet]\ndiscover = "all"\n' + "".join(
        f'[[devices]]\nname = "{name}"\nprotocol = "modbus"\naddress = "10.0.0.{place}"\nprofile = "t3-controller"\n{own}'
        for place, (name, own) in enumerate({"inherits": "", "has-its-own": "deadband = 2.0\n"}.items(), 1)
    )
    file = tmp_path / "site.toml"
    loaded = []
    for deadband in (0.1, 0.2):
        file.write_text(text.format(deadband))
        loaded.append(load(file))
    apart = difference(loaded[0], settled(*loaded))
    assert [str(changed) for changed in apart.changed] == ["inherits (deadband)"]
    assert apart.found == ("deadband",)


def test_where_a_table_stands_and_what_else_the_file_says_is_no_difference() -> None:
    running = Config(devices=(AHU, CHILLER), source_hash="one")
    assert not difference(running, replace(running, devices=(CHILLER, AHU), source_hash="two"))
