"""What a host may ask for, and what is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t3actors.collect.t3000.host_memory import HOST_MEMORY
from t3actors.config import BacnetConfig, Config, DeviceConfig
from t3actors.embed.wanted import Wanted, as_asked, device_of, is_it, wanted
from t3actors.errors import ConfigError
from t3actors.points import Rules

BACNET, MODBUS, MEMORY = 0, 1, 2
LINE = BacnetConfig()


@pytest.mark.parametrize(
    ("text", "code", "asked"),
    [
        ("192.168.1.5", MODBUS, Wanted("modbus", "192.168.1.5:502", 1)),
        (" 192.168.1.5:1502 ", MODBUS, Wanted("modbus", "192.168.1.5:1502", 1)),
        ("192.168.1.5:1502/17", MODBUS, Wanted("modbus", "192.168.1.5:1502", 17)),
        ("panel.example/255", MODBUS, Wanted("modbus", "panel.example:502", 255)),
        ("[::1]:502/2", MODBUS, Wanted("modbus", "[::1]:502", 2)),
        ("192.168.1.5", BACNET, Wanted("bacnet", "192.168.1.5:47808", None)),
        ("192.168.1.5:47809/7", BACNET, Wanted("bacnet", "192.168.1.5:47809", 7)),
        ("50:7/4194302", BACNET, Wanted("bacnet", "50:7", 4_194_302)),
        ("127.0.0.1", MEMORY, Wanted("t3000", HOST_MEMORY, None)),
        ("LOCALHOST", MEMORY, Wanted("t3000", HOST_MEMORY, None)),
    ],
)
def test_every_form_of_an_address_is_understood(text: str, code: int, asked: Wanted) -> None:
    assert wanted(text, code, LINE) == asked


def test_the_port_of_bacnet_is_that_of_the_configuration() -> None:
    assert wanted("192.168.1.5", BACNET, BacnetConfig(port=47900)).address == "192.168.1.5:47900"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", MODBUS), ("192.168.1.999", MODBUS), ("host:0", MODBUS), ("host/0", MODBUS), ("host/248", MODBUS), ("host/", MODBUS),
        ("host/-1", MODBUS), ("host/²", MODBUS), ("host/1/2", MODBUS), ("h" * 301, MODBUS),
        ("host", BACNET), ("192.168.1.5/4194303", BACNET), ("192.168.1.5:0", BACNET), ("70000:7", BACNET),
        ("192.168.1.5", MEMORY), ("127.0.0.1/1", MEMORY), ("127.0.0.1:1", MEMORY),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_what_was_seen_and_what_is_allowed(text: str, code: int) -> None:
    with pytest.raises(ConfigError) as refused:
        wanted(text, code, LINE)
    assert str(refused.value).startswith(f'ip_address: saw "{text[:60]}"; allowed: ')


@pytest.mark.parametrize("code", [-1, 3, 2**31 - 1, -(2**31)])
def test_another_protocol_is_refused(code: int) -> None:
    with pytest.raises(ConfigError, match=rf"protocol: saw {code}; allowed: 0 \(BACnet\), 1 \(Modbus\) or 2"):
        wanted("127.0.0.1", code, LINE)


@given(st.text(), st.integers(-1, 3))
def test_no_text_makes_it_raise_anything_but_its_own_error(text: str, code: int) -> None:
    try:
        asked = wanted(text, code, LINE)
    except ConfigError:
        return
    assert asked.address in asked.forms()


def test_a_device_may_be_named_by_its_host_alone() -> None:
    assert Wanted("modbus", "[::1]:502", 2).forms() == {"[::1]:502/2", "[::1]:502", "::1"}
    assert Wanted("bacnet", "50:7", 3).forms() == {"50:7/3", "50:7"}
    assert "127.0.0.1" in Wanted("t3000", HOST_MEMORY, None).forms()


def test_what_is_made_of_it_is_polled_by_the_defaults_and_has_a_name_that_never_changes() -> None:
    rules = Rules(poll_interval_s=7.0)
    panels = DeviceConfig(name="added", protocol="modbus", address="", profile="t3-controller", rules=rules, retries=3)
    found = DeviceConfig(name="found", protocol="bacnet", address="", rules=rules, timeout_s=4.0)
    config = Config(added_panels=panels, found_devices=found)
    modbus = device_of(wanted("10.0.0.5/2", MODBUS, LINE), config)
    assert (modbus.name, modbus.address, modbus.unit_id) == ("modbus:10.0.0.5:502:2", "10.0.0.5:502", 2)
    assert (modbus.profile, modbus.retries, modbus.rules) == ("t3-controller", 3, rules)
    bacnet = device_of(wanted("10.0.0.5/7", BACNET, LINE), config)
    assert (bacnet.name, bacnet.instance, bacnet.discovered) == ("bacnet:0:0a000005bac0:7", 7, True)
    assert (bacnet.address, bacnet.timeout_s) == ("10.0.0.5:47808", 4.0)
    memory = device_of(wanted("127.0.0.1", MEMORY, LINE), config)
    assert (memory.name, memory.protocol, memory.address) == ("host", "t3000", HOST_MEMORY)
    for device, code in ((modbus, MODBUS), (bacnet, BACNET)):
        assert is_it(device, as_asked(device))
        assert as_asked(device) == wanted(f"{device.address}/{as_asked(device).number}", code, LINE)


@pytest.mark.parametrize(
    ("device", "text", "code", "expected"),
    [
        (DeviceConfig(name="a", protocol="modbus", address="10.0.0.5:502", unit_id=1), "10.0.0.5", MODBUS, True),
        (DeviceConfig(name="a", protocol="modbus", address="10.0.0.5:502", unit_id=2), "10.0.0.5", MODBUS, False),
        (DeviceConfig(name="a", protocol="modbus", address="10.0.0.5:502", enabled=False), "10.0.0.5", MODBUS, False),
        (DeviceConfig(name="a", protocol="bacnet", address="10.0.0.5", instance=7), "10.0.0.5", BACNET, True),
        (DeviceConfig(name="a", protocol="bacnet", address="10.0.0.5", instance=7), "10.0.0.5/7", BACNET, True),
        (DeviceConfig(name="a", protocol="bacnet", address="10.0.0.5", instance=7), "10.0.0.5/8", BACNET, False),
        (DeviceConfig(name="a", protocol="bacnet", address="10.0.0.5", instance=7), "10.0.0.5", MODBUS, False),
    ],
)
def test_a_device_that_is_polled_already_is_known_again(
    device: DeviceConfig, text: str, code: int, expected: bool
) -> None:
    assert is_it(device, wanted(text, code, LINE)) is expected
